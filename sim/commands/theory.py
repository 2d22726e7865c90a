"""`sim theory`: play the published results through the rules and show what came out."""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from sim.theory import Oracle, StaticVerdict, Verdict

DESCRIPTION = """\
Plays minimal talks through the simulator's own rules and compares what comes out with published
results: expected, got, tolerance, reference. Then moves one number of the default talks at a time
and compares the sign of what follows with theory. The exit code is 1 if any differs. With a
REFERENCE, only its results are played.

examples:
  sim theory
  sim theory Faratin1998 Schelling1960
  sim theory --json
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "theory", help="check the rules against published results", description=DESCRIPTION
    )
    parser.add_argument(
        "reference", nargs="*", metavar="REFERENCE", help="these only, e.g. Faratin1998"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def execute(args: argparse.Namespace) -> int:
    """Print the scoreboard; return 1 if a result differs, else 0."""
    from rich.progress import track

    from sim.runs.terminal import console
    from sim.theory import STATICS, judge, judge_static

    verdicts = [judge(oracle) for oracle in chosen(args.reference)]
    statics = () if args.reference else STATICS
    rows = track(statics, "signs", console=console(error=True), transient=True)
    signs = [judge_static(static) for static in rows]
    if args.json:
        found = [as_mapping(verdict) for verdict in verdicts]
        print(json.dumps(found + [sign_as_mapping(verdict) for verdict in signs], indent=2))
    else:
        show(verdicts)
        if signs:
            show_signs(signs)
    passed = all(v.passed for v in verdicts) and all(v.passed for v in signs)
    return 0 if passed else 1


def chosen(references: Sequence[str]) -> "tuple[Oracle, ...]":
    """Return the oracles of these references, or all; ConfigError if there is no such reference."""
    from sim.theory import ORACLES, REFERENCES

    problems = [
        f"theory: unknown reference '{key}'" + did_you_mean(key, REFERENCES)
        for key in references
        if key not in REFERENCES
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(o for o in ORACLES if not references or o.reference in references)


def numbers(values: Sequence[float]) -> str:
    """Return values with six significant digits, joined by commas."""
    return ", ".join(f"{value:.6g}" for value in values)


def as_mapping(verdict: "Verdict") -> dict[str, object]:
    """Return one row for JSON."""
    from sim.theory import REFERENCES

    oracle = verdict.oracle
    return {
        "name": oracle.name,
        "expected": list(oracle.expected),
        "got": list(verdict.got),
        "tolerance": oracle.tolerance,
        "basis": oracle.basis,
        "reference": REFERENCES[oracle.reference],
        "passed": verdict.passed,
    }


def show(verdicts: "Sequence[Verdict]") -> None:
    """Print the scoreboard as a table."""
    from rich.table import Table

    from sim.runs.terminal import console
    from sim.runs.terminal import show as show_block

    table = Table(title="Published results, played through the rules", title_justify="left")
    for heading in ("Reference", "Result", "Expected", "Got", "Tolerance", ""):
        table.add_column(heading, overflow="fold")
    for verdict in verdicts:
        oracle = verdict.oracle
        table.add_row(
            oracle.reference,
            oracle.name,
            numbers(oracle.expected),
            numbers(verdict.got),
            f"{oracle.tolerance:.2g}",
            "[green]pass[/green]" if verdict.passed else "[red]FAIL[/red]",
        )
    show_block(table, console())
    passed = sum(verdict.passed for verdict in verdicts)
    print(f"{passed} of {len(verdicts)} results reproduced")


SIGNS = {1: "up", -1: "down", 0: "equal"}
"""Expected signs in words."""


def sign_as_mapping(verdict: "StaticVerdict") -> dict[str, object]:
    """Return one comparative static for JSON."""
    static = verdict.static
    return {
        "name": f"{static.number}: {static.outcome}",
        "levels": list(static.levels),
        "overrides": list(static.overrides),
        "expected": SIGNS[static.sign],
        "difference": verdict.difference,
        "half_width": verdict.half_width,
        "reference": static.source,
        "passed": verdict.passed,
    }


def show_signs(verdicts: "Sequence[StaticVerdict]") -> None:
    """Print the comparative statics as a table."""
    from rich.table import Table

    from sim.runs.terminal import console
    from sim.runs.terminal import show as show_block

    title = "One number moved, on common random numbers; mean paired difference with 95 % interval"
    table = Table(title=title, title_justify="left")
    for heading in ("Number", "From, to", "Outcome", "Expected", "Difference", "Source", ""):
        table.add_column(heading, overflow="fold")
    for verdict in verdicts:
        static = verdict.static
        table.add_row(
            static.number,
            numbers(static.levels),
            static.outcome,
            SIGNS[static.sign],
            f"{verdict.difference:+.3f} ± {verdict.half_width:.3f}",
            static.source,
            "[green]pass[/green]" if verdict.passed else "[red]FAIL[/red]",
        )
    show_block(table, console())
    passed = sum(verdict.passed for verdict in verdicts)
    print(f"{passed} of {len(verdicts)} signs as theory says")
