"""Sampled designs: points over intervals and over the ranges of a scenario's assumptions.

Latin hypercube (McKay, Beckman and Conover 1979), scrambled Sobol sequence (Owen 1998), and
Saltelli's design for first-order and total Sobol indices (Saltelli et al. 2010).
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from sim.errors import ConfigError, did_you_mean
from sim.scenario import Scenario
from sim.sweeps.overrides import Term
from sim.sweeps.paths import place
from sim.sweeps.refusals import whole_needed
from sim.sweeps.settings import SweepSettings
from sim.sweeps.variation import is_whole


@dataclass(frozen=True)
class Dimension:
    """One number that a sampled design varies.

    Attributes
    ----------
    key : str
        Dotted path in the configuration, e.g. ``scenario.discount_rate.armenia.value``.
    low, high : float
        Closed range.
    whole : bool
        Whether only whole numbers are allowed.
    """

    key: str
    low: float
    high: float
    whole: bool = False


def dimensions(
    terms: Sequence[Term], settings: SweepSettings, scenario: Scenario
) -> list[Dimension]:
    """Return what a sampled design varies; empty for a factorial one.

    Raises
    ------
    ConfigError
        If design and ranges do not go together.
    """
    intervals = [Dimension(t.key, *t.interval, t.whole) for t in terms if t.interval is not None]
    if settings.design == "factorial":
        problems = [
            f"{d.key}: an interval needs design=latin_hypercube, sobol or saltelli"
            for d in intervals
        ]
        if settings.assumptions:
            problems.append("assumptions: need design=latin_hypercube, sobol or saltelli")
        if settings.samples:
            problems.append("samples: need design=latin_hypercube, sobol or saltelli")
        if problems:
            raise ConfigError(problems)
        return []
    counts = {place(f"scenario.{path}.value") for path, _ in scenario.numbers() if is_whole(path)}
    wrong = [whole_needed(term) for term in terms if place(term.key) in counts]
    if any(wrong):
        raise ConfigError([line for line in wrong if line])
    if settings.samples < 1:
        raise ConfigError([f"samples: design={settings.design} needs their number"])
    if settings.design != "latin_hypercube" and settings.samples & (settings.samples - 1):
        below = 1 << (settings.samples.bit_length() - 1)
        raise ConfigError(
            [f"samples: {settings.design} needs a power of 2, such as {below} or {2 * below}"]
        )
    drawn = left_open(assumed(scenario, settings.assumptions), terms)
    if not intervals and not drawn:
        raise ConfigError([f"design={settings.design}: give intervals or assumptions to vary"])
    return [*intervals, *drawn]


def left_open(found: Sequence[Dimension], terms: Sequence[Term]) -> list[Dimension]:
    """Return the dimensions that the line does not set itself: what it says is not drawn."""
    said = {place(term.key) for term in terms}
    return [d for d in found if place(d.key) not in said]


def assumed(scenario: Scenario, patterns: Sequence[str]) -> list[Dimension]:
    """Return the ranges of those assumptions of a scenario that match a pattern.

    Raises
    ------
    ConfigError
        If a pattern matches none.
    """
    known = _ranges(scenario)
    problems = [
        f"assumptions: '{pattern}' matches no assumption with a range"
        + did_you_mean(pattern, known)
        for pattern in patterns
        if not any(fnmatchcase(path, pattern) for path in known)
    ]
    if problems:
        raise ConfigError(problems)
    return matching(scenario, patterns)


def matching(scenario: Scenario, patterns: Sequence[str]) -> list[Dimension]:
    """Return the ranges of those assumptions of a scenario that match a pattern, if any do."""
    return [
        Dimension(f"scenario.{path}.value", low, high, is_whole(path))
        for path, (low, high) in _ranges(scenario).items()
        if any(fnmatchcase(path, pattern) for pattern in patterns)
    ]


def _ranges(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Return the range of each assumption of a scenario that has one, by path."""
    return {
        path: (float(number.low), float(number.high))
        for path, number in scenario.numbers()
        if number.assumed and number.low is not None and number.high is not None
        if number.low < number.high
    }


def points(
    varied: Sequence[Dimension], settings: SweepSettings, seed: int
) -> NDArray[np.float64] | None:
    """Return the points of a sampled design, None for a factorial one.

    Parameters
    ----------
    varied : sequence of Dimension
        What is varied.
    settings : SweepSettings
        Design and number of samples.
    seed : int
        The sweep's seed; the design depends on nothing else that is random.

    Returns
    -------
    array of float, shape (points, dimensions), or None
    """
    if not varied:
        return None
    cube = np.stack(list(_cube(len(varied), settings, seed)))
    low = np.array([d.low for d in varied])
    high = np.array([d.high for d in varied])
    whole = np.array([d.whole for d in varied])
    stepped = np.minimum(np.ceil(low) + np.floor(cube * (np.floor(high) - np.ceil(low) + 1)), high)
    drawn: NDArray[np.float64] = np.where(whole, stepped, low + cube * (high - low))
    return drawn


def point_count(varied: Sequence[Dimension], settings: SweepSettings) -> int:
    """Return how many points a design has, 1 for a factorial one."""
    if not varied:
        return 1
    return settings.samples * (len(varied) + 2 if settings.design == "saltelli" else 1)


def _cube(size: int, settings: SweepSettings, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield the design's points in the unit cube."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    if settings.design == "latin_hypercube":
        yield from qmc.LatinHypercube(size, rng=rng).random(settings.samples)
    elif settings.design == "sobol":
        yield from qmc.Sobol(size, scramble=True, rng=rng).random(settings.samples)
    else:
        yield from _saltelli(size, settings.samples, seed)


def _saltelli(size: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Return Saltelli's design, `samples` x (`size` + 2) points in SALib's order."""
    try:
        from SALib.sample import sobol
    except ImportError as error:
        raise ConfigError(["design=saltelli: needs SALib, install the extra `report`"]) from error
    problem = {
        "num_vars": size,
        "names": [f"x{n}" for n in range(size)],
        "bounds": [[0.0, 1.0]] * size,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = sobol.sample(problem, samples, calc_second_order=False, seed=seed % 2**32)
    return np.asarray(drawn, np.float64)
