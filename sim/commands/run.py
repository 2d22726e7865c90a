"""`sim run`: one run of the talks, told week by week; `sim play`: with a person in a seat."""

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import (
    add_configuration_options,
    add_quiet,
    announce_compiling,
    compile_if_long,
    note_idle_choices,
)
from sim.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from sim.config.settings import Conduct, Settings
    from sim.runs.seat import Table

RUN = """\
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


PLAY = """\
Plays the talks with a person in a party's seat. The person sees what the party would know, is asked
at the moments at which the model's party decides, and is shown afterwards, on the same course of
chance, how the model would have done and what single decisions cost.

examples:
  sim play
      the default talks, in the first party's seat
  sim play --seat azerbaijan preset=washington seed=7
      the other seat, another reading, another course of chance
  sim play --seat armenia --seat azerbaijan
      two people, one in each seat
  sim play --no-advice --out game
      without the delegation's advice; the run is written into a folder, `sim report game` shows it
  sim run 'decisions=["armenia 11 take VII","armenia 33 sign"]'
      plays what was decided again: `sim play` prints this line at the end

At a prompt: an answer as named there, or Enter for the delegation's
  demand 0.8                        table the best draft worth so much of what is open to you
  draft VII=0.4 XV=0.2              table these wordings, the others as they stand
  silent                            table nothing
  take, take VII XV, refuse         of the other side's draft: all of it, articles of it, nothing
  take_text, refuse_text            the mediator's text
  sign, wait                        the treaty, or its agreed part
beside it at any time
  concede ARTICLE|DEMAND|outside    give something alone
  drop DEMAND                       give up a demand of your own
  offer_agreed                      offer to sign what is agreed
  reopen ARTICLE                    take back what was closed provisionally
  leave                             let the model decide from now on
  week N                            stop before week N as well
  help, quit
"""


FORMS = {"demand": "demand SHARE", "draft": "draft KEY=POSITION ..", "take": "take [KEY ..]"}
"""Answers that take words, as they are typed."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parsers of both commands."""
    _add_run(subparsers)
    _add_play(subparsers)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="write outcome, weeks and moves into a new or empty folder",
    )


def _add_run(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "run", help="play the talks once and tell what happened", description=RUN
    )
    add_configuration_options(parser)
    parser.add_argument(
        "--driver",
        choices=("engine", "mesa"),
        default="engine",
        help="engine: the default; mesa: the agents of the Mesa model. Both play the same run",
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
    _add_out(parser)
    parser.add_argument(
        "-m",
        "--multirun",
        action="store_true",
        help="Hydra's multirun: one job a combination of the values given, each in a folder of "
        "its own with its outcome.json; for many runs see `sim sweep`",
    )


def _add_play(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "play", help="sit in a party's seat and decide for it", description=PLAY
    )
    add_configuration_options(parser)
    parser.add_argument(
        "--seat",
        metavar="PARTY",
        action="append",
        default=[],
        help="the party that a person decides for (default: the first one); once more for two "
        "people",
    )
    parser.add_argument(
        "--no-advice", action="store_true", help="do not say what the model's party would do"
    )
    _add_out(parser)


def execute(args: argparse.Namespace) -> int:
    """Play one run, or a multirun, or with a person, and print what came of it."""
    if args.command == "play":
        return _play(args)
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

    compile_if_long(settings)
    if not args.quiet:
        note_idle_choices(without_effect(settings))
        announce_compiling(_entry(args.driver))
    record = play_one(settings, args.driver)
    if settings.decisions and not args.quiet:
        from sim.runs.play import unheeded

        met = "such a question did not come up, or the rules do not allow it"
        note_idle_choices(f"decisions: '{line}': {met}" for line in unheeded(record))
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
    from sim.model.compiled import require_compiled
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
    require_compiled()
    announce_compiling(_entry(args.driver))
    outcomes, failures = multirun(*line, job, folder)
    print(f"{counted(outcomes, 'outcome')}, {failures:,} failed: {folder}")
    return SOME_FAILED if failures else 0


def _entry(driver: str) -> str:
    return "engine.play" if driver == "engine" else ""


# --- `sim play`: a person in a party's seat


def _play(args: argparse.Namespace) -> int:
    """Play the talks with whoever types, and print what came of it."""
    from sim.config.compose import compose

    settings = compose(args.overrides, args.config_name, args.config_dir)
    if args.out is not None:
        from sim.runs.files import check_folder

        check_folder(args.out)

    from sim.config.settings import without_effect
    from sim.runs.seat import Table
    from sim.runs.terminal import console

    compile_if_long(settings, most=0)  # many courses are played at the end
    note_idle_choices(without_effect(settings))
    announce_compiling()
    table = Table(settings, args.seat or [settings.scenario.first])
    try:
        Talk(table, console(), not args.no_advice).hold()
    except KeyboardInterrupt:
        seats = [word for party in table.parties for word in ("--seat", party)]
        table.sit_on()
        print(f"\nsim: to go on: {_line(args, table, 'play', *seats)}", file=sys.stderr)
        raise
    _sum_up(args, table)
    return 0


class Talk:
    """The conversation in the terminal."""

    def __init__(self, table: "Table", output: "Console", advice: bool) -> None:
        self.table, self.output, self.advice = table, output, advice
        self.stops = {table.week}  # weeks before which somebody wants to be asked anyway
        self._told = int(table.model.talks.state.events)
        self._said: list[str] = []  # of the week under way, told with a question

    def hold(self) -> None:
        """Play the talks to their end, or until whoever types has gone."""
        scenario = self.table.settings.scenario
        self.output.print(scenario.title, style="bold")
        names = [scenario.actors[party].name for party in self.table.parties]
        self.output.print(f"You sit for {' and for '.join(names)}. Type help for what can be said.")
        while not self.table.over:
            seated = [party for party in self.table.parties if self.table.sits(party)]
            stop = self.table.week in self.stops and bool(seated)
            if not stop and self.table.step():
                self._tell()
                continue
            self._tell()
            if stop and self.table.asked is None:
                self.stops.discard(self.table.week)
                self.output.print("Nothing is asked of you. Enter goes on to the next question.")
                for party in seated:
                    self._prompt(party)
            elif self.table.asked is not None:
                self._ask()
        self._tell()

    def _tell(self) -> None:
        """Print what has happened since the last time."""
        talks = self.table.model.talks
        written = int(talks.state.events)
        alone = self.table.parties[0] if len(self.table.parties) == 1 else None
        for line in self.table.seen(talks.events[self._told : written], alone):
            if line.text in self._said:
                self._said.remove(line.text)
            else:
                self.output.print(f"{line.day.isoformat()}  {line.text}", soft_wrap=True)
        if written > self._told:
            self._told, self._said = written, []

    def _ask(self) -> None:
        """Put the question of the moment and take the answer."""
        from sim.runs.terminal import show, wordings_table

        asked = self.table.asked
        if asked is None:
            return
        party = self.table.settings.scenario.actors[asked.party].name
        for text in asked.so_far:
            if text not in self._said:
                self.output.print(f"{asked.day.isoformat()}  {text}", soft_wrap=True)
                self._said.append(text)
        self.output.print()
        self.output.print(f"{asked.day.isoformat()}, week {asked.week}, {party}: {asked.says}")
        if asked.wordings:
            show(wordings_table(asked), self.output)
        forms = (FORMS.get(answer, answer) for answer in asked.answers)
        self.output.print(f"Answers: {', '.join(forms)}.")
        if self.advice:
            self.output.print(f"Your delegation would {asked.advice}. Enter does that.")
            for line in self.table.alone(asked.party):
                self.output.print(f"Unasked it would also: {line}")
        self._prompt(asked.party)

    def _prompt(self, party: str) -> None:
        """Read lines until the question is answered; an empty one leaves it to the delegation."""
        asked = self.table.asked
        while asked is self.table.asked and self.table.sits(party):
            words = _typed(f"{party}, week {self.table.week}> ")
            if not words:
                self.table.as_advised()
                return
            self._take(party, words)

    def _take(self, party: str, words: str) -> None:
        verb, _, rest = words.partition(" ")
        try:
            if verb == "quit":
                raise KeyboardInterrupt
            if verb in ("help", "?"):
                print(PLAY[PLAY.index("At a prompt") :], end="")
            elif verb == "week":
                self._stop_at(rest)
            else:
                self.table.decide(party, words)
        except ConfigError as error:
            print("\n".join(error.problems))

    def _stop_at(self, week: str) -> None:
        last = self.table.settings.horizon - 1
        if not (week.isascii() and week.isdecimal() and self.table.week < int(week) <= last):
            raise ConfigError(f"'week {week}': must be a week from {self.table.week + 1} to {last}")
        self.stops.add(int(week))


def _typed(prompt: str) -> str:
    """Return what somebody types; where nobody types any more, nothing."""
    try:
        words = " ".join(input(prompt).split())
        if not sys.stdin.isatty():
            print(words)  # what is written down reads like a conversation
        return words
    except EOFError:
        print()
        return ""


def _overrides(args: argparse.Namespace, table: "Table") -> list[str]:
    """Return the overrides that play what was decided."""
    given = [word for word in args.overrides if not word.startswith("decisions=")]
    listed = ",".join(f'"{line}"' for line in table.settings.decisions)
    return [*given, f"decisions=[{listed}]"]


def _line(args: argparse.Namespace, table: "Table", *command: str) -> str:
    """Return the command line that plays what was decided."""
    words = ["sim", *command]
    if args.config_name != "config":
        words += ["--config-name", args.config_name]
    if args.config_dir:
        words += ["--config-dir", args.config_dir]
    return shlex.join([*words, *_overrides(args, table)])


def _sum_up(args: argparse.Namespace, table: "Table") -> None:
    """Print what the talks came to, what other decisions would have, and how to play it again."""
    from sim.runs.play import debriefing
    from sim.runs.summary import outcome_line, summarise
    from sim.runs.terminal import console, courses_table, show

    record = table.record()
    summary = summarise(record, _overrides(args, table))
    output = console()
    output.print()
    output.print(outcome_line(record, summary), style="bold")
    output.print()
    output.print("On the same course of chance", style="bold")
    show(courses_table(table.settings.scenario, debriefing(table.settings)), output)
    print(f"\nTo play this again: {_line(args, table, 'run')}")
    if args.out is not None:
        from sim.runs.files import write_run

        write_run(record, summary, args.out, _overrides(args, table))
