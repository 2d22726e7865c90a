"""Sweeps from Python: a line of overrides in, the table of runs out."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sim.errors import ConfigError
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.planning import make_plan


def sweep(
    line: str | Sequence[str],
    *,
    folder: str | Path | None = None,
    config_name: str = "config",
    config_dir: str | Path | None = None,
    zip: str | Sequence[str | Sequence[str]] = (),
    filter: str | Sequence[str] = (),
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
    zip : str or sequence
        Keys that advance together instead of being crossed: ``"KEY,KEY"``, or several such
        texts or lists of keys.
    filter : str or sequence of str
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
    filters = [filter] if isinstance(filter, str) else list(filter)
    request = make_plan(_words(line), config_name, config_dir, _zipped(zip), filters)
    done = execute(request, folder, Quiet())
    table = pl.read_parquet(done.store.runs_file, glob=False)
    if request.plan.replicates < done.plan.replicates:
        table = table.filter(pl.col("replicate") < request.plan.replicates)
    return table


def _words(line: str | Sequence[str]) -> list[str]:
    """Return a line as overrides.

    Raises
    ------
    ConfigError
        If a quotation mark is left open.
    """
    if not isinstance(line, str):
        return list(line)
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ConfigError([f"line: {str(error).lower()}: {line}"]) from error


def _zipped(given: str | Sequence[str | Sequence[str]]) -> list[list[str]]:
    """Return the keys that advance together, each text split at its commas."""
    bundles = [given] if isinstance(given, str) else given
    return [
        [key.strip() for key in (keys.split(",") if isinstance(keys, str) else keys)]
        for keys in bundles
    ]
