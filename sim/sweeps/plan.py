"""Pieces of work: some cells with a block of replicates each, and which pieces are missing."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import NamedTuple

from sim.errors import ConfigError
from sim.model.identity import digest
from sim.model.shocks import BLOCK
from sim.sweeps.overrides import Value
from sim.sweeps.paths import changed

SMALLEST, LARGEST = 128, 2048
"""Runs of one chunk: large enough for a file of its own, small enough to lose."""
SHARE = 64
"""How many chunks a sweep is meant to have, if their size allows it."""


class Chunk(NamedTuple):
    """A piece of work: every cell of a range with every replicate of a range."""

    # first_cell, end_cell: cells, the end not included
    first_cell: int
    end_cell: int
    # first_replicate, end_replicate: replicates, the end not included
    first_replicate: int
    end_replicate: int

    @property
    def cells(self) -> range:
        """Numbers of the cells."""
        return range(self.first_cell, self.end_cell)

    @property
    def replicates(self) -> range:
        """Numbers of the replicates."""
        return range(self.first_replicate, self.end_replicate)

    @property
    def runs(self) -> int:
        """How many runs it holds."""
        return len(self.cells) * len(self.replicates)

    @property
    def name(self) -> str:
        """Name of its files, without ending."""
        return (
            f"cells_{self.first_cell:06d}-{self.end_cell:06d}"
            f"_replicates_{self.first_replicate:08d}-{self.end_replicate:08d}"
        )

    @classmethod
    def from_name(cls, name: str) -> "Chunk | None":
        """Return the chunk that a file belongs to, None if the name is none of these."""
        found = re.fullmatch(r"cells_(\d+)-(\d+)_replicates_(\d+)-(\d+)", name)
        return cls(*(int(part) for part in found.groups())) if found else None


class Shape(NamedTuple):
    """Size of a plan's chunks: cells, and replicates in whole blocks of the tape."""

    cells: int
    replicates: int


def shape_for(cells: int, replicates: int) -> Shape:
    """Return the size of chunks for a new sweep."""
    wanted = min(max(cells * replicates // SHARE, SMALLEST), LARGEST)
    blocks = min(-(-replicates // BLOCK), max(1, wanted // (BLOCK * min(cells, BLOCK))))
    in_chunk = min(replicates, blocks * BLOCK)
    return Shape(max(1, min(cells, wanted // in_chunk)), blocks * BLOCK)


def cell_groups(cells: int, shape: Shape) -> Iterator[range]:
    """Yield the ranges of cells that share chunks."""
    for first in range(0, cells, shape.cells):
        yield range(first, min(first + shape.cells, cells))


def missing(cells: int, replicates: int, shape: Shape, done: Iterable[Chunk]) -> list[Chunk]:
    """Return the chunks that are still to be played, in the order of the cells.

    Parameters
    ----------
    cells, replicates : int
        Size of the sweep.
    shape : Shape
        Size of its chunks.
    done : iterable of Chunk
        What has been played.
    """
    covered: dict[int, list[range]] = {}
    for chunk in done:
        covered.setdefault(chunk.first_cell, []).append(chunk.replicates)
    found = []
    for group in cell_groups(cells, shape):
        for part in _gaps(covered.get(group.start, []), replicates):
            start = part.start
            while start < part.stop:
                end = min((start // shape.replicates + 1) * shape.replicates, part.stop)
                found.append(Chunk(group.start, group.stop, start, end))
                start = end
    return found


def runs_below(chunk: Chunk, replicates: int) -> int:
    """Return how many runs of a chunk belong to a sweep of so many replicates."""
    return len(chunk.cells) * len(
        range(chunk.first_replicate, min(chunk.end_replicate, replicates))
    )


def _gaps(covered: list[range], replicates: int) -> Iterator[range]:
    """Yield what a set of ranges leaves out of ``range(replicates)``."""
    start = 0
    for part in sorted(covered, key=lambda r: r.start):
        if part.start > start:
            yield range(start, min(part.start, replicates))
        start = max(start, part.stop)
    if start < replicates:
        yield range(start, replicates)


# ---- The plan of a sweep: every cell resolved, and all else that its results depend on.

SAMPLED_TRACES = 4
"""With ``trace=sample`` the replicates below this number leave traces."""
FORMAT = 2
"""Version of the plan's file."""
UNSEALED_FORMAT = 1
"""The one before: its shards and tables carry no digest."""


@dataclass(frozen=True)
class Combination:
    """One combination of the swept values."""

    base: int  # number of the composed configuration that it starts from
    values: dict[str, Value]  # value of each swept key, as shown in tables
    changes: dict[str, object]  # dotted paths and the values that replace those of the base


@dataclass(frozen=True)
class Plan:
    """Everything that the results of a sweep depend on, and the number of replicates."""

    name: str  # name of the experiment, or ``"sweep"``
    title: str  # what it asks
    # the overrides as given, those of the experiment and ``--zip`` and ``--filter`` included
    line: list[str]
    seed: int  # seed of the sweep
    replicates: int  # runs of each cell; may grow later
    trace: str  # which runs leave weekly histories: ``"none"``, ``"sample"`` or ``"all"``
    bases: list[dict[str, object]]  # composed configurations
    combinations: list[Combination]  # what is crossed, zipped and filtered
    design: dict[str, object]  # kind of design and, if sampled, its dimensions
    # points of a sampled design, empty otherwise; each combination meets each point
    points: list[list[float]]
    shape: Shape  # size of the chunks
    model: str  # digest of the source files that results depend on
    # digest of each plug-in file of the user's, by path; the path is no part of the hash
    plugins: dict[str, str]
    # versions of this package, Python and libraries at the start of the sweep
    versions: dict[str, str]
    git: str  # commit of the source, with ``+`` if it was changed; empty if unknown
    format: int = FORMAT  # version of the file that it was read from

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.combinations) * max(1, len(self.points))

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.cells * self.replicates

    @property
    def point_keys(self) -> list[str]:
        """Paths that a sampled design varies."""
        varied = self.design.get("keys", [])
        return [str(key) for key in varied] if isinstance(varied, list) else []

    @property
    def swept(self) -> list[str]:
        """Keys that differ between cells, in the order of the columns."""
        return [*self.combinations[0].values, *self.point_keys]

    def traced(self, replicate: int) -> bool:
        """Return whether the runs of a replicate leave a weekly history."""
        return self.trace == "all" or (self.trace == "sample" and replicate < SAMPLED_TRACES)

    def values(self, cell: int) -> dict[str, Value]:
        """Return a cell's value of each swept key."""
        combination, point = self.parts(cell)
        drawn = self.points[point] if point >= 0 else []
        return {**combination.values, **dict(zip(self.point_keys, drawn, strict=True))}

    def values_of(self, key: str) -> list[Value]:
        """Return the values of a swept key, in the order of the cells, with repetitions."""
        if key in self.point_keys:
            number = self.point_keys.index(key)
            return [point[number] for point in self.points]
        return [combination.values[key] for combination in self.combinations]

    def parts(self, cell: int) -> tuple[Combination, int]:
        """Return a cell's combination and the number of its point, -1 for none."""
        if not self.points:
            return self.combinations[cell], -1
        return self.combinations[cell // len(self.points)], cell % len(self.points)

    def plain(self, cell: int) -> dict[str, object]:
        """Return a cell's complete configuration."""
        combination, point = self.parts(cell)
        changes = dict(combination.changes)
        if point >= 0:
            for key, value in zip(self.point_keys, self.points[point], strict=True):
                changes.pop(key, None)
                changes[key] = value
        return changed(self.bases[combination.base], changes)

    @cached_property
    def hash(self) -> str:
        """Digest of all that decides what the run of a cell and a replicate comes to."""
        return digest(
            {
                "format": self.format,
                "seed": self.seed,
                "trace": self.trace,
                "bases": self.bases,
                "combinations": [asdict(entry) for entry in self.combinations],
                "design": self.design,
                "points": self.points,
                "model": self.model,
                "plugins": sorted(self.plugins.values()),
            }
        )

    def extended(self, replicates: int, line: list[str] | None = None) -> "Plan":
        """Return the same plan with another number of replicates, and the line that asks for it."""
        return replace(self, replicates=replicates, line=self.line if line is None else line)

    def to_json(self) -> str:
        """Return the plan as the text of its file, with a checksum over all of it."""
        content = {"hash": self.hash, **asdict(self)}
        content["shape"] = list(self.shape)
        return json.dumps({"checksum": digest(content), **content}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read a plan's file.

        Raises
        ------
        ConfigError
            If it is not a plan, of another format, or was changed by hand.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ConfigError(["plan.json: cannot be read, it is not JSON"]) from error
        if not isinstance(content, dict) or "checksum" not in content:
            raise ConfigError(["plan.json: is not the plan of a sweep"])
        if content.get("format") not in (FORMAT, UNSEALED_FORMAT):
            raise ConfigError(["plan.json: was written by another version of this program"])
        if content.pop("checksum") != digest(content):
            raise ConfigError(["plan.json: was changed after the sweep had written it"])
        content.pop("hash")
        content["shape"] = Shape(*content["shape"])
        content["combinations"] = [Combination(**entry) for entry in content["combinations"]]
        return cls(**content)
