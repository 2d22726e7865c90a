"""Chunks played and stored: final states to one table of rows.

`Player.play` plays a chunk in this process; `play_and_store` and `play_stored` are what the
workers of an executor do with it.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.config.settings import Settings, use_plugins
from sim.errors import FaultyPluginError, SimError
from sim.model.identity import model_digest
from sim.model.plugins import plugin_digest
from sim.model.records import EVENT, STATE
from sim.runs.opening import Batch, Cells, RunRecord, check_fault, open_batch
from sim.runs.outcomes import OUTCOME_COLUMNS, codes_of, outcomes
from sim.runs.play import states_or_errors, weekly_states
from sim.runs.summary import scenario_outcomes
from sim.sweeps.cells import CellSettings
from sim.sweeps.columns import (
    FAILED,
    OK,
    RUN_STATUS,
    TableColumn,
    Weekly,
    as_stored,
    run_columns,
    schema,
    weekly_history,
    weekly_table,
    words,
)
from sim.sweeps.plan import Chunk, Plan
from sim.sweeps.store import Store

if TYPE_CHECKING:
    from sim.runs.trace import Series

MOST_GROUPS = 16
"""Groups of cells whose parameters are kept for the next block of replicates."""
AT_ONCE = 128
"""Replicates whose chance is drawn at once; it takes some 30 kB each."""
ATTEMPTS = 3
"""How often a chunk is tried before its runs are recorded as failed."""


class Found(NamedTuple):
    """Values of one outcome, and where a run has none."""

    values: NDArray[np.generic]
    absent: NDArray[np.bool_]


class Played(NamedTuple):
    """Results of one chunk."""

    runs: pl.DataFrame  # one row a run, sorted by cell and replicate
    weekly: Weekly | None  # weekly histories, None if none was asked for
    failed: int  # number of failed runs


class Receipt(NamedTuple):
    """That a chunk is stored; the results themselves stay on disk."""

    chunk: Chunk
    failed: int  # runs of it that failed
    seconds: float  # time that it took, one thread


class Notice(NamedTuple):
    """News of an executor while it plays."""

    text: str  # empty if there is no more of it
    line: bool = False  # a line of its own, and not a state beside the progress


class Player:
    """Plays the chunks of one plan; may be used by several threads at once."""

    def __init__(self, plan: Plan) -> None:
        _use_plugins_of(plan)
        self.plan = plan
        self._settings = CellSettings(plan)
        self._groups: dict[range, Cells] = {}
        self._lock = Lock()

    @cached_property
    def columns(self) -> list[TableColumn]:
        """Columns of the table of runs."""
        return run_columns(self.plan, self._scenarios())

    def _scenarios(self) -> list[Scenario]:
        """Return one scenario for each set of columns that depend on the scenario."""
        found: dict[tuple[str, ...], Scenario] = {}
        for number in range(len(self.plan.combinations)):
            scenario = self._settings.scenario(number * max(1, len(self.plan.points)))
            open_then = [k for k, entry in scenario.provisions.items() if entry.status != "agreed"]
            second = list(scenario.all_homes)[1:]
            found.setdefault((*open_then, "/", *scenario.preconditions, "/", *second), scenario)
        return list(found.values())

    def warm_up(self) -> None:
        """Load the engine, compiling the rules if there is no machine code for them yet."""
        self.columns  # noqa: B018 - made once, before threads ask for them
        self.play(Chunk(0, 1, 0, 1))

    def group(self, cells: range) -> Cells:
        """Return the cells of a chunk, ready for the engine."""
        with self._lock:
            if cells not in self._groups:
                while len(self._groups) >= MOST_GROUPS:
                    del self._groups[next(iter(self._groups))]
                self._groups[cells] = Cells.of(cells, self._settings.parts(cells))
            return self._groups[cells]

    def settings(self, cell: int) -> Settings:
        """Return the settings of one cell."""
        with self._lock:
            return self._settings(cell)

    def play(self, chunk: Chunk) -> Played:
        """Play one chunk; a run that raises, or comes to no finite number, is a failed row."""
        group = self.group(chunk.cells)
        count = len(chunk.replicates)
        state = np.zeros(chunk.runs, STATE).view(np.recarray)
        errors: list[str | None] = [None] * chunk.runs
        traces: list[list[Series]] = []
        for society in dict.fromkeys(group.societies):
            rows = np.array(group.rows_of(society))
            chance = self.plan.chance_of(rows + chunk.first_cell, chunk.replicates)
            known = np.unique(chance)
            for first in range(0, len(known), AT_ONCE):
                some = known[first : first + AT_ONCE]
                cell, column = np.nonzero((chance >= some[0]) & (chance <= some[-1]))
                batch = open_batch(self.plan.seed, group, society, some.tolist())
                met = np.searchsorted(some, chance[cell, column])
                where = rows[cell] * count + column
                final, raised = states_or_errors(batch, rows[cell], met)
                state[where] = final
                for run, message in raised.items():
                    errors[where[run]] = message
                traces += self._traces(batch, rows[cell], met, column + chunk.first_replicate)
        runs = self._table(chunk, group, state, errors)
        failed = int((runs["run_status"] == FAILED).sum())
        return Played(runs, weekly_table(traces), failed)

    def failure(self, chunk: Chunk, message: str) -> pl.DataFrame:
        """Return the rows of a chunk that could not be played at all."""
        return self._rows(chunk, [message] * chunk.runs, {})

    def _table(
        self, chunk: Chunk, group: Cells, state: NDArray[np.void], errors: list[str | None]
    ) -> pl.DataFrame:
        count = len(chunk.replicates)
        cell = np.repeat(np.arange(len(chunk.cells)), count)
        for run in np.flatnonzero(state["fault"]):
            settings = self.settings(group.numbers[cell[run]])
            errors[run] = errors[run] or _fault(settings, state[run])
        found = outcomes(group.params[:, 0], state, cell)
        for name in (column.name for column in OUTCOME_COLUMNS if column.dtype == "f8"):
            for run in np.flatnonzero(~np.isfinite(found[name].astype(np.float64))):
                errors[run] = errors[run] or f"outcome '{name}' is not a finite number"
        everywhere = np.zeros(len(state), bool)
        known = {name: Found(values, everywhere) for name, values in found.items()}
        with self._lock:
            scenarios = [self._settings.scenario(number) for number in chunk.cells]
        return self._rows(chunk, errors, known | _by_scenario(scenarios, state, count))

    def _rows(
        self, chunk: Chunk, errors: Sequence[str | None], found: Mapping[str, Found]
    ) -> pl.DataFrame:
        """Put the columns of a chunk together; outcomes of failed runs are null."""
        count = len(chunk.replicates)
        cells = np.repeat(np.array(chunk.cells, np.int32), count)
        data: dict[str, object] = {
            "cell": cells,
            "replicate": np.tile(np.array(chunk.replicates, np.int32), len(chunk.cells)),
            "seed": np.full(chunk.runs, self.plan.seed, np.int64),
        }
        if self.plan.points:
            data["point"] = cells % len(self.plan.points)
        data |= self._swept(chunk)
        failed = np.array([error is not None for error in errors])
        data["run_status"] = pl.Series([FAILED if f else OK for f in failed], dtype=RUN_STATUS)
        data["error"] = pl.Series(errors, dtype=pl.String)
        for column in self.columns[len(data) :]:
            data[column.name] = _column(column, found.get(column.name), failed)
        table, wanted = pl.DataFrame(data), schema(self.columns)
        others = {name: wanted[name] for name, kind in table.schema.items() if kind != wanted[name]}
        return table.cast(others)  # type: ignore[arg-type]

    @cached_property
    def _points(self) -> pl.DataFrame:
        """What each point of a sampled design drew."""
        keys, kinds = self.plan.point_keys, schema(self.columns)
        drawn = zip(keys, zip(*self.plan.points, strict=True), strict=True)
        return pl.DataFrame([pl.Series(key, values, kinds[key]) for key, values in drawn])

    def _swept(self, chunk: Chunk) -> dict[str, pl.Series]:
        plan, kinds = self.plan, schema(self.columns)
        combinations, points = zip(*map(plan.parts, chunk.cells), strict=True)
        rows = np.repeat(np.arange(len(points)), len(chunk.replicates))
        columns = [
            pl.Series(key, [as_stored(c.values[key], kinds[key]) for c in combinations], kinds[key])
            for key in plan.combinations[0].values
        ]
        found = [column.gather(rows) for column in columns]
        if plan.points:
            found += self._points[np.array(points)[rows]].get_columns()
        return {column.name: column for column in found}

    def _traces(
        self,
        batch: Batch,
        rows: NDArray[np.int64],
        met: NDArray[np.int64],
        replicates: NDArray[np.int64],
    ) -> list[list["Series"]]:
        """Return the weekly histories of those runs that leave one."""
        numbers, params, _ = batch.cells
        no_events = np.zeros(0, EVENT)
        found = []
        for row, chance, replicate in zip(rows, met, replicates.tolist(), strict=True):
            if not self.plan.traced(replicate):
                continue
            history = weekly_states(batch, row, chance)
            if history is not None:
                settings = self.settings(numbers[row])
                record = RunRecord(settings, params[row, 0], history, no_events, "engine")
                found.append(weekly_history(record, numbers[row], replicate))
        return found


def played_again(
    plan: Plan, cells: NDArray[np.int64], change: Callable[[Settings], Settings]
) -> tuple[NDArray[np.void], list[NDArray[np.void]]]:
    """Play the first replicate of some cells of the same societies with something changed in each.

    Returns parameters, shape (cells,), and the weekly states of each run, on the chance that it met
    before. Raises SimError if a rule raised.
    """
    settings_of = CellSettings(plan)
    changed = ((change(settings_of(int(cell))), 1) for cell in cells)
    group = Cells.of(range(len(cells)), changed)
    chance = plan.chance_of(cells, range(1))[:, 0]
    known = np.unique(chance)
    batch = open_batch(plan.seed, group, group.societies[0], known.tolist())
    histories = []
    for row, met in enumerate(np.searchsorted(known, chance)):
        history = weekly_states(batch, row, int(met))
        if history is None:
            raise SimError(f"cell {cells[row]}: the rules raised an error")
        histories.append(history)
    return group.params[:, 0], histories


def _use_plugins_of(plan: Plan) -> None:
    """Make a plan's plug-ins known, before the rules are put together from them."""
    if plan.plugins:
        use_plugins(list(plan.plugins))
    for file, known in plan.plugins.items():
        if not Path(file).is_file() or plugin_digest(Path(file)) != known:
            raise SimError(f"plugins: {file} is not what the sweep was planned with")


def _by_scenario(
    scenarios: Sequence[Scenario], state: NDArray[np.void], count: int
) -> dict[str, Found]:
    """Return the outcomes that depend on each cell's scenario, of neighbours that share one."""
    found: dict[str, Found] = {}
    for _, same in groupby(range(len(scenarios)), key=lambda row: id(scenarios[row])):
        first, *others = same
        rows = slice(first * count, (first + len(others) + 1) * count)
        for name, values in scenario_outcomes(scenarios[first], state[rows]).items():
            if name not in found:
                found[name] = Found(np.zeros(len(state), values.dtype), np.ones(len(state), bool))
            found[name].values[rows] = values
            found[name].absent[rows] = False
    return found


def _column(column: TableColumn, found: Found | None, failed: NDArray[np.bool_]) -> pl.Series:
    if found is None:
        return pl.Series(column.name, [None] * len(failed), column.type)
    absent = failed | found.absent
    codes = codes_of(column.name)
    if codes is not None:
        series = words(column.name, np.where(absent, 0, found.values), codes)
    else:
        series = pl.Series(column.name, np.ascontiguousarray(found.values))
    if absent.any():
        present = pl.when(pl.Series(~absent)).then(series).otherwise(None)
        series = pl.select(present.alias(column.name)).to_series()
    return series


def _fault(settings: Settings, state: np.record) -> str:
    try:
        check_fault(settings, state)
    except FaultyPluginError as error:
        return str(error)
    return "a plug-in returned no finite number"


def play_and_store(player: Player, store: Store, chunk: Chunk) -> Receipt:
    """Play one chunk and store it."""
    start = time.perf_counter()
    played = player.play(chunk)
    store.write_shard(player.plan, chunk, played.runs, played.weekly)
    return Receipt(chunk, played.failed, time.perf_counter() - start)


def give_up(
    player: Player, store: Store, chunk: Chunk, reason: str, attempts: int = ATTEMPTS
) -> Receipt:
    """Record every run of a chunk as failed."""
    start = time.perf_counter()
    message = f"given up after {attempts} attempts: {reason}"
    store.write_shard(player.plan, chunk, player.failure(chunk, message), None)
    return Receipt(chunk, chunk.runs, time.perf_counter() - start)


@lru_cache(maxsize=2)
def stored_player(folder: str, plan_hash: str) -> Player:
    """Return the player of a stored plan in a worker process; SimError if it is another one."""
    plan = Store(folder).load_plan()
    if plan.hash != plan_hash:
        raise SimError(f"{folder}: holds another plan than the one to be played")
    if plan.model != model_digest():
        raise SimError("a worker has another version of the model than the sweep")
    return Player(plan)


def play_stored(folder: str, plan_hash: str, chunk: Chunk) -> Receipt:
    """Play one chunk of a stored plan and store it, in a worker process."""
    return play_and_store(stored_player(folder, plan_hash), Store(folder), chunk)


# --- threads of this process. The engine releases Python's lock, so threads use all cores


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Plays chunks in threads, 0 `workers` for one a core."""

    def __init__(self, workers: int) -> None:
        self.count = workers or cores()
        self.where = f"{self.count} at a time"

    def check(self) -> None:
        """Threads can always be started."""

    def play(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Iterator[Receipt]:
        """Play chunks and yield a receipt for each."""
        attempts: Counter[Chunk] = Counter()
        waiting = list(reversed(chunks))
        running: dict[Future[Receipt], Chunk] = {}
        pool = ThreadPoolExecutor(self.count, thread_name_prefix="sweep")
        try:
            while waiting or running:
                while waiting and len(running) < 2 * self.count:
                    chunk = waiting.pop()
                    running[pool.submit(play_and_store, player, store, chunk)] = chunk
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    chunk = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield future.result()
                        continue
                    if isinstance(error, SimError):
                        raise error
                    attempts[chunk] += 1
                    if attempts[chunk] < ATTEMPTS:
                        waiting.append(chunk)
                    else:
                        yield give_up(player, store, chunk, f"{type(error).__name__}: {error}")
        finally:
            # What is being played is finished and stored; what is queued is dropped.
            pool.shutdown(wait=True, cancel_futures=True)
