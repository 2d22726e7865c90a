"""What every analysis returns, a table and a picture, and the kinds of figures they share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

import polars as pl
import yaml

if TYPE_CHECKING:
    import altair as alt
    import pandas

Chart: TypeAlias = "alt.Chart | alt.LayerChart | alt.FacetChart"
Rows: TypeAlias = Sequence[Mapping[str, object]]
Schema: TypeAlias = Mapping[str, type[pl.DataType]]

WIDTH = 640
"""Width in a notebook; the report lets figures fill their column."""
STEP = 22
"""Height of a line with a label."""
TICKS = 6
"""About how many marks an axis of numbers has."""
NOTEBOOK_ROWS, NOTEBOOK_COLUMNS = 12, 12
"""Most rows and columns that a notebook shows of a table."""
MOST_LINES = 40
"""Most labelled lines that one figure shows."""

CATEGORY = ("#0b5fa5", "#b8480f", "#0f766e", "#8a3a86", "#5b5f66", "#8a6d00", "#a3304a", "#3b6e1f",
            "#b9bcc2")  # fmt: skip
CATEGORY_DARK = ("#6fb3f2", "#ff9d66", "#4fc9b8", "#dd9cd8", "#b4b8c0", "#e0c04d", "#f08fa4",
                 "#9acb7a", "#4a4f57")  # fmt: skip
RAMP = ("#eef4fb", "#0b4f8a")
RAMP_DARK = ("#1d2530", "#7cc0ff")

UPRIGHT = 6
"""Most columns of a map whose names stand upright."""
_LONG_NAME = 20
"""From this length on, names in a legend stand below each other."""
_FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


class Choices(NamedTuple):
    """What a list beneath a figure lets choose from: rows whose `field` is the number chosen."""

    field: str
    name: str  # of the figure's parameter
    labels: Sequence[str]
    title: str

    def list(self) -> "alt.Parameter":
        """Return the parameter that the list sets, by the numbers of the choices."""
        import altair as alt

        numbers, labels = [*range(len(self.labels))], [*self.labels]
        bound = alt.binding_select(options=numbers, labels=labels, name=f"{self.title}: ")
        return alt.param(name=self.name, value=0, bind=bound)


class Figure(NamedTuple):
    """A figure before it has its size and theme."""

    chart: Chart
    title: str
    height: object = 300  # pixels, or Vega-Lite's step for each labelled line


class Tabular(ABC):
    """What has a table: its ways to pandas, to Arrow and into a notebook."""

    notes: tuple[str, ...] = ()

    @abstractmethod
    def to_frame(self) -> pl.DataFrame:
        """Return it as a table."""

    def to_pandas(self) -> "pandas.DataFrame":
        """Return it as a table of pandas; see `to_pandas`."""
        return to_pandas(self.to_frame())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return it as an Arrow stream, for packages that take one, such as pyarrow or DuckDB."""
        return self.to_frame().__arrow_c_stream__(requested_schema)

    def _shown(self) -> pl.DataFrame:
        """Return what a notebook shows."""
        return self.to_frame()

    def _repr_html_(self) -> str:
        """Return it as a notebook shows it: the first lines of a table, and notes."""
        with pl.Config(tbl_rows=NOTEBOOK_ROWS, tbl_cols=NOTEBOOK_COLUMNS):
            shown = self._shown()._repr_html_()
        return shown + "".join(f"<p>{escape(note)}</p>" for note in self.notes)


def to_pandas(table: pl.DataFrame) -> "pandas.DataFrame":
    """Return a table as one of pandas, column by column, so that pyarrow is not needed.

    Words are categories, dates and flags keep their types unless some are missing; a whole number
    that may be missing is a float there.
    """
    import pandas as pd

    def column(series: pl.Series) -> object:
        if isinstance(series.dtype, pl.Enum):
            codes = series.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
            return pd.Categorical.from_codes(codes, series.dtype.categories.to_list())
        return series.to_numpy()

    return pd.DataFrame({series.name: column(series) for series in table.get_columns()})


@dataclass(frozen=True, eq=False, kw_only=True)
class Result(Tabular):
    """One answer. Frozen; made by the functions of `sim.analysis`.

    A subclass says its records and its figure; the table and the picture follow.
    """

    schema: ClassVar[Schema] = {}  # of the table, where it may be empty

    notes: tuple[str, ...] = ()  # what a reader must know to read it rightly, one sentence each

    @abstractmethod
    def records(self) -> Iterable[Mapping[str, object]] | pl.DataFrame:
        """Return the rows of the table, or the table itself."""

    @abstractmethod
    def figure(self) -> Figure:
        """Return what is drawn."""

    def to_frame(self) -> pl.DataFrame:
        """Return it as a table."""
        found = self.records()
        return found if isinstance(found, pl.DataFrame) else table(found, self.schema)

    def plot(self) -> Chart:
        """Return it as a picture (Altair)."""
        return finished(*self.figure())


@dataclass(frozen=True, eq=False, kw_only=True)
class TableResult(Result):
    """An answer that is one table."""

    frame: pl.DataFrame
    draw: Callable[[pl.DataFrame], Figure]
    outcome: str = "signed"  # what it is about
    parties: tuple[str, ...] = ()  # names of the sides, where columns are theirs

    def records(self) -> pl.DataFrame:
        """Return the table."""
        return self.frame

    def figure(self) -> Figure:
        """Return what is drawn of the table."""
        return self.draw(self.frame)


def table(rows: Iterable[Mapping[str, object]], schema: Schema | None = None) -> pl.DataFrame:
    """Return rows as a table; column types are inferred from all rows if there is no schema."""
    return pl.DataFrame(list(rows), schema or None, infer_schema_length=None)


def theme(dark: bool = False) -> dict[str, object]:
    """Return the Vega-Lite configuration of every figure."""
    light_inks, dark_inks = ("#1b1f24", "#4b5563", "#e3e6ea"), ("#e8eaed", "#b6bcc6", "#333a44")
    ink, muted, grid = dark_inks if dark else light_inks
    colours, ramp = (CATEGORY_DARK, RAMP_DARK) if dark else (CATEGORY, RAMP)
    text = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12}
    return {
        "background": "#14171c" if dark else "#ffffff",
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {
            **text,
            "gridColor": grid,
            "domainColor": muted,
            "tickColor": muted,
            "titleFontWeight": "normal",
            "labelLimit": 330,
        },
        "axisQuantitative": {"tickCount": TICKS, "labelOverlap": True},
        "legend": {
            **text,
            "orient": "bottom",
            "titleFontWeight": "normal",
            "labelLimit": 260,
            "titleLimit": 420,
            "symbolStrokeWidth": 2,
        },
        "title": {"color": ink, "fontSize": 14, "anchor": "start"},
        "text": {"color": ink},
        "rule": {"color": muted},
        "mark": {"color": colours[0]},
        "range": {"category": list(colours), "heatmap": list(ramp), "ramp": list(ramp)},
    }


def data(rows: Rows) -> "alt.InlineData":
    """Return rows as the data of a figure."""
    import altair as alt
    from altair.utils.schemapi import debug_mode

    # Plain rows need no check against the schema, which would take longer than all else.
    with debug_mode(False):
        return alt.InlineData(values=[dict(row) for row in rows])


@cache
def _figures() -> dict[str, dict[str, object]]:
    text = Path(__file__).with_name("figures.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, object]] = yaml.safe_load(text)
    return found


def drawn(name: str, rows: Rows, choices: Choices | None = None, /, **values: object) -> Chart:
    """Return a figure of `figures.yaml`, with values in the place of its ``$name``s.

    With `choices` one of several is shown at a time, as a list beneath the figure says.
    """
    import altair as alt
    from altair.utils.schemapi import debug_mode

    if choices is not None and len(choices.labels) > 1:
        values["chosen"] = {"filter": f"datum.{choices.field} == {choices.name}"}
    spec = _filled(_figures()[name], values)
    spec.pop("encodings", None)
    layers, shared = [], data(rows)
    # No check against the schema here: it takes long, and a test draws every figure in a browser.
    with debug_mode(False):
        for layer in spec.pop("layer", [spec]):
            own = layer.get("data")
            if own != {}:  # else what it would show was left out
                chart: Chart = alt.Chart.from_dict(layer, validate=False)
                chart.data = data(own["values"]) if own else shared
                layers.append(chart)
        if len(layers) > 1:
            chart = alt.layer(*layers, **spec)
        if choices is None or len(choices.labels) < 2:
            return chart
        return chart.add_params(choices.list())


def _filled(part: object, values: Mapping[str, object]) -> Any:
    """Return a part of a figure with its values; lists in lists are drawn out."""
    if isinstance(part, dict):
        filled = {key: _filled(inner, values) for key, inner in part.items()}
        return {k: v for k, v in filled.items() if v not in (None, []) or part[k] is None}
    if isinstance(part, list):
        inner = [_filled(one, values) for one in part]
        parts = [one if isinstance(one, list) else [one] for one in inner]
        return [one for some in parts for one in some if one is not None]
    if isinstance(part, str) and part.startswith("$"):
        return values.get(part[1:])
    return part


def finished(chart: Chart, title: str, height: object = 300) -> Chart:
    """Return a figure with its size, title and theme; the page sets `dark` by itself."""
    import altair as alt
    from altair.utils.schemapi import debug_mode

    with debug_mode(False):
        sized = chart.properties(width=WIDTH, height=height, title=title, config=theme())
        return sized.add_params(alt.param(name="dark", value=False))


def thinned(count: int, most: int = MOST_LINES) -> list[int]:
    """Return which of so many sorted lines are shown: all, or the first and the last ones."""
    if count <= most:
        return list(range(count))
    return [*range(most // 2), *range(count - most // 2, count)]


def dot_plot(
    rows: Rows,
    title: str,
    axis: str,
    *,
    format: str = ".0%",
    domain: tuple[float, float] | None = None,
    mark: float | None = None,
    series: str = "",
) -> Figure:
    """Return points with their intervals, one labelled line each.

    `rows` have `label`, `value`, `low` and `high`; if several points share a line, also `series`,
    and the argument `series` is the heading of their legend. `format` is D3's, `domain` gives the
    ends of the axis, and a reference line stands at `mark`.
    """
    labels = list(dict.fromkeys(str(row["label"]) for row in rows))
    format = _finer(format, rows, domain)
    scale = {"domain": list(domain)} if domain else {"zero": False}
    height: dict[str, object] = {"step": STEP}
    values: dict[str, object] = {"labels": labels, "format": format, "axis": axis, "scale": scale}
    if series:
        names = list(dict.fromkeys(str(row["series"]) for row in rows))
        # Names too long to stand side by side within the figure stand below each other.
        legend = {"columns": 1} if any(len(name) > _LONG_NAME for name in names) else {}
        nominal = {"field": "series", "type": "nominal"}
        known = {"legend": legend, "scale": {"domain": names}, "title": series}
        values |= {"apart": nominal | known, "offset": nominal | {"sort": names}}
        values |= {"tip": nominal | {"title": series}}
        height = {"step": max(STEP, 12 * len(names) + 8), "for": "position"}
    reference = None if mark is None else [{"at": mark}]
    chart = drawn("dots", rows, size=55 if series else 60, reference=reference, **values)
    return Figure(chart, title, height)


def _finer(format: str, rows: Rows, domain: tuple[float, float] | None) -> str:
    """Return a percentage's format with a digit more where marks of the axis would repeat."""
    numbers = [float(str(row[name])) for row in rows for name in ("value", "low", "high")]
    known = [number for number in numbers if number == number]
    span = domain[1] - domain[0] if domain else max(known, default=1) - min(known, default=0)
    return ".1%" if format == ".0%" and span < 0.01 * TICKS else format


def heat_map(rows: Rows, title: str, x: str, y: str, *, colour: str, format: str = ".0%") -> Figure:
    """Return a heat map with its numbers and their intervals written in it.

    `rows` have `x`, `y`, `value`, `low` and `high`; `x`, `y` and `colour` are the headings of
    columns, rows and of the number. The ramp spans the values and their intervals, so that cells
    that chance alone tells apart look alike.
    """
    ends_of = [[float(str(row[name])) for name in ("low", "value", "high")] for row in rows]
    low = min(min(ends) for ends in ends_of)
    high = max(low + 1e-9, *(max(ends) for ends in ends_of))
    columns = list(dict.fromkeys(str(row["x"]) for row in rows))
    scale, plain = (100, format[:-1] + "f") if format.endswith("%") else (1, format)
    ends = (f"format({scale} * datum.{end}, '{plain}')" for end in ("low", "high"))
    chart = drawn(
        "heat",
        rows,
        columns=columns,
        lines=list(dict.fromkeys(str(row["y"]) for row in rows)),
        x=x,
        y=y,
        colour=colour,
        format=format,
        ends=[low, high],
        interval="'[' + " + " + ', ' + ".join(ends) + " + ']'",
        ink=readable_ink(f"((datum.value - {low!r}) / {high - low!r})"),
        angle=0 if len(columns) <= UPRIGHT else -30,
    )
    # The numbers are written in the fields, so that no key of colours is needed.
    chart.layer[0].encoding.color.legend = None
    return Figure(chart, title, {"step": 44})


def readable_ink(place: str) -> dict[str, object]:
    """Return black or white, whichever stands out by 4.5 to 1 from the ramp.

    `place` is a Vega expression of the place on the ramp, from 0 to 1.
    """
    white = f"dark ? {place} < 0.55 : {place} > 0.745"
    return {"condition": {"test": white, "value": "#ffffff"}, "value": "#000000"}
