"""What stands on a report, apart from how it is written, and the queries behind its sentences.

The SQL stands in `files/queries.sql.j2`. Quantiles of Student's distribution, which SQL lacks, are
passed as numbers.
"""

import glob
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from itertools import chain
from operator import methodcaller
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl
import yaml
from jinja2 import Environment, StrictUndefined, Template
from numpy.typing import NDArray

from sim.analysis.charts import Figure, Result, finished
from sim.analysis.results import Results
from sim.errors import SimError
from sim.runs.intervals import Estimate, Z, student
from sim.sweeps.columns import DERIVED, as_stored, swept_type
from sim.sweeps.overrides import Value
from sim.sweeps.summary import name_of

Found = TypeVar("Found", bound=Result)
Say = Callable[[str], None]
"""Takes what is being worked on."""


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


SCALED = {"percent": ".1f", "hundred": ".0f"}
"""Formats of shares as percentages, and as so many of 100, without their sign."""


def shown(value: float | int | str, format: str) -> str:
    """Return a number as a statement shows it."""
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "unknown"
    if format in SCALED:
        value, format = 100.0 * value, SCALED[format]
    # With "z" a float that is rounded to zero has no sign.
    kind = "z" if isinstance(value, float) else ""
    return f"{value:{kind}{format}}".replace("%", " %").replace("-", "−")


def interval_numbers(name: str, found: Estimate, format: str = ".1%") -> dict[str, Number]:
    """Return an estimate and its ends as numbers; the sign of a percentage is not repeated."""
    value, low, high = interval_names(name)
    ends = "percent" if format == ".1%" else format
    return {
        value: Number(found.value, format),
        low: Number(found.low, ends),
        high: Number(found.high, ends),
    }


def negated(found: Estimate) -> Estimate:
    """Return the estimate of a difference taken the other way round."""
    return Estimate(-found.value, -found.high, -found.low, found.runs)


def interval_names(name: str) -> tuple[str, str, str]:
    """Return the names of an estimate, its lower and its upper end, in sentences and queries."""
    return name, f"{name}_low", f"{name}_high"


def interval_words(name: str) -> str:
    """Return an estimate with its ends as a sentence's template has them."""
    return f"{{{name}}} [{{{name}_low}}, {{{name}_high}}]"


def plain(text: str) -> str:
    """Return a name as it may stand in a template, whose braces are for numbers."""
    return text.replace("{", "(").replace("}", ")")


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

    @property
    def label(self) -> str:
        """What the figure shows, in words: its title, and its highest and lowest line."""
        rows = [] if self.chart is None else [*_labelled(self.chart)]
        if len(rows) < 2:
            return f"{self.title}; the table holds the numbers"
        rows.sort(key=lambda row: -row[1])
        (most, high), (least, low) = rows[0], rows[-1]
        return f"{self.title}. Highest: {most}, {high:.3g}; lowest: {least}, {low:.3g}."


def _labelled(chart: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Give the label and the value of each row of a figure that has them."""
    sets = chart.get("datasets", {})
    assert isinstance(sets, Mapping)
    for row in chain.from_iterable(sets.values()):
        if isinstance(row.get("value"), float) and not math.isnan(row["value"]):
            where = row.get("label") or " · ".join(filter(None, (row.get("y"), row.get("x"))))
            yield " ".join(filter(None, (where, row.get("series")))), row["value"]


@dataclass(frozen=True, eq=False)
class Section:
    """A chapter of the page."""

    key: str
    title: str
    intro: str
    parts: tuple[Part, ...]
    statements: tuple[Statement, ...] = ()  # what it finds
    closed: bool = False  # whether it is opened by a reader who wants it


@dataclass(frozen=True, eq=False)
class Report:
    """Everything on a page."""

    title: str
    subtitle: str  # what was played, in a line
    facts: tuple[tuple[str, str], ...]  # what it is about: cells, runs, seed, versions
    gaps: tuple[str, ...]  # what is missing in the results
    lead: tuple[Statement, ...]  # the answer in two sentences, or some more
    where: str  # where the statements' queries are to be run
    limits: tuple[str, ...]  # what the model cannot tell
    sections: tuple[Section, ...]
    picture: Part | None = None  # of the answer
    summary: pl.DataFrame | None = None  # of findings
    caveat: str = ""
    # words in the place of the names of swept keys and of their values, on the page
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        """All parts that are there."""
        first = [self.picture] if self.picture else []
        every = [*first, *(part for section in self.sections for part in section.parts)]
        return [part for part in every if not part.missing]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All sentences, those of the answer first."""
        return (*self.lead, *(said for section in self.sections for said in section.statements))

    def named(self, text: str) -> str:
        """Return a text with words in the place of raw names."""
        if not self.names:
            return text
        words = self.names
        return _pattern(tuple(words)).sub(lambda m: words[m[1]] + (" " if m[2] else ""), text)

    def _repr_html_(self) -> str:
        """Return its first screen as a notebook shows it, without the picture."""
        said = "".join(f"<li>{escape(self.named(each.text))}</li>" for each in self.lead)
        shown = "" if self.summary is None else self.summary._repr_html_()
        return f"<h3>{escape(self.named(self.title))}</h3><ul>{said}</ul>{shown}"


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    listed = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w.@])({'|'.join(map(re.escape, listed))})(?![\w@])(=?)")


@cache
def texts() -> dict[str, Any]:
    """Return the words of the report, as `files/report.yaml` has them.

    The last of its limits is how often forecasts of past cases were right, as `files/evidence.yaml`
    has it.
    """
    found: dict[str, Any] = yaml.safe_load(file_text("report.yaml"))
    found["limits"].append(yaml.safe_load(file_text("evidence.yaml"))["evidence"])
    return found


def file_text(name: str) -> str:
    """Return the content of one of the page's files."""
    return (files("sim.analysis.page") / "files" / name).read_text(encoding="utf-8")


class Column(NamedTuple):
    """How a column of a table is shown."""

    heading: str = ""  # its own name if empty
    format: str = ""  # Python's; a number as it is if empty
    # what stands before `low` and `high` in the columns of its interval, which is then shown with
    # it; None if it has none. Percentages of intervals have their sign in the heading
    ends: str | None = None

    def of(self, frame: pl.DataFrame, name: str) -> pl.Series:
        """Return the column as it is shown."""
        heading = self.heading or name
        if self.ends is not None:
            rows = frame.select(name, f"{self.ends}low", f"{self.ends}high").iter_rows()
            texts = [[_text(x, self.format).rstrip(" %") for x in row] for row in rows]
            told = ["-" if x == "-" else f"{x} [{low}, {high}]" for x, low, high in texts]
            return pl.Series(heading, told)
        if not self.format:
            return frame[name].alias(heading)
        return pl.Series(heading, [_text(x, self.format) for x in frame[name]])


def _text(value: float | None, format: str) -> str:
    if value is None or math.isnan(value):
        return "-"
    return shown(value, format) if format else str(value)


Columns = Mapping[str, Column]


def columns_of(key: str, result: Result) -> Columns:
    """Return how the columns of a part's table are shown: parties by name, the outcome's units."""
    parties, known = getattr(result, "parties", ()), texts()["columns"].get(key, {})
    outcome = getattr(result, "outcome", "signed")
    kind = DERIVED.get(outcome, DERIVED["signed"])
    points = "points" if kind.points.endswith("points") else kind.points
    name = name_of(outcome)
    words = {"outcome": outcome, "unit": kind.unit, "points": points, "name": name}
    words["measure"] = name if kind.weeks else f"{name}, {kind.unit}"
    formats = {"outcome": kind.format, "difference": ".1f" if kind.weeks else "percent"}
    found = {}
    for name, given in known.items():
        column = {part: text.format(*parties, **words) for part, text in given.items()}
        column["format"] = formats.get(column.get("format", ""), column.get("format", ""))
        found[name.format(**words)] = Column(**column)
    return found


def in_words(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Return a table as it is shown; columns that are not named stay as they are."""
    known = {name: column for name, column in columns.items() if name in frame.columns}
    spans = [column.ends for column in known.values() if column.ends is not None]
    shown_within = {f"{ends}{end}" for ends in spans for end in ("low", "high")}
    return pl.DataFrame(
        [
            known.get(name, Column()).of(frame, name)
            for name in frame.columns
            if name not in shown_within
        ]
    )


def part(
    key: str,
    title: str,
    make: Callable[[], Found],
    *,
    columns: str = "",
    table: Callable[[Found], pl.DataFrame] | None = None,
    frame: Callable[[Found], pl.DataFrame] | None = None,
    draw: Callable[[Found], Figure | None] | None = methodcaller("figure"),
    notes: bool = True,
) -> Part:
    """Return a part of the page, or why it is not there: what `make` raises as `SimError`.

    columns: whose columns in `files/report.yaml` the table has; its own by default.
    frame: gives all data; the result's own table by default.
    table: gives the table that is shown; all data by default.
    draw: gives the figure; None if there is none.
    notes: whether the result's notes stand here; no if they stand with an earlier part of it.
    """
    try:
        result = make()
        data = frame(result) if frame else result.to_frame()
        figure = draw(result) if draw else None
    except SimError as error:
        return Part(key, title, missing=str(error).rstrip(". "))
    words = in_words(table(result) if table else data, columns_of(columns or key, result))
    chart = None if figure is None else specification(figure)
    return Part(key, title, data, words, chart, result.notes if notes else ())


def specification(figure: Figure) -> dict[str, object]:
    """Return a figure as a specification without theme and size: the page gives these."""
    found: dict[str, object] = finished(*figure).to_dict(validate=False)
    for name in ("config", "width", "$schema", "usermeta"):
        found.pop(name, None)
    return found


# --- queries that find a statement's numbers again: one line of DuckDB's SQL on the results' files


def sql(name: str, **values: object) -> str:
    """Return one of the template's queries with these values in it."""
    return str(getattr(_template().module, name)(**values))


@cache
def _template() -> Template:
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL
    environment.filters["column"] = column
    environment.globals.update(
        z=Z, student=student, has=has, signed=DERIVED["signed"].condition, from_above=_from_above
    )
    # Before anything is filled in, so that names and values keep their blanks.
    return environment.from_string(" ".join(file_text("queries.sql.j2").split()))


def column(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value) -> str:
    """Return a value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def has(results: Results, key: str, value: Value) -> str:
    """Return the condition that a swept key has a value."""
    stored = as_stored(value, swept_type(results.plan, key))
    return f"{column(key)} IS NOT DISTINCT FROM {literal(stored)}"


def among(
    results: Results,
    values: Mapping[str, Value],
    condition: str = "",
    cells: NDArray[np.int64] | None = None,
) -> str:
    """Return the condition that a run worked, has some values, and meets a further condition.

    cells: those that the values leave; where they are fewer, the condition says so.
    """
    parts = ["run_status = 'ok'", *(has(results, key, value) for key, value in values.items())]
    parts += [condition] if condition else []
    every = results.groups(list(values), every=True)
    wanted = next(group.cells for group in every if group.values == values)
    if cells is not None and len(cells) < len(wanted):
        parts.append(_only(results, cells))
    return " AND ".join(parts)


def _only(results: Results, cells: NDArray[np.int64]) -> str:
    """Return the condition that a run is of some cells: whole combinations, or one horizon."""
    whole, counts = np.unique(cells // results.points, return_counts=True)
    if (counts == results.points).all():
        return f"cell // {results.points} IN ({', '.join(map(str, whole.tolist()))})"
    return f"horizon = {int(results.plan.horizons[cells].max())}"


def _from_above(results: Results) -> str:
    # DuckDB takes brackets and stars of a folder's name for a pattern, and a quote for the end.
    folder = glob.escape(str(results.folder)).replace("'", "''")
    return results.source.replace("'shards/", f"'{folder}/shards/").replace(
        "'runs.parquet'", f"'{folder}/runs.parquet'"
    )


def together(parts: Mapping[str, str]) -> str:
    """Return one query that gives the columns of several one-row queries side by side."""
    return "SELECT * FROM " + ", ".join(f"({sql}) AS {column(name)}" for name, sql in parts.items())
