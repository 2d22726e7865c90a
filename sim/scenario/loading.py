"""From a YAML file to a scenario."""

from pathlib import Path

from sim.compose import compose_file
from sim.errors import ConfigError
from sim.scenario.building import build_scenario
from sim.scenario.model import Scenario
from sim.scenario.number import SETTING


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
