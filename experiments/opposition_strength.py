"""The opposition's strength: Schelling's conjecture, and the threshold of the protest cascade."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from experiments.figures import number, per_cent, points, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results, estimate

TOP = "scenario.politics.ratifier_reservation.armenia.value"
SEEN = "scenario.politics.anticipates_ratifier.azerbaijan"
SPREAD = "scenario.public.threshold_sd.value"
EFFORT = "scenario.public.effort.value"
QUIET, WAVE = 0.05, 0.25
"""Protest below which a run counts as quiet, and from which on as a wave, shares of citizens."""


def schelling(
    sweep: Results,
) -> tuple[pl.DataFrame, dict[tuple[bool, float], tuple[Estimate, ...]]]:
    """Return deals and terms by the ratifier's strength, as a table and as estimates."""
    ratified = (sweep.outcome("ratified_week") >= 0).astype(float)
    terms = sweep.outcome("share_first")
    found = {}
    for group in sweep.groups([SEEN, TOP]):
        cells = group.cells
        key = (bool(group.values[SEEN]), float(str(group.values[TOP])))
        given = np.where(ratified[cells] > 0, terms[cells], np.nan)
        gain = np.where(ratified[cells] > 0, terms[cells], 0.0)
        found[key] = (share(ratified[cells]), estimate(given), estimate(gain))
    rows = [
        {
            "R": top,
            "Azerbaijan sees it coming": seen,
            "P(ratified)": per_cent(deals),
            "Armenia's share, given a deal": number(given, 3),
            "Armenia's share, 0 without one": number(gain, 3),
        }
        for (seen, top), (deals, given, gain) in found.items()
    ]
    return pl.DataFrame(rows), found


def cascade(sweep: Results) -> pl.DataFrame:
    """Return how runs divide into quiet ones and waves, by spread and effort."""
    protest, fell = sweep.outcome("protest"), sweep.outcome("government_fell")
    rows = []
    for group in sweep.groups([EFFORT, SPREAD]):
        cells = group.cells
        quiet = float(np.mean(protest[cells] < QUIET))
        wave = float(np.mean(protest[cells] >= WAVE))
        rows.append(
            {
                "effort": float(str(group.values[EFFORT])),
                "spread of thresholds": float(str(group.values[SPREAD])),
                "quiet": quiet,
                "between": 1.0 - quiet - wave,
                "wave": wave,
                "P(government fell)": per_cent(share(fell[cells])),
            }
        )
    return pl.DataFrame(rows)


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return where Schelling's conjecture holds and turns, and where the cascade tips."""
    table, found = schelling(results["schelling"])
    tops = sorted({top for _, top in found})
    weak, strong = tops[0], tops[-1]
    best = max(tops, key=lambda top: found[True, top][2].value)
    seen_gain = found[True, best][1]
    tipping = cascade(results["cascade"])
    steps = (
        tipping.sort("effort", "spread of thresholds")
        .with_columns(
            (pl.col("wave") - pl.col("wave").shift(1).over("effort")).alias("step"),
            pl.col("spread of thresholds").shift(1).over("effort").alias("from"),
        )
        .drop_nulls("step")
    )
    widest = steps.sort(pl.col("step").abs(), descending=True).row(0, named=True)
    middle = tipping.filter((pl.col("wave") > 0.1) & (pl.col("quiet") > 0.1))
    between = float(str(middle["between"].mean() or 0.0))
    fell = results["cascade"].outcome("government_fell")
    efforts = {float(str(g.values[EFFORT])): g.cells for g in results["cascade"].groups([EFFORT])}
    return Findings(
        main=(
            "Where Azerbaijan sees the ratifier coming, Armenia's share given a deal rises from "
            f"{number(found[True, weak][1])} at R = {weak:g} to {number(seen_gain)} at R = "
            f"{best:g}, and the chance of a ratified deal falls from "
            f"{per_cent(found[True, weak][0])} to {per_cent(found[True, strong][0])} at R = "
            f"{strong:g}."
        ),
        sentences=(
            "Where Azerbaijan does not see it coming, terms do not move "
            f"({number(found[False, weak][1])} against {number(found[False, strong][1])}) and "
            f"only deals are lost ({per_cent(found[False, strong][0])} are left at R = "
            f"{strong:g}).",
            f"Counting no deal as 0, Armenia does best at R = {best:g}: beyond it the lost deals "
            "cost more than the better terms bring, which is where the conjecture turns.",
            "Near the cascade threshold the largest step in the share of waves between "
            f"neighbouring cells is {100 * widest['step']:+.0f} points, from a spread of "
            f"{widest['from']:g} to {widest['spread of thresholds']:g} at effort "
            f"{widest['effort']:g}; where both quiet runs and waves are common, "
            f"{100 * between:.0f} % lie between.",
            "Full instead of no mobilising effort changes the chance that the government falls by "
            f"{points(estimate(fell[efforts[max(efforts)]] - fell[efforts[min(efforts)]]))}.",
        ),
        tables=(
            Table("Deals and terms by the upper end R of the ratifier's reservation.", table),
            Table(
                f"Protest at the end of the run: quiet below {100 * (QUIET):.0f} % of citizens, a "
                f"wave from {100 * (WAVE):.0f} % on.",
                tipping,
            ),
        ),
    )


STUDY = Study(
    name="opposition_strength",
    title="A stronger opposition: better terms, fewer deals, and a square that fills at once",
    question=(
        "Does a stronger opposition give better terms (Schelling's conjecture), where does that "
        "turn, and where is the threshold of the protest cascade?"
    ),
    design=(
        "Two sweeps. The ratifier's reservation U[0, R], seen coming by the other side or not, in "
        "talks taken as if nothing were agreed yet. And the spread of protest thresholds against "
        "the opposition's effort, in the opposition's own reading."
    ),
    parts={
        "schelling": Part("opposition_strength", (f"{TOP}=0,0.5,1", "replicates=40")),
        "cascade": Part(
            "cascade_threshold", (f"{SPREAD}=0.08,0.12,0.16", f"{EFFORT}=0,1", "replicates=30")
        ),
    },
    analyse=analyse,
    overturn=(
        "A ratifier whose reservation the other side can read exactly: then a strong one costs no "
        "deals until it asks for more than there is."
    ),
    caveat=(
        "Thresholds of citizens have no source at all; the study shows that outcomes near a "
        "tipping point cannot be foretold from polls, not where Armenia stands."
    ),
    reading=("Schelling (1960), ch. 2; Iida (1993); Granovetter (1978).",),
)
