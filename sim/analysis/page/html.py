"""A report as one HTML file that needs no network: data, figures and scripts stand inside it."""

import json
import re
from importlib.resources import files
from pathlib import Path

import polars as pl
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from sim import __version__
from sim.analysis.charts import theme
from sim.analysis.page.content import Part, Report

MOST_ROWS = 200
"""Most lines of a table on the page; the files of ``--format csv`` hold all."""
TEMPLATE, STYLE, SCRIPT = "report.html.j2", "report.css", "report.js"


def html(report: Report) -> str:
    """Return a report as the text of one HTML file."""
    environment = Environment(
        loader=PackageLoader("sim.analysis.page", "files"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cells"] = cells
    environment.filters["spec"] = spec
    template = environment.get_template(TEMPLATE)
    return template.render(
        report=report,
        version=__version__,
        most_rows=MOST_ROWS,
        style=Markup(_file(STYLE)),
        script=Markup(_file(SCRIPT)),
        vega=Markup(_vega()),
        themes=Markup(
            _safe({"light": _transparent(theme()), "dark": _transparent(theme(dark=True))})
        ),
    )


def _transparent(config: dict[str, object]) -> dict[str, object]:
    """Return a theme that lets the page's own background through."""
    return config | {"background": "transparent"}


def write_html(report: Report, target: Path) -> None:
    """Write a report as one HTML file."""
    target.write_text(html(report), encoding="utf-8")


def cells(table: pl.DataFrame) -> list[list[tuple[str, str]]]:
    """Return a table's first rows as texts, each with a class of how it is set.

    The class is ``n`` for numbers, which stand to the right, ``i`` for dates and for numbers with
    intervals, which are not broken, and empty for all else.
    """
    rows = [[cell(value) for value in row] for row in table.head(MOST_ROWS).iter_rows()]
    kinds = [_kind([row[n] for row in rows]) for n in range(table.width)]
    return [list(zip(row, kinds, strict=True)) for row in rows]


def _kind(texts: list[str]) -> str:
    """Return how a column of texts is set."""
    if all(re.fullmatch(r"[−\d.,e]+( %)?|-", text) for text in texts):
        return "n"
    if all(re.fullmatch(r"\d{4}-\d\d-\d\d", text) for text in texts):
        return "i"
    return "i" if any(re.search(r"\d \[", text) for text in texts) else ""


def cell(value: object) -> str:
    """Return one value of a table as text."""
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", "−")
    return str(value)


def spec(part: Part) -> Markup:
    """Return a part's figure as JSON that may stand inside a script element."""
    return Markup(_safe(part.chart))


def _safe(content: object) -> str:
    """Return JSON in which nothing can end a script element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _vega() -> str:
    """Return the scripts that draw the figures, as they come with vl-convert."""
    import vl_convert

    # Its stub asks for an argument that it does not need.
    bundle: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    # The editor that a menu entry would open lies on the network; nothing here leads there.
    return bundle.replace("</script", "<\\/script")


def _file(name: str) -> str:
    """Return a file that belongs to the page."""
    return (files("sim.analysis.page") / "files" / name).read_text(encoding="utf-8")
