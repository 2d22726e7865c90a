"""Shares of variance: known models without and with chance, and the assumption ledger."""

from typing import Any

import numpy as np
import pytest

from sim.analysis import Results, assumption_ledger, inputs
from sim.analysis.assumptions import FEWEST, POINTS, Decomposition, _between, decomposition
from sim.config.number import assumptions_by_class


def made(values: np.ndarray[Any, np.dtype[np.float64]], *keys: str) -> Decomposition:
    """A decomposition of outcomes with one axis a key and replicates last."""
    return Decomposition(keys, values)


def test_without_chance_shares_are_those_of_analysis_of_variance() -> None:
    a, b = np.array([0.0, 1.0, 2.0])[:, None], np.array([0.0, 3.0])[None, :]
    table = a + b + 0.5 * a * b
    found = made(np.repeat(table[..., None], 5, axis=2), "a", "b")
    total = table.var()
    main_a = table.mean(axis=1).var() / total
    main_b = table.mean(axis=0).var() / total
    assert found.explained(["a"]).value == pytest.approx(main_a)
    assert found.explained(["b"]).value == pytest.approx(main_b)
    assert found.resting_on(["a"]).value == pytest.approx(1 - main_b)
    assert found.chance().value == pytest.approx(0.0, abs=1e-12)
    assert found.explained(["a", "b"]).value == pytest.approx(1.0)


def test_chance_that_all_cells_share_is_chance() -> None:
    luck = np.random.default_rng(1).normal(size=400)
    found = made(np.tile(luck, (4, 1)), "a")
    assert found.chance().value == pytest.approx(1.0)
    assert found.explained(["a"]).value == pytest.approx(0.0)


def test_with_chance_the_estimate_is_unbiased_and_its_interval_covers() -> None:
    """Levels 0, 1, 2 plus unit noise: between them lies (2/3) of (2/3 + 1) of the variance."""
    truth = (2 / 3) / (2 / 3 + 1)
    rng = np.random.default_rng(2)
    values, covered = [], 0
    for _ in range(500):
        outcome = np.arange(3.0)[:, None] + rng.normal(size=(3, 20))
        share = made(outcome, "a").explained(["a"])
        values.append(share.value)
        covered += share.low <= truth <= share.high
    assert np.mean(values) == pytest.approx(truth, abs=0.01)
    assert covered / 500 > 0.9


def test_nothing_between_levels_is_not_taken_for_something() -> None:
    """Naive variances of cell means would be positive; these are zero on average."""
    rng = np.random.default_rng(3)
    uncut = []
    for _ in range(300):
        found = made(rng.normal(size=(10, 4)), "a")
        uncut.append(_between(found.levels(["a"])) / found._total[0])
    assert np.mean(uncut) == pytest.approx(0.0, abs=0.02)


def test_parts_of_a_sweep_sum_to_one(factorial: Results) -> None:
    found = assumption_ledger(factorial)
    assert "assumptions" not in found.shares
    assert sum(e.value for e in found.shares.values()) == pytest.approx(1.0)
    assert found.moved_assumptions == 0
    assert {entry.ground for entry in found.moved} == {"choice"}
    assert any("moved 0 of them" in note for note in found.notes)
    classes = assumptions_by_class(factorial.scenario.numbers())
    assert any(f"so {len(classes)} stand for themselves" in note for note in found.notes)
    assert any("design=saltelli" in note for note in found.notes)


def test_parts_of_a_design_sum_to_one(saltelli: Results) -> None:
    found = assumption_ledger(saltelli)
    assert set(found.shares) == {"assumptions", "choices and sourced numbers", "chance"}
    assert sum(e.value for e in found.shares.values()) == pytest.approx(1.0, abs=0.02)
    assert found.moved_assumptions == 3
    assert set(found.sobol) == set(saltelli.plan.point_keys)
    frame = found.to_frame()
    assert frame["ground"].to_list() == ["choice", "assumed", "assumed", "assumed"]
    assert frame["stated"].null_count() == 1


def test_counts_are_those_of_the_scenario(factorial: Results) -> None:
    found = assumption_ledger(factorial)
    numbers = [number for _, number in factorial.scenario.numbers()]
    assert found.numbers == len(numbers)
    assumed = [n for n in numbers if n.assumed]
    ranges = [n for n in assumed if n.low is not None and n.high is not None and n.low < n.high]
    assert found.assumed == len(ranges) < len(assumed), "a fixed assumption has no range"
    assert any(f"and {len(assumed) - len(ranges)} without one" in note for note in found.notes)


def test_grounds_of_inputs(hypercube: Results) -> None:
    found = {entry.key: entry for entry in inputs(hypercube)}
    assert found["armenia.strategy.beta"].ground == "choice"
    assert found["armenia.strategy.beta"].swept == "0.2 to 2"
    assert found["armenia.strategy.beta"].stated is None
    quo = found["scenario.status_quo.azerbaijan.value"]
    assert quo.ground == "assumption"
    assert quo.stated == hypercube.scenario.status_quo["azerbaijan"].value


def test_mixed_draws_are_counted_as_assumptions_and_it_is_said(hypercube: Results) -> None:
    assert any("at most" in note for note in assumption_ledger(hypercube).notes)


def test_drawn_numbers_are_one_axis(saltelli: Results) -> None:
    found = decomposition(saltelli)
    assert found.keys == ("agenda", POINTS)
    assert found.values.shape == (2, 40, 4)


def test_an_interval_has_width_where_means_differ() -> None:
    """Three replicates of signed or not: estimates below 0 were cut to [0, 0], chance to [1, 1]."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        outcome = (rng.random((4, 3)) < np.array([[0.3], [0.5], [0.6], [0.7]])).astype(float)
        found = made(outcome, "a")
        for share in (found.explained(["a"]), found.resting_on(["a"]), found.chance()):
            differ = np.ptp(outcome.mean(axis=1)) > 1e-9
            assert not (differ and share.low == share.high), outcome


def test_what_never_differs_has_a_known_share() -> None:
    luck = np.random.default_rng(5).normal(size=6)
    found = made(np.tile(luck, (3, 2, 1)), "a", "b")
    for share, known in ((found.resting_on(["a"]), 0.0), (found.chance(), 1.0)):
        assert (share.low, share.high) == pytest.approx((known, known))


def test_variance_is_not_divided_with_too_few_replicates(hypercube: Results) -> None:
    assert hypercube.plan.replicates < FEWEST
    found = assumption_ledger(hypercube)
    assert not found.shares
    assert not found.by_input
    assert any("it is unknown how much of the variance is chance" in n for n in found.notes)
