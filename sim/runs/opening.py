"""Runs at week 0: one run, or a batch of cells and replicates on common random numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.config.decisions import ONE_RUN, decision_records
from sim.config.parameters import governments, governments_of_points, public_at
from sim.config.settings import Settings
from sim.errors import ConfigError, FaultyPluginError
from sim.model.records import EVENT, EVENTS, NO_DECISIONS, PARAMS, STATE, Publics
from sim.model.shocks import Tape, draw_tape
from sim.model.society import POOL, GraphPool, graph_pool, new_public

Driver = Literal["mesa", "engine"]


@dataclass(frozen=True)
class Talks:
    """Everything that both drivers of one run start from."""

    settings: Settings
    governments: NDArray[np.void]  # parameters by who governs, shape (governments,)
    state: np.record  # in its opening state; the drivers change it
    shocks: NDArray[np.void]
    publics: Publics  # citizens of each home in their opening state; the drivers change them
    events: NDArray[np.void]  # buffer; ``state.events`` counts what is in it
    # of persons who sit at the table, shape (horizon, 2), or (0, 2) where none does
    decisions: NDArray[np.void] = field(default_factory=lambda: NO_DECISIONS)

    @property
    def params(self) -> np.record:
        """The parameters under the governments in office."""
        row: np.record = self.governments[int(self.state.government)]
        return row


@dataclass(frozen=True)
class RunRecord:
    """What one run left behind."""

    settings: Settings
    params: np.record
    history: NDArray[np.void]  # state at the end of each week; the last one is final
    events: NDArray[np.void]
    driver: Driver

    @property
    def final(self) -> np.record:
        """State at the end of the last week."""
        last: np.record = self.history[-1]
        return last


class Society(NamedTuple):
    """What the citizens at one home live on."""

    family: str
    citizens: int
    degree: int
    rewiring: float


NOBODY = Society("none", 0, 0, 0.0)
"""Where no public is modelled."""


class Societies(NamedTuple):
    """The societies of both sides; cells that agree in them share graphs and chance."""

    first: Society
    second: Society
    two_homes: bool  # whether politics are modelled at both homes

    @property
    def citizens(self) -> tuple[int, int | None]:
        """Citizens of the first home, and of the second one or None, as `draw_tape` asks."""
        if self.two_homes:
            return self.first.citizens, self.second.citizens
        return self.first.citizens + self.second.citizens, None


class Cells(NamedTuple):
    """Some cells, ready for the engine."""

    numbers: range
    params: NDArray[np.void]  # by who governs, shape (cells, governments)
    societies: list[Societies]

    @classmethod
    def of(cls, numbers: range, parts: Iterable[tuple[Settings, int]]) -> "Cells":
        """Return the cells of these numbers.

        parts: settings and how many of the cells, in their order, they stand for; numbers of their
            scenario may be columns with a value for each of those.

        Raises ConfigError if a person decides in one of them: that belongs to one course of chance.
        """
        rows: list[NDArray[np.void]] = []
        societies: list[Societies] = []
        for settings, points in parts:
            if settings.decisions:
                raise ConfigError(ONE_RUN)
            rows.append(governments_of_points(settings, points))
            societies += societies_of_points(settings, points)
        shape = (len(numbers), max(part.shape[1] for part in rows))
        params = np.zeros(shape, PARAMS).view(np.recarray)
        first = 0
        for part in rows:
            params[first : first + len(part), : part.shape[1]] = part
            first += len(part)
        return cls(numbers, params, societies)

    def rows_of(self, societies: Societies) -> list[int]:
        """Return the rows of the cells that live on the same societies."""
        return [row for row, entry in enumerate(self.societies) if entry == societies]


class Batch(NamedTuple):
    """Some cells of the same societies with some replicates, not played yet."""

    cells: Cells
    tape: Tape  # of the replicates
    pools: tuple[GraphPool, GraphPool]
    graph: NDArray[np.int64]  # row of each side's pool for each replicate
    publics: Publics  # for one run at a time, so for one thread


def societies_of(settings: Settings) -> Societies:
    """Return what the citizens of one cell live on; nobody where none are modelled."""
    return societies_of_points(settings, 1)[0]


def societies_of_points(settings: Settings, points: int) -> list[Societies]:
    """Return what the citizens live on at each point."""
    first, second = (_societies(settings, party, points) for party in settings.scenario.parties)
    two_homes = len(settings.scenario.all_homes) > 1
    return [Societies(*both, two_homes) for both in zip(first, second, strict=True)]


def _societies(settings: Settings, party: str, points: int) -> list[Society]:
    public = public_at(settings, party)
    if public is None:
        return [NOBODY] * points
    numbers = (public.citizens.value, public.degree.value, public.rewiring.value)
    columns = (np.broadcast_to(value, points).tolist() for value in numbers)
    drawn = zip(*columns, strict=True)
    graph = settings.public.graph
    return [
        Society(graph, int(citizens), int(degree), rewiring) if citizens else NOBODY
        for citizens, degree, rewiring in drawn
    ]


@lru_cache(maxsize=8)
def graphs(
    society: Society, seed: int, numbers: tuple[int, ...], second: bool = False
) -> GraphPool:
    """Return graphs of a seed by their numbers, or of those for a second home."""
    if society.citizens == 0:
        return graph_pool("complete", 0, 0, 0.0, 0)
    family, citizens, degree, rewiring = society
    return graph_pool(family, citizens, degree, rewiring, seed, numbers, second)


def _pools(
    societies: Societies, seed: int, numbers: tuple[int, ...]
) -> tuple[GraphPool, GraphPool]:
    first = graphs(societies.first, seed, numbers)
    return first, graphs(societies.second, seed, numbers, societies.two_homes)


def new_publics(societies: Societies, pools: tuple[GraphPool, GraphPool]) -> Publics:
    """Return zeroed citizens of each side on the first graph of its pool."""
    return (
        new_public(societies.first.citizens, pools[0], 0),
        new_public(societies.second.citizens, pools[1], 0),
    )


@lru_cache(maxsize=4)
def tape(
    seed: int, replicates: tuple[int, ...], horizon: int, citizens: int, second: int | None = None
) -> Tape:
    """Return the chance of some replicates, ascending, its records readable by attribute."""
    drawn = draw_tape(seed, replicates, horizon, citizens, second)
    return drawn._replace(weekly=drawn.weekly.view(np.recarray))


def opening_state(params: np.record, publics: Publics, chance: Tape, row: int) -> np.record:
    """Return the state of week 0 with the chance of one replicate; set the citizens to it."""
    from sim.model.rules.opening import begin

    state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
    drawn = (part[row] for part in chance[1:])
    begin(params, state, publics, *drawn)
    return state


def open_run(settings: Settings) -> Talks:
    """Return week 0 of the run that `settings` describe."""
    rows = governments(settings)
    societies = societies_of(settings)
    replicate = settings.replicate
    chance = tape(settings.seed, (replicate,), settings.horizon, *societies.citizens)
    pools = _pools(societies, settings.seed, (replicate % POOL,))
    publics = new_publics(societies, pools)
    state = opening_state(rows[0], publics, chance, 0)
    events = np.zeros(EVENTS, EVENT).view(np.recarray)
    decisions = decision_records(settings.decisions, settings.scenario, settings.horizon)
    return Talks(settings, rows, state, chance.weekly[0], publics, events, decisions)


def open_batch(seed: int, cells: Cells, societies: Societies, replicates: Sequence[int]) -> Batch:
    """Return those of some cells that live on the same societies, with some replicates, ascending.

    A longer horizon repeats the shorter one's weeks, so one tape serves all cells.
    """
    horizon = int(cells.params["horizon"][cells.rows_of(societies)].max())
    drawn, graph = np.unique(np.asarray(replicates) % POOL, return_inverse=True)
    pools = _pools(societies, seed, tuple(drawn.tolist()))
    citizens = np.array([societies.first.citizens, societies.second.citizens])
    return Batch(
        cells,
        tape(seed, tuple(replicates), horizon, *societies.citizens),
        pools,
        graph[:, np.newaxis] * (citizens > 0),
        new_publics(societies, pools),
    )


def check_fault(settings: Settings, state: np.record) -> None:
    """Raise FaultyPluginError if a plug-in of the run returned no finite number."""
    if not state.fault:
        return
    party = settings.scenario.parties[int(state.fault) - 1]
    conduct = settings.parties[party]
    raise FaultyPluginError(
        f"{party}: strategy '{conduct.strategy.name}' or acceptance condition "
        f"'{conduct.acceptance.name}' returned no finite number in week {int(state.week) - 1}"
    )
