"""What an interval or a verdict says holds as often as it says, over simulated sweeps.

Outcomes are made of what each cell, point and replicate brings, so that the truth is known: on
grids and drawn points, with common chance and chance of their own, few replicates and rare events.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.assumptions import POINTS, Decomposition
from sim.analysis.paired import Difference, best_set, mean_change
from sim.analysis.results import Results
from sim.runs.intervals import Clusters, estimate, paired_shares

Floats = NDArray[np.float64]
REPEATED = 300
"""Simulated sweeps of each kind; three standard errors of a coverage of 95 % are 3.8 points."""
SHARED = 0.7
"""Standard deviation of what a replicate brings to every cell, against 1 of each run's own."""


def runs(
    rng: np.random.Generator, own: Floats, replicates: int, line: float, common: bool = True
) -> Floats:
    """Return 0 or 1 for each cell and replicate; `own` is what each cell brings."""
    shape = (1, replicates) if common else (len(own), replicates)
    latent = own[:, np.newaxis] + SHARED * rng.normal(size=shape)
    return (latent + rng.normal(size=(len(own), replicates)) > line).astype(float)


def truth(own: Floats, line: float) -> Floats:
    """Return the probability of each cell."""
    found: Floats = stats.norm.sf((line - own) / np.hypot(SHARED, 1.0))
    return found


@pytest.mark.parametrize(("line", "replicates"), [(0.5, 4), (0.5, 20), (3.0, 8), (2.5, 100)])
def test_shares_over_a_grid(line: float, replicates: int) -> None:
    """Twelve cells pooled: few replicates, and events of less than 1 in 100."""
    rng, own, covered = np.random.default_rng(1), np.linspace(-1, 1, 12), 0
    for _ in range(REPEATED):
        found = estimate(runs(rng, own, replicates, line), share=True)
        covered += found.low <= truth(own, line).mean() <= found.high
    assert covered / REPEATED >= 0.92


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize(
    ("points", "replicates", "line"), [(64, 8, 0.5), (32, 4, 0.5), (256, 4, 2.5)]
)
def test_shares_over_drawn_points(points: int, replicates: int, line: float, common: bool) -> None:
    rng, covered, widths = np.random.default_rng(points), 0, []
    whole = float(stats.norm.sf(line / np.sqrt(2 + SHARED**2)))
    clusters = Clusters(np.arange(points), common)
    for _ in range(REPEATED):
        own = rng.normal(size=points)
        found = estimate(runs(rng, own, replicates, line, common), clusters, share=True)
        covered += found.low <= whole <= found.high
        widths.append(found.high - found.low)
    # Four replicates whose shocks all points share hold too little of a rare event's tail.
    assert covered / REPEATED >= (0.85 if common and line > 2 else 0.92)
    if not common and points == 64:
        assert np.mean(widths) < 0.25, "chance of their own makes runs worth more"


@pytest.mark.parametrize("effect", [0.0, 0.3])
@pytest.mark.parametrize(("contexts", "replicates"), [(1, 30), (12, 8), (60, 8), (6, 40)])
def test_averaged_pairs(contexts: int, replicates: int, effect: float) -> None:
    rng, covered = np.random.default_rng(contexts), 0
    base = np.linspace(-1, 1, contexts) if contexts > 1 else np.zeros(1)
    whole = float((truth(base + effect, 0.5) - truth(base, 0.5)).mean())
    for _ in range(REPEATED):
        both = runs(rng, np.concatenate([base + effect, base]), replicates, 0.5)
        change = (both[:contexts] - both[contexts:])[:, np.newaxis]
        found = paired_shares(change).estimate()
        covered += found.low <= whole <= found.high
    assert covered / REPEATED >= 0.92


def test_many_pairs_that_move_one_way_are_seen() -> None:
    """87 of 2,048 pairs move up and none down, in 8 replicates: the difference is clear."""
    change = np.zeros((256, 1, 8))
    change.reshape(-1)[np.random.default_rng(2).choice(2048, 87, replace=False)] = 1.0
    found = paired_shares(change).estimate()
    assert found.value == pytest.approx(87 / 2048)
    assert 0.0 < found.low < found.high < 0.1


def test_what_is_still_needed_is_what_suffices() -> None:
    """Where nothing moves, the interval is that of few pairs, and shrinks as pairs are added."""
    few = paired_shares(np.zeros((1, 1, 8)))
    needed = few.needed(0.02)
    enough = paired_shares(np.zeros((1, 1, 8 + needed))).estimate()
    short = paired_shares(np.zeros((1, 1, 8 + needed - 2))).estimate()
    assert (enough.high - enough.low) / 2 <= 0.02 < (short.high - short.low) / 2
    assert 8 + needed < 150


@pytest.mark.parametrize("replicates", [4, 8, 20])
def test_shares_of_variance_on_a_grid(replicates: int) -> None:
    """Shocks that cells share count in the whole variance: no bias upwards on few replicates."""
    rng, own = np.random.default_rng(replicates), np.linspace(-1, 1, 6)
    each = truth(own, 0.5)
    whole = float(each.var() / (each.mean() * (1 - each.mean())))
    values, covered = [], []
    for _ in range(REPEATED):
        found = Decomposition(("k",), runs(rng, own, replicates, 0.5)).explained(["k"])
        values.append(found.value)
        if np.isfinite(found.low):
            covered.append(found.low <= whole <= found.high)
    assert np.mean(values) == pytest.approx(whole, abs=0.02)
    assert np.mean(covered) >= 0.92


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize(("points", "replicates"), [(16, 100), (64, 8)])
def test_shares_of_variance_over_drawn_points(points: int, replicates: int, common: bool) -> None:
    """Which points were drawn is part of the error, with many replicates most of it."""
    rng, covered = np.random.default_rng(points), 0
    grid = stats.norm.ppf((np.arange(2000) + 0.5) / 2000)
    each = truth(grid, 0.5)
    whole = float(each.var() / (each.mean() * (1 - each.mean())))
    clusters = Clusters(np.arange(points), common)
    for _ in range(REPEATED // 2):
        outcome = runs(rng, rng.normal(size=points), replicates, 0.5, common)
        found = Decomposition((POINTS,), outcome, clusters).resting_on([POINTS])
        covered += found.low <= whole <= found.high
    assert covered / (REPEATED // 2) >= 0.84, "a variance of 16 draws has heavy tails"


def as_results(monkeypatch: pytest.MonkeyPatch, results: Results, outcome: Floats) -> Results:
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    return results


def test_the_best_cells_are_in_the_set_of_the_best(
    factorial: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The truly best of 12 is in the set 95 % of the time, though it is often not the highest."""
    rng, own = np.random.default_rng(7), np.linspace(0.0, 0.25, 12)
    inside = highest = 0
    for _ in range(100):
        outcome = runs(rng, own, 40, 0.5)
        found = best_set(as_results(monkeypatch, factorial, outcome))
        inside += 11 in found
        highest += outcome.mean(axis=1).argmax() == 11
        assert int(outcome.mean(axis=1).argmax()) in found
    assert inside >= 92
    assert highest < 80


def test_a_cell_that_is_far_below_is_not_in_the_set(
    factorial: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = np.array([-3.0, *np.full(11, 1.0)])
    outcome = runs(np.random.default_rng(8), own, 60, 0.5)
    assert 0 not in best_set(as_results(monkeypatch, factorial, outcome))


def test_comparisons_of_nothing_are_rarely_called_clear(saltelli: Results) -> None:
    """Six values that do nothing: of 15 comparisons one is clear in at most 1 of 20 sweeps."""
    rng, clear = np.random.default_rng(9), 0
    results = saltelli  # of which the number of points alone is read
    for _ in range(150):
        block = runs(rng, np.zeros(6 * results.points), 8, 0.5, common=False)
        values = block.reshape(6, results.points, 8)
        pairs = [(a, b) for a in range(6) for b in range(a)]
        found = [mean_change((values[a] - values[b])[np.newaxis], results, True) for a, b in pairs]
        clear += any(
            Difference(
                key="k", value=0, than=1, context="", cells=1, pairs=m.clusters,
                difference=m.mean.value, low=m.mean.low, high=m.mean.high, more=0, less=0,
                still_needed=0, freedom=m.freedom,
            ).clear_among(len(pairs))
            for m in found
        )  # fmt: skip
    assert clear / 150 <= 0.08


def test_means_stay_within_what_is_possible() -> None:
    """Three deals near an end of the scale: the interval does not pass it."""
    found = estimate(np.array([[0.99, 0.7, 0.95]]), bounds=(0.0, 1.0))
    assert found.high == 1.0
    assert 0.0 <= found.low < found.value
