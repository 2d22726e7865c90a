"""When what happens first: signature, collapse and fall of government as competing risks.

Cumulative incidence is estimated as by Aalen and Johansen (1978), its variance as by Aalen in
Pintilie (2006, eq. 4.5). Runs that share replicates or points are not independent, so the variance
of curves over several cells is taken between batches of these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Choices, Figure, Result, drawn
from sim.analysis.results import Floats, Group, Results, over
from sim.model.codes import Treaty
from sim.runs.intervals import Clusters, effective_size, wilson

EVENTS = ("interim deal", "full deal", "collapse", "government fell")
"""What can happen first; the codes of the events are their places here, from 1."""
MOST_BATCHES = 100
"""Batches of replicates, or of points, from which the variance of curves is taken."""
SHOWN_WEEKS = 60
"""Most points of a drawn curve."""
MOST_GROUPS = 30
"""Most groups that a figure lets choose from."""


class Curves(NamedTuple):
    """Cumulative incidence of competing events."""

    times: Floats  # where the curves may step, increasing; shape (times,)
    at_risk: Floats  # runs without event just before; shape (times,)
    # incidence, variance: shape (kinds, times)
    incidence: Floats
    variance: Floats


def from_counts(times: Floats, counts: Floats) -> Curves:
    """Estimate cumulative incidence (Aalen and Johansen 1978) from what happened when.

    `times` increase; `counts` are the runs censored, and those with each kind of event, at each
    time (shape (times, 1 + kinds)). Censoring at a time counts after the events of that time.
    """
    leaving = counts.sum(axis=1)
    at_risk = leaving[::-1].cumsum()[::-1]
    events = counts[:, 1:].T
    total = events.sum(axis=0)
    free = np.cumprod(1.0 - over(total, at_risk, 0.0))
    before = np.concatenate([[1.0], free[:-1]])
    incidence = _upto(over(events * before, at_risk, 0.0))
    return Curves(times, at_risk, incidence, _variance(incidence, events, total, at_risk, before))


def _variance(
    incidence: Floats, events: Floats, total: Floats, at_risk: Floats, before: Floats
) -> Floats:
    """Return Aalen's variance of cumulative incidence (Pintilie 2006, eq. 4.5).

    The sums over earlier times of squared differences of the curve are multiplied out, so that
    time and memory grow with the number of times and not with its square.
    """
    n, d, f = at_risk, total, incidence
    spread = over(d, (n - 1) * (n - d), 0.0)
    own = over(events * (n - events) * before**2, (n - 1) * n**2, 0.0)
    mixed = over(events * (n - events) * before, n * (n - d) * (n - 1), 0.0)
    first = f**2 * _upto(spread) - 2 * f * _upto(f * spread) + _upto(f**2 * spread)
    third = f * _upto(mixed) - _upto(f * mixed)
    variance: Floats = np.maximum(first + _upto(own) - 2 * third, 0.0)
    return variance


def _upto(values: Floats) -> Floats:
    summed: Floats = values.cumsum(axis=-1)
    return summed


Some = NDArray[np.int64] | NDArray[np.bool_] | slice


class Firsts(NamedTuple):
    """What happened first in each run, and when."""

    # 0 nothing, else as in `EVENTS`; -1 where there is no run; shape (cells, replicates)
    event: NDArray[np.int8]
    week: NDArray[np.int16]  # its week, or the last week played; shape (cells, replicates)

    def of(self, cells: Some, replicates: Some = slice(None)) -> "Firsts":
        """Return those of some cells and replicates."""
        return Firsts(self.event[cells][:, replicates], self.week[cells][:, replicates])


def first_events(results: Results) -> Firsts:
    """Return what happened first in each run: a signature, a collapse or a fall of government.

    Raises `NotInResults` if the table lacks one of the columns that say it.
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


def weekly_counts(firsts: Firsts, least: int = 1) -> Floats:
    """Return how many runs had which first event in which week.

    The shape is (weeks, 5), up to the last week of a run but `least` weeks: censored runs first,
    then `EVENTS`.
    """
    event, week = firsts.event.ravel(), firsts.week.ravel()
    there = event >= 0
    size = len(EVENTS) + 1
    place = week[there].astype(np.int64) * size + event[there]
    weeks = max(least, int(week[there].max(initial=0)) + 1)
    return np.bincount(place, minlength=weeks * size).reshape(-1, size).astype(float)


def curves_of(counts: Floats) -> Curves:
    """Return the curves of `weekly_counts`."""
    return from_counts(np.arange(len(counts), dtype=float), counts)


def groups_played(results: Results, firsts: Firsts, by: Sequence[str] | None) -> list[Group]:
    """Return the groups of cells that have runs, all cells together first if there are several."""
    groups = results.groups(by)
    if len(groups) > 1:
        groups = [*results.groups([]), *groups]
    return [group for group in groups if (firsts.event[group.cells] >= 0).any()]


def clusters_behind(firsts: Firsts, clusters: Clusters | None) -> int:
    """Return how many independent replicates runs come from, or points if these are fewer."""
    there = firsts.event >= 0
    replicates = int(there.any(axis=0).sum())
    if clusters is None:
        return replicates
    drawn = len(np.unique(clusters.number[there.any(axis=1)]))
    return min(replicates, drawn) if clusters.common else drawn


def clustered_variance(
    firsts: Firsts, clusters: Clusters | None, curves: Curves
) -> tuple[Floats, Floats]:
    """Return variance and its degrees of freedom of curves whose runs share their chance.

    From batches of replicates, and of points if sampled: each batch that has runs gives curves of
    its own, which count by its runs.
    """
    there, parts = firsts.event >= 0, []
    if clusters is None or clusters.common:
        batch = _batches(np.arange(there.shape[1]), np.any(there, axis=0))
        parts.append(_variance_between([firsts.of(slice(None), own) for own in batch], curves))
    if clusters is not None:
        batch = _batches(clusters.number, np.any(there, axis=1))
        parts.append(_variance_between([firsts.of(own) for own in batch], curves))
    variances = [variance for variance, _ in parts]
    if len(parts) == 1:
        return variances[0], np.full_like(variances[0], parts[0][1])
    total: Floats = np.sum(variances, axis=0)
    below: Floats = np.sum([variance**2 / freedom for variance, freedom in parts], axis=0)
    # Satterthwaite (1946), see `sim.runs.intervals`.
    freedom = np.divide(total**2, below, out=np.ones_like(total), where=below > 0)
    return np.maximum(np.max(variances, axis=0), total - curves.variance), freedom


def _batches(side: NDArray[np.int64], played: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return which replicates, or which cells by their point, each batch has of those that ran."""
    # An unfinished sweep may lack most, so only what has runs is counted.
    known, place = np.unique(side[played], return_inverse=True)
    batches = min(MOST_BATCHES, len(known))
    batch = np.full(len(side), -1)
    batch[played] = place * batches // max(len(known), 1)
    return [batch == number for number in range(batches)]


def _variance_between(parts: Sequence[Firsts], curves: Curves) -> tuple[Floats, int]:
    """Return variance and degrees of freedom of curves between batches of replicates or points."""
    batches = len(parts)
    if batches < 2:
        return np.full_like(curves.incidence, np.nan), 1
    squares = np.zeros_like(curves.incidence)
    for part in parts:
        counts = weekly_counts(part, len(curves.times))
        weight = counts.sum() / curves.at_risk[0]
        squares += (weight * (curves_of(counts).incidence - curves.incidence)) ** 2
    return squares * batches / (batches - 1), batches - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Course:
    """Curves of one group of cells over the weeks of the talks."""

    group: Group
    curves: Curves
    clusters: int  # independent replicates that it rests on, or points if these are fewer
    kinds: tuple[int, ...]  # places of the events that can happen in these cells
    # degrees of freedom of the curves' variance; infinite for one cell, whose runs are
    # independent; shape (kinds, times), or float
    freedom: Floats | float

    @cached_property
    def intervals(self) -> tuple[Floats, Floats]:
        """Ends of the curves' pointwise 95 % intervals: Wilson's, by their variance."""
        share, runs = self.curves.incidence, float(self.curves.at_risk[0])
        size = effective_size(share, self.curves.variance, self.clusters, runs, self.freedom)
        return wilson(share, size)


@dataclass(frozen=True, eq=False, kw_only=True)
class Incidence(Result):
    """Cumulative incidence of the first event, by group of cells, over calendar dates."""

    start: date  # first day of the talks
    # in the order of the plan, the mean over all cells first if there are several
    courses: tuple[Course, ...]
    calendar: tuple[tuple[date, str], ...]  # what the scenario has a date for, and its title

    def records(self) -> pl.DataFrame:
        """Return one line a group, week and event.

        `incidence` is the share of runs in which the event came first and not later than that
        week; beside it stand the ends of its interval and the runs `at_risk`.
        """
        drawn = [(course, kind) for course in self.courses for kind in course.kinds]
        place = np.repeat(np.arange(len(drawn)), [len(course.curves.times) for course, _ in drawn])
        table = pl.DataFrame(
            {
                "cells": pl.Series([course.group.label for course, _ in drawn])[place],
                "week": np.concatenate([c.curves.times for c, _ in drawn]).astype(np.int32),
                "event": pl.Series([EVENTS[kind] for _, kind in drawn])[place],
                "incidence": np.concatenate([c.curves.incidence[kind] for c, kind in drawn]),
                "low": np.concatenate([course.intervals[0][kind] for course, kind in drawn]),
                "high": np.concatenate([course.intervals[1][kind] for course, kind in drawn]),
                "at_risk": np.concatenate([c.curves.at_risk for c, _ in drawn]).astype(np.int64),
            }
        )
        day = pl.lit(self.start) + pl.duration(weeks="week")
        return table.insert_column(2, table.select(date=day).to_series())

    def figure(self) -> Figure:
        """Return the curves with their bands; a list chooses the cells."""
        courses = self.courses[:MOST_GROUPS]
        labels = [course.group.label for course in courses]
        start = f"datetime({self.start:%Y, {self.start.month - 1}, %d})"
        dated = [
            {"date": day.isoformat(), "told": title, "line": 12 * n}
            for n, (day, title) in enumerate(self.calendar)
        ]
        chart = drawn(
            "incidence",
            list(_drawn(courses)),
            Choices("cells", "cells_shown", labels, "cells"),
            date=f"timeOffset('week', {start}, datum.week)",
            events=[EVENTS[1], EVENTS[0], *EVENTS[2:]],
            early=dated[: len(dated) // 2],
            late=dated[len(dated) // 2 :],
        )
        return Figure(chart, "What happens first, and by when", 320)


def _drawn(courses: Sequence[Course]) -> Iterator[dict[str, object]]:
    """Give the points of the drawn curves; where a curve stays, points are left out."""
    for number, course in enumerate(courses):
        curves = course.curves
        low, high = course.intervals
        last = len(curves.times) - 1
        step = max(1, -(-last // SHOWN_WEEKS))
        for kind in course.kinds:
            event, before = EVENTS[kind], -1.0
            for at in sorted({*range(0, last, step), last}):
                value = float(curves.incidence[kind, at])
                if value == before and at != last:
                    continue
                before = value
                yield {
                    "cells": number,
                    "week": int(curves.times[at]),
                    "event": event,
                    "incidence": round(value, 4),
                    "low": round(float(low[kind, at]), 4),
                    "high": round(float(high[kind, at]), 4),
                }


def incidence(results: Results, by: Sequence[str] | None = None) -> Incidence:
    """Return when signature, collapse or fall of government come first.

    Cells are told apart by the values of some keys, by default all. Intervals are pointwise; those
    over several cells, or over the points of a sampled design, count that runs share their shocks.
    Raises `NotInResults` if the table lacks one of the columns that say what happened.
    """
    firsts = first_events(results)
    courses = []
    for group in groups_played(results, firsts, by):
        own, points = firsts.of(group.cells), results.clusters_of(group.cells)
        curves = curves_of(weekly_counts(own))
        freedom: Floats | float = float("inf")
        if len(group.cells) > 1:
            variance, freedom = clustered_variance(own, points, curves)
            curves = curves._replace(variance=variance)
        clusters = clusters_behind(own, points)
        kinds = tuple(range(0 if results.allows_interim[group.cells].any() else 1, len(EVENTS)))
        courses.append(
            Course(group=group, curves=curves, clusters=clusters, kinds=kinds, freedom=freedom)
        )
    notes = (
        "An interim deal that later became a full one counts as an interim deal here: what came "
        "first counts. It has no curve where the agenda allows none.",
    )
    scenario = results.scenario
    last = scenario.start + timedelta(weeks=int(results.plan.horizons.max()))
    dated = ((entry.date, entry.title) for entry in scenario.calendar)
    return Incidence(
        start=scenario.start,
        courses=tuple(courses),
        calendar=tuple(entry for entry in dated if scenario.start <= entry[0] < last),
        notes=notes,
    )
