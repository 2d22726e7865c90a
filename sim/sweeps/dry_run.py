"""What a sweep would play: its cells, runs, and the time and size that a few runs suggest."""

import time

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from sim.sweeps.chunks import Chunk
from sim.sweeps.executors import workers_for
from sim.sweeps.planning import Request
from sim.sweeps.play import Player
from sim.sweeps.progress import duration
from sim.sweeps.store import parquet_bytes

PILOT_CELLS, PILOT_SECONDS = 16, 2.0
SHOWN = 24
"""Most cells that are listed."""


def print_dry_run(request: Request, target: Console) -> None:
    """Print cells, runs, expected time and size.

    Parameters
    ----------
    request : Request
        A validated plan.
    target : Console
    """
    plan = request.plan
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cell", justify="right")
    for key in plan.swept[:8]:
        table.add_column(key)
    for cell in range(min(plan.cells, SHOWN)):
        values = list(plan.values(cell).values())[:8]
        shown = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
        table.add_row(str(cell), *shown)
    target.print(table)
    if plan.cells > SHOWN:
        target.print(f"... and {plan.cells - SHOWN:,} more cells")
    if len(plan.swept) > 8:
        target.print(f"... and {len(plan.swept) - 8:,} more columns")
    target.print()
    workers = workers_for(request.settings.executor).count
    seconds, size = _pilot(Player(plan))
    target.print(f"{plan.cells:,} cells x {plan.replicates:,} replicates = {plan.runs:,} runs")
    target.print(
        f"about {duration(plan.runs * seconds / workers)} with {workers} at a time "
        f"({1 / seconds:,.0f} runs/s each), about {_size(2 * plan.runs * size)} on disk"
    )


def _pilot(player: Player) -> tuple[float, float]:
    """Return seconds and bytes of a run, measured on some cells spread over the plan."""
    plan = player.plan
    player.warm_up()
    cells = np.unique(np.linspace(0, plan.cells - 1, PILOT_CELLS).astype(int))
    replicates = min(plan.replicates, 32)
    tables: list[pl.DataFrame] = []
    spent = 0.0
    for cell in cells:
        chunk = Chunk(int(cell), int(cell) + 1, 0, replicates)
        start = time.perf_counter()
        tables.append(player.play(chunk).runs)
        spent += time.perf_counter() - start
        if spent > PILOT_SECONDS:
            break
    table = pl.concat(tables)
    size = len(parquet_bytes(table)) - len(parquet_bytes(table.clear()))
    return spent / len(table), size / len(table)


def _size(count: float) -> str:
    """Return a number of bytes in words."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
