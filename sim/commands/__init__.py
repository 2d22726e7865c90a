"""The command line: `cli` reads it, and each command belongs to a module.

`COMMANDS` names the module in this folder of each command `sim NAME`. It has two functions:

``add_parser(subparsers) -> None``
    Adds the parser of each of its commands, with `help`, `description` and examples.
``execute(args) -> int``
    Does the work and returns the exit code. Expected failures are raised as
    `sim.errors.SimError`.

Modules import nothing heavy at their top: what a command needs it imports when it is executed,
so that `sim --help` and the other commands stay quick.

What several of them share stands here: parsing with suggestions, options, a word before compiling.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NoReturn

from sim.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from sim.config.settings import Settings

COMMANDS = {
    "run": "run",
    "play": "run",
    "sweep": "sweep",
    "report": "report",
    "results": "report",
    "view": "view",
    "list": "listing",
    "strategies": "listing",
    "scenario": "scenario",
    "theory": "theory",
    "validate": "theory",
    "completion": "listing",
}
"""The module of this package that holds each command."""
OUTCOMES = (
    "signed",
    "signed_full",
    "signed_interim",
    "interim_ever",
    "ratified",
    "in_force_at_end",
    "both_better_off",
    "collapse_first",
    "government_fell_first",
    "weeks_to_signature",
    "worse_off_share",
)
"""Names of `sim.sweeps.columns.DERIVED`, which is not imported to print a help."""
CITIZENS_A_WEEK = 600
"""Whose opinions take plain rules as long as the rest of a week, some three milliseconds."""
MOST_WEEKS = 400
"""Weeks that plain rules play in the time in which numba and machine code are loaded."""
MOST_WEEKS_UNCOMPILED = 10_000
"""Weeks that they play in half the time in which all rules are compiled."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of leaving the process, and that suggests."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Raise ConfigError in one line."""
        raise ConfigError([f"{self.prog.partition(' ')[2] or 'command line'}: {message}"])

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            place = "/".join(action.option_strings) or action.metavar or action.dest
            near = did_you_mean(str(value), [str(choice) for choice in action.choices])
            self.error(f"{place}: unknown choice '{value}'{near}")

    def flags(self) -> list[str]:
        """Return the options of this parser."""
        own = [flag for action in self._actions for flag in action.option_strings]
        inner = [a.choices for a in self._actions if isinstance(a.choices, dict)]
        return own + [flag for found in inner for each in found.values() for flag in each.flags()]

    def values_of(self, option: str) -> list[str]:
        """Return the choices of an option, none if it takes any text."""
        found = (a.choices for a in self._actions if option in a.option_strings and a.choices)
        return [str(choice) for choices in found for choice in choices]


def parse(parser: Parser, argv: Sequence[str], chosen: Parser | None) -> argparse.Namespace:
    """Parse a command line in which options and overrides stand in any order.

    Raises ConfigError for an unknown option, with the nearest one of the `chosen` command, and for
    arguments that nothing takes.
    """
    args, rest = parser.parse_known_args(argv)
    known = (chosen or parser).flags()
    problems = []
    for item in rest:
        if item.startswith("-") and item != "--":
            name = item.split("=", 1)[0]
            near = did_you_mean(name, known)
            if name in known:
                near = "; another command of this group has it"
            problems.append(f"unknown option {item}{near}")
        elif item != "--" and not hasattr(args, "overrides"):
            problems.append(f"unexpected argument '{item}'")
    if problems:
        raise ConfigError(problems)
    if hasattr(args, "overrides"):
        args.overrides = [*args.overrides, *(item for item in rest if item != "--")]
    return args


def add_configuration_options(parser: argparse.ArgumentParser) -> None:
    """Add `overrides`, `config_name` and `config_dir`, from which commands compose settings."""
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="OVERRIDE",
        help="KEY=VALUE, e.g. seed=7, agenda=single_undertaking or strategy@armenia=conceder",
    )
    parser.add_argument(
        "--config-dir",
        metavar="DIR",
        help="a folder of your own with scenarios, strategies or other groups",
    )
    parser.add_argument(
        "--config-name",
        metavar="NAME",
        default="config",
        help="the primary configuration, without .yaml (default: config)",
    )


def add_quiet(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `quiet`."""
    parser.add_argument("-q", "--quiet", action="store_true", help=what)


def add_outcome(parser: argparse.ArgumentParser, what: str, default: str) -> None:
    """Add `outcome`, the name of an outcome or an empty text."""
    names = ", ".join(OUTCOMES)
    said = f"{what}: {names} (default: {default})"
    parser.add_argument("--outcome", metavar="NAME", default="", choices=OUTCOMES, help=said)


def announce_compiling(entry: str = "") -> None:
    """Say that an entry rule, e.g. ``"engine.play"``, or any will be compiled, if it is not yet."""
    from sim.model.compiled import PLAIN, is_compiled

    if not PLAIN and not is_compiled(entry):
        print(
            "sim: compiling the rules of the talks; this happens once and takes a minute or two",
            file=sys.stderr,
            flush=True,
        )


def compile_if_long(settings: "Settings", most: int = MOST_WEEKS) -> None:
    """Ask for compiled rules where they play sooner than the plain ones, compiling included.

    most: weeks that plain rules may play where machine code is on disk already.
    """
    from sim.config.parameters import public_at
    from sim.model.compiled import is_compiled, require_compiled

    publics = (public_at(settings, party) for party in settings.scenario.parties)
    citizens = sum(public.citizens.value for public in publics if public is not None)
    weeks = settings.horizon * (1 + citizens / CITIZENS_A_WEEK)
    if weeks > MOST_WEEKS_UNCOMPILED or (weeks > most and is_compiled()):
        require_compiled()


def note_idle_choices(lines: Iterable[str]) -> None:
    """Say on standard error which choices have no effect."""
    for line in lines:
        print(f"sim: no effect: {line}", file=sys.stderr)
