"""Null models, which know no strategy: one of the terms, one of the timing.

In the salience-weighted compromise each open article ends at the mean of the sides' ideals,
weighted by how much the article matters to each (Schneider, Finke and Bailer 2010). In the
constant hazard each first event is as likely in one week as in another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.charts import Figure, Result, dot_plot, drawn, table
from sim.analysis.deals import article_label
from sim.analysis.incidence import (
    EVENTS,
    Curves,
    curves_of,
    first_events,
    groups_played,
    weekly_counts,
)
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import Floats, Group, NotInResults, Results
from sim.config.scenario import Scenario
from sim.runs.shares import LEVEL

YEAR = 52
"""Weeks of a year, as in the model's conversions of rates."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Compromise(Result):
    """The salience-weighted compromise beside where the open articles ended."""

    parties: tuple[str, str]  # names of the sides
    # `article`, `ideal_first`, `ideal_second`, `compromise`, `with_mediator`, `in_runs`,
    # `low`, `high` (mean final position of deals that stood, 95 %), `lowest`, `highest` (of
    # the means by cell)
    articles: pl.DataFrame

    def records(self) -> pl.DataFrame:
        """Return one line an open article."""
        return self.articles

    def figure(self) -> Figure:
        """Return ideals, compromise and where the runs ended, one line an article."""
        first, second = self.parties
        told = {
            "ideal_first": f"{first}'s ideal",
            "ideal_second": f"{second}'s ideal",
            "compromise": "compromise",
            "in_runs": "in the runs",
        }
        rows = [
            {
                "label": row["article"],
                "series": words,
                "value": row[name],
                "low": row["low"] if name == "in_runs" else row[name],
                "high": row["high"] if name == "in_runs" else row[name],
            }
            for row in self.articles.iter_rows(named=True)
            for name, words in told.items()
            if row[name] is not None
        ]
        axis = f"position: 0 {first}'s wording, 1 {second}'s"
        title = "Open articles: ideals, salience-weighted compromise, runs"
        return dot_plot(rows, title, axis, format=".2f", domain=(0, 1), series="position")


def salience_compromise(results: Results) -> Compromise:
    """Return the salience-weighted compromise for each article that was open.

    A side's salience is the weight of the article among all its weights; both sides have the same
    capability. A second column takes the mediator, if any, in as a third of equal capability.
    Raises `NotInResults` if no article was open.
    """
    scenario = results.scenario
    first, second = scenario.parties
    everybody = [first, second, *([scenario.mediator.id] if scenario.mediator else [])]
    stood = results.codes("in_force") > 0 if results.has("in_force") else None
    rows = []
    for key, entry in scenario.provisions.items():
        if entry.status == "agreed":
            continue
        ideals = {who: entry.ideals[who].value for who in (first, second)}
        told: dict[str, object] = {
            "article": article_label(entry),
            "ideal_first": ideals[first],
            "ideal_second": ideals[second],
            "compromise": compromise(scenario, key, [first, second]),
            "with_mediator": compromise(scenario, key, everybody),
        }
        rows.append(told | _ended(results, f"position_{key}", stood))
    if not rows:
        raise NotInResults("no article was open at the start, so there is nothing to compromise on")
    notes = (
        "The compromise takes the scenario's stated weights and ideals, and knows no strategy, "
        "rule, precondition or status quo.",
    )
    names = (scenario.actors[first].name, scenario.actors[second].name)
    return Compromise(parties=names, articles=table(rows), notes=notes)


def _ended(results: Results, column: str, stood: NDArray[np.bool_] | None) -> dict[str, object]:
    """Return where an article ended in deals that stood: mean, and extremes over the cells."""
    nothing: dict[str, object] = dict.fromkeys(("in_runs", "low", "high", "lowest", "highest"))
    if stood is None or not results.has(column):
        return nothing
    values = np.where(stood, results.numbers(column), np.nan)
    mean = estimate(values, results.clusters_of(np.arange(results.plan.cells)))
    by_group = [estimate(values[group.cells]).value for group in results.groups()]
    known = [value for value in by_group if np.isfinite(value)]
    if not known:
        return nothing
    return {**mean.columns("in_runs"), "lowest": min(known), "highest": max(known)}


def compromise(scenario: Scenario, provision: str, actors: Sequence[str]) -> float | None:
    """Return the mean of some actors' ideals on a provision, weighted by salience.

    All have the same capability (Schneider, Finke and Bailer 2010, *Political Studies* 58). None if
    the provision matters to none of them, or one of them has no ideal on it.
    """
    entry = scenario.provisions[provision]
    if any(who not in entry.weights or who not in entry.ideals for who in actors):
        return None
    every = [item.weights for item in scenario.provisions.values()]
    every += [item.weights for item in scenario.preconditions.values()]
    salience = []
    for who in actors:
        total = sum(weights[who].value for weights in every if who in weights)
        salience.append(entry.weights[who].value / total if total > 0 else 0.0)
    if sum(salience) <= 0.0:
        return None
    ideals = [entry.ideals[who].value for who in actors]
    return float(np.average(ideals, weights=salience))


@dataclass(frozen=True, eq=False, kw_only=True)
class Hazard:
    """Constant weekly hazards of one group of cells."""

    group: Group
    # one for each of `sim.analysis.incidence.EVENTS`: events by run-weeks without event, with
    # Garwood's exact Poisson interval (1936); `runs` counts the run-weeks
    weekly: tuple[Estimate, ...]
    foreseen: Floats  # cumulative incidence that these hazards give; shape (events, weeks)
    # cumulative incidence at the horizon that hazards fitted to the first half of the weeks
    # give; shape (events,)
    from_first_half: Floats
    curves: Curves  # what the runs did


@dataclass(frozen=True, eq=False, kw_only=True)
class ConstantHazard(Result):
    """The constant hazard beside what the runs did, by group of cells."""

    hazards: tuple[Hazard, ...]

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a group and event.

        The hazard a year with its interval; incidence at the horizon in the runs, by the constant
        hazard, and by one fitted to the first half of the weeks; the largest gap of the curves.
        """
        for found in self.hazards:
            for kind, event in enumerate(EVENTS):
                gap = np.abs(found.curves.incidence[kind] - found.foreseen[kind]).max()
                yield {
                    "cells": found.group.label,
                    "event": event,
                    **{
                        name: 1 - (1 - min(rate, 1.0)) ** YEAR
                        for name, rate in found.weekly[kind].columns("yearly", "yearly_").items()
                    },
                    "in_runs": float(found.curves.incidence[kind, -1]),
                    "by_hazard": float(found.foreseen[kind, -1]),
                    "by_first_half": float(found.from_first_half[kind]),
                    "largest_gap": float(gap),
                }

    def figure(self) -> Figure:
        """Return both curves of a deal (interim or full) of the first group."""
        found = self.hazards[0]
        rows = []
        for week in range(0, len(found.curves.times), 2):
            for told, curves in (
                ("in the runs", found.curves.incidence),
                ("constant hazard", found.foreseen),
            ):
                rows.append({"week": week, "model": told, "share": float(curves[:2, week].sum())})
        return Figure(drawn("hazard", rows), f"A deal by week, {found.group.label}", 240)


def constant_hazard(results: Results, by: Sequence[str] | None = None) -> ConstantHazard:
    """Fit a constant hazard of each event to the run-weeks without event.

    Cells are told apart by the values of some keys, by default all. Raises `NotInResults` if the
    table lacks one of the columns that say what happened.
    """
    firsts = first_events(results)
    hazards = []
    for group in groups_played(results, firsts, by):
        counts = weekly_counts(firsts, group.cells)
        weekly, foreseen = fit_hazard(counts)
        _, first_half = fit_hazard(counts, until=max(1, len(counts) // 2))
        hazards.append(
            Hazard(
                group=group,
                weekly=weekly,
                foreseen=foreseen,
                from_first_half=first_half[:, -1],
                curves=curves_of(counts),
            )
        )
    notes = (
        "Fitted to all weeks, a constant hazard comes near the share at the horizon by making; "
        "what it cannot show is the timing. Fitted to the first half it foretells the second. "
        "Intervals take run-weeks as independent.",
    )
    return ConstantHazard(hazards=tuple(hazards), notes=notes)


def fit_hazard(counts: Floats, until: int | None = None) -> tuple[tuple[Estimate, ...], Floats]:
    """Fit constant weekly hazards of competing events, to the weeks before `until` only if given.

    `counts` are the runs censored, and those with each event first, by week (shape (weeks,
    1 + events)). Returns weekly hazards, and the cumulative incidence that they give, shape
    (events, weeks).
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
