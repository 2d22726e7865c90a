"""How the variance of an outcome from run to run divides: chance, and what the sweep moved.

With d the mean of a level of some inputs in one replicate less the mean of all levels in the same
replicate, products of d from two different replicates are free of chance, because replicates are
independent. Their mean over pairs of replicates estimates the variance between levels without
bias, however much or little chance there is (a U-statistic, Hoeffding 1948); standard errors come
from leaving out one replicate at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from scipy import stats

from sim.analysis.intervals import Estimate
from sim.analysis.results import Floats, NotInResults, Results
from sim.sweeps.shares import LEVEL

POINTS = "drawn numbers"
"""Stands for all numbers of a sampled design together."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Outcomes of complete replicates, with one axis for each input.

    Attributes
    ----------
    keys : tuple of str
        Inputs in the order of the axes; `POINTS` last for a sampled design.
    values : array, shape (levels of each key.., replicates)
    squares : array, shape (replicates,)
        Mean of the squared outcomes of each replicate.
    """

    keys: tuple[str, ...]
    values: Floats
    squares: Floats

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.squares)

    @cached_property
    def _total(self) -> tuple[float, Floats]:
        """Variance of the outcome over all runs, and the same without each replicate."""
        count = self.replicates
        level = self.values.reshape(-1, count).mean(axis=0)
        whole = float(self.squares.mean() - level.mean() ** 2)
        fewer = max(count - 1, 1)
        without = (self.squares.sum() - self.squares) / fewer
        return whole, without - ((level.sum() - level) / fewer) ** 2

    @property
    def variance(self) -> float:
        """Variance of the outcome over all runs."""
        return self._total[0]

    def explained(self, keys: Sequence[str]) -> Estimate:
        """Return the share of the variance that lies between the levels of some inputs.

        Parameters
        ----------
        keys : sequence of str
            Inputs that are known while all others vary; the closed first-order index of the group.

        Returns
        -------
        Estimate
            With a 95 % jackknife interval, cut to [0, 1]; NaN ends with less than 3 replicates.
        """
        return self._share([self.levels(keys)], [1.0])

    def resting_on(self, keys: Sequence[str]) -> Estimate:
        """Return the share of the variance that would be gone if these inputs were known.

        The total index of the group: what lies between all cells, less what lies between the
        levels of all other inputs.
        """
        others = [key for key in self.keys if key not in keys]
        return self._share([self.levels(self.keys), self.levels(others)], [1.0, -1.0])

    def chance(self) -> Estimate:
        """Return the share of the variance that lies within cells."""
        between = self._share([self.levels(self.keys)], [1.0], cut=False)
        ends = [min(max(1 - end, 0.0), 1.0) for end in (between.value, between.high, between.low)]
        return Estimate(ends[0], ends[1], ends[2], between.runs)

    def levels(self, keys: Sequence[str]) -> Floats:
        """Return the means of each level of some inputs, less the mean of all, by replicate."""
        others = tuple(n for n, key in enumerate(self.keys) if key not in keys)
        own = self.values.mean(axis=others) if others else self.values
        flat = own.reshape(-1, self.replicates)
        centred: Floats = flat - flat.mean(axis=0)
        return centred

    def _share(
        self, levels: Sequence[Floats], signs: Sequence[float], cut: bool = True
    ) -> Estimate:
        """Return a sum of variances between levels as a share of the whole variance."""
        count = self.replicates
        nothing = float("nan")
        whole, without = self._total
        if count < 2 or whole <= 0.0:
            return Estimate(nothing, nothing, nothing, 0)
        value, leaving = 0.0, np.zeros(count)
        for deviations, sign in zip(levels, signs, strict=True):
            value += sign * _between(deviations)
            leaving += sign * _between_without_each(deviations)
        share = value / whole
        low = high = nothing
        if count > 2:
            found = np.divide(leaving, without, out=np.zeros(count), where=without > 1e-12)
            error = float(np.sqrt((count - 1) / count * ((found - found.mean()) ** 2).sum()))
            half = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1)) * error
            low, high = share - half, share + half
        if cut:
            share, low, high = (float(np.clip(x, 0.0, 1.0)) for x in (share, low, high))
        return Estimate(share, low, high, count)


def _between(deviations: Floats) -> float:
    """Return the variance between levels, free of chance.

    Parameters
    ----------
    deviations : array, shape (levels, replicates)
    """
    count = deviations.shape[1]
    sums, squares = deviations.sum(axis=1), (deviations**2).sum(axis=1)
    return float((sums**2 - squares).mean() / (count * (count - 1)))


def _between_without_each(deviations: Floats) -> Floats:
    """Return the same without each replicate in turn; zeros if that leaves fewer than two."""
    count = deviations.shape[1]
    if count < 3:
        return np.zeros(count)
    sums = deviations.sum(axis=1, keepdims=True) - deviations
    squares = (deviations**2).sum(axis=1, keepdims=True) - deviations**2
    left: Floats = (sums**2 - squares).mean(axis=0) / ((count - 1) * (count - 2))
    return left


def decomposition(results: Results, outcome: str = "signed") -> Decomposition:
    """Return what the variance of an outcome is divided from.

    Parameters
    ----------
    results : Results
    outcome : str
        See `Results.outcome`.

    Raises
    ------
    NotInResults
        If values were not fully crossed, or no replicate is whole.
    """
    keys, grid = crossed(results)
    values = results.outcome(outcome)
    whole = np.isfinite(values).all(axis=0)
    if not whole.any():
        raise NotInResults("no replicate is complete in all cells, so variance cannot be divided")
    values = values if whole.all() else values[:, whole]
    squares = np.einsum("cr,cr->r", values, values) / len(values)
    if results.sampled:
        cells = grid[..., np.newaxis] * results.points + np.arange(results.points)
        return Decomposition((*keys, POINTS), values[cells], squares)
    return Decomposition(tuple(keys), values[grid], squares)


def crossed(results: Results) -> tuple[list[str], Floats]:
    """Return the chosen keys and the number of the combination at each crossing of their values.

    Raises
    ------
    NotInResults
        If some crossings were zipped or filtered away.
    """
    keys = results.chosen_keys
    options = [
        list(dict.fromkeys(entry.values[key] for entry in results.plan.combinations))
        for key in keys
    ]
    numbers = {tuple(e.values[k] for k in keys): n for n, e in enumerate(results.plan.combinations)}
    if len(numbers) < np.prod([len(values) for values in options]):
        raise NotInResults(
            "variance can be divided only where all values are crossed; this sweep left some "
            "combinations out (--zip or --filter)"
        )
    grid = np.array([numbers[values] for values in product(*options)], int)
    return keys, grid.reshape([len(values) for values in options])
