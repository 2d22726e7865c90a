"""The weekly history as a Parquet file: complete, explained, never overwritten."""

import datetime
import errno
import json
import os
from pathlib import Path

import polars as pl
import pytest

from sim.config.compose import compose
from sim.errors import ConfigError, SimError
from sim.model.codes import Article, Treaty
from sim.runs.opening import RunRecord
from sim.runs.play import play_one
from sim.runs.trace import trace, write_trace


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return play_one(compose(["seed=3", "horizon=130"]))


def frame(record: RunRecord) -> pl.DataFrame:
    return pl.DataFrame([series.values for series in trace(record)])


def test_round_trip(record: RunRecord, tmp_path: Path) -> None:
    """What is read back is what was written, one row a week."""
    file = tmp_path / "talks.parquet"
    write_trace(record, file, ["seed=3"])
    table = pl.read_parquet(file)
    assert table.equals(frame(record))
    assert table.height == len(record.history)


def test_values_are_those_of_the_history(record: RunRecord) -> None:
    table = frame(record)
    history = record.history
    scenario = record.settings.scenario
    index = list(scenario.provisions).index("VII")
    assert table["week"].to_list() == list(range(len(history)))
    assert table["date"][0] == datetime.date(2024, 9, 17)
    assert table["date"][10] == datetime.date(2024, 11, 26)
    assert table["approval"].to_list() == list(history["approval"][:, 0])
    assert table["target_azerbaijan"].to_list() == list(history["target"][:, 1])
    assert table["offer_VII_armenia"].to_list() == list(history["offer"][:, 0, index])
    assert table["status"].to_list() == [Treaty(int(s)).name.lower() for s in history["status"]]
    assert table["article_VII"].to_list() == [
        Article(int(s)).name.lower() for s in history["article"][:, index]
    ]


def test_the_ledger_grows_by_one_week_a_week(record: RunRecord) -> None:
    ledger = frame(record).select(pl.sum_horizontal(pl.col("^ledger_.*$"))).to_series()
    assert ledger.to_list() == pytest.approx(list(range(1, len(record.history) + 1)))


def test_signing_is_weighed_only_while_there_is_something_to_sign(record: RunRecord) -> None:
    table = frame(record)
    weighed = (record.history["text_week"] >= 0) & (record.history["status"] < Treaty.SIGNED_FULL)
    assert table["value_now_armenia"].is_not_null().to_list() == list(weighed)


def test_every_column_is_explained(record: RunRecord, tmp_path: Path) -> None:
    file = tmp_path / "talks.parquet"
    write_trace(record, file, ["seed=3"])
    stated = pl.read_parquet_metadata(file)
    columns = json.loads(stated["columns"])
    assert list(columns) == pl.read_parquet(file).columns
    assert [series.column.name for series in trace(record)] == list(columns)
    for name, said in columns.items():
        assert isinstance(said, dict), name
        assert said["unit"], name
        assert said["meaning"], name
    run = json.loads(stated["run"])
    assert run["seed"] == 3
    assert run["overrides"] == ["seed=3"]
    assert run["driver"] == "engine"


def test_same_run_same_bytes(record: RunRecord, tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_trace(record, tmp_path / name)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_nothing_is_overwritten(record: RunRecord, tmp_path: Path) -> None:
    file = tmp_path / "talks.parquet"
    file.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="exists already"):
        write_trace(record, file)
    assert file.read_bytes() == b"precious"


def test_places_where_no_trace_can_be(record: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        write_trace(record, tmp_path / "nowhere" / "talks.parquet")
    with pytest.raises(ConfigError, match=r"ends in \.parquet"):
        write_trace(record, tmp_path / "talks.csv")


def test_a_disk_that_refuses_leaves_nothing_behind(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails half way is told in one line, and the half file is removed."""
    file = tmp_path / "talks.parquet"
    opened = Path.open

    class Full:
        def __init__(self, inner: object) -> None:
            self.inner = inner

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.inner.close()

        def write(self, content: bytes) -> int:
            self.inner.write(content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refusing(self: Path, *arguments: object, **options: object) -> object:
        found = opened(self, *arguments, **options)
        return Full(found) if self == file else found

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(SimError, match="No space left"):
        write_trace(record, file)
    assert not file.exists()
