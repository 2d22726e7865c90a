"""The difference between two sweeps over the cells in common, run by run or of two samples."""

import numpy as np

from sim.analysis.intervals import Estimate, estimate, paired_estimate, spread
from sim.analysis.paired import PRECISION
from sim.analysis.results import Floats, Results

Blocks = list[tuple[Floats, Floats]]
"""Outcomes of the cells that belong together, each of shape (points, replicates)."""


def change_of(first: Floats, second: Floats) -> Floats:
    """Return the differences run by run, over the replicates that both have."""
    replicates = min(first.shape[1], second.shape[1])
    change: Floats = second[:, :replicates] - first[:, :replicates]
    return change


def mean_change(change: Floats, results: Results, share: bool) -> Estimate:
    """Return the mean of differences run by run with its interval."""
    clusters = results.clusters_of(np.arange(results.points))
    return paired_estimate(change, clusters) if share else estimate(change, clusters)


def unpaired(before: Estimate, after: Estimate) -> Estimate:
    """Return a difference of independent estimates (Newcombe's 1998 hybrid interval)."""
    value = after.value - before.value
    low = value - np.hypot(after.value - after.low, before.high - before.value)
    high = value + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, float(low), float(high), min(before.runs, after.runs))


def overall_paired(
    blocks: Blocks, one: Results, share: bool
) -> tuple[Estimate, int, tuple[str, ...]]:
    """Return the mean difference run by run, the replicates still needed, and what to say."""
    total = sum((change_of(*block) for block in blocks), np.zeros(())) / len(blocks)
    found = mean_change(total, one, share)
    count = spread(total, one.clusters_of(np.arange(one.points))).clusters
    half = (found.high - found.low) / 2
    wanted = int(np.ceil(count * (half / PRECISION) ** 2)) if np.isfinite(half) else 0
    return found, max(0, wanted - count), _incomplete([total])


def overall_unpaired(
    blocks: Blocks, one: Results, other: Results, share: bool
) -> tuple[Estimate, tuple[float | None, float | None], tuple[str, ...]]:
    """Return the difference of two samples of cells, and the degrees of freedom of each mean.

    The cells of a sweep share their shocks, so each mean has an interval that knows of that, and
    the difference that of Newcombe (1998) from the two.
    """
    found, freedom, totals = [], [], []
    for side, results in enumerate((one, other)):
        cells = np.stack([block[side] for block in blocks])
        whole = np.isfinite(cells).all(axis=0)
        values = np.where(whole, cells, np.nan).reshape(-1, cells.shape[2])
        clusters = results.clusters_of(np.arange(results.points))
        points = None if clusters is None else np.tile(clusters, len(blocks))
        found.append(estimate(values, points, share))
        alone = points is None and len(blocks) == 1
        freedom.append(None if alone else spread(values, points).freedom)
        totals.append(np.where(whole, 0.0, np.nan))
    before, after = found
    return unpaired(before, after), (freedom[0], freedom[1]), _incomplete(totals)


def _incomplete(totals: list[Floats]) -> tuple[str, ...]:
    """Return what is to be said where some replicates lack some of the cells that are averaged."""
    if all(np.isfinite(total).all() for total in totals):
        return ()
    if not all(np.isfinite(total).any() for total in totals):
        return ("No replicate is complete in all cells in common, so their mean is unknown.",)
    return ("The mean over all cells rests on the replicates that are complete in all of them.",)
