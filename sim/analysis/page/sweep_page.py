"""The report of one sweep."""

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeVar

from sim.analysis.assumptions import assumption_ledger
from sim.analysis.compare import Comparison, compare
from sim.analysis.ledger import ledger
from sim.analysis.page import queries
from sim.analysis.page.answer import Findings, answer
from sim.analysis.page.cause_sections import (
    assumptions_section,
    drivers_section,
    game_section,
    null_section,
)
from sim.analysis.page.content import (
    LIMITS,
    Number,
    Report,
    Say,
    Section,
    Statement,
    in_words,
    interval,
    part,
    renamed,
)
from sim.analysis.page.outcome_sections import (
    differences_section,
    ledger_section,
    signing_section,
    terms_section,
    time_section,
)
from sim.analysis.paired import paired_differences
from sim.analysis.results import Results, word
from sim.analysis.signing import signing_rates
from sim.errors import ConfigError, SimError, did_you_mean
from sim.sweeps.overrides import Value

Found = TypeVar("Found")


def sweep_report(results: Results, say: Say, start: Mapping[str, Value] | None = None) -> Report:
    """Return everything on the page of one sweep.

    Parameters
    ----------
    results : Results
    say : callable
        Told what is being worked on.
    start : mapping, optional
        Where the inverse question starts, see `sim.analysis.turning_points`.
    """
    check_start(results, start or {})
    say("how often, and the answer")
    rates = signing_rates(results)
    found = Findings(
        overall=signing_rates(results, []),
        rates=rates,
        differences=_or_none(lambda: paired_differences(results)),
        ledger=_or_none(lambda: ledger(results, [])),
        assumptions=assumption_ledger(results),
    )
    statements = answer(results, found)
    sections: list[Section] = []
    makers: tuple[tuple[str, Callable[[], Section]], ...] = (
        ("signing rates", lambda: signing_section(results)),
        ("incidence over time", lambda: time_section(results)),
        ("terms", lambda: terms_section(results)),
        ("ledger", lambda: ledger_section(results)),
        ("paired differences", lambda: differences_section(results)),
        ("strategy game", lambda: game_section(results)),
        ("drivers", lambda: drivers_section(results, start or {})),
        ("assumptions", lambda: assumptions_section(results)),
        ("null models", lambda: null_section(results)),
    )
    for told, make in makers:
        say(told)
        sections.append(make())
    return Report(
        title=results.plan.title or results.scenario.title,
        subtitle=_subtitle(results),
        facts=facts(results),
        gaps=results.notes,
        statements=statements,
        where="in the folder of the results",
        limits=LIMITS,
        sections=tuple(sections),
    )


def check_start(results: Results, start: Mapping[str, Value]) -> None:
    """Check that the inverse question starts from keys that were swept, at values that they had.

    Raises
    ------
    ConfigError
        With one line for each key that was not swept, or value that it did not have.
    """
    problems = [line for key, value in start.items() if (line := _problem(results, key, value))]
    if problems:
        raise ConfigError(problems)


def _problem(results: Results, key: str, value: Value) -> str:
    """Return why the inverse question cannot start from a value of a key; empty if it can."""
    if key not in results.plan.swept:
        return f"--start {key}: was not swept{did_you_mean(key, results.plan.swept)}"
    if key in results.plan.point_keys:
        number = isinstance(value, (int, float)) and math.isfinite(value)
        return "" if number else f"--start {key}={word(value)}: is no number"
    known = dict.fromkeys(word(entry.values[key]) for entry in results.plan.combinations)
    if word(value) in known:
        return ""
    near = did_you_mean(word(value), known)
    return f"--start {key}={word(value)}: is none of the values that were swept{near}"


def _or_none(make: Callable[[], Found]) -> Found | None:
    """Return what is made, None if the results do not hold it; the sections say why."""
    try:
        return make()
    except SimError:
        return None


def _subtitle(results: Results) -> str:
    plan = results.plan
    moved = ", ".join(results.chosen_keys)
    if plan.points:
        drawn = f"{len(plan.point_keys)} drawn numbers ({plan.design['kind']})"
        moved = f"{moved}, {drawn}" if moved else drawn
    return f"{results.scenario.title}: {moved or 'one cell'}"


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


# ---- The report of two sweeps compared.


def comparison_report(one: Results, other: Results, say: Say) -> Report:
    """Return everything on the page of two sweeps.

    Raises
    ------
    NotInResults
        If they have no cell in common.
    """
    say("comparing")
    found = compare(one, other)
    make = cache(lambda: found)
    pairs = part(
        "pairs",
        "Cell by cell",
        make,
        lambda r: renamed(
            in_words(
                interval(r.to_frame(), "difference", "difference, points [95 %]", "low", "high"),
                {"first": ".1%", "second": ".1%"},
            ),
            {"first": "first sweep", "second": "second sweep", "more": "runs with more",
             "less": "runs with less", "differs_in": "differs in"},
        ),
        lambda r: r.plot(),
    )  # fmt: skip
    plans = part("plans", "In what they differ", make, lambda r: r.plans, None, lambda r: r.plans,
                 notes=False)  # fmt: skip
    say("signing rates of both")
    rates = [
        part(
            f"signing_rates_{name}",
            f"The {name} sweep by cell",
            lambda results=results: signing_rates(results),  # type: ignore[misc]
            lambda r: interval(
                r.to_frame(), "signed", "signed, % [95 %]"
            ).select(*r.keys, "runs", "signed, % [95 %]"),
        )
        for name, results in (("first", one), ("second", other))
    ]  # fmt: skip
    gaps = tuple(f"First sweep: {note}" for note in one.notes)
    gaps += tuple(f"Second sweep: {note}" for note in other.notes)
    return Report(
        title="Two sweeps compared",
        subtitle=f"{one.folder} and {other.folder}",
        facts=(
            *((f"first: {name}", value) for name, value in facts(one)),
            *((f"second: {name}", value) for name, value in facts(other)),
        ),
        gaps=gaps,
        statements=_answer(found, one, other),
        where="in the folder from which sim report was called",
        limits=LIMITS,
        sections=(
            Section(
                "plans",
                "What differs in the plans",
                "The lines, seeds, versions and all settings in which the two differ.",
                (plans,),
            ),
            Section(
                "pairs",
                "Cells in common",
                "Cells are matched by the values of the keys that both sweeps have. "
                + (
                    "Both met the same shocks, so runs are compared one by one."
                    if found.paired
                    else "They did not meet the same shocks, so they are compared as independent "
                    "samples."
                ),
                (pairs,),
            ),
            Section("rates", "How often something is signed", "In each sweep.", tuple(rates)),
        ),
    )


def _answer(found: Comparison, one: Results, other: Results) -> tuple[Statement, ...]:
    said = [_difference(found, one, other)]
    words = sorted({path for pair in found.pairs for path in pair.differs})
    if words:
        shown = "; ".join(words[:6]) + ("; and more, see below" if len(words) > 6 else "")
        said.append(Statement(_plain(f"These cells differ in: {shown}.")))
    else:
        said.append(Statement("The settings of these cells are the same in both sweeps."))
    return tuple(said)


def _difference(found: Comparison, one: Results, other: Results) -> Statement:
    names = ("difference", "low", "high")
    mean = found.overall
    up = not mean.value < 0.0
    ends = (mean.value, mean.low, mean.high) if up else (-mean.value, -mean.high, -mean.low)
    numbers = {name: Number(x, "percent") for name, x in zip(names, ends, strict=True)}
    how = "run by run on the same shocks" if found.paired else "as independent samples"
    more = "more" if up else "less"
    text = (
        "In the cells in common something is signed {difference} [{low}, {high}] percentage "
        f"points {more} often in the second sweep than in the first, {how}."
    )
    pairs = [(pair.one, pair.other) for pair in found.used]
    if not pairs:
        return Statement("No cell in common has outcomes in both sweeps, so nothing is compared.")
    if math.isnan(mean.value):
        return Statement(
            "No replicate is complete in all cells in common, so there is no difference over all "
            "of them; cells are compared below."
        )
    freedom = found.freedom
    if not up:
        # The query gives the numbers as the sentence does: the first sweep less the second.
        one, other, pairs = other, one, [(b, a) for a, b in pairs]
        freedom = (freedom[1], freedom[0])
    query = (
        queries.difference_of_sweeps(one, other, pairs, names)
        if found.paired
        else queries.difference_of_samples(one, other, pairs, names, freedom)
    )
    return Statement(text, numbers, query)


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")
