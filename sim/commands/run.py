"""`sim run`: one run of the talks, told week by week."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import add_configuration_options, add_quiet, announce_compiling, note_idle_choices
from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim.config.settings import Conduct, Settings

DESCRIPTION = """\
Plays the talks once and tells what happened: who offered what and why, which articles closed,
what was signed, and if nothing was, what stood in the way.

examples:
  sim run
      the default talks
  sim run strategy@armenia=conceder agenda=single_undertaking seed=7
      another strategy, other rules of the talks, another course of chance
  sim run preset=opposition scenario.discount_rate.azerbaijan.value=0.40
      the opposition's reading, with an impatient other side
  sim run scenario=march_2025 mediator=manipulation horizon=104
      later talks, a mediator who pays and presses, two years
  sim run preset=baku --show-config
      every key and number that the line comes to, where an override sets it
  sim run --json | python -m json.tool
      the outcome as one JSON object
  sim run --trace talks.parquet
      the weekly history as a table, one row a week
  sim run --out talks
      the whole run in a folder: outcome, weeks, moves; `sim report talks` makes a page of it
  sim run --config-dir mine scenario=cyprus
      a scenario of your own, in mine/scenario/cyprus.yaml
  sim run -m agenda=single_undertaking,interim_allowed seed=1,2
      Hydra's multirun, four jobs; `sim sweep` plays the same many times faster

What can be set: `sim list` names choices, `sim scenario show` prints the keys of the numbers.
Groups are scenario, preset, agenda, bargaining, precondition, mediator, public, and for each party
strategy, acceptance and opponent_model, as in strategy@armenia.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "run", help="play the talks once and tell what happened", description=DESCRIPTION
    )
    add_configuration_options(parser)
    parser.add_argument(
        "--driver",
        choices=("engine", "mesa"),
        default="engine",
        help="engine: compiled, the default; mesa: the agents of the Mesa model. Both play the "
        "same run",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as one JSON object")
    parser.add_argument(
        "--show-config", action="store_true", help="print what the line comes to, and play nothing"
    )
    add_quiet(parser, "print the outcome in one line")
    parser.add_argument(
        "--trace",
        metavar="FILE.parquet",
        type=Path,
        help="write the weekly history, one row a week",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="write outcome, weeks and moves into a new or empty folder",
    )
    parser.add_argument(
        "-m",
        "--multirun",
        action="store_true",
        help="Hydra's multirun: one job a combination of the values given, each in a folder of "
        "its own with its outcome.json; for many runs see `sim sweep`",
    )


def execute(args: argparse.Namespace) -> int:
    """Play one run, or a multirun, and print what came of it."""
    if args.multirun:
        return _multirun(args)
    from sim.config.compose import compose

    # First of all, since it makes the user's plug-ins known, and the rules are built with them.
    settings = compose(args.overrides, args.config_name, args.config_dir)
    if args.show_config:
        return _show_config(settings)
    if args.trace is not None:
        from sim.runs.trace import check_target

        check_target(args.trace)
    if args.out is not None:
        from sim.runs.files import check_folder

        check_folder(args.out)

    from sim.config.settings import without_effect
    from sim.runs.play import play_one
    from sim.runs.summary import summarise

    if not args.quiet:
        note_idle_choices(without_effect(settings))
        announce_compiling(_entry(args.driver))
    record = play_one(settings, args.driver)
    summary = summarise(record, args.overrides)
    if args.trace is not None:
        from sim.runs.trace import write_trace

        write_trace(record, args.trace, args.overrides)
    if args.out is not None:
        from sim.runs.files import write_run

        write_run(record, summary, args.out, args.overrides)
    if args.json:
        print(json.dumps(summary.plain(), indent=2, allow_nan=False))
        return 0
    if args.quiet:
        signed = "nothing signed" if summary.signed == "none" else f"{summary.signed} deal signed"
        print(f"{summary.status} after {summary.weeks} weeks, {signed}")
        return 0

    from sim.runs.terminal import console, render

    render(record, summary, console())
    return 0


def _show_config(settings: "Settings") -> int:
    """Print settings as YAML in which each key stands where an override sets it."""
    from sim.config.draft import written

    plain = settings.model_dump(mode="json", by_alias=True, exclude={"parties", "scenario"})
    plain |= {party: _conduct(conduct) for party, conduct in settings.parties.items()}
    scenario = settings.scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    print(written(plain | {"scenario": scenario}, comments=False), end="")
    return 0


def _conduct(conduct: "Conduct") -> dict[str, object]:
    choices = {key: getattr(conduct, key) for key in type(conduct).model_fields}
    return {key: {"name": choice.name, **choice.parameters} for key, choice in choices.items()}


def _multirun(args: argparse.Namespace) -> int:
    from sim.commands.multirun import SOME_FAILED, Job, check, multirun
    from sim.runs.terminal import counted

    problems = []
    if args.show_config:
        problems.append("--show-config: shows one run; leave out -m")
    if args.json:
        problems.append("--json: with -m each job writes it as outcome.json")
    if args.out is not None:
        problems.append("--out: with -m each job has a folder of its own; hydra.sweep.dir names it")
    if args.trace is not None and (
        args.trace.name != str(args.trace) or args.trace.suffix != ".parquet"
    ):
        problems.append(f"--trace: {args.trace}: with -m a file name that ends in .parquet")
    if problems:
        raise ConfigError(problems)
    job = Job(args.driver, None if args.trace is None else str(args.trace))
    line = (args.overrides, args.config_name, args.config_dir)
    folder = check(*line)
    announce_compiling(_entry(args.driver))
    outcomes, failures = multirun(*line, job, folder)
    print(f"{counted(outcomes, 'outcome')}, {failures:,} failed: {folder}")
    return SOME_FAILED if failures else 0


def _entry(driver: str) -> str:
    return "engine.play" if driver == "engine" else ""
