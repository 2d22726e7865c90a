"""One chunk played: the compiled engine on common random numbers, final states to columns."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import FaultyPlugin
from sim.outcomes import OUTCOME_COLUMNS, codes_of, outcomes, scenario_outcomes
from sim.parameters import citizens, parameters
from sim.records import EVENT, PARAMS, STATE
from sim.scenario import Scenario
from sim.settings import Settings, use_plugins
from sim.shocks import Tape, draw_tape
from sim.society import POOL, GraphPool, graph_pool, new_public
from sim.sweeps.chunks import Chunk
from sim.sweeps.columns import (
    FAILED,
    OK,
    RUN_STATUS,
    TableColumn,
    as_stored,
    run_columns,
    schema,
    swept_type,
    trace_table,
    words,
)
from sim.sweeps.plan import CellSettings, Plan

SAMPLED_TRACES = 4
"""With ``trace=sample`` the replicates below this number leave traces."""
KEPT_GROUPS = 128
"""Groups of cells whose parameters are kept for the next block of replicates."""


class Society(NamedTuple):
    """What the citizens of a cell live on; cells that agree in it share graphs and chance."""

    family: str
    citizens: int
    degree: int
    rewiring: float


class Group(NamedTuple):
    """The cells of a chunk, ready for the engine.

    Attributes
    ----------
    cells : range
        Their numbers.
    settings : list of Settings
    params : array of PARAMS, shape (cells,)
    societies : list of Society
    """

    cells: range
    settings: list[Settings]
    params: NDArray[np.void]
    societies: list[Society]


class Played(NamedTuple):
    """Results of one chunk.

    Attributes
    ----------
    runs : polars.DataFrame
        One row a run, sorted by cell and replicate.
    traces : polars.DataFrame or None
        Weekly histories, None if none was asked for.
    failed : int
        Number of failed runs.
    """

    runs: pl.DataFrame
    traces: pl.DataFrame | None
    failed: int


@lru_cache(maxsize=8)
def _graphs(society: Society, seed: int) -> GraphPool:
    """Return the graphs that the citizens of a sweep live on."""
    return graph_pool(society.family, society.citizens, society.degree, society.rewiring, seed)


def society_of(settings: Settings) -> Society:
    """Return what the citizens of one cell live on; nothing if none are modelled."""
    size = citizens(settings)
    if size == 0:
        return Society("none", 0, 0, 0.0)
    public = settings.scenario.public
    return Society(settings.public.graph, size, int(public.degree.value), public.rewiring.value)


class Player:
    """Plays the chunks of one plan; may be used by several threads at once.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        files = plan.bases[0].get("plugins")
        if isinstance(files, list) and files:
            use_plugins([str(file) for file in files])
        self.plan = plan
        self._settings = CellSettings(plan)
        self._groups: dict[range, Group] = {}
        self._lock = Lock()

    @cached_property
    def columns(self) -> list[TableColumn]:
        """Columns of the table of runs."""
        return run_columns(self.plan, self.scenarios)

    @cached_property
    def scenarios(self) -> list[Scenario]:
        """One scenario for each set of articles and preconditions among the cells."""
        found: dict[tuple[str, ...], Scenario] = {}
        for number in range(len(self.plan.combinations)):
            scenario = self._settings(number * max(1, len(self.plan.points))).scenario
            key = (*scenario.provisions, "/", *scenario.preconditions)
            statuses = tuple(entry.status for entry in scenario.provisions.values())
            found.setdefault((*key, *statuses), scenario)
        return list(found.values())

    def warm_up(self) -> None:
        """Load the engine, compiling the rules if there is no machine code for them yet."""
        self.play(Chunk(0, 1, 0, 1))

    def group(self, cells: range) -> Group:
        """Return the cells of a chunk, ready for the engine."""
        with self._lock:
            if cells not in self._groups:
                while len(self._groups) >= KEPT_GROUPS:
                    del self._groups[next(iter(self._groups))]
                settings = [self._settings(cell) for cell in cells]
                params = np.zeros(len(cells), PARAMS).view(np.recarray)
                for row, entry in enumerate(settings):
                    params[row] = parameters(entry)
                societies = [society_of(entry) for entry in settings]
                self._groups[cells] = Group(cells, settings, params, societies)
            return self._groups[cells]

    def play(self, chunk: Chunk) -> Played:
        """Play one chunk.

        A run whose rules raise, or that comes to no finite number, is a failed row.
        """
        group = self.group(chunk.cells)
        count = len(chunk.replicates)
        state = np.zeros(chunk.runs, STATE).view(np.recarray)
        errors: list[str | None] = [None] * chunk.runs
        for society in dict.fromkeys(group.societies):
            rows = [n for n, entry in enumerate(group.societies) if entry == society]
            chance = _Chance(self.plan, group, rows, society, chunk.replicates)
            where = (np.array(rows)[:, np.newaxis] * count + np.arange(count)).ravel()
            final, raised = chance.play(np.repeat(rows, count), np.tile(np.arange(count), len(rows)))
            state[where] = final
            for run, message in raised.items():
                errors[where[run]] = message
        runs = self._table(chunk, group, state, errors)
        failed = int((runs["run_status"] == FAILED).sum())
        return Played(runs, self._traces(chunk, group), failed)

    def failure(self, chunk: Chunk, message: str) -> pl.DataFrame:
        """Return the rows of a chunk that could not be played at all."""
        return self._rows(chunk, [message] * chunk.runs, {})

    def _table(
        self, chunk: Chunk, group: Group, state: NDArray[np.void], errors: list[str | None]
    ) -> pl.DataFrame:
        """Return final states as rows."""
        count = len(chunk.replicates)
        cell = np.repeat(np.arange(len(chunk.cells)), count)
        for run in np.flatnonzero(state["fault"]):
            errors[run] = errors[run] or _fault(group.settings[cell[run]], state[run])
        found = dict(outcomes(group.params, state, cell))
        for column in OUTCOME_COLUMNS:
            if column.dtype != "f8":
                continue
            for run in np.flatnonzero(~np.isfinite(found[column.name].astype(np.float64))):
                errors[run] = errors[run] or f"outcome '{column.name}' is not a finite number"
        return self._rows(chunk, errors, found | self._by_scenario(group, state, count))

    def _by_scenario(
        self, group: Group, state: NDArray[np.void], count: int
    ) -> dict[str, NDArray[np.generic]]:
        """Return the columns that depend on the scenario; masked where it has no such issue."""
        found: dict[str, np.ma.MaskedArray[tuple[int], np.dtype[np.generic]]] = {}
        start = 0
        while start < len(group.cells):
            scenario = group.settings[start].scenario
            end = start + 1
            while end < len(group.cells) and group.settings[end].scenario is scenario:
                end += 1
            rows = slice(start * count, end * count)
            for name, values in scenario_outcomes(scenario, state[rows]).items():
                if name not in found:
                    found[name] = np.ma.masked_all(len(state), values.dtype)
                found[name][rows] = values
            start = end
        return {name: values for name, values in found.items()}

    def _rows(
        self,
        chunk: Chunk,
        errors: Sequence[str | None],
        found: dict[str, NDArray[np.generic]],
    ) -> pl.DataFrame:
        """Put the columns of a chunk together; outcomes of failed runs are null."""
        count = len(chunk.replicates)
        data: dict[str, object] = {
            "cell": np.repeat(np.array(chunk.cells, np.int32), count),
            "replicate": np.tile(np.array(chunk.replicates, np.int32), len(chunk.cells)),
            "seed": np.full(chunk.runs, self.plan.seed, np.int64),
        }
        if self.plan.points:
            data["point"] = data["cell"] % len(self.plan.points)  # type: ignore[operator]
        values = [self.plan.values(cell) for cell in chunk.cells]
        for key in self.plan.swept:
            kind = swept_type(self.plan, key)
            each = pl.Series(key, [as_stored(v[key], kind) for v in values], kind)
            data[key] = each.gather(np.repeat(np.arange(len(values)), count))
        failed = np.array([error is not None for error in errors])
        state = [FAILED if f else OK for f in failed]
        data["run_status"] = pl.Series("run_status", state, RUN_STATUS)
        data["error"] = pl.Series("error", errors, pl.String)
        for column in self.columns[len(data) :]:
            data[column.name] = _column(column, found.get(column.name), failed)
        return pl.DataFrame(data).cast(schema(self.columns))  # type: ignore[arg-type]

    def _traces(self, chunk: Chunk, group: Group) -> pl.DataFrame | None:
        """Play again, with their history, the runs that are to leave a trace."""
        if self.plan.trace == "none":
            return None
        wanted = [
            r for r in chunk.replicates if self.plan.trace == "all" or r < SAMPLED_TRACES
        ]
        if not wanted:
            return None
        tables = []
        for society in dict.fromkeys(group.societies):
            rows = [n for n, entry in enumerate(group.societies) if entry == society]
            chance = _Chance(self.plan, group, rows, society, chunk.replicates)
            for row in rows:
                for replicate in wanted:
                    history = chance.history(row, replicate - chunk.first_replicate)
                    if history is not None:
                        tables.append(trace_table(chunk.cells[row], replicate, history))
        return pl.concat(tables).sort("cell", "replicate", "week") if tables else None


class _Chance:
    """The engine with the shocks and graphs of some cells that share a society."""

    def __init__(
        self, plan: Plan, group: Group, rows: list[int], society: Society, replicates: range
    ) -> None:
        horizon = max(group.settings[row].horizon for row in rows)
        drawn = draw_tape(plan.seed, replicates, horizon, society.citizens)
        self._tape: Tape = drawn._replace(weekly=drawn.weekly.view(np.recarray))
        self._pool = _graphs(society, plan.seed)
        self._group = group
        self._graph = np.array(replicates) % POOL if society.citizens else np.array(replicates) * 0
        self._public = new_public(society.citizens, self._pool, 0)
        self._no_events = np.zeros(0, EVENT).view(np.recarray)

    def play(
        self, cell: NDArray[np.int64], row: NDArray[np.int64]
    ) -> tuple[NDArray[np.void], dict[int, str]]:
        """Return final states, and the messages of the runs whose rules raised."""
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
        """Play runs in one call of the engine."""
        from sim.engine import play_many

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

    def history(self, row: int, replicate: int) -> NDArray[np.void] | None:
        """Return one run's weekly states, None if its rules raised."""
        from sim.engine import play
        from sim.rules.opening import begin

        params = self._group.params[row]
        graph = self._graph[replicate]
        public = self._public._replace(
            start=self._pool.start[graph],
            tie=self._pool.tie[graph],
            tie_weight=self._pool.tie_weight[graph],
        )
        state = np.zeros(1, STATE).view(np.recarray)[0]
        history = np.zeros(int(params.horizon), STATE).view(np.recarray)
        tape = self._tape
        try:
            begin(
                params,
                state,
                public,
                tape.types[replicate],
                tape.errors[replicate],
                tape.citizens[replicate],
            )
            play(params, state, tape.weekly[replicate], public, self._no_events, history)
        except Exception:  # noqa: BLE001 - the table of runs holds the message
            return None
        return history[: int(state.week)]


def _column(
    column: TableColumn, values: NDArray[np.generic] | None, failed: NDArray[np.bool_]
) -> pl.Series:
    """Return one outcome as a column, null where the run failed or has no such outcome."""
    if values is None:
        return pl.Series(column.name, [None] * len(failed), column.type)
    absent = failed | np.ma.getmaskarray(values)
    plain = np.ascontiguousarray(np.ma.getdata(values))
    codes = codes_of(column.name)
    if codes is not None:
        series = words(column.name, np.where(absent, 0, plain), codes)
    else:
        series = pl.Series(column.name, plain)
    if not absent.any():
        return series
    present = pl.Series(~absent)
    return pl.select(pl.when(present).then(series).otherwise(None).alias(column.name)).to_series()


def _fault(settings: Settings, state: np.record) -> str:
    """Return the message of a run in which a plug-in returned no finite number."""
    from sim.run import check_fault

    try:
        check_fault(settings, state)
    except FaultyPlugin as error:
        return str(error)
    return "a plug-in returned no finite number"
