"""Estimates with intervals from runs that share their chance.

The runs of one replicate meet the same shocks in every cell, and the runs of one point of a
sampled design have the same numbers, so runs are not independent of each other: replicates are,
and points are. Variances are those of a ratio of means over independent clusters (Korn and Graubard
1998); where both replicates and points cluster the runs, the two variances are added and that of
independent runs taken off (Cameron, Gelbach and Miller 2011), with Satterthwaite's (1946) degrees
of freedom. Shares have Wilson's interval (1927) with the effective sample size that the variance
gives, made smaller for its few degrees of freedom (Korn and Graubard 1998). Differences between
shares have Bonett and Price's (2012) with the replicate as the pair.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sim.runs.shares import LEVEL, share_of, wilson

Floats = NDArray[np.float64]
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
"""Normal quantile of the intervals, which are 95 % ones."""


@dataclass(frozen=True)
class Estimate:
    """A mean or a share with its 95 % interval."""

    # value, low, high: naN if there is nothing to estimate from
    value: float
    low: float
    high: float
    runs: int  # runs that it rests on

    def columns(self, name: str = "value", ends: str = "") -> dict[str, float]:
        """Return the value and its interval as columns, e.g. ``after``, ``after_low``, ...

        Parameters
        ----------
        name : str
            Column of the value.
        ends : str
            What stands before ``low`` and ``high``, e.g. ``after_``.
        """
        return {name: self.value, f"{ends}low": self.low, f"{ends}high": self.high}


__all__ = [
    "Estimate",
    "Spread",
    "Z",
    "effective_size",
    "estimate",
    "paired_estimate",
    "ratio_variance",
    "spread",
    "student",
    "wilson",
]
NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


@dataclass(frozen=True)
class Spread:
    """A mean and how far it may be from what it estimates."""

    # mean, variance: naN if there is too little to tell
    mean: float
    variance: float
    freedom: float  # degrees of freedom of the variance, at least 1
    # independent replicates, or points if these are fewer: what stands in for the sample size
    # where all runs agree
    clusters: int
    runs: int


def spread(values: Floats, points: NDArray[np.int64] | None = None) -> Spread:
    """Return the mean of some runs and its variance over replicates, and points if there are any.

    Parameters are those of `estimate`.
    """
    there = np.isfinite(values)
    runs = int(there.sum())
    if not runs:
        return Spread(float("nan"), float("nan"), 1.0, 0, 0)
    filled = np.where(there, values, 0.0)
    sums, sizes = filled.sum(axis=0), there.sum(axis=0).astype(float)
    mean = float(sums.sum() / runs)
    replicates = int((sizes > 0).sum())
    by_replicate = ratio_variance(sums, sizes)
    if points is None:
        return Spread(mean, by_replicate, max(replicates - 1.0, 1.0), replicates, runs)
    size = int(points.max()) + 1
    point_sums = np.bincount(points, filled.sum(axis=1), size).astype(float)
    point_sizes = np.bincount(points, there.sum(axis=1), size).astype(float)
    drawn = int((point_sizes > 0).sum())
    by_point = ratio_variance(point_sums, point_sizes)
    alone = float((np.where(there, filled - mean, 0.0) ** 2).sum()) / runs**2
    variance = _two_ways(by_replicate, by_point, alone)
    freedom = satterthwaite((by_replicate, replicates), (by_point, drawn))
    return Spread(mean, variance, freedom, min(replicates, drawn), runs)


def satterthwaite(*parts: tuple[float, int]) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946), at least 1.

    Parameters
    ----------
    parts : tuple of (float, int)
        Each variance, and from how many independent units it was estimated; a NaN counts for
        nothing.
    """
    known = [(v, n - 1) for v, n in parts if np.isfinite(v) and n > 1]
    below = sum(v * v / freedom for v, freedom in known)
    if below > 0.0:
        return max(float(sum(v for v, _ in known) ** 2 / below), 1.0)
    return float(max(min((freedom for _, freedom in known), default=1), 1))


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
    found = spread(values, points)
    if not found.runs:
        return NOTHING
    if share and points is None and len(values) == 1:
        # One cell: runs are replicates, and independent.
        return _wilson(found.mean, found.runs, found.runs)
    if share:
        size = effective_size(found.mean, found.variance, found.clusters, found.runs, found.freedom)
        return _wilson(found.mean, float(size), found.runs)
    if found.clusters < 2 or not np.isfinite(found.variance):
        return Estimate(found.mean, float("nan"), float("nan"), found.runs)
    half = student(found.freedom) * found.variance**0.5
    return Estimate(found.mean, found.mean - half, found.mean + half, found.runs)


def paired_estimate(change: Floats, points: NDArray[np.int64] | None = None) -> Estimate:
    """Return the mean difference of a share, run by run on the same shocks, with its interval.

    The interval of Bonett and Price (2012, adjusted Wald), with replicates in the place of pairs:
    two replicates are added, one in which everything changes and one in which everything changes
    the other way, so that it stays wide where few replicates were played, also if all of them
    agree. For one pair of cells it is theirs; a context counted twice changes nothing.

    Parameters
    ----------
    change : array, shape (cells, replicates)
        Differences between -1 and 1; NaN where a run is missing.
    points : array of int, shape (cells,), optional
        Point of each cell, if the cells are points of a sampled design.
    """
    found = spread(change, points)
    if not found.clusters:
        return NOTHING
    count = found.clusters
    centre = found.mean * count / (count + 2)
    variance = found.variance if np.isfinite(found.variance) else 0.0
    apart = count * (count - 1) * variance + 2.0 + 2.0 * count * found.mean**2 / (count + 2)
    half = Z * apart**0.5 / (count + 2)
    return Estimate(found.mean, max(-1.0, centre - half), min(1.0, centre + half), found.runs)


@cache
def student(freedom: float) -> float:
    """Return Student's quantile of a 95 % interval with so many degrees of freedom."""
    return float(stats.t.ppf(0.5 + LEVEL / 2, max(freedom, 1.0)))


def effective_size(
    share: float | Floats,
    variance: float | Floats,
    clusters: int,
    runs: float,
    freedom: float | Floats | None = None,
) -> Floats:
    """Return how many independent runs would give a share this variance.

    Smaller by ``(z / t)**2``, so that Wilson's interval, which uses the normal quantile, allows
    for a variance that few clusters tell (Korn and Graubard 1998). Where the variance says
    nothing, because all runs agree or there is one cluster, the number of clusters stands in for
    it. Lies between 1 and the number of runs.

    Parameters
    ----------
    share, variance : float or array
    clusters : int
        Independent replicates, or points if these are fewer.
    runs : float
    freedom : float or array, optional
        Degrees of freedom of the variance; one less than the clusters by default.
    """
    p, v = np.asarray(share, float), np.asarray(variance, float)
    size: Floats = np.full(p.shape, float(clusters))
    if isinstance(freedom, np.ndarray):
        quantile = stats.t.ppf(0.5 + LEVEL / 2, np.maximum(freedom, 1.0))
    else:
        quantile = student(clusters - 1 if freedom is None else freedom)
    np.divide(p * (1 - p) * (Z / quantile) ** 2, v, out=size, where=v > 1e-18)
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


def _two_ways(by_replicate: float, by_point: float, alone: float) -> float:
    """Return the variance of a mean whose runs share replicates and points.

    Parameters
    ----------
    by_replicate, by_point : float
        Variances over either kind of cluster; NaN if there are too few of it.
    alone : float
        Variance if all runs were independent.
    """
    # With one replicate, or one point, nothing tells what it moves: NaN goes on.
    if not (np.isfinite(by_replicate) and np.isfinite(by_point)):
        return float("nan")
    return max(by_replicate + by_point - alone, by_replicate, by_point)


def _wilson(share: float, size: float, runs: int) -> Estimate:
    found = share_of(share, size)
    return Estimate(share, found.low, found.high, runs)
