"""Estimates with intervals from runs that share their chance.

The runs of one replicate meet the same shocks in every cell, and the runs of one point of a
sampled design have the same numbers, so runs are not independent of each other: replicates are,
and points are. Variances are those of a ratio of means over independent clusters (Korn and Graubard
1998); where both replicates and points cluster the runs, the two variances are added and that of
independent runs taken off (Cameron, Gelbach and Miller 2011). Shares have Wilson's interval (1927)
with the effective sample size that the variance gives.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.sweeps.shares import LEVEL, share_of, wilson

Floats = NDArray[np.float64]
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
"""Normal quantile of the intervals, which are 95 % ones."""


@dataclass(frozen=True)
class Estimate:
    """A mean or a share with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN if there is nothing to estimate from.
    runs : int
        Runs that it rests on.
    """

    value: float
    low: float
    high: float
    runs: int


__all__ = [
    "Estimate",
    "Z",
    "cluster_count",
    "effective_size",
    "estimate",
    "ratio_variance",
    "student",
    "wilson",
]
NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


def estimate(
    values: Floats, points: NDArray[np.int64] | None = None, share: bool = False
) -> Estimate:
    """Return the mean of some runs with its interval.

    Parameters
    ----------
    values : array, shape (cells, replicates)
        Outcomes of runs; NaN where there is none.
    points : array of int, shape (cells,), optional
        Point of each cell, if the cells are points of a sampled design.
    share : bool
        Whether the values are 0 or 1 and the interval is to be Wilson's.
    """
    there = np.isfinite(values)
    runs = int(there.sum())
    if not runs:
        return NOTHING
    filled = np.where(there, values, 0.0)
    sums, sizes = filled.sum(axis=0), there.sum(axis=0).astype(float)
    mean = float(sums.sum() / runs)
    if points is None and len(values) == 1:
        # One cell: runs are replicates, and independent.
        if share:
            return _wilson(mean, runs, runs)
        variance = float(filled[there].var(ddof=1)) / runs if runs > 1 else float("nan")
        return _normal(mean, variance, runs - 1, runs)
    variance = ratio_variance(sums, sizes)
    if points is not None:
        size = int(points.max()) + 1
        point_sums = np.bincount(points, filled.sum(axis=1), size).astype(float)
        point_sizes = np.bincount(points, there.sum(axis=1), size).astype(float)
        variance = _two_ways(variance, ratio_variance(point_sums, point_sizes), filled, there, mean)
    clusters = cluster_count(values, points)
    if share:
        effective = effective_size(mean, variance, clusters, runs)
        return _wilson(mean, float(effective), runs)
    return _normal(mean, variance, clusters - 1, runs)


def cluster_count(values: Floats, points: NDArray[np.int64] | None = None) -> int:
    """Return how many independent replicates, or points if there are more, some runs come from.

    Parameters are those of `estimate`.
    """
    there = np.isfinite(values)
    replicates = int(there.any(axis=0).sum())
    if points is None:
        return replicates
    return max(replicates, len(np.unique(points[there.any(axis=1)])))


@cache
def student(clusters: int) -> float:
    """Return Student's quantile of a 95 % interval over so many independent clusters."""
    return float(stats.t.ppf(0.5 + LEVEL / 2, max(clusters - 1, 1)))


def effective_size(
    share: float | Floats, variance: float | Floats, clusters: int, runs: float
) -> Floats:
    """Return how many independent runs would give a share this variance.

    Where the variance says nothing, because all runs agree or there is one cluster, the number of
    clusters stands in for it; it lies between 1 and the number of runs.
    """
    p, v = np.asarray(share, float), np.asarray(variance, float)
    size: Floats = np.full(p.shape, float(clusters))
    np.divide(p * (1 - p), v, out=size, where=v > 1e-18)
    return np.clip(size, 1.0, runs)


def ratio_variance(sums: Floats, sizes: Floats) -> float:
    """Return the variance of ``sums.sum() / sizes.sum()`` over independent clusters.

    Linearised (Korn and Graubard 1998); NaN if fewer than two clusters hold anything.
    """
    held = sizes > 0
    count = int(held.sum())
    if count < 2:
        return float("nan")
    total, number = sums[held], sizes[held]
    residual = (total - total.sum() / number.sum() * number) / number.mean()
    return float(residual.var(ddof=1)) / count


def _two_ways(
    by_replicate: float, by_point: float, filled: Floats, there: NDArray[np.bool_], mean: float
) -> float:
    """Return the variance of a mean whose runs share replicates and points."""
    known = [v for v in (by_replicate, by_point) if np.isfinite(v)]
    if len(known) < 2:
        return known[0] if known else float("nan")
    runs = int(there.sum())
    alone = float((np.where(there, filled - mean, 0.0) ** 2).sum()) / runs**2
    return max(sum(known) - alone, *known)


def _wilson(share: float, size: float, runs: int) -> Estimate:
    """Return a share with Wilson's interval."""
    found = share_of(share, size)
    return Estimate(share, found.low, found.high, runs)


def _normal(mean: float, variance: float, freedom: int, runs: int) -> Estimate:
    """Return a mean with Student's interval."""
    if freedom < 1 or not np.isfinite(variance):
        return Estimate(mean, float("nan"), float("nan"), runs)
    half = student(freedom + 1) * variance**0.5
    return Estimate(mean, mean - half, mean + half, runs)
