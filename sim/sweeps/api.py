"""Sweeps from Python: a line of overrides in, the table of runs out."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sim.sweeps.execute import Quiet, execute
from sim.sweeps.planning import make_plan


def sweep(
    line: str | Sequence[str],
    *,
    folder: str | Path | None = None,
    config_name: str = "config",
    config_dir: str | Path | None = None,
    zip: Sequence[Sequence[str]] = (),
    filter: Sequence[str] = (),
) -> pl.DataFrame:
    """Play a sweep and return its table of runs.

    Runs that are stored already are not played again.

    Parameters
    ----------
    line : str or sequence of str
        Overrides as on the command line, e.g.
        ``"strategy@armenia=boulware,linear agenda=glob(*) replicates=200"``; a string is split
        as a shell would.
    folder : str or Path, optional
        Where results are kept; by default one below ``results`` that is named after the plan.
    config_name, config_dir : str, str or Path
        As for a single run.
    zip : sequence of sequence of str
        Keys that advance together instead of being crossed.
    filter : sequence of str
        Conditions that a cell must meet, e.g. ``"strategy@armenia != strategy@azerbaijan"``.

    Returns
    -------
    polars.DataFrame
        One row a run, sorted by cell and replicate; columns as in `sim.sweeps.columns`. Failed
        runs have the `run_status` failed and no outcomes.

    Raises
    ------
    ConfigError
        With all problems of all cells, before the first run.
    StoreError
        If results cannot be written.
    """
    overrides = shlex.split(line) if isinstance(line, str) else list(line)
    request = make_plan(overrides, config_name, config_dir, zip, filter)
    done = execute(request, folder, Quiet())
    table = pl.read_parquet(done.store.runs_file)
    if request.plan.replicates < done.plan.replicates:
        table = table.filter(pl.col("replicate") < request.plan.replicates)
    return table
