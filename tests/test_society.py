"""Graphs of the public: shape, mean degree, and dependence on the seed alone."""

import networkx as nx
import numpy as np
import pytest

from sim.model.society import GRAPHS, complete, compressed_rows, graph_pool, small_world


@pytest.mark.parametrize("family", sorted(GRAPHS))
def test_a_graph_is_symmetric_without_loops_and_its_weights_sum_to_one(family: str) -> None:
    pool = graph_pool(family, 120, 8, 0.1, 3, range(2))
    for g in range(2):
        start, tie, weight = pool.start[g], pool.tie[g], pool.tie_weight[g]
        ties = {(i, int(j)) for i in range(120) for j in tie[start[i] : start[i + 1]]}
        assert all((j, i) in ties and i != j for i, j in ties)
        degrees = np.diff(start)
        assert np.allclose((weight * degrees)[degrees > 0], 1.0)


@pytest.mark.parametrize("family", ["small_world", "scale_free", "block_model"])
def test_the_mean_degree_is_what_was_asked_for(family: str) -> None:
    pool = graph_pool(family, 400, 8, 0.1, 4, range(4))
    mean = np.mean([pool.start[g, -1] / 400 for g in range(4)])
    assert mean == pytest.approx(8.0, rel=0.08)


@pytest.mark.parametrize("family", sorted(GRAPHS))
def test_the_same_seed_gives_the_same_graphs(family: str) -> None:
    one, other = (graph_pool(family, 60, 6, 0.2, 9, range(3)) for _ in range(2))
    assert np.array_equal(one.tie, other.tie)
    first_only = graph_pool(family, 60, 6, 0.2, 9, range(1))
    assert np.array_equal(first_only.start[0], one.start[0])


def test_a_scale_free_graph_has_hubs_and_a_small_world_has_none() -> None:
    degrees = {
        family: np.diff(graph_pool(family, 400, 8, 0.1, 5, range(1)).start[0])
        for family in ("scale_free", "small_world")
    }
    assert degrees["scale_free"].max() > 40
    assert degrees["small_world"].max() < 20


@pytest.mark.parametrize("across", [0.0, 0.1, 0.5])
def test_the_share_of_ties_across_the_camps_is_what_was_asked_for(across: float) -> None:
    pool = graph_pool("block_model", 400, 10, across, 6, range(1))
    start, tie = pool.start[0], pool.tie[0]
    own = np.repeat(np.arange(400) < 200, np.diff(start))
    crossing = np.mean(own != (tie[: start[-1]] < 200))
    assert crossing == pytest.approx(across, abs=0.03)


@pytest.mark.parametrize("rewiring", [0.0, 0.1, 0.7, 1.0])
def test_small_worlds_are_tie_for_tie_those_of_networkx(rewiring: float) -> None:
    rng = np.random.default_rng(5)
    for seed in rng.integers(2**32, size=60).tolist():
        citizens = int(rng.integers(3, 12 if seed % 2 else 300))
        degree = int(rng.integers(1, min(citizens, 24) + 1))
        width = max(2, degree - degree % 2)
        theirs = nx.watts_strogatz_graph(citizens, width, rewiring, seed=seed)
        for own, wanted in zip(
            small_world(citizens, degree, rewiring, seed), compressed_rows(theirs), strict=True
        ):
            assert own.dtype == wanted.dtype
            assert own.tolist() == wanted.tolist(), (citizens, degree, seed)


@pytest.mark.parametrize("citizens", [1, 2, 7])
def test_the_complete_graph_is_that_of_networkx(citizens: int) -> None:
    theirs = compressed_rows(nx.complete_graph(citizens))
    for own, wanted in zip(complete(citizens, 0, 0.0, 0), theirs, strict=True):
        assert own.tolist() == wanted.tolist()
