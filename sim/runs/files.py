"""Files that are there whole or not at all, and that show when a bit of them has changed.

The digest of a Parquet file stands in its footer among the key-value metadata, where every reader
finds it, and is computed over all bytes of the file with its own digits as zeros.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import shutil
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

import polars as pl

from sim.config.settings import without_effect
from sim.errors import ConfigError, SimError
from sim.runs.opening import RunRecord
from sim.runs.story import tell
from sim.runs.summary import Summary
from sim.runs.trace import write_trace

KEY = "digest"
"""Key of the metadata."""
_MARK = b"blake2b:"
_DIGITS = 64
UNSEALED = (_MARK + b"0" * _DIGITS).decode()
"""What a writer states under `KEY` until the file is sealed."""
_TAIL = 8
"""Bytes after the footer: its length in four bytes, and ``PAR1``."""
_AT_ONCE = 1 << 22
PART = ".part"
"""Ending of a file that is still being written."""


RUN_FORMAT = 1
"""Version of the folder of a single run; another one is not read."""
RUN, WEEKS, MOVES = "run.json", "weeks.parquet", "moves.parquet"
"""Files of that folder."""


class StoreError(SimError):
    """Results cannot be written; what has been written stays."""


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
    """Return a table as the bytes of a Parquet file that carries their digest."""
    buffer = io.BytesIO()
    stated = {**(metadata or {}), KEY: UNSEALED}
    table.write_parquet(buffer, compression=compression, metadata=stated)
    seal(buffer)
    return buffer.getvalue()


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, also after a loss of power."""
    part = file.with_name(f"{file.name}.{os.getpid()}{PART}")
    try:
        part.write_bytes(content)
        into_place(part, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        stop(file, error)


def check_name(place: Path) -> None:
    """Raise ConfigError if a name is not UTF-8: those who read and write tables know no others."""
    try:
        str(place).encode()
    except UnicodeEncodeError as error:
        name = str(place).encode(errors="replace").decode()
        problem = "its name must be UTF-8; in a locale that is not, set PYTHONUTF8=1"
        raise ConfigError([f"{name}: {problem}"]) from error


def stop(file: Path, error: OSError) -> NoReturn:
    """Raise StoreError: a file could not be written."""
    raise StoreError(f"{file.parent}: {file.name} cannot be written, {reason(error)}") from error


def into_place(part: Path, file: Path) -> None:
    """Rename a file that is complete, so that both survive a loss of power."""
    _sync(part)
    part.replace(file)
    _sync(file.parent)


def _sync(place: Path) -> None:
    """Force a file, or the entries of a folder, to disk."""
    handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reason(error: OSError) -> str:
    """Return an operating system's error in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full"
    return (error.strerror or str(error)).lower()


class Seal(Enum):
    """Whether a file is as it was written."""

    WHOLE = "whole"
    BROKEN = "broken"
    NONE = "none"  # it states no digest: made elsewhere, or before files stated one


def seal(handle: BinaryIO) -> None:
    """Put the digest into a Parquet file that was written with `UNSEALED` under `KEY`."""
    place = _place(handle)
    if place is None:
        raise ValueError("no place for a digest in the footer")
    found = _digest(handle, place)
    handle.seek(place)
    handle.write(found)


def seal_of(file: Path) -> Seal:
    """Return whether a file is as it was written."""
    with file.open("rb") as handle:
        place = _place(handle)
        if place is None:
            return Seal.NONE
        handle.seek(place)
        stated = handle.read(_DIGITS)
        return Seal.WHOLE if stated == _digest(handle, place) else Seal.BROKEN


def _place(handle: BinaryIO) -> int | None:
    """Return where the digest's digits begin, None where there are none."""
    size = handle.seek(0, 2)
    if size < _TAIL:
        return None
    handle.seek(size - _TAIL)
    tail = handle.read(_TAIL)
    start = size - _TAIL - int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or start < 0:
        return None
    handle.seek(start)
    footer = handle.read(size - _TAIL - start)
    found = footer.rfind(_MARK)
    if found < 0 or found + len(_MARK) + _DIGITS > len(footer):
        return None
    return start + found + len(_MARK)


def _digest(handle: BinaryIO, place: int) -> bytes:
    """Return the digits for a file's bytes, those at `place` read as zeros."""
    found = hashlib.blake2b(digest_size=_DIGITS // 2)
    handle.seek(0)
    while part := handle.read(min(place - handle.tell(), _AT_ONCE)):
        found.update(part)
    handle.seek(place + _DIGITS)
    found.update(b"0" * _DIGITS)
    while part := handle.read(_AT_ONCE):
        found.update(part)
    return found.hexdigest().encode()


# ---- The folder of one run: what it came to, its weeks and its moves, written whole or not at a


def check_folder(folder: Path) -> None:
    """Raise ConfigError, before anything is played, if a run cannot be written to `folder`."""
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
    """Return every recorded move in words, in its order; nobody is an empty `actor`."""
    rows = [
        (line.week, line.day, line.actor, line.move.name.lower(), line.said, line.why)
        for line in tell(record)
    ]
    words = dict.fromkeys(("actor", "move", "said", "why"), pl.String)
    return pl.DataFrame(rows, {"week": pl.Int32, "date": pl.Date, **words}, orient="row")


def write_run(
    record: RunRecord, summary: Summary, folder: Path, overrides: Sequence[str] = ()
) -> None:
    """Write one run into a folder that does not exist or is empty.

    The files are made in a folder beside it and then moved, `run.json` last. Raises ConfigError if
    the folder cannot be used, and SimError if the disk refuses it; nothing is left behind then.
    """
    check_folder(folder)
    target = folder.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    settings = record.settings.model_dump(mode="json", by_alias=True)
    idle = without_effect(record.settings)
    content = {"format": RUN_FORMAT, **summary.plain(), "idle": idle, "settings": settings}
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
