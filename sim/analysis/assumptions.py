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
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from sim.analysis.charts import Result
from sim.analysis.inputs import GROUND_WORDS, Input, inputs
from sim.analysis.intervals import Estimate
from sim.analysis.results import Floats, NotInResults, Results
from sim.analysis.sobol import sobol_indices
from sim.config.number import Number
from sim.runs.shares import LEVEL

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

POINTS = "drawn numbers"
"""Stands for all numbers of a sampled design together."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Outcomes of complete replicates, with one axis for each input."""

    keys: tuple[str, ...]  # inputs in the order of the axes; `POINTS` last for a sampled design
    values: Floats  # shape (levels of each key.., replicates)
    squares: Floats  # mean of the squared outcomes of each replicate; shape (replicates,)

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return len(self.squares)

    @cached_property
    def _total(self) -> tuple[float, Floats]:
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


# ---- How much rests on assumptions: which inputs moved, on what ground, and what of it is chanc

ASSUMPTIONS, CHOICES, CHANCE = "assumptions", "choices and sourced numbers", "chance"
UNSURE = ("assumption",)
"""Grounds that count as assumption."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AssumptionLedger(Result):
    """What moved, on what ground, and what share of an outcome's variance rests on it."""

    outcome: str
    moved: tuple[Input, ...]
    # shares of the variance over all runs: ``assumptions`` (what would be gone if the moved
    # assumptions were known), ``choices and sourced numbers`` (what these explain by
    # themselves), ``chance`` (differences between replicates of one cell). They sum to 1 up
    # to the cutting of negative estimates. What did not move is not there; empty if the parts
    # cannot be told apart
    shares: dict[str, Estimate]
    # for each input that can be told apart: explained by it alone, resting on it
    by_input: dict[str, tuple[Estimate, Estimate]]
    # for each drawn number of a Saltelli design its total Sobol index, the mean over the
    # combinations of chosen values
    sobol: dict[str, float]
    # numbers, assumed: numbers of the scenario, and those of them that are assumptions with a
    # range; one that is fixed, low and high alike, is not among these
    numbers: int
    assumed: int
    moved_assumptions: int  # assumptions that the sweep moved

    def to_frame(self) -> pl.DataFrame:
        """Return one line for each input that moved, with its ground and shares of variance."""
        rows = []
        for entry in self.moved:
            alone, total = self.by_input.get(entry.key, (None, None))
            rows.append(
                {
                    "input": entry.key,
                    "ground": GROUND_WORDS[entry.ground],
                    "basis": entry.basis,
                    "swept": entry.swept,
                    "stated": entry.stated,
                    "explained_alone": alone.value if alone else None,
                    "resting_on_it": total.value if total else None,
                    "low": total.low if total else None,
                    "high": total.high if total else None,
                    "sobol_total": self.sobol.get(entry.key),
                }
            )
        texts = dict.fromkeys(("input", "ground", "basis", "swept"), pl.String)
        figures = ("stated", "explained_alone", "resting_on_it", "low", "high", "sobol_total")
        return pl.DataFrame(rows, {**texts, **dict.fromkeys(figures, pl.Float64)})

    def shares_frame(self) -> pl.DataFrame:
        """Return one line each for assumptions, choices and chance."""
        return pl.DataFrame(
            [
                {"part": part, "share": e.value, "low": e.low, "high": e.high}
                for part, e in self.shares.items()
            ],
            {"part": pl.String, "share": pl.Float64, "low": pl.Float64, "high": pl.Float64},
        )

    def plot(self) -> "Chart":
        """Return the division of the variance as one bar.

        Raises
        ------
        NotInResults
            If the variance could not be divided.
        """
        import altair as alt

        from sim.analysis.charts import data, finished

        if not self.shares:
            raise NotInResults("the variance could not be divided")
        rows = [
            {"part": part, "order": n, "share": e.value, "row": "variance"}
            for n, (part, e) in enumerate(self.shares.items())
        ]
        base = alt.Chart(data(rows)).encode(
            x=alt.X(
                "share:Q",
                stack="zero",
                axis=alt.Axis(format=".0%", title="share of the variance from run to run"),
                scale=alt.Scale(domain=[0, 1], clamp=True),
            ),
            order=alt.Order("order:Q"),
        )
        bars = base.mark_bar(stroke="white", strokeWidth=1, height=36).encode(
            color=alt.Color("part:N", scale=alt.Scale(domain=list(self.shares)), title="rests on"),
            tooltip=["part:N", alt.Tooltip("share:Q", format=".1%")],
        )
        return finished(bars, "What the outcome rests on", 50)


def assumption_ledger(results: Results, outcome: str = "signed") -> AssumptionLedger:
    """Return which moved inputs are assumed, and how much of an outcome rests on them.

    Parameters
    ----------
    results : Results
    outcome : str
        See `Results.outcome`.
    """
    moved = inputs(results)
    scenario = [number for _, number in results.scenario.numbers()]
    notes = []
    shares: dict[str, Estimate] = {}
    by_input: dict[str, tuple[Estimate, Estimate]] = {}
    try:
        divided = decomposition(results, outcome)
    except NotInResults as error:
        notes.append(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    else:
        shares, by_input, told = _divide(divided, moved)
        notes += told
    unsure = [entry for entry in moved if entry.ground in UNSURE]
    every = sum(number.assumed for number in scenario)
    assumed = sum(number.assumed and _has_range(number) for number in scenario)
    fixed = f", and {every - assumed} without one" if every > assumed else ""
    notes.append(
        f"Of the scenario's {len(scenario)} numbers {assumed} are assumptions with a range{fixed}; "
        f"this sweep moved {len(unsure)} of them. What rests on the others it cannot show."
    )
    if not unsure:
        notes.append(
            "To see what assumptions are worth, draw them from their ranges: sim sweep "
            "design=saltelli samples=256 'assumptions=[\"discount_rate.*\"]' ..."
        )
    return AssumptionLedger(
        outcome=outcome,
        moved=tuple(moved),
        shares=shares,
        by_input=by_input,
        sobol=_sobol_totals(results, outcome),
        numbers=len(scenario),
        assumed=assumed,
        moved_assumptions=len(unsure),
        notes=tuple(notes),
    )


def _has_range(number: Number) -> bool:
    return number.low is not None and number.high is not None and number.low < number.high


def _sobol_totals(results: Results, outcome: str) -> dict[str, float]:
    if results.plan.design["kind"] != "saltelli":
        return {}
    try:
        found = sobol_indices(results, outcome)
    except NotInResults:
        return {}
    means = np.mean([indices.total for indices in found.combinations], axis=0)
    return dict(zip(found.keys, (float(x) for x in means), strict=True))


def _divide(
    divided: Decomposition, moved: list[Input]
) -> tuple[dict[str, Estimate], dict[str, tuple[Estimate, Estimate]], list[str]]:
    notes = []
    if divided.variance <= 0.0:
        return {}, {}, ["The outcome is the same in every run, so there is no variance to divide."]
    if divided.replicates < 2:
        told = "With one replicate chance cannot be told from what moved; sweep replicates=8."
        return {}, {}, [told]
    drawn = [entry for entry in moved if entry.drawn]
    unsure = [e.key for e in moved if e.ground in UNSURE and not e.drawn]
    mixed = {entry.ground in UNSURE for entry in drawn} == {True, False}
    if drawn and any(entry.ground in UNSURE for entry in drawn):
        unsure.append(POINTS)
    if mixed:
        notes.append(
            "The drawn numbers are assumptions and others together; they are counted as "
            "assumptions here, which says at most how much rests on these."
        )
    if drawn:
        notes.append(
            "The drawn numbers are taken together in these shares; total Sobol indices, of the "
            "variance between the drawn points, tell them apart where the design is saltelli."
        )
    known = [key for key in divided.keys if key not in unsure]
    shares: dict[str, Estimate] = {}
    if unsure:
        shares[ASSUMPTIONS] = divided.resting_on(unsure)
    if known:
        shares[CHOICES] = divided.explained(known)
    shares[CHANCE] = divided.chance()
    apart = {k: (divided.explained([k]), divided.resting_on([k])) for k in divided.keys}
    return shares, apart, notes
