"""All shards in one table, sorted by cell and replicate, in memory that does not grow.

Settings of the writer are fixed, and the rows of each group of cells are read and sorted by
themselves, so the same runs give the same bytes however they were cut into shards.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from sim.sweeps.chunks import Chunk
from sim.sweeps.columns import TableColumn, described, schema
from sim.sweeps.files import PART, StoreError, stop, sync_folder
from sim.sweeps.plan import Plan
from sim.sweeps.store import Store

ROW_GROUP = 32_768
"""Rows to a row group of the file."""


def compact(store: Store, plan: Plan, chunks: Sequence[Chunk], columns: list[TableColumn]) -> None:
    """Write `runs.parquet` from the shards; an older one gives way once the new one is whole.

    Parameters
    ----------
    store : Store
    plan : Plan
    chunks : sequence of Chunk
        All chunks of the plan.
    columns : list of TableColumn
        Columns of the table.

    Raises
    ------
    SimError
        If the table cannot be written or a shard cannot be read.
    """
    by_cells: dict[int, list[Chunk]] = {}
    for chunk in sorted(chunks):
        by_cells.setdefault(chunk.first_cell, []).append(chunk)
    tables = [
        pl.scan_parquet([store.shard_file(chunk) for chunk in group], schema=schema(columns)).sort(
            "cell", "replicate"
        )
        for group in by_cells.values()
    ]
    part = store.runs_file.with_name(f"{store.runs_file.name}.{os.getpid()}{PART}")
    try:
        pl.concat(tables).sink_parquet(
            part,
            compression="zstd",
            compression_level=3,
            statistics=True,
            row_group_size=ROW_GROUP,
            maintain_order=True,
            metadata={
                "columns": described(columns),
                "plan": plan.hash,
                "title": plan.title,
                "replicates": str(plan.replicates),
            },
        )
        _into_place(part, store.runs_file)
    except OSError as error:
        part.unlink(missing_ok=True)
        stop(store.runs_file, error)
    except PolarsError as error:
        part.unlink(missing_ok=True)
        first = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
        raise StoreError(f"{store.runs_file}: cannot be made from the shards, {first}") from error


def _into_place(part: Path, file: Path) -> None:
    """Force a written file to disk and give it its name."""
    handle = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    part.replace(file)
    sync_folder(file.parent)


def is_current(store: Store, plan: Plan) -> bool:
    """Return whether `runs.parquet` is there and holds all runs of the plan."""
    if not store.runs_file.exists():
        return False
    try:
        found = pl.read_parquet_metadata(store.runs_file)
        rows = pl.scan_parquet(store.runs_file).select(pl.len()).collect().item()
    except (PolarsError, OSError):
        return False
    return found.get("plan") == plan.hash and rows == plan.runs
