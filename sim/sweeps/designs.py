"""How large a sweep may be; a larger one is a slip, or more than memory holds."""

import itertools
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sim.errors import ConfigError, did_you_mean
from sim.sweeps.overrides import Option, Term

MOST_CELLS = 250_000
"""Most cells of a sweep; each is held in memory and written into the plan."""
MOST_RUNS = 1_000_000_000
"""Most runs of a sweep, some hundred gigabytes of results."""


def check_cells(count: int) -> None:
    """Refuse a sweep of too many cells.

    Raises
    ------
    ConfigError
        With the number and the bound.
    """
    if count > MOST_CELLS:
        raise ConfigError([f"sweep: {count:,} cells, a sweep has {MOST_CELLS:,} at most"])


def check_size(cells: int, replicates: int) -> None:
    """Refuse a sweep of too many cells or runs.

    Raises
    ------
    ConfigError
        With the number and the bound.
    """
    check_cells(cells)
    if cells * replicates > MOST_RUNS:
        raise ConfigError(
            [
                f"sweep: {cells:,} cells x {replicates:,} replicates = {cells * replicates:,} "
                f"runs, a sweep has {MOST_RUNS:,} at most"
            ]
        )


# ---- Conditions that a cell must meet, such as ``strategy@armenia != strategy@azerbaijan``.

_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True)
class Condition:
    """A condition on a cell: comparisons of which one must hold."""

    text: str
    parts: tuple[tuple[str, str, str], ...]

    @classmethod
    def read(cls, text: str, terms: Sequence[Term], assumptions: Sequence[str] = ()) -> "Condition":
        """Read ``KEY OP KEY_OR_VALUE [or ..]``, of keys that the line sets and does not draw."""
        parts = []
        keys = [term.key for term in terms if term.interval is None]
        intervals = [term.key for term in terms if term.interval is not None]
        patterns = [f"scenario.{pattern}.value" for pattern in assumptions]
        for piece in re.split(r"\s+or\s+", text.strip()):
            found = re.fullmatch(r"(\S+?)\s*(==|!=|<=|>=|<|>)\s*(\S+)", piece)
            if not found:
                raise ConfigError(
                    [f"filter {text!r}: write KEY OP KEY_OR_VALUE, with OP ==, !=, <, <=, > or >="]
                )
            left, sign, right = found.groups()
            for side in (left, right):
                matched = side not in keys and any(fnmatchcase(side, p) for p in patterns)
                if side in intervals or matched:
                    raise ConfigError(
                        [f"filter {text!r}: '{side}' is drawn and cannot be used here"]
                    )
            if left not in keys:
                raise ConfigError(
                    [f"filter {text!r}: the line does not set '{left}'" + did_you_mean(left, keys)]
                )
            choices = next(term.choices for term in terms if term.key == left)
            if choices and right not in keys and right not in choices:
                raise ConfigError(
                    [f"filter {text!r}: no choice '{right}'" + did_you_mean(right, choices)]
                )
            parts.append((left, sign, right))
        return cls(text, tuple(parts))

    def holds(self, choices: Mapping[str, Option]) -> bool:
        """Return whether one of the comparisons holds."""
        return any(self._compare(choices, *part) for part in self.parts)

    def _compare(self, choices: Mapping[str, Option], left: str, sign: str, right: str) -> bool:
        one, other = choices[left].text, right
        if right in choices:
            other = choices[right].text
        first, second = _number(one), _number(other)
        if first is not None and second is not None:
            return _ORDER[sign](first, second)
        if sign in ("==", "!="):
            return (one == other) == (sign == "==")
        raise ConfigError([f"filter {self.text!r}: '{one}' and '{other}' have no order"])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


# ---- Which combinations of values a sweep has: crossed, zipped, filtered.

Choices = dict[str, Option]
"""The value of each key, for one cell."""


def combinations(
    terms: Sequence[Term],
    zipped: Sequence[Sequence[str]],
    filters: Sequence[str],
    assumptions: Sequence[str] = (),
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
    assumptions : sequence of str
        Patterns of the assumptions that are drawn.

    Raises
    ------
    ConfigError
        If a zip or a condition cannot be used, or no combination is left.
    """
    bundles = _bundles(terms, zipped)
    check_cells(math.prod(len(bundle) for bundle in bundles))
    conditions = [Condition.read(text, terms, assumptions) for text in filters]
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
    by_key = {term.key: term for term in terms}
    together: dict[str, int] = {}
    problems = []
    for number, keys in enumerate(zipped):
        name = ",".join(keys)
        lengths = set()
        if len(keys) < 2:
            problems.append(f"zip {name}: name two keys or more that advance together")
        for key in keys:
            if key in by_key and by_key[key].interval:
                problems.append(f"zip {name}: '{key}' is drawn, only listed values can be zipped")
            elif key not in by_key or not by_key[key].swept:
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
    low = int(term.interval[0]) if term.whole else term.interval[0]
    return (Option(repr(low), low),)
