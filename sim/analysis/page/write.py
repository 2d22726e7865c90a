"""A report on disk: one HTML file that needs no network, Markdown, or a folder of tables.

The HTML file holds its data, figures and scripts; Markdown the answer with its queries and every
table; a folder of CSV or Parquet files one table for each result, with a list of contents.
"""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import distribution
from itertools import count
from pathlib import Path
from typing import Literal

import polars as pl
import polars.selectors as cs
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from sim import __version__
from sim.analysis.charts import theme
from sim.analysis.loading import holds_run, load
from sim.analysis.page.content import Part, Report, Say, file_text
from sim.analysis.page.run_page import run_report
from sim.analysis.page.sweep_page import comparison_report, sweep_report
from sim.analysis.single_run import load_run
from sim.errors import ConfigError, SimError
from sim.model.identity import digest, keep, recall
from sim.runs.files import check_name
from sim.sweeps.overrides import Value

Named = Callable[[str], str]
"""Puts words in the place of raw names."""
Format = Literal["html", "md", "csv", "parquet", "svg", "png", "pdf"]
ENDINGS: Mapping[str, str] = {"html": ".html", "md": ".md"}
"""Ending of what is one file; other formats are folders, of tables or of figures."""
FIGURES = ("svg", "png", "pdf")
VEGA = "vl-convert-python"
"""Distribution that puts the scripts of the figures together."""
FIGURE_WIDTH = 720
"""Width of a figure as a file of its own, in pixels."""
MOST_ROWS = 200
"""Most lines of a table on the page; the files of ``--format csv`` hold all."""
STYLE, SCRIPT = "report.css", "report.js"
ANSWER, CONTENTS = "answer", "contents"


def make_report(
    folders: Sequence[Path],
    say: Say,
    start: Mapping[str, Value] | None = None,
    outcome: str = "",
) -> Report:
    """Return the report of a sweep, of a single run, or of several sweeps compared.

    Each step is told to `say`; `start` and `outcome` are those of `sweep_report`. Raises
    `SimError` if the folders cannot be used.
    """
    if len(folders) > 1:
        single = [folder for folder in folders if holds_run(folder)]
        if single:
            raise ConfigError([f"{single[0]}: holds a single run; sweeps can be compared"])
        sweeps = [load(folder) for folder in folders]
        return comparison_report(sweeps, say, outcome or "signed")
    if holds_run(folders[0]):
        if start or outcome:
            option = "--start" if start else "--outcome"
            raise ConfigError([f"{option}: a single run has no levers to change"])
        return run_report(load_run(folders[0]), say)
    return sweep_report(load(folders[0]), say, start, outcome)


def default_target(folder: Path, format: Format, compared: bool) -> Path:
    """Return a place in the results' folder that is still free."""
    name = "comparison" if compared else "report"
    numbered = (name if n == 1 else f"{name}-{n}" for n in count(1))
    ending = ENDINGS.get(format, f"-{format}")
    targets = (folder / f"{name}{ending}" for name in numbered)
    return next(target for target in targets if not target.exists())


def check_target(target: Path) -> None:
    """Check, before anything is computed, that a report can be written there.

    Raises `ConfigError` if something is there already, or the folder does not exist.
    """
    check_name(target)
    if target.exists() or target.is_symlink():
        raise ConfigError([f"--out: {target}: exists already and is not overwritten"])
    if not target.absolute().parent.is_dir():
        raise ConfigError([f"--out: {target}: no such folder: {target.parent}"])


def write_report(report: Report, target: Path, format: Format) -> None:
    """Write a report whole or not at all; `SimError` if it cannot be written."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if format == "html":
            part.write_text(html(report), encoding="utf-8")
        elif format == "md":
            part.write_text(markdown(report), encoding="utf-8")
        else:
            part.mkdir()
            write = write_figures if format in FIGURES else write_tables
            write(report, part, format)
        part.replace(target)
    except OSError as error:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
        raise SimError(f"{target}: cannot be written, {error.strerror or error}") from error


def html(report: Report) -> str:
    """Return a report as the text of one HTML file."""
    modes = {"light": False, "dark": True}
    themes = {name: theme(dark) | {"background": "transparent"} for name, dark in modes.items()}
    return _filled(
        "report.html.j2",
        report,
        version=__version__,
        style=Markup(file_text(STYLE)),
        script=Markup(file_text(SCRIPT)),
        vega=Markup(_vega()),
        themes=Markup(_safe(themes)),
    )


def markdown(report: Report) -> str:
    """Return a report as Markdown."""
    return _filled("report.md.j2", report)


def _filled(name: str, report: Report, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("sim.analysis.page", "files"),
        autoescape=select_autoescape(["html.j2"], default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    environment.filters |= {
        "cells": partial(cells, named=report.named),
        "spec": partial(spec, named=report.named),
        "escaped": escaped,
        "named": report.named,
    }
    return environment.get_template(name).render(report=report, most_rows=MOST_ROWS, **values)


def cells(table: pl.DataFrame, named: Named = str) -> list[list[tuple[str, str]]]:
    """Return a table's first rows as texts, each with a class of how it is set.

    `named` puts words in the place of raw names.

    The class is ``n`` for numbers, which stand to the right, ``i`` for dates and for numbers with
    intervals, which are not broken, and empty for all else.
    """
    rows = [[named(cell(value)) for value in row] for row in table.head(MOST_ROWS).iter_rows()]
    kinds = [_kind([row[n] for row in rows]) for n in range(table.width)]
    return [list(zip(row, kinds, strict=True)) for row in rows]


def _kind(texts: list[str]) -> str:
    if all(re.fullmatch(r"[−\d.,e]+( %)?|-", text) for text in texts):
        return "n"
    if all(re.fullmatch(r"\d{4}-\d\d-\d\d", text) for text in texts):
        return "i"
    return "i" if all(re.fullmatch(r"[−+\d.,]+ \[.*\]|-", text) for text in texts) else ""


def cell(value: object) -> str:
    """Return one value of a table as text."""
    if value is None or (isinstance(value, float) and value != value):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", "−")
    return str(value)


def spec(part: Part, named: Named) -> Markup:
    """Return a part's figure as JSON that may stand inside a script element."""
    return Markup(_safe(_renamed(part.chart, named)))


def _renamed(node: object, named: Named) -> object:
    """Return a figure with words in the place of raw names, but in expressions."""
    if isinstance(node, dict):
        kept = ("calculate", "filter", "test", "expr", "field")
        return {k: v if k in kept else _renamed(v, named) for k, v in node.items()}
    if isinstance(node, list):
        return [_renamed(inner, named) for inner in node]
    return named(node) if isinstance(node, str) else node


def _safe(content: object) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def write_figures(report: Report, folder: Path, kind: str) -> None:
    """Write every figure of a report into an empty folder: on white, with its source."""
    import altair as alt
    import vl_convert

    source = report.named(report.title) + " - sim report"
    for part in report.parts:
        if part.chart is None:
            continue
        drawn = _renamed(part.chart, report.named)
        assert isinstance(drawn, dict)
        drawn["title"] = {"text": drawn.get("title", part.title), "subtitle": source}
        drawn |= {"width": FIGURE_WIDTH, "config": theme(), "$schema": alt.SCHEMA_URL}
        file = folder / f"{part.key}.{kind}"
        if kind == "svg":
            file.write_text(vl_convert.vegalite_to_svg(drawn), encoding="utf-8")
        else:
            to = vl_convert.vegalite_to_png if kind == "png" else vl_convert.vegalite_to_pdf
            file.write_bytes(to(drawn))


def _vega() -> str:
    # The hashes of all files of the package that puts the bundle together, which takes seconds.
    made_by = distribution(VEGA).read_text("RECORD") or ""
    bundle = recall("vega", key := digest(made_by))
    if not isinstance(bundle, str):
        import vl_convert

        # Its stub asks for an argument that it does not need.
        bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
        if made_by:
            keep("vega", key, bundle, most=2)
    assert isinstance(bundle, str)
    # The editor that a menu entry would open lies on the network; nothing here leads there.
    return bundle.replace("</script", "<\\/script")


def escaped(text: str) -> str:
    """Return a text in which Markdown and HTML see nothing but text."""
    marks = {mark: f"\\{mark}" for mark in "\\`*_{}[]#|"}
    table = str.maketrans({**marks, "<": "&lt;", ">": "&gt;"})
    return " ".join(text.translate(table).split())


def write_tables(report: Report, folder: Path, kind: str) -> None:
    """Write every table of a report into an empty folder, as ``csv`` or ``parquet``."""
    tables = {part.key: part.frame for part in report.parts if part.frame is not None}
    titles = {part.key: part.title for part in report.parts}
    tables[ANSWER] = pl.DataFrame(
        [{"sentence": s.text, "query": s.query} for s in report.statements],
        {"sentence": pl.String, "query": pl.String},
    )
    listed = [
        {"file": f"{key}.{kind}", "title": titles.get(key, "The answer"), "lines": len(frame)}
        for key, frame in tables.items()
    ]
    tables[CONTENTS] = pl.DataFrame(listed)
    for key, frame in tables.items():
        path = folder / f"{key}.{kind}"
        if kind == "csv":
            harmless(frame).write_csv(path)
        else:
            frame.write_parquet(path)


FORMULA = r"^[=+\-@\t\r]"
"""How text begins that a spreadsheet would carry out."""
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose words no spreadsheet takes for a formula: a quote stands before those.

    Numbers stay as they are, also those written as words.
    """
    words = cs.by_dtype(pl.String, pl.Enum, pl.Categorical).as_expr().cast(pl.String)
    formula = words.str.contains(FORMULA) & ~words.str.contains(NUMBER)
    return frame.with_columns(pl.when(formula).then("'" + words).otherwise(words).name.keep())
