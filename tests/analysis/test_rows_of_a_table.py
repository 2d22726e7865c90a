"""Tables and shards whose rows cannot be right: one line, or what is missing at the head."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.analysis import NotInResults, incidence, load, signing_rates
from sim.analysis.page.content import Report
from sim.analysis.page.sweep_page import sweep_report
from sim.commands.cli import main
from sim.errors import ConfigError
from sim.runs.files import parquet_bytes
from sim.sweeps.store import RUNS, SHARDS
from tests.analysis.test_answer import check
from tests.analysis.test_loading import fail_cells

Change = Callable[[pl.DataFrame], pl.DataFrame]
Altered = Callable[[Path, Change], Path]


def missing(report: Report) -> dict[str, str]:
    """Parts of a report that are not there, and why."""
    return {p.key: p.missing for s in report.sections for p in s.parts if p.missing}


def all_null(name: str) -> Change:
    return lambda runs: runs.with_columns(pl.lit(None, runs.schema[name]).alias(name))


def one_cell_is(number: int) -> Change:
    cell = pl.when(pl.col("cell") == 3).then(number).otherwise(pl.col("cell"))
    return lambda runs: runs.with_columns(cell.cast(pl.Int32).alias("cell"))


def rewrite(file: Path, change: Change) -> None:
    """Change a shard as somebody would who knows about digests."""
    stated = pl.read_parquet_metadata(file)
    stated.pop("ARROW:schema", None)
    file.write_bytes(parquet_bytes(change(pl.read_parquet(file)), stated))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_cell_is(12), "tells of cell 12, where only 0 to 11 are planned"),
        (one_cell_is(-1), "tells of cell -1"),
        (lambda runs: runs.with_columns(pl.lit(0, pl.Int32).alias("cell")), "more than once"),
        (all_null("cell"), "'cell' that is not all whole numbers"),
        (all_null("signed"), "does not say in 288 rows what was signed"),
        (all_null("run_status"), "288 rows without 'run_status'"),
        (lambda runs: runs.with_columns(pl.lit("maybe").alias("signed")), "has 'maybe'"),
        (lambda runs: runs.with_columns(pl.lit(1).alias("signed")), "holds no words"),
    ],
)
def test_a_table_that_cannot_be_right(
    change: Change, message: str, factorial_folder: Path, altered: Altered
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        load(altered(factorial_folder, change))
    assert len(raised.value.problems) == 1
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    "kind", [pl.String(), pl.Categorical(), pl.Enum(["full", "none", "interim", "other"])]
)
def test_words_are_known_however_they_are_stored(
    kind: pl.DataType, factorial_folder: Path, altered: Altered
) -> None:
    def change(runs: pl.DataFrame) -> pl.DataFrame:
        return runs.with_columns(pl.col("signed").cast(pl.String).cast(kind))

    folder = altered(factorial_folder, change)
    results = load(folder)
    expected = signing_rates(load(factorial_folder)).to_frame()
    assert signing_rates(results).to_frame().equals(expected)
    check(sweep_report(results, lambda words: None), folder)


def test_an_empty_column_is_told_at_the_head(factorial_folder: Path, altered: Altered) -> None:
    results = load(altered(factorial_folder, all_null("status")))
    assert any("has nothing in the column 'status'" in note for note in results.notes)
    with pytest.raises(NotInResults, match="'status' of the table of runs is empty"):
        incidence(results)
    assert "'status'" in missing(sweep_report(results, lambda words: None))["incidence"]


def test_a_missing_column_is_told_at_the_head(factorial_folder: Path, altered: Altered) -> None:
    lost = ["dignity", "in_force", "ledger_signed", "position_XV", "full_week"]
    results = load(altered(factorial_folder, lambda runs: runs.drop(lost)))
    (note,) = results.notes
    assert "lacks the columns 'full_week'" in note
    assert "and 1 more" in note
    assert sweep_report(results, lambda words: None).gaps == (note,)
    assert load(factorial_folder).notes == ()


def test_all_failed_without_a_reason(
    factorial_folder: Path, altered: Altered, capsys: pytest.CaptureFixture[str]
) -> None:
    fail = fail_cells(list(range(12)))
    folder = altered(factorial_folder, lambda runs: fail(runs).drop("error"))
    assert main(["report", str(folder)]) == 2
    assert capsys.readouterr().err.strip().endswith("all 288 runs failed")


def test_all_failed_with_no_reason_stated(factorial_folder: Path, altered: Altered) -> None:
    fail = fail_cells(list(range(12)))
    folder = altered(factorial_folder, lambda runs: all_null("error")(fail(runs)))
    with pytest.raises(ConfigError, match=r"all 288 runs failed$"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop("seed"), "lacks the column 'seed'"),
        (lambda rows: rows.with_columns(pl.lit(99, pl.Int32).alias("cell")), "tells of cell 99"),
        (all_null("signed"), "what was signed"),
    ],
)
def test_a_shard_that_cannot_be_right_is_left_out(
    change: Change, message: str, factorial_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(factorial_folder, tmp_path / "copied"))
    (folder / RUNS).unlink()
    shard = sorted((folder / SHARDS).iterdir())[0]
    rewrite(shard, change)
    results = load(folder)
    assert any(message in note and "are missing" in note for note in results.notes)
    assert 0 < results.stored < 288
    for other in sorted((folder / SHARDS).iterdir())[1:]:
        rewrite(other, change)
    with pytest.raises(ConfigError, match="no run can be read"):
        load(folder)


def test_a_shard_of_other_types_is_left_out(factorial_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(factorial_folder, tmp_path / "copied"))
    (folder / RUNS).unlink()
    shard = sorted((folder / SHARDS).iterdir())[-1]
    rewrite(shard, lambda rows: rows.with_columns(pl.col("signed").cast(pl.String)))
    results = load(folder)
    assert any("other types" in note for note in results.notes)
    assert len(signing_rates(results).to_frame())
