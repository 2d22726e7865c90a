"""`sim view`: watch a run in the browser, or the runs of a sweep."""

import argparse
import gc
import importlib.util
import threading
import webbrowser
from pathlib import Path

from sim.commands import add_configuration_options, add_outcome, announce_compiling
from sim.commands.report import LAST, RESULTS, last_sweep
from sim.errors import ConfigError, SimError

DESCRIPTION = """\
Opens a page on which a run of the Mesa model is watched week by week: the text, the demands
outside it, both parties, the channels, the public, every move with its reason. With a folder of
results it lists a sweep's cells and replays any of their runs. Ctrl-C ends it.

examples:
  sim view
      the default talks
  sim view preset=opposition seed=7
      what `sim run` with the same words plays
  sim view results/sweep-3f9c2a71b0
      the runs of a sweep, by its folder or its name in results/; `last` is the newest there
  sim view last --outcome ratified
      its cells with the share of runs that were ratified, sorted by it if you like
  sim view --config-dir mine 'plugins=[my_strategies.py]'
      with strategies of your own
  sim view --port 9000 --no-browser
      on another port, for a browser that you open yourself

The page is served to this machine only unless --host says otherwise, and asks nothing of any
other.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "view", help="watch a run, or a sweep's runs, in the browser", description=DESCRIPTION
    )
    add_configuration_options(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to serve on (default: 127.0.0.1, this machine only)",
    )
    parser.add_argument(
        "--port", type=int, help="port to serve on (default: 8765, or the next free one)"
    )
    add_outcome(parser, "what the list of a sweep's cells is about", "signed")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")


def execute(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C; SimError if the page is not installed."""
    if not all(map(importlib.util.find_spec, ("solara", "ipyvuetify"))):
        problem = "view: the page is not installed; pip install 'peace-talks-sim[view]'"
        raise SimError(problem, exit_code=2)
    # Collecting garbage while a quarter of a million lasting objects are imported is wasted time;
    # the server turns it on again.
    gc.disable()
    try:
        start_up(args)
    except KeyboardInterrupt:
        return 130
    finally:
        gc.enable()
    return 0


def start_up(args: argparse.Namespace) -> None:
    """Check what the page starts from, and serve it."""
    from sim.view.choices import Start, announce, settings_of
    from sim.view.server import address_of, can_show_browser, open_socket, serve

    folder, overrides = parted(args.overrides)
    if args.outcome and folder is None:
        raise ConfigError(["--outcome: is about a sweep's cells; name a folder of results"])
    outcome = args.outcome or "signed"
    start = Start(tuple(overrides), args.config_name, args.config_dir, folder, outcome)
    settings_of(start, start.choices)
    announce(start)
    if folder is not None:
        from sim.view.stored import sweep_of

        sweep_of(start)
    announce_compiling()
    with open_socket(args.host, args.port) as bound:
        address = address_of(bound)
        print(f"Watch the talks at {address} (Ctrl-C ends it)", flush=True)
        if not args.no_browser and can_show_browser():
            open_browser(address)
        serve(bound)


def parted(words: list[str]) -> tuple[str | None, list[str]]:
    """Return the folder of results, if one is named, and the overrides."""
    folders = [word for word in words if "=" not in word and not word.startswith(("~", "+"))]
    if len(folders) > 1:
        raise ConfigError([f"view: one folder of results, not {len(folders)}: {' '.join(folders)}"])
    folder = folders[0] if folders else None
    if folder == LAST:
        folder = str(last_sweep())
    elif folder is not None and not Path(folder).is_dir() and (RESULTS / folder).is_dir():
        folder = str(RESULTS / folder)
    if folder is not None and not Path(folder).is_dir():
        raise ConfigError([f"{folder}: is no folder of results, and no KEY=VALUE"])
    return folder, [word for word in words if word not in folders]


def open_browser(address: str) -> None:
    """Open the page in the user's browser, beside the server's start."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
