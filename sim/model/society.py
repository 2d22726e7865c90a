"""Citizens and their graphs: NetworkX graphs as compressed rows, and a pool of them.

NetworkX takes about a millisecond for 300 citizens, longer than a run, so a sweep builds a small
pool once and replicate `r` lives on graph `r` modulo its size.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from sim.model.records import Public, Ties

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
    # weight of each tie, summing to 1 over a citizen's ties; shape (graphs, ties)
    tie_weight: NDArray[np.float64]


def small_world(citizens: int, degree: int, rewiring: float, seed: int) -> nx.Graph:
    """Return a Watts and Strogatz (1998) graph of even mean degree."""
    return nx.watts_strogatz_graph(citizens, max(2, degree - degree % 2), rewiring, seed=seed)


def complete(citizens: int, degree: int, rewiring: float, seed: int) -> nx.Graph:
    """Return the complete graph: everybody sees everybody, as in Granovetter (1978)."""
    return nx.complete_graph(citizens)


def scale_free(citizens: int, degree: int, rewiring: float, seed: int) -> nx.Graph:
    """Return a Barabasi and Albert (1999) graph; each newcomer ties to half the mean degree."""
    ties = min(max(1, round(degree / 2)), citizens - 1)
    return nx.barabasi_albert_graph(citizens, ties, seed=seed)


def block_model(citizens: int, degree: int, rewiring: float, seed: int) -> nx.Graph:
    """Return two camps of equal size, `rewiring` of the ties across them.

    Stochastic block model of Holland, Laskey and Leinhardt (1983); the first half of the
    citizens is one camp.
    """
    sizes = [citizens // 2, citizens - citizens // 2]
    within = min(1.0, degree * (1.0 - rewiring) / max(sizes[0] - 1, 1))
    across = min(1.0, degree * rewiring / max(sizes[1], 1))
    return nx.stochastic_block_model(sizes, [[within, across], [across, within]], seed=seed)


GRAPHS: Mapping[str, Callable[[int, int, float, int], nx.Graph]] = {
    "small_world": small_world,
    "complete": complete,
    "scale_free": scale_free,
    "block_model": block_model,
}
"""Graph families by name: ``(citizens, degree, rewiring, seed) -> graph``."""


def compressed_rows(graph: nx.Graph) -> tuple[Ties, Ties]:
    """Return `start` and `tie` of one graph whose nodes are 0 .. n - 1, neighbours ascending."""
    neighbours = [sorted(graph.neighbors(node)) for node in range(graph.number_of_nodes())]
    start = np.zeros(len(neighbours) + 1, np.uint32)
    start[1:] = np.cumsum([len(row) for row in neighbours])
    flat = [node for row in neighbours for node in row]
    return start, np.array(flat, np.uint32)


def _pool_of(rows: list[tuple[Ties, Ties]]) -> GraphPool:
    width = max(len(tie) for _, tie in rows)
    start = np.stack([s for s, _ in rows])
    tie = np.zeros((len(rows), width), np.uint32)
    weight = np.zeros((len(rows), width))
    for g, (first, neighbours) in enumerate(rows):
        tie[g, : len(neighbours)] = neighbours
        degrees = np.diff(first)
        weight[g, : len(neighbours)] = np.repeat(1.0 / np.maximum(degrees, 1), degrees)
    return GraphPool(start, tie, weight)


def graph_pool(
    family: str,
    citizens: int,
    degree: int,
    rewiring: float,
    seed: int,
    size: int = POOL,
    second: bool = False,
) -> GraphPool:
    """Build the first `size` graphs of a sweep's pool.

    family: key of `GRAPHS`.
    citizens, degree, rewiring: size, mean number of ties, and share of ties that are rewired.
    seed: the sweep's seed; graph `g` depends on it and on `g` alone.
    size: how many of the `POOL` graphs are wanted.
    second: whether they are for a second home, whose graphs are drawn apart.

    Raises KeyError if the family is unknown.
    """
    if citizens == 0:
        nobody = np.zeros((1, 1), np.uint32)
        return GraphPool(nobody, nobody[:, :0].copy(), np.zeros((1, 0)))
    key = _SPAWN_KEY + second
    return _pool_of(
        [_graph(family, citizens, degree, rewiring, (seed, key, g)) for g in range(size)]
    )


@lru_cache(maxsize=2 * POOL)
def _graph(
    family: str, citizens: int, degree: int, rewiring: float, chance: tuple[int, int, int]
) -> tuple[Ties, Ties]:
    """Return one graph of a pool in compressed rows; `chance` is the seed and what is spawned."""
    seed, *spawned = chance
    drawn = np.random.SeedSequence(seed, spawn_key=spawned).generate_state(1)
    return compressed_rows(GRAPHS[family](citizens, degree, rewiring, int(drawn[0])))


def new_public(citizens: int, pool: GraphPool, graph: int) -> Public:
    """Return zeroed citizens on one graph of the pool."""

    def zeros() -> NDArray[np.float64]:
        return np.zeros(citizens)

    return Public(
        innate=zeros(),
        opinion=zeros(),
        next_opinion=zeros(),
        susceptibility=zeros(),
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
