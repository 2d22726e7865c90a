"""Ctrl-C, heard once: what is being played is then finished and stored undisturbed."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

import numpy as np
import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.runs.folder import parquet_bytes
from sim.runs.terminal import counted, duration, show, size
from sim.sweeps.executors import workers_for
from sim.sweeps.plan import Chunk, Plan, missing, runs_below
from sim.sweeps.planning import Request
from sim.sweeps.play import Player, Receipt
from sim.sweeps.store import Store, compact, is_current, problem_of


@contextmanager
def heard_once() -> Iterator[None]:
    """Let the first Ctrl-C raise `KeyboardInterrupt`, and ignore those that follow it.

    After a Ctrl-C the signal stays ignored, so that the last lines are told too. Outside the
    main thread nothing changes, nor where the signal is ignored from the start, as it is for a job
    in the background of a script.
    """
    apart = threading.current_thread() is not threading.main_thread()
    if apart or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, before)


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop the sweep, and hear no more.

    Raises
    ------
    KeyboardInterrupt
        Always.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


# ---- A planned sweep carried out: what is missing is played, then all is put into one table.

RESULTS = Path("results")
"""Where folders of results are made, below the working directory."""
LARGE = 200_000
"""Runs whose table takes some seconds to put together."""


class Reporter(Protocol):
    """Who is told how far a sweep is."""

    def say(self, line: str) -> None:
        """Tell something that happened."""
        ...

    def start(self, total: int, done: int, where: str) -> None:
        """Begin to count runs."""
        ...

    def advance(self, receipt: Receipt) -> None:
        """Count a chunk."""
        ...

    def stop(self) -> None:
        """End the counting, also after an error."""
        ...


class Quiet:
    """Tells nobody."""

    def say(self, line: str) -> None:
        """Tell nothing."""

    def start(self, total: int, done: int, where: str) -> None:
        """Tell nothing."""

    def advance(self, receipt: Receipt) -> None:
        """Tell nothing."""

    def stop(self) -> None:
        """Tell nothing."""


@dataclass(frozen=True)
class Outcome:
    """What a sweep left."""

    plan: Plan  # as stored; it may hold more replicates than were asked for this time
    store: Store
    played: int  # runs played this time
    failed: int  # failed runs in the whole table
    seconds: float  # wall time of playing and storing, without planning and compiling


def default_folder(plan: Plan) -> Path:
    """Return the folder of a plan that names none: the same plan finds its results again."""
    return RESULTS / f"{plan.name}-{plan.hash[:10]}"


def execute(request: Request, folder: str | Path | None, reporter: Reporter) -> Outcome:
    """Play all runs of a plan that are not stored yet.

    Parameters
    ----------
    request : Request
        A validated plan and the executor to use.
    folder : str or Path, optional
        Where to keep the results; by default one named after the plan.
    reporter : Reporter
        Who is told how far it is.

    Raises
    ------
    ConfigError
        If the folder holds something else, is in use or cannot be written to.
    StoreError
        If results cannot be written.
    """
    workers = workers_for(request.settings.executor)
    store = Store(default_folder(request.plan) if folder is None else folder)
    store.check(request.plan)
    workers.check()
    store.create()
    with store.locked():
        plan = store.agree(request.plan)
        for line in _other_versions(plan, request.plan):
            reporter.say(line)
        done, broken = store.finished(plan)
        for problem in broken:
            reporter.say(f"{problem}: set aside, its runs are played again")
        todo = missing(plan.cells, plan.replicates, plan.shape, done)
        player = Player(plan)
        start = time.perf_counter()
        if todo:
            stored = sum(chunk.runs for chunk in done)
            player.warm_up()
            start = time.perf_counter()
            reporter.start(plan.runs, stored, workers.where)
            try:
                for receipt in workers.play(player, store, todo):
                    reporter.advance(receipt)
            finally:
                reporter.stop()
        problem = problem_of(store.runs_file, plan) if store.runs_file.exists() else ""
        if problem:
            reporter.say(f"{store.runs_file.name} {problem}: it is made again from the shards")
        if todo or not is_current(store, plan):
            if plan.runs > LARGE:
                reporter.say(f"putting {plan.runs:,} runs into one table")
            compact(store, plan, [*done, *todo], player.columns)
        played = sum(chunk.runs for chunk in todo)
        return Outcome(plan, store, played, count_failed(store), time.perf_counter() - start)


def count_failed(store: Store) -> int:
    """Return the number of failed runs in the compacted table."""
    import polars as pl

    from sim.sweeps.columns import FAILED

    failed = pl.col("run_status").cast(pl.String) == FAILED
    return int(pl.scan_parquet(store.runs_file, glob=False).select(failed.sum()).collect().item())


def _other_versions(stored: Plan, now: Plan) -> Sequence[str]:
    """Return one line for each library whose version has changed since the sweep began."""
    return [
        f"this sweep began with {name} {version}, here is {now.versions.get(name, 'none')}"
        for name, version in stored.versions.items()
        if now.versions.get(name) != version
    ]


# ---- What a sweep would play: its cells, runs, and the time and size that a few runs suggest.

PILOT_CELLS, PILOT_SECONDS = 16, 2.0
SHOWN = 24
"""Most cells that are listed."""


def print_dry_run(request: Request, store: Store, target: Console) -> None:
    """Print cells, runs, expected time and size.

    Parameters
    ----------
    request : Request
        A validated plan.
    store : Store
        Where its results would be kept, or are kept in part already; it is not changed.
    target : Console

    Raises
    ------
    ConfigError
        If the folder holds something else.
    """
    plan = request.plan
    store.check(plan)
    chunks = store.chunks()
    stored = sum(runs_below(chunk, plan.replicates) for chunk in chunks)
    left = plan.runs - stored
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cell", justify="right")
    for key in plan.swept[:8]:
        table.add_column(escape(key))
    for cell in range(min(plan.cells, SHOWN)):
        values = list(plan.values(cell).values())[:8]
        shown = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
        table.add_row(str(cell), *map(escape, shown))
    show(table, target)
    if plan.cells > SHOWN:
        target.print(f"... and {plan.cells - SHOWN:,} more cells")
    if len(plan.swept) > 8:
        target.print(f"... and {len(plan.swept) - 8:,} more columns")
    target.print()
    workers = workers_for(request.settings.executor).count
    seconds, needed = _pilot(Player(plan))
    cells, replicates = counted(plan.cells, "cell"), counted(plan.replicates, "replicate")
    known = f", {stored:,} of them stored already" if stored else ""
    target.print(f"{cells} x {replicates} = {counted(plan.runs, 'run')}{known}")
    held = max((chunk.end_replicate for chunk in chunks), default=0)
    if held > plan.replicates:
        target.print(f"the folder holds {counted(held, 'replicate')}")
    target.print(
        f"about {duration(left * seconds / workers)} with {workers} at a time "
        f"({1 / seconds:,.0f} runs/s each), about {size(left * needed)} on disk",
        soft_wrap=True,
    )
    target.print(f"results would be kept in {store.folder}", soft_wrap=True, markup=False)


def _pilot(player: Player) -> tuple[float, float]:
    """Return seconds and bytes of a run, measured on some cells spread over the plan.

    The bytes count the shard, the row of the table and the weekly history.
    """
    plan = player.plan
    player.warm_up()
    cells = np.unique(np.linspace(0, plan.cells - 1, PILOT_CELLS).astype(int))
    replicates = min(plan.replicates, 32)
    tables: list[pl.DataFrame] = []
    weekly = 0
    spent = 0.0
    for cell in cells:
        chunk = Chunk(int(cell), int(cell) + 1, 0, replicates)
        start = time.perf_counter()
        played = player.play(chunk)
        spent += time.perf_counter() - start
        tables.append(played.runs)
        if played.weekly is not None:
            weekly += len(parquet_bytes(played.weekly.table))
        if spent > PILOT_SECONDS:
            break
    table = pl.concat(tables)
    rows = len(parquet_bytes(table)) - len(parquet_bytes(table.clear()))
    return spent / len(table), (2 * rows + weekly) / len(table)
