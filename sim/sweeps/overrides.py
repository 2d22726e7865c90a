"""Ranges of a line, checked before their values are made: ``range(0,1,0.1)``."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    RangeSweep,
    Transformer,
)
from hydra.errors import HydraException

from sim.config.compose import malformed
from sim.errors import ConfigError, did_you_mean

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


# ---- The sweep's line, read: which keys it sets, to which values, and which of them it varies.

Value: TypeAlias = bool | int | float | str | None
"""What one key can be set to, apart from lists and mappings."""


@dataclass(frozen=True)
class Option:
    """One value of one key."""

    text: str  # as it stands in an override, e.g. ``boulware`` or ``0.5``
    value: object  # the same as a Python value

    @property
    def scalar(self) -> bool:
        """Whether it is a plain value without an interpolation."""
        plain = self.value is None or isinstance(self.value, (bool, int, float, str))
        return plain and "${" not in self.text


@dataclass(frozen=True)
class Term:
    """One key of the line and the values that it takes."""

    key: str  # the key without its prefix, e.g. ``strategy@armenia``
    prefix: str  # ``""``, ``"+"``, ``"++"`` or ``"~"``
    # files to choose from if the key is that of a configuration group, else empty
    choices: tuple[str, ...]
    options: tuple[Option, ...]  # one if the key is fixed, none if it is drawn from an interval
    # lower and upper end of the interval that a sampled design draws from
    interval: tuple[float, float] | None = None
    # whether only whole numbers are drawn from it, as in ``int(interval(5,20))``
    whole: bool = False

    @property
    def group(self) -> bool:
        """Whether the key chooses a file of a configuration group."""
        return bool(self.choices)

    @property
    def swept(self) -> bool:
        """Whether the line varies this key."""
        return self.interval is not None or len(self.options) > 1

    def override(self, option: Option) -> str:
        """Return the override that sets the key to one of its values."""
        if self.prefix == "~":
            return f"~{self.key}={option.text}" if option.text else f"~{self.key}"
        return f"{self.prefix}{self.key}={option.text}"


def read_line(line: Sequence[str], folders: Sequence[Path]) -> list[Term]:
    """Return the terms of a line in its order.

    Parameters
    ----------
    line : sequence of str
        Hydra overrides.
    folders : sequence of Path
        Folders that hold the configuration groups, the first one first in rank.

    Raises
    ------
    ConfigError
        With one line for each override that cannot be read.
    """
    parser = OverridesParser.create()
    terms: list[Term] = []
    problems: list[str] = []
    for text in line:
        try:
            term = _term(parser, parser.parse_override(text), folders)
        except HydraException:
            problems.append(malformed(text, "KEY=VALUE[,VALUE..]"))
        except ConfigError as error:
            problems += error.problems
        else:
            if term.key in [earlier.key for earlier in terms]:
                problems.append(f"{term.key}: is given twice")
            terms.append(term)
    if problems:
        raise ConfigError(problems)
    return terms


def _term(parser: OverridesParser, override: Override, folders: Sequence[Path]) -> Term:
    key = override.get_key_element().lstrip("+~")
    prefix = override.get_key_element().removesuffix(key)
    known = tuple(group_choices(override.key_or_group, folders))
    if not override.is_sweep_override():
        text = "" if override.input_line is None else override.input_line.partition("=")[2]
        return Term(key, prefix, known, (Option(text, override.value()),))
    sweep: object = override.value()
    if isinstance(sweep, IntervalSweep):
        ends = (float(sweep.start or 0.0), float(sweep.end or 0.0))
        if not ends[0] < ends[1]:
            raise ConfigError([f"{override.input_line}: the interval is empty"])
        whole = all(type(end) is int for end in (sweep.start, sweep.end))
        return Term(key, prefix, known, (), ends, whole)
    if isinstance(sweep, Glob):
        names = sorted(sweep.filter(list(known)))
        if not names:
            raise ConfigError([f"{override.input_line}: matches nothing" + did_you_mean("", known)])
        return Term(key, prefix, known, tuple(Option(name, name) for name in names))
    if isinstance(sweep, (ChoiceSweep, RangeSweep)) and sweep.shuffle:
        raise ConfigError([f"{override.input_line}: the order of cells has no effect, no shuffle"])
    if isinstance(sweep, RangeSweep):
        check_range(override.input_line or key, sweep)
    return Term(key, prefix, known, tuple(_options(parser, override)))


def _options(parser: OverridesParser, override: Override) -> Iterator[Option]:
    seen: dict[object, str] = {}
    for encoded in override.sweep_iterator(transformer=Transformer.encode):
        text = str(encoded).lower() if isinstance(encoded, bool) else str(encoded)
        value = parser.parse_override(f"{override.key_or_group}={text}").value()
        same = _compared(value, text)
        if same in seen:
            as_before = "" if seen[same] == text else f", as {seen[same]} and as {text}"
            raise ConfigError([f"{override.input_line}: names {seen[same]} twice{as_before}"])
        seen[same] = text
        yield Option(text, value)


def _compared(value: object, text: str) -> tuple[str, object]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", float(value)
    return ("text", value) if isinstance(value, str) else ("other", text)


def group_choices(group: str, folders: Sequence[Path]) -> list[str]:
    """Return the names of the files of a configuration group."""
    found = {file.stem for folder in folders for file in (folder / group).glob("*.yaml")}
    return sorted(found)


def scalar(option: Option) -> Value:
    """Return a value as a column of the results can hold it, lists and mappings as written."""
    value = option.value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return option.text


def as_option(value: Value) -> Option:
    """Return a Python value as an option of a line."""
    text = "null" if value is None else str(value)
    return Option(text.lower() if isinstance(value, bool) else text, value)
