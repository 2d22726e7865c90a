"""Files that are there whole or not at all, whatever happens while they are written."""

import contextlib
import errno
import io
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NoReturn

import polars as pl
from polars.exceptions import PolarsError

from sim.errors import ConfigError, SimError
from sim.runs.opening import RunRecord
from sim.runs.seal import KEY, UNSEALED, seal
from sim.runs.story import tell
from sim.runs.summary import Summary
from sim.runs.trace import write_trace

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
    """Return a table as the bytes of a Parquet file, sealed; see `sim.runs.seal`."""
    buffer = io.BytesIO()
    stated = {**(metadata or {}), KEY: UNSEALED}
    table.write_parquet(buffer, compression=compression, metadata=stated)
    seal(buffer)
    return buffer.getvalue()


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a loss of power.

    Raises
    ------
    StoreError
        If the disk is full or cannot be written to.
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

    Raises
    ------
    StoreError
        Always.
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


# ---- The folder of one run: what it came to, its weeks and its moves, written whole or not at a

FORMAT = 1
"""Version of the folder's files; another one is not read."""
RUN, WEEKS, MOVES = "run.json", "weeks.parquet", "moves.parquet"


def check_folder(folder: Path) -> None:
    """Check, before anything is played, that a run can be written to `folder`.

    Raises
    ------
    ConfigError
        If it holds something already, is no folder, or lies in one that does not exist.
    """
    problem = ""
    if folder.is_dir():
        if any(folder.iterdir()):
            problem = "is not empty, and nothing is overwritten; name a new folder"
    elif folder.exists() or folder.is_symlink():
        problem = "is a file; name a new folder"
    elif not folder.absolute().parent.is_dir():
        problem = f"no such folder: {folder.parent}"
    if problem:
        raise ConfigError([f"--out: {folder}: {problem}"])


def moves_frame(record: RunRecord) -> pl.DataFrame:
    """Return every recorded move in words, in its order.

    Returns
    -------
    polars.DataFrame
        `week`, `date` (the week's first day), `actor` (id, empty for what nobody does), `move`,
        `said` and `why`.
    """
    rows = [
        (line.week, line.day, line.actor, line.move.name.lower(), line.said, line.why)
        for line in tell(record)
    ]
    columns = {
        "week": pl.Int32,
        "date": pl.Date,
        "actor": pl.String,
        "move": pl.String,
        "said": pl.String,
        "why": pl.String,
    }
    return pl.DataFrame(rows, columns, orient="row")


def write_run(
    record: RunRecord, summary: Summary, folder: Path, overrides: Sequence[str] = ()
) -> None:
    """Write one run into a folder that does not exist or is empty.

    The files are made in a folder beside it and then moved, `run.json` last.

    Parameters
    ----------
    record : RunRecord
        A run with its history and its moves.
    summary : Summary
        What it came to.
    folder : Path
    overrides : sequence of str
        The overrides that the run was composed with, to be stated.

    Raises
    ------
    ConfigError
        If the folder cannot be used.
    SimError
        If the disk refuses it; nothing is left behind then.
    """
    check_folder(folder)
    target = folder.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    settings = record.settings.model_dump(mode="json", by_alias=True)
    content = {"format": FORMAT, **summary.plain(), "settings": settings}
    try:
        part.mkdir()
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (part / RUN).write_text(f"{text}\n", encoding="utf-8")
        write_trace(record, part / WEEKS, overrides)
        moves_frame(record).write_parquet(part / MOVES)
        _into_place(part, target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise SimError(f"--out: {folder}: {error.strerror or error}") from error


def _into_place(part: Path, target: Path) -> None:
    if not target.exists():
        part.replace(target)
        return
    for name in (MOVES, WEEKS, RUN):
        (part / name).replace(target / name)
    part.rmdir()
