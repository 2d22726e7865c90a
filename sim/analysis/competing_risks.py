"""Cumulative incidence under competing risks.

The estimator is Aalen and Johansen's (1978) with Aalen's variance as in Pintilie (2006, eq. 4.5).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Curves(NamedTuple):
    """Cumulative incidence of competing events.

    Attributes
    ----------
    times : array, shape (times,)
        Where the curves may step, increasing.
    at_risk : array, shape (times,)
        Runs without event just before.
    incidence, variance : array, shape (kinds, times)
    """

    times: Floats
    at_risk: Floats
    incidence: Floats
    variance: Floats


def aalen_johansen(time: NDArray[np.generic], event: NDArray[np.generic], kinds: int) -> Curves:
    """Estimate cumulative incidence under competing risks.

    Parameters
    ----------
    time : array, shape (runs,)
        Time of the first event, or of censoring.
    event : array of int, shape (runs,)
        0 censored, else 1 to `kinds`.
    kinds : int
        Number of kinds of events.

    Returns
    -------
    Curves
        At each distinct time; censoring at a time counts after the events of that time.

    References
    ----------
    Aalen and Johansen (1978), *Scandinavian Journal of Statistics* 5; Pintilie (2006), eq. 4.5.
    """
    times, place = np.unique(np.asarray(time, float), return_inverse=True)
    cell = place * (kinds + 1) + np.asarray(event, np.int64)
    counts = np.bincount(cell, minlength=len(times) * (kinds + 1)).reshape(len(times), -1)
    return from_counts(times, counts.astype(float))


def from_counts(times: Floats, counts: Floats) -> Curves:
    """Estimate cumulative incidence from how often what happened when.

    Parameters
    ----------
    times : array, shape (times,)
    counts : array, shape (times, 1 + kinds)
        Runs censored, and runs with each kind of event, at each time.
    """
    leaving = counts.sum(axis=1)
    at_risk = leaving[::-1].cumsum()[::-1]
    events = counts[:, 1:].T
    total = events.sum(axis=0)
    hazard = np.divide(total, at_risk, out=np.zeros_like(total), where=at_risk > 0)
    free = np.cumprod(1.0 - hazard)
    before = np.concatenate([[1.0], free[:-1]])
    steps = np.divide(events * before, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    incidence = steps.cumsum(axis=1)
    return Curves(times, at_risk, incidence, _variance(incidence, events, total, at_risk, before))


def _variance(
    incidence: Floats, events: Floats, total: Floats, at_risk: Floats, before: Floats
) -> Floats:
    """Return Aalen's variance of cumulative incidence (Pintilie 2006, eq. 4.5).

    The sums over earlier times of squared differences of the curve are multiplied out, so that
    time and memory grow with the number of times and not with its square.
    """
    n, d = at_risk, total

    def over(top: Floats, bottom: Floats) -> Floats:
        ratio: Floats = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
        return ratio

    spread = over(d, (n - 1) * (n - d))
    own = over(events * (n - events) * before**2, np.broadcast_to((n - 1) * n**2, events.shape))
    mixed = over(
        events * (n - events) * before, np.broadcast_to(n * (n - d) * (n - 1), events.shape)
    )

    def upto(values: Floats) -> Floats:
        summed: Floats = values.cumsum(axis=-1)
        return summed

    f = incidence
    first = f**2 * upto(spread) - 2 * f * upto(f * spread) + upto(f**2 * spread)
    third = f * upto(mixed) - upto(f * mixed)
    variance: Floats = np.maximum(first + upto(own) - 2 * third, 0.0)
    return variance
