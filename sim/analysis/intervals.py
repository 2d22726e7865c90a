"""Estimates with intervals from runs that share their chance.

The runs of one replicate meet the same shocks in every cell, and the runs of one point of a
sampled design have the same numbers, so runs are not independent of each other: replicates are,
and points are. Variances are those of a ratio of means over independent clusters (Korn and Graubard
1998); where both replicates and points cluster the runs, the two variances are added and that of
independent runs taken off (Cameron, Gelbach and Miller 2011), with Satterthwaite's (1946) degrees
of freedom. Shares have Wilson's interval (1927) with the effective sample size that the variance
gives, see `sim.runs.shares`. Differences between shares have Bonett and Price's (2012) with the
replicate as the pair.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.runs.shares import Z, effective_size, ratio_variance, student, wilson

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean or a share with its 95 % interval, NaN where there is nothing to estimate from."""

    value: float
    low: float
    high: float
    runs: int  # runs that it rests on

    def columns(self, name: str = "value", ends: str = "") -> dict[str, float]:
        """Return the value and its interval as columns, e.g. `after`, `after_low`, `after_high`.

        name: column of the value.
        ends: what stands before `low` and `high`, e.g. ``after_``.
        """
        return {name: self.value, f"{ends}low": self.low, f"{ends}high": self.high}


NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


@dataclass(frozen=True)
class Spread:
    """A mean and how far it may be from what it estimates; NaN if there is too little data."""

    mean: float
    variance: float
    freedom: float  # degrees of freedom of the variance, at least 1
    # independent replicates, or points if these are fewer: stands in for the sample size where
    # all runs agree
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
    independent = float((np.where(there, filled - mean, 0.0) ** 2).sum()) / runs**2
    variance = _two_way(by_replicate, by_point, independent)
    freedom = satterthwaite((by_replicate, replicates), (by_point, drawn))
    return Spread(mean, variance, freedom, min(replicates, drawn), runs)


def _two_way(by_replicate: float, by_point: float, independent: float) -> float:
    # With one replicate, or one point, its share of the variance is unknown: NaN goes on.
    if not (np.isfinite(by_replicate) and np.isfinite(by_point)):
        return float("nan")
    return max(by_replicate + by_point - independent, by_replicate, by_point)


def satterthwaite(*parts: tuple[float, int]) -> float:
    """Return the degrees of freedom of a sum of variances (Satterthwaite 1946), at least 1.

    parts: each variance, and from how many independent units it was estimated; a NaN counts for
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

    values: outcomes of runs; NaN where there is none, shape (cells, replicates).
    points: point of each cell, if the cells are points of a sampled design, shape (cells,).
    share: whether the values are 0 or 1 and the interval is to be Wilson's.
    """
    found = spread(values, points)
    if not found.runs:
        return NOTHING
    if share:
        low, high = (float(end) for end in wilson(found.mean, _size(found, values, points)))
        return Estimate(found.mean, low, high, found.runs)
    if found.clusters < 2 or not np.isfinite(found.variance):
        return Estimate(found.mean, float("nan"), float("nan"), found.runs)
    half = student(found.freedom) * found.variance**0.5
    return Estimate(found.mean, found.mean - half, found.mean + half, found.runs)


def _size(found: Spread, values: Floats, points: NDArray[np.int64] | None) -> float:
    if points is None and len(values) == 1:
        # One cell: runs are replicates, and independent.
        return found.runs
    return float(
        effective_size(found.mean, found.variance, found.clusters, found.runs, found.freedom)
    )


def paired_estimate(change: Floats, points: NDArray[np.int64] | None = None) -> Estimate:
    """Return the mean difference of a share, run by run on the same shocks, with its interval.

    The interval of Bonett and Price (2012, adjusted Wald), with replicates in the place of pairs:
    two replicates are added, one in which everything changes and one in which everything changes
    the other way, so that it stays wide where few replicates were played, also if all of them
    agree. For one pair of cells it is theirs; a context counted twice changes nothing.

    `change` holds differences between -1 and 1, otherwise as the values of `estimate`.
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
