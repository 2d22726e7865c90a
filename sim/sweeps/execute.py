"""A planned sweep carried out: what is missing is played, then all is put into one table.

`execute` is the entry. A `Reporter` shows how far it is: a bar on a terminal, plain lines where
the output is piped. `print_dry_run` says what a plan would play, and how long that would take.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import numpy as np
import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sim.runs.files import parquet_bytes
from sim.runs.intervals import runs_for
from sim.runs.terminal import columns, console, counted, duration, plain_table, show, size
from sim.sweeps.columns import FAILED
from sim.sweeps.executors import workers_for
from sim.sweeps.plan import Chunk, Plan, missing
from sim.sweeps.planning import Request
from sim.sweeps.play import Player, Receipt
from sim.sweeps.store import Store, compact, is_current, problem_of
from sim.sweeps.summary import widest_interval

RESULTS = Path("results")
"""Where folders of results are made, below the working directory."""
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a sweep in order: Ctrl-C, a batch system's end, a closed terminal."""
LARGE = 200_000
"""Runs whose table takes some seconds to put together."""
LINE_SECONDS = 5.0
"""Least time between two plain lines of progress."""
PILOT_CELLS, PILOT_REPLICATES, PILOT_SECONDS = 16, 32, 2.0
"""How much a dry run plays to measure."""
MOST_CELLS, MOST_KEYS = 24, 8
"""Most cells and columns that a dry run lists."""


class Reporter:
    """Counts the runs of a sweep; what is printed about them is for subclasses to say."""

    def __init__(self) -> None:
        self.total = self.done = self.before = self.failed = 0
        self.awaited = ""
        self.began = time.monotonic()

    def say(self, line: str) -> None:
        """Print something that happened."""

    def start(self, total: int, done: int, where: str) -> None:
        """Begin to count `total` runs, of which some are stored; `where` are the workers."""
        self.total, self.done, self.before = total, done, done
        self.began = time.monotonic()

    def advance(self, receipt: Receipt) -> None:
        """Count a chunk."""
        self.done += receipt.chunk.runs
        self.failed += receipt.failed
        self._show(at_once=False)

    def note(self, text: str) -> None:
        """Keep what is waited for, to be shown beside the progress; empty if nothing is."""
        self.awaited = text
        self._show(at_once=bool(text))

    def _show(self, at_once: bool) -> None:
        """Show how far it is, at once if there is something new to wait for."""

    def stop(self) -> None:
        """End the counting, also after an error."""

    @property
    def rate(self) -> float:
        """Runs a second since the start."""
        return (self.done - self.before) / max(time.monotonic() - self.began, 1e-9)

    @property
    def pace(self) -> str:
        """Rate, remaining time, failures and what is waited for, in words."""
        text = f"{self.rate:,.0f} runs/s"
        if self.rate > 0 and self.total > self.done:
            text += f", {duration((self.total - self.done) / self.rate)} left"
        text += f", {self.failed:,} failed" if self.failed else ""
        return text + (f"; {self.awaited}" if self.awaited else "")


class Quiet(Reporter):
    """Prints nothing."""


class Bar(Reporter):
    """A progress bar with rate and remaining time."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("sweep"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}", markup=False),
            console=console(error=True),
        )
        self._task = self._progress.add_task("sweep", start=False, visible=False, pace="")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(f"sim: {line}", markup=False)

    def start(self, total: int, done: int, where: str) -> None:
        """Show the bar."""
        super().start(total, done, where)
        self._progress.update(self._task, total=total, completed=done, visible=True)
        self._progress.start_task(self._task)
        self._progress.start()

    def _show(self, at_once: bool) -> None:
        self._progress.update(self._task, completed=self.done, pace=self.pace)

    def stop(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


class Lines(Reporter):
    """A plain line every few seconds."""

    _latest = 0.0  # when the latest line was printed

    def say(self, line: str) -> None:
        """Print a line."""
        print(f"sim: {line}", file=sys.stderr, flush=True)

    def start(self, total: int, done: int, where: str) -> None:
        """Print how much there is to do."""
        super().start(total, done, where)
        self._latest = time.monotonic()
        stored = f", {done:,} of them stored already" if done else ""
        self.say(f"{counted(total, 'run')}{stored}; {where}")

    def _show(self, at_once: bool) -> None:
        if at_once or time.monotonic() - self._latest >= LINE_SECONDS:
            self._latest = time.monotonic()
            self.say(f"{counted(self.done, 'run')}, {self.done / self.total:.0%}, {self.pace}")

    def stop(self) -> None:
        """Print how many runs are stored, if any has been played."""
        if self.done > self.before:
            self.say(f"{counted(self.done, 'run')} stored, {self.rate:,.0f} runs/s")


def reporter() -> Reporter:
    """Return the reporter that suits standard error."""
    return Bar() if sys.stderr.isatty() else Lines()


@contextmanager
def first_interrupt_only() -> Iterator[None]:
    """Let the first Ctrl-C, SIGTERM or SIGHUP raise `KeyboardInterrupt`, and ignore later ones.

    So what is being played is finished and stored undisturbed. After a Ctrl-C the signal stays
    ignored, until the last lines are printed. Nothing changes outside the main thread, nor where
    a signal is ignored from the start, as some are for a script's job in the background.
    """
    apart = threading.current_thread() is not threading.main_thread()
    caught = [] if apart else [s for s in STOPS if signal.getsignal(s) is not signal.SIG_IGN]
    before = {each: signal.signal(each, _interrupt) for each in caught}
    try:
        yield
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) is _interrupt:
                signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in STOPS:
        if signal.getsignal(each) is _interrupt:
            signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


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
    """Play all runs of a validated plan that are not stored yet, into `folder` or the default one.

    Raises ConfigError if the folder holds something else, is in use or cannot be written to, and
    StoreError if results cannot be written.
    """
    workers = workers_for(request.settings.executor)
    store = Store(default_folder(request.plan) if folder is None else folder)
    store.check(request.plan)
    workers.check()
    held = _held(store, request.plan)
    if held is not None:
        return held
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
        if todo:
            player.warm_up()
        start = time.perf_counter()
        if todo:
            reporter.start(plan.runs, sum(chunk.runs for chunk in done), workers.where)
            try:
                for news in workers.play(player, store, todo):
                    if isinstance(news, Receipt):
                        reporter.advance(news)
                    else:
                        (reporter.say if news.line else reporter.note)(news.text)
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
        return Outcome(plan, store, played, _count_failed(store), time.perf_counter() - start)


def execute_until(
    request: Request, folder: str | Path | None, reporter: Reporter, outcome: str = ""
) -> Outcome:
    """Carry out a plan, and play on until each cell's share of an outcome is known well enough.

    Sequential: the widest 95 % interval is looked at after the plan's replicates, and again each
    time their number has doubled, until its half-width is `until` or less. As many replicates as
    the widest possible interval needs are always enough, so it ends. Without `until`, as `execute`.
    """
    done = execute(request, folder, reporter)
    until = request.settings.until
    most = runs_for(until) if until else 0
    while (held := done.plan.replicates) < most:
        runs = pl.scan_parquet(done.store.runs_file, glob=False)
        half, cell = widest_interval(runs, done.plan, *([outcome] if outcome else []))
        if half <= until:
            break
        more = min(2 * held, most)
        reporter.say(f"{held:,} replicates: +-{half:.3f} in cell {cell}; going on to {more:,}")
        before, plan = done, request.plan.extended(more)
        done = execute(replace(request, plan=plan), folder, reporter)
        spent = before.seconds + done.seconds
        done = replace(done, played=before.played + done.played, seconds=spent)
    return done


def _held(store: Store, plan: Plan) -> Outcome | None:
    """Return what a folder that cannot be written to holds already, None if it must be played."""
    if os.access(store.folder, os.W_OK) or not store.runs_file.exists():
        return None
    stored = store.load_plan()
    if plan.replicates > stored.replicates or not is_current(store, stored):
        return None
    return Outcome(stored, store, 0, _count_failed(store), 0.0)


def _count_failed(store: Store) -> int:
    failed = pl.col("run_status").cast(pl.String) == FAILED
    return int(pl.scan_parquet(store.runs_file, glob=False).select(failed.sum()).collect().item())


def _other_versions(stored: Plan, now: Plan) -> list[str]:
    """Return one line for each library whose version has changed since the sweep began."""
    return [
        f"this sweep began with {name} {version}, here is {now.versions.get(name, 'none')}"
        for name, version in stored.versions.items()
        if now.versions.get(name) != version
    ]


def print_dry_run(request: Request, store: Store, target: Console) -> None:
    """Print cells, runs, expected time and size of a validated plan; `store` is not changed."""
    plan = request.plan
    store.check(plan)
    _print_first_cells(plan, target)
    workers = workers_for(request.settings.executor).count
    seconds, needed = _pilot(Player(plan))
    chunks = store.chunks()
    stored = sum(chunk.runs_below(plan.replicates) for chunk in chunks)
    left = plan.runs - stored
    cells, replicates = counted(plan.cells, "cell"), counted(plan.replicates, "replicate")
    known = f", {stored:,} of them stored already" if stored else ""
    target.print(f"{cells} x {replicates} = {counted(plan.runs, 'run')}{known}")
    held = max((chunk.end_replicate for chunk in chunks), default=0)
    if held > plan.replicates:
        target.print(f"the folder holds {counted(held, 'replicate')}")
    time_left = f"about {duration(left * seconds / workers)} with {workers} at a time"
    pace, space = f"({1 / seconds:,.0f} runs/s each)", f"about {size(left * needed)} on disk"
    target.print(f"{time_left} {pace}, {space}", soft_wrap=True)
    target.print(f"results would be kept in {store.folder}", soft_wrap=True, markup=False)


def _print_first_cells(plan: Plan, target: Console) -> None:
    table = plain_table()
    table.add_column("cell", justify="right")
    columns(table, *map(escape, plan.swept[:MOST_KEYS]))
    for cell in range(min(plan.cells, MOST_CELLS)):
        values = list(plan.values(cell).values())[:MOST_KEYS]
        shown = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
        table.add_row(str(cell), *map(escape, shown))
    show(table, target)
    if plan.cells > MOST_CELLS:
        target.print(f"... and {plan.cells - MOST_CELLS:,} more cells")
    if len(plan.swept) > MOST_KEYS:
        target.print(f"... and {len(plan.swept) - MOST_KEYS:,} more columns")
    target.print()


def _pilot(player: Player) -> tuple[float, float]:
    """Return seconds and bytes (shard, table, weekly history) of a run, measured on some cells."""
    plan = player.plan
    player.warm_up()
    cells = np.unique(np.linspace(0, plan.cells - 1, PILOT_CELLS).astype(int))
    tables: list[pl.DataFrame] = []
    weekly = 0
    spent = 0.0
    for cell in cells.tolist():
        start = time.perf_counter()
        played = player.play(Chunk(cell, cell + 1, 0, min(plan.replicates, PILOT_REPLICATES)))
        spent += time.perf_counter() - start
        tables.append(played.runs)
        if played.weekly is not None:
            weekly += len(parquet_bytes(played.weekly.table))
        if spent > PILOT_SECONDS:
            break
    table = pl.concat(tables)
    rows = len(parquet_bytes(table)) - len(parquet_bytes(table.clear()))
    return spent / len(table), (2 * rows + weekly) / len(table)
