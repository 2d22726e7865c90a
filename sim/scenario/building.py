"""From a plain mapping to a scenario."""

from collections.abc import Mapping

from pydantic import ValidationError

from sim.errors import ConfigError
from sim.problems import problem_lines
from sim.scenario.model import Scenario


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
