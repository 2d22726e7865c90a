"""The page of columns is the one that the code makes, and describes every column of a table."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import polars as pl

from sim.sweeps.execute import Outcome

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
spec = importlib.util.spec_from_file_location("make_columns", ROOT / "docs" / "make_columns.py")
assert spec is not None
assert spec.loader is not None
make_columns = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_columns)


def test_the_page_is_up_to_date() -> None:
    assert make_columns.page() == PAGE, "docs/columns.md is stale, run `make docs`"


def test_every_column_of_a_table_is_on_the_page(play: Callable[..., Outcome]) -> None:
    done = play("replicates=2 trace=all")
    (trace,) = (done.store.folder / "traces").iterdir()
    for file in (done.store.runs_file, trace):
        missing = [name for name in pl.read_parquet_schema(file) if f"| `{name}` |" not in PAGE]
        assert missing == []
