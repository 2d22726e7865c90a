"""Citizens and their graphs as compressed rows, and a pool of them.

A graph takes about as long to draw as a run to play, so a sweep builds a small pool once and
replicate `r` lives on graph `r` modulo its size.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.model.records import Public, Ties

if TYPE_CHECKING:
    from networkx import Graph

POOL = 16
"""Graphs in a pool; part of what a seed means, so it never changes."""

_SPAWN_KEY = 2**31
"""Keeps the graphs' streams apart from those of the tape, whose keys start with a block.

The graphs of a second home have the next key.
"""


class GraphPool(NamedTuple):
    """Graphs in compressed rows, all with the same citizens."""

    start: Ties  # where each citizen's ties begin; shape (graphs, citizens + 1)
    # neighbours; padded at the end to the longest graph; shape (graphs, ties)
    tie: Ties
    # weight of each tie of a citizen: they sum to 1; shape (graphs, citizens)
    tie_weight: NDArray[np.float64]


Rows: TypeAlias = tuple[Ties, Ties]
"""`start` and `tie` of one graph, neighbours ascending."""


def small_world(citizens: int, degree: int, rewiring: float, seed: int) -> Rows:
    """Return a Watts and Strogatz (1998) graph of even mean degree.

    Tie for tie that of `networkx.watts_strogatz_graph` with the same seed, and compiled.
    """
    width = max(2, degree - degree % 2)
    if width >= citizens:
        from networkx import watts_strogatz_graph

        return compressed_rows(watts_strogatz_graph(citizens, width, rewiring, seed))
    from sim.model.rules.opening import rewire, tie_rows

    ring = (np.arange(citizens) + np.arange(1, width // 2 + 1)[:, None]) % citizens
    size = citizens * width + round(1.5 * rewiring * citizens * width) + 400
    while not rewire(other := ring.copy(), rewiring, _words(seed, size)):
        size *= 2
    start = np.zeros(citizens + 1, np.uint32)
    tie = np.zeros(citizens * width, np.uint32)
    tie_rows(other, start, tie, start.copy(), tie.copy())
    return start, tie


def _words(seed: int, size: int) -> NDArray[np.uint32]:
    """Return the first words of Python's generator, from which all its numbers are made."""
    return np.frombuffer(Random(seed).randbytes(4 * size), "<u4")


def complete(citizens: int, degree: int, rewiring: float, seed: int) -> Rows:
    """Return the complete graph: everybody sees everybody, as in Granovetter (1978)."""
    start = np.arange(citizens + 1) * (citizens - 1)
    own, neighbour = np.indices((citizens, citizens))
    return start.astype(np.uint32), neighbour[own != neighbour].astype(np.uint32)


def scale_free(citizens: int, degree: int, rewiring: float, seed: int) -> Rows:
    """Return a Barabasi and Albert (1999) graph; each newcomer ties to half the mean degree."""
    from networkx import barabasi_albert_graph

    ties = min(max(1, round(degree / 2)), citizens - 1)
    return compressed_rows(barabasi_albert_graph(citizens, ties, seed=seed))


def block_model(citizens: int, degree: int, rewiring: float, seed: int) -> Rows:
    """Return two camps of equal size, `rewiring` of the ties across them.

    Stochastic block model of Holland, Laskey and Leinhardt (1983); the first half of the
    citizens is one camp.
    """
    from networkx import stochastic_block_model

    sizes = [citizens // 2, citizens - citizens // 2]
    within = min(1.0, degree * (1.0 - rewiring) / max(sizes[0] - 1, 1))
    across = min(1.0, degree * rewiring / max(sizes[1], 1))
    chances = [[within, across], [across, within]]
    return compressed_rows(stochastic_block_model(sizes, chances, seed=seed))


GRAPHS: Mapping[str, Callable[[int, int, float, int], Rows]] = {
    "small_world": small_world,
    "complete": complete,
    "scale_free": scale_free,
    "block_model": block_model,
}
"""Graph families by name: ``(citizens, degree, rewiring, seed) -> rows``."""


def compressed_rows(graph: "Graph[int]") -> Rows:
    """Return `start` and `tie` of one graph whose nodes are 0 .. n - 1, neighbours ascending."""
    neighbours = [sorted(graph.neighbors(node)) for node in range(graph.number_of_nodes())]
    start = np.zeros(len(neighbours) + 1, np.uint32)
    start[1:] = np.cumsum([len(row) for row in neighbours])
    flat = [node for row in neighbours for node in row]
    return start, np.array(flat, np.uint32)


def _pool_of(rows: list[Rows]) -> GraphPool:
    width = max(len(tie) for _, tie in rows)
    start = np.stack([s for s, _ in rows])
    tie = np.zeros((len(rows), width), np.uint32)
    for g, (_, neighbours) in enumerate(rows):
        tie[g, : len(neighbours)] = neighbours
    return GraphPool(start, tie, 1.0 / np.maximum(np.diff(start), 1))


def graph_pool(
    family: str,
    citizens: int,
    degree: int,
    rewiring: float,
    seed: int,
    numbers: Sequence[int] = range(POOL),
    second: bool = False,
) -> GraphPool:
    """Build the graphs of a sweep's pool that have these numbers.

    family: key of `GRAPHS`.
    citizens, degree, rewiring: size, mean number of ties, and share of ties that are rewired.
    seed: the sweep's seed; graph `g` depends on it and on `g` alone.
    numbers: which of the `POOL` graphs are wanted.
    second: whether they are for a second home, whose graphs are drawn apart.

    Raises KeyError if the family is unknown.
    """
    if citizens == 0:
        nobody = np.zeros((1, 1), np.uint32)
        return GraphPool(nobody, nobody[:, :0].copy(), np.zeros((1, 0)))
    key = _SPAWN_KEY + second
    return _pool_of([_graph(family, citizens, degree, rewiring, (seed, key, g)) for g in numbers])


@lru_cache(maxsize=2 * POOL)
def _graph(
    family: str, citizens: int, degree: int, rewiring: float, chance: tuple[int, int, int]
) -> Rows:
    """Return one graph of a pool in compressed rows; `chance` is the seed and what is spawned."""
    seed, *spawned = chance
    drawn = np.random.SeedSequence(seed, spawn_key=spawned).generate_state(1)
    return GRAPHS[family](citizens, degree, rewiring, int(drawn[0]))


def new_public(citizens: int, pool: GraphPool, graph: int) -> Public:
    """Return zeroed citizens on one graph of the pool."""

    def zeros() -> NDArray[np.float64]:
        return np.zeros(citizens)

    return Public(
        innate=zeros(),
        opinion=zeros(),
        next_opinion=zeros(),
        susceptibility=zeros(),
        anchor=zeros(),
        threshold=zeros(),
        exposure=zeros(),
        active=np.zeros(citizens, np.int8),
        queue=np.zeros(citizens, np.int32),
        start=pool.start[graph],
        tie=pool.tie[graph],
        tie_weight=pool.tie_weight[graph],
    )


def no_public() -> Public:
    """Return the citizens of a home whose public is not modelled: none."""
    return new_public(0, graph_pool("complete", 0, 0, 0.0, 0), 0)
