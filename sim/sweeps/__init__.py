"""Sweeps: many cells with many replicates each, planned, played, stored and resumed.

The way from a command line to a row of the table, one module a step:

1. `request.read_line`: a line of overrides to the sweep's settings and the keys it sets.
2. `planning.make_plan`: keys to a `plan.Plan`, every cell composed by `compositions`, crossed or
   drawn by `designs`, and validated before the first run.
3. `cells.CellSettings`: a plan and the number of a cell to the validated settings of its runs.
4. `play.Player`: the settings of a chunk of cells to rows, whose columns `columns` describes.
5. `store.Store`: rows to files that a kill cannot spoil, and all files to `runs.parquet`.

`execute.execute` walks steps 3 to 5, with the workers of `executors`; `play_line` walks all five,
and `run` is the model as one function of named parameters, for other packages to drive.
"""

import shlex
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.config.compose import compose_plain, mark_settings
from sim.config.settings import WHOLE_RULES, Settings, build_settings
from sim.config.with_hydra import unknown_key
from sim.errors import ConfigError, SimError
from sim.runs.opening import Cells, check_fault, open_batch, societies_of
from sim.runs.play import states_or_errors
from sim.sweeps import execute
from sim.sweeps.execute import Quiet
from sim.sweeps.overrides import Value, as_text
from sim.sweeps.plan import changed, has
from sim.sweeps.planning import make_plan


def play_line(
    line: str | Sequence[str],
    folder: str | Path | None = None,
    config_name: str = "config",
    config_dir: str | Path | None = None,
    zip: str | Sequence[str | Sequence[str]] = (),
    filter: str | Sequence[str] = (),
) -> Path:
    """Play the sweep of a line, which `sim.sweep` explains, and return its folder.

    Raises ConfigError with all problems of all cells, before the first run, and StoreError if
    results cannot be written.
    """
    filters = [filter] if isinstance(filter, str) else list(filter)
    request = make_plan(_words(line), config_name, config_dir, _zipped(zip), filters)
    return execute.execute_until(request, folder, Quiet()).store.folder


def _words(line: str | Sequence[str]) -> list[str]:
    if not isinstance(line, str):
        return list(line)
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ConfigError([f"line: {str(error).lower()}: {line}"]) from error


def _zipped(given: str | Sequence[str | Sequence[str]]) -> list[list[str]]:
    bundles = [given] if isinstance(given, str) else given
    return [
        [key.strip() for key in (keys.split(",") if isinstance(keys, str) else keys)]
        for keys in bundles
    ]


def run(
    *,
    seed: int,
    replicates: int = 1,
    config_name: str = "config",
    config_dir: str | Path | None = None,
    **parameters: Value | np.generic,
) -> dict[str, float]:
    """Play the model with some parameters and return its outcomes as numbers.

    Choices are composed once; further calls that differ in numbers only take some milliseconds.

    seed: seed; the same seed gives the same outcomes.
    replicates: runs to average over, at least 1; common random numbers link calls with the same
        seed.
    config_name, config_dir: as for a run of the command line.
    **parameters: overrides; a key of whole numbers such as ``horizon`` takes a whole float, too.
        Keys that are no Python names are given in a dictionary, ``run(seed=1,
        **{"strategy@armenia": "linear"})``, or written with ``__`` for a dot and ``__at__`` for @,
        as in ``strategy__at__armenia="linear"``.

    Returns mean of each outcome over the replicates, none of them NaN: flags as shares, ``signed``
    as the share of runs in which anything was signed, ``signed_full`` likewise. The mean of a week
    in which something happens, such as ``signed_week``, is restricted to the horizon: a run in
    which it never came counts with its ``horizon``. Other words are left out.
    Raises ConfigError if the parameters cannot be used, and SimError if a run failed.
    """
    count = _python_value("replicates", replicates)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ConfigError([f"replicates: must be a whole number, at least 1, got {replicates}"])
    keys = {k.replace("__at__", "@").replace("__", "."): v for k, v in parameters.items()}
    if "replicate" in keys:
        raise ConfigError(["replicate: set replicates=NUMBER"])
    values = {key: _python_value(key, value) for key, value in {"seed": seed, **keys}.items()}
    folder = None if config_dir is None else str(config_dir)
    return _means(_settings(values, config_name, folder), count)


def _python_value(key: str, value: Value | np.generic) -> Value:
    """Return a Python value; packages that draw points give floats for whole numbers, too."""
    plain: Value = value.item() if isinstance(value, np.generic) else value
    whole = key == "replicates" or key in WHOLE_RULES
    return int(plain) if whole and isinstance(plain, float) and plain.is_integer() else plain


def _settings(values: Mapping[str, Value], config_name: str, config_dir: str | None) -> Settings:
    """Return settings: numbers are set in a composition that calls with the same choices share."""
    numbers = {k: v for k, v in values.items() if isinstance(v, (int, float)) and k[:1] not in "+~"}
    if any("${" in str(value) for value in values.values()):
        numbers = {}  # values that refer to them are Hydra's to resolve
    chosen = [f"{key}={as_text(v)}" for key, v in values.items() if key not in numbers]
    base = _composed(tuple(sorted(chosen)), config_name, config_dir)
    problems = [unknown_key(key, base) for key in numbers if not has(base, key)]
    if problems:
        raise ConfigError(problems)
    settings = changed(base, numbers)
    mark_settings(settings, [f"{key}=" for key in numbers])
    return build_settings(settings)


@lru_cache(maxsize=64)
def _composed(
    overrides: tuple[str, ...], config_name: str, config_dir: str | None
) -> dict[str, object]:
    return compose_plain(overrides, config_name, config_dir)


def _means(settings: Settings, replicates: int) -> dict[str, float]:
    from sim.runs.outcomes import EVENT_WEEKS, Signature, codes_of, outcomes
    from sim.runs.summary import scenario_outcomes

    cells = Cells.of(range(1), [(settings, 1)])
    batch = open_batch(settings.seed, cells, societies_of(settings), range(replicates))
    state, raised = states_or_errors(batch, np.zeros(replicates, np.int64), np.arange(replicates))
    for message in raised.values():
        raise SimError(message)
    for final in state[state["fault"] != 0]:
        check_fault(settings, final)
    found = outcomes(cells.params[:, 0], state) | scenario_outcomes(settings.scenario, state)
    signed = found["signed"]
    means = {
        "signed": float(np.mean(signed != Signature.NONE)),
        "signed_full": float(np.mean(signed == Signature.FULL)),
    }
    for name, values in found.items():
        if codes_of(name) is None:
            numbers = values.astype(np.float64)
            if name in EVENT_WEEKS:
                numbers[numbers < 0] = settings.horizon
            means[name] = float(numbers.mean())
    broken = [name for name, value in means.items() if not np.isfinite(value)]
    if broken:
        raise SimError(f"outcome '{broken[0]}' is not a finite number")
    return means
