"""A Parquet file that carries the digest of its own bytes, so that one bit changed is seen.

The digest stands in the file's footer among its key-value metadata, where every reader of Parquet
finds it, and is computed over all bytes of the file with the digest's own digits as zeros.
"""

import hashlib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import BinaryIO

KEY = "digest"
"""Key of the metadata."""
_MARK = b"blake2b:"
_DIGITS = 64
UNSEALED = (_MARK + b"0" * _DIGITS).decode()
"""What a writer states under `KEY` until the file is sealed."""
_TAIL = 8
"""Bytes after the footer: its length in four bytes, and ``PAR1``."""
_AT_ONCE = 1 << 22


class Seal(Enum):
    """Whether a file is as it was written."""

    WHOLE = "whole"
    BROKEN = "broken"
    NONE = "none"  # it states no digest: made elsewhere, or before files stated one


def seal(handle: BinaryIO) -> None:
    """Put the digest into a file that was written with `UNSEALED` under `KEY`.

    Raises ValueError if it is no Parquet file with such a place.
    """
    place = _place(handle)
    if place is None:
        raise ValueError("no place for a digest in the footer")
    found = _digest(handle, place)
    handle.seek(place)
    handle.write(found)


def seal_of(file: Path) -> Seal:
    """Return whether a file is as it was written.

    Raises OSError if it cannot be read.
    """
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
    for part in _parts(handle, place):
        found.update(part)
    handle.seek(place + _DIGITS)
    found.update(b"0" * _DIGITS)
    while part := handle.read(_AT_ONCE):
        found.update(part)
    return found.hexdigest().encode()


def _parts(handle: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next `size` bytes of a file, some millions at a time."""
    while size > 0 and (part := handle.read(min(size, _AT_ONCE))):
        size -= len(part)
        yield part
