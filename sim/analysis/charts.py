"""What every analysis returns, a table and a picture, and the kinds of figures they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, cast

import polars as pl

if TYPE_CHECKING:
    import altair as alt

Chart: TypeAlias = "alt.Chart | alt.LayerChart"
AnyChart: TypeAlias = "alt.Chart | alt.LayerChart | alt.FacetChart"
Rows: TypeAlias = Sequence[Mapping[str, object]]
Schema: TypeAlias = Mapping[str, type[pl.DataType]]

WIDTH = 640
"""Width in a notebook; the report lets figures fill their column."""
STEP = 22
"""Height of a line with a label."""
TICKS = 6
"""About how many marks an axis of numbers has."""
MOST_LINES = 40
"""Most labelled lines that one figure shows."""

CATEGORY = ("#0b5fa5", "#b8480f", "#0f766e", "#8a3a86", "#5b5f66", "#8a6d00", "#a3304a", "#3b6e1f",
            "#b9bcc2")  # fmt: skip
CATEGORY_DARK = ("#6fb3f2", "#ff9d66", "#4fc9b8", "#dd9cd8", "#b4b8c0", "#e0c04d", "#f08fa4",
                 "#9acb7a", "#4a4f57")  # fmt: skip
RAMP = ("#eef4fb", "#0b4f8a")
RAMP_DARK = ("#1d2530", "#7cc0ff")

_LONG_NAME = 20
"""From this length on, names in a legend stand below each other."""
_FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


class Figure(NamedTuple):
    """A figure before it has its size and theme."""

    chart: AnyChart
    title: str
    height: object = 300  # pixels, or Vega-Lite's step for each labelled line


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """One answer. Frozen; made by the functions of `sim.analysis`.

    A subclass says its records and its figure; the table and the picture follow.
    """

    schema: ClassVar[Schema] = {}  # of the table, where it may be empty

    notes: tuple[str, ...] = ()  # what a reader must know to read it rightly, one sentence each

    def records(self) -> Iterable[Mapping[str, object]] | pl.DataFrame:
        """Return the rows of the table, or the table itself."""
        raise NotImplementedError

    def figure(self) -> Figure:
        """Return what is drawn."""
        raise NotImplementedError

    def to_frame(self) -> pl.DataFrame:
        """Return it as a table."""
        found = self.records()
        return found if isinstance(found, pl.DataFrame) else table(found, self.schema)

    def plot(self) -> Chart:
        """Return it as a picture (Altair)."""
        return finished(*self.figure())


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


def finished(chart: AnyChart, title: str, height: object = 300) -> Chart:
    """Return a figure with its size, title and theme; the page sets `dark` by itself."""
    import altair as alt

    sized = chart.properties(width=WIDTH, height=height, title=title, config=theme())
    return cast("Chart", sized.add_params(alt.param(name="dark", value=False)))


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
    import altair as alt

    labels = list(dict.fromkeys(str(row["label"]) for row in rows))
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=False)

    def x(field: str) -> alt.X:
        return alt.X(field, scale=scale, axis=alt.Axis(format=format, title=axis))

    base = alt.Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(minExtent=60))
    )
    tips = [alt.Tooltip("label:N", title="cell"), *_interval_tips(format)]
    height: dict[str, object] = {"step": STEP}
    points = base.mark_point(size=60, filled=True, opacity=1)
    if series:
        names = list(dict.fromkeys(str(row["series"]) for row in rows))
        # Names too long to stand side by side within the figure stand below each other.
        stacked = any(len(name) > _LONG_NAME for name in names)
        legend = alt.Legend(columns=1) if stacked else alt.Legend()
        known = alt.Scale(domain=names)
        base = base.encode(
            color=alt.Color("series:N", scale=known, title=series, legend=legend),
            yOffset=alt.YOffset("series:N", sort=names),
        )
        shape = alt.Shape("series:N", scale=known, title=series, legend=legend)
        points = base.mark_point(size=55, filled=True, opacity=1).encode(shape=shape)
        tips.append(alt.Tooltip("series:N", title=series))
        height = {"step": max(STEP, 12 * len(names) + 8), "for": "position"}
    lines = base.mark_rule(strokeWidth=2).encode(x=x("low:Q"), x2="high:Q")
    layers = [lines, points.encode(x=x("value:Q"), tooltip=tips)]
    if mark is not None:
        rule = alt.Chart(data([{"at": mark}])).mark_rule(strokeDash=[4, 4], strokeWidth=1)
        layers.insert(0, rule.encode(x=x("at:Q")))
    return Figure(alt.layer(*layers), title, height)


def _interval_tips(format: str) -> list["alt.Tooltip"]:
    import altair as alt

    names = ("value", "low", "high")
    return [alt.Tooltip(f"{name}:Q", title=name, format=format) for name in names]


def heat_map(
    rows: Rows,
    title: str,
    x: str,
    y: str,
    *,
    colour: str,
    format: str = ".0%",
    choices: Sequence[str] = (),
    choice_title: str = "",
) -> Figure:
    """Return a heat map with its numbers written in it.

    `rows` have `x`, `y`, `value`, `low` and `high`; with `choices` also `choice`, one of which is
    shown at a time. `x`, `y` and `colour` are the headings of columns, rows and of the number.
    """
    import altair as alt

    columns = list(dict.fromkeys(str(row["x"]) for row in rows))
    lines = list(dict.fromkeys(str(row["y"]) for row in rows))
    if choices:
        rows = [{**row, "choice": choices.index(str(row["choice"]))} for row in rows]
    values = [float(str(row["value"])) for row in rows]
    low, high = min(values), max(max(values), min(values) + 1e-9)
    base = alt.Chart(data(rows)).encode(
        x=alt.X("x:N", sort=columns, title=x, axis=alt.Axis(labelAngle=-30)),
        y=alt.Y("y:N", sort=lines, title=y),
    )
    if choices:
        chosen = chooser("shown", choices, choice_title)
        base = base.add_params(chosen).transform_filter("datum.choice == shown")
    scale = alt.Scale(domain=[low, high], interpolate="rgb")
    boxes = base.mark_rect().encode(
        color=alt.Color("value:Q", title=colour, scale=scale, legend=alt.Legend(format=format)),
        tooltip=[alt.Tooltip("y:N", title=y), alt.Tooltip("x:N", title=x), *_interval_tips(format)],
    )
    numbers = base.mark_text(fontSize=12).encode(
        text=alt.Text("value:Q", format=format),
        color=readable_ink(f"((datum.value - {low!r}) / {high - low!r})"),
    )
    return Figure(alt.layer(boxes, numbers), title, {"step": 34})


def readable_ink(place: str) -> Mapping[str, object]:
    """Return black or white, whichever stands out by 4.5 to 1 from the ramp.

    `place` is a Vega expression of the place on the ramp, from 0 to 1.
    """
    import altair as alt

    white = f"dark ? {place} < 0.55 : {place} > 0.745"
    return alt.condition(white, alt.value("#ffffff"), alt.value("#000000"))


def dates(title: str | None = None) -> "alt.X":
    """Return a horizontal axis of calendar dates in the field ``date``."""
    import altair as alt

    axis = alt.Axis(format="%b %Y", tickCount=TICKS, labelOverlap=True, labelAngle=0)
    return alt.X("date:T", title=title, axis=axis)


def told_apart(field: str, title: str | None, names: Sequence[str]) -> dict[str, object]:
    """Return the channels that tell lines apart by colour and by dash, with one legend.

    `names` are the values of the field in their order.
    """
    import altair as alt

    scale = alt.Scale(domain=list(names))
    return {
        "color": alt.Color(f"{field}:N", scale=scale, title=title),
        "strokeDash": alt.StrokeDash(f"{field}:N", scale=scale, title=title),
    }


def chooser(name: str, choices: Sequence[str], title: str) -> "alt.Parameter":
    """Return a parameter that a list of choices beneath the figure sets, by their numbers."""
    import altair as alt

    numbers = list(range(len(choices)))
    bound = alt.binding_select(options=numbers, labels=list(choices), name=f"{title}: ")
    return alt.param(name=name, value=0, bind=bound)


def dots(*args: Any, **options: Any) -> Chart:
    """Return `dot_plot` with its size and theme."""
    return finished(*dot_plot(*args, **options))


def heat(*args: Any, **options: Any) -> Chart:
    """Return `heat_map` with its size and theme."""
    return finished(*heat_map(*args, **options))
