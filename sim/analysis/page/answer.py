"""The first screen of a sweep's report: the answer in a few sentences, each with its query."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.assumptions import (
    ASSUMPTIONS,
    CHANCE,
    FEWEST,
    UNSURE,
    AssumptionLedger,
    assumption_ledger,
    too_few,
)
from sim.analysis.deals import Rate, signing_rates
from sim.analysis.intervals import Estimate, estimate, spread
from sim.analysis.ledger import ledger
from sim.analysis.page import queries
from sim.analysis.page.content import (
    Number,
    Statement,
    interval_names,
    interval_numbers,
    interval_words,
    negated,
    plain,
)
from sim.analysis.paired import Difference, paired_differences
from sim.analysis.results import Floats, Results, word
from sim.errors import SimError
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.shares import student
from sim.sweeps.overrides import Value

NEGLIGIBLE = 0.0005
"""Shares that differ by less are shown alike."""


class Finding(NamedTuple):
    """Numbers of a sentence, by name, and the query that gives them."""

    numbers: Mapping[str, Number]
    query: str


def answer(results: Results) -> tuple[Statement, ...]:
    """Return the answer of a sweep.

    What the results do not hold, or what is damaged, is left out: the section on it says why.
    """
    said = [_signed(results)]
    for make in (_range, _difference, _when, _terms, _gates):
        try:
            said += make(results)
        except SimError:
            continue
    return (*said, *_grounds(results, assumption_ledger(results)))


def _statement(text: str, findings: Mapping[str, Finding]) -> Statement:
    numbers = {name: n for found in findings.values() for name, n in found.numbers.items()}
    parts = {name: found.query for name, found in findings.items()}
    return Statement(text, numbers, queries.together(parts))


def _share(
    results: Results,
    name: str,
    values: Floats,
    condition: str,
    where: str = "",
    cells: NDArray[np.int64] | None = None,
) -> Finding:
    """Return the share of runs that meet a condition; `values` are 1 where they do, NaN if no run.

    By default over all cells and all runs with outcomes.
    """
    chosen = np.arange(results.plan.cells) if cells is None else cells
    points, block = results.clusters_of(chosen), values[chosen]
    alone = points is None and len(chosen) == 1
    freedom = None if alone else spread(block, points).freedom
    where = where or queries.among(results, {})
    query = queries.query(
        "share",
        r=results,
        names=interval_names(name),
        condition=condition,
        where=where,
        freedom=freedom,
    )
    return Finding(interval_numbers(name, estimate(block, points, share=True)), query)


def _mean(results: Results, name: str, values: Floats, column: str, condition: str = "") -> Finding:
    """Return the mean of a column over the runs that meet a condition."""
    points = results.clusters_of(np.arange(results.plan.cells))
    where = queries.among(results, {}, condition)
    freedom = spread(values, points).freedom
    query = queries.query(
        "mean", r=results, names=interval_names(name), value=column, where=where, freedom=freedom
    )
    return Finding(interval_numbers(name, estimate(values, points)), query)


def _signed(results: Results) -> Statement:
    findings = {
        name: _share(results, name, results.outcome(outcome), condition)
        for name, outcome, condition in (
            ("signed", "signed", queries.SIGNED),
            ("full", "signed_full", queries.FULL),
            ("interim", "signed_interim", queries.INTERIM),
        )
    }
    counted = int((results.signed_codes >= 0).any(axis=1).sum())
    numbers = {"runs": Number(results.usable, ","), "cells": Number(counted, ",")}
    of = "point" if results.sampled and len(results.plan.combinations) == 1 else "cell"
    runs = "run" if results.usable == 1 else "runs"
    among = f"{{runs}} {runs} over {{cells}} {of}{'s' if counted != 1 else ''}"
    if results.plan.cells == 1:
        among = f"{{runs}} {runs} of this cell"
        del numbers["cells"]
    count = (
        f"SELECT count(*) AS runs, count(DISTINCT cell) AS cells FROM {results.source} "
        f"WHERE {queries.among(results, {})}"
    )
    text = (
        f"Something was signed in {interval_words('signed')} of the {among}: the treaty in full "
        f"in {interval_words('full')}, an interim deal only in {interval_words('interim')}."
    )
    findings["n"] = Finding(numbers, count)
    if results.failed:
        text = f"{text[:-1]}; {{failed}} more failed and are not counted."
        failed = f"SELECT count(*) AS failed FROM {results.source} WHERE run_status = 'failed'"
        findings["f"] = Finding({"failed": Number(results.failed, ",")}, failed)
    return _statement(text, findings)


def _range(results: Results) -> Iterator[Statement]:
    ranked = signing_rates(results).sorted()
    if not ranked or ranked[0].signed.value - ranked[-1].signed.value < NEGLIGIBLE:
        return
    signed, least, most = results.outcome("signed"), ranked[-1], ranked[0]
    findings = {}
    for name, rate in (("least", least), ("most", most)):
        where = queries.among(results, rate.group.values)
        findings[name] = _share(results, name, signed, queries.SIGNED, where, rate.group.cells)
    text = (
        f"By cell it ranges from {interval_words('least')} ({_values(least)}) to "
        f"{interval_words('most')} ({_values(most)})."
    )
    yield _statement(text, findings)


def _values(rate: Rate) -> str:
    return plain(", ".join(f"{key}={value}" for key, value in rate.group.words.items()))


def _difference(results: Results) -> Iterator[Statement]:
    everywhere = paired_differences(results).everywhere()
    if not everywhere:
        return
    largest = everywhere[0]
    value, than, found = _upwards(largest)
    compared = f"{plain(largest.key)}={plain(word(value))} instead of {plain(word(than))}"
    query = queries.query(
        "paired",
        r=results,
        names=interval_names("difference"),
        key=largest.key,
        values=(value, than),
        cells=largest.cells,
    )
    text = _words_of_difference(compared, len(everywhere), found.low > 0.0)
    yield Statement(text, interval_numbers("difference", found, "percent"), query)


def _upwards(largest: Difference) -> tuple[Value, Value, Estimate]:
    """Return the values of a difference in the order in which it is positive, and its size."""
    found = Estimate(largest.difference, largest.low, largest.high, largest.pairs)
    if largest.difference >= 0:
        return largest.value, largest.than, found
    return largest.than, largest.value, negated(found)


def _words_of_difference(compared: str, comparisons: int, clear: bool) -> str:
    size = f"{interval_words('difference')} percentage points"
    count = f"{comparisons} comparison{'s' if comparisons > 1 else ''} run by run"
    if clear:
        return (
            f"The largest of {count}: {compared} raises the share of runs with a signature by "
            f"{size}, all else equal."
        )
    if comparisons > 1:
        return f"None of {count} shows a clear difference; the largest, {compared}, is {size}."
    return f"The one comparison run by run shows no clear difference: {compared}, {size}."


def _when(results: Results) -> Iterator[Statement]:
    if not results.has("signed_week"):
        return
    weeks = results.codes("signed_week")
    signed = weeks[weeks >= 0]
    if not len(signed):
        return
    horizon = int(str(results.config_of(0).get("horizon", 156)))
    after = min(52, max(1, horizon // 2))
    start = results.scenario.start
    soon = np.where(results.signed_codes < 0, np.nan, (weeks >= 0) & (weeks < after))
    # The lower of the middle two, which is a week that there was.
    middle = int(np.sort(signed)[(len(signed) - 1) // 2])
    median = (
        f"SELECT strftime(DATE '{start.isoformat()}' + 7*quantile_disc(signed_week, 0.5), "
        f"'%-d %B %Y') AS median FROM {results.source} WHERE {queries.among(results, {})} AND "
        "signed_week >= 0"
    )
    text = (
        f"Within {after} weeks, by {day(start, after)}, something had been signed in "
        f"{interval_words('early')} of the runs; half of all first signatures came by the week of "
        "{median}."
    )
    findings = {
        "a": _share(results, "early", soon, f"signed_week BETWEEN 0 AND {after - 1}"),
        "b": Finding({"median": Number(day(start, middle))}, median),
    }
    yield _statement(text, findings)


def day(start: date, week: int) -> str:
    """Return the first day of a week in words."""
    when = start + timedelta(weeks=week)
    return f"{when.day} {when:%B %Y}"


def _terms(results: Results) -> Iterator[Statement]:
    if not results.has("in_force", "dignity"):
        return
    in_force = results.codes("in_force")
    stood = np.where(results.signed_codes > 0, in_force > 0, np.nan)
    dignity = np.where(in_force > 0, results.numbers("dignity"), np.nan)
    if not np.isfinite(dignity).any():
        return
    signed, there = queries.among(results, {}, queries.SIGNED), "in_force <> 'none'"
    text = (
        f"Of the signed deals {interval_words('lasting')} stood at the end; these gave the "
        f"worse-off side {interval_words('dignity')} of its greatest possible gain over the "
        "status quo."
    )
    findings = {
        "a": _share(results, "lasting", stood, there, signed),
        "b": _mean(results, "dignity", dignity, "dignity", there),
    }
    yield _statement(text, findings)


def _gates(results: Results) -> Iterator[Statement]:
    findings, told = {}, []
    for name, charge in zip(
        ("first_gate", "second_gate"), ledger(results, []).largest(), strict=False
    ):
        column = LEDGER_COLUMNS[charge.gate]
        findings[name] = _mean(results, name, results.numbers(column), column)
        told.append(f"{plain(charge.words)} ({interval_words(name)} of the weeks)")
    text = (
        "What kept a week from being the week of the full signature, on average over the runs: "
        f"{' and '.join(told)}."
    )
    yield _statement(text, findings)


def _grounds(results: Results, assumptions: AssumptionLedger) -> Iterator[Statement]:
    chance = assumptions.shares.get(CHANCE)
    if len(assumptions.shares) == 1:
        yield Statement("What differs from run to run is chance alone: this sweep moved nothing.")
    elif chance is not None and np.isfinite(chance.low) and results.usable == results.plan.runs:
        yield _variance(results, assumptions, chance)
    elif results.plan.replicates < FEWEST:
        yield Statement(too_few(results.plan.replicates))
    base = results.plan.combinations[0].base
    text = "Of the scenario's {numbers} numbers {assumed} are assumptions with a range; " + (
        "this sweep moved some of them, and what rests on the others it cannot show."
        if assumptions.moved_assumptions
        else "this sweep moved none of them, so it cannot show how much rests on them."
    )
    numbers = {"numbers": Number(assumptions.numbers), "assumed": Number(assumptions.assumed)}
    yield Statement(text, numbers, queries.query("assumptions_in_plan", base=base))


def _variance(results: Results, found: AssumptionLedger, chance: Estimate) -> Statement:
    findings = {"chance": _variance_share(results, "chance", chance, None)}
    text = f"Of the variance of the outcome from run to run {interval_words('chance')} is chance"
    resting = found.shares.get(ASSUMPTIONS)
    if resting is None:
        text += ", and the rest is what was chosen; no assumption moved."
        return _statement(text, findings)
    if not np.isfinite(resting.low):
        text += "; how much rests on the assumptions that moved is unknown, replicates are too few."
        return _statement(text, findings)
    sure = [entry for entry in found.moved if entry.ground not in UNSURE]
    known = [entry.key for entry in sure if not entry.drawn]
    at_most = "at most " if any(entry.drawn for entry in sure) else ""
    findings["rest"] = _variance_share(results, "assumed", resting, known)
    text += f"; {at_most}{interval_words('assumed')} rests on the assumptions that moved."
    return _statement(text, findings)


def _variance_share(
    results: Results, name: str, found: Estimate, known: list[str] | None
) -> Finding:
    quantile = student(results.plan.replicates - 1.0)
    query = queries.query(
        "variance_share", r=results, names=interval_names(name), known=known, quantile=quantile
    )
    return Finding(interval_numbers(name, found), query)
