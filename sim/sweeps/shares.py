"""Estimated shares of runs, with intervals that know of common random numbers.

The runs of one replicate meet the same shocks in every cell, so the runs behind one swept value
are not independent. Its interval is Wilson's (1927) with the effective sample size that the
variance between replicates gives (Korn and Graubard 1998).
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

LEVEL = 0.95


@dataclass(frozen=True)
class Share:
    """An estimated probability with its interval.

    Attributes
    ----------
    estimate, low, high : float
        Share of runs and the ends of its 95 % interval.
    """

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as percentages."""
        return f"{self.estimate:6.1%}  [{self.low:.1%}, {self.high:.1%}]"


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return Wilson's score interval.

    Parameters
    ----------
    share : float
        Observed proportion.
    size : float
        Sample size, or effective sample size.
    """
    z = float(norm.ppf(0.5 + LEVEL / 2))
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * np.sqrt(share * (1 - share) / size + z * z / (4 * size**2))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def clustered(counts: np.ndarray, sizes: np.ndarray) -> Share:
    """Return a proportion whose runs are independent between replicates only.

    Parameters
    ----------
    counts, sizes : array, shape (replicates,)
        Signatures and runs of each replicate.
    """
    total = float(sizes.sum())
    share = float(counts.sum() / total)
    replicates = len(sizes)
    effective = float(replicates)
    if replicates > 1:
        # Linearised variance of a ratio of two means (Korn and Graubard 1998).
        residual = (counts - share * sizes) / sizes.mean()
        variance = float(residual.var(ddof=1)) / replicates
        if variance > 0.0:
            effective = share * (1.0 - share) / variance
    effective = min(max(effective, 1.0), total)
    return Share(share, *wilson(share, effective))
