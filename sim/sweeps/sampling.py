"""What no sweep may vary, and slips in the keys and choices of its line."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.config.settings import WHOLE_RULES, Rules
from sim.errors import ConfigError, did_you_mean
from sim.sweeps.cells import CellSettings, Scenarios, is_whole, scenario_key, told
from sim.sweeps.overrides import Option, Term
from sim.sweeps.paths import place
from sim.sweeps.plan import Combination, Plan
from sim.sweeps.request import SweepSettings

RESERVED = {"seed": "set one seed for the sweep", "replicate": "set replicates=NUMBER"}
"""Keys that must not be swept, and what to do instead."""
SEVERAL_FILES = "preset"
"""The group of which one run may take several files, one over the other."""


def refuse(terms: Sequence[Term]) -> None:
    """Refuse what no sweep may vary, choices that do not exist, and slips of the sweep's keys.

    Raises
    ------
    ConfigError
        With one line a problem.
    """
    problems = [
        f"{term.key}: is not swept, {RESERVED[term.key]}"
        for term in terms
        if term.key in RESERVED and (term.swept or term.key == "replicate")
    ]
    for term in terms:
        if term.key.startswith("hydra"):
            problems.append(f"{term.key}: Hydra's own settings have no effect here")
        elif term.group:
            problems += unknown_choices(term)
        else:
            near = did_you_mean(term.key, SweepSettings.model_fields)
            if "did you mean" in near and term.key not in Rules.model_fields:
                problems.append(f"{term.key}: unknown key '{term.key}'{near}")
        if term.key in WHOLE_RULES and whole_needed(term):
            problems.append(whole_needed(term))
    if problems:
        raise ConfigError(problems)


def whole_needed(term: Term) -> str:
    """Return the problem of a key of whole numbers that is drawn from all; empty if it is not."""
    if term.interval is None or term.whole:
        return ""
    low, high = term.interval
    return f"{term.key}: must be a whole number, write int(interval({low:g},{high:g}))"


def unknown_choices(term: Term) -> list[str]:
    """Return one line for each value of a group that is none of its files."""
    if not term.group or term.prefix == "~":
        return []
    found = []
    for option in term.options:
        if isinstance(option.value, list):
            found += _list_of_choices(term, option)
        elif isinstance(option.value, str) and option.text not in term.choices:
            near = did_you_mean(option.text, term.choices)
            found.append(f"{term.key}: no choice '{option.text}'{near}")
    return found


def _list_of_choices(term: Term, option: Option) -> list[str]:
    names = [str(name) for name in option.value] if isinstance(option.value, list) else []
    if term.key == SEVERAL_FILES and all(name in term.choices for name in names):
        return []
    return [f"{term.key}: a group takes names, written {','.join(names)}"]


# ---- Sampled designs: points over intervals and over the ranges of a scenario's assumptions.


@dataclass(frozen=True)
class Dimension:
    """One number that a sampled design varies."""

    key: str  # dotted path in the configuration, e.g. ``scenario.discount_rate.armenia.value``
    # low, high: closed range
    low: float
    high: float
    whole: bool = False  # whether only whole numbers are allowed


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


# ---- Checks of a sampled design: all combinations state what is drawn, and every cell is valid.

MOST_NAMED = 3
"""Most assumptions that one line names."""

Ranges: TypeAlias = Mapping[str, Dimension]
"""The assumptions that a design draws, by key."""


def check_ranges(
    combinations: Sequence[Combination],
    scenarios: Scenarios,
    terms: Sequence[Term],
    patterns: Sequence[str],
) -> None:
    """Refuse combinations that do not state the same ranges for the assumptions that are drawn.

    Parameters
    ----------
    combinations : sequence of Combination
    scenarios : Scenarios
        Their settings.
    terms : sequence of Term
        All keys of the line; what they set is not drawn.
    patterns : sequence of str
        Which assumptions are drawn.

    Raises
    ------
    ConfigError
        With a line for each set of combinations that differ in the same way.
    """
    by_scenario: dict[str, Ranges] = {}
    each: list[Ranges] = []
    for combination in combinations if patterns else ():
        key = scenario_key(combination)
        if key not in by_scenario:
            scenario = scenarios.settings(combination).scenario
            by_scenario[key] = {d.key: d for d in left_open(matching(scenario, patterns), terms)}
        each.append(by_scenario[key])
    if len(by_scenario) < 2:
        return
    known: dict[str, Dimension] = {}
    for ranges in by_scenario.values():
        known = {**ranges, **known}
    problems = [(line, n) for n, ranges in enumerate(each) for line in _differences(known, ranges)]
    if problems:
        values = lambda n: combinations[n].values  # noqa: E731 - said in one word
        raise ConfigError(told(problems, len(each), values, "combination"))


def _differences(known: Ranges, ranges: Ranges) -> list[str]:
    lacking = [_path(key) for key in known if key not in ranges]
    found = []
    if lacking:
        found.append(f"assumptions: no range for {_named(lacking)}, which others draw")
    other = [d for d in ranges.values() if d != known[d.key]]
    if len(other) > MOST_NAMED:
        found.append(f"assumptions: other ranges for {_named([_path(d.key) for d in other])}")
    else:
        found += [
            f"assumptions: {_path(d.key)} ranges from {d.low:g} to {d.high:g}, "
            f"and in others from {known[d.key].low:g} to {known[d.key].high:g}"
            for d in other
        ]
    return found


def _path(key: str) -> str:
    return key.removeprefix("scenario.").removesuffix(".value")


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(paths[:MOST_NAMED]) + more


def validate_points(plan: Plan) -> None:
    """Validate every cell of a sampled design.

    Raises
    ------
    ConfigError
        With every problem and the cells that have it.
    """
    settings = CellSettings(plan)
    problems: list[tuple[str, int]] = []
    of_scenario = all(key.startswith("scenario.") for key in plan.point_keys)
    checked: dict[str, list[str]] = {}
    for cell in range(plan.cells):
        combination, point = plan.parts(cell)
        # Combinations with the same scenario have the same problems at the same point.
        drawn_from = f"{scenario_key(combination)} {point}" if of_scenario else f"{cell}"
        if drawn_from not in checked:
            checked[drawn_from] = _problems_of(settings, cell)
        problems += [(line, cell) for line in checked[drawn_from]]
    if problems:
        raise ConfigError(told(problems, plan.cells, plan.values))


def _problems_of(settings: CellSettings, cell: int) -> list[str]:
    try:
        settings(cell)
    except ConfigError as error:
        return error.problems
    return []
