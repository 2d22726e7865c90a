"""The command line: `sim COMMAND ...`. Commands stand in `sim/commands`, one file each."""

import argparse
import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sim import __version__
from sim.commands import COMMANDS, Parser, parse
from sim.errors import ConfigError, PlainRulesError, SimError, collapsed, did_you_mean

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it: 128 + SIGINT."""
LEAST_ADDRESSES = {"sweep": 2_000_000_000}
"""Bytes of addresses, most of them never used, below which a command ends in the middle."""
MOST_SHOWN = 120
"""Most characters of another library's error."""
PIPE_CLOSED = 141
"""Exit code when whoever reads the output has gone: 128 + SIGPIPE."""

DESCRIPTION = """\
Negotiations simulated week by week: under which concession strategies and rules of the talks a
peace treaty gets signed, and if not, what stood in the way.

  sim run                                     the default talks, told week by week
  sim run strategy@armenia=conceder seed=7    another strategy, another course of chance
  sim play --seat armenia                     decide for a party yourself
  sim list                                    what there is to choose from
  sim scenario show                           the scenario as tables, with sources
"""
PACKAGES = (
    *("numpy", "numba", "mesa", "hydra-core", "pydantic", "polars", "scipy", "rich"),
    *("altair", "solara", "SALib", "openpyxl", "dask", "submitit"),
)
"""Whose versions `sim --version` prints."""
PLAYING = ("run", "play", "sweep", "view", "report")
"""Commands that play whole runs or none, and so need no rule by itself."""
SINGLE = ("run", "play")
"""Commands that play one run, which most often is sooner done than compiled rules are loaded."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line, that of the process by default, and return its exit code.

    That is 0 done; 1 the run failed; 2 the input cannot be used; 130 interrupted; others as the
    command says.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # before any rule is imported, also in workers
        if given[:1] and given[0] in PLAYING:
            os.environ.setdefault("SIM_LEAN_RULES", "1")
        if given[:1] and given[0] in SINGLE:
            os.environ.setdefault("SIM_PLAIN_RULES", "if_short")
    _make_streams_printable()
    if given[:1] == ["complete"]:
        return _complete(given[1:])
    try:
        code = _execute(given)
        sys.stdout.flush()
    except PlainRulesError:  # nothing has been printed yet; it starts again as it was started
        os.environ["SIM_PLAIN_RULES"] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    except SimError as error:
        for line in collapsed(str(error).splitlines()):
            print(f"sim: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("sim: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except BaseException as error:
        line = _limit_met(error)
        if not line:
            raise
        print(f"sim: {line}", file=sys.stderr)
        return 1
    return code


def _complete(words: list[str]) -> int:
    """Print what the last of some words may go on to; what goes wrong is no help and not told."""
    from sim.commands.listing import complete

    try:
        for found in complete(words[1:] if words[:1] == ["--"] else words, tuple(COMMANDS)):
            print(found)
    except (SimError, OSError, ValueError):
        return 1
    return 0


class Version(argparse.Action):
    """Prints the versions of this package, Python and the packages that runs rest on."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_rest: object) -> None:
        """Print them and leave."""
        import platform
        from importlib.metadata import PackageNotFoundError, version

        print(f"sim {__version__}")
        print(f"python {platform.python_version()}")
        for name in PACKAGES:
            try:
                print(f"{name} {version(name)}")
            except PackageNotFoundError:
                print(f"{name} is not installed")
        parser.exit()


def _limit_met(error: BaseException) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC and getattr(error, "filename", None) is None:
        _drop_output()
        return "the output cannot be written, the disk is full"
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return "out of memory; free some, or ask for fewer runs at a time"
    return "" if isinstance(error, SystemExit) else _addresses_met(error)


def _allowed() -> float:
    try:
        import resource
    except ImportError:  # there are none elsewhere
        return float("inf")
    found = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if found == resource.RLIM_INFINITY else found


def _check_addresses(command: str) -> None:
    """Refuse a command that could only end in the middle, by an abort that nothing can catch.

    Raises SimError.
    """
    allowed, least = _allowed(), LEAST_ADDRESSES.get(command, 0)
    if allowed < least:
        needed = f"a {command} takes {least / 1e6:,.0f} MB of addresses"
        raise SimError(f"out of memory, ulimit -v allows {allowed / 1e6:,.0f} MB; {needed}")


def _addresses_met(error: BaseException) -> str:
    """Return the line for an error of a process that is close to its limit, else nothing.

    Libraries that get no memory fail in many ways: threads do not start, machine code is not
    loaded. So any error close to the limit is taken for that, and is named.
    """
    allowed = _allowed()
    if allowed == float("inf") or _peak() < allowed / 2:
        return ""
    last = (str(error).strip().splitlines() or [""])[-1][:MOST_SHOWN]
    what = f"{type(error).__name__}: {last}"
    return f"out of memory, ulimit -v allows {allowed / 1e6:,.0f} MB; {what}"


def _peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmPeak")), 0)


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
    parser.add_argument("--version", action=Version, help="print the versions in use")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    # Only the command that is called is imported; for `sim --help` all are.
    names = [COMMANDS[name]] if name else dict.fromkeys(COMMANDS.values())
    loaded = {each: importlib.import_module(f"sim.commands.{each}") for each in names}
    for module in loaded.values():
        module.add_parser(subparsers)
    try:
        args = parse(parser, argv, subparsers.choices.get(name) if name else None)
    except SystemExit as leaving:  # --help and --version have printed what they had to say
        return leaving.code if isinstance(leaving.code, int) else 0
    args.given = argv
    if args.command is None:
        parser.print_help()
        return 0
    _check_addresses(args.command)
    return int(loaded[COMMANDS[args.command]].execute(args))


if __name__ == "__main__":
    sys.exit(main())
