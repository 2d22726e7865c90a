"""Figures of a single run: timeline, demands, text, wants, politics at home."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from sim.analysis.result import Chart


def timeline(frame: pl.DataFrame) -> "Chart":
    """Return the moves over time, one line for each kind."""
    import altair as alt

    from sim.analysis.charts import data, dates, finished

    kinds = frame["kind"].unique(maintain_order=True).sort().to_list()
    rows = [
        {
            "date": row["date"].isoformat(),
            "kind": row["kind"],
            "actor": row["actor"] or "both, or nobody",
            "told": f"{row['said']} ({row['why']})" if row["why"] else row["said"],
        }
        for row in frame.iter_rows(named=True)
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_point(size=70, filled=True, opacity=0.75)
        .encode(
            x=dates(),
            y=alt.Y("kind:N", sort=kinds, title=None),
            color=alt.Color("actor:N", title="actor"),
            shape=alt.Shape("actor:N", title="actor"),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("actor:N"),
                alt.Tooltip("told:N", title="what"),
            ],
        )
    )
    return finished(chart, "Moves by kind; point at one to read it", {"step": 42})


def _lines(frame: pl.DataFrame, title: str, axis: str, dashed: bool = True) -> "Chart":
    """Return lines over time, one a column beside `week` and `date`."""
    import altair as alt

    from sim.analysis.charts import data, dates, finished, told_apart

    names = [c for c in frame.columns if c not in ("week", "date")]
    rows = [
        {"date": row["date"].isoformat(), "of": name, "value": round(float(row[name]), 4)}
        for row in frame.iter_rows(named=True)
        for name in names
        if row[name] is not None
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2.2, interpolate="step-after")
        .encode(
            x=dates(),
            y=alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True)),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("of:N"),
                alt.Tooltip("value:Q", format=".3f"),
            ],
            **told_apart("of", None, names),
        )
    )
    return finished(chart, title, 280)


def demands(frame: pl.DataFrame) -> "Chart":
    """Return what each side asked for and would take, over time."""
    return _lines(frame, "Demands and the least that each side takes", "share of what was open")


def home(frame: pl.DataFrame) -> "Chart":
    """Return approval, support, protest and attention over time."""
    return _lines(frame, "At home, and the mediator's attention", "share")


def text(frame: pl.DataFrame) -> "Chart":
    """Return text and drafts over time; a list chooses the article."""
    import altair as alt

    from sim.analysis.charts import chooser, data, dates, finished, told_apart

    articles = frame["article"].unique(maintain_order=True).to_list()
    names = frame["of"].unique(maintain_order=True).to_list()
    rows = [
        {
            "article": articles.index(row["article"]),
            "date": row["date"].isoformat(),
            "of": row["of"],
            "position": round(float(row["position"]), 4),
        }
        for row in frame.iter_rows(named=True)
        if row["position"] is not None
    ]
    chart = (
        alt.Chart(data(rows))
        .add_params(chooser("article_shown", articles, "article"))
        .transform_filter("datum.article == article_shown")
        .mark_line(strokeWidth=2.2, interpolate="step-after")
        .encode(
            x=dates(),
            y=alt.Y("position:Q", scale=alt.Scale(domain=[0, 1]), title="position"),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("of:N"),
                alt.Tooltip("position:Q", format=".2f"),
            ],
            **told_apart("of", None, names),
        )
    )
    return finished(chart, "The text and both drafts", 260)


def wants(frame: pl.DataFrame) -> "Chart":
    """Return ideals and where each article ended, one line an article."""
    from sim.analysis.charts import dots

    ideals = [c for c in frame.columns if c.startswith("ideal of ")]
    rows = [
        {"label": row["article"], "series": words, "value": value, "low": value, "high": value}
        for row in frame.iter_rows(named=True)
        for words, value in (*((c, row[c]) for c in ideals), ("ended at", row["position"]))
        if value is not None
    ]
    title = "Who wanted what, and where it ended"
    return dots(rows, title, "position", format=".2f", domain=(0, 1), series="whose")
