"""A planned sweep carried out: what is missing is played, then all is put into one table."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sim.sweeps.chunks import missing
from sim.sweeps.compact import compact, is_current
from sim.sweeps.executors import workers_for
from sim.sweeps.plan import Plan
from sim.sweeps.planning import Request
from sim.sweeps.play import Player
from sim.sweeps.store import Store
from sim.sweeps.work import Receipt

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
    """What a sweep left.

    Attributes
    ----------
    plan : Plan
        As stored; it may hold more replicates than were asked for this time.
    store : Store
    played : int
        Runs played this time.
    failed : int
        Failed runs in the whole table.
    seconds : float
        Wall time of playing and storing, without planning and compiling.
    """

    plan: Plan
    store: Store
    played: int
    failed: int
    seconds: float


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
        for name in broken:
            reporter.say(f"{name} is not whole: set aside, its runs are played again")
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
