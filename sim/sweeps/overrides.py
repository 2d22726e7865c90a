"""Overrides of a run, read: each becomes a `Term`, one key with the values that it takes."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

from sim.config.messages import malformed
from sim.errors import ConfigError, did_you_mean

LONGEST_RANGE = 1_000_000
"""Most values that one key may take; a longer range is a slip."""
MOST_ALIKE = 3
"""Problems of one kind get a line each, up to so many."""
SEVERAL_FILES = "preset"
"""The group of which one run may take several files, one over the other."""

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
        return isinstance(self.value, Value) and "${" not in self.text

    @property
    def stored(self) -> Value:
        """The value as a column of the results can hold it, lists and mappings as written."""
        return self.value if isinstance(self.value, Value) else self.text


@dataclass(frozen=True)
class Term:
    """One key of the line and the values that it takes."""

    key: str  # the key without its prefix, e.g. ``strategy@armenia``
    prefix: str  # ``""``, ``"+"``, ``"++"`` or ``"~"``
    choices: tuple[str, ...]  # files to choose from if the key is a configuration group's
    options: tuple[Option, ...]  # one if the key is fixed, none if it is drawn from an interval
    interval: tuple[float, float] | None = None  # ends of what a sampled design draws from
    whole: bool = False  # whether only whole numbers are drawn, as in ``int(interval(5,20))``

    @property
    def group(self) -> bool:
        """Whether the key chooses a file of a configuration group."""
        return bool(self.choices)

    @property
    def swept(self) -> bool:
        """Whether the line varies this key."""
        return self.interval is not None or len(self.options) > 1

    @property
    def listed(self) -> tuple[Option, ...]:
        """The values that are crossed; the lower end stands for an interval."""
        if self.interval is None:
            return self.options
        low = int(self.interval[0]) if self.whole else self.interval[0]
        return (Option(repr(low), low),)

    def override(self, option: Option) -> str:
        """Return the override that sets the key to one of its values."""
        if self.prefix == "~" and not option.text:
            return f"~{self.key}"
        return f"{self.prefix}{self.key}={option.text}"


Choices: TypeAlias = Mapping[str, Option]
"""The value of each key of the line, for one cell."""


def read_terms(line: Sequence[str], folders: Sequence[Path]) -> list[Term]:
    """Return the terms of a line of overrides; ConfigError has a line for each unreadable one."""
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
    line = override.input_line or key
    files = tuple(group_choices(override.key_or_group, folders))
    term = Term(key, override.get_key_element().removesuffix(key), files, ())
    sweep: object = override.value()
    if not override.is_sweep_override():
        return replace(term, options=(Option(line.partition("=")[2], sweep),))
    if isinstance(sweep, IntervalSweep):
        return _drawn(term, line, sweep)
    if isinstance(sweep, Glob):
        names = sorted(sweep.filter(list(files)))
        if not names:
            raise ConfigError([f"{line}: matches nothing" + did_you_mean("", files)])
        return replace(term, options=tuple(Option(name, name) for name in names))
    if isinstance(sweep, (ChoiceSweep, RangeSweep)) and sweep.shuffle:
        raise ConfigError([f"{line}: the order of cells has no effect, no shuffle"])
    if isinstance(sweep, RangeSweep):
        _check_range(line, sweep)
    return replace(term, options=tuple(_options(parser, override)))


def _drawn(term: Term, line: str, sweep: IntervalSweep) -> Term:
    low, high = float(sweep.start or 0.0), float(sweep.end or 0.0)
    if not low < high:
        raise ConfigError([f"{line}: the interval is empty"])
    whole = all(type(end) is int for end in (sweep.start, sweep.end))
    return replace(term, interval=(low, high), whole=whole)


def _check_range(line: str, sweep: RangeSweep) -> None:
    start, stop, step = ends = [float(x or 0.0) for x in (sweep.start, sweep.stop, sweep.step)]
    count = (stop - start) / step if step else 0.0
    for wrong, problem in (
        (step == 0.0, "the step of the range is 0"),
        (not all(map(math.isfinite, ends)), "start, end and step of a range are finite numbers"),
        (count > LONGEST_RANGE, f"more than {LONGEST_RANGE:,} values"),
        (count <= 0, f"the range is empty; from {start:g} to {stop:g}, the end not included"),
    ):
        if wrong:
            raise ConfigError([f"{line}: {problem}"])


def _options(parser: OverridesParser, override: Override) -> Iterator[Option]:
    seen: dict[object, str] = {}
    for encoded in override.sweep_iterator(transformer=Transformer.encode):
        text = str(encoded).lower() if isinstance(encoded, bool) else str(encoded)
        value = parser.parse_override(f"{override.key_or_group}={text}").value()
        same = _identity(value, text)
        if same in seen:
            as_before = "" if seen[same] == text else f", as {seen[same]} and as {text}"
            raise ConfigError([f"{override.input_line}: names {seen[same]} twice{as_before}"])
        seen[same] = text
        yield Option(text, value)


def _identity(value: object, text: str) -> tuple[str, object]:
    """Return what two spellings of the same value share: 1 and 1.0 are one number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return "number", float(value)
    return ("text", value) if isinstance(value, str) else ("other", text)


def group_choices(group: str, folders: Sequence[Path]) -> list[str]:
    """Return the names of the files of a configuration group."""
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def as_text(value: object) -> str:
    """Return a Python value as it stands in an override."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_choices(term: Term) -> list[str]:
    """Return one line for each value of a group that is none of its files."""
    if not term.group or term.prefix == "~":
        return []
    found = []
    for option in term.options:
        if isinstance(option.value, list):
            names = [str(name) for name in option.value]
            if term.key != SEVERAL_FILES or not set(names) <= set(term.choices):
                found.append(f"{term.key}: a group takes names, written {','.join(names)}")
        elif isinstance(option.value, str) and option.text not in term.choices:
            near = did_you_mean(option.text, term.choices)
            found.append(f"{term.key}: no choice '{option.text}'{near}")
    more = len(found) - 1
    return found if more < MOST_ALIKE else [f"{found[0]}; and {more:,} more like it"]


def whole_needed(term: Term) -> list[str]:
    """Return the problem of a key of whole numbers that is drawn from all numbers, if it is."""
    if term.interval is None or term.whole:
        return []
    low, high = term.interval
    return [f"{term.key}: must be a whole number, write int(interval({low:g},{high:g}))"]
