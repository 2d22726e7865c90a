"""What a sweep would play: its cells, runs, and the time and size that a few runs suggest."""

import time

import numpy as np
import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.sweeps.chunks import Chunk, runs_below
from sim.sweeps.executors import workers_for
from sim.sweeps.files import parquet_bytes
from sim.sweeps.planning import Request
from sim.sweeps.play import Player
from sim.sweeps.store import Store
from sim.sweeps.wording import counted, duration, size
from sim.terminal import show

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
