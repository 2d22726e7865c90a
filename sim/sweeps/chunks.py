"""Pieces of work: some cells with a block of replicates each, and which pieces are missing."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sim.shocks import BLOCK

SMALLEST, LARGEST = 128, 2048
"""Runs of one chunk: large enough for a file of its own, small enough to lose."""
SHARE = 64
"""How many chunks a sweep is meant to have, if their size allows it."""


class Chunk(NamedTuple):
    """A piece of work: every cell of a range with every replicate of a range.

    Attributes
    ----------
    first_cell, end_cell : int
        Cells, the end not included.
    first_replicate, end_replicate : int
        Replicates, the end not included.
    """

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
