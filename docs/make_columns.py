"""Write docs/columns.md, every column of a sweep's tables, from the code that makes them."""

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import polars as pl

from sim.runs.outcomes import codes_of
from sim.runs.play import play_one
from sim.sweeps.cells import CellSettings
from sim.sweeps.columns import (
    ERROR,
    POINT,
    SWEPT,
    TableColumn,
    run_columns,
    weekly_history,
    weekly_table,
)
from sim.sweeps.planning import make_plan

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "columns.md"

HEAD = """# Columns of a sweep's tables

Every column of `runs.parquet`, one row a run, and of the files in `traces/`, one row a week of a
run. The same descriptions are kept in the files themselves, as JSON under the metadata key
`columns`:

```python
import json

import polars

json.loads(polars.read_parquet_metadata("runs.parquet")["columns"])
```

Of a failed run only the columns up to `error` are filled. What has not happened has week -1, and no
outcome is ever NaN. First and second party are those of the scenario in its order, here Armenia and
Azerbaijan. Utility is measured on the scale of the scenario's weights, see
[the ODD page](odd.md). This page is made from the code by `docs/make_columns.py`.
"""

RUNS = """## `runs.parquet`

### Which run

A sweep adds a column for each key that it varies, under the key as it stands on the line, such as
`strategy@armenia` or `scenario.discount_rate.armenia.value`: numbers as numbers, all else as text.
"""

OUTCOMES = """### What it came to
"""

SCENARIO = """### What depends on the scenario

Named by the scenario's ids; these are those of `september_2024`. Where a scenario models politics
at both homes, `approval`, `opinion` and `protest` above are those of the first party's, and the
second party's follow here as `approval_PARTY`, `opinion_PARTY`, `protest_PARTY` and
`government_fell_PARTY`; with no politics at home they are 0, and opinion one half. Where cells of
one sweep play different scenarios, the columns of one are null in the rows of another.
"""

WORDS = """### Words

Columns of words are enumerations in Polars and plain text to other readers.
"""

TRACES = """## `traces/*.parquet`

Written with `trace=sample` (the first four replicates of each cell) or `trace=all`, and by
`sim run --trace` without the first two columns. Columns are named by the ids of parties, articles
and preconditions; these are those of `september_2024`. Where politics at both homes are modelled,
the second party's `approval`, `opinion`, `protest` and `seats` follow with its id behind.
"""

PLAIN_TYPES = {
    pl.Int8: "whole number",
    pl.Int32: "whole number",
    pl.Int64: "whole number",
    pl.Float64: "number",
    pl.Boolean: "true or false",
    pl.String: "text",
    pl.Date: "date",
}


def type_of(column: TableColumn) -> str:
    """Return a column's type in words."""
    kind = column.type if isinstance(column.type, type) else type(column.type)
    return "word" if kind in (pl.Enum, pl.Categorical) else PLAIN_TYPES[kind]


def rows(columns: Iterable[TableColumn]) -> str:
    """Return a table of columns."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{c.name}` | {type_of(c)} | {c.unit} | {c.meaning} |" for c in columns]
    return "\n".join(lines) + "\n"


def words(columns: Iterable[TableColumn]) -> str:
    """Return which words each column of words can hold; alike columns share a line."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for column in columns:
        if isinstance(column.type, pl.Enum):
            shared.setdefault(tuple(column.type.categories), []).append(f"`{column.name}`")
    lines = ["| columns | words |", "|---|---|"]
    lines += [
        f"| {', '.join(names)} | {', '.join(f'`{word}`' for word in known)} |"
        for known, names in shared.items()
    ]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page."""
    plan = make_plan(["horizon=1", "replicates=1"]).plan
    settings = CellSettings(plan)(0)
    columns = run_columns(plan, [settings.scenario])
    names = [column.name for column in columns]
    first = names.index(ERROR.name) + 1
    of_scenario = next(n for n, name in enumerate(names) if name.startswith("position_"))
    swept = TableColumn("(each swept key)", pl.String, *SWEPT)
    before = [*columns[: first - 2], POINT, swept, *columns[first - 2 : first]]
    weekly = weekly_table([weekly_history(play_one(settings), 0, 0)])
    assert weekly is not None
    which = rows(before).replace(
        "| `(each swept key)` | text |", "| each swept key | number or text |"
    )
    which = which.replace("point of the sampled design;", "only in sampled designs: point;")
    parts = [HEAD, RUNS, which, OUTCOMES, rows(columns[first:of_scenario])]
    parts += [SCENARIO, rows(columns[of_scenario:]), WORDS, words(columns)]
    assert all(codes_of(c.name) is not None or type_of(c) != "word" for c in columns[first:])
    return "\n".join([*parts, TRACES, rows(weekly.columns)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
