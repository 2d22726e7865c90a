"""Estimated shares of runs, with intervals that know of common random numbers.

The runs of one replicate meet the same shocks in every cell, so the runs behind one swept value
are not independent. Its interval is Wilson's (1927) with the effective sample size that the
variance between replicates gives (Korn and Graubard 1998).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

Floats = NDArray[np.float64]
LEVEL = 0.95
"""Level of every interval."""
Z = float(norm.ppf(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Share:
    """An estimated probability with its interval."""

    # estimate, low, high: share of runs and the ends of its 95 % interval
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as percentages."""
        return f"{self.estimate:6.1%}  [{self.low:.1%}, {self.high:.1%}]"


def wilson(share: ArrayLike, size: ArrayLike) -> tuple[Floats, Floats]:
    """Return Wilson's score interval.

    Parameters
    ----------
    share : float or array
        Observed proportions.
    size : float or array
        Sample sizes, or effective sample sizes.

    Returns
    -------
    tuple of two arrays
        Lower and upper ends, shaped like `share` and `size` together.
    """
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


def clustered(counts: np.ndarray, sizes: np.ndarray) -> Share:
    """Return a proportion whose runs are independent between replicates only.

    Parameters
    ----------
    counts, sizes : array, shape (replicates,)
        Signatures and runs of each replicate. Where each holds one run, runs are independent and
        the interval is plainly Wilson's.
    """
    total = float(sizes.sum())
    share = float(counts.sum() / total)
    replicates = len(sizes)
    if sizes.max() <= 1.0:
        return share_of(share, total)
    effective = float(replicates)
    if replicates > 1:
        # Linearised variance of a ratio of two means (Korn and Graubard 1998).
        residual = (counts - share * sizes) / sizes.mean()
        variance = float(residual.var(ddof=1)) / replicates
        if variance > 1e-18:
            few = (Z / float(t.ppf(0.5 + LEVEL / 2, replicates - 1))) ** 2
            effective = share * (1.0 - share) / variance * few
    effective = min(max(effective, 1.0), total)
    return share_of(share, effective)
