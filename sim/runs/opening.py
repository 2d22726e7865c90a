"""Runs at week 0: one run, or a batch of cells and replicates on common random numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.config.parameters import citizens, parameters
from sim.config.settings import Settings
from sim.errors import FaultyPluginError
from sim.model.records import EVENT, EVENTS, PARAMS, STATE, Public
from sim.model.shocks import Tape, draw_tape
from sim.model.society import POOL, GraphPool, graph_pool, new_public

Driver = Literal["mesa", "engine"]


@dataclass(frozen=True)
class Talks:
    """Everything that both drivers of one run start from."""

    settings: Settings
    params: np.record
    state: np.record  # in its opening state; the drivers change it
    shocks: NDArray[np.void]
    public: Public  # citizens in their opening state; the drivers change them
    events: NDArray[np.void]  # buffer; ``state.events`` counts what is in it


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
    """What the citizens of a cell live on; cells that agree in it share graphs and chance."""

    family: str
    citizens: int
    degree: int
    rewiring: float


class Cells(NamedTuple):
    """Some cells, ready for the engine."""

    numbers: range
    settings: list[Settings]
    params: NDArray[np.void]  # shape (cells,)
    societies: list[Society]

    @classmethod
    def of(cls, numbers: range, settings: Sequence[Settings]) -> "Cells":
        """Return the cells of these numbers with these settings."""
        params = np.zeros(len(numbers), PARAMS).view(np.recarray)
        for row, entry in enumerate(settings):
            params[row] = parameters(entry)
        return cls(numbers, list(settings), params, [society_of(entry) for entry in settings])

    def rows_of(self, society: Society) -> list[int]:
        """Return the rows of the cells that live on one society."""
        return [row for row, entry in enumerate(self.societies) if entry == society]


class Batch(NamedTuple):
    """Some cells of one society with some replicates, not played yet."""

    cells: Cells
    tape: Tape  # of the replicates
    pool: GraphPool
    graph: NDArray[np.int64]  # number of the graph of each replicate
    public: Public  # for one run at a time, so for one thread


def society_of(settings: Settings) -> Society:
    """Return what the citizens of one cell live on; nothing if none are modelled."""
    size = citizens(settings)
    if size == 0:
        return Society("none", 0, 0, 0.0)
    public = settings.scenario.public
    return Society(settings.public.graph, size, int(public.degree.value), public.rewiring.value)


@lru_cache(maxsize=8)
def graphs(society: Society, seed: int, size: int) -> GraphPool:
    """Return the first `size` graphs of a seed."""
    if society.citizens == 0:
        return graph_pool("complete", 0, 0, 0.0, 0)
    return graph_pool(
        society.family, society.citizens, society.degree, society.rewiring, seed, size
    )


@lru_cache(maxsize=4)
def tape(seed: int, replicates: range, horizon: int, size: int) -> Tape:
    """Return the chance of some replicates, its records readable by attribute."""
    drawn = draw_tape(seed, replicates, horizon, size)
    return drawn._replace(weekly=drawn.weekly.view(np.recarray))


def opening_state(params: np.record, public: Public, chance: Tape, row: int) -> np.record:
    """Return the state of week 0 with the chance of one replicate; set the citizens to it."""
    from sim.model.rules.opening import begin

    state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
    begin(params, state, public, chance.types[row], chance.errors[row], chance.citizens[row])
    return state


def open_run(settings: Settings) -> Talks:
    """Return week 0 of the run that `settings` describe."""
    params = parameters(settings)
    society = society_of(settings)
    replicate = settings.replicate
    own = range(replicate, replicate + 1)
    chance = tape(settings.seed, own, settings.horizon, society.citizens)
    graph = replicate % POOL if society.citizens else 0
    public = new_public(society.citizens, graphs(society, settings.seed, graph + 1), graph)
    state = opening_state(params, public, chance, 0)
    events = np.zeros(EVENTS, EVENT).view(np.recarray)
    return Talks(settings, params, state, chance.weekly[0], public, events)


def open_batch(seed: int, cells: Cells, society: Society, replicates: range) -> Batch:
    """Return those of some cells that live on one society, with some replicates.

    A longer horizon repeats the shorter one's weeks, so one tape serves all cells.
    """
    horizon = max(cells.settings[row].horizon for row in cells.rows_of(society))
    pool = graphs(society, seed, min(replicates.stop, POOL))
    return Batch(
        cells,
        tape(seed, replicates, horizon, society.citizens),
        pool,
        np.array(replicates, np.int64) % POOL * (society.citizens > 0),
        new_public(society.citizens, pool, 0),
    )


def check_fault(settings: Settings, state: np.record) -> None:
    """Raise FaultyPluginError if a plug-in of the run returned no finite number."""
    if not state.fault:
        return
    party = settings.scenario.parties[int(state.fault) - 1]
    conduct = settings.parties[party]
    raise FaultyPluginError(
        f"{party}: strategy '{conduct.strategy.name}' or acceptance condition "
        f"'{conduct.acceptance.name}' returned no finite number in week {int(state.week)}"
    )
