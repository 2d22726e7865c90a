"""The report of one sweep."""

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from sim.analysis.assumptions import assumption_ledger
from sim.analysis.ledger import ledger
from sim.analysis.page.answer import Findings, answer
from sim.analysis.page.cause_sections import (
    assumptions_section,
    drivers_section,
    game_section,
    null_section,
)
from sim.analysis.page.content import LIMITS, Report, Say, Section
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
    """Return what was swept, in one line."""
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
        ("line", " ".join(plan.line) or "(defaults)"),
        ("rules of the model", f"digest {plan.model}"),
        ("versions", ", ".join(f"{name} {v}" for name, v in plan.versions.items())),
    )
