"""Estimates with intervals from runs that share their chance.

The runs of one replicate meet the same shocks in every cell, and the runs of one point of a
sampled design have the same numbers, so runs are not independent of each other: replicates are,
and points are. Variances are those of a ratio of means over independent clusters (Korn and Graubard
1998); where both replicates and points cluster the runs, the two variances are added and that of
independent runs taken off (Cameron, Gelbach and Miller 2011), with Satterthwaite's (1946) degrees
of freedom. Where each point has chance of its own, points are the only clusters. Shares have
Wilson's interval (1927) with the effective sample size that the variance gives. Differences
between shares have Bonett and Price's (2012) with as many pairs as the runs are worth.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit  # scipy.stats takes 0.7 s to import

Floats = NDArray[np.float64]
LEVEL = 0.95
"""Level of every interval."""
Z = float(ndtri(0.5 + LEVEL / 2))
"""Normal quantile of the intervals."""


@dataclass(frozen=True)
class Share:
    """An estimated probability, or a mean, with its interval."""

    # estimate, low, high: share of runs, or mean, and the ends of its 95 % interval
    estimate: float
    low: float
    high: float
    format: str = ".1%"  # Python's

    def __str__(self) -> str:
        """Return it as percentages, or in its own format."""
        low, high = (f"{end:{self.format}}" for end in (self.low, self.high))
        return f"{self.estimate:6{self.format}}  [{low}, {high}]"


def wilson(share: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:
    """Return the ends of Wilson's score interval of observed shares, for sample sizes."""
    p, n = np.asarray(share, float), np.asarray(size, float)
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n**2))
    # At 0 and 1 the ends are exact, whatever rounding makes of them.
    low, high = np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)
    return np.where(p == 0.0, 0.0, low), np.where(p == 1.0, 1.0, high)


def share_of(share: float, size: float) -> Share:
    """Return a proportion with its interval."""
    low, high = wilson(share, size)
    return Share(share, float(low), float(high))


def runs_for(half_width: float) -> int:
    """Return the runs with which no interval of a share is wider to either side: Z^2 / 4h^2 - Z^2.

    Raises ValueError if it is not above 0.
    """
    if half_width <= 0.0:
        raise ValueError("a half-width is above 0")
    return max(1, math.ceil(Z * Z * (0.25 / half_width**2 - 1.0)))


@cache
def student(freedom: float) -> float:
    """Return Student's quantile of a 95 % interval with so many degrees of freedom, at least 1."""
    return float(stdtrit(max(freedom, 1.0), 0.5 + LEVEL / 2))


def ratio_variance(sums: Floats, sizes: Floats) -> float:
    """Return the variance of ``sums.sum() / sizes.sum()`` over independent clusters.

    Linearised (Korn and Graubard 1998); NaN if fewer than two clusters hold anything.
    """
    if not sizes.all():
        held = sizes > 0
        sums, sizes = sums[held], sizes[held]
    count = len(sizes)
    if count < 2:
        return float("nan")
    runs = sizes.sum()
    residual = (sums - sums.sum() / runs * sizes) / (runs / count)
    residual -= residual.sum() / count
    return float(np.square(residual).sum()) / (count - 1) / count


def effective_size(
    share: float | Floats,
    variance: float | Floats,
    clusters: int,
    runs: float,
    freedom: float | Floats | None = None,
) -> Floats:
    """Return how many independent runs would give a share this variance.

    Smaller by ``(z / t)**2``, so that Wilson's interval, which uses the normal quantile, allows
    for a variance estimated from few clusters (Korn and Graubard 1998). Where the variance says
    nothing, because all runs agree or there is one cluster, the number of clusters stands in for
    it. Lies between 1 and the number of runs.

    clusters: independent replicates, or points if these are fewer.
    freedom: degrees of freedom of the variance; one less than the clusters by default.
    """
    p, v = np.asarray(share, float), np.asarray(variance, float)
    size: Floats = np.full(p.shape, float(clusters))
    if isinstance(freedom, np.ndarray):
        quantile = stdtrit(np.maximum(freedom, 1.0), 0.5 + LEVEL / 2)
    else:
        quantile = student(clusters - 1 if freedom is None else freedom)
    np.divide(p * (1 - p) * (Z / quantile) ** 2, v, out=size, where=v > 1e-18)
    return np.clip(size, 1.0, runs)


def within(
    mean: ArrayLike,
    variance: ArrayLike,
    clusters: ArrayLike,
    most: float,
    freedom: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return the ends of the 95 % interval of a mean of numbers between 0 and `most`.

    Wilson's of the mean as a share of `most`, for as many runs as would give a share this variance,
    so that it stays within the range and is skewed where few runs make the mean. Where the variance
    says nothing, since all clusters agree or there is one, it holds what as many clusters may have
    missed: a run at either end as rare as Wilson's interval of no event allows.

    clusters, freedom: as for `effective_size`.
    """
    p, v, n = np.asarray(mean) / most, np.asarray(variance) / most**2, np.asarray(clusters, float)
    degrees = np.maximum(n - 1.0 if freedom is None else np.asarray(freedom, float), 1.0)
    size, rare = np.ones(p.shape), Z * Z / (n + Z * Z)
    known = v > 1e-18
    np.divide(p * (1 - p) * (Z / stdtrit(degrees, 0.5 + LEVEL / 2)) ** 2, v, out=size, where=known)
    low, high = wilson(p, size)
    ends = np.where(known, low, p * (1 - rare)), np.where(known, high, p + (1 - p) * rare)
    return most * ends[0], most * ends[1]


def clustered(counts: Floats, sizes: Floats) -> Share:
    """Return a proportion from signatures and runs of each replicate, shape (replicates,).

    Runs are independent between replicates only. Where each holds one, the interval is Wilson's.
    """
    total = float(sizes.sum())
    share = float(counts.sum() / total)
    if sizes.max() <= 1.0:
        return share_of(share, total)
    variance = ratio_variance(counts, sizes)
    return share_of(share, float(effective_size(share, variance, len(sizes), total)))


# --- estimates from runs in clusters


class Clusters(NamedTuple):
    """What drawn cells are clustered by."""

    number: NDArray[np.int64]  # independently drawn part of the design; shape (cells,)
    common: bool  # whether all parts meet the same chance, so that replicates cluster runs too

    @property
    def members(self) -> list[NDArray[np.int64]]:
        """Places of the cells of each part."""
        return [np.flatnonzero(self.number == part) for part in np.unique(self.number)]


Drawn: TypeAlias = Clusters | NDArray[np.int64] | None
"""What cells are clustered by; plain numbers are those of parts that meet the same chance."""


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


def spread(values: Floats, points: Drawn = None) -> Spread:
    """Return the mean of some runs and its variance over replicates, and points if there are any.

    Parameters are those of `estimate`.
    """
    there = np.isfinite(values)
    runs = int(np.count_nonzero(there))
    if not runs:
        return Spread(float("nan"), float("nan"), 1.0, 0, 0)
    filled = values if runs == values.size else np.where(there, values, 0.0)
    sums, sizes = filled.sum(axis=0), np.count_nonzero(there, axis=0).astype(float)
    mean = float(sums.sum() / runs)
    replicates = int(np.count_nonzero(sizes))
    by_replicate = ratio_variance(sums, sizes)
    if points is None:
        return Spread(mean, by_replicate, max(replicates - 1.0, 1.0), replicates, runs)
    if not isinstance(points, Clusters):
        points = Clusters(points, common=True)
    size = int(points.number.max()) + 1
    point_sums = np.bincount(points.number, filled.sum(axis=1), size).astype(float)
    point_sizes = np.bincount(points.number, there.sum(axis=1), size).astype(float)
    drawn = int((point_sizes > 0).sum())
    by_point = ratio_variance(point_sums, point_sizes)
    if not points.common:
        return Spread(mean, by_point, max(drawn - 1.0, 1.0), drawn, runs)
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
    values: Floats,
    points: Drawn = None,
    share: bool = False,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    most: float | None = None,
) -> Estimate:
    """Return the mean of some runs with its interval.

    values: outcomes of runs; NaN where there is none, shape (cells, replicates).
    points: what the cells are clustered by, if they are points of a sampled design.
    share: whether the values are 0 or 1 and the interval is to be Wilson's.
    bounds: what the mean lies between whatever the runs say; Student's interval is cut to it.
    most: greatest value of a run, if the least is 0 and the interval is to be that of `within`.
    """
    found = spread(values, points)
    if not found.runs:
        return NOTHING
    if share:
        low, high = (float(end) for end in wilson(found.mean, _size(found, values, points)))
        return Estimate(found.mean, low, high, found.runs)
    if most is not None:
        ends = within(found.mean, found.variance, found.clusters, most, found.freedom)
        return Estimate(found.mean, float(ends[0]), float(ends[1]), found.runs)
    if found.clusters < 2 or not np.isfinite(found.variance):
        return Estimate(found.mean, float("nan"), float("nan"), found.runs)
    half = student(found.freedom) * found.variance**0.5
    low, high = max(found.mean - half, bounds[0]), min(found.mean + half, bounds[1])
    return Estimate(found.mean, low, high, found.runs)


def _size(found: Spread, values: Floats, points: Drawn) -> float:
    if points is None and len(values) == 1:
        # One cell: runs are replicates, and independent.
        return found.runs
    return float(
        effective_size(found.mean, found.variance, found.clusters, found.runs, found.freedom)
    )


class Pairs(NamedTuple):
    """A mean difference of shares, and the number of independent pairs that it is worth."""

    mean: float
    moved: float  # share of the pairs in which the outcome changed, either way
    size: float  # independent pairs that would give the mean its variance
    freedom: float  # degrees of freedom of that variance
    clusters: int  # independent replicates, or points if these are fewer
    runs: int  # pairs of runs

    def half_width(self, times: float = 1.0) -> float:
        """Return half of the interval, as it would be with so many times the pairs."""
        size = self.size * times
        apart = (size * self.moved + 2.0) / (size + 2) - (size * self.mean / (size + 2)) ** 2
        return float(Z * (max(apart, 0.0) / (size + 2)) ** 0.5)

    def estimate(self) -> Estimate:
        """Return the mean with its interval, within what is possible."""
        if not self.clusters:
            return NOTHING
        centre, half = self.mean * self.size / (self.size + 2), self.half_width()
        return Estimate(self.mean, max(-1.0, centre - half), min(1.0, centre + half), self.runs)

    def needed(self, precision: float) -> int:
        """Return how many more clusters an interval of half-width `precision` takes."""
        if not self.clusters or self.half_width() <= precision:
            return 0
        few, many = 1.0, 2.0
        while self.half_width(many) > precision:
            few, many = many, 2 * many
        for _ in range(40):
            middle = (few + many) / 2
            few, many = (middle, many) if self.half_width(middle) > precision else (few, middle)
        return int(np.ceil(self.clusters * many - 1e-6)) - self.clusters


def paired_shares(changes: Floats, points: Drawn = None) -> Pairs:
    """Return the mean difference of a share, run by run on the same shocks.

    Its interval is that of Bonett and Price (2012, adjusted Wald), in which two pairs are added,
    one that changes and one that changes the other way. Pairs that share their chance count as so
    many independent ones as give the mean its variance (see `sim.runs.shares.effective_size`);
    where that says nothing, since all replicates agree, replicates stand in for pairs. For one pair
    of cells it is theirs.

    changes: differences of -1, 0 or 1, NaN where a run is missing; replicates that are complete in
        all contexts count, shape (contexts, points, replicates).
    """
    found = spread(changes.mean(axis=0), points)
    if not found.clusters:
        return Pairs(float("nan"), 0.0, 0.0, 1.0, 0, 0)
    runs = found.runs * len(changes)
    squares = (changes**2).mean(axis=0)
    moved = float(np.where(np.isfinite(squares), squares, 0.0).sum() / found.runs)
    size = float(found.clusters)
    if points is None and changes.shape[:2] == (1, 1):
        size = float(runs)
    elif np.isfinite(found.variance) and found.variance > 1e-18:
        spent = (Z / student(found.freedom)) ** 2
        size = (moved - found.mean**2) * spent / found.variance
    return Pairs(
        found.mean, moved, float(np.clip(size, 1.0, runs)), found.freedom, found.clusters, runs
    )


def paired_estimate(change: Floats, points: Drawn = None) -> Estimate:
    """Return the mean difference of a share with its interval, see `paired_shares`.

    `change` holds differences of -1, 0 or 1, otherwise as the values of `estimate`.
    """
    return paired_shares(change[np.newaxis], points).estimate()
