"""What one run came to: the object behind `sim run --json`, and the run on the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sim.model.codes import Article, Gate, Precondition, Treaty
from sim.model.identity import RUN_LIBRARIES, versions
from sim.runs.opening import RunRecord
from sim.runs.outcomes import LEDGER_COLUMNS, outcomes, status_quo, word
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
