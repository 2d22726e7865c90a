"""Queries that find a statement's numbers again: one line of DuckDB's SQL on the results' files.

The SQL stands in `files/queries.sql.j2`. Quantiles of Student's distribution, which SQL lacks, are
passed as numbers.
"""

import glob
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from sim.analysis.results import Results
from sim.runs.shares import Z, student
from sim.sweeps.columns import as_stored, swept_type
from sim.sweeps.overrides import Value

SIGNED, FULL, INTERIM = "signed <> 'none'", "signed = 'full'", "signed = 'interim'"


def query(name: str, **values: object) -> str:
    """Return one of the template's queries with these values in it."""
    return str(getattr(_template().module, name)(**values))


@cache
def _template() -> Template:
    environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL
    environment.filters["column"] = column
    environment.globals.update(z=Z, student=student, has=has, signed=SIGNED, from_above=_from_above)
    text = (files("sim.analysis.page") / "files" / "queries.sql.j2").read_text(encoding="utf-8")
    # Before anything is filled in, so that names and values keep their blanks.
    return environment.from_string(" ".join(text.split()))


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


def among(results: Results, values: Mapping[str, Value], condition: str = "") -> str:
    """Return the condition that a run worked, has some values, and meets a further condition."""
    parts = ["run_status = 'ok'", *(has(results, key, value) for key, value in values.items())]
    return " AND ".join([*parts, condition] if condition else parts)


def _from_above(results: Results) -> str:
    # DuckDB takes brackets and stars of a folder's name for a pattern, and a quote for the end.
    folder = glob.escape(str(results.folder)).replace("'", "''")
    return results.source.replace("'shards/", f"'{folder}/shards/").replace(
        "'runs.parquet'", f"'{folder}/runs.parquet'"
    )


def together(parts: Mapping[str, str]) -> str:
    """Return one query that gives the columns of several one-row queries side by side."""
    return "SELECT * FROM " + ", ".join(f"({sql}) AS {column(name)}" for name, sql in parts.items())
