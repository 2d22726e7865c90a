"""All shards in one table, sorted by cell and replicate, in memory that does not grow.

The table is put together piece by piece: some cells with all their replicates, or a part of one
cell's. What a piece holds depends on the plan alone and the writer's settings are fixed, so the
same runs give the same bytes however they were cut into shards.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from sim.sweeps.chunks import Chunk
from sim.sweeps.columns import TableColumn, described, schema
from sim.sweeps.files import PART, StoreError, parquet_bytes, stop, sync_folder
from sim.sweeps.plan import Plan
from sim.sweeps.store import Store

ROW_GROUP = 32_768
"""Rows to a row group of the file."""
PIECE = 32_768
"""Most rows that are sorted at once."""


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
    name = f"{store.runs_file.name}.{os.getpid()}"
    whole = store.runs_file.with_name(f"{name}{PART}")
    written: list[Path] = []
    try:
        for number, (cells, replicates) in enumerate(pieces(plan)):
            written.append(store.runs_file.with_name(f"{name}.{number}{PART}"))
            table = _piece(store, chunks, cells, replicates, columns)
            written[-1].write_bytes(parquet_bytes(table, compression="lz4"))
        pl.scan_parquet(written, schema=schema(columns), glob=False).sink_parquet(
            whole,
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
        _into_place(whole, store.runs_file)
    except OSError as error:
        stop(store.runs_file, error)
    except PolarsError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
        raise StoreError(f"{store.runs_file}: cannot be made from the shards, {first}") from error
    finally:
        for file in (whole, *written):
            file.unlink(missing_ok=True)


def pieces(plan: Plan) -> Iterator[tuple[range, range]]:
    """Yield the cells and replicates of each piece, in the order of the table."""
    together = max(1, PIECE // plan.replicates)
    for cell in range(0, plan.cells, together):
        cells = range(cell, min(cell + together, plan.cells))
        for first in range(0, plan.replicates, PIECE):
            yield cells, range(first, min(first + PIECE, plan.replicates))


def _piece(
    store: Store,
    chunks: Sequence[Chunk],
    cells: range,
    replicates: range,
    columns: list[TableColumn],
) -> pl.DataFrame:
    """Read one piece from the shards that hold a part of it, and sort it."""
    files = [
        store.shard_file(chunk)
        for chunk in chunks
        if _meet(chunk.cells, cells) and _meet(chunk.replicates, replicates)
    ]
    return (
        pl.scan_parquet(files, schema=schema(columns), glob=False)
        .filter(
            pl.col("cell").is_between(cells.start, cells.stop, closed="left"),
            pl.col("replicate").is_between(replicates.start, replicates.stop, closed="left"),
        )
        .sort("cell", "replicate")
        .collect()
    )


def _meet(one: range, other: range) -> bool:
    """Return whether two ranges have a number in common."""
    return one.start < other.stop and other.start < one.stop


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
        rows = pl.scan_parquet(store.runs_file, glob=False).select(pl.len()).collect().item()
    except (PolarsError, OSError):
        return False
    return found.get("plan") == plan.hash and rows == plan.runs
