"""How much rests on assumptions: which inputs moved, on what ground, and what of it is chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.inputs import GROUND_WORDS, Input, inputs
from sim.analysis.intervals import Estimate
from sim.analysis.result import Result
from sim.analysis.results import NotInResults, Results
from sim.analysis.sobol import sobol_indices
from sim.analysis.variance import POINTS, Decomposition, decomposition
from sim.scenario import Number

if TYPE_CHECKING:
    from sim.analysis.result import Chart

ASSUMPTIONS, CHOICES, CHANCE = "assumptions", "choices and sourced numbers", "chance"
UNSURE = ("assumption",)
"""Grounds that count as assumption."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AssumptionLedger(Result):
    """What moved, on what ground, and what share of an outcome's variance rests on it.

    Attributes
    ----------
    outcome : str
    moved : tuple of Input
    shares : dict of str to Estimate
        Shares of the variance over all runs: ``assumptions`` (what would be gone if the moved
        assumptions were known), ``choices and sourced numbers`` (what these explain by
        themselves), ``chance`` (differences between replicates of one cell). They sum to 1 up to
        the cutting of negative estimates. What did not move is not there; empty if the parts cannot
        be told apart.
    by_input : dict of str to tuple of two Estimates
        For each input that can be told apart: explained by it alone, resting on it.
    sobol : dict of str to float
        For each drawn number of a Saltelli design its total Sobol index, the mean over the
        combinations of chosen values.
    numbers, assumed : int
        Numbers of the scenario, and those of them that are assumptions with a range; one that is
        fixed, low and high alike, is not among these.
    moved_assumptions : int
        Assumptions that the sweep moved.
    """

    outcome: str
    moved: tuple[Input, ...]
    shares: dict[str, Estimate]
    by_input: dict[str, tuple[Estimate, Estimate]]
    sobol: dict[str, float]
    numbers: int
    assumed: int
    moved_assumptions: int

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
    """Return whether a number may be anything but its stated value."""
    return number.low is not None and number.high is not None and number.low < number.high


def _sobol_totals(results: Results, outcome: str) -> dict[str, float]:
    """Return the total Sobol index of each drawn number, averaged over the combinations."""
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
    """Return the variance's parts, those of single inputs, and what is to be said of them."""
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
