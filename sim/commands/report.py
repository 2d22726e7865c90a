"""`sim report` and `sim results`: from a results folder to an answer, and which there are."""

import argparse
import json
import shutil
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import add_outcome, add_quiet
from sim.errors import ConfigError, SimError, did_you_mean

if TYPE_CHECKING:
    from sim.analysis.page.content import Report
    from sim.sweeps.overrides import Value

DESCRIPTION = """\
Makes a report of a sweep: what makes a deal more likely, when, on what terms, what stands in the
way, how sure it is, and how much rests on assumptions. Result files are read; nothing is played.

examples:
  sim report
      of the newest sweep in results/
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
RESULTS_DESCRIPTION = """\
Lists the sweeps and runs in a folder, the newest first.

examples:
  sim results
      what lies in results/
  sim results open last
      the report of the newest sweep, made if there is none, in the browser
  sim results compare base with_mediator
      sweeps in one report, each compared with the first
  sim results remove base
      deletes one after a question
"""
QUIET_SECONDS = 2.0
"""How long a step takes before the next one is named where the output is no terminal."""


RESULTS = Path("results")
"""Where sweeps are put that are not told a folder."""
LAST = "last"
"""Stands for the newest sweep in `RESULTS`."""


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
        nargs="*",
        type=Path,
        help="folder of a sweep or of a run, by its path or its name in results/ (default: the "
        "newest sweep there); further sweeps to compare with the first",
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
    add_outcome(parser, "what the first screen is about", "signed_full; signed in a comparison")
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    add_quiet(parser, "print the place of the report alone")
    parser = subparsers.add_parser(
        "results", help="list, open, compare or remove results", description=RESULTS_DESCRIPTION
    )
    parser.add_argument("words", nargs="*", metavar="FOLDER | open|compare|remove NAME ..")
    parser.add_argument("--yes", action="store_true", help="remove without a question")


def execute(args: argparse.Namespace) -> int:
    """Make a report, write it and print its answer; or list results."""
    if args.command == "results":
        return results(args.words, args.yes)
    args.folders = [named_result(str(folder)) for folder in args.folders] or [last_sweep()]
    return report(args)


def report(args: argparse.Namespace) -> int:
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
        made = make_report(args.folders, say, start, args.outcome)
        say("writing")
        target = args.out
        if target is None:
            target = default_target(args.folders[0], args.format, len(args.folders) > 1)
        write_report(made, target, args.format)
    if args.quiet:
        print(target)
    else:
        _print(made, target)
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


# --- results


@dataclass(frozen=True)
class Result:
    """One folder of results."""

    folder: Path
    kind: str  # ``"sweep"`` or ``"run"``
    when: datetime
    line: str  # what was asked for
    runs: int  # that are asked for
    stored: int  # that are in the table, of a sweep
    bytes: int

    @property
    def state(self) -> str:
        """Whether all runs are there."""
        if self.kind == "run":
            return "1 run"
        done = "complete" if self.stored >= self.runs else f"{self.stored:,} of"
        return f"{done} {self.runs:,} runs" if self.stored < self.runs else f"{self.runs:,} runs"


def found_in(folder: Path) -> list[Result]:
    """Return the sweeps and runs in a folder, the newest first."""
    places = [folder, *sorted(folder.glob("*"))] if folder.is_dir() else []
    found = [result for place in places if (result := _result(place)) is not None]
    return sorted(found, key=lambda result: result.when, reverse=True)


def _result(folder: Path) -> Result | None:
    for name, kind in (("plan.json", "sweep"), ("run.json", "run")):
        file = folder / name
        if not file.is_file():
            continue
        try:
            content = json.loads(file.read_text("utf-8"))
            line = [str(word) for word in content.get("line", content.get("overrides", []))]
            runs = _asked(content) if kind == "sweep" else 1
        except (OSError, ValueError, AttributeError, TypeError, KeyError):
            continue
        files = [each.stat() for each in folder.rglob("*") if each.is_file()]
        when = datetime.fromtimestamp(file.stat().st_mtime)
        size = sum(stat.st_size for stat in files)
        return Result(folder, kind, when, " ".join(line), runs, _stored(folder), size)
    return None


def _asked(plan: Mapping[str, object]) -> int:
    sizes = [len(part) for key in ("combinations", "points") if isinstance(part := plan[key], list)]
    return sizes[0] * max(1, sizes[1]) * int(str(plan["replicates"]))


def _stored(folder: Path) -> int:
    import polars as pl
    from polars.exceptions import PolarsError

    file = folder / "runs.parquet"
    try:
        return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())
    except (OSError, PolarsError):
        return 0


def last_sweep(folder: Path = RESULTS) -> Path:
    """Return the folder of the newest sweep; ConfigError if there is none."""
    sweeps = [result.folder for result in found_in(folder) if result.kind == "sweep"]
    if not sweeps:
        raise ConfigError([f"{LAST}: no sweep in {folder}; play one with `sim sweep`"])
    return sweeps[0]


def named_result(name: str) -> Path:
    """Return a folder by its path, by its name in `RESULTS`, or the newest for ``last``."""
    if name == LAST:
        return last_sweep()
    for folder in (Path(name), RESULTS / name):
        if folder.is_dir():
            return folder
    if "/" in name or name.startswith("."):
        return Path(name)  # is told where it is read
    known = [result.folder.name for result in found_in(RESULTS)]
    if not known:
        raise ConfigError([f"{name}: no such folder"])
    raise ConfigError([f"results: no results '{name}'{did_you_mean(name, [*known, LAST])}"])


def results(words: Sequence[str], yes: bool) -> int:
    """List results, or open, compare or remove some of them."""
    counts = {"open": (1, 1), "compare": (2, 100), "remove": (1, 100)}
    action, *names = words or ["list"]
    if action not in counts:
        if names:
            near = did_you_mean(action, counts)
            raise ConfigError([f"results: unknown action '{action}'{near}"])
        show_results(Path(action) if words else RESULTS)
        return 0
    low, high = counts[action]
    if not low <= len(names) <= high:
        raise ConfigError([f"results {action}: give {low} name{'' if low == 1 else 's'}"])
    folders = [named_result(name) for name in names]
    if action == "remove":
        return remove(folders, yes)
    if action == "open":
        reports = sorted(folders[0].glob("report*.html"), key=lambda file: file.stat().st_mtime)
        if reports:
            print(reports[-1])
            webbrowser.open(reports[-1].absolute().as_uri())
            return 0
    given = argparse.Namespace(folders=folders, out=None, format="html", start=[], outcome="")
    given.open, given.quiet = True, yes
    return report(given)


def show_results(folder: Path) -> None:
    """Print the sweeps and runs in a folder, or that there are none."""
    from sim.runs.terminal import console, plain_table, show, size

    if not folder.is_dir() and folder != RESULTS:
        raise ConfigError([f"results: no such folder: {folder}"])
    found = found_in(folder)
    if not found:
        print(f"no results in {folder}")
        return
    table = plain_table()
    for heading in ("name", "made", "runs", "size", "line"):
        table.add_column(heading, overflow="fold")
    for result in found:
        made = f"{result.when:%Y-%m-%d %H:%M}"
        table.add_row(result.folder.name, made, result.state, size(result.bytes), result.line)
    show(table, console())


def remove(folders: Sequence[Path], yes: bool) -> int:
    """Delete folders of results after a question."""
    for folder in folders:
        if not yes:
            if not sys.stdin.isatty():
                raise ConfigError(["results remove: asks on a terminal; give --yes elsewhere"])
            if input(f"remove {folder} with all that is in it? [y/N] ").strip().lower() != "y":
                print(f"kept {folder}")
                continue
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise SimError(f"{folder}: cannot be removed, {error.strerror}") from error
        print(f"removed {folder}")
    return 0
