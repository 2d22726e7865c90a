"""The plan of a sweep: its cells, all else that its results depend on, and its chunks of work.

A cell is a combination of listed values and, in a sampled design, a point. Its configuration is
one that Hydra composed, in which the values at some dotted paths are replaced.
"""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import ConfigError
from sim.model.identity import canonical, digest
from sim.model.shocks import BLOCK
from sim.sweeps.overrides import Value

SAMPLED_TRACES = 4
"""With ``trace=sample`` the replicates below this number leave traces."""
FORMAT = 2
"""Version of the plan's file."""
UNSEALED_FORMAT = 1
"""The one before: its shards and tables carry no digest."""
OWN_CHANCE = "own"
"""How a design says that each of its points, or blocks of points, has chance of its own."""
SHIPPED = "shipped:"
"""What the names of the package's own configuration files begin with."""
SMALLEST, LARGEST = 256, 2048
"""Runs of one chunk: large enough for a file of its own, small enough to lose.

Where a design has hundreds of columns, a chunk's table and file cost what 50 of its runs do.
"""
SHARE = 64
"""How many chunks a sweep is meant to have, if their size allows it."""

Step = str | int
"""A step of a dotted path: a key of a mapping or an index of a list."""


class Chunk(NamedTuple):
    """A piece of work: every cell of a range with every replicate of a range, ends excluded."""

    first_cell: int
    end_cell: int
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

    def runs_below(self, replicates: int) -> int:
        """Return how many of its runs belong to a sweep of so many replicates."""
        end = min(self.end_replicate, replicates)
        return len(self.cells) * len(range(self.first_replicate, end))

    @property
    def name(self) -> str:
        """Name of its files, without ending."""
        return "cells_{:06d}-{:06d}_replicates_{:08d}-{:08d}".format(*self)

    @classmethod
    def from_name(cls, name: str) -> "Chunk | None":
        """Return the chunk that a file belongs to, None if the name is no chunk's."""
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


def missing(cells: int, replicates: int, shape: Shape, done: Iterable[Chunk]) -> list[Chunk]:
    """Return the chunks of a sweep that are not done yet, in the order of the cells."""
    covered: dict[int, list[range]] = defaultdict(list)
    for chunk in done:
        covered[chunk.first_cell].append(chunk.replicates)
    found = []
    for first in range(0, cells, shape.cells):
        for gap in _gaps(covered[first], replicates):
            start = gap.start
            while start < gap.stop:
                end = min((start // shape.replicates + 1) * shape.replicates, gap.stop)
                found.append(Chunk(first, min(first + shape.cells, cells), start, end))
                start = end
    return found


def _gaps(covered: list[range], replicates: int) -> Iterator[range]:
    """Yield what a set of ranges leaves out of ``range(replicates)``."""
    start = 0
    for part in sorted(covered, key=lambda r: r.start):
        if part.start > start:
            yield range(start, min(part.start, replicates))
        start = max(start, part.stop)
    if start < replicates:
        yield range(start, replicates)


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
    line: list[str]  # the overrides as given, with those of the experiment, --zip and --filter
    seed: int  # seed of the sweep
    replicates: int  # runs of each cell; may grow later
    trace: str  # which runs leave weekly histories: ``"none"``, ``"sample"`` or ``"all"``
    bases: list[dict[str, object]]  # composed configurations
    combinations: list[Combination]  # what is crossed, zipped and filtered
    design: dict[str, object]  # kind of design and, if sampled, its dimensions
    points: list[list[float]]  # points of a sampled design, empty otherwise
    shape: Shape  # size of the chunks
    model: str  # digest of the source files that results depend on
    plugins: dict[str, str]  # digest of each plug-in file by path; the path is not hashed
    versions: dict[str, str]  # of this package, Python and libraries when the sweep began
    git: str  # commit of the source, with ``+`` if it was changed; empty if unknown
    format: int = FORMAT  # version of the file that it was read from
    files: dict[str, str] = field(default_factory=dict)
    # digest of each configuration file that was read, by its path in the user's folder or, after
    # `SHIPPED`, in the package's
    options: list[str] = field(default_factory=list)  # --config-name and --config-dir, as words
    scenarios: list[str] = field(default_factory=list)  # id and title of each scenario
    idle: list[str] = field(default_factory=list)  # choices that have no effect, a line each

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.combinations) * max(1, len(self.points))

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.cells * self.replicates

    @cached_property
    def horizons(self) -> NDArray[np.int64]:
        """Weeks that each cell is played for at most; shape (cells,)."""
        found = [
            int(str(entry.changes.get("horizon", self.bases[entry.base].get("horizon", 0))))
            for entry in self.combinations
        ]
        if "horizon" in self.point_keys:
            place = self.point_keys.index("horizon")
            return np.tile([int(point[place]) for point in self.points], len(found))
        return np.repeat(found, max(1, len(self.points)))

    @property
    def common_horizon(self) -> int:
        """Weeks that every cell is played for, unless its talks end."""
        return int(self.horizons.min())

    def command(self, folder: object) -> str:
        """Return the whole command that goes on with this sweep in a folder."""
        return shlex.join(["sim", "sweep", *self.line, *self.options, "--out", str(folder)])

    @property
    def point_keys(self) -> list[str]:
        """Paths that a sampled design varies."""
        return self._of_design("keys")

    @property
    def assumed(self) -> list[str]:
        """Those of `point_keys` that are drawn from the ranges that the scenario states."""
        return self._of_design("assumed")

    @property
    def block(self) -> int:
        """Successive points that share coordinates: inputs + 2 in a Saltelli design, else 1."""
        return len(self.point_keys) + 2 if self.design["kind"] == "saltelli" else 1

    @property
    def common_chance(self) -> bool:
        """Whether a replicate meets the same shocks in every cell, drawn points included."""
        return self.design.get("chance") != OWN_CHANCE

    def chance_of(self, cells: NDArray[np.int64], replicates: range) -> NDArray[np.int64]:
        """Return the replicate of the tape that some cells' runs meet.

        That of the run, or, where points have chance of their own, one for each replicate and
        point; the points of a block share theirs. Shape (cells, replicates).
        """
        numbers = np.broadcast_to(np.asarray(replicates), (len(cells), len(replicates)))
        if self.common_chance:
            return numbers
        blocks = len(self.points) // self.block
        own = cells % len(self.points) // self.block
        return numbers * blocks + own[:, np.newaxis]

    def drawn_at(self, end: str, keys: Sequence[str]) -> dict[str, object]:
        """Return the ``"low"`` or ``"high"`` end of what is drawn for some of `point_keys`."""
        ends = self.design[end]
        assert isinstance(ends, list)
        return {key: ends[self.point_keys.index(key)] for key in keys}

    def _of_design(self, name: str) -> list[str]:
        found = self.design.get(name, [])
        return [str(key) for key in found] if isinstance(found, list) else []

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
        return {**combination.values, **self.drawn(point)}

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

    def drawn(self, point: int) -> dict[str, float]:
        """Return a point's value of each key that is drawn; nothing for point -1."""
        if point < 0:
            return {}
        return dict(zip(self.point_keys, self.points[point], strict=True))

    def plain(self, cell: int) -> dict[str, object]:
        """Return a cell's complete configuration."""
        combination, point = self.parts(cell)
        drawn = self.drawn(point)
        listed = {key: value for key, value in combination.changes.items() if key not in drawn}
        return changed(self.bases[combination.base], {**listed, **drawn})

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
                "points": [],
                "model": self.model,
                "plugins": sorted(self.plugins.values()),
            },
            points=self._points,
        )

    @cached_property
    def _points(self) -> str:
        """The points as text: many numbers, which take longer to write than to hash."""
        return canonical(self.points)

    def extended(self, replicates: int, line: list[str] | None = None) -> "Plan":
        """Return the same plan with another number of replicates, and the line that asks for it."""
        return replace(self, replicates=replicates, line=self.line if line is None else line)

    def to_json(self) -> str:
        """Return the plan as the text of its file, with a checksum over all of it."""
        content = {"hash": self.hash, **asdict(replace(self, points=[]))}
        content["shape"] = list(self.shape)
        head = {"checksum": digest(content, points=self._points), **content}
        del head["points"]
        # Each point on a line of its own: a number a line would take as long as playing them.
        text = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
        return f'{text},\n "points": ' + self._points.replace("],[", "],\n  [") + "\n}"

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read a plan's file; ConfigError if it is none, of another format, or was changed."""
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


@cache
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path such as ``scenario.channels[0].calls_per_year.value``."""
    found = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(int(index) if index else key for index, key in found)


def place(path: str) -> tuple[str, ...]:
    """Return a path as keys alone: ``channels.0`` and ``channels[0]`` are the same place."""
    return tuple(str(step) for step in steps(path))


def at(node: object, path: str) -> object:
    """Return what stands at a path into mappings and lists, None if nothing does."""
    for step in steps(path):
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list) and str(step).isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node


def has(node: object, path: str) -> bool:
    """Return whether a path into mappings exists."""
    parent, _, last = path.rpartition(".")
    inner = at(node, parent) if parent else node
    return isinstance(inner, Mapping) and last in inner


def changed(node: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return a copy of a configuration with some paths set; all else is shared with `node`."""
    result = dict(node)
    copied: dict[tuple[Step, ...], dict[Step, object] | list[object]] = {}
    for path, value in changes.items():
        *parents, last = steps(path)
        here: dict[Step, object] | list[object] = result  # type: ignore[assignment]
        for depth, step in enumerate(parents, start=1):
            where = tuple(parents[:depth])
            if where not in copied:
                inner = here.get(step) if isinstance(here, dict) else here[int(step)]
                whole = inner if isinstance(inner, Mapping) else {}
                copied[where] = list(inner) if isinstance(inner, list) else dict(whole)
                _put(here, step, copied[where])
            here = copied[where]
        _put(here, last, value)
        if isinstance(value, Mapping):
            # The new mapping is the caller's: a later change of it needs a copy of its own.
            below = (*parents, last)
            for where in [p for p in copied if p[: len(below)] == below]:
                del copied[where]
    return result


def _put(node: dict[Step, object] | list[object], step: Step, value: object) -> None:
    if isinstance(node, dict):
        node[step] = value
    else:
        node[int(step)] = value


def flat(node: object, path: str = "") -> dict[str, object]:
    """Return a configuration as dotted paths and values, without seed and replicate."""
    if isinstance(node, Mapping):
        parts = [flat(v, f"{path}.{k}" if path else str(k)) for k, v in node.items()]
    elif isinstance(node, list):
        parts = [flat(v, f"{path}[{n}]") for n, v in enumerate(node)]
    else:
        return {} if path in ("seed", "replicate") else {path: node}
    return {key: value for part in parts for key, value in part.items()}


def paths_apart(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """Return the paths in which two flat configurations differ."""
    return [path for path in dict.fromkeys([*one, *other]) if one.get(path) != other.get(path)]
