"""The command line: `sim COMMAND ...`. Commands stand in `sim/commands`, one file each."""

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence

from sim import __version__
from sim.commands.options import Parser, parse
from sim.errors import ConfigError, SimError, did_you_mean

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it: 128 + SIGINT."""
PIPE_CLOSED = 141
"""Exit code when whoever reads the output has gone: 128 + SIGPIPE."""

DESCRIPTION = """\
Negotiations simulated week by week: under which concession strategies and rules of the talks a
peace treaty gets signed, and if not, what stood in the way.

  sim run                                     the default talks, told week by week
  sim run strategy@armenia=conceder seed=7    another strategy, another course of chance
  sim scenario show                           the scenario as tables, with sources
"""
COMMANDS = ("report", "run", "scenario", "strategies", "sweep", "theory", "view")
"""Each is a module of this package."""
PLAYING = ("run", "sweep", "view", "report")
"""Commands that play whole runs or none, and so need no rule by itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line, that of the process by default, and return its exit code.

    That is 0 done; 1 the run failed; 2 the input cannot be used; 130 interrupted; others as the
    command says.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if argv is None and given[:1] and given[0] in PLAYING:
        os.environ["SIM_LEAN_RULES"] = "1"  # before numba is imported; workers inherit it
    _make_streams_printable()
    try:
        code = _execute(given)
        sys.stdout.flush()
    except SimError as error:
        for line in str(error).splitlines():
            print(f"sim: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sim: interrupted", file=sys.stderr)
        return INTERRUPTED
    except MemoryError:
        print("sim: out of memory; free some, or ask for fewer runs at a time", file=sys.stderr)
        return 1
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        _drop_output()
        print("sim: the output cannot be written, the disk is full", file=sys.stderr)
        return 1
    return code


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _make_streams_printable() -> None:
    """Let streams without Unicode show question marks; replace one that is closed by nothing."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _execute(argv: list[str]) -> int:
    name = next((word for word in argv if not word.startswith("-")), None)
    if name is not None and name not in COMMANDS:
        raise ConfigError([f"unknown command '{name}'{did_you_mean(name, COMMANDS)}"])
    parser = Parser(prog="sim", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"sim {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    # Only the command that is called is imported; for `sim --help` all are.
    names = [name] if name else COMMANDS
    loaded = {each: importlib.import_module(f"sim.commands.{each}") for each in names}
    for command in loaded.values():
        command.add_parser(subparsers)
    try:
        args = parse(parser, argv, subparsers.choices.get(name) if name else None)
    except SystemExit as leaving:  # --help and --version have printed what they had to say
        return leaving.code if isinstance(leaving.code, int) else 0
    args.given = argv
    if args.command is None:
        parser.print_help()
        return 0
    return int(loaded[args.command].execute(args))


if __name__ == "__main__":
    sys.exit(main())
