"""Which cells a sweep has: crossed, zipped and filtered values, and sampled points.

Sampled designs: Latin hypercube (McKay, Beckman and Conover 1979), scrambled Sobol sequence
(Owen 1998), and Saltelli's design for first-order and total Sobol indices (Saltelli et al. 2010).
"""

import itertools
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from sim.errors import ConfigError, did_you_mean
from sim.scenario import Scenario
from sim.sweeps.overrides import Option, Term
from sim.sweeps.settings import SweepSettings

Choices = dict[str, Option]
"""The value of each key, for one cell."""

_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def combinations(
    terms: Sequence[Term], zipped: Sequence[Sequence[str]], filters: Sequence[str]
) -> list[Choices]:
    """Return the combinations of values, the last key on the line varying fastest.

    Parameters
    ----------
    terms : sequence of Term
        All keys of the line; an interval is represented by its lower end.
    zipped : sequence of sequence of str
        Keys that advance together instead of being crossed.
    filters : sequence of str
        Conditions such as ``strategy@armenia != strategy@azerbaijan``; all must hold.

    Raises
    ------
    ConfigError
        If a zip or a condition cannot be used, or no combination is left.
    """
    bundles = _bundles(terms, zipped)
    conditions = [_Condition.read(text, terms) for text in filters]
    found = []
    for parts in itertools.product(*bundles):
        choices = {key: option for part in parts for key, option in part.items()}
        ordered = {term.key: choices[term.key] for term in terms}
        if all(condition.holds(ordered) for condition in conditions):
            found.append(ordered)
    if not found:
        raise ConfigError(["filter: no cell is left"])
    return found


def _bundles(terms: Sequence[Term], zipped: Sequence[Sequence[str]]) -> list[list[Choices]]:
    """Return what is crossed: each term alone, zipped terms together."""
    by_key = {term.key: term for term in terms}
    together: dict[str, int] = {}
    problems = []
    for number, keys in enumerate(zipped):
        name = ",".join(keys)
        lengths = set()
        for key in keys:
            if key not in by_key or not by_key[key].swept or by_key[key].interval:
                swept = [t.key for t in terms if t.swept and not t.interval]
                problems.append(f"zip {name}: '{key}' is not swept" + did_you_mean(key, swept))
            elif key in together:
                problems.append(f"zip {name}: '{key}' is zipped twice")
            else:
                together[key] = number
                lengths.add(len(by_key[key].options))
        if len(lengths) > 1:
            counts = ", ".join(f"{key} has {len(by_key[key].options)}" for key in keys)
            problems.append(f"zip {name}: needs as many values of each key, {counts}")
    if problems:
        raise ConfigError(problems)
    bundles: list[list[Choices]] = []
    done: set[int] = set()
    for term in terms:
        number = together.get(term.key, -1)
        if number in done:
            continue
        if number < 0:
            bundles.append([{term.key: option} for option in represented(term)])
            continue
        done.add(number)
        keys = zipped[number]
        rows = zip(*(by_key[key].options for key in keys), strict=True)
        bundles.append([dict(zip(keys, row, strict=True)) for row in rows])
    return bundles


def represented(term: Term) -> tuple[Option, ...]:
    """Return a term's values; the lower end stands for an interval."""
    if term.interval is None:
        return term.options
    return (Option(repr(term.interval[0]), term.interval[0]),)


@dataclass(frozen=True)
class _Condition:
    """A condition on a cell: comparisons of which one must hold."""

    text: str
    parts: tuple[tuple[str, str, str], ...]

    @classmethod
    def read(cls, text: str, terms: Sequence[Term]) -> "_Condition":
        """Read ``KEY OP KEY_OR_VALUE [or ..]``."""
        parts = []
        keys = [term.key for term in terms if term.interval is None]
        for piece in re.split(r"\s+or\s+", text.strip()):
            found = re.fullmatch(r"(\S+?)\s*(==|!=|<=|>=|<|>)\s*(\S+)", piece)
            if not found:
                raise ConfigError(
                    [f"filter {text!r}: write KEY OP KEY_OR_VALUE, with OP ==, !=, <, <=, > or >="]
                )
            left, sign, right = found.groups()
            if left not in keys:
                raise ConfigError(
                    [f"filter {text!r}: the line does not set '{left}'" + did_you_mean(left, keys)]
                )
            parts.append((left, sign, right))
        return cls(text, tuple(parts))

    def holds(self, choices: Mapping[str, Option]) -> bool:
        """Return whether one of the comparisons holds."""
        return any(self._compare(choices, *part) for part in self.parts)

    def _compare(
        self, choices: Mapping[str, Option], left: str, sign: str, right: str
    ) -> bool:
        """Compare numbers as numbers and everything else as text."""
        one, other = choices[left].text, right
        if right in choices:
            other = choices[right].text
        first, second = _number(one), _number(other)
        if first is not None and second is not None:
            return _COMPARE[sign](first, second)
        if sign in ("==", "!="):
            return _COMPARE[sign](one, other)
        raise ConfigError([f"filter {self.text!r}: '{one}' and '{other}' have no order"])


def _number(text: str) -> float | None:
    """Return a text as a number, None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None


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
    intervals = [Dimension(t.key, *t.interval) for t in terms if t.interval is not None]
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
    if settings.samples < 1:
        raise ConfigError([f"samples: design={settings.design} needs their number"])
    if settings.design != "latin_hypercube" and settings.samples & (settings.samples - 1):
        raise ConfigError([f"samples: {settings.design} needs a power of 2"])
    fixed = {term.key for term in terms}
    drawn = [d for d in assumed(scenario, settings.assumptions) if d.key not in fixed]
    if not intervals and not drawn:
        raise ConfigError([f"design={settings.design}: give intervals or assumptions to vary"])
    return [*intervals, *drawn]


def assumed(scenario: Scenario, patterns: Sequence[str]) -> list[Dimension]:
    """Return the ranges of those assumptions of a scenario that match a pattern.

    Raises
    ------
    ConfigError
        If a pattern matches none.
    """
    from sim.sweeps.variation import is_whole

    known = [
        (path, number)
        for path, number in scenario.numbers()
        if number.assumed and number.low is not None and number.high is not None
        if number.low < number.high
    ]
    problems = [
        f"assumptions: '{pattern}' matches no assumption with a range"
        + did_you_mean(pattern, [path for path, _ in known])
        for pattern in patterns
        if not any(fnmatchcase(path, pattern) for path, _ in known)
    ]
    if problems:
        raise ConfigError(problems)
    return [
        Dimension(
            f"scenario.{path}.value", float(number.low), float(number.high), is_whole(path)
        )
        for path, number in known
        if number.low is not None and number.high is not None
        if any(fnmatchcase(path, pattern) for pattern in patterns)
    ]


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
    return np.where(whole, stepped, low + cube * (high - low))


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
