"""Which cells a sweep has: combinations of listed values, and points that are drawn.

`combinations` crosses the listed values of a line's keys, lets zipped ones advance together and
keeps those that meet every condition. `dimensions` and `points` draw a sampled design over
intervals of the line and the ranges of a scenario's assumptions; each combination meets each point.
"""

import itertools
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from sim.config.number import pattern_of
from sim.config.scenario import Scenario
from sim.errors import ConfigError, did_you_mean
from sim.sweeps.cells import is_whole
from sim.sweeps.overrides import Choices, Term, whole_needed
from sim.sweeps.plan import place
from sim.sweeps.request import Line, SweepSettings

MOST_CELLS = 250_000
"""Most cells of a sweep; each is held in memory and written into the plan."""
MOST_RUNS = 1_000_000_000
"""Most runs of a sweep, some hundred gigabytes of results."""
ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
"""Comparisons of a condition."""


def check_size(cells: int, replicates: int = 1) -> None:
    """Raise ConfigError if there are too many cells or runs for a sweep."""
    if cells > MOST_CELLS:
        raise ConfigError([f"sweep: {cells:,} cells, a sweep has {MOST_CELLS:,} at most"])
    runs = cells * replicates
    if runs > MOST_RUNS:
        size = f"{cells:,} cells x {replicates:,} replicates = {runs:,} runs"
        raise ConfigError([f"sweep: {size}, a sweep has {MOST_RUNS:,} at most"])


@dataclass(frozen=True)
class Condition:
    """A condition on a cell, such as ``strategy@armenia != strategy@azerbaijan``."""

    text: str
    parts: tuple[tuple[str, str, str], ...]  # comparisons, of which one must hold

    @classmethod
    def read(cls, text: str, terms: Sequence[Term], assumptions: Sequence[str] = ()) -> "Condition":
        """Read ``KEY OP KEY_OR_VALUE [or ..]``, of keys that the line sets and does not draw."""
        parts = []
        for piece in re.split(r"\s+or\s+", text.strip()):
            found = re.fullmatch(r"(\S+?)\s*(==|!=|<=|>=|<|>)\s*(\S+)", piece)
            if not found:
                problem = "write KEY OP KEY_OR_VALUE, with OP ==, !=, <, <=, > or >="
            else:
                left, sign, right = found.groups()
                parts.append((left, sign, right))
                problem = _comparison_problem(left, right, terms, assumptions)
            if problem:
                raise ConfigError([f"filter {text!r}: {problem}"])
        return cls(text, tuple(parts))

    def holds(self, choices: Choices) -> bool:
        """Return whether one of the comparisons holds."""
        return any(self._compare(choices, *part) for part in self.parts)

    def _compare(self, choices: Choices, left: str, sign: str, right: str) -> bool:
        one = choices[left].text
        other = choices[right].text if right in choices else right
        first, second = _number(one), _number(other)
        if first is not None and second is not None:
            return ORDER[sign](first, second)
        if sign in ("==", "!="):
            return (one == other) == (sign == "==")
        raise ConfigError([f"filter {self.text!r}: '{one}' and '{other}' have no order"])


def _comparison_problem(
    left: str, right: str, terms: Sequence[Term], assumptions: Sequence[str]
) -> str:
    listed = {term.key: term for term in terms if term.interval is None}
    intervals = {term.key for term in terms} - set(listed)
    patterns = [f"scenario.{pattern}.value" for pattern in assumptions]
    for side in (left, right):
        assumed = side not in listed and any(fnmatchcase(side, p) for p in patterns)
        if side in intervals or assumed:
            return f"'{side}' is drawn and cannot be used here"
    if left not in listed:
        return f"the line does not set '{left}'" + did_you_mean(left, listed)
    choices = listed[left].choices
    if choices and right not in listed and right not in choices:
        return f"no choice '{right}'" + did_you_mean(right, choices)
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def combinations(
    terms: Sequence[Term],
    zipped: Sequence[Sequence[str]] = (),
    filters: Sequence[str] = (),
    assumptions: Sequence[str] = (),
) -> list[Choices]:
    """Return the combinations of values, the last key on the line varying fastest.

    Keys that are `zipped` advance together instead of being crossed; all `filters`, see
    `Condition`, must hold; `assumptions` are patterns of what is drawn. Raises ConfigError if one
    cannot be used, or no combination is left.
    """
    bundles = _bundles(terms, zipped)
    check_size(math.prod(len(bundle) for bundle in bundles))
    conditions = [Condition.read(text, terms, assumptions) for text in filters]
    found: list[Choices] = []
    for parts in itertools.product(*bundles):
        choices = {key: option for part in parts for key, option in part.items()}
        ordered = {term.key: choices[term.key] for term in terms}
        if all(condition.holds(ordered) for condition in conditions):
            found.append(ordered)
    if not found:
        raise ConfigError(["filter: no cell is left"])
    return found


def _bundles(terms: Sequence[Term], zipped: Sequence[Sequence[str]]) -> list[list[Choices]]:
    """Return what is crossed: the values of each key, or of the keys that advance together."""
    problems = _zip_problems(terms, zipped)
    if problems:
        raise ConfigError(problems)
    options = {term.key: term.listed for term in terms}
    together = {key: tuple(keys) for keys in zipped for key in keys}
    groups = dict.fromkeys(together.get(term.key, (term.key,)) for term in terms)
    found: list[list[Choices]] = []
    for keys in groups:
        rows = zip(*(options[key] for key in keys), strict=True)
        found.append([dict(zip(keys, row, strict=True)) for row in rows])
    return found


def _zip_problems(terms: Sequence[Term], zipped: Sequence[Sequence[str]]) -> list[str]:
    swept = {term.key: term for term in terms if term.swept}
    listed = {key: len(term.options) for key, term in swept.items() if not term.interval}
    before: set[str] = set()
    problems = []
    for keys in zipped:
        found = [] if len(keys) > 1 else ["name two keys or more that advance together"]
        for key in keys:
            if key in before:
                found.append(f"'{key}' is zipped twice")
            elif key in listed:
                before.add(key)
            elif key in swept:
                found.append(f"'{key}' is drawn, only listed values can be zipped")
            else:
                found.append(f"'{key}' is not swept" + did_you_mean(key, listed))
        if len({listed[key] for key in keys if key in listed}) > 1:
            counts = ", ".join(f"{key} has {listed[key]}" for key in keys if key in listed)
            found.append(f"needs as many values of each key, {counts}")
        problems += [f"zip {','.join(keys)}: {problem}" for problem in found]
    return problems


@dataclass(frozen=True)
class Dimension:
    """One number that a sampled design varies."""

    key: str  # dotted path in the configuration, e.g. ``scenario.discount_rate.armenia.value``
    low: float  # the range is closed
    high: float
    whole: bool = False  # whether only whole numbers are allowed


def dimensions(line: Line, scenario: Scenario) -> list[Dimension]:
    """Return what a design samples; ConfigError if design and ranges do not go together."""
    intervals = [Dimension(t.key, *t.interval, t.whole) for t in line.terms if t.interval]
    problems = _design_problems(line, intervals, scenario)
    if problems:
        raise ConfigError(problems)
    if line.settings.design == "factorial":
        return []
    drawn = drawn_assumptions(line, scenario)
    if not intervals and not drawn:
        raise ConfigError([f"design={line.settings.design}: give intervals or assumptions to vary"])
    return [*intervals, *drawn]


def _design_problems(line: Line, intervals: Sequence[Dimension], scenario: Scenario) -> list[str]:
    settings = line.settings
    if settings.design == "factorial":
        sampled = "design=latin_hypercube, sobol or saltelli"
        needing = [f"{d.key}: an interval needs" for d in intervals]
        needing += ["assumptions: need"] if settings.assumptions else []
        needing += ["samples: need"] if settings.samples else []
        return [f"{needs} {sampled}" for needs in needing]
    counts = {place(f"scenario.{path}.value") for path, _ in scenario.numbers() if is_whole(path)}
    wrong = [p for t in line.terms if place(t.key) in counts for p in whole_needed(t)]
    return wrong or _samples_problem(settings) or _pattern_problems(scenario, settings.assumptions)


def _samples_problem(settings: SweepSettings) -> list[str]:
    samples, design = settings.samples, settings.design
    if settings.until:
        return [f"until: is for listed values; design={design} is as exact as its points are many"]
    if samples < 1:
        return [f"samples: design={design} needs their number"]
    if design != "latin_hypercube" and samples & (samples - 1):
        below = 1 << (samples.bit_length() - 1)
        return [f"samples: {design} needs a power of 2, such as {below} or {2 * below}"]
    return []


def _pattern_problems(scenario: Scenario, patterns: Sequence[str]) -> list[str]:
    known = [pattern_of(path) for path in _ranges(scenario)]
    unmatched = [p for p in patterns if not any(fnmatchcase(path, p) for path in known)]
    problem = "matches no assumption with a range"
    return [f"assumptions: '{p}' {problem}{did_you_mean(p, known)}" for p in unmatched]


def drawn_assumptions(line: Line, scenario: Scenario) -> list[Dimension]:
    """Return the ranges of the assumptions that match a pattern and that the line does not set."""
    fixed = {place(term.key) for term in line.terms}
    found = [
        Dimension(f"scenario.{path}.value", low, high, is_whole(path))
        for path, (low, high) in _ranges(scenario).items()
        if any(fnmatchcase(pattern_of(path), pattern) for pattern in line.settings.assumptions)
    ]
    return [d for d in found if place(d.key) not in fixed]


def _ranges(scenario: Scenario) -> dict[str, tuple[float, float]]:
    return {
        path: (float(number.low), float(number.high))
        for path, number in scenario.numbers()
        if number.assumed and number.low is not None and number.high is not None
        if number.low < number.high
    }


def points(varied: Sequence[Dimension], settings: SweepSettings, seed: int) -> NDArray[np.float64]:
    """Return the points of a sampled design, which depend on the sweep's seed alone."""
    cube = _cube(len(varied), settings, seed)
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


def _cube(size: int, settings: SweepSettings, seed: int) -> NDArray[np.float64]:
    """Return points of the unit cube, shape (points, size)."""
    from scipy.stats import qmc

    if settings.design == "saltelli":
        return _saltelli(size, settings.samples, seed)
    rng = np.random.default_rng(seed)
    sampler = (
        qmc.LatinHypercube(size, rng=rng)
        if settings.design == "latin_hypercube"
        else qmc.Sobol(size, scramble=True, rng=rng)
    )
    return np.asarray(sampler.random(settings.samples), np.float64)


def _saltelli(size: int, samples: int, seed: int) -> NDArray[np.float64]:
    """Return Saltelli's (2002) design, `samples` x (`size` + 2) points in SALib's order."""
    try:
        from SALib.sample import sobol
    except ImportError as error:
        raise ConfigError(["design=saltelli: needs SALib, install the extra `report`"]) from error
    names = [f"x{n}" for n in range(size)]
    problem = {"num_vars": size, "names": names, "bounds": [[0.0, 1.0]] * size}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = sobol.sample(problem, samples, calc_second_order=False, seed=seed % 2**32)
    return np.asarray(drawn, np.float64)
