"""The opposition's strength: Schelling's conjecture, and the threshold of the protest cascade."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import (
    highest_less_lowest,
    number,
    paired_share,
    per_cent,
    points,
    share,
)
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results, estimate

TOP = "scenario.politics.ratifier_reservation.armenia.value"
SEEN = "scenario.politics.anticipates_ratifier.azerbaijan"
SPREAD = "scenario.public.threshold_sd.value"
EFFORT = "scenario.public.effort.value"
COMMON = 0.1
QUIET, WAVE = 0.05, 0.25
"""Protest below which a run counts as quiet, and from which on as a wave, shares of citizens."""


def schelling(
    sweep: Results,
) -> tuple[pl.DataFrame, dict[tuple[bool, float], tuple[Estimate, Estimate, Estimate]]]:
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
        quiet, wave = protest[cells] < QUIET, protest[cells] >= WAVE
        rows.append(
            {
                "effort": float(str(group.values[EFFORT])),
                "spread of thresholds": float(str(group.values[SPREAD])),
                "quiet": per_cent(share(quiet.astype(float))),
                "between": per_cent(share((~quiet & ~wave).astype(float))),
                "wave": per_cent(share(wave.astype(float))),
                "P(government fell)": per_cent(share(fell[cells])),
            }
        )
    return pl.DataFrame(rows)


def by_effort_and_spread(sweep: Results) -> dict[tuple[float, float], NDArray[np.int64]]:
    """Return the cells of each effort and spread of thresholds."""
    return {
        (float(str(g.values[EFFORT])), float(str(g.values[SPREAD]))): g.cells
        for g in sweep.groups([EFFORT, SPREAD])
    }


def largest_step(sweep: Results) -> tuple[tuple[float, float, float], Estimate]:
    """Return where the share of waves changes most between neighbouring spreads, and by how much.

    The largest of many, so by itself an estimate from above.
    """
    wave = (sweep.outcome("protest") >= WAVE).astype(float)
    cells = by_effort_and_spread(sweep)
    spreads = sorted({spread for _, spread in cells})
    steps = {
        (effort, below, above): paired_share(wave[cells[effort, above]], wave[cells[effort, below]])
        for effort in sorted({effort for effort, _ in cells})
        for below, above in pairwise(spreads)
    }
    return max(steps.items(), key=lambda item: abs(item[1].value))


def between_where_both_are_common(sweep: Results) -> Estimate:
    """Return the share of runs between quiet and wave, of cells in which both make up a tenth."""
    protest = sweep.outcome("protest")
    quiet, wave = protest < QUIET, protest >= WAVE
    common = [
        cells
        for cells in by_effort_and_spread(sweep).values()
        if min(quiet[cells].mean(), wave[cells].mean()) > COMMON
    ]
    inside = (~quiet & ~wave).astype(float)
    if not common:
        return share(np.full((1, 1), np.nan))
    return share(inside[np.concatenate(common)])


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return where Schelling's conjecture holds and turns, and where the cascade tips."""
    table, found = schelling(results["schelling"])
    tops = sorted({top for _, top in found})
    weak, strong = tops[0], tops[-1]
    best = max(tops, key=lambda top: found[True, top][2].value)
    seen_gain = found[True, best][1]
    tipping = cascade(results["cascade"])
    (effort, below, above), step = largest_step(results["cascade"])
    between = between_where_both_are_common(results["cascade"])
    fall = highest_less_lowest(results["cascade"], EFFORT, "government_fell")
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
            f"neighbouring cells is {points(step)}, from a spread of {below:g} to {above:g} at "
            f"effort {effort:g}; where quiet runs and waves both make up a tenth at least, "
            f"{per_cent(between)} lie between.",
            "Full instead of no mobilising effort changes the chance that the government falls by "
            f"{points(fall)}.",
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
