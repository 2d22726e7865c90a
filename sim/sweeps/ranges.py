"""Ranges of a line, checked before their values are made: ``range(0,1,0.1)``."""

import math

from hydra.core.override_parser.types import RangeSweep

from sim.errors import ConfigError

LONGEST_RANGE = 1_000_000
"""Most values that one key may take; a longer range is a slip."""


def check_range(override: str, found: RangeSweep) -> None:
    """Refuse a range that has no values, no end, or too many values.

    Parameters
    ----------
    override : str
        As it stands on the line.
    found : RangeSweep
        The same, read.

    Raises
    ------
    ConfigError
        With what is wrong.
    """
    start, stop, step = (float(x or 0.0) for x in (found.start, found.stop, found.step))
    if step == 0.0:
        raise ConfigError([f"{override}: the step of the range is 0"])
    if not all(math.isfinite(x) for x in (start, stop, step)):
        raise ConfigError([f"{override}: start, end and step of a range are finite numbers"])
    count = (stop - start) / step
    if count > LONGEST_RANGE:
        raise ConfigError([f"{override}: more than {LONGEST_RANGE:,} values"])
    if count <= 0:
        raise ConfigError(
            [f"{override}: the range is empty; from {start:g} to {stop:g}, the end not included"]
        )
