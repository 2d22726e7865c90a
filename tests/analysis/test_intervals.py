"""Estimates and intervals: against statsmodels, by hand, and by simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from sim.runs.intervals import (
    Estimate,
    Z,
    effective_size,
    estimate,
    paired_estimate,
    paired_shares,
    ratio_variance,
    spread,
    student,
    wilson,
)


@pytest.mark.parametrize("count", [0, 1, 7, 30, 59, 60])
def test_a_share_of_one_cell_has_wilsons_interval(count: int) -> None:
    values = np.array([[1.0] * count + [0.0] * (60 - count)])
    found = estimate(values, share=True)
    assert found.value == pytest.approx(count / 60)
    low, high = proportion_confint(count, 60, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert found.runs == 60


def test_wilson_takes_arrays() -> None:
    counts, sizes = np.array([0, 3, 500]), np.array([10, 10, 1000])
    expected = proportion_confint(counts, sizes, method="wilson")
    found = wilson(counts / sizes, sizes)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_mean_of_one_cell_has_students_interval() -> None:
    values = np.random.default_rng(1).normal(size=(1, 17))
    found = estimate(values)
    expected = stats.t.interval(0.95, 16, values.mean(), stats.sem(values[0]))
    assert (found.low, found.high) == pytest.approx(expected)


def test_cells_that_repeat_each_other_add_nothing() -> None:
    row = np.random.default_rng(2).integers(0, 2, 200).astype(float)
    one = estimate(np.array([row, row]), share=True)
    many = estimate(np.tile(row, (50, 1)), share=True)
    assert (one.low, one.high) == pytest.approx((many.low, many.high))
    assert one.high - one.low == pytest.approx(2 * 1.96 * (row.var() / 200) ** 0.5, rel=0.05)


def test_missing_runs_are_left_out() -> None:
    values = np.array([[1.0, np.nan, 0.0, 1.0], [1.0, 1.0, np.nan, 0.0]])
    found = estimate(values, share=True)
    assert found.runs == 6
    assert found.value == pytest.approx(4 / 6)
    assert spread(values).clusters == 4


def test_nothing_gives_nothing() -> None:
    found = estimate(np.full((2, 3), np.nan))
    assert found.runs == 0
    assert np.isnan(found.value)


def test_one_replicate_gives_no_interval_of_a_mean() -> None:
    assert np.isnan(estimate(np.array([[1.0], [2.0]])).low)


def test_ratio_variance_by_hand() -> None:
    sums, sizes = np.array([2.0, 0.0, 1.0]), np.array([2.0, 2.0, 2.0])
    shares = sums / sizes
    assert ratio_variance(sums, sizes) == pytest.approx(shares.var(ddof=1) / 3)


def test_two_ways_of_clustering_cover_the_truth() -> None:
    """Points and replicates both shift the outcome: intervals by either alone are too short."""
    rng = np.random.default_rng(5)
    points = np.arange(40)
    both = one_way = 0
    for _ in range(400):
        outcome = rng.normal(size=(40, 1)) + rng.normal(size=(1, 25)) + rng.normal(size=(40, 25))
        found, plain = estimate(outcome, points), estimate(outcome)
        both += found.low <= 0.0 <= found.high
        one_way += plain.low <= 0.0 <= plain.high
    assert both / 400 == pytest.approx(0.95, abs=3 * (0.95 * 0.05 / 400) ** 0.5 + 0.01)
    assert one_way / 400 < 0.9


def test_effective_size_lies_between_one_and_the_runs() -> None:
    assert effective_size(0.5, 1e-9, 10, 100) == 100
    assert effective_size(0.5, 10.0, 10, 100) == 1
    assert effective_size(0.0, 0.0, 10, 100) == 10
    assert effective_size(0.5, 0.01, 10, 100, np.inf) == pytest.approx(25)


def test_few_clusters_make_the_effective_size_smaller() -> None:
    """Korn and Graubard (1998): the quantile of few degrees of freedom, in Wilson's interval."""
    assert effective_size(0.5, 0.01, 10, 100) == pytest.approx(25 * (Z / student(9)) ** 2)
    both = effective_size(np.full(2, 0.5), np.full(2, 0.01), 10, 100, np.array([9.0, 3.0]))
    assert both == pytest.approx([25 * (Z / student(f)) ** 2 for f in (9, 3)])


def test_one_replicate_of_a_design_tells_nothing_of_chance() -> None:
    outcome = np.random.default_rng(7).integers(0, 2, (256, 1)).astype(float)
    found = estimate(outcome, np.arange(256), share=True)
    assert found.high - found.low > 0.7
    assert np.isnan(estimate(outcome, np.arange(256)).low)


# --- coverage by simulation

REPEATED = 300
"""Simulated sweeps of each kind; three standard errors of a coverage of 95 % are 3.8 points."""


def drawn(rng: np.random.Generator, cells: int, replicates: int, points: bool) -> np.ndarray:
    """Return latent outcomes whose replicates share chance, and whose cells differ."""
    own = rng.normal(size=(cells, 1)) if points else np.linspace(-1, 1, cells)[:, np.newaxis]
    shared = 0.7 * rng.normal(size=(1, replicates))
    latent: np.ndarray = own + shared + rng.normal(size=(cells, replicates))
    return latent


@pytest.mark.parametrize(
    ("cells", "replicates", "points", "share"),
    [(256, 8, True, True), (256, 4, True, False), (50, 8, False, True), (50, 8, False, False)],
)
def test_intervals_cover_the_truth(cells: int, replicates: int, points: bool, share: bool) -> None:
    rng = np.random.default_rng(cells + replicates)
    own = np.linspace(-1, 1, cells)
    line = 0.5
    spreads = (1.0 if points else 0.0) + 0.7**2 + 1.0
    middle = 0.0 if points else own
    truth = float(np.mean(stats.norm.sf(line, middle, spreads**0.5))) if share else 0.0
    covered = 0
    for _ in range(REPEATED):
        outcome = drawn(rng, cells, replicates, points)
        values = (outcome > line).astype(float) if share else outcome
        found = estimate(values, np.arange(cells) if points else None, share)
        covered += found.low <= truth <= found.high
    assert covered / REPEATED >= 0.93


# --- differences of shares


def bonett_price(more: int, less: int, pairs: int) -> tuple[float, float]:
    """Return the adjusted Wald interval of Bonett and Price (2012, eq. 4) for one pair of cells."""
    up, down = (more + 1) / (pairs + 2), (less + 1) / (pairs + 2)
    half = Z * ((up + down - (up - down) ** 2) / (pairs + 2)) ** 0.5
    return max(-1.0, up - down - half), min(1.0, up - down + half)


@pytest.mark.parametrize(("more", "less", "pairs"), [(5, 2, 24), (0, 0, 8), (8, 0, 8), (3, 3, 40)])
def test_one_pair_of_cells_has_the_interval_of_bonett_and_price(
    more: int, less: int, pairs: int
) -> None:
    change = np.array([[1.0] * more + [-1.0] * less + [0.0] * (pairs - more - less)])
    found = paired_estimate(change)
    assert found.value == pytest.approx((more - less) / pairs)
    assert (found.low, found.high) == pytest.approx(bonett_price(more, less, pairs))
    twice = paired_shares(np.repeat(change[np.newaxis], 2, axis=0)).estimate()
    assert (twice.low, twice.high) == pytest.approx((found.low, found.high), abs=0.09)
    assert twice.high - twice.low >= found.high - found.low - 1e-9, "a copy tells nothing new"


def test_differences_without_runs_are_unknown() -> None:
    assert np.isnan(paired_estimate(np.full((1, 4), np.nan)).low)


def test_estimate_columns_have_the_names_asked_for() -> None:
    found = Estimate(0.5, 0.4, 0.6, 10)
    assert found.columns() == {"value": 0.5, "low": 0.4, "high": 0.6}
    assert found.columns("after", "after_") == {"after": 0.5, "after_low": 0.4, "after_high": 0.6}
