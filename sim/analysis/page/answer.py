"""The first screen of a sweep's report: the answer in a few sentences, each with its query."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from sim.analysis.assumptions import (
    ASSUMPTIONS,
    CHANCE,
    FEWEST,
    UNSURE,
    AssumptionLedger,
    too_few,
)
from sim.analysis.intervals import Estimate, estimate, spread
from sim.analysis.ledger import Ledger
from sim.analysis.page import queries
from sim.analysis.page.content import Number, Statement
from sim.analysis.paired import Differences
from sim.analysis.results import Floats, Results, word
from sim.analysis.signing import Rate, SigningRates
from sim.errors import SimError
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.shares import student

NEGLIGIBLE = 0.0005
"""Shares that differ by less are shown alike."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What the answer is made from; None where the results do not hold it."""

    overall: SigningRates
    rates: SigningRates
    differences: Differences | None
    ledger: Ledger | None
    assumptions: AssumptionLedger


def answer(results: Results, found: Findings) -> tuple[Statement, ...]:
    """Return the answer of a sweep."""
    said = [_signed(results, found.overall)]
    if len(found.rates.rates) > 1:
        said += _most_and_least(results, found.rates)
    if found.differences is not None and found.differences.everywhere():
        said.append(_difference(results, found.differences))
    for make in (_when, _terms):
        try:
            said += make(results)
        except SimError:
            # A damaged column: the section that reads it says so.
            continue
    if found.ledger is not None:
        said.append(_gates(results, found.ledger))
    said += _grounds(results, found.assumptions)
    return tuple(said)


def _interval(name: str, found: Estimate, format: str = ".1%") -> dict[str, Number]:
    """Return an estimate and its ends as numbers; the sign of a percentage is not repeated."""
    value, low, high = _names(name)
    ends = "percent" if format == ".1%" else format
    return {
        value: Number(found.value, format),
        low: Number(found.low, ends),
        high: Number(found.high, ends),
    }


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _told(name: str) -> str:
    return f"{{{name}}} [{{{name}_low}}, {{{name}_high}}]"


def _signed(results: Results, overall: SigningRates) -> Statement:
    shares = overall.rates[0].shares
    cells = results.plan.cells
    where = queries.among(results, {})
    parts = {
        name: queries.share(
            results,
            condition,
            where,
            _names(name),
            share_freedom(results, results.outcome(outcome)),
        )
        for name, condition, outcome in (
            ("signed", queries.SIGNED, "signed"),
            ("full", queries.FULL, "signed_full"),
            ("interim", queries.INTERIM, "signed_interim"),
        )
    }
    count = f"SELECT count(*) AS runs, count(DISTINCT cell) AS cells FROM {results.source}"
    counted = int((results.signed_codes >= 0).any(axis=1).sum())
    numbers = {
        **_interval("signed", shares["signed"]),
        **_interval("full", shares["signed_full"]),
        **_interval("interim", shares["signed_interim"]),
        "runs": Number(results.usable, ","),
        "cells": Number(counted, ","),
    }
    of = "point" if results.sampled and len(results.plan.combinations) == 1 else "cell"
    runs = "run" if results.usable == 1 else "runs"
    where_from = f"{{runs}} {runs} over {{cells}} {of}{'s' if counted != 1 else ''}"
    if cells == 1:
        where_from = f"{{runs}} {runs} of this cell"
        del numbers["cells"]
    text = (
        f"Something was signed in {_told('signed')} of the {where_from}: the treaty in full in "
        f"{_told('full')}, an interim deal only in {_told('interim')}."
    )
    parts["n"] = f"{count} WHERE {where}"
    if results.failed:
        text = f"{text[:-1]}; {{failed}} more failed and are not counted."
        numbers["failed"] = Number(results.failed, ",")
        failed = f"SELECT count(*) AS failed FROM {results.source}"
        parts["f"] = f"{failed} WHERE run_status = 'failed'"
    return Statement(text, numbers, queries.together(parts))


def _most_and_least(results: Results, rates: SigningRates) -> list[Statement]:
    ranked = rates.sorted()
    if ranked[0].shares["signed"].value - ranked[-1].shares["signed"].value < NEGLIGIBLE:
        return []
    numbers: dict[str, Number] = {}
    parts: dict[str, str] = {}
    for name, rate in (("least", ranked[-1]), ("most", ranked[0])):
        where = queries.among(results, rate.group.values)
        freedom = share_freedom(results, results.outcome("signed"), rate.group.cells)
        parts[name] = queries.share(results, queries.SIGNED, where, _names(name), freedom)
        numbers |= _interval(name, rate.shares["signed"])
    text = (
        f"By cell it ranges from {_told('least')} ({_values(ranked[-1])}) to {_told('most')} "
        f"({_values(ranked[0])})."
    )
    return [Statement(text, numbers, queries.together(parts))]


def _values(rate: Rate) -> str:
    told = ", ".join(f"{key}={word(value)}" for key, value in rate.group.values.items())
    return _plain(told)


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def _difference(results: Results, differences: Differences) -> Statement:
    everywhere = differences.everywhere()
    largest = everywhere[0]
    up = largest.difference >= 0
    value, than = (largest.value, largest.than) if up else (largest.than, largest.value)
    found = Estimate(largest.difference, largest.low, largest.high, largest.pairs)
    if not up:
        found = Estimate(-found.value, -found.high, -found.low, found.runs)
    numbers = _interval("difference", found, "percent")
    compared = f"{_plain(largest.key)}={_plain(word(value))} instead of {_plain(word(than))}"
    count = f"{len(everywhere)} comparison{'s' if len(everywhere) > 1 else ''} run by run"
    text = (
        f"The largest of {count}: {compared} raises the share of runs with a signature by "
        f"{_told('difference')} percentage points, all else equal."
    )
    if not found.low > 0.0:
        text = (
            f"None of {count} shows a clear difference; the largest, {compared}, is "
            f"{_told('difference')} percentage points."
            if len(everywhere) > 1
            else f"The one comparison run by run shows no clear difference: {compared}, "
            f"{_told('difference')} percentage points."
        )
    query = queries.paired(results, largest.key, (value, than), largest.cells, _names("difference"))
    return Statement(text, numbers, query)


def _when(results: Results) -> list[Statement]:
    if not results.has("signed_week"):
        return []
    weeks = results.codes("signed_week")
    signed = weeks[weeks >= 0]
    if not len(signed):
        return []
    horizon = int(str(results.config_of(0).get("horizon", 156)))
    after = min(52, max(1, horizon // 2))
    start = results.scenario.start
    soon = np.where(results.signed_codes < 0, np.nan, (weeks >= 0) & (weeks < after))
    points = results.clusters_of(np.arange(results.plan.cells))
    found = estimate(soon, points, share=True)
    # The lower of the middle two, which is a week that there was.
    middle = int(np.sort(signed)[(len(signed) - 1) // 2])
    where = queries.among(results, {})
    condition = f"signed_week BETWEEN 0 AND {after - 1}"
    freedom = share_freedom(results, soon)
    early = queries.share(results, condition, where, _names("early"), freedom)
    median = (
        f"SELECT strftime(DATE '{start.isoformat()}' + 7*quantile_disc(signed_week, 0.5), "
        f"'%-d %B %Y') AS median FROM {results.source} WHERE {where} AND signed_week >= 0"
    )
    text = (
        f"Within {after} weeks, by {day(start, after)}, something had been signed in "
        f"{_told('early')} of the runs; half of all first signatures came by the week of "
        "{median}."
    )
    numbers = {
        **_interval("early", found),
        "median": Number(day(start, middle)),
    }
    return [Statement(text, numbers, queries.together({"a": early, "b": median}))]


def day(start: date, week: int) -> str:
    """Return the first day of a week in words."""
    when = start + timedelta(weeks=week)
    return f"{when.day} {when:%B %Y}"


def _terms(results: Results) -> list[Statement]:
    if not results.has("in_force", "dignity"):
        return []
    in_force = results.codes("in_force")
    stood = np.where(results.signed_codes > 0, in_force > 0, np.nan)
    dignity = np.where(in_force > 0, results.numbers("dignity"), np.nan)
    if not np.isfinite(dignity).any():
        return []
    points = results.clusters_of(np.arange(results.plan.cells))
    lasting, worth = estimate(stood, points, share=True), estimate(dignity, points)
    there = "in_force <> 'none'"
    parts = {
        "a": queries.share(
            results,
            there,
            queries.among(results, {}, queries.SIGNED),
            _names("lasting"),
            share_freedom(results, stood),
        ),
        "b": queries.mean(
            results,
            "dignity",
            queries.among(results, {}, there),
            _names("dignity"),
            spread(dignity, points).freedom,
        ),
    }
    text = (
        f"Of the signed deals {_told('lasting')} stood at the end; these gave the worse-off side "
        f"{_told('dignity')} of its greatest possible gain over the status quo."
    )
    numbers = {**_interval("lasting", lasting), **_interval("dignity", worth)}
    return [Statement(text, numbers, queries.together(parts))]


def share_freedom(
    results: Results, values: Floats, cells: NDArray[np.int64] | None = None
) -> float | None:
    """Return the degrees of freedom of a share; None where its runs are independent.

    Parameters
    ----------
    results : Results
    values : array, shape (cells, replicates)
        0 and 1; NaN where there is no run.
    cells : array of int, optional
        Cells that the share is of; all by default.
    """
    chosen = np.arange(results.plan.cells) if cells is None else cells
    points = results.clusters_of(chosen)
    if points is None and len(chosen) == 1:
        return None
    return spread(values[chosen], points).freedom


def _gates(results: Results, ledger: Ledger) -> Statement:
    largest = ledger.largest()[:2]
    where = queries.among(results, {})
    points = results.clusters_of(np.arange(results.plan.cells))
    numbers: dict[str, Number] = {}
    parts, told = {}, []
    for n, charge in enumerate(largest):
        name = ("first_gate", "second_gate")[n]
        numbers |= _interval(name, charge.share)
        column = LEDGER_COLUMNS[charge.gate]
        freedom = spread(results.numbers(column), points).freedom
        parts[name] = queries.mean(results, column, where, _names(name), freedom)
        told.append(f"{_plain(charge.words)} ({_told(name)} of the weeks)")
    text = (
        "What kept a week from being the week of the full signature, on average over the runs: "
        f"{' and '.join(told)}."
    )
    return Statement(text, numbers, queries.together(parts))


def _grounds(results: Results, assumptions: AssumptionLedger) -> list[Statement]:
    said: list[Statement] = []
    chance = assumptions.shares.get(CHANCE)
    if len(assumptions.shares) == 1:
        said.append(
            Statement("What differs from run to run is chance alone: this sweep moved nothing.")
        )
    elif chance is not None and np.isfinite(chance.low) and results.usable == results.plan.runs:
        said.append(_variance(results, assumptions, chance))
    elif results.plan.replicates < FEWEST:
        said.append(Statement(too_few(results.plan.replicates)))
    base = results.plan.combinations[0].base
    query = queries.assumptions_in_plan(base, "numbers", "assumed")
    text = "Of the scenario's {numbers} numbers {assumed} are assumptions with a range; " + (
        "this sweep moved none of them, so it cannot show how much rests on them."
        if not assumptions.moved_assumptions
        else "this sweep moved some of them, and what rests on the others it cannot show."
    )
    numbers = {"numbers": Number(assumptions.numbers), "assumed": Number(assumptions.assumed)}
    return [*said, Statement(text, numbers, query)]


def _variance(results: Results, found: AssumptionLedger, chance: Estimate) -> Statement:
    quantile = student(results.plan.replicates - 1.0)
    numbers = _interval("chance", chance)
    parts = {"chance": queries.variance_share(results, None, _names("chance"), quantile)}
    text = f"Of the variance of the outcome from run to run {_told('chance')} is chance"
    resting = found.shares.get(ASSUMPTIONS)
    if resting is None:
        text += ", and the rest is what was chosen; no assumption moved."
        return Statement(text, numbers, queries.together(parts))
    if not np.isfinite(resting.low):
        text += "; how much rests on the assumptions that moved is unknown, replicates are too few."
        return Statement(text, numbers, queries.together(parts))
    known = [entry.key for entry in found.moved if not entry.drawn and entry.ground not in UNSURE]
    parts["rest"] = queries.variance_share(results, known, _names("assumed"), quantile)
    numbers |= _interval("assumed", resting)
    mixed = any(entry.drawn and entry.ground not in UNSURE for entry in found.moved)
    text += (
        f"; {'at most ' if mixed else ''}{_told('assumed')} rests on the assumptions that moved."
    )
    return Statement(text, numbers, queries.together(parts))
