"""A null model of the timing: a constant hazard.

Each week each event has the same chance, whatever strategies, rules and calendar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from sim.analysis.competing_risks import Curves, from_counts
from sim.analysis.first_events import EVENTS, first_events, groups_played, weekly_counts
from sim.analysis.intervals import Estimate
from sim.analysis.result import Result
from sim.analysis.results import Floats, Group, Results
from sim.sweeps.shares import LEVEL

if TYPE_CHECKING:
    from sim.analysis.result import Chart

YEAR = 52
"""Weeks of a year, as in the model's conversions of rates."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Hazard:
    """Constant weekly hazards of one group of cells.

    Attributes
    ----------
    group : Group
    weekly : tuple of Estimate
        One for each of `sim.analysis.incidence.EVENTS`: events by run-weeks without event, with
        Garwood's exact Poisson interval (1936); `runs` counts the run-weeks.
    foreseen : array, shape (events, weeks)
        Cumulative incidence that these hazards give.
    from_first_half : array, shape (events,)
        Cumulative incidence at the horizon that hazards fitted to the first half of the weeks
        give.
    curves : Curves
        What the runs did.
    """

    group: Group
    weekly: tuple[Estimate, ...]
    foreseen: Floats
    from_first_half: Floats
    curves: Curves


@dataclass(frozen=True, eq=False, kw_only=True)
class ConstantHazard(Result):
    """The constant hazard beside what the runs did, by group of cells."""

    hazards: tuple[Hazard, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a group and event.

        Returns
        -------
        polars.DataFrame
            The hazard a year with its interval; incidence at the horizon in the runs, by the
            constant hazard, and by one fitted to the first half of the weeks; the largest gap
            between the two curves.
        """
        rows = []
        for found in self.hazards:
            for kind, event in enumerate(EVENTS):
                weekly = found.weekly[kind]
                yearly = [
                    1 - (1 - min(x, 1.0)) ** YEAR for x in (weekly.value, weekly.low, weekly.high)
                ]
                gap = np.abs(found.curves.incidence[kind] - found.foreseen[kind]).max()
                rows.append(
                    {
                        "cells": found.group.label,
                        "event": event,
                        "yearly": yearly[0],
                        "yearly_low": yearly[1],
                        "yearly_high": yearly[2],
                        "in_runs": float(found.curves.incidence[kind, -1]),
                        "by_hazard": float(found.foreseen[kind, -1]),
                        "by_first_half": float(found.from_first_half[kind]),
                        "largest_gap": float(gap),
                    }
                )
        return pl.DataFrame(rows)

    def plot(self) -> "Chart":
        """Return both curves of a deal (interim or full) of the first group."""
        import altair as alt

        from sim.analysis.charts import data, finished, told_apart

        found = self.hazards[0]
        rows = []
        for week in range(0, len(found.curves.times), 2):
            for told, curves in (
                ("in the runs", found.curves.incidence),
                ("constant hazard", found.foreseen),
            ):
                rows.append({"week": week, "model": told, "share": float(curves[:2, week].sum())})
        chart = (
            alt.Chart(data(rows))
            .mark_line(strokeWidth=2.2)
            .encode(
                x=alt.X("week:Q", title="week of the talks"),
                y=alt.Y("share:Q", axis=alt.Axis(format=".0%", title="share of runs with a deal")),
                **told_apart("model", None, ("in the runs", "constant hazard")),
                tooltip=["model:N", "week:Q", alt.Tooltip("share:Q", format=".1%")],
            )
        )
        return finished(chart, f"A deal by week, {found.group.label}", 240)


def constant_hazard(results: Results, by: Sequence[str] | None = None) -> ConstantHazard:
    """Fit a constant hazard of each event to the run-weeks without event.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all by default, after the mean over all cells.

    Raises
    ------
    NotInResults
        If the table lacks one of the columns that say what happened.
    """
    firsts = first_events(results)
    hazards = []
    for group in groups_played(results, firsts, by):
        counts = weekly_counts(firsts, group.cells)
        weekly, foreseen = fit_hazard(counts)
        _, first_half = fit_hazard(counts, until=max(1, len(counts) // 2))
        curves = from_counts(np.arange(len(counts), dtype=float), counts)
        hazards.append(
            Hazard(
                group=group,
                weekly=weekly,
                foreseen=foreseen,
                from_first_half=first_half[:, -1],
                curves=curves,
            )
        )
    notes = (
        "Fitted to all weeks, a constant hazard comes near the share at the horizon by making; "
        "what it cannot show is the timing. Fitted to the first half it foretells the second. "
        "Intervals take run-weeks as independent.",
    )
    return ConstantHazard(hazards=tuple(hazards), notes=notes)


def fit_hazard(counts: Floats, until: int | None = None) -> tuple[tuple[Estimate, ...], Floats]:
    """Fit constant weekly hazards of competing events.

    Parameters
    ----------
    counts : array, shape (weeks, 1 + events)
        Runs censored, and runs with each event first, by week.
    until : int, optional
        Fit to the weeks before this one only.

    Returns
    -------
    tuple
        Weekly hazards, and the cumulative incidence that they give, shape (events, weeks).
    """
    leaving = counts.sum(axis=1)
    at_risk = leaving[::-1].cumsum()[::-1]
    upto = len(counts) if until is None else until
    exposure = float(at_risk[:upto].sum())
    events = counts[:upto, 1:].sum(axis=0)
    weekly = tuple(_poisson_rate(float(count), exposure) for count in events)
    rates = np.array([found.value for found in weekly])
    total = min(float(rates.sum()), 1.0)
    weeks = np.arange(1, len(counts) + 1)
    happened = 1 - (1 - total) ** weeks
    share = rates / total if total > 0 else np.zeros(len(rates))
    return weekly, np.outer(share, happened)


def _poisson_rate(count: float, exposure: float) -> Estimate:
    """Return a rate with Garwood's exact interval (1936)."""
    tail = (1 - LEVEL) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Estimate(count / exposure, low / exposure, high / exposure, int(exposure))
