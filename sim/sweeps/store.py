"""The folder of a sweep: plan, shards, traces; written so that a kill at any moment loses little.

Every file is written under another name, forced to disk and renamed. A shard is there whole or
not at all; one that cannot be read is set aside and its runs are played again. A lock that dies
with its process keeps a second sweep out.

    plan.json        what is swept, see `sim.sweeps.plan`
    shards/          one Parquet file a chunk, see `sim.sweeps.chunks`
    traces/          weekly histories, one file a chunk
    runs.parquet     all runs in one table, made at the end, see `sim.sweeps.columns`
"""

import contextlib
import errno
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import polars as pl
from polars.exceptions import PolarsError

from sim.errors import ConfigError, SimError
from sim.sweeps.chunks import Chunk
from sim.sweeps.plan import Plan

PLAN, RUNS, LOCK = "plan.json", "runs.parquet", ".lock"
SHARDS, TRACES = "shards", "traces"
PART = ".part"
"""Ending of a file that is still being written."""


class StoreError(SimError):
    """Results cannot be written; what has been written stays."""


class Store:
    """The folder of one sweep.

    Parameters
    ----------
    folder : Path
        Where results are kept; made by `create`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @property
    def runs_file(self) -> Path:
        """The compacted table."""
        return self.folder / RUNS

    def shard_file(self, chunk: Chunk) -> Path:
        """Return where the runs of a chunk are stored."""
        return self.folder / SHARDS / f"{chunk.name}.parquet"

    def trace_file(self, chunk: Chunk) -> Path:
        """Return where the weekly histories of a chunk are stored."""
        return self.folder / TRACES / f"{chunk.name}.parquet"

    def load_plan(self) -> Plan:
        """Read the plan of the sweep that is stored here.

        Raises
        ------
        ConfigError
            If there is none, or it was changed by hand.
        """
        try:
            return Plan.from_json((self.folder / PLAN).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{self.folder}: holds no sweep that can be read"]) from error

    def create(self) -> None:
        """Make the folder.

        Raises
        ------
        ConfigError
            If it cannot be made or is not a folder for results.
        """
        try:
            for folder in (self.folder, self.folder / SHARDS, self.folder / TRACES):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"{self.folder}: cannot be written to, {_reason(error)}"]) from error

    def agree(self, plan: Plan) -> Plan:
        """Store the plan, or check that the same one is stored, and return it.

        Parameters
        ----------
        plan : Plan
            What is asked for. The stored plan's number of replicates grows if more are asked
            for, and never shrinks.

        Returns
        -------
        Plan
            The plan to be played.

        Raises
        ------
        ConfigError
            If another plan is stored, or the folder holds something else.
        """
        if not (self.folder / PLAN).exists():
            self._check_empty()
            write_whole(self.folder / PLAN, plan.to_json().encode())
            return plan
        stored = self.load_plan()
        if stored.hash != plan.hash:
            raise ConfigError(
                [
                    f"{self.folder}: holds the results of another sweep"
                    f"{_difference(stored, plan)}; name another folder with --out"
                ]
            )
        if plan.replicates > stored.replicates:
            stored = stored.extended(plan.replicates)
            write_whole(self.folder / PLAN, stored.to_json().encode())
        return stored

    def _check_empty(self) -> None:
        """Refuse a folder that holds results without their plan, or anything else."""
        found = [p.name for p in self.folder.iterdir() if p.name not in (SHARDS, TRACES, LOCK)]
        found = [name for name in found if not name.endswith(PART)]
        shards = next((self.folder / SHARDS).glob("*.parquet"), None)
        if found or shards is not None:
            what = sorted(found)[0] if found else SHARDS
            raise ConfigError(
                [f"{self.folder}: holds '{what}' and no plan of a sweep; name a new folder"]
            )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other sweeps out of the folder until the block is left or the process dies.

        Raises
        ------
        ConfigError
            If another sweep is at work in it.
        """
        import fcntl

        try:
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError([f"{self.folder}: cannot be written to, {_reason(error)}"]) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ConfigError([f"{self.folder}: another sweep is at work in it"]) from error
            yield
        finally:
            os.close(handle)

    def finished(self) -> tuple[list[Chunk], list[str]]:
        """Return the chunks whose shards are whole, and the names of broken files set aside.

        A broken shard is renamed to ``*.broken``; nothing is deleted but half-written files.
        """
        for place in (self.folder, self.folder / SHARDS, self.folder / TRACES):
            for part in place.glob(f"*{PART}"):
                part.unlink(missing_ok=True)
        found: list[Chunk] = []
        broken: list[str] = []
        for file in sorted((self.folder / SHARDS).glob("*.parquet")):
            chunk = Chunk.from_name(file.stem)
            if chunk is None:
                continue
            if is_whole(file, chunk.runs):
                found.append(chunk)
            else:
                file.replace(file.with_suffix(".broken"))
                broken.append(file.name)
        return found, broken

    def write_shard(self, chunk: Chunk, runs: pl.DataFrame, traces: pl.DataFrame | None) -> None:
        """Write the results of one chunk, its traces first.

        Raises
        ------
        StoreError
            If the disk is full or cannot be written to.
        """
        if traces is not None:
            write_whole(self.trace_file(chunk), parquet_bytes(traces))
        write_whole(self.shard_file(chunk), parquet_bytes(runs))


def is_whole(file: Path, rows: int) -> bool:
    """Return whether a Parquet file can be read and has as many rows as it should."""
    try:
        return int(pl.scan_parquet(file).select(pl.len()).collect().item()) == rows
    except (PolarsError, OSError):
        return False


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
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
    raise StoreError(f"{file.parent}: {file.name} cannot be written, {_reason(error)}") from error


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk, so that a rename survives a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    """Return an operating system's error in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full"
    return (error.strerror or str(error)).lower()


def _difference(stored: Plan, plan: Plan) -> str:
    """Return in what two plans differ, as a clause."""
    if stored.model != plan.model:
        return ", made with other rules of the model"
    if sorted(stored.plugins.values()) != sorted(plan.plugins.values()):
        return ", made with other plug-ins"
    for name, one, other in (
        ("seed", stored.seed, plan.seed),
        ("trace", stored.trace, plan.trace),
        ("cells", stored.cells, plan.cells),
    ):
        if one != other:
            return f" ({name} {one}, here {other})"
    return ""
