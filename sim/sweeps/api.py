"""Sweeps from Python: `sweep` for tables, `run` for packages that drive a model themselves."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from sim.errors import ConfigError, SimError
from sim.sweeps.chunks import Chunk
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.overrides import Value, as_option
from sim.sweeps.plan import Plan
from sim.sweeps.planning import make_plan
from sim.sweeps.play import Player


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
        ``"strategy@armenia=boulware,linear agenda=glob(*) replicates=200"``.
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
    overrides = line.split() if isinstance(line, str) else list(line)
    request = make_plan(overrides, config_name, config_dir, zip, filter)
    done = execute(request, folder, Quiet())
    table = pl.read_parquet(done.store.runs_file)
    if request.plan.replicates < done.plan.replicates:
        table = table.filter(pl.col("replicate") < request.plan.replicates)
    return table


def run(*, seed: int, replicates: int = 1, **parameters: Value) -> dict[str, float]:
    """Play the model with some parameters and return its outcomes as numbers.

    Parameters
    ----------
    seed : int
        Seed; the same seed gives the same outcomes.
    replicates : int
        Runs to average over; common random numbers link calls with the same seed.
    **parameters
        Overrides. Keys that are no Python names are given in a dictionary,
        ``run(seed=1, **{"strategy@armenia": "linear"})``, or written with ``__`` for a dot and
        ``__at__`` for @, as in ``strategy__at__armenia="linear"``.

    Returns
    -------
    dict of str to float
        Mean of each outcome over the replicates, none of them NaN: flags as shares, ``signed``
        as the share of runs in which anything was signed, ``signed_full`` likewise, weeks as
        they are in the table (-1 for what did not happen).

    Raises
    ------
    ConfigError
        If the parameters cannot be used.
    SimError
        If a run failed.
    """
    keys = {k.replace("__at__", "@").replace("__", "."): v for k, v in parameters.items()}
    line = [f"{key}={as_option(value).text}" for key, value in keys.items()]
    player = _player((*sorted(line), f"seed={seed}"))
    table = player.play(Chunk(0, 1, 0, replicates)).runs
    errors = table["error"].drop_nulls()
    if len(errors):
        raise SimError(str(errors[0]))
    return _means(table, player.plan)


@lru_cache(maxsize=256)
def _player(line: tuple[str, ...]) -> Player:
    """Return what plays one configuration."""
    plan = make_plan([*line, "replicates=1"]).plan
    if plan.cells > 1:
        raise ConfigError(["run: each parameter takes one value; for several use sweep"])
    return Player(plan)


def _means(table: pl.DataFrame, plan: Plan) -> dict[str, float]:
    """Return the mean of every outcome that is a number or a flag."""
    signed = table["signed"].cast(pl.String).to_numpy()
    found = {
        "signed": float(np.mean(signed != "none")),
        "signed_full": float(np.mean(signed == "full")),
    }
    known = {"cell", "replicate", "seed", "point", *plan.swept}
    for name, kind in table.schema.items():
        if name not in known and (kind.is_numeric() or kind == pl.Boolean):
            found[name] = float(np.mean(table[name].to_numpy()))
    return found
