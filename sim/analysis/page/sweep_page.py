"""The report of one sweep, and that of several sweeps compared with the first."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import polars as pl

from sim.analysis.assumptions import assumption_ledger
from sim.analysis.charts import Figure, TableResult, table
from sim.analysis.compare import Comparison, common_horizon, compare
from sim.analysis.outcomes import signing_rates
from sim.analysis.page.answer import answer
from sim.analysis.page.content import (
    Number,
    Part,
    Report,
    Say,
    Section,
    Statement,
    negated,
    part,
    plain,
    sql,
    texts,
)
from sim.analysis.page.first import first_screen
from sim.analysis.page.sections import Asked, sections
from sim.analysis.paired import difference_plot, paired_differences, same_runs
from sim.analysis.results import NotInResults, Results, short, word
from sim.analysis.turning import start_problem
from sim.errors import ConfigError
from sim.sweeps.columns import DERIVED, kind_of
from sim.sweeps.overrides import Value

OUTCOME = "signed_full"
"""What the first screen is about by default."""
MOST_CELLS = 3
"""Most cells that are named where runs were lost."""


ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight")
MOST_SWEEPS = len(ORDINALS)


def sweep_report(
    results: Results,
    say: Say,
    start: Mapping[str, Value] | None = None,
    outcome: str = "",
) -> Report:
    """Return everything on the page of one sweep.

    say: is told each step.
    start: where the inverse question begins, see `sim.analysis.turning_points`.
    outcome: what the page is about, one of `sim.sweeps.columns.DERIVED`. By default the first
        screen is about `OUTCOME`, and the chapters about whether anything is signed.
    """
    check_start(results, start or {})
    kind_of(outcome or OUTCOME)
    say("the answer")
    about = outcome or "signed"
    assumptions = assumption_ledger(results, about)
    first = first_screen(results, outcome or OUTCOME, assumptions)
    differences = cache(partial(paired_differences, results, outcome=about))
    asked = Asked(start or {}, about, assumptions, differences)
    said = answer(results, assumptions, about)
    return Report(
        title=first.question,
        subtitle=first.deck,
        facts=facts(results),
        gaps=(*results.notes, *_lost(results), *_idle(results)),
        lead=first.lead,
        where="in the folder of the results",
        limits=tuple(texts()["limits"]),
        sections=tuple(sections(results, say, asked, said)),
        picture=first.picture,
        summary=first.summary,
        caveat=first.caveat,
        names=names_of(results),
    )


def names_of(results: Results) -> dict[str, str]:
    """Return words in the place of swept keys, and of their values that have underscores."""
    actors = {key: actor.name for key, actor in results.scenario.actors.items()}
    names = {}
    for key in results.plan.swept:
        names[key] = names[short(key)] = _words_of_key(key, actors)
    for values in results.options.values():
        names |= {v: v.replace("_", " ") for v in values if isinstance(v, str) and "_" in v}
    return names


def _words_of_key(key: str, actors: Mapping[str, str]) -> str:
    what, _, whose = short(key).partition("@")
    parts = [part for part in re.split(r"[.\[\]]+", what) if part]
    owner = whose or next((part for part in (parts[-1], parts[0]) if part in actors), "")
    words = " ".join(part.replace("_", " ") for part in parts if part != owner)
    return f"{actors[owner]}'s {words}" if owner in actors else words


def _idle(results: Results) -> Iterator[str]:
    """Say which choices have no effect, and which values gave identical runs."""
    yield from results.plan.idle
    names = names_of(results)
    for same in same_runs(results):
        yield same.sentence(names.get(same.key, same.key))


def _lost(results: Results) -> Iterator[str]:
    """Say which cells lost runs, most first, and how much that may hide."""
    there = results.signed_codes >= 0
    lost = (~there).sum(axis=1)
    if not results.failed or not lost.any():
        return
    cells = [int(cell) for cell in np.argsort(-lost, kind="stable")[:MOST_CELLS] if lost[cell]]
    told = "; ".join(
        f"{lost[cell]:,} of {results.plan.replicates:,} with "
        + ", ".join(f"{k}={word(v)}" for k, v in results.plan.values(cell).items())
        for cell in cells
    )
    more = int((lost > 0).sum()) - len(cells)
    signed, runs = int((results.signed_codes > 0).sum()), results.plan.runs
    yield (
        f"Runs without outcome: {told}{f'; and {more:,} more cells' if more else ''}. Shares count "
        "the others; whatever the lost runs had come to, something is signed in "
        f"{100 * signed / runs:.1f} to {100 * (signed + int(lost.sum())) / runs:.1f} % of all."
    )


def check_start(results: Results, start: Mapping[str, Value]) -> None:
    """Check that the inverse question starts from keys that were swept, at values that they had.

    Raises `ConfigError` with one line for each that does not.
    """
    found = (start_problem(results, key, value) for key, value in start.items())
    problems = [f"--start {problem}" for problem in found if problem]
    if problems:
        raise ConfigError(problems)


def facts(results: Results) -> tuple[tuple[str, str], ...]:
    """Return what a sweep is, as names and values."""
    plan = results.plan
    horizon = results.config_of(0).get("horizon")
    return (
        ("cells", f"{plan.cells:,}"),
        ("replicates", f"{plan.replicates:,}"),
        ("runs with outcomes", f"{results.usable:,} of {plan.runs:,}"),
        ("weeks", f"{horizon} from {results.scenario.start.isoformat()}"),
        ("seed", str(plan.seed)),
        ("command", plan.command(results.folder)),
        ("scenarios", "; ".join(plan.scenarios) or results.scenario.title),
        ("rules of the model", f"digest {plan.model}"),
        ("versions", ", ".join(f"{name} {v}" for name, v in plan.versions.items())),
    )


def _several(found: Sequence[Comparison], others: Sequence[Results], outcome: str) -> TableResult:
    """Return how each sweep differs from the first in all cells that both have."""
    rows = [
        {
            "sweep": each.name,
            "folder": results.folder.name,
            "cells_in_common": len(each.used),
            **each.overall.columns("difference"),
            "compared": "run by run" if each.paired else "as independent samples",
        }
        for each, results in zip(found, others, strict=True)
    ]

    def draw(_: pl.DataFrame) -> Figure:
        apart = [
            (f"{each.name}, {results.folder.name}", each.overall)
            for each, results in zip(found, others, strict=True)
            if np.isfinite(each.overall.value)
        ]
        if not apart:
            raise NotInResults("no sweep has cells to compare with the first")
        return difference_plot(apart, "Each sweep less the first", outcome)

    return TableResult(frame=table(rows), draw=draw)


def comparison_report(sweeps: Sequence[Results], say: Say, outcome: str = "signed") -> Report:
    """Return everything on the page of several sweeps, each compared with the first.

    outcome: what they are compared in, one of `sim.sweeps.columns.DERIVED`.

    Raises `NotInResults` if one of them has no cell in common with the first.
    """
    kind_of(outcome)
    say("comparing")
    one, *others = sweeps
    named = dict(zip(ORDINALS, sweeps, strict=False))
    found = [compare(one, named[name], outcome, name) for name in list(named)[1:]]
    chapters = [_apart(each, len(found) > 1) for each in found]
    lead = tuple(_difference(each, one, other) for each, other in zip(found, others, strict=True))
    picture = chapters[0][1].parts[0]
    if others[1:]:
        several = partial(_several, found, others, outcome)
        picture = part("overall", "Each sweep less the first", several)
    say("signing rates of each")
    rates = tuple(_rates(name, results, outcome) for name, results in named.items())
    # The first screen has the one picture that they would have.
    bare = [
        replace(section, parts=tuple(replace(each, chart=None) for each in section.parts))
        for pair in chapters
        for section in pair
    ]
    return Report(
        title=f"{COUNTS[len(sweeps)]} sweeps compared",
        subtitle=" and ".join(str(results.folder) for results in sweeps),
        facts=tuple(
            (f"{side}: {name}", value)
            for side, results in named.items()
            for name, value in facts(results)
        ),
        gaps=tuple(
            f"{side.capitalize()} sweep: {note}"
            for side, results in named.items()
            for note in results.notes
        ),
        lead=lead if others[1:] else (*lead, _settings(found[0])),
        where="in the folder from which sim report was called",
        limits=tuple(texts()["limits"]),
        picture=replace(picture, key="picture"),
        names={
            key: name for results in reversed(sweeps) for key, name in names_of(results).items()
        },
        sections=(*bare, Section("rates", "By cell", "In each sweep.", rates)),
    )


def _apart(found: Comparison, several: bool) -> tuple[Section, Section]:
    """Return in what one sweep differs from the first, and their cells in common."""
    how = (
        "Both met the same shocks, so runs are compared one by one."
        if found.paired
        else "They did not meet the same shocks, so they are compared as independent samples."
    )
    cells = "Cells are matched by the values of the keys that both sweeps have."
    apart = "The lines, seeds, versions and all settings in which the two differ."
    key, which = (f"_{found.name}", f", {found.name} and first") if several else ("", "")
    pairs = part(f"pairs{key}", f"Cell by cell{which}", lambda: found, columns="pairs")
    differs = (_settings(found),) if several else ()
    plans = part(
        f"plans{key}",
        "In what they differ",
        lambda: found,
        frame=lambda r: r.plans,
        draw=None,
        notes=False,
        columns="plans",
    )
    return (
        Section(f"plans{key}", f"What differs in the plans{which}", apart, (plans,), differs),
        Section(f"pairs{key}", f"Cells in common{which}", f"{cells} {how}", (pairs,)),
    )


def _rates(name: str, results: Results, outcome: str) -> Part:
    ends = [outcome, f"{outcome}_low", f"{outcome}_high"]
    return part(
        f"signing_rates_{name}",
        f"The {name} sweep by cell",
        lambda: signing_rates(results, outcome=outcome),
        columns="signing_rates",
        table=lambda r: r.frame.select(*results.chosen_keys, "runs", *ends),
        draw=None,
    )


def _settings(found: Comparison) -> Statement:
    apart = sorted({path for pair in found.pairs for path in pair.differs})
    if not apart:
        return Statement(
            f"The settings of these cells are the same in the {found.name} sweep as in the first."
        )
    shown = "; ".join(apart[:6]) + ("; and more, see below" if len(apart) > 6 else "")
    return Statement(
        plain(
            f"These cells differ from the first's in: {shown}."
            if found.name != "second"
            else f"These cells differ in: {shown}."
        )
    )


def _difference(found: Comparison, one: Results, other: Results) -> Statement:
    pairs, mean, freedom = [(p.one, p.other) for p in found.used], found.overall, found.freedom
    if not pairs:
        return Statement("No cell in common has outcomes in both sweeps, so nothing is compared.")
    if math.isnan(mean.value):
        return Statement(
            "No replicate is complete in all cells in common, so there is no difference over all "
            "of them; cells are compared below."
        )
    clear = mean.low > 0.0 or mean.high < 0.0
    more = "more"
    if mean.value < 0.0:
        # The query gives the numbers as the sentence does: the first sweep less the second.
        more, mean, freedom = "less", negated(mean), (freedom[1], freedom[0])
        one, other, pairs = other, one, [(b, a) for a, b in pairs]
    how = "run by run on the same shocks" if found.paired else "as independent samples"
    kind, horizon = DERIVED[found.outcome], common_horizon(one, other)
    much = f"{kind.points} {more} often" if kind.share else f"{kind.points} {more}"
    what = kind.words if kind.share else f"{kind.words} is"
    text = "" if clear else "No clear difference. "
    text += (
        f"In the cells in common {what} {{difference}} [{{low}}, {{high}}] {much} in the "
        f"{found.name} sweep than in the first, {how}."
    )
    if not kind.share:
        text += f" {kind.missing.capitalize()}."
    shown = ".1f" if kind.weeks else "percent"
    numbers = {name: Number(x, shown) for name, x in mean.columns("difference").items()}
    names = ("difference", "low", "high")
    name = "difference_of_sweeps" if found.paired else "difference_of_samples"
    known = freedom[0] if found.paired else freedom
    most = None if kind.share else kind.most(horizon)
    asked = {"value": kind.sql(horizon), "most": most, "freedom": known}
    query = sql(name, r=one, names=names, other=other, pairs=pairs, **asked)
    return Statement(text, numbers, query)
