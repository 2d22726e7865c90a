"""Estimated shares of runs, with intervals that know of common random numbers.

The runs of one replicate meet the same shocks in every cell, so the runs behind one swept value
are not independent. Its interval is Wilson's (1927) with the effective sample size that the
variance between replicates gives (Korn and Graubard 1998).
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

Floats = NDArray[np.float64]
LEVEL = 0.95
"""Level of every interval."""
Z = float(norm.ppf(0.5 + LEVEL / 2))
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
    return float(t.ppf(0.5 + LEVEL / 2, max(freedom, 1.0)))


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
        quantile = t.ppf(0.5 + LEVEL / 2, np.maximum(freedom, 1.0))
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
    np.divide(p * (1 - p) * (Z / t.ppf(0.5 + LEVEL / 2, degrees)) ** 2, v, out=size, where=known)
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
