"""How far curves of cumulative incidence may be off: runs that share replicates and points.

Each batch of replicates, and of points, gives curves of its own; their spread is that of a ratio
of means over independent clusters, see `sim.analysis.intervals`.
"""

import numpy as np
from numpy.typing import NDArray

from sim.analysis.competing_risks import Curves, from_counts
from sim.analysis.first_events import Firsts, weekly_counts
from sim.analysis.results import Floats, Group, Results

MOST_BATCHES = 100
"""Batches of replicates, or of points, from which the variance of curves is taken."""


def clusters_behind(results: Results, firsts: Firsts, group: Group) -> int:
    """Return how many independent replicates some cells' runs come from, or points if fewer."""
    there = firsts.event[group.cells] >= 0
    replicates = int(there.any(axis=0).sum())
    clusters = results.clusters_of(group.cells)
    return (
        replicates
        if clusters is None
        else min(replicates, len(np.unique(clusters[there.any(axis=1)])))
    )


def clustered_variance(
    results: Results, firsts: Firsts, group: Group, curves: Curves
) -> tuple[Floats, Floats]:
    """Return variance and its degrees of freedom of curves whose runs share their chance.

    From batches of replicates, and of points if sampled: each batch that has runs gives curves of
    its own, which count by its runs.
    """
    clusters = results.clusters_of(group.cells)
    variances, freedoms = [], []
    for axis, side in enumerate((np.arange(firsts.event.shape[1]), clusters)):
        if side is None:
            continue
        # Batches of what has runs: an unfinished sweep may lack most.
        played = (firsts.event[group.cells] >= 0).any(axis=axis)
        known, place = np.unique(side[played], return_inverse=True)
        batches = min(MOST_BATCHES, len(known))
        batch = np.full(len(side), -1)
        batch[played] = place * batches // max(len(known), 1)
        variance = _between(firsts, group, curves, axis, batch) if batches > 1 else np.nan
        variances.append(np.broadcast_to(variance, curves.incidence.shape))
        freedoms.append(max(batches - 1, 1))
    if len(variances) == 1:
        return variances[0], np.full_like(variances[0], freedoms[0])
    total = np.sum(variances, axis=0)
    below = sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    # Satterthwaite (1946), see `sim.analysis.intervals`.
    freedom = np.divide(total**2, below, out=np.ones_like(total), where=below > 0)
    return np.maximum(np.max(variances, axis=0), total - curves.variance), freedom


def _between(
    firsts: Firsts, group: Group, curves: Curves, axis: int, batch: NDArray[np.int64]
) -> Floats:
    """Return the variance of curves between batches of replicates (axis 0) or of points (1)."""
    batches = int(batch.max()) + 1
    weeks = len(curves.times)
    squares = np.zeros_like(curves.incidence)
    for number in range(batches):
        rows = group.cells if axis == 0 else group.cells[batch == number]
        part = firsts
        if axis == 0:
            inside = batch == number
            part = Firsts(firsts.event[:, inside], firsts.week[:, inside])
        counts = weekly_counts(part, rows)
        own = from_counts(np.arange(len(counts), dtype=float), counts).incidence
        weight = counts.sum() / curves.at_risk[0]
        squares += (weight * (_continued(own, weeks) - curves.incidence)) ** 2
    found: Floats = squares * batches / (batches - 1)
    return found


def _continued(curve: Floats, weeks: int) -> Floats:
    """Return a curve that stays where it is after its last event."""
    missing = weeks - curve.shape[1]
    longer: Floats = np.pad(curve, ((0, 0), (0, max(missing, 0))), mode="edge")
    return longer[:, :weeks]
