"""Past negotiations: their questions and answers, and what runs say of them.

The rule by which the cases are written is `docs/coding.md`. A case is a scenario with a `record`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from scipy.stats import kendalltau, rankdata

from sim.analysis.results import Results
from sim.config.compose import compose_file
from sim.config.conduct import Record
from sim.config.number import cast_of
from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.config.sources import read_mapping, search_folders
from sim.model.codes import Article, Precondition
from sim.runs.outcomes import outcomes
from sim.runs.summary import scenario_outcomes
from sim.sweeps.plan import Plan

Floats = NDArray[np.float64]
Change = Callable[[Settings], Settings]
Again = tuple[NDArray[np.void], list[NDArray[np.void]]]
"""Parameters and weekly states of runs that were played again."""
PlayAgain = Callable[[Plan, NDArray[np.int64], Change], Again]
"""`sim.sweeps.play.played_again`: what analyses is handed what plays, and plays nothing itself."""
YEAR = 365
HORIZON = 261
"""Weeks that a case is played: three years to a signature, two more until it is in force."""
WEEKS = 156
"""Weeks of three years, over which times are scored."""
SIGNED = {f"signed within {n} year{'s' * (n > 1)}": n for n in (1, 2, 3)}
INTERIM, CLOSED = "an interim deal first", "text closed within a year"
RATIFIED, IN_FORCE = "first ratification succeeds", "in force within two years of signature"
BLOCKING = "demand unmet"
SLACK = 0.5
"""Events and non-events added before a count becomes a probability."""


# --- which there are, and how each is played


def cases(config_dir: str | Path | None = None) -> dict[str, tuple[str, ...]]:
    """Return the parties of each scenario that has a record, by name, in the order of names.

    A scenario of the user's own counts before a shipped one of its name. Raises ConfigError if a
    folder or a file cannot be read.
    """
    files: dict[str, Path] = {}
    for folder in search_folders("config", config_dir):
        for file in (folder / "scenario").glob("*.yaml"):
            files.setdefault(file.stem, file)
    found = {}
    for name, file in sorted(files.items()):
        if re.search(r"^record:", file.read_text("utf-8", errors="replace"), re.MULTILINE):
            own = cast_of(read_mapping(file)).parties
            found[name] = own or cast_of(compose_file(file)).parties
    return found


def line_of(case: str, parties: Sequence[str]) -> tuple[str, ...]:
    """Return what the sweep of a case adds to the experiment: scenario and keys of both sides."""
    found = [f"scenario={case}", f"horizon={HORIZON}"]
    for party in parties:
        found.append(f"strategy@{party}=linear,boulware,conceder,tit_for_tat")
        found.append(f"scenario.holdout_odds.{party}.value=0,0.3")
        found.append(f"scenario.drafts.reply_days.{party}.value=14,45")
    return tuple(found)


def zipped_of(parties: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of both sides that go together."""
    keys = ("strategy@{}", "scenario.holdout_odds.{}.value", "scenario.drafts.reply_days.{}.value")
    return tuple(",".join(key.format(party) for party in parties) for key in keys)


# --- what came


def record_of(scenario: Scenario) -> Record:
    """Return the record of a past case."""
    assert scenario.record is not None
    return scenario.record


def answers(scenario: Scenario) -> dict[str, bool]:
    """Return the questions that a case's record answers, see `docs/coding.md`."""
    record, start = record_of(scenario), scenario.start
    found = {}

    def ask(question: str, came: date | None, days: int, since: date = start) -> None:
        end = since + timedelta(days=days)
        if came is not None and came <= end:
            found[question] = True
        elif record.until >= end:
            found[question] = False

    for question, years in SIGNED.items():
        ask(question, record.signed, years * YEAR)
    found[INTERIM] = record.interim is not None
    ask(CLOSED, record.closed or record.signed, YEAR)
    if record.signed is not None and found.get("signed within 3 years"):
        if record.first_ratification is not None:
            found[RATIFIED] = record.first_ratification
        ask(IN_FORCE, record.in_force, 2 * YEAR, record.signed)
    for key, became in record.preconditions.items():
        found[f"{BLOCKING}: {key}"] = became == "blocking"
    return found


def weeks_until(day: date | None, scenario: Scenario) -> float:
    """Return the weeks from the start to a day, infinite if it came never or after three years."""
    weeks = np.inf if day is None else (day - scenario.start).days / 7
    return weeks if weeks <= WEEKS else np.inf


# --- what runs say


class Ended(NamedTuple):
    """How some runs ended, arrays of one shape: weeks, -1 for never, demands unmet, terms."""

    full: Floats
    ratified: Floats
    interim: Floats
    text: Floats
    unmet: Mapping[str, Floats]
    places: Mapping[str, Floats]  # of each article of the record's terms, nan if none was closed


def ended(results: Results) -> Ended:
    """Return how the runs of a sweep ended, arrays of cells by replicates."""
    unmet = {}
    for key in results.scenario.preconditions:
        column = f"precondition_{key}"
        words = list(results.schema[column].categories)  # type: ignore[attr-defined]
        done = [words.index("met"), words.index("waived")]
        unmet[key] = (~np.isin(results.codes(column), done)).astype(float)
    full, ratified = results.outcome("full_week"), results.outcome("ratified_week")
    interim, text = results.outcome("interim_week"), results.outcome("text_week")
    places = {
        key: np.where(text >= 0, results.outcome(f"position_{key}"), np.nan)
        for key in record_of(results.scenario).terms
    }
    return Ended(full, ratified, interim, text, unmet, places)


def ended_otherwise(results: Results, again: Again) -> Ended:
    """Return how runs ended that were played again; arrays of one column."""
    params, histories = again
    state = np.array([history[-1] for history in histories])
    found = outcomes(params, state, np.arange(len(state)))

    def week(name: str) -> Floats:
        return found[f"{name}_week"].astype(float)[:, np.newaxis]

    done = np.isin(state["precondition"], [Precondition.MET, Precondition.WAIVED])
    unmet = {
        key: (~done[:, n : n + 1]).astype(float)
        for n, key in enumerate(results.scenario.preconditions)
    }
    text, where = week("text"), scenario_outcomes(results.scenario, state)
    places = {
        key: np.where(text >= 0, where[f"position_{key}"][:, np.newaxis], np.nan)
        for key in record_of(results.scenario).terms
    }
    return Ended(week("full"), week("ratified"), week("interim"), text, unmet, places)


def told(runs: Ended) -> dict[str, Floats]:
    """Return which questions each run answers with yes; nan where it does not come to it."""

    def within(weeks: Floats, days: int) -> Floats:
        return ((weeks >= 0) & (7 * weeks <= days)).astype(float)

    held = within(runs.full, 3 * YEAR) > 0
    found = {question: within(runs.full, years * YEAR) for question, years in SIGNED.items()}
    first = (runs.interim >= 0) & ((runs.full < 0) | (runs.interim < runs.full))
    found[INTERIM] = first.astype(float)
    found[CLOSED] = within(runs.text, YEAR)
    found[RATIFIED] = np.where(held, runs.ratified >= 0, np.nan)
    in_time = (runs.ratified >= 0) & (7 * (runs.ratified - runs.full) <= 2 * YEAR)
    found[IN_FORCE] = np.where(held, in_time, np.nan)
    return found | {f"{BLOCKING}: {key}": unmet for key, unmet in runs.unmet.items()}


@dataclass(frozen=True)
class Case:
    """One past negotiation with what each combination of shared parameters says of it."""

    name: str
    scenario: Scenario
    came: Mapping[str, bool]  # answers
    says: Mapping[str, Floats]  # probability of each answered question, shape (combinations,)
    curve: Floats  # probability of a signature by each week, shape (combinations, weeks)
    signed: float  # week of the signature, infinite if none came
    # for each article of the record: its position, that of each combination, and the compromise
    terms: Mapping[str, tuple[float, Floats, float]]

    @property
    def region(self) -> str:
        """Region of the case."""
        return record_of(self.scenario).region

    @property
    def seen(self) -> float:
        """Weeks, three years at most, for which was looked whether it is signed."""
        days = (record_of(self.scenario).until - self.scenario.start).days
        return min(float(WEEKS), days / 7)

    @property
    def open_items(self) -> int:
        """Articles that were not agreed at the start."""
        return sum(entry.status != "agreed" for entry in self.scenario.articles.values())


def case_of(name: str, results: Results) -> Case:
    """Return a case from the runs of its sweep."""
    scenario = results.scenario
    came = answers(scenario)
    runs = ended(results)
    yes = told(runs)
    groups = [group.cells for group in results.groups()]
    curve = np.array([_signed_by(runs.full[cells]) for cells in groups])
    says = {q: np.array([share(yes[q][cells]) for cells in groups]) for q in came}
    terms = {}
    for key, place in record_of(scenario).terms.items():
        by_combination = np.array([_mean(runs.places[key][cells]) for cells in groups])
        terms[key] = (place, by_combination, _compromise(scenario, key))
    signed = weeks_until(record_of(scenario).signed, scenario)
    return Case(name, scenario, came, says, curve, signed, terms)


def share(values: Floats) -> float:
    """Return the share of yes among what is known, drawn to a half by `SLACK` on either side."""
    known = values[np.isfinite(values)]
    return float((known.sum() + SLACK) / (known.size + 2 * SLACK))


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else 0.5


def _signed_by(weeks: Floats) -> Floats:
    known = weeks[np.isfinite(weeks)]
    when = np.sort(known[known >= 0])
    found: Floats = np.searchsorted(when, np.arange(WEEKS + 1), side="right") / known.size
    return found


def _compromise(scenario: Scenario, key: str) -> float:
    """Return the mean of both ideals, each weighted by the article's share of all weights."""
    shares, ideals = [], []
    for party in scenario.parties:
        total = sum(entry.weights[party].value for entry in scenario.provisions.values())
        shares.append(scenario.provisions[key].weights[party].value / total)
        ideals.append(scenario.provisions[key].ideals[party].value)
    return float(np.average(ideals, weights=shares))


@dataclass(frozen=True)
class Forecast:
    """Probabilities of the questions of one case, and of a signature by each week; terms."""

    says: Mapping[str, float]
    curve: Floats
    terms: Mapping[str, float] = field(default_factory=dict)


# --- the model with something changed


WEIGHTS = ("preamble.weights", "articles.*.weights", "preconditions.*.weights")
"""Paths of all weights in the scenario."""


def _edited(node: object, path: str, edit: Callable[[object], object]) -> object:
    """Return a copy of a part of the settings, edited at a path; `*` stands for every entry."""
    if not path:
        return edit(node)
    step, _, rest = path.partition(".")
    if isinstance(node, Mapping):
        keys = node if step == "*" else (step,)
        return {**node, **{key: _edited(node[key], rest, edit) for key in keys}}
    assert isinstance(node, BaseModel)
    return node.model_copy(update={step: _edited(getattr(node, step), rest, edit)})


def _with(settings: Settings, paths: Sequence[str], edit: Callable[[object], object]) -> Settings:
    """Return settings whose scenario is edited at some paths."""
    scenario: object = settings.scenario
    for path in paths:
        scenario = _edited(scenario, path, edit)
    return settings.model_copy(update={"scenario": scenario})


def exchanged(settings: Settings) -> Settings:
    """Return settings in which each side has the other's weights and present state."""
    first, second = settings.scenario.parties

    def swapped(pair: object) -> object:
        assert isinstance(pair, Mapping)
        return {**pair, first: pair[second], second: pair[first]}

    return _with(settings, [*WEIGHTS, "status_quo"], swapped)


def deadlines_alone(settings: Settings) -> Settings:
    """Return settings in which all weights are alike and no side has a present state of its own."""
    alike = _with(settings, [f"{weights}.*.value" for weights in WEIGHTS], lambda _: 1.0)
    return _with(alike, ["status_quo.*.value"], lambda _: 0.0)


def _set(path: str, value: object) -> Change:
    """Return what sets all that lies at a path of the scenario to one value."""
    return lambda settings: _with(settings, [path], lambda _: value)


def _ruled(settings: Settings, group: str, **rule: str) -> Settings:
    """Return the settings with another rule of the talks."""
    return settings.model_copy(update={group: getattr(settings, group).model_copy(update=rule)})


UNCHANGED = "unchanged, on the runs of (e) and (f)"
EXCHANGED, DEADLINES = "(e) unfitted, payoffs exchanged", "(f) unfitted, deadlines alone"
CHANGES: Mapping[str, Change] = {
    UNCHANGED: lambda settings: settings,
    EXCHANGED: exchanged,
    DEADLINES: deadlines_alone,
    "without incidents": _set("incidents.per_year.value", 0.0),
    "without elections": _set("calendar", ()),
    "without unilateral concessions": _set("unilateral.*.per_year.value", 0.0),
    "without lapse": _set("lapse.full_per_year.value", 0.0),
    "without the mediator": lambda settings: _ruled(settings, "mediator", style="none"),
    "without demands": lambda settings: _ruled(settings, "precondition", rule="none"),
}
"""What is changed in every run of a case, to see what it is worth."""
EVERY = 7
"""Which cells are played once more under each change; no divisor of how many any value has."""


def changed_forecasts(results: Results, case: Case, play: PlayAgain) -> dict[str, Forecast]:
    """Return the forecast of a case under each of `CHANGES`, before any case, same chance."""
    cells = np.arange(0, results.plan.cells, EVERY)
    found = {}
    for name, change in CHANGES.items():
        runs = ended_otherwise(results, play(results.plan, cells, change))
        yes = told(runs)
        says = {question: share(yes[question]) for question in case.came}
        terms = {key: _mean(places) for key, places in runs.places.items()}
        found[name] = Forecast(says, _signed_by(runs.full.ravel()), terms)
    return found


# --- the order in which articles close


def weeks_to_close(history: NDArray[np.void]) -> Floats:
    """Return the week in which each article closed for good, infinite if it never did.

    history: weekly states of one run.
    """
    still = history["article"] != Article.AGREED
    week = np.where(still.any(axis=0), len(still) - np.argmax(still[::-1], axis=0), 0)
    return np.where(still[-1], np.inf, week)


def mean_ranks(results: Results, keys: Sequence[str], play: PlayAgain) -> Floats:
    """Return the mean rank in which articles close, those last that never do; before any case.

    The runs are those of `changed_forecasts`, with nothing changed.
    """
    cells = np.arange(0, results.plan.cells, EVERY)
    _, histories = play(results.plan, cells, CHANGES[UNCHANGED])
    at = [list(results.scenario.provisions).index(key) for key in keys]
    ranks = [rankdata(weeks_to_close(history)[at]) for history in histories]
    mean: Floats = np.mean(ranks, axis=0)
    return mean


def rank_correlation(ranks: Sequence[float] | Floats, recorded: Sequence[float]) -> float:
    """Return Kendall's tau-b (1945); 0 if all ranks are alike, which predicts no order."""
    return float(np.nan_to_num(kendalltau(ranks, recorded).statistic))


def easiest_first(scenario: Scenario, keys: Sequence[str]) -> list[float]:
    """Return numbers in whose order half-agreed articles come first, and then what weighs less."""
    entries = [scenario.provisions[key] for key in keys]
    weights = [sum(weight.value for weight in entry.weights.values()) for entry in entries]
    last = 2.0 * max(weights)
    return [w + last * (e.status == "open") for e, w in zip(entries, weights, strict=True)]
