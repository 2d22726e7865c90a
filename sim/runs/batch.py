"""Many runs at once: some cells, each with the same replicates, through the compiled engine."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.config.parameters import citizens, parameters
from sim.config.settings import Settings
from sim.model.records import EVENT, PARAMS, STATE
from sim.model.shocks import Tape, draw_tape
from sim.model.society import POOL, GraphPool, graph_pool, new_public


def play_batch(cells: Sequence[Settings], replicates: range) -> NDArray[np.void]:
    """Play every cell with every replicate on common random numbers.

    cells: with the same seed, horizon, graph and number of citizens; their `replicate` is not read.
    replicates: replicate numbers, step 1.

    Returns final states (shape (cells, replicates)).
    Raises ValueError if the cells cannot share chance.
    """
    from sim.model.engine import play_many

    first = cells[0]
    opinion = first.scenario.public
    shared = {
        (c.seed, c.horizon, c.public.graph, citizens(c), c.scenario.public.degree.value)
        for c in cells
    }
    if len(shared) > 1:
        raise ValueError("cells of a batch must share seed, horizon, graph and citizens")
    size = citizens(first)
    params = np.zeros(len(cells), PARAMS).view(np.recarray)
    for row, cell in enumerate(cells):
        params[row] = parameters(cell)
    drawn = draw_tape(first.seed, replicates, first.horizon, size)
    tape = drawn._replace(weekly=drawn.weekly.view(np.recarray))
    family, degree = first.public.graph, int(opinion.degree.value)
    pool = graph_pool(family, size, degree, opinion.rewiring.value, first.seed)
    count = len(replicates)
    states = np.zeros(len(cells) * count, STATE).view(np.recarray)
    graphs = np.arange(replicates.start, replicates.stop) % POOL if size else np.zeros(count, int)
    play_many(
        params,
        np.repeat(np.arange(len(cells)), count),
        np.tile(np.arange(count), len(cells)),
        np.tile(graphs, len(cells)),
        states,
        tape,
        pool,
        new_public(size, pool, 0),
        np.zeros(0, EVENT).view(np.recarray),
    )
    return states.reshape(len(cells), count)


# ---- The engine with the shocks and the graphs of some cells: common random numbers.


class Society(NamedTuple):
    """What the citizens of a cell live on; cells that agree in it share graphs and chance."""

    family: str
    citizens: int
    degree: int
    rewiring: float


class Group(NamedTuple):
    """The cells of a chunk, ready for the engine."""

    cells: range  # their numbers
    settings: list[Settings]
    params: NDArray[np.void]  # shape (cells,)
    societies: list[Society]

    @classmethod
    def of(cls, cells: range, settings: list[Settings]) -> "Group":
        """Return the group of some cells with these settings."""
        params = np.zeros(len(cells), PARAMS).view(np.recarray)
        for row, entry in enumerate(settings):
            params[row] = parameters(entry)
        return cls(cells, settings, params, [society_of(entry) for entry in settings])

    def rows_of(self, society: Society) -> list[int]:
        """Return the rows of the cells that live on one society."""
        return [row for row, entry in enumerate(self.societies) if entry == society]


def society_of(settings: Settings) -> Society:
    """Return what the citizens of one cell live on; nothing if none are modelled."""
    size = citizens(settings)
    if size == 0:
        return Society("none", 0, 0, 0.0)
    public = settings.scenario.public
    return Society(settings.public.graph, size, int(public.degree.value), public.rewiring.value)


@lru_cache(maxsize=8)
def graphs(society: Society, seed: int, size: int) -> GraphPool:
    """Return the first graphs that the citizens of a sweep live on."""
    return graph_pool(
        society.family, society.citizens, society.degree, society.rewiring, seed, size
    )


@lru_cache(maxsize=4)
def tape(seed: int, replicates: range, horizon: int, size: int) -> Tape:
    """Return the chance of some replicates; cells that live on different graphs share it."""
    drawn = draw_tape(seed, replicates, horizon, size)
    return drawn._replace(weekly=drawn.weekly.view(np.recarray))


class Chance:
    """Plays runs of one group of cells; for one thread at a time.

    seed: the sweep's seed.
    society: of the cells that are to be played.
    replicates: replicates that are to be played.
    """

    def __init__(self, seed: int, group: Group, society: Society, replicates: range) -> None:
        # A longer horizon repeats the shorter one's weeks, so one tape serves all cells.
        horizon = max(group.settings[row].horizon for row in group.rows_of(society))
        self._tape = tape(seed, replicates, horizon, society.citizens)
        self._pool = graphs(society, seed, min(replicates.stop, POOL))
        self._group = group
        self._graph = np.array(replicates, np.int64) % POOL * (society.citizens > 0)
        self._public = new_public(society.citizens, self._pool, 0)
        self._no_events = np.zeros(0, EVENT).view(np.recarray)

    def play(
        self, cell: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.void], dict[int, str]]:
        """Play runs and return their final states.

        cell, row: row of the group, and position among the replicates, of each run, shape (runs,).

        Returns state (shape (runs,)); raised: messages of the runs whose rules raised, by position;
        their states are zero.
        """
        try:
            return self._many(cell, row), {}
        except Exception:  # noqa: BLE001 - a plug-in's rule may raise anything; told below
            state = np.zeros(len(cell), STATE).view(np.recarray)
        raised: dict[int, str] = {}
        for run in range(len(cell)):
            try:
                state[run : run + 1] = self._many(cell[run : run + 1], row[run : run + 1])
            except Exception as error:  # noqa: BLE001 - recorded with the run, the sweep goes on
                raised[run] = f"{type(error).__name__}: {error}"
        return state, raised

    def _many(self, cell: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.void]:
        from sim.model.engine import play_many

        state = np.zeros(len(cell), STATE).view(np.recarray)
        play_many(
            self._group.params,
            cell,
            row,
            self._graph[row],
            state,
            self._tape,
            self._pool,
            self._public,
            self._no_events,
        )
        return state

    def history(self, cell: int, row: int) -> NDArray[np.void] | None:
        """Return one run's states week by week, None if its rules raised."""
        from sim.model.engine import play
        from sim.model.rules.opening import begin

        params = self._group.params[cell]
        graph, tape = self._graph[row], self._tape
        public = self._public._replace(
            start=self._pool.start[graph],
            tie=self._pool.tie[graph],
            tie_weight=self._pool.tie_weight[graph],
        )
        state = np.zeros(1, STATE).view(np.recarray)[0]
        history = np.zeros(int(params.horizon), STATE).view(np.recarray)
        try:
            begin(params, state, public, tape.types[row], tape.errors[row], tape.citizens[row])
            play(params, state, tape.weekly[row], public, self._no_events, history)
        except Exception:  # noqa: BLE001 - the table of runs holds the message
            return None
        return history[: int(state.week)]
