"""The first screen of a sweep's report: two sentences, one picture, a small table, a caveat."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from sim.analysis.assumptions import AssumptionLedger
from sim.analysis.charts import Figure, TableResult, dot_plot, heat_map, table
from sim.analysis.page.answer import Finding, paired_query, pooled, statement, told, upwards
from sim.analysis.page.content import (
    Number,
    Part,
    Statement,
    interval_numbers,
    interval_words,
    part,
    plain,
    shown,
)
from sim.analysis.paired import Difference, paired_differences
from sim.analysis.results import Results, word
from sim.errors import SimError
from sim.runs.intervals import Estimate
from sim.sweeps.columns import DERIVED, NEEDS_INTERIM, Kind
from sim.sweeps.summary import name_of

OUTCOMES = {
    "signed_full": "Treaty signed in full",
    "interim_ever": "Interim deal signed",
    "in_force_at_end": "A deal still stands at the end",
    "collapse_first": "Talks collapse first",
    "government_fell_first": "Government falls first",
}
"""Rows of the summary of findings, and their words."""
SUMMARY = ("outcome", "of 100 runs [95 %]", "biggest lever", "how sure")
"""Columns of the summary of findings."""
SIGNING = ("signed", "signed_full", "signed_interim", "interim_ever")
"""Outcomes whose picture, where one key is swept, shows both kinds of deal."""
LEADING = 3
"""Drawn numbers that the picture of a sampled design shows."""
HUNDRED = "hundred"
"""Format of a share as so many of 100."""


class First(NamedTuple):
    """What stands on the first screen."""

    question: str
    deck: str  # what was simulated, in a line
    lead: tuple[Statement, ...]  # the outcome asked for, in two sentences
    picture: Part
    summary: pl.DataFrame  # outcome, per 100 runs, biggest lever, how sure
    caveat: str


def first_screen(results: Results, outcome: str, assumptions: AssumptionLedger) -> First:
    """Return the first screen of one sweep, about an outcome of `DERIVED`."""
    moved = assumptions.moved_assumptions
    rests = f"{assumptions.assumed - moved} assumed numbers untested"
    levers = _clear_levers(results, outcome)
    asked = {} if outcome in OUTCOMES else {outcome: name_of(outcome).capitalize()}
    listed = (asked | OUTCOMES).items()
    rows = [_row(results, name, words, rests) for name, words in listed]
    return First(
        question=results.plan.title or _question(results, outcome),
        deck=_deck(results),
        lead=tuple(_lead(results, outcome, levers)),
        picture=_picture(results, outcome),
        summary=pl.DataFrame(rows, SUMMARY, orient="row"),
        caveat=(
            "A share of runs is no probability in the world. Intervals hold the chance of the "
            f"simulation{' and the draw of the points' if results.sampled else ''}: "
            f"{assumptions.assumed} of the scenario's {assumptions.numbers} numbers are assumed, "
            f"and this sweep moved {moved or 'none'} of them."
        ),
    )


def _question(results: Results, outcome: str) -> str:
    moved = [*results.chosen_keys[:3]]
    if results.sampled:
        moved.append(f"{len(results.plan.point_keys)} uncertain numbers")
    said = " and ".join([", ".join(moved[:-1]), moved[-1]] if len(moved) > 1 else moved)
    kind = DERIVED[outcome]
    verb = "do" if len(moved) > 1 or results.sampled else "does"
    if said:
        whether = "whether " if kind.share else ""
        return f"How much {verb} {said} matter for {whether}{kind.words}?"
    return f"How often: {kind.words}?" if kind.share else f"What is {kind.words}?"


def _deck(results: Results) -> str:
    weeks, plan = int(results.plan.horizons.max()), results.plan
    cells = f"{plan.cells:,} {'points' if plan.cells == results.points else 'cells'}"
    played = f"{results.usable:,} simulated runs" + (f" of {cells}" if plan.cells > 1 else "")
    return (
        f"{played}, {weeks} weeks from {results.scenario.start:%B %Y}: {results.scenario.title}. "
        "A simulation, not a forecast."
    )


def _clear_levers(results: Results, outcome: str) -> tuple[list[Difference], int]:
    """Return the differences that are clear, largest first, and how many were compared."""
    try:
        found = paired_differences(results, outcome=outcome, contexts=False).everywhere()
    except SimError:
        return [], 0
    return [entry for entry in found if entry.clear_among(len(found))], len(found)


def _lead(
    results: Results, outcome: str, levers: tuple[list[Difference], int]
) -> Iterator[Statement]:
    clear, compared = levers
    kind = DERIVED[outcome]
    where = " of the runs in which one is allowed" if outcome in NEEDS_INTERIM else " of 100 runs"
    options = list(results.options.items())
    if len(options) == 1 and len(options[0][1]) == 2 and outcome not in NEEDS_INTERIM:
        yield _two_values(results, outcome)
    else:
        text = f"In {interval_words('share')}{where} {kind.words}"
        if not kind.share:
            text = f"{_sentence(kind.words)} is {interval_words('share')} {kind.unit} on average"
        text += ", over all that was varied" if results.plan.cells > 1 else ""
        found = _in_hundreds(pooled(results, "share", outcome), kind)
        yield statement(f"{text}{_missing(kind)}.", {"share": found})
    if clear:
        value, than, apart = upwards(clear[0])
        query = paired_query(results, "apart", outcome, clear[0])
        more = "more in 100" if kind.share else f"{kind.points} more"
        text = (
            f"What goes with the largest difference is {plain(clear[0].key)}: under "
            f"{plain(word(value))} instead of {plain(word(than))} it is {interval_words('apart')} "
            f"{more}."
        )
        numbers = Finding(interval_numbers("apart", apart), query)
        yield statement(text, {"apart": _in_hundreds(numbers, kind)})
    elif compared:
        yield Statement("No choice of this sweep makes a difference that is clear of chance.")
    elif results.sampled:
        yield Statement(
            "Below stand the numbers that move it most; which of them matter is in the last part."
        )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _missing(kind: Kind) -> str:
    """Return how a run counts in which there is nothing to measure, as the end of a sentence."""
    return "" if kind.share else f"; {kind.missing}"


def _two_values(results: Results, outcome: str) -> Statement:
    """Say the share, or the mean, under each of the two values of the one key."""
    findings, said, kind = {}, [], DERIVED[outcome]
    unit = "" if kind.share else f" {kind.unit}"
    for name, group in zip(("one", "other"), results.groups(), strict=True):
        found = told(results, name, outcome, group.cells, group.values)
        findings[name] = _in_hundreds(found, kind)
        said.append(f"{interval_words(name)}{unit} with {plain(group.label)}")
    if kind.share:
        return statement(f"Of 100 runs, {kind.words} in {said[0]} and in {said[1]}.", findings)
    text = f"{_sentence(kind.words)} is {said[0]} and {said[1]} on average"
    return statement(f"{text}{_missing(kind)}.", findings)


def _in_hundreds(found: Finding, kind: Kind) -> Finding:
    """Return percentages as whole ones, and weeks with one digit."""
    format = ".1f" if kind.weeks else HUNDRED
    return found._replace(numbers={k: Number(n.value, format) for k, n in found.numbers.items()})


def _row(results: Results, outcome: str, words: str, rests: str) -> tuple[str, str, str, str]:
    """Return a row of the summary, of `SUMMARY`."""
    kind = DERIVED[outcome]
    try:
        found = results.told(results.outcome(outcome), results.pooled, outcome)
    except SimError as error:
        return words, "-", "-", str(error)
    if not found.runs:
        return words, "ruled out", "-", "by the rules of the talks"
    clear, compared = _clear_levers(results, outcome)
    lever = f"none clear, of {compared}" if compared else "no comparison"
    if clear:
        value, than, apart = upwards(clear[0])
        change = f"{clear[0].key}: {word(value)} instead of {word(than)}"
        lever = f"{change}, +{in_hundreds(apart, kind)}"
    half = kind.scale * (found.high - found.low) / 2
    sure = f"±{half:.1f} weeks" if kind.weeks else f"±{half:.0f}"
    unit = "" if kind.share else f" {kind.unit}"
    return words, f"{in_hundreds(found, kind)}{unit}", lever, f"{sure} by chance; {rests}"


def in_hundreds(found: Estimate, kind: Kind) -> str:
    """Return an estimate with its interval: a share as so many of 100, weeks with one digit."""
    format = ".1f" if kind.weeks else HUNDRED
    value, low, high = (shown(x, format) for x in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def _picture(results: Results, outcome: str) -> Part:
    title = DERIVED[outcome].title

    def made() -> TableResult:
        rows, figure = _drawn(results, outcome, title)
        return TableResult(frame=table(rows), draw=lambda _: figure)

    return part("picture", title, made)


def _drawn(results: Results, outcome: str, title: str) -> tuple[list[dict[str, object]], Figure]:
    kind, values = DERIVED[outcome], results.outcome(outcome)
    shown = ".1f" if kind.weeks else ".0%"
    if results.sampled:
        rows = _of_drawn(results, outcome)
        return rows, dot_plot(rows, title, kind.axis, format=shown, mark=None)
    if len(results.chosen_keys) < 2:
        return _of_one_key(results, outcome)
    down, across = _axes(results, outcome)
    rows = [
        {"y": group.words[down], "x": group.words[across], **found.columns()}
        for group in results.groups([down, across])
        for found in [results.told(values, group.cells, outcome)]
        if found.runs
    ]
    return rows, heat_map(rows, title, across, down, colour=kind.axis, format=shown)


def _of_one_key(results: Results, outcome: str) -> tuple[list[dict[str, object]], Figure]:
    """Return one line a cell: the outcome, or what is signed in full and in part."""
    kind = DERIVED[outcome]
    names = {outcome: ""}
    if outcome in SIGNING:
        names = {"signed_full": "in full", "interim_ever": "interim deal"}
    rows = [
        {"label": group.label, "series": words, **found.columns()}
        for group in results.groups()
        for name, words in names.items()
        for found in [results.told(results.outcome(name), group.cells, name)]
        if found.runs
    ]
    domain = (0.0, kind.most(results.plan.common_horizon))
    title, shown = kind.title, ".1f" if kind.weeks else ".0%"
    if outcome in SIGNING:
        title = "Share of runs that sign, with 95 % intervals"
    series = "signed" if outcome in SIGNING else ""
    return rows, dot_plot(rows, title, kind.axis, format=shown, domain=domain, series=series)


def _axes(results: Results, outcome: str) -> tuple[str, str]:
    """Return the keys of the map: both sides' strategies, or the two of the largest differences."""
    pair = [f"strategy@{party}" for party in results.scenario.parties]
    if {*pair} <= {*results.chosen_keys}:
        return pair[0], pair[1]
    found = paired_differences(results, outcome=outcome, contexts=False).everywhere()
    ranked = list(dict.fromkeys([*(d.key for d in found), *results.chosen_keys]))
    return ranked[1], ranked[0]


def _of_drawn(results: Results, outcome: str) -> list[dict[str, object]]:
    """Return the shares under each chosen value, and in the ends of what moves it most."""
    values, pooled = results.outcome(outcome), results.pooled
    found = [(g.label, results.told(values, g.cells, outcome)) for g in results.groups()]
    drawn = np.array(results.plan.points)[pooled % results.points]
    ends = []
    for key, numbers in zip(results.plan.point_keys, drawn.T, strict=True):
        low, high = np.quantile(numbers, (1 / 3, 2 / 3))
        one = results.told(values, pooled[numbers <= low], outcome)
        other = results.told(values, pooled[numbers >= high], outcome)
        told = [(f"{key}: up to {low:.3g}", one), (f"{key}: from {high:.3g}", other)]
        ends.append((abs(other.value - one.value), told))
    ends.sort(key=lambda entry: -entry[0])
    found += [end for _, told in ends[:LEADING] for end in told]
    return [{"label": label, **each.columns()} for label, each in found]
