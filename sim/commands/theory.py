"""`sim theory` and `sim validate`: the rules beside published results and beside known outcomes."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import add_quiet, announce_compiling
from sim.errors import ConfigError, SimError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from sim.sweeps.planning import Request
    from sim.theory import Oracle, StaticVerdict, Verdict
    from sim.theory.deu import Score

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

FEWEST = 3
"""Cases that are needed, since each is forecast from the others."""

VALIDATE = """\
Scores the simulator's own rules on outcomes that they were not made from, beside null models.

Without `deu`: forecasts of past negotiations from their start, before any case and fitted on the
others, beside a hazard an item, a hazard model, base rates, the compromise and changed payoffs. A
case is a scenario with a `record` of what became of it; `docs/coding.md` says how one is written.
The runs are kept, so that the same line does not play them twice.

examples:
  sim validate
      the cases of the package, a few minutes
  sim validate --samples 4
      the same on a quarter of the runs
  sim validate --config-dir mine
      those in mine/scenario beside them
  sim validate --case cyprus_2002 --case beagle_1980 --case iran_2013
      some of them alone, each forecast from the others
  sim validate deu DEUIII.tab
      issues of European legislation (Arregui and Perarnaud 2021, doi 10.34810/data53): the table
      of the deposit as text with tabs or commas, which you fetch; terms against compromise,
      midpoint, median, reference point and others
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parsers of both commands."""
    parser = subparsers.add_parser(
        "theory", help="check the rules against published results", description=DESCRIPTION
    )
    parser.add_argument(
        "reference", nargs="*", metavar="REFERENCE", help="these only, e.g. Faratin1998"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    validate = subparsers.add_parser(
        "validate", help="score the rules on known outcomes", description=VALIDATE
    )
    validate.add_argument(
        "--case",
        metavar="NAME",
        action="append",
        default=[],
        help="these cases only; may be given several times",
    )
    validate.add_argument(
        "--config-dir", metavar="DIR", help="a folder of your own whose scenarios may be cases"
    )
    validate.add_argument(
        "--samples",
        type=int,
        default=16,
        metavar="N",
        help="draws of each case's assumptions (default: 16)",
    )
    validate.add_argument(
        "--out", metavar="DIR", type=Path, help="folder of the runs (default: below results/)"
    )
    validate.add_argument("--json", action="store_true", help="print one JSON document")
    add_quiet(validate, "no progress")
    actions = validate.add_subparsers(dest="action", metavar="deu")
    deu = actions.add_parser("deu", help="score terms on the issues of the deposited file of DEU")
    deu.add_argument("file", metavar="FILE", type=Path)
    deu.add_argument("--json", action="store_true", help="print one JSON document")


def execute(args: argparse.Namespace) -> int:
    """Do what one of both commands is asked for."""
    if args.command == "theory":
        return theory(args)
    return validate(args) if args.action == "deu" else past_cases(args)


def theory(args: argparse.Namespace) -> int:
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


# --- past negotiations


def past_cases(args: argparse.Namespace) -> int:
    """Play what is not stored yet of each case, and print forecasts' scores beside null models'."""
    requests = planned(args)

    from sim.analysis.loading import load
    from sim.analysis.scoring import validate
    from sim.sweeps import execute as sweeps
    from sim.sweeps.play import played_again

    if not args.quiet:
        announce_compiling("engine.play_many")
    folders = {}
    for at, (name, request) in enumerate(requests.items(), 1):
        reporter = sweeps.Quiet() if args.quiet else sweeps.reporter()
        reporter.say(f"{name}, {at} of {len(requests)} cases: {request.plan.runs:,} runs")
        folder = None if args.out is None else args.out / name
        with sweeps.first_interrupt_only():
            done = sweeps.execute(request, folder, reporter)
        if done.failed:
            raise SimError(f"{done.store.folder}: {done.failed:,} runs failed")
        folders[name] = done.store.folder
    found = validate({name: load(folder) for name, folder in folders.items()}, played_again)
    tables = found.tables()
    if args.json:
        scored = {title: frame.to_dicts() for title, frame in tables.items()}
        said = [found.main(), *found.sentences()]
        print(json.dumps({"said": said, "tables": scored}, indent=2, allow_nan=False))
        return 0
    for title, frame in tables.items():
        show_frame(title, frame)
    for sentence in (found.main(), *found.sentences()):
        print(f"- {sentence}")
    return 0


def planned(args: argparse.Namespace) -> "dict[str, Request]":
    """Return the sweep of each case; ConfigError has one line for each problem of all of them."""
    from sim.analysis.past_cases import line_of, zipped_of
    from sim.sweeps.planning import make_plan

    if args.samples < 1:
        raise ConfigError([f"--samples: must be a whole number from 1 on, got {args.samples}"])
    cases = chosen_cases(args.case, args.config_dir)
    found, problems = {}, []
    for name, parties in cases.items():
        line = ["experiment=validation", *line_of(name, parties), f"samples={args.samples}"]
        zipped = [keys.split(",") for keys in zipped_of(parties)]
        try:
            found[name] = make_plan(line, "config", args.config_dir, zipped)
        except ConfigError as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    return found


def chosen_cases(
    names: Sequence[str], config_dir: str | Path | None = None
) -> dict[str, tuple[str, ...]]:
    """Return the cases of these names, or all; ConfigError has one line for each that is none."""
    from sim.analysis.past_cases import cases
    from sim.config.sources import search_folders

    known = cases(config_dir)
    problems = []
    for name in dict.fromkeys(names):
        if name not in known:
            there = any(
                (folder / "scenario" / f"{name}.yaml").is_file()
                for folder in search_folders("config", config_dir)
            )
            told = ": it has no record of what became of it" if there else did_you_mean(name, known)
            problems.append(f"validate: no case '{name}'{told}")
    found = {name: known[name] for name in known if not names or name in names}
    problems += [
        f"{name}: parties: must be a list of two ids" for name in found if len(found[name]) != 2
    ]
    if not problems and len(found) < FEWEST:
        problems = [f"validate: each case is forecast from the others, so {FEWEST} at least"]
    if problems:
        raise ConfigError(problems)
    return found


def show_frame(title: str, frame: "pl.DataFrame") -> None:
    """Print a table."""
    from rich.table import Table

    from sim.runs.terminal import console
    from sim.runs.terminal import show as show_block

    table = Table(title=title, title_justify="left")
    for heading in frame.columns:
        table.add_column(heading, overflow="fold")
    for row in frame.iter_rows():
        shown = ("-" if cell is None else cell for cell in row)
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in shown))
    show_block(table, console())


# --- issues of legislation


def validate(args: argparse.Namespace) -> int:
    """Print the scores; ConfigError has one line for each problem of the file."""
    from sim.theory.deu import halves, read_file, score_all

    proposals = read_file(args.file)
    whole, test = score_all(proposals)
    if args.json:
        document = {"all": [asdict(s) for s in whole], "test_half": [asdict(s) for s in test]}
        print(json.dumps(document, indent=2))
        return 0
    several = sum(each.outcome.size > 1 for each in proposals)
    issues = sum(each.outcome.size for each in proposals)
    print(
        f"{issues:,} issues of {len(proposals):,} proposals, {several:,} of them with several; "
        "errors in points of 0 to 100, in brackets 95 % by bootstrap over proposals"
    )
    show_scores("All proposals; nothing is tuned", whole)
    tested = len(halves(proposals)[1])
    show_scores(f"Test half, {tested:,} proposals; tuned on the other half", test)
    print(verdict(whole))
    return 0


def show_scores(title: str, scores: "Sequence[Score]") -> None:
    """Print one table of scores."""
    from rich.table import Table

    from sim.runs.terminal import console
    from sim.runs.terminal import show as show_block

    table = Table(title=title, title_justify="left")
    headings = (
        "Forecast",
        "Mean error",
        "Beside the compromise",
        "Several issues",
        "Open",
        "Tuned",
    )
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for score in scores:
        table.add_row(
            score.name,
            f"{score.error:.1f} [{score.low:.1f}, {score.high:.1f}]",
            between(score.beside, score.beside_low, score.beside_high),
            between(score.several, score.several_low, score.several_high),
            str(score.unclosed or ""),
            "" if score.chosen is None else f"{score.chosen:+g}",
        )
    show_block(table, console())


def between(value: float, low: float, high: float) -> str:
    """Return a difference with its interval."""
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def verdict(scores: "Sequence[Score]") -> str:
    """Return which rule comes closest, and whether it beats the compromise."""
    compromise = scores[0]
    best = min((s for s in scores if s.kind == "rule"), key=lambda score: score.error)
    if best.beside_high < 0.0:
        told = "beats"
    elif best.beside_low > 0.0:
        told = "loses to"
    else:
        told = "cannot be told from"
    return (
        f"The best of the rules afterwards, {best.name} ({best.error:.1f}), {told} the compromise "
        f"({compromise.error:.1f})."
    )
