"""When what happens first: signature, collapse and fall of government as competing risks.

Runs that reach the horizon without any of the events are censored there; the estimator is that of
`sim.analysis.competing_risks`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.competing_risks import Curves, from_counts
from sim.analysis.first_events import EVENTS, first_events, groups_played, weekly_counts
from sim.analysis.incidence_spread import clustered_variance, clusters_behind
from sim.analysis.intervals import effective_size, wilson
from sim.analysis.result import Result
from sim.analysis.results import Floats, Group, Results

if TYPE_CHECKING:
    from sim.analysis.result import Chart

SHOWN_WEEKS = 60
"""Most points of a drawn curve."""
MOST_GROUPS = 30
"""Most groups that a figure lets choose from."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Course:
    """Curves of one group of cells over the weeks of the talks.

    Attributes
    ----------
    group : Group
    curves : Curves
    clusters : int
        Independent replicates that it rests on, or points if these are fewer.
    freedom : array, shape (kinds, times), or float
        Degrees of freedom of the curves' variance; infinite for one cell, whose runs are
        independent.
    """

    group: Group
    curves: Curves
    clusters: int
    freedom: Floats | float

    def intervals(self) -> tuple[Floats, Floats]:
        """Return the ends of the curves' pointwise 95 % intervals: Wilson's, by their variance."""
        curves = self.curves
        size = effective_size(
            curves.incidence,
            curves.variance,
            self.clusters,
            float(curves.at_risk[0]),
            self.freedom,
        )
        return wilson(curves.incidence, size)


@dataclass(frozen=True, eq=False, kw_only=True)
class Incidence(Result):
    """Cumulative incidence of the first event, by group of cells, over calendar dates.

    Attributes
    ----------
    start : date
        First day of the talks.
    courses : tuple of Course
        In the order of the plan, the mean over all cells first if there are several.
    """

    start: date
    courses: tuple[Course, ...]

    def day(self, week: float) -> date:
        """Return the first day of a week."""
        return self.start + timedelta(weeks=int(week))

    def to_frame(self, yearly: bool = False) -> pl.DataFrame:
        """Return one line a group, week and event.

        Parameters
        ----------
        yearly : bool
            Give the last week of each year of the talks only.

        Returns
        -------
        polars.DataFrame
            `cells`, `week`, `date`, `event`, `incidence`, `low`, `high`, `at_risk`; `incidence`
            is the share of runs in which the event came first and not later than that week.
        """
        tables = []
        for course in self.courses:
            curves = course.curves
            weeks = curves.times
            keep = np.arange(len(weeks))
            if yearly:
                keep = keep[(weeks % 52 == 51) | (weeks == weeks[-1])]
            low, high = course.intervals()
            for kind, event in enumerate(EVENTS):
                tables.append(
                    pl.DataFrame(
                        {
                            "cells": [course.group.label] * len(keep),
                            "week": weeks[keep].astype(np.int32),
                            "date": [self.day(week) for week in weeks[keep]],
                            "event": [event] * len(keep),
                            "incidence": curves.incidence[kind][keep],
                            "low": low[kind][keep],
                            "high": high[kind][keep],
                            "at_risk": curves.at_risk[keep].astype(np.int64),
                        }
                    )
                )
        return pl.concat(tables)

    def plot(self) -> "Chart":
        """Return the curves with their bands; a list chooses the cells."""
        import altair as alt

        from sim.analysis.charts import chooser, data, dates, finished, told_apart

        courses = self.courses[:MOST_GROUPS]
        scale = alt.Scale(domain=list(EVENTS))
        base = alt.Chart(data(self._drawn(courses))).transform_calculate(
            date=f"timeOffset('week', datetime({self.start:%Y, {self.start.month - 1}, %d}), "
            "datum.week)"
        )
        base = base.encode(x=dates())
        if len(courses) > 1:
            labels = [course.group.label for course in courses]
            shown = chooser("cells_shown", labels, "cells")
            base = base.add_params(shown).transform_filter("datum.cells == cells_shown")
        share = alt.Axis(format=".0%", title="share of runs, cumulative")
        bands = base.mark_area(opacity=0.18, interpolate="step-after").encode(
            y=alt.Y("low:Q", axis=share),
            y2="high:Q",
            color=alt.Color("event:N", scale=scale, legend=None),
        )
        lines = base.mark_line(strokeWidth=2.2, interpolate="step-after").encode(
            y=alt.Y("incidence:Q", axis=share),
            **told_apart("event", "first event", EVENTS),
            tooltip=[
                alt.Tooltip("event:N"),
                alt.Tooltip("date:T", format="%-d %B %Y"),
                *(alt.Tooltip(f"{k}:Q", format=".1%") for k in ("incidence", "low", "high")),
            ],
        )
        both = alt.layer(bands, lines).resolve_legend(color="independent", strokeDash="independent")
        return finished(both, "What happens first, and by when", 320)

    def _drawn(self, courses: Sequence[Course]) -> list[dict[str, object]]:
        """Return the points of the drawn curves; where a curve stays, points are left out."""
        rows: list[dict[str, object]] = []
        for number, course in enumerate(courses):
            curves = course.curves
            low, high = course.intervals()
            last = len(curves.times) - 1
            step = max(1, -(-last // SHOWN_WEEKS))
            for kind, event in enumerate(EVENTS):
                before = -1.0
                for at in sorted({*range(0, last, step), last}):
                    value = float(curves.incidence[kind, at])
                    if value == before and at != last:
                        continue
                    before = value
                    rows.append(
                        {
                            "cells": number,
                            "week": int(curves.times[at]),
                            "event": event,
                            "incidence": round(value, 4),
                            "low": round(float(low[kind, at]), 4),
                            "high": round(float(high[kind, at]), 4),
                        }
                    )
        return rows


def incidence(results: Results, by: Sequence[str] | None = None) -> Incidence:
    """Return when signature, collapse or fall of government come first.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all of them by default.

    Returns
    -------
    Incidence
        With pointwise 95 % intervals. Those of the mean over several cells, or over the points
        of a sampled design, count that runs share their shocks.

    Raises
    ------
    NotInResults
        If the table lacks one of the columns that say what happened.
    """
    firsts = first_events(results)
    courses = []
    for group in groups_played(results, firsts, by):
        counts = weekly_counts(firsts, group.cells)
        curves = from_counts(np.arange(len(counts), dtype=float), counts)
        freedom: Floats | float = float("inf")
        if len(group.cells) > 1:
            variance, freedom = clustered_variance(results, firsts, group, curves)
            curves = curves._replace(variance=variance)
        clusters = clusters_behind(results, firsts, group)
        courses.append(Course(group=group, curves=curves, clusters=clusters, freedom=freedom))
    notes = (
        "An interim deal that later became a full one counts as an interim deal here: what came "
        "first counts.",
    )
    return Incidence(start=results.scenario.start, courses=tuple(courses), notes=notes)
