"""Cumulative incidence under competing risks.

The estimator is Aalen and Johansen's (1978) with Aalen's variance as in Pintilie (2006, eq. 4.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Result
from sim.analysis.results import Floats, Group, Results
from sim.model.codes import Treaty
from sim.runs.shares import effective_size, wilson

if TYPE_CHECKING:
    from sim.analysis.charts import Chart


class Curves(NamedTuple):
    """Cumulative incidence of competing events."""

    times: Floats  # where the curves may step, increasing; shape (times,)
    at_risk: Floats  # runs without event just before; shape (times,)
    # incidence, variance: shape (kinds, times)
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


# ---- What happened first in each run: an interim or full deal, a collapse, a fall of government

EVENTS = ("interim deal", "full deal", "collapse", "government fell")
"""What can happen first; the codes of the events are their places here, from 1."""


class Firsts(NamedTuple):
    """What happened first in each run, and when."""

    # 0 nothing, else as in `EVENTS`; -1 where there is no run; shape (cells, replicates)
    event: NDArray[np.int8]
    week: NDArray[np.int16]  # its week, or the last week played; shape (cells, replicates)


def first_events(results: Results) -> Firsts:
    """Return what happened first in each run: a signature, a collapse or a fall of government.

    Raises
    ------
    NotInResults
        If the table lacks one of the columns that say it.
    """
    results.check_columns("status", "interim_week", "full_week", "ended_week", "weeks")
    status = results.codes("status")
    interim, full = results.codes("interim_week"), results.codes("full_week")
    event = np.zeros(status.shape, np.int8)
    week = np.maximum(results.codes("weeks") - 1, 0)
    ended = results.codes("ended_week")
    unsigned = (interim < 0) & (full < 0)
    for code, happened, when in (
        (3, unsigned & (status == Treaty.COLLAPSED), ended),
        (4, unsigned & (status == Treaty.GOVERNMENT_FELL), ended),
        (2, full >= 0, full),
        (1, interim >= 0, interim),
    ):
        event[happened] = code
        week[happened] = when[happened]
    event[status < 0] = -1
    return Firsts(event, week)


def weekly_counts(firsts: Firsts, cells: NDArray[np.int64]) -> Floats:
    """Return how many of some cells' runs had which first event in which week.

    Returns
    -------
    array, shape (weeks, 5)
        Censored runs first, then `EVENTS`.
    """
    event, week = firsts.event[cells].ravel(), firsts.week[cells].ravel()
    there = event >= 0
    size = len(EVENTS) + 1
    place = week[there].astype(np.int64) * size + event[there]
    weeks = int(week[there].max()) + 1 if there.any() else 1
    return np.bincount(place, minlength=weeks * size).reshape(-1, size).astype(float)


def groups_played(results: Results, firsts: Firsts, by: Sequence[str] | None) -> list[Group]:
    """Return the groups of cells that have runs, all cells together first if there are several."""
    groups = results.groups(by)
    if len(groups) > 1:
        groups = [*results.groups([]), *groups]
    return [group for group in groups if (firsts.event[group.cells] >= 0).any()]


# ---- How far curves of cumulative incidence may be off: runs that share replicates and points.

MOST_BATCHES = 100
"""Batches of replicates, or of points, from which the variance of curves is taken."""


def clusters_behind(results: Results, firsts: Firsts, group: Group) -> int:
    """Return how many independent replicates some cells' runs come from, or points if fewer."""
    there = firsts.event[group.cells] >= 0
    replicates = int(there.any(axis=0).sum())
    clusters = results.clusters_of(group.cells)
    return (
        replicates
        if clusters is None
        else min(replicates, len(np.unique(clusters[there.any(axis=1)])))
    )


def clustered_variance(
    results: Results, firsts: Firsts, group: Group, curves: Curves
) -> tuple[Floats, Floats]:
    """Return variance and its degrees of freedom of curves whose runs share their chance.

    From batches of replicates, and of points if sampled: each batch that has runs gives curves of
    its own, which count by its runs.
    """
    clusters = results.clusters_of(group.cells)
    variances, freedoms = [], []
    for axis, side in enumerate((np.arange(firsts.event.shape[1]), clusters)):
        if side is None:
            continue
        # Batches of what has runs: an unfinished sweep may lack most.
        played = (firsts.event[group.cells] >= 0).any(axis=axis)
        known, place = np.unique(side[played], return_inverse=True)
        batches = min(MOST_BATCHES, len(known))
        batch = np.full(len(side), -1)
        batch[played] = place * batches // max(len(known), 1)
        variance = _between(firsts, group, curves, axis, batch) if batches > 1 else np.nan
        variances.append(np.broadcast_to(variance, curves.incidence.shape))
        freedoms.append(max(batches - 1, 1))
    if len(variances) == 1:
        return variances[0], np.full_like(variances[0], freedoms[0])
    total = np.sum(variances, axis=0)
    below = sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    # Satterthwaite (1946), see `sim.analysis.intervals`.
    freedom = np.divide(total**2, below, out=np.ones_like(total), where=below > 0)
    return np.maximum(np.max(variances, axis=0), total - curves.variance), freedom


def _between(
    firsts: Firsts, group: Group, curves: Curves, axis: int, batch: NDArray[np.int64]
) -> Floats:
    """Return the variance of curves between batches of replicates (axis 0) or of points (1)."""
    batches = int(batch.max()) + 1
    weeks = len(curves.times)
    squares = np.zeros_like(curves.incidence)
    for number in range(batches):
        rows = group.cells if axis == 0 else group.cells[batch == number]
        part = firsts
        if axis == 0:
            inside = batch == number
            part = Firsts(firsts.event[:, inside], firsts.week[:, inside])
        counts = weekly_counts(part, rows)
        own = from_counts(np.arange(len(counts), dtype=float), counts).incidence
        weight = counts.sum() / curves.at_risk[0]
        squares += (weight * (_continued(own, weeks) - curves.incidence)) ** 2
    found: Floats = squares * batches / (batches - 1)
    return found


def _continued(curve: Floats, weeks: int) -> Floats:
    missing = weeks - curve.shape[1]
    longer: Floats = np.pad(curve, ((0, 0), (0, max(missing, 0))), mode="edge")
    return longer[:, :weeks]


# ---- When what happens first: signature, collapse and fall of government as competing risks.

SHOWN_WEEKS = 60
"""Most points of a drawn curve."""
MOST_GROUPS = 30
"""Most groups that a figure lets choose from."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Course:
    """Curves of one group of cells over the weeks of the talks."""

    group: Group
    curves: Curves
    clusters: int  # independent replicates that it rests on, or points if these are fewer
    # degrees of freedom of the curves' variance; infinite for one cell, whose runs are
    # independent; shape (kinds, times), or float
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
    """Cumulative incidence of the first event, by group of cells, over calendar dates."""

    start: date  # first day of the talks
    # in the order of the plan, the mean over all cells first if there are several
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
