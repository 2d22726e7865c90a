"""How much of an outcome rests on assumptions, how much on choices, and how much is chance.

The variance of an outcome from run to run is divided between what the sweep moved and chance. With
d the mean of a level of some inputs in one replicate less the mean of all levels in the same
replicate, products of d from two different replicates are free of chance, because replicates are
independent. Their mean over pairs of replicates estimates the variance between levels without
bias, however much or little chance there is (a U-statistic, Hoeffding 1948); so does the same for
the square of the mean that the whole variance is taken from, whose replicates share shocks.
Standard errors come from leaving out one replicate at a time and, in a sampled design, one group
of drawn points at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import ClassVar

import numpy as np
import polars as pl

from sim.analysis.charts import Figure, Result, Schema, drawn, table
from sim.analysis.drivers import sobol_indices
from sim.analysis.inputs import GROUND_WORDS, Input, inputs
from sim.analysis.results import Floats, NotInResults, Results
from sim.config.number import Number, assumptions_by_class
from sim.runs.intervals import NOTHING, Clusters, Estimate, satterthwaite, student

ASSUMPTIONS, CHOICES, CHANCE = "assumptions", "choices and sourced numbers", "chance"
UNSURE = ("assumption",)
"""Grounds that count as assumption."""
FEWEST = 4
"""Replicates from which variance is divided: with three, too often no interval can be given."""
NO_WIDTH = 1e-9
"""An interval narrower than this is none, and a variance smaller than this share of all is none."""
MOST_GROUPS = 20
"""Groups of drawn points, or of blocks, that are left out in turn."""
POINTS = "drawn numbers"
"""Stands for all numbers of a sampled design together."""


@dataclass(frozen=True, eq=False)
class Decomposition:
    """Outcomes of complete replicates, with one axis for each input."""

    keys: tuple[str, ...]  # inputs in the order of the axes; `POINTS` last for a sampled design
    values: Floats  # shape (levels of each key.., replicates)
    points: Clusters | None = None  # what the levels of `POINTS` are clustered by

    @property
    def replicates(self) -> int:
        """Number of replicates."""
        return int(self.values.shape[-1])

    @cached_property
    def _total(self) -> tuple[float, Floats]:
        """Variance over all runs, and the same without each replicate in turn."""
        count = self.replicates
        flat = self.values.reshape(-1, count)
        level, squares = flat.mean(axis=0), np.einsum("cr,cr->r", flat, flat) / len(flat)
        if count < 2:
            return float(squares.mean() - level.mean() ** 2), np.full(1, np.nan)
        whole = float(squares.mean()) - _between(level[np.newaxis])
        if count < 3:
            return whole, np.full(count, np.nan)
        without = (squares.sum() - squares) / (count - 1) - _without_each(level[np.newaxis])
        return whole, without

    @property
    def variance(self) -> float:
        """Variance of the outcome over all runs."""
        return self._total[0]

    def explained(self, keys: Sequence[str]) -> Estimate:
        """Return the share of the variance that lies between the levels of some inputs.

        The closed first-order index of the group: these inputs are known, all others vary. With a
        95 % jackknife interval, cut to [0, 1]; its ends are NaN, which is unknown, with less than 3
        replicates, or where it has no width although the levels differ.
        """
        return self._share([tuple(keys)], [1.0])

    def resting_on(self, keys: Sequence[str]) -> Estimate:
        """Return the share of the variance that would be gone if these inputs were known.

        The total index of the group: what lies between all cells, less what lies between the
        levels of all other inputs.
        """
        others = [key for key in self.keys if key not in keys]
        return self._share([self.keys, tuple(others)], [1.0, -1.0])

    def chance(self) -> Estimate:
        """Return the share of the variance that lies within cells."""
        between = self.explained(self.keys)
        return Estimate(1 - between.value, 1 - between.high, 1 - between.low, between.runs)

    def levels(self, keys: Sequence[str]) -> Floats:
        """Return the means of each level of some inputs, less the mean of all, by replicate."""
        others = tuple(n for n, key in enumerate(self.keys) if key not in keys)
        own = self.values.mean(axis=others) if others else self.values
        flat = own.reshape(-1, self.replicates)
        centred: Floats = flat - flat.mean(axis=0)
        return centred

    def _share(self, groups: Sequence[tuple[str, ...]], signs: Sequence[float]) -> Estimate:
        count = self.replicates
        whole, without = self._total
        if count < 2 or whole <= 0.0:
            return NOTHING
        parts = [(self.levels(keys), sign) for keys, sign in zip(groups, signs, strict=True)]
        share = self._value(parts)
        half = float("nan")
        if count > 2:
            leaving = sum((sign * _without_each(d) for d, sign in parts), np.zeros(count))
            left = np.divide(leaving, without, out=np.zeros(count), where=without > 1e-12)
            found = [_jackknife(left)]
            # A ratio of unbiased estimates is biased by order 1/replicates (Quenouille 1956).
            share = count * share - (count - 1) * float(left.mean())
            if self.points is not None:
                found.append(_jackknife(np.array(list(self._without_points(groups, signs)))))
            half = student(satterthwaite(*found)) * sum(variance for variance, _ in found) ** 0.5
        share, low, high = (float(np.clip(x, 0, 1)) for x in (share, share - half, share + half))
        differ = sum(sign * float((d**2).mean()) for d, sign in parts) > NO_WIDTH * whole
        if differ and high - low < NO_WIDTH:
            low = high = float("nan")
        return Estimate(share, low, high, count)

    def _value(self, parts: Sequence[tuple[Floats, float]]) -> float:
        """Return the share of the variance that levels with these signs make up."""
        return sum(sign * _between(deviations) for deviations, sign in parts) / self._total[0]

    def _without_points(
        self, groups: Sequence[tuple[str, ...]], signs: Sequence[float]
    ) -> Iterator[float]:
        """Give the share without each group of drawn points in turn."""
        assert self.points is not None
        parts = np.unique(self.points.number, return_inverse=True)[1]
        count = min(MOST_GROUPS, int(parts.max()) + 1)
        for n in range(count if count > 1 else 0):
            fewer = Decomposition(self.keys, self.values[..., parts % count != n, :])
            levels = zip((fewer.levels(keys) for keys in groups), signs, strict=True)
            yield fewer._value(list(levels)) if fewer.variance > 0.0 else 0.0


def _jackknife(left: Floats) -> tuple[float, int]:
    """Return the variance of a statistic from its values without each of some units, and these."""
    count = len(left)
    if count < 2:
        return float("nan"), count
    return float((count - 1) / count * ((left - left.mean()) ** 2).sum()), count


def _between(deviations: Floats) -> float:
    """Return the variance between levels, free of chance; shape (levels, replicates)."""
    count = deviations.shape[1]
    sums, squares = deviations.sum(axis=1), (deviations**2).sum(axis=1)
    return float((sums**2 - squares).mean() / (count * (count - 1)))


def _without_each(deviations: Floats) -> Floats:
    """Return the same without each replicate in turn."""
    count = deviations.shape[1]
    sums = deviations.sum(axis=1, keepdims=True) - deviations
    squares = (deviations**2).sum(axis=1, keepdims=True) - deviations**2
    left: Floats = (sums**2 - squares).mean(axis=0) / ((count - 1) * (count - 2))
    return left


def decomposition(results: Results, outcome: str = "signed") -> Decomposition:
    """Return what the variance of an outcome is divided from.

    Raises `NotInResults` if values were not fully crossed, or no replicate is complete.
    """
    keys, grid = crossed(results)
    values = results.outcome(outcome)
    whole = np.isfinite(values).all(axis=0)
    if not whole.any():
        raise NotInResults("no replicate is complete in all cells, so variance cannot be divided")
    crossings = results.by_combination(values if whole.all() else values[:, whole])[grid]
    if results.sampled:
        points = results.clusters_of(np.arange(results.points))
        return Decomposition((*keys, POINTS), crossings, points)
    return Decomposition(tuple(keys), crossings[..., 0, :])


def crossed(results: Results) -> tuple[list[str], Floats]:
    """Return the chosen keys and the number of the combination at each crossing of their values.

    Raises `NotInResults` if some crossings were zipped or filtered away.
    """
    keys, options = results.chosen_keys, list(results.options.values())
    shape = [len(values) for values in options]
    if len(results.combination_of) < np.prod(shape):
        raise NotInResults(
            "variance can be divided only where all values are crossed; this sweep left some "
            "combinations out (--zip or --filter)"
        )
    grid = np.array([results.combination_of[values] for values in product(*options)], int)
    return keys, grid.reshape(shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class AssumptionLedger(Result):
    """What moved, on what ground, and what share of an outcome's variance rests on it."""

    schema: ClassVar[Schema] = {
        **dict.fromkeys(("input", "ground", "basis", "swept"), pl.String),
        **dict.fromkeys(("stated", "explained_alone", "resting_on_it"), pl.Float64),
        **dict.fromkeys(("low", "high", "sobol_total"), pl.Float64),
    }

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
    numbers: int  # numbers of the scenario
    assumed: int  # those that are assumptions with a range, low below high
    moved_assumptions: int  # assumptions that the sweep moved

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line for each input that moved, with its ground and shares of variance."""
        for entry in self.moved:
            alone, total = self.by_input.get(entry.key, (None, None))
            yield {
                "input": entry.key,
                "ground": GROUND_WORDS[entry.ground],
                "basis": entry.basis,
                "swept": entry.swept,
                "stated": entry.stated,
                "explained_alone": alone.value if alone else None,
                **(total.columns("resting_on_it") if total else {}),
                "sobol_total": self.sobol.get(entry.key),
            }

    def shares_frame(self) -> pl.DataFrame:
        """Return one line each for assumptions, choices and chance."""
        return table(
            ({"part": part, **share.columns("share")} for part, share in self.shares.items()),
            {"part": pl.String, **dict.fromkeys(("share", "low", "high"), pl.Float64)},
        )

    def figure(self) -> Figure:
        """Return the division of the variance as one bar; `NotInResults` if there is none."""
        if not self.shares:
            raise NotInResults("the variance could not be divided")
        rows = [
            {"part": part, "order": n, "share": share.value, "row": "variance"}
            for n, (part, share) in enumerate(self.shares.items())
        ]
        chart = drawn("assumptions", rows, parts=list(self.shares))
        return Figure(chart, "What the outcome rests on", 50)


def assumption_ledger(results: Results, outcome: str = "signed") -> AssumptionLedger:
    """Return which moved inputs are assumed, and how much of an outcome rests on them."""
    moved = inputs(results)
    scenario = list(results.scenario.numbers())
    assumed = sum(number.assumed and number.low != number.high for _, number in scenario)
    unsure = sum(entry.ground in UNSURE for entry in moved)
    shares, by_input, notes = _divide(results, outcome, moved)
    return AssumptionLedger(
        outcome=outcome,
        moved=tuple(moved),
        shares=shares,
        by_input=by_input,
        sobol=_sobol_totals(results, outcome),
        numbers=len(scenario),
        assumed=assumed,
        moved_assumptions=unsure,
        notes=(*notes, *_notes_on_numbers(scenario, assumed, unsure)),
    )


def _notes_on_numbers(
    scenario: Sequence[tuple[str, Number]], assumed: int, moved: int
) -> list[str]:
    every = sum(number.assumed for _, number in scenario)
    fixed = f", and {every - assumed} without one" if every > assumed else ""
    classes = assumptions_by_class(scenario)
    coded = [count for key, count in classes.items() if len(key) > 1]
    notes = [
        f"Of the scenario's {len(scenario)} numbers {assumed} are assumptions with a range{fixed}; "
        f"this sweep moved {moved} of them. What rests on the others it cannot show.",
        f"{sum(coded)} of the {every} assumptions are weights and positions in {len(coded)} "
        f"classes of a coding rule, so {len(classes)} stand for themselves.",
    ]
    if not moved:
        notes.append(
            "To see what assumptions are worth, draw them from their ranges: sim sweep "
            "design=saltelli samples=256 'assumptions=[\"discount_rate.*\"]' ..."
        )
    return notes


def _sobol_totals(results: Results, outcome: str) -> dict[str, float]:
    if results.plan.design["kind"] != "saltelli":
        return {}
    try:
        found = sobol_indices(results, outcome)
    except NotInResults:
        return {}
    means = found.frame.group_by("input").agg(pl.col("total").mean())
    return dict(means.iter_rows())


def _divide(
    results: Results, outcome: str, moved: list[Input]
) -> tuple[dict[str, Estimate], dict[str, tuple[Estimate, Estimate]], list[str]]:
    """Return the shares of the variance, those by input, and notes."""
    try:
        divided = decomposition(results, outcome)
    except NotInResults as error:
        return {}, {}, [f"{str(error)[:1].upper()}{str(error)[1:]}."]
    if np.ptp(divided.values) == 0.0:
        return {}, {}, ["The outcome is the same in every run, so there is no variance to divide."]
    drawn = {entry.ground in UNSURE for entry in moved if entry.drawn}
    if divided.replicates < FEWEST:
        return {}, {}, [too_few(divided.replicates), *_notes_on_draws(drawn)]
    unsure = [e.key for e in moved if e.ground in UNSURE and not e.drawn]
    if True in drawn:
        unsure.append(POINTS)
    known = [key for key in divided.keys if key not in unsure]
    shares: dict[str, Estimate] = {}
    if unsure:
        shares[ASSUMPTIONS] = divided.resting_on(unsure)
    if known:
        shares[CHOICES] = divided.explained(known)
    shares[CHANCE] = divided.chance()
    apart = {key: (divided.explained([key]), divided.resting_on([key])) for key in divided.keys}
    known_ends = [e.low for e in (*shares.values(), *(e for both in apart.values() for e in both))]
    notes = _notes_on_draws(drawn)
    if not np.isfinite(known_ends).all():
        notes.append(
            "A share of variance without an interval is uncertain by an unknown amount: the "
            f"{divided.replicates} replicates are too few to tell."
        )
    return shares, apart, notes


def too_few(replicates: int) -> str:
    """Return why so few complete replicates divide no variance, as a sentence."""
    many = f"{replicates} replicates" if replicates > 1 else "one replicate"
    return (
        f"With {many} it is unknown how much of the variance is chance and how much rests on "
        "what moved; sweep replicates=8 or more."
    )


def _notes_on_draws(drawn: set[bool]) -> list[str]:
    """Return what to know of drawn numbers, by whether they are assumptions."""
    notes = []
    if drawn == {True, False}:
        notes.append(
            "The drawn numbers are assumptions and others together; they are counted as "
            "assumptions here, which says at most how much rests on these."
        )
    if drawn:
        notes.append(
            "The drawn numbers are taken together in these shares; total Sobol indices, of the "
            "variance between the drawn points, tell them apart where the design is saltelli."
        )
    return notes
