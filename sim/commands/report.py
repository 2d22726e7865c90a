"""`sim report`: from a results folder to an answer."""

import argparse
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim.analysis.page.content import Report
    from sim.sweeps.overrides import Value

DESCRIPTION = """\
Makes a report of a sweep: what makes a deal more likely, when, on what terms, what stands in the
way, how sure it is, and how much rests on assumptions. Result files are read; nothing is played.

examples:
  sim report results/sweep-1a2b3c4d5e
      one HTML file in that folder, which needs no network
  sim report results/sweep-1a2b3c4d5e --out answer.html --open
      to a place of your own, and shown in the browser
  sim report results/base results/with_mediator
      two sweeps compared: what differs in their plans, their cells run by run
  sim report results/base results/with_mediator results/with_force --outcome interim_ever
      several sweeps, each compared with the first, in another outcome than signing
  sim report talks
      the story of a single run that was written by `sim run --out talks`
  sim report results/sweep-1a2b3c4d5e --format md
      the answer and all tables as Markdown; csv and parquet give a folder of tables, svg, png and
      pdf one of figures
  sim report results/sweep-1a2b3c4d5e --outcome interim_ever
      the first screen about interim deals instead of the full treaty
  sim report results/sweep-1a2b3c4d5e --start agenda=single_undertaking
      the inverse question asked from there: the smallest change that takes P(signed) across 1/2

In Python the same is in sim.analysis: load a folder, call a function, take its .to_frame() or
.plot().

exit codes: 0 done, 1 a file could not be read or written, 2 the folder cannot be used
"""
QUIET_SECONDS = 2.0
"""How long a step takes before the next one is named where the output is no terminal."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "report",
        help="make a report of a sweep or of a run, or compare sweeps",
        description=DESCRIPTION,
    )
    parser.add_argument(
        "folders",
        metavar="RESULTS",
        nargs="+",
        type=Path,
        help="folder of a sweep or of a run; further sweeps to compare with the first",
    )
    parser.add_argument(
        "--format",
        choices=("html", "md", "csv", "parquet", "svg", "png", "pdf"),
        default="html",
        help="html: one file, the default; md: one file; csv, parquet: a folder of tables; svg, "
        "png, pdf: a folder of figures",
    )
    parser.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        help="where to write it (default: report.html, or another free name, in the folder)",
    )
    parser.add_argument(
        "--start",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="where the inverse question starts; may be given several times (default: the first "
        "value of each key)",
    )
    parser.add_argument(
        "--outcome",
        default="",
        help="what the first screen is about: signed_full (default), signed, interim_ever, "
        "in_force_at_end, collapse_first or government_fell_first",
    )
    parser.add_argument("--open", action="store_true", help="show it in the browser")


def execute(args: argparse.Namespace) -> int:
    """Make a report, write it and print its answer."""
    if args.open and args.format != "html":
        raise ConfigError(["--open: shows HTML only; leave out --format"])
    _need_the_extra()
    from sim.analysis.page.sweep_page import MOST_SWEEPS
    from sim.analysis.page.write import check_target, default_target, make_report, write_report

    if len(args.folders) > MOST_SWEEPS:
        found = len(args.folders)
        raise ConfigError([f"report: compares at most {MOST_SWEEPS} sweeps, and got {found}"])

    if args.out is not None:
        check_target(args.out)
    start = dict(_start(text) for text in args.start)
    if len(args.folders) > 1 and start:
        raise ConfigError(["--start: the inverse question is asked of one sweep"])
    with _progress() as say:
        report = make_report(args.folders, say, start, args.outcome)
        say("writing")
        target = args.out
        if target is None:
            target = default_target(args.folders[0], args.format, len(args.folders) > 1)
        write_report(report, target, args.format)
    _print(report, target)
    if args.open:
        webbrowser.open(target.absolute().as_uri())
    return 0


def _need_the_extra() -> None:
    """Raise ConfigError if packages of the extra `report` are missing."""
    from importlib.util import find_spec

    needed = ("altair", "jinja2", "vl_convert", "SALib", "sklearn")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        install = "pip install 'peace-talks-sim[report]'"
        raise ConfigError([f"report: needs {', '.join(missing)}: {install}"])


def _start(text: str) -> "tuple[str, Value]":
    """Return a key and its value; ConfigError if the text is not of that form."""
    key, sign, value = text.partition("=")
    if not (key and sign and value):
        raise ConfigError([f"--start {text}: is not of the form KEY=VALUE"])
    try:
        return key, float(value)
    except ValueError:
        return key, value


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being worked on.

    On a terminal a line that changes; otherwise a line for each step that follows a slow one.
    """
    from sim.runs.terminal import console

    if sys.stderr.isatty():
        with console(error=True).status("reading") as status:
            yield lambda words: status.update(f"report: {words}")
        return
    last = time.monotonic()

    def say(words: str) -> None:
        nonlocal last
        if time.monotonic() - last > QUIET_SECONDS:
            print(f"sim: report: {words}", file=sys.stderr, flush=True)
        last = time.monotonic()

    yield say


def _print(report: "Report", target: Path) -> None:
    from rich.text import Text

    from sim.runs.terminal import console, show

    output = console()
    show(Text(report.named(report.title), style="bold"), output)
    for gap in report.gaps:
        print(f"sim: {report.named(gap)}", file=sys.stderr)
    for statement in report.statements:
        show(Text(f"- {report.named(statement.text)}"), output)
    output.print(f"report: {target}", soft_wrap=True, markup=False, highlight=False)
