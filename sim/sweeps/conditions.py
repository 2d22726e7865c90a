"""Conditions that a cell must meet, such as ``strategy@armenia != strategy@azerbaijan``."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sim.errors import ConfigError, did_you_mean
from sim.sweeps.overrides import Option, Term

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
        """Compare numbers as numbers and everything else as text."""
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
    """Return a text as a number, None if it is none."""
    try:
        return float(text)
    except ValueError:
        return None
