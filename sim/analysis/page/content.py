"""What stands on a report, apart from how it is written."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from sim.analysis.charts import Result
from sim.errors import SimError

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

Found = TypeVar("Found", bound=Result)

Say = Callable[[str], None]
"""Told what is being worked on."""


@dataclass(frozen=True)
class Number:
    """A number of a statement, and how it is shown."""

    value: float | int | str  # as the statement's query gives it
    # python format, e.g. ``.1%``; ``percent`` gives percentages without their sign, for the
    # ends of intervals and for percentage points; ignored for text
    format: str = ""

    @property
    def text(self) -> str:
        """The number as shown."""
        return shown(self.value, self.format)


def shown(value: float | int | str, format: str) -> str:
    """Return a number as a statement shows it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):
        return "unknown"
    text = unsigned_zero(f"{100 * value:.1f}" if format == "percent" else f"{value:{format}}")
    return text.replace("%", " %").replace("-", "−") if "%" in text else text.replace("-", "−")


def unsigned_zero(text: str) -> str:
    """Return a number's text, a zero without its sign."""
    return re.sub(r"^-(?=0*\.?0*%?$)", "", text)


@dataclass(frozen=True)
class Statement:
    """A sentence of the answer, and the query that finds its numbers again."""

    template: str  # the sentence with the names of its numbers in braces
    # by name; each name is a column of the query's single row
    numbers: Mapping[str, Number] = field(default_factory=dict)
    query: str = ""  # one line of DuckDB's SQL; empty if the sentence has no numbers

    @property
    def text(self) -> str:
        """The sentence."""
        return self.template.format(**{name: n.text for name, n in self.numbers.items()})

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The sentence in pieces, each with whether it is a number."""
        found: list[tuple[str, bool]] = []
        rest = self.template
        while "{" in rest:
            before, _, after = rest.partition("{")
            name, _, rest = after.partition("}")
            found += [(before, False), (self.numbers[name].text, True)]
        return [*found, (rest, False)]


@dataclass(frozen=True, eq=False)
class Part:
    """One result on the page: a table, perhaps a figure, and what must be known to read them."""

    key: str  # name of its file among the tables
    title: str
    frame: pl.DataFrame | None = None  # all its data
    table: pl.DataFrame | None = None  # the same as shown
    chart: dict[str, object] | None = None  # the figure as a Vega-Lite specification
    notes: tuple[str, ...] = ()
    missing: str = ""  # why it is not there; empty if it is


@dataclass(frozen=True, eq=False)
class Section:
    """A chapter of the page."""

    key: str
    title: str
    intro: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything on a page."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]  # what it is about: cells, runs, seed, versions
    gaps: tuple[str, ...]  # what is missing in the results
    statements: tuple[Statement, ...]  # the answer
    where: str  # where the statements' queries are to be run
    limits: tuple[str, ...]  # what the model cannot tell
    sections: tuple[Section, ...]

    @property
    def parts(self) -> list[Part]:
        """All parts that are there."""
        return [part for section in self.sections for part in section.parts if not part.missing]


LIMITS = (
    "These are conditional explanations and no forecast: a share of runs is not the probability "
    "that the treaty will be signed in the world.",
    "Utilities, discount rates and the worth of the status quo are not observed, and nothing has "
    "been calibrated; one case cannot validate a frequency.",
    "Two parties, each of one mind, a mediator and a domestic opposition: other powers are not in "
    "the model, force is no move in it, and nobody can invent a new issue or formula.",
)
"""What the model cannot tell, after section 1 of docs/odd.md."""


def part(
    key: str,
    title: str,
    make: Callable[[], Found],
    table: Callable[[Found], pl.DataFrame] | None = None,
    draw: Callable[[Found], "Chart"] | None = None,
    frame: Callable[[Found], pl.DataFrame] | None = None,
    notes: bool = True,
) -> Part:
    """Return a part of the page, or why it is not there.

    Parameters
    ----------
    key, title : str
    make : callable
        Gives the result; what it raises as `SimError` is told on the page in its place.
    table : callable, optional
        Gives the table that is shown; all data by default.
    draw : callable, optional
        Gives the figure; none by default.
    frame : callable, optional
        Gives all data; the result's own table by default.
    notes : bool
        Whether the result's notes stand here; no if they stand with an earlier part of it.
    """
    try:
        result = make()
        data = frame(result) if frame else result.to_frame()
        chart = specification(draw(result)) if draw else None
    except SimError as error:
        return Part(key, title, missing=str(error).rstrip(". "))
    shown_table = table(result) if table else data
    return Part(key, title, data, shown_table, chart, result.notes if notes else ())


def specification(chart: "Chart") -> dict[str, object]:
    """Return a figure as a specification without theme and size: the page gives these."""
    found: dict[str, object] = chart.to_dict(validate=False)
    for name in ("config", "width", "$schema", "usermeta"):
        found.pop(name, None)
    return found


def interval(
    frame: pl.DataFrame, value: str, name: str, low: str = "", high: str = "", format: str = ".1%"
) -> pl.DataFrame:
    """Return a table in which a number and the ends of its interval are one column of text.

    Parameters
    ----------
    frame : polars.DataFrame
    value : str
        Column of the number; its place in the table is kept.
    name : str
        Heading of the new column.
    low, high : str
        Columns of the ends; by default `value` with ``_low`` and ``_high``.
    format : str
        Python format; a percentage is shown without its sign, which belongs into the heading.
    """
    ends = (low or f"{value}_low", high or f"{value}_high")

    def text(x: float | None) -> str:
        if x is None or math.isnan(x):
            return "-"
        return unsigned_zero(f"{x:{format}}").rstrip("%").replace("-", "−")

    rows = frame.select(value, *ends).iter_rows()
    texts = [
        text(x) if x is None or math.isnan(x) else f"{text(x)} [{text(from_)}, {text(to)}]"
        for x, from_, to in rows
    ]
    place = frame.columns.index(value)
    kept = frame.drop(value, *ends)
    before = [c for c in frame.columns[:place] if c in kept.columns]
    column = pl.Series(name, texts)
    return kept.select(*before, column, *(c for c in kept.columns if c not in before))


def in_words(frame: pl.DataFrame, formats: Mapping[str, str]) -> pl.DataFrame:
    """Return a table with some columns of numbers as text."""
    columns: list[pl.Series] = []
    for series in frame:
        format = formats.get(series.name)
        if format is None:
            columns.append(series)
            continue
        texts = [
            "-" if x is None or (isinstance(x, float) and math.isnan(x)) else shown(x, format)
            for x in series
        ]
        columns.append(pl.Series(series.name, texts))
    return pl.DataFrame(columns)


def renamed(frame: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """Return a table with other headings where these are known."""
    return frame.rename({old: new for old, new in names.items() if old in frame.columns})


def only(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return those of the columns that a table has."""
    return frame.select([c for c in columns if c in frame.columns])
