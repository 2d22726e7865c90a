"""What one run came to: the object behind `sim run --json`, and the run on the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.model.codes import Article, Gate, Precondition, Treaty
from sim.model.identity import RUN_LIBRARIES, versions
from sim.runs.opening import RunRecord
from sim.runs.outcomes import LEDGER_COLUMNS, Column, outcomes, status_quo, word
from sim.runs.story import STATUS_WORDS, day_of, gate_keys

RUNGS = ("text", "initialled", "interim", "full", "ratified", "ended")
"""Events whose weeks are stated."""


@dataclass(frozen=True)
class Place:
    """Where one provision ended; an open one at the midpoint of the last offers."""

    id: str
    number: str
    title: str
    status: str
    position: float


@dataclass(frozen=True)
class Demand:
    """Where one precondition ended."""

    id: str
    title: str
    status: str


@dataclass(frozen=True)
class Summary:
    """What one run came to."""

    scenario: str  # id of the scenario
    driver: str  # ``"engine"`` or ``"mesa"``
    # status, highest_status, end_reason: words of `sim.runs.outcomes`; the reason is
    # ``"none"`` if the talks did not end early
    status: str
    highest_status: str
    end_reason: str
    signed: str  # ``"none"``, ``"interim"`` or ``"full"``
    # signed_week, signed_date: first signature of either kind
    signed_week: int | None
    signed_date: str | None
    weeks: int  # weeks played
    dates: dict[str, int | None]  # week of each rung of the ladder, None if it was not reached
    in_force: str  # deal that stood at the end
    preamble: Place
    articles: list[Place]
    preconditions: list[Demand]
    # utilities, status_quo, shares, concessions, drafts: by the parties' ids
    utilities: dict[str, float]
    status_quo: dict[str, float]
    shares: dict[str, float]
    concessions: dict[str, int]
    drafts: dict[str, int]
    dignity: float
    approval: float
    opinion: float
    protest: float
    ledger: dict[str, float]  # share of weeks by gate; sums to 1
    seed: int
    replicate: int
    overrides: list[str]
    versions: dict[str, str]

    @property
    def provisions(self) -> list[Place]:
        """Preamble and articles in the order of the text."""
        return [self.preamble, *self.articles]

    def plain(self) -> dict[str, object]:
        """Return dictionaries, lists and values only, ready for JSON."""
        return asdict(self)


def summarise(record: RunRecord, overrides: Sequence[str] = ()) -> Summary:
    """Return what a run that was played to its end came to; `overrides` are stated."""
    settings, final = record.settings, record.final
    scenario = settings.scenario
    found = {k: values[0].item() for k, values in outcomes(record.params, final).items()}
    worth_before = {
        party: float(status_quo(np.atleast_1d(record.params), np.zeros(1, np.int64), side)[0])
        for side, party in enumerate(scenario.parties)
    }
    keys = gate_keys(scenario)
    week, places = _week(found, "signed"), _places(record)
    demands = zip(scenario.preconditions.items(), final.precondition, strict=False)

    def by_party(name: str) -> dict[str, Any]:
        first, second = scenario.parties
        return {first: found[f"{name}_first"], second: found[f"{name}_second"]}

    return Summary(
        scenario=scenario.id,
        driver=record.driver,
        status=word("status", found["status"]),
        highest_status=word("highest_status", found["highest_status"]),
        end_reason=word("end_reason", found["end_reason"]),
        signed=word("signed", found["signed"]),
        signed_week=week,
        signed_date=None if week is None else day_of(scenario, week).isoformat(),
        weeks=found["weeks"],
        dates={rung: _week(found, rung) for rung in RUNGS},
        in_force=word("in_force", found["in_force"]),
        preamble=places[0],
        articles=places[1:],
        preconditions=[
            Demand(key, entry.title, Precondition(int(code)).name.lower())
            for (key, entry), code in demands
        ],
        utilities=by_party("utility"),
        status_quo=worth_before,
        shares=by_party("share"),
        concessions=by_party("concessions"),
        drafts=by_party("drafts"),
        dignity=found["dignity"],
        approval=found["approval"],
        opinion=found["opinion"],
        protest=found["protest"],
        ledger={keys[gate]: found[LEDGER_COLUMNS[gate]] for gate in Gate},
        seed=settings.seed,
        replicate=settings.replicate,
        overrides=list(overrides),
        versions=versions(RUN_LIBRARIES),
    )


def _week(found: Mapping[str, Any], event: str) -> int | None:
    week: int = found[f"{event}_week"]
    return None if week < 0 else week


def _places(record: RunRecord) -> list[Place]:
    final = record.final
    return [
        Place(
            id=key,
            number=provision.number,
            title=provision.title,
            status=Article(int(final.article[i])).name.lower(),
            position=float(final.position[i]),
        )
        for i, (key, provision) in enumerate(record.settings.scenario.provisions.items())
    ]


def outcome_line(record: RunRecord, summary: Summary) -> str:
    """Return the outcome in one sentence."""
    status = Treaty[summary.status.upper()]
    line = f"Outcome: {summary.status} after {summary.weeks} weeks; {STATUS_WORDS[status]}"
    if status == Treaty.STALLED:
        line += f" (highest status: {summary.highest_status})"
    if summary.signed != "none":
        line += f". First signature: {summary.signed_date} (week {summary.signed_week})"
    return line + "."


# --- the outcomes that depend on the scenario: its articles, its preconditions, a second home


def scenario_columns(scenario: Scenario) -> tuple[Column, ...]:
    """Return the columns that depend on the scenario: what was open, preconditions, a second home.

    Named by the scenario's ids: ``position_VII``, ``article_VII``, ``precondition_constitution``,
    and where the politics of both parties are modelled, ``approval_azerbaijan`` for the second's.
    """
    first, second = (scenario.actors[party].name for party in scenario.parties)
    columns: list[Column] = []
    for key, provision in scenario.provisions.items():
        if provision.status == "agreed":
            continue
        columns.append(
            Column(
                f"position_{key}",
                "f8",
                "position",
                f"final position, 0 {first}'s wording, 1 {second}'s: {provision.title}",
            )
        )
        columns.append(Column(f"article_{key}", "i1", "code", f"final status: {provision.title}"))
    columns += [
        Column(f"precondition_{key}", "i1", "code", f"final status: {entry.title}")
        for key, entry in scenario.preconditions.items()
    ]
    if len(scenario.all_homes) > 1:
        columns += _second_home_columns(scenario.second, second)
    return tuple(columns)


def _second_home_columns(party: str, name: str) -> list[Column]:
    return [
        Column(f"approval_{party}", "f8", "share", f"approval of {name}'s government at the end"),
        Column(f"opinion_{party}", "f8", "opinion", f"mean support for a treaty there: {name}"),
        Column(f"protest_{party}", "f8", "share", f"share of citizens protesting there: {name}"),
        Column(f"government_fell_{party}", "?", "flag", f"the government of {name} fell"),
    ]


def scenario_outcomes(
    scenario: Scenario, state: NDArray[np.void] | np.record
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays that belong to `scenario_columns`, all of shape (runs,).

    A position that is not agreed is the midpoint of the last offers.
    """
    final = np.atleast_1d(np.asarray(state))
    found: dict[str, NDArray[np.generic]] = {}
    for i, (key, provision) in enumerate(scenario.provisions.items()):
        if provision.status != "agreed":
            found[f"position_{key}"] = final["position"][:, i].astype("f8")
            found[f"article_{key}"] = final["article"][:, i].astype("i1")
    for k, key in enumerate(scenario.preconditions):
        found[f"precondition_{key}"] = final["precondition"][:, k].astype("i1")
    if len(scenario.all_homes) > 1:
        party = scenario.second
        for name in ("approval", "opinion", "protest"):
            found[f"{name}_{party}"] = final[name][:, 1].astype("f8")
        followed = (final["government"] & 2) > 0
        found[f"government_fell_{party}"] = (final["fell"][:, 1] != 0) | followed
    return found
