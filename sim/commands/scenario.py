"""`sim scenario`: check a scenario file, or show a scenario as tables."""

import argparse
from pathlib import Path

from sim.config import config_folder
from sim.errors import ConfigError, did_you_mean

DESCRIPTION = """\
examples:
  sim scenario show
      the default scenario: text, preconditions, calendar, numbers and where they come from
  sim scenario show march_2025
      another one that comes with the package
  sim scenario show mine.yaml
      a file of your own
  sim scenario sources
      what rests on which source, and how many assumptions there are
  sim scenario check mine.yaml
      every problem in a file, one a line; exit code 2 if there is any
"""
DEFAULT = "september_2024"
"""Scenario that is shown if none is named."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "scenario", help="check a scenario file, or show one as tables", description=DESCRIPTION
    )
    actions = parser.add_subparsers(dest="action", metavar="check|show|sources", required=True)
    check = actions.add_parser("check", help="check a scenario file, one line a problem")
    check.add_argument("file", metavar="FILE", type=Path)
    for name, told in (("show", "print a scenario as tables"), ("sources", "what rests on what")):
        action = actions.add_parser(name, help=told)
        action.add_argument("name", metavar="NAME|FILE", nargs="?", default=DEFAULT)


def execute(args: argparse.Namespace) -> int:
    """Check or show; ConfigError has one line for each problem of the scenario."""
    if args.action == "check":
        return check(args.file)
    return show(args.name, sources=args.action == "sources")


def check(file: Path) -> int:
    """Validate a scenario file and say how much of it is assumed."""
    from sim.config.compose import load_scenario
    from sim.config.settings import without_clock

    scenario = load_scenario(file)
    numbers = [number for _, number in scenario.numbers()]
    assumed = sum(number.assumed for number in numbers)
    print(
        f"{file}: a valid scenario, {len(scenario.articles)} articles, "
        f"{len(scenario.preconditions)} preconditions, {len(numbers)} numbers, "
        f"{assumed} of them assumptions"
    )
    for party in without_clock(scenario):
        print(
            f"deadline_weeks.{party}: is null and no calendar entry has 'closes', so strategies by "
            "the clock ask for the same in every week"
        )
    return 0


def show(name: str, *, sources: bool = False) -> int:
    """Print a scenario, or what rests on its sources, by its name or from a file."""
    from sim.commands.scenario_tables import render_scenario, render_sources
    from sim.config.compose import load_scenario
    from sim.runs.terminal import console

    render = render_sources if sources else render_scenario
    render(load_scenario(scenario_file(name)), console())
    return 0


def scenario_file(name: str) -> Path:
    """Return the file of a scenario given by its name or path; ConfigError for an unknown name."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.parent != Path():
        return path
    folder = config_folder() / "scenario"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    if name not in known:
        raise ConfigError([f"no scenario '{name}'{did_you_mean(name, known)}"])
    return folder / f"{name}.yaml"
