"""What one run came to, by the scenario's names: the object behind `sim run --json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from sim.model.codes import Article, Gate, Precondition
from sim.model.identity import RUN_LIBRARIES, versions
from sim.runs.opening import RunRecord
from sim.runs.outcomes import LEDGER_COLUMNS, outcomes, status_quo, word
from sim.runs.story import day_of, gate_keys


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
    settings = record.settings
    scenario = settings.scenario
    found = {name: values[0].item() for name, values in _outcomes(record).items()}
    places = _places(record)
    week = None if found["signed_week"] < 0 else int(found["signed_week"])
    keys = gate_keys(scenario)
    return Summary(
        scenario=scenario.id,
        driver=record.driver,
        status=word("status", found["status"]),
        highest_status=word("highest_status", found["highest_status"]),
        end_reason=word("end_reason", found["end_reason"]),
        signed=word("signed", found["signed"]),
        signed_week=week,
        signed_date=None if week is None else day_of(scenario, week).isoformat(),
        weeks=int(found["weeks"]),
        dates={
            rung: None if found[f"{rung}_week"] < 0 else int(found[f"{rung}_week"])
            for rung in ("text", "initialled", "interim", "full", "ratified", "ended")
        },
        in_force=word("in_force", found["in_force"]),
        preamble=places[0],
        articles=places[1:],
        preconditions=_demands(record),
        utilities=_by_party(record, found, "utility"),
        status_quo={
            party: float(status_quo(np.atleast_1d(record.params), np.zeros(1, np.int64), side)[0])
            for side, party in enumerate(scenario.parties)
        },
        shares=_by_party(record, found, "share"),
        concessions=_counts_by_party(record, found, "concessions"),
        drafts=_counts_by_party(record, found, "drafts"),
        dignity=float(found["dignity"]),
        approval=float(found["approval"]),
        opinion=float(found["opinion"]),
        protest=float(found["protest"]),
        ledger={keys[gate]: float(found[LEDGER_COLUMNS[gate]]) for gate in Gate},
        seed=settings.seed,
        replicate=settings.replicate,
        overrides=list(overrides),
        versions=versions(RUN_LIBRARIES),
    )


def _outcomes(record: RunRecord) -> Mapping[str, np.ndarray]:
    return outcomes(record.params, record.final)


def _by_party(record: RunRecord, found: Mapping[str, float], name: str) -> dict[str, float]:
    first, second = record.settings.scenario.parties
    return {first: float(found[f"{name}_first"]), second: float(found[f"{name}_second"])}


def _counts_by_party(record: RunRecord, found: Mapping[str, float], name: str) -> dict[str, int]:
    return {party: int(n) for party, n in _by_party(record, found, name).items()}


def _places(record: RunRecord) -> list[Place]:
    return [
        Place(
            id=key,
            number=provision.number,
            title=provision.title,
            status=Article(int(record.final.article[i])).name.lower(),
            position=float(record.final.position[i]),
        )
        for i, (key, provision) in enumerate(record.settings.scenario.provisions.items())
    ]


def _demands(record: RunRecord) -> list[Demand]:
    return [
        Demand(
            id=key,
            title=entry.title,
            status=Precondition(int(record.final.precondition[k])).name.lower(),
        )
        for k, (key, entry) in enumerate(record.settings.scenario.preconditions.items())
    ]
