"""``python -m benchmarks [NAME ...] [--json | --write PAGE] [--tiny]``: measure, print a table.

Runs `main()` of every ``bench_*.py`` here, or of those named, one after the other on an idle
machine if the figures are to mean anything. Nothing is asserted: tests of time fail on busy
machines and tell nothing.
"""

import argparse
import importlib
import json
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from unittest import SkipTest

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

PACKAGES = ("peace-talks-sim", "numpy", "numba", "mesa", "networkx", "polars")


def names() -> list[str]:
    """Return the names of all benchmarks."""
    return sorted(
        path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py")
    )


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, cores, Python, packages."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def _processor() -> str:
    """Return the processor's name as far as the system tells it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def measure(name: str, *, tiny: bool) -> list[Figure]:
    """Run one benchmark."""
    lines: list[Figure] = importlib.import_module(f"benchmarks.bench_{name}").main(tiny=tiny)
    return lines


def shown(figure: float) -> str:
    """Return a figure with about three digits that mean something."""
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def table(measured: dict[str, list[Figure]]) -> Table:
    """Return all figures as one table."""
    page = Table(title="Benchmarks", caption=", ".join(f"{k} {v}" for k, v in machine().items()))
    page.add_column("benchmark")
    page.add_column("what")
    page.add_column("figure", justify="right", no_wrap=True)
    page.add_column("unit", no_wrap=True)
    page.add_column("note")
    for name, lines in measured.items():
        for line in lines:
            page.add_row(name, line["what"], shown(line["figure"]), line["unit"], line["note"])
        page.add_section()
    return page


HEAD = """# How fast it is

Written by `python -m benchmarks --write docs/benchmarks.md`. Times of one machine tell little about
another; what to compare is the ratios: each is between two things that were timed in turn, in one
go and on the same machine. No test asserts a time.
"""
SECTION = re.compile(r"^## `python -m benchmarks (\w+)`$.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)


def section(name: str, lines: Sequence[Figure]) -> str:
    """Return a benchmark's figures as a section of a page."""
    about = {k: v for k, v in machine().items() if k not in ("processor", "cores", "system")}
    packages = ", ".join(f"{k} {v}" for k, v in about.items())
    rows = [
        f"| {line['what']} | {shown(line['figure'])} | {line['unit']} | {line['note']} |\n"
        for line in lines
    ]
    where = f"{machine()['system']}, {machine()['cores']} cores, {packages}."
    head = "| what | figure | unit | conditions |\n|---|---:|---|---|\n"
    return f"## `python -m benchmarks {name}`\n\n{where}\n\n{head}{''.join(rows)}\n"


def write(page: Path, measured: Mapping[str, Sequence[Figure]]) -> None:
    """Put figures into a page; sections of what was not measured now stay."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    found = {match[1]: match[0].rstrip() + "\n\n" for match in SECTION.finditer(text)}
    found |= {name: section(name, lines) for name, lines in measured.items()}
    parts = [found[name] for name in names() if name in found]
    page.write_text(f"{HEAD}\n{''.join(parts)}".rstrip() + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for, and print it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", metavar="PAGE", type=Path, help="put the figures into a page")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: shows only that it works")
    args = parser.parse_args(argv)
    unknown = [name for name in args.names if name not in names()]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    measured: dict[str, list[Figure]] = {}
    for name in args.names or names():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        try:
            measured[name] = measure(name, tiny=args.tiny)
        except SkipTest as missing:
            print(f"{name} is not measured: {missing}", file=sys.stderr, flush=True)
    if args.write:
        write(args.write, measured)
    if args.json:
        print(json.dumps({"machine": machine(), "benchmarks": measured}, indent=2))
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
