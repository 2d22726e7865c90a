"""From a YAML file, or a plain mapping, to a scenario."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from sim.errors import ConfigError
from sim.problems import problem_lines
from sim.scenario.model import Scenario
from sim.scenario.number import SETTING


def build_scenario(plain: Mapping[str, object], prefix: str = "") -> Scenario:
    """Validate a plain mapping.

    Parameters
    ----------
    plain : mapping
        As read from YAML.
    prefix : str
        Put before each path in messages, e.g. ``"scenario"``.

    Raises
    ------
    ConfigError
        With one line a problem.
    """
    try:
        return Scenario.model_validate(dict(plain))
    except ValidationError as error:
        raise ConfigError(problem_lines(error, Scenario, prefix)) from error
    except ConfigError as error:
        raise ConfigError(
            [f"{prefix}.{line}" if prefix else line for line in error.problems]
        ) from error


def load_scenario(path: str | Path) -> Scenario:
    """Read and validate one scenario file.

    A `defaults:` list at its top names scenarios it starts from, found beside it or among those
    that come with the package, so that a variant states only its differences.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Raises
    ------
    ConfigError
        With one line a problem; the file name stands first if it cannot be read at all.
    """
    from sim.compose import compose_file

    scenario = build_scenario(compose_file(Path(path)))
    problems = [
        f"{where}.basis: '{SETTING}' marks overrides of a run; a file needs a source"
        for where, number in scenario.numbers()
        if number.basis == SETTING
    ]
    if problems:
        raise ConfigError(problems)
    return scenario


def check_file(path: str | Path) -> list[str]:
    """Return what is wrong with a scenario file, one line a problem; empty if nothing is."""
    try:
        load_scenario(path)
    except ConfigError as error:
        return error.problems
    return []
