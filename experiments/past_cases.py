"""Twelve past negotiations: their questions and answers, what runs say of them, and null models.

The rule by which the cases are written is `docs/coding.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from sim.analysis import Results
from sim.config.conduct import Precondition as Demand
from sim.config.conduct import Provision
from sim.config.number import Number
from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Precondition
from sim.runs.opening import Cells, open_batch
from sim.runs.outcomes import outcomes
from sim.runs.play import final_states
from sim.sweeps.cells import CellSettings

Floats = NDArray[np.float64]
Entry = TypeVar("Entry", Provision, Demand)
CASES: Mapping[str, tuple[str, str]] = {
    "egypt_israel_1978": ("egypt", "israel"),
    "beagle_1980": ("chile", "argentina"),
    "israel_jordan_1993": ("jordan", "israel"),
    "peru_ecuador_1996": ("ecuador", "peru"),
    "prespa_coded_2018": ("north_macedonia", "greece"),
    "iran_2013": ("iran", "e3plus3"),
    "colombia_2014": ("government", "farc"),
    "cyprus_2002": ("greek_cypriots", "turkish_cypriots"),
    "syria_israel_2000": ("syria", "israel"),
    "armenia_turkiye_2009": ("armenia", "turkiye"),
    "macedonia_bulgaria_2022": ("north_macedonia", "bulgaria"),
    "estonia_russia_1996": ("estonia", "russia"),
}
"""Parties of each case."""
YEAR = 365
WEEKS = 156
"""Weeks of three years, over which times are scored."""
SIGNED = {f"signed within {n} year{'s' * (n > 1)}": n for n in (1, 2, 3)}
INTERIM, CLOSED = "an interim deal first", "text closed within a year"
RATIFIED, IN_FORCE = "first ratification succeeds", "in force within two years of signature"
BLOCKING = "demand unmet"
SLACK = 0.5
"""Events and non-events added before a count becomes a probability."""


# --- what came


def answers(scenario: Scenario) -> dict[str, bool]:
    """Return the questions that a case's record answers, see `docs/coding.md`."""
    record, start = scenario.record, scenario.start
    assert record is not None
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


def weeks_to_signature(scenario: Scenario) -> float:
    """Return the weeks from the start to the signature, infinite if it came after three years."""
    record = scenario.record
    assert record is not None
    if record.signed is None:
        return np.inf
    weeks = (record.signed - scenario.start).days / 7
    return weeks if weeks <= WEEKS else np.inf


# --- what runs say


class Ended(NamedTuple):
    """How some runs ended, arrays of one shape: weeks, -1 for never, and demands left unmet."""

    full: Floats
    ratified: Floats
    interim: Floats
    text: Floats
    unmet: Mapping[str, Floats]


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
    return Ended(full, ratified, interim, text, unmet)


def ended_otherwise(
    results: Results, cells: NDArray[np.int64], change: Callable[[Settings], Settings]
) -> Ended:
    """Play some cells of a sweep once more, with something changed in each; arrays of one column.

    Each meets the chance that its first replicate met.
    """
    plan = results.plan
    settings_of = CellSettings(plan)
    group = Cells.of(range(len(cells)), [change(settings_of(int(cell))) for cell in cells])
    chance = plan.chance_of(cells, range(1))[:, 0]
    known = np.unique(chance)
    batch = open_batch(plan.seed, group, group.societies[0], known.tolist())
    state = final_states(batch, np.arange(len(cells)), np.searchsorted(known, chance))
    found = outcomes(group.params[:, 0], state, np.arange(len(cells)))

    def week(name: str) -> Floats:
        return found[f"{name}_week"].astype(float)[:, np.newaxis]

    done = np.isin(state["precondition"], [Precondition.MET, Precondition.WAIVED])
    keys = group.settings[0].scenario.preconditions
    unmet = {key: (~done[:, n : n + 1]).astype(float) for n, key in enumerate(keys)}
    return Ended(week("full"), week("ratified"), week("interim"), week("text"), unmet)


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
    """One past negotiation with what each combination of shared parameters says of it.

    Attributes
    ----------
    name : str
    scenario : Scenario
    came : mapping of str to bool
        Answers.
    says : mapping of str to array, shape (combinations,)
        Probability of each question that has an answer.
    curve : array, shape (combinations, weeks)
        Probability that the treaty is signed by each week.
    signed : float
        Week of the signature, infinite if none came.
    terms : mapping of str to tuple
        For each article of the record: its position, that of each combination, and the compromise.
    """

    name: str
    scenario: Scenario
    came: Mapping[str, bool]
    says: Mapping[str, Floats]
    curve: Floats
    signed: float
    terms: Mapping[str, tuple[float, Floats, float]]

    @property
    def region(self) -> str:
        """Region of the case."""
        assert self.scenario.record is not None
        return self.scenario.record.region

    @property
    def open_items(self) -> int:
        """Articles that were not agreed at the start."""
        return sum(entry.status != "agreed" for entry in self.scenario.articles.values())

    @property
    def covariates(self) -> Floats:
        """Six that a statistical model may know: see `hazard_model`."""
        scenario, record = self.scenario, self.scenario.record
        assert record is not None
        first, second = (scenario.discount_rate[party].value for party in scenario.parties)
        deadline = scenario.deadline_weeks[scenario.first]
        return np.array(
            [
                self.open_items,
                float(bool(scenario.preconditions)),
                float(scenario.mediator is not None),
                record.capability,
                float(min(first, second) > 0.1),  # both leaders may lose office at elections
                float(deadline is not None and deadline.value < 100.0),
            ],
            dtype=float,
        )


def case_of(name: str, results: Results) -> Case:
    """Return a case from the runs of its sweep."""
    scenario = results.scenario
    came = answers(scenario)
    runs = ended(results)
    yes = told(runs)
    groups = [group.cells for group in results.groups()]
    curve = np.array([_signed_by(runs.full[cells]) for cells in groups])
    says = {q: np.array([_share(yes[q][cells]) for cells in groups]) for q in came}
    record = scenario.record
    assert record is not None
    closed = runs.text >= 0
    terms = {}
    for key, place in record.terms.items():
        places = np.where(closed, results.outcome(f"position_{key}"), np.nan)
        by_combination = np.array([_mean(places[cells]) for cells in groups])
        terms[key] = (place, by_combination, _compromise(scenario, key))
    return Case(name, scenario, came, says, curve, weeks_to_signature(scenario), terms)


def _share(values: Floats) -> float:
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


# --- null models, from the training cases alone


@dataclass(frozen=True)
class Forecast:
    """Probabilities of the questions of one case, and of a signature by each week."""

    says: Mapping[str, float]
    curve: Floats


def _kind(question: str) -> str:
    return question.partition(":")[0]


def base_rates(case: Case, training: Sequence[Case]) -> Forecast:
    """Return how often each question was answered with yes, and how many had signed by when."""
    seen: dict[str, list[bool]] = {}
    for other in training:
        for question, came in other.came.items():
            seen.setdefault(_kind(question), []).append(came)
    says = {q: _share(np.array(seen.get(_kind(q), []), dtype=float)) for q in case.came}
    when = np.array([other.signed for other in training])
    by = (when[:, np.newaxis] <= np.arange(WEEKS + 1)).sum(axis=0)
    return Forecast(says, (by + SLACK) / (len(training) + 2 * SLACK))


def item_hazard(case: Case, training: Sequence[Case]) -> Forecast:
    """Return what a constant hazard an item says of closing and signing; base rates of the rest.

    The text is closed when the last of n items is, each with the same hazard; so is it signed,
    with a hazard of its own. Both are fitted by maximum likelihood.
    """
    base = base_rates(case, training)
    found = dict(base.says)
    rate = _item_rate([(other.open_items, other.signed) for other in training])
    curve = (1.0 - np.exp(-rate * np.arange(WEEKS + 1))) ** case.open_items
    for question, years in SIGNED.items():
        if question in found:
            found[question] = float(curve[int(years * YEAR / 7)])
    if CLOSED in found:
        closed = _item_rate([(other.open_items, _closing(other)) for other in training])
        found[CLOSED] = float((1.0 - np.exp(-closed * YEAR / 7)) ** case.open_items)
    return Forecast(found, curve)


def _closing(case: Case) -> float:
    record = case.scenario.record
    assert record is not None
    day = record.closed or record.signed
    weeks = np.inf if day is None else (day - case.scenario.start).days / 7
    return float(weeks) if weeks <= WEEKS else np.inf


def _item_rate(seen: Sequence[tuple[int, float]]) -> float:
    """Return the most likely weekly hazard of an item, from items and the week of the last one."""
    rates = np.geomspace(1e-4, 1.0, 2000)
    likelihood = np.zeros_like(rates)
    for items, week in seen:
        if np.isfinite(week):
            gone = 1.0 - np.exp(-rates * max(week, 1.0))
            likelihood += np.log(items * rates) - rates * week + (items - 1) * np.log(gone)
        else:
            gone = 1.0 - np.exp(-rates * WEEKS)
            likelihood += np.log(np.maximum(1.0 - gone**items, 1e-300))
    return float(rates[int(np.argmax(likelihood))])


def hazard_model(case: Case, training: Sequence[Case]) -> Forecast:
    """Return what proportional hazards and logits on six covariates say.

    Covariates are standardised, coefficients have a standard normal prior (a ridge), intercepts
    none: with eleven cases nothing else can be fitted. The hazard is constant in time.
    """
    raw = np.array([other.covariates for other in training])
    scale = np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1.0)
    known, own = (raw - raw.mean(axis=0)) / scale, (case.covariates - raw.mean(axis=0)) / scale

    def hazard(weeks: Sequence[float]) -> float:
        ended = np.isfinite(weeks)
        time = np.where(ended, np.maximum(weeks, 1.0), float(WEEKS))
        fit = _ridge(known, lambda eta: -(ended * eta - np.exp(eta) * time).sum(), -5.0)
        return float(np.exp(fit[0] + own @ fit[1:]))

    rate, closing = hazard([o.signed for o in training]), hazard([_closing(o) for o in training])
    curve = 1.0 - np.exp(-rate * np.arange(WEEKS + 1))
    found = dict(base_rates(case, training).says)
    for question in found:
        if question in SIGNED:
            found[question] = float(curve[int(SIGNED[question] * YEAR / 7)])
        elif question == CLOSED:
            found[question] = float(1.0 - np.exp(-closing * YEAR / 7))
        else:
            found[question] = _logit(question, known, own, training)
    return Forecast(found, curve)


def _logit(question: str, known: Floats, own: Floats, training: Sequence[Case]) -> float:
    rows = [
        (at, came)
        for at, other in enumerate(training)
        for asked, came in other.came.items()
        if _kind(asked) == _kind(question)
    ]
    if len({came for _, came in rows}) < 2:
        return _share(np.array([came for _, came in rows], dtype=float))
    x = known[[at for at, _ in rows]]
    y = np.array([came for _, came in rows], dtype=float)
    fit = _ridge(x, lambda eta: (np.logaddexp(0.0, eta) - y * eta).sum(), 0.0)
    return float(1.0 / (1.0 + np.exp(-(fit[0] + own @ fit[1:]))))


def _ridge(x: Floats, loss: Callable[[Floats], float], start: float) -> Floats:
    """Return intercept and coefficients that make a loss of the linear predictor least."""

    def penalised(beta: Floats) -> float:
        return float(loss(beta[0] + x @ beta[1:]) + 0.5 * (beta[1:] ** 2).sum())

    first = np.zeros(x.shape[1] + 1)
    first[0] = start
    found: Floats = minimize(penalised, first, method="BFGS").x
    return found


def a_coin(case: Case, training: Sequence[Case]) -> Forecast:
    """Return a half for everything; a time that is uniform over three years or later alike."""
    del training
    return Forecast(dict.fromkeys(case.came, 0.5), np.linspace(0.0, 0.5, WEEKS + 1))


NULLS: Mapping[str, Callable[[Case, Sequence[Case]], Forecast]] = {
    "(a) hazard an item": item_hazard,
    "(b) hazard model, six covariates": hazard_model,
    "(c) base rates of the other cases": base_rates,
    "a coin": a_coin,
}


# --- the model, before and after it has seen the other cases


def of_combinations(case: Case, kept: NDArray[np.int64]) -> Forecast:
    """Return the mean over some combinations of shared parameters."""
    says = {question: float(values[kept].mean()) for question, values in case.says.items()}
    return Forecast(says, case.curve[kept].mean(axis=0))


def losses(case: Case) -> Floats:
    """Return the mean Brier score of each combination over the questions of a case."""
    found: Floats = np.mean([(case.says[q] - came) ** 2 for q, came in case.came.items()], axis=0)
    return found


def accepted(training: Sequence[Case], share: float) -> NDArray[np.int64]:
    """Return the combinations whose answers lie closest to those of the training cases.

    Approximate Bayesian computation by rejection: the distance is the mean Brier score with the
    case as the unit, and the closest share of the design is kept.
    """
    distance = np.mean([losses(case) for case in training], axis=0)
    count = max(1, round(share * distance.size))
    found: NDArray[np.int64] = np.sort(np.argsort(distance, kind="stable")[:count])
    return found


# --- the model with something changed


def _with_weights(
    settings: Settings, weights: Callable[[Mapping[str, Number]], dict[str, Number]]
) -> Settings:
    scenario = settings.scenario

    def weighed(entries: Mapping[str, Entry]) -> dict[str, Entry]:
        return {
            key: entry.model_copy(update={"weights": weights(entry.weights)})
            for key, entry in entries.items()
        }

    changed = {
        "preamble": scenario.preamble.model_copy(
            update={"weights": weights(scenario.preamble.weights)}
        ),
        "articles": weighed(scenario.articles),
        "preconditions": weighed(scenario.preconditions),
    }
    return settings.model_copy(update={"scenario": scenario.model_copy(update=changed)})


def exchanged(settings: Settings) -> Settings:
    """Return settings in which each side has the other's weights and present state."""
    first, second = settings.scenario.parties
    found = _with_weights(settings, lambda w: {**w, first: w[second], second: w[first]})
    quo = settings.scenario.status_quo
    other = found.scenario.model_copy(
        update={"status_quo": {first: quo[second], second: quo[first]}}
    )
    return found.model_copy(update={"scenario": other})


def deadlines_alone(settings: Settings) -> Settings:
    """Return settings in which all weights are alike and no side has a present state of its own."""

    def alike(weights: Mapping[str, Number]) -> dict[str, Number]:
        return {key: value.model_copy(update={"value": 1.0}) for key, value in weights.items()}

    found = _with_weights(settings, alike)
    quo = {
        party: number.model_copy(update={"value": 0.0})
        for party, number in settings.scenario.status_quo.items()
    }
    return found.model_copy(
        update={"scenario": found.scenario.model_copy(update={"status_quo": quo})}
    )


def without(part: str) -> Callable[[Settings], Settings]:
    """Return what takes a part out of the talks: incidents, elections, concessions or lapse."""

    def change(settings: Settings) -> Settings:
        scenario = settings.scenario
        update: dict[str, object] = {}
        if part == "incidents":
            rate = scenario.incidents.per_year.model_copy(update={"value": 0.0})
            update[part] = scenario.incidents.model_copy(update={"per_year": rate})
        elif part == "elections":
            update["calendar"] = ()
        elif part == "unilateral":
            update[part] = {
                party: row.model_copy(
                    update={"per_year": row.per_year.model_copy(update={"value": 0.0})}
                )
                for party, row in scenario.unilateral.items()
            }
        else:
            rate = scenario.lapse.full_per_year.model_copy(update={"value": 0.0})
            update["lapse"] = scenario.lapse.model_copy(update={"full_per_year": rate})
        return settings.model_copy(update={"scenario": scenario.model_copy(update=update)})

    return change


UNCHANGED, EXCHANGED, DEADLINES = "unchanged", "(e) payoffs exchanged", "(f) deadlines alone"
CHANGES: Mapping[str, Callable[[Settings], Settings]] = {
    UNCHANGED: lambda settings: settings,
    EXCHANGED: exchanged,
    DEADLINES: deadlines_alone,
    "without incidents": without("incidents"),
    "without elections": without("elections"),
    "without unilateral concessions": without("unilateral"),
    "without lapse": without("lapse"),
}
"""What is changed in every run of a case, to see what it is worth."""
EVERY = 7
"""Which cells are played once more under each change; no divisor of how many any value has."""


def changed_forecasts(results: Results, case: Case) -> dict[str, Forecast]:
    """Return the forecast of a case under each of `CHANGES`, before any case, same chance."""
    cells = np.arange(0, results.plan.cells, EVERY)
    found = {}
    for name, change in CHANGES.items():
        runs = ended_otherwise(results, cells, change)
        yes = told(runs)
        says = {question: _share(yes[question]) for question in case.came}
        found[name] = Forecast(says, _signed_by(runs.full.ravel()))
    return found


# --- scores


def brier(case: Case, forecast: Forecast) -> float:
    """Return the mean Brier score over the questions of a case; 0 is perfect, 0.25 a coin's."""
    return float(np.mean([(forecast.says[q] - came) ** 2 for q, came in case.came.items()]))


def logarithmic(case: Case, forecast: Forecast) -> float:
    """Return the mean logarithmic score, probabilities held between 0.01 and 0.99."""
    held = {q: min(max(forecast.says[q], 0.01), 0.99) for q in case.came}
    return float(np.mean([-np.log(p if case.came[q] else 1.0 - p) for q, p in held.items()]))


def crps(case: Case, forecast: Forecast) -> float:
    """Return the continuous ranked probability score of the time to a signature, in years.

    Over the first three years; talks that end otherwise never sign, so that the curve is a
    cumulative incidence among competing risks.
    """
    came = (np.arange(WEEKS + 1) >= case.signed).astype(float)
    return float(((forecast.curve - came) ** 2)[1:].sum() * 7 / YEAR)
