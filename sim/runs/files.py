"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import errno
import io
import os
from pathlib import Path
from typing import Literal, NoReturn

import polars as pl
from polars.exceptions import PolarsError

from sim.errors import SimError

PART = ".part"
"""Ending of a file that is still being written."""


class StoreError(SimError):
    """Results cannot be written; what has been written stays."""


def is_whole(file: Path, rows: int | None = None) -> bool:
    """Return whether a Parquet file can be read and has as many rows as it should, if told."""
    try:
        found = int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())
    except (PolarsError, OSError):
        return False
    return rows is None or found == rows


def stored_status(shard: Path) -> pl.Series:
    """Return the statuses of the runs in a shard."""
    # Without `glob`, Polars takes brackets in a folder's name for a pattern.
    return pl.read_parquet(shard, columns=["run_status"], glob=False)["run_status"]


def set_aside(file: Path) -> None:
    """Rename a file to ``*.broken``, or with a number if there is one of that name already."""
    target, number = file.with_suffix(".broken"), 1
    while target.exists():
        number += 1
        target = file.with_suffix(f".broken{number}")
    file.replace(target)


def parquet_bytes(
    table: pl.DataFrame,
    metadata: dict[str, str] | None = None,
    compression: Literal["zstd", "lz4"] = "zstd",
) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression=compression, metadata=metadata)
    return buffer.getvalue()


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a loss of power.

    Raises StoreError if the disk is full or cannot be written to.
    """
    part = file.with_name(f"{file.name}.{os.getpid()}{PART}")
    try:
        with part.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        stop(file, error)


def stop(file: Path, error: OSError) -> NoReturn:
    """Raise that a file could not be written.

    Always raises StoreError.
    """
    raise StoreError(f"{file.parent}: {file.name} cannot be written, {reason(error)}") from error


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk, so that a rename survives a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reason(error: OSError) -> str:
    """Return an operating system's error in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full"
    return (error.strerror or str(error)).lower()
