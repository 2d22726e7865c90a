"""Signed when ... and ...: boxes of inputs in which a deal, or none, is common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.importance import MOST_CELLS, Table, cell_means, table_of
from sim.analysis.prim import (
    Box,
    box_of,
    chosen,
    paste,
    peel,
    quasi_p_values,
    simplified,
    without_luck,
)
from sim.analysis.result import Result
from sim.analysis.results import NotInResults, Results, word

if TYPE_CHECKING:
    from sim.analysis.result import Chart

MOST_BOXES = 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Scenario:
    """One box in words.

    Attributes
    ----------
    box : Box
    limits : tuple of (str, str, float)
        Restricted input, what it is restricted to, and the restriction's quasi-p-value.
    path : tuple of Box
        The peeling that led to it.
    """

    box: Box
    limits: tuple[tuple[str, str, float], ...]
    path: tuple[Box, ...]

    @property
    def words(self) -> str:
        """The box as a condition, e.g. ``agenda is interim_allowed and beta at most 0.6``."""
        return " and ".join(f"{key} {limit}" for key, limit, _ in self.limits) or "always"


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes(Result):
    """Boxes of one outcome, each found among what the ones before left over.

    Attributes
    ----------
    outcome : str
    absent : bool
        Whether the boxes are those in which the outcome is rare.
    share : float
        Mean outcome of all cells, or one less it if `absent`.
    found : tuple of Scenario
    """

    outcome: str
    absent: bool
    share: float
    found: tuple[Scenario, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a box and restriction, with the box's density, coverage and mass."""
        rows = [
            {
                "box": n + 1,
                "input": key,
                "limit": limit,
                "quasi_p": p,
                "density": scenario.box.density,
                "coverage": scenario.box.coverage,
                "mass": scenario.box.mass,
            }
            for n, scenario in enumerate(self.found)
            for key, limit, p in scenario.limits
        ]
        kinds = {"box": pl.Int64, "input": pl.String, "limit": pl.String}
        figures = dict.fromkeys(("quasi_p", "density", "coverage", "mass"), pl.Float64)
        return pl.DataFrame(rows, {**kinds, **figures})

    def plot(self) -> "Chart":
        """Return coverage against density along the peelings, the chosen boxes marked."""
        import altair as alt

        from sim.analysis.charts import data, finished

        rows = []
        for n, scenario in enumerate(self.found):
            rows += [
                {
                    "box": f"box {n + 1}",
                    "coverage": box.coverage,
                    "density": box.density,
                    "mass": box.mass,
                    "restricted": len(box.limits.restricted),
                    "shown": box is scenario.box,
                    "told": scenario.words if box is scenario.box else "",
                }
                for box in (*scenario.path, scenario.box)
            ]
        axis = alt.Axis(format=".0%")
        x = alt.X("coverage:Q", axis=axis, scale=alt.Scale(domain=[0, 1]),
                  title="coverage: share of all such runs that lie in the box")  # fmt: skip
        y = alt.Y("density:Q", axis=axis, scale=alt.Scale(domain=[0, 1]),
                  title="density: share of runs in the box")  # fmt: skip
        tips = [alt.Tooltip("box:N"), alt.Tooltip("told:N"), alt.Tooltip("restricted:Q")]
        tips += [alt.Tooltip(f"{k}:Q", format=".0%") for k in ("coverage", "density", "mass")]
        names = [f"box {n + 1}" for n in range(len(self.found))]
        scale = alt.Scale(domain=names)
        base = alt.Chart(data(rows)).encode(
            x=x, y=y, color=alt.Color("box:N", title="peeling", scale=scale)
        )
        lines = base.mark_line(strokeWidth=1.5).encode(
            strokeDash=alt.StrokeDash("box:N", title="peeling", scale=scale),
            order=alt.Order("mass:Q"),
        )
        points = base.mark_point(size=35, filled=True, opacity=0.9).encode(
            shape=alt.Shape("box:N", title="peeling", scale=scale), tooltip=tips
        )
        marked = (
            base.transform_filter("datum.shown")
            .mark_point(size=260, strokeWidth=2)
            .encode(shape=alt.Shape("box:N", title="peeling", scale=scale))
        )
        what = "no deal" if self.absent else "a deal"
        title = f"Boxes of {what}: how common inside, how much of it inside"
        return finished(alt.layer(lines, points, marked), title, 280)


def prim_boxes(
    results: Results, outcome: str = "signed", absent: bool = False, most: int = MOST_BOXES
) -> Boxes:
    """Find where an outcome is common, or rare.

    Parameters
    ----------
    results : Results
    outcome : str
        An outcome in [0, 1], see `Results.outcome`; its mean by cell is used.
    absent : bool
        Look for where it is rare.
    most : int
        How many boxes, each among the cells that the ones before left over.

    Raises
    ------
    NotInResults
        If there are too few cells, or the outcome is the same in all.
    """
    means = cell_means(results.outcome(outcome))
    cells = results.independent_cells()
    cells = cells[np.isfinite(means[cells])]
    if len(cells) < 4 or not results.plan.swept:
        raise NotInResults("boxes need at least four cells")
    if len(cells) > MOST_CELLS:
        cells = np.sort(np.random.default_rng(1).choice(cells, MOST_CELLS, replace=False))
    mean = 1.0 - means[cells] if absent else means[cells]
    if np.ptp(mean) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so no box can be told apart")
    if mean.min() < 0.0 or mean.max() > 1.0:
        raise NotInResults(f"boxes need an outcome between 0 and 1, and '{outcome}' is none")
    table = table_of(results, cells)
    left = np.ones(len(cells), bool)
    found: list[Scenario] = []
    for _ in range(most):
        if left.sum() < 4 or np.ptp(mean[left]) == 0.0:
            break
        path = peel(table.values[left], mean[left], table.words)
        if len(path) == 1:
            break
        best = simplified(chosen(path), table.values[left], mean[left])
        best = paste(best, table.values[left], mean[left])
        if results.sampled:
            best = without_luck(best, table.values[left], mean[left])
        if best.density <= float(mean.mean()):
            break
        held = best.limits.inside(table.values)
        # Coverage and mass of all cells; density and luck of those that were left.
        whole = box_of(best.limits, held & left, mean)
        p_values = quasi_p_values(best, table.values[left], mean[left])
        limits = tuple(
            (table.keys[place], _limit(table, best, place), p_values[place])
            for place in best.limits.restricted
        )
        found.append(Scenario(box=whole, limits=limits, path=tuple(path)))
        left &= ~held
    if not found:
        raise NotInResults("no box is denser than all cells together")
    what = "no deal" if absent else "a deal"
    told = [
        f"Box {n}: {scenario.words}. There is {what} in {100 * scenario.box.density:.0f} % of "
        f"runs, against {100 * mean.mean():.0f} % in all cells."
        for n, scenario in enumerate(found, start=1)
    ]
    notes = (
        *told,
        "Density is the mean outcome in the box, coverage the share of the whole outcome that the "
        "box holds, mass its share of the cells. Boxes are looked for, so their density is a "
        "little flattered; quasi-p-values count cells as independent cases.",
    )
    return Boxes(
        outcome=outcome,
        absent=absent,
        share=float(mean.mean()),
        found=tuple(found),
        notes=notes,
    )


def _limit(table: Table, box: Box, place: int) -> str:
    """Return a restriction in words."""
    if place in box.limits.sets:
        names = [table.words[place][int(n)] for n in sorted(box.limits.sets[place])]
        return f"is {' or '.join(names)}"
    low, high = box.limits.ranges[place]
    if low == -np.inf:
        return f"at most {word(float(high))}"
    if high == np.inf:
        return f"at least {word(float(low))}"
    return f"between {word(float(low))} and {word(float(high))}"
