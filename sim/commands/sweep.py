"""`sim sweep`: many runs from one line."""

import argparse
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import (
    add_configuration_options,
    add_outcome,
    add_quiet,
    announce_compiling,
    note_idle_choices,
)
from sim.commands.report import LAST
from sim.errors import ConfigError

if TYPE_CHECKING:
    from sim.sweeps.execute import Outcome
    from sim.sweeps.planning import Request

INTERRUPTED, SOME_FAILED = 130, 3
NEXT = {"report": "statistics and figures", "view": "to watch single runs"}
"""Commands that go on from a folder of results, and what for."""

DESCRIPTION = """\
Plays every combination of the given values with many replicates, each replicate on the same
shocks in every cell, and stores one row a run. The same line goes on where it was cut off; with
more replicates it plays the additional ones only.

examples:
  sim sweep strategy@armenia=boulware,linear,conceder agenda=single_undertaking,interim_allowed
      six cells with 100 replicates each
  sim sweep 'preset=glob(*)' replicates=500
      every preset
  sim sweep 'armenia.strategy.beta=range(0.2,2.1,0.2)' strategy@armenia=linear
      a number over a range
  sim sweep experiment=concession_grid --dry-run
      a named sweep: what it would play, how long it would take
  sim sweep strategy@armenia=linear,firm strategy@azerbaijan=linear,firm --zip \\
      strategy@armenia,strategy@azerbaijan
      keys that advance together
  sim sweep 'strategy@armenia=glob(*)' 'strategy@azerbaijan=glob(*)' \\
      --filter 'strategy@armenia != strategy@azerbaijan'
      only the cells that meet a condition
  sim sweep design=latin_hypercube samples=256 'assumptions=["discount_rate.*","holdout_odds.*"]'
      points over the ranges of the scenario's assumptions
  sim sweep experiment=concession_grid executor=dask executor.address=tcp://node1:8786
      on a Dask cluster; executor=slurm for a job array
  sim sweep preset=none,washington until=0.02
      as many replicates as put every cell's share within 2 points of what is told
  sim sweep preset=none,washington --outcome ratified
      the tables about ratification instead of signature; `sim report` takes the same names

The sweep's own keys are replicates, until, design, samples, assumptions, trace (none, sample,
all), executor and experiment, each given once and with one value; all others are those of
`sim run`. What the line sets is never drawn; all combinations must state the same ranges for what
is. A sweep has 250,000 cells and 1,000,000,000 runs at most.

exit codes: 0 done, 2 the line or the folder cannot be used, 3 some runs failed, 130 interrupted
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "sweep", help="play many combinations with many replicates", description=DESCRIPTION
    )
    add_configuration_options(parser)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="folder of the results (default: one below results/ named after the plan)",
    )
    parser.add_argument("--name", help="name of that folder below results/")
    add_outcome(parser, "what the printed tables are about", "signatures")
    add_quiet(parser, "print the folder of the results alone")
    parser.add_argument(
        "--zip",
        metavar="KEY,KEY",
        action="append",
        default=[],
        help="keys that advance together instead of being crossed; may be given several times",
    )
    parser.add_argument(
        "--filter",
        metavar="CONDITION",
        action="append",
        default=[],
        help="KEY OP KEY_OR_VALUE that a cell must meet, of keys with listed values; several: all "
        "of them",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print cells, runs, expected time and size, and play only a few runs to measure",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where the same sweep was cut off; this is what happens anyway",
    )


def execute(args: argparse.Namespace) -> int:
    """Plan, play and summarise a sweep."""
    from sim.sweeps.planning import make_plan

    if args.name is not None:
        args.out = _named(args.name, args.out)
    zipped = [keys.split(",") for keys in args.zip]
    request = make_plan(args.overrides, args.config_name, args.config_dir, zipped, args.filter)

    from sim.runs.terminal import console
    from sim.sweeps import execute as sweeps
    from sim.sweeps.store import Store

    folder = sweeps.default_folder(request.plan) if args.out is None else args.out
    Store(folder).check(request.plan)
    if not args.quiet:
        note_idle_choices(request.plan.idle)
    if args.dry_run:
        announce_compiling("engine.play_many")
        sweeps.print_dry_run(request, Store(folder), console())
        return 0
    try:
        if not args.quiet:
            announce_compiling("engine.play_many")
        with sweeps.first_interrupt_only():
            reporter = sweeps.Quiet() if args.quiet else sweeps.reporter()
            done = sweeps.execute_until(request, folder, reporter, args.outcome)
    except KeyboardInterrupt:
        print(f"\nsim: interrupted; what was played is in {folder}", file=sys.stderr)
        print(f"sim: go on with: sim {shlex.join(args.given)}", file=sys.stderr)
        return INTERRUPTED
    if args.quiet:
        print(done.store.folder)
    else:
        _print_result(done, request, args.outcome)
    return SOME_FAILED if done.failed else 0


def _named(name: str, out: Path | None) -> Path:
    """Return the folder of a name; ConfigError if it is none, or --out is given as well."""
    if out is not None:
        raise ConfigError(["--name: --out names the folder already"])
    if not re.fullmatch(r"[\w.-]*\w", name) or name == LAST:
        raise ConfigError([f"--name: '{name}' is no name; letters, digits, _, - and dots"])
    return Path("results", name)


def _print_result(done: "Outcome", request: "Request", outcome: str) -> None:
    """Print what came of all replicates that the folder holds, and where it is."""
    from sim.runs.terminal import console, counted, duration
    from sim.sweeps.summary import print_summary

    plan, out = done.plan, console()
    print_summary(done.store.runs_file, plan, out, outcome)
    if done.failed:
        _print_failures(done)
    runs = f"{counted(plan.cells, 'cell')}, {counted(plan.runs, 'run')}"
    now = "all stored"
    if done.played:
        rate = done.played / done.seconds
        now = f"{done.played:,} played now in {duration(done.seconds)}, {rate:,.0f} a second"
    out.print(f"{runs}; {now}", soft_wrap=True)
    if request.settings.until:
        out.print(f"until={request.settings.until:g}: {plan.replicates:,} replicates of each cell")
    elif plan.replicates > request.plan.replicates:
        held = counted(plan.replicates, "replicate")
        out.print(f"the folder holds {held}, all of them are counted here", soft_wrap=True)
    out.print(f"results: {done.store.runs_file}", soft_wrap=True, markup=False)
    for command, what in NEXT.items():
        about = ["--outcome", outcome] if outcome else []
        line = shlex.join(["sim", command, str(done.store.folder), *about])
        out.print(f"{what}: {line}", soft_wrap=True, markup=False)


def _print_failures(done: "Outcome") -> None:
    import polars as pl

    from sim.runs.terminal import counted
    from sim.sweeps.summary import cell_label

    found = (
        pl.scan_parquet(done.store.runs_file, glob=False)
        .filter(pl.col("error").is_not_null())
        .group_by("error")
        .agg(pl.len().alias("runs"), pl.col("cell").n_unique().alias("cells"), pl.col("cell").min())
        .sort("runs", descending=True)
        .head(10)
        .collect()
    )
    for row in found.iter_rows(named=True):
        runs, cells = counted(row["runs"], "run"), counted(row["cells"], "cell")
        where = f"in {cells}, first {row['cell']}"
        values = cell_label(done.plan.values(row["cell"]))
        print(f"sim: {runs} failed {where} ({values}): {row['error']}", file=sys.stderr)
