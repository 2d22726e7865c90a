"""`sim strategies`: what there is to choose from, and how the strategies concede."""

import argparse
from pathlib import Path

from sim.errors import ConfigError, did_you_mean

DESCRIPTION = """\
Lists every concession strategy, acceptance condition and opponent model with its family,
reference and parameters.

examples:
  sim strategies
  sim strategies grit micro
  sim strategies --plot curves.svg
      draws the concession strategies against scripted opponents
  sim strategies --plugin my_strategies.py --plot curves.svg
      the same with strategies of your own
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "strategies", help="list the strategies and draw their curves", description=DESCRIPTION
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="these plug-ins only")
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="FILE.py", help="a file of your own"
    )
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw concession curves")


def execute(args: argparse.Namespace) -> int:
    """List the plug-ins, or draw curves."""
    from sim.config.settings import use_plugins

    if args.plugin:
        use_plugins(args.plugin)
    check_names(args.names)
    if args.plot is None:
        show(args.names)
    else:
        draw(args.plot, args.names)
    return 0


def check_names(names: list[str]) -> None:
    """Raise ConfigError if one of the names is no plug-in."""
    from sim.model.plugins import KINDS, registry

    known = [name for kind in KINDS for name in registry().names(kind)]
    problems = [
        f"strategies: unknown plug-in '{name}'{did_you_mean(name, known)}"
        for name in names
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)


def show(names: list[str]) -> None:
    """Print one table a kind of plug-in."""
    from rich.table import Table

    from sim.config.settings import WORDS
    from sim.model.plugins import registry
    from sim.runs.terminal import console
    from sim.runs.terminal import show as show_block

    output = console()
    for kind, word in WORDS.items():
        entries = [p for p in registry().of(kind) if not names or p.name in names]
        if not entries:
            continue
        table = Table(title=f"{word.capitalize()} ({len(entries)})", title_justify="left")
        for heading in ("Name", "Family", "What it does", "Parameters", "Reference"):
            table.add_column(heading, overflow="fold")
        for entry in entries:
            parameters = "\n".join(
                f"{p.name} = {p.default:g} ({p.low:g} to {p.high:g} {p.unit})"
                for p in entry.parameters
            )
            table.add_row(entry.name, entry.family, entry.summary, parameters, entry.reference)
        show_block(table, output)


def draw(target: Path, names: list[str]) -> None:
    """Draw the concession strategies against each scripted opponent."""
    from sim.model.plugins import registry

    strategies = [n for n in registry().names("concession") if not names or n in names]
    problems = []
    if not strategies:
        problems.append(f"--plot: {', '.join(names)} is no concession strategy")
    if target.suffix not in (".svg", ".pdf", ".png"):
        problems.append(f"--plot: {target} must end in .svg, .pdf or .png")
    if target.exists():
        problems.append(f"--plot: {target} exists; nothing is overwritten")
    elif not target.parent.is_dir():
        problems.append(f"--plot: no such folder: {target.parent}")
    if problems:
        raise ConfigError(problems)
    from sim.theory.minimal_talks import draw_curves

    try:
        draw_curves(target, strategies)
    except ImportError as error:
        problem = "--plot needs matplotlib: pip install 'peace-talks-sim[report]'"
        raise ConfigError([problem]) from error
    print(f"wrote {target}")
