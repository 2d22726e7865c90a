"""What a sweep says, chapter by chapter: sentences, each with the query of its numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.assumptions import AssumptionLedger
from sim.analysis.outcomes import GATES, largest, ledger
from sim.analysis.page.content import (
    Number,
    Statement,
    among,
    interval_names,
    interval_numbers,
    interval_words,
    negated,
    plain,
    sql,
    together,
)
from sim.analysis.paired import Difference, best_set, paired_differences, worst_case
from sim.analysis.results import Floats, Group, Results, word
from sim.errors import SimError
from sim.model.codes import Gate
from sim.runs.intervals import Estimate, estimate, spread
from sim.runs.story import gate_words
from sim.runs.terminal import counted
from sim.sweeps.columns import DERIVED, NEEDS_INTERIM
from sim.sweeps.overrides import Value

SIGNED = DERIVED["signed"].condition
NEGLIGIBLE = 0.05
"""Percentages and weeks that differ by less are shown alike."""


class Finding(NamedTuple):
    """Numbers of a sentence, by name, and the query that gives them."""

    numbers: Mapping[str, Number]
    query: str


def answer(
    results: Results, assumptions: AssumptionLedger, outcome: str = "signed"
) -> dict[str, tuple[Statement, ...]]:
    """Return the sentences of a sweep's chapters, by their keys in `files/report.yaml`.

    `outcome` is what cells range in and choices are compared in, of `DERIVED`.

    What the results do not hold, or what is damaged, is left out: the section on it says why.
    """
    ranging, apart = partial(_range, outcome=outcome), partial(_difference, outcome=outcome)
    makers: dict[str, tuple[Callable[[Results], Iterator[Statement]], ...]] = {
        "often": (_signed, ranging, apart),
        "when": (_when,),
        "terms": (_terms,),
        "way": (_gates, partial(_grounds, assumptions=assumptions)),
    }
    said: dict[str, tuple[Statement, ...]] = {}
    for chapter, makes in makers.items():
        for make in makes:
            with suppress(SimError):
                said[chapter] = (*said.get(chapter, ()), *make(results))
    return said


def statement(text: str, findings: Mapping[str, Finding]) -> Statement:
    """Return a sentence with the numbers and queries of its findings."""
    numbers = {name: n for found in findings.values() for name, n in found.numbers.items()}
    parts = {name: found.query for name, found in findings.items()}
    return Statement(text, numbers, together(parts))


def _measured(
    results: Results,
    name: str,
    values: Floats,
    cells: NDArray[np.int64],
    found: Estimate,
    macro: str,
    format: str = ".1%",
    **asked: object,
) -> Finding:
    """Return an estimate from the values of some cells, with the macro's query that gives it."""
    points = results.clusters_of(cells)
    alone = macro == "share" and points is None and len(cells) == 1
    freedom = None if alone else spread(values[cells], points).freedom
    query = sql(macro, r=results, names=interval_names(name), freedom=freedom, **asked)
    return Finding(interval_numbers(name, found, format), query)


def share(
    results: Results,
    name: str,
    values: Floats,
    condition: str,
    cells: NDArray[np.int64],
    where: str,
) -> Finding:
    """Return the share of runs that meet a condition.

    values: 1 where they do, NaN where there is no run.
    cells, where: the cells that it rests on, and the runs in them as SQL.
    """
    found = estimate(values[cells], results.clusters_of(cells), share=True)
    asked = {"condition": condition, "where": where}
    return _measured(results, name, values, cells, found, "share", **asked)


def told(
    results: Results,
    name: str,
    outcome: str,
    cells: NDArray[np.int64],
    at: Mapping[str, Value] | None = None,
) -> Finding:
    """Return the share or the mean of an outcome over some cells, those `at` some values."""
    kind, values = DERIVED[outcome], results.outcome(outcome)
    where, horizon = among(results, at or {}, cells=cells), results.plan.common_horizon
    if kind.share:
        return share(results, name, values, kind.condition, cells, where)
    found = results.told(values, cells, outcome)
    asked = {"value": kind.sql(horizon), "where": where, "most": kind.most(horizon)}
    return _measured(results, name, values, cells, found, "within", kind.format, **asked)


def pooled(results: Results, name: str, outcome: str) -> Finding:
    """Return the share or the mean of an outcome, over the cells in which it can be.

    Those that are watched for fewer weeks than others are left out.
    """
    cells = results.pooled
    if outcome in NEEDS_INTERIM:
        cells = cells[results.allows_interim[cells]]
    return told(results, name, outcome, cells)


def paired_query(results: Results, name: str, outcome: str, entry: Difference) -> str:
    """Return the query of a difference run by run, as `upwards` gives it."""
    value, than, _ = upwards(entry)
    return sql(
        "paired",
        r=results,
        names=interval_names(name),
        value=DERIVED[outcome].sql(results.plan.common_horizon),
        share=DERIVED[outcome].share,
        key=entry.key,
        values=(value, than),
        cells=entry.cells,
        freedom=entry.freedom,
    )


def _mean(results: Results, name: str, values: Floats, column: str, condition: str = "") -> Finding:
    """Return the mean of a column within [0, 1] over the runs that meet a condition."""
    cells = results.pooled
    found = estimate(values[cells], results.clusters_of(cells), bounds=(0.0, 1.0))
    where = among(results, {}, condition, cells)
    return _measured(results, name, values, cells, found, "mean", value=column, where=where)


def _signed(results: Results) -> Iterator[Statement]:
    findings = {
        name: pooled(results, name, outcome)
        for name, outcome in (("signed", "signed"), ("full", "signed_full"))
    }
    there = results.signed_codes[results.pooled] >= 0
    cells, runs = int(there.any(axis=1).sum()), int(there.sum())
    numbers = {"runs": Number(runs, ","), "cells": Number(cells, ",")}
    of = "point" if results.sampled and len(results.plan.combinations) == 1 else "cell"
    noun = "run" if runs == 1 else "runs"
    played = f"{{runs}} {noun} over {{cells}} {of}{'s' if cells != 1 else ''}"
    if results.plan.cells == 1:
        played = f"{{runs}} {noun} of this cell"
        del numbers["cells"]
    count = (
        f"SELECT count(*) AS runs, count(DISTINCT cell) AS cells FROM {results.source} "
        f"WHERE {among(results, {}, cells=results.pooled)}"
    )
    text = (
        f"Something was signed in {interval_words('signed')} of the {played}: the treaty in full "
        f"in {interval_words('full')}"
    )
    findings["n"] = Finding(numbers, count)
    allowed = results.allows_interim[results.pooled]
    if allowed.any():
        findings["interim"] = pooled(results, "interim", "signed_interim")
        where = "" if allowed.all() else " of the runs in which one is allowed"
        text += f", an interim deal only in {interval_words('interim')}{where}"
    text += "; the rules of these talks allow no interim deal" if not allowed.any() else ""
    left = results.plan.cells - len(results.pooled)
    if left:
        text += f"; {left:,} cells that are watched for fewer weeks are left out"
    if results.failed:
        text += "; {failed} more failed and are not counted"
        failed = f"SELECT count(*) AS failed FROM {results.source} WHERE run_status = 'failed'"
        findings["f"] = Finding({"failed": Number(results.failed, ",")}, failed)
    yield statement(f"{text}.", findings)


def _range(results: Results, outcome: str) -> Iterator[Statement]:
    kind, values = DERIVED[outcome], results.outcome(outcome)
    rates = [(group, results.told(values, group.cells, outcome)) for group in results.groups()]
    ranked = sorted((rate for rate in rates if rate[1].runs), key=lambda rate: -rate[1].value)
    if not ranked or kind.scale * (ranked[0][1].value - ranked[-1][1].value) < NEGLIGIBLE:
        return
    findings = {
        name: told(results, name, outcome, group.cells, group.values)
        for name, (group, _) in (("least", ranked[-1]), ("most", ranked[0]))
    }
    unit, what = " weeks" if kind.weeks else "", "it"
    if outcome != "signed":
        what = f"the share of runs in which {kind.words}" if kind.share else kind.words
    least, most = (_values(ranked, place, kind.scale) for place in (-1, 0))
    text = (
        f"By cell {what} ranges from {interval_words('least')}{unit} ({least}) to "
        f"{interval_words('most')}{unit} ({most})"
    )
    best = best_set(results, outcome)
    if len(best) > 1:
        text += (
            "; the highest of many is a little flattered, and cannot be told from "
            f"{plain(counted(len(best) - 1, 'other'))} of {plain(counted(len(ranked), 'cell'))}"
        )
    yield statement(f"{text}.", findings)


def _values(ranked: Sequence[tuple[Group, Estimate]], place: int, scale: float) -> str:
    """Return the values of a cell, and how many others come to the same."""
    group, rate = ranked[place]
    found = ", ".join(f"{key}={value}" for key, value in group.words.items())
    same = sum(scale * abs(other.value - rate.value) < NEGLIGIBLE for _, other in ranked) - 1
    return plain(f"{found}, and {counted(same, 'other cell')}" if same else found)


def _difference(results: Results, outcome: str) -> Iterator[Statement]:
    everywhere = paired_differences(results, outcome=outcome, contexts=False).everywhere()
    if not everywhere:
        return
    clear = [entry for entry in everywhere if entry.clear_among(len(everywhere))]
    largest = (clear or everywhere)[0]
    value, than, found = upwards(largest)
    compared = f"{plain(largest.key)}={plain(word(value))} instead of {plain(word(than))}"
    query = paired_query(results, "difference", outcome, largest)
    text = _words_of_difference(compared, len(everywhere), len(clear), outcome)
    lost = results.plan.runs - results.usable
    if lost and outcome == "signed":
        low, high = worst_case(results, largest.key, (value, than))
        text += (
            " Failed or missing runs are left out; whatever they had come to, the difference would "
            f"lie between {plain(bound(low))} and {plain(bound(high))}."
        )
    shown = ".1f" if DERIVED[outcome].weeks else "percent"
    yield Statement(text, interval_numbers("difference", found, shown), query)


def bound(share: float) -> str:
    """Return a worst case in words that hold no figure of a query."""
    return f"{100 * share:+.0f} points".replace("-", "−")


def upwards(largest: Difference) -> tuple[Value, Value, Estimate]:
    """Return the values of a difference in the order in which it is positive, and its size."""
    if largest.difference >= 0:
        return largest.value, largest.than, largest.estimate
    return largest.than, largest.value, negated(largest.estimate)


def _words_of_difference(compared: str, comparisons: int, clear: int, outcome: str) -> str:
    kind = DERIVED[outcome]
    size = f"{interval_words('difference')} {kind.points}"
    more = f"more runs in which {kind.words}" if kind.share else "more"
    more = "more runs with a signature" if outcome == "signed" else more
    count = f"{comparisons} comparison{'s' if comparisons > 1 else ''} run by run"
    if clear:
        first = f"{clear} of {count} show a clear difference; the largest, {compared}, goes with"
        if clear == comparisons == 1:
            first = f"The one comparison run by run, {compared}, shows a clear difference:"
        return f"{first} {size} {more}, all else equal."
    if comparisons > 1:
        return (
            f"None of {count} shows a clear difference, as one of so many; the largest, "
            f"{compared}, is {size}."
        )
    return f"The one comparison run by run shows no clear difference: {compared}, {size}."


def _when(results: Results) -> Iterator[Statement]:
    if not results.has("signed_week"):
        return
    cells = results.pooled
    weeks = results.codes("signed_week")
    signed = weeks[cells][weeks[cells] >= 0]
    if not len(signed):
        return
    after = min(52, max(1, int(results.plan.horizons.max()) // 2))
    start = results.scenario.start
    soon = np.where(results.signed_codes < 0, np.nan, (weeks >= 0) & (weeks < after))
    # The lower of the middle two, which is a week that there was.
    middle = int(np.sort(signed)[(len(signed) - 1) // 2])
    where = among(results, {}, cells=cells)
    median = (
        f"SELECT strftime(DATE '{start.isoformat()}' + 7*quantile_disc(signed_week, 0.5), "
        f"'%-d %B %Y') AS median FROM {results.source} WHERE {where} AND signed_week >= 0"
    )
    text = (
        f"Within {after} weeks, by {day(start, after)}, something had been signed in "
        f"{interval_words('early')} of the runs; half of all first signatures came by the week of "
        "{median}."
    )
    condition = f"signed_week BETWEEN 0 AND {after - 1}"
    findings = {
        "a": share(results, "early", soon, condition, cells, where),
        "b": Finding({"median": Number(day(start, middle))}, median),
    }
    yield statement(text, findings)


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
    cells, there = results.pooled, "in_force <> 'none'"
    signed = among(results, {}, SIGNED, cells)
    text = (
        f"Of the signed deals {interval_words('lasting')} stood at the end; these gave the "
        f"worse-off side {interval_words('dignity')} of its greatest possible gain over the "
        "status quo."
    )
    findings = {
        "a": share(results, "lasting", stood, there, cells, signed),
        "b": _mean(results, "dignity", dignity, "dignity", there),
    }
    yield statement(text, findings)


def _gates(results: Results) -> Iterator[Statement]:
    findings, told = {}, []
    words = gate_words(results.scenario)
    columns = {words[gate]: column for gate, column in zip(*GATES, strict=True)}
    charged = largest(ledger(results, []).to_frame(), words[Gate.SIGNED])["gate"]
    for name, gate in zip(("first_gate", "second_gate"), charged, strict=False):
        findings[name] = _mean(results, name, results.numbers(columns[gate]), columns[gate])
        told.append(f"{plain(gate)} ({interval_words(name)})")
    text = (
        "What kept the weeks from being the week of the full signature, as a share of each run's "
        f"weeks and on average over the runs: {' and '.join(told)}."
    )
    yield statement(text, findings)


def _grounds(results: Results, assumptions: AssumptionLedger) -> Iterator[Statement]:
    if not results.plan.swept:
        yield Statement("What differs from run to run is chance alone: this sweep moved nothing.")
    base = results.plan.combinations[0].base
    text = "Of the scenario's {numbers} numbers {assumed} are assumptions with a range; " + (
        "this sweep moved some of them, and what rests on the others it cannot show."
        if assumptions.moved_assumptions
        else "this sweep moved none of them, so it cannot show how much rests on them."
    )
    numbers = {"numbers": Number(assumptions.numbers), "assumed": Number(assumptions.assumed)}
    yield Statement(text, numbers, sql("assumptions_in_plan", base=base))
