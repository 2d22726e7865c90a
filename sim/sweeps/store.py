"""The folder of a sweep: plan, shards, traces; written so that a kill at any moment loses little.

Every file is written under another name, forced to disk and renamed. A shard is there whole or
not at all; one that cannot be read is set aside and its runs are played again. A lock that dies
with its process keeps a second sweep out.

    plan.json        what is swept, see `sim.sweeps.plan`
    shards/          one Parquet file a chunk, see `sim.sweeps.plan`
    traces/          weekly histories, one file a chunk
    runs.parquet     all runs in one table, made at the end, see `sim.sweeps.columns`
"""

import contextlib
import json
import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.errors import ConfigError
from sim.runs.files import (
    KEY,
    PART,
    UNSEALED,
    Seal,
    StoreError,
    check_name,
    into_place,
    parquet_bytes,
    reason,
    seal,
    seal_of,
    set_aside,
    stop,
    write_whole,
)
from sim.sweeps.columns import OK, TableColumn, Weekly, described, schema
from sim.sweeps.plan import UNSEALED_FORMAT, Chunk, Plan, flat, paths_apart

PLAN, RUNS, LOCK = "plan.json", "runs.parquet", ".lock"
SHARDS, TRACES = "shards", "traces"
FOREIGN = "belongs to another sweep"
MOST_DIFFERENCES, MOST_SHOWN = 3, 60
"""Most differences of two plans that are named, and most characters of a value."""
ROW_GROUP = 32_768
"""Rows to a row group of the table's file."""
PIECE = 32_768
"""Most rows that are sorted at once."""


class Store:
    """The folder of one sweep; `create` makes it."""

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
        """Read the plan that is stored here; ConfigError if there is none, or it was changed."""
        check_name(self.folder)
        try:
            return Plan.from_json((self.folder / PLAN).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([f"{self.folder}: holds no sweep that can be read"]) from error
        except ConfigError as error:
            raise ConfigError([f"{self.folder}/{line}" for line in error.problems]) from error

    def check(self, plan: Plan) -> None:
        """Raise ConfigError if the folder holds another sweep or anything else."""
        check_name(self.folder)
        try:
            if (self.folder / PLAN).exists():
                self._refuse_other(self.load_plan(), plan)
            elif self.folder.is_dir():
                self._check_empty()
            elif self.folder.exists():
                raise ConfigError([f"{self.folder}: is a file, not a folder"])
        except OSError as error:
            raise ConfigError([f"{self.folder}: cannot be read, {reason(error)}"]) from error

    def create(self) -> None:
        """Make the folder; raises `ConfigError` if it cannot be made."""
        try:
            for folder in (self.folder, self.folder / SHARDS, self.folder / TRACES):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([f"{self.folder}: cannot be written to, {reason(error)}"]) from error

    def agree(self, plan: Plan) -> Plan:
        """Store the plan, or check that the same one is stored, and return what is to be played.

        The stored plan's number of replicates grows if more are asked for, and never shrinks.
        """
        self.check(plan)
        stored = self.load_plan() if (self.folder / PLAN).exists() else None
        if stored is not None and plan.replicates <= stored.replicates:
            return stored
        agreed = plan if stored is None else stored.extended(plan.replicates, plan.line)
        write_whole(self.folder / PLAN, agreed.to_json().encode())
        return agreed

    def _refuse_other(self, stored: Plan, plan: Plan) -> None:
        if stored.hash != plan.hash:
            which = f"holds the results of another sweep, {_difference(stored, plan)}"
            raise ConfigError([f"{self.folder}: {which}; name another folder with --out"])

    def _check_empty(self) -> None:
        names = (path.name for path in self.folder.iterdir() if path.suffix != PART)
        found = [name for name in names if name not in (SHARDS, TRACES, LOCK)]
        if not found and any((self.folder / SHARDS).glob("*.parquet")):
            found = [SHARDS]
        if found:
            holds = f"holds '{min(found)}' and no plan of a sweep"
            raise ConfigError([f"{self.folder}: {holds}; name a new folder"])

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other sweeps out until the process dies; ConfigError if one is at work."""
        import fcntl

        try:
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError([f"{self.folder}: cannot be written to, {reason(error)}"]) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ConfigError([f"{self.folder}: another sweep is at work in it"]) from error
            yield
        finally:
            os.close(handle)

    def chunks(self) -> list[Chunk]:
        """Return the chunks that have a shard, whole or not, in the order of their names."""
        named = (Chunk.from_name(f.stem) for f in sorted((self.folder / SHARDS).glob("*.parquet")))
        return [chunk for chunk in named if chunk is not None]

    def finished(self, plan: Plan) -> tuple[list[Chunk], list[str]]:
        """Return the chunks whose files are whole, and what was wrong with files set aside.

        Such a file is renamed to ``*.broken``, and so is the shard that belongs to a broken or
        missing trace; nothing is deleted but half-written files. A chunk whose runs others hold
        already, as in two folders put together, is left where it is.
        """
        for place in (self.folder, self.folder / SHARDS, self.folder / TRACES):
            for part in place.glob(f"*{PART}"):
                part.unlink(missing_ok=True)
        found: list[Chunk] = []
        broken: list[str] = []
        for chunk in self.chunks():
            shard, trace = self.shard_file(chunk), self.trace_file(chunk)
            where, problem = shard, problem_of(shard, plan, chunk)
            if not problem and plan.traced(chunk.first_replicate):
                where, problem = trace, self._problem_of_trace(plan, chunk)
            if problem:
                for file in (trace, shard):
                    if file.exists():
                        set_aside(file)
                broken.append(f"{where.name} {problem}")
            elif not any(_overlap(chunk, other) for other in found):
                found.append(chunk)
        return found, broken

    def _problem_of_trace(self, plan: Plan, chunk: Chunk) -> str:
        trace = self.trace_file(chunk)
        if trace.exists():
            return problem_of(trace, plan, chunk)
        played = OK in stored_status(self.shard_file(chunk)).cast(pl.String)
        return "is missing" if played else ""

    def write_shard(
        self, plan: Plan, chunk: Chunk, runs: pl.DataFrame, weekly: Weekly | None
    ) -> None:
        """Write the results of one chunk, its weekly histories first."""
        stated = {"plan": plan.hash, "chunk": chunk.name}
        if weekly is not None:
            metadata = {"columns": described(weekly.columns), **stated}
            write_whole(self.trace_file(chunk), parquet_bytes(weekly.table, metadata))
        write_whole(self.shard_file(chunk), parquet_bytes(runs, stated))


def problem_of(file: Path, plan: Plan, chunk: Chunk | None = None) -> str:
    """Return what is wrong with the file of a chunk or of all runs; empty if nothing is.

    Files of a plan from before files carried digests pass.
    """
    try:
        state = seal_of(file)
        if state is Seal.NONE and plan.format == UNSEALED_FORMAT:
            return ""
        if state is not Seal.WHOLE:
            return "is damaged, its digest does not fit"
        stated = pl.read_parquet_metadata(file)
    except (OSError, PolarsError):
        return "is damaged and cannot be read"
    if stated.get("plan") != plan.hash:
        return FOREIGN
    held = stated.get("chunk")
    if held != (None if chunk is None else chunk.name):
        return f"holds another piece, {held or 'the table of all runs'}"
    return ""


def stored_status(shard: Path) -> pl.Series:
    """Return the statuses of the runs in a shard."""
    # Without `glob`, Polars takes brackets in a folder's name for a pattern.
    return pl.read_parquet(shard, columns=["run_status"], glob=False)["run_status"]


def _overlap(one: Chunk, other: Chunk) -> bool:
    """Return whether two chunks have a run in common."""
    pairs = (one.cells, other.cells), (one.replicates, other.replicates)
    return all(a.start < b.stop and b.start < a.stop for a, b in pairs)


def _difference(stored: Plan, plan: Plan) -> str:
    if stored.model != plan.model:
        return "made by another version of the model (`sim report` still reads them)"
    if sorted(stored.plugins.values()) != sorted(plan.plugins.values()):
        return "made with other plug-ins"
    for name in ("seed", "trace", "cells"):
        one, other = getattr(stored, name), getattr(plan, name)
        if one != other:
            return f"with {name} {one}, here {other}"
    found = _first_difference(stored, plan)
    return found or f"made by: sim sweep {shlex.join([*stored.line, *stored.options])}"


def _first_difference(stored: Plan, plan: Plan) -> str:
    """Return the first differences of the first cell that differs, as path and both values."""
    for cell in range(stored.cells):
        mine, asked = flat(stored.plain(cell)), flat(plan.plain(cell))
        paths = paths_apart(mine, asked)
        if paths:
            first = paths[:MOST_DIFFERENCES]
            shown = [f"{p} {_short(mine.get(p))}, here {_short(asked.get(p))}" for p in first]
            more = " and more" if len(paths) > MOST_DIFFERENCES else ""
            return f"with {'; '.join(shown)}{more}{f' (cell {cell})' if cell else ''}"
    return ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}.."


def compact(store: Store, plan: Plan, chunks: Sequence[Chunk], columns: list[TableColumn]) -> None:
    """Write `runs.parquet`, sorted by cell and replicate, in memory that does not grow.

    An older table is replaced once the new one is whole. Raises StoreError if it cannot be written
    or a shard cannot be read.
    """
    name = f"{store.runs_file.name}.{os.getpid()}"
    whole = store.runs_file.with_name(f"{name}{PART}")
    written: list[Path] = []
    try:
        for number, piece in enumerate(_pieces(plan)):
            written.append(store.runs_file.with_name(f"{name}.{number}{PART}"))
            table = _piece(store, chunks, piece, columns)
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
                KEY: UNSEALED,
            },
        )
        with whole.open("r+b") as handle:
            seal(handle)
        into_place(whole, store.runs_file)
    except OSError as error:
        stop(store.runs_file, error)
    except PolarsError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "unknown"
        raise StoreError(f"{store.runs_file}: cannot be made from the shards, {first}") from error
    finally:
        for file in (whole, *written):
            file.unlink(missing_ok=True)


def _pieces(plan: Plan) -> Iterator[Chunk]:
    """Yield the parts of the table that are put together at once, in its order."""
    together = max(1, PIECE // plan.replicates)
    for cell in range(0, plan.cells, together):
        for first in range(0, plan.replicates, PIECE):
            ends = min(cell + together, plan.cells), min(first + PIECE, plan.replicates)
            yield Chunk(cell, ends[0], first, ends[1])


def _piece(
    store: Store, chunks: Sequence[Chunk], piece: Chunk, columns: list[TableColumn]
) -> pl.DataFrame:
    files = [store.shard_file(chunk) for chunk in chunks if _overlap(chunk, piece)]
    cells, replicates = piece.cells, piece.replicates
    table = (
        pl.scan_parquet(files, schema=schema(columns), glob=False)
        .filter(
            pl.col("cell").is_between(cells.start, cells.stop, closed="left"),
            pl.col("replicate").is_between(replicates.start, replicates.stop, closed="left"),
        )
        .sort("cell", "replicate")
        .collect()
    )
    planned = (np.repeat(cells, len(replicates)), np.tile(replicates, len(cells)))
    stored = (table["cell"].to_numpy(), table["replicate"].to_numpy())
    if not all(map(np.array_equal, stored, planned)):
        raise StoreError(
            f"{store.runs_file}: cannot be made from the shards, they hold {len(table):,} runs of "
            f"cells {cells.start} to {cells.stop - 1} where {piece.runs:,} are planned"
        )
    return table


def is_current(store: Store, plan: Plan) -> bool:
    """Return whether `runs.parquet` is there, whole, and holds all runs of the plan."""
    if not store.runs_file.exists() or problem_of(store.runs_file, plan):
        return False
    return pl.read_parquet_metadata(store.runs_file).get("replicates") == str(plan.replicates)
