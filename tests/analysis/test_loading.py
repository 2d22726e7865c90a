"""Folders that are empty, foreign, unfinished or damaged: one clear line, or an honest part."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.analysis import NotInResults, Results, load, load_run, signing_rates
from sim.analysis.page.sweep_page import sweep_report
from sim.errors import ConfigError
from sim.runs.files import parquet_bytes
from sim.sweeps.store import PLAN, RUNS, SHARDS

Altered = Callable[..., Path]


@pytest.fixture
def copied(factorial_folder: Path, tmp_path: Path) -> Path:
    """A copy of a whole sweep, to be damaged."""
    return Path(shutil.copytree(factorial_folder, tmp_path / "copied"))


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def absent(folder: Path) -> None:
    shutil.rmtree(folder)


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("results")


def foreign(folder: Path) -> None:
    empty(folder)
    (folder / "notes.txt").write_text("shopping list")


def without_plan(folder: Path) -> None:
    (folder / PLAN).unlink()


def plan_is_no_json(folder: Path) -> None:
    (folder / PLAN).write_text("{")


def plan_is_bytes(folder: Path) -> None:
    (folder / PLAN).write_bytes(b"\xff\xfe\x00")


def plan_changed_by_hand(folder: Path) -> None:
    content = json.loads((folder / PLAN).read_text())
    content["seed"] += 1
    (folder / PLAN).write_text(json.dumps(content))


def plan_of_another_program(folder: Path) -> None:
    (folder / PLAN).write_text('{"name": "a plan", "steps": []}')


def table_of_another_sweep(folder: Path) -> None:
    rows = pl.read_parquet(folder / RUNS)
    metadata = {"plan": "another", "columns": "[]"}
    (folder / RUNS).write_bytes(parquet_bytes(rows, metadata))


def column_missing(folder: Path) -> None:
    metadata = pl.read_parquet_metadata(folder / RUNS)
    metadata.pop("ARROW:schema", None)
    rows = pl.read_parquet(folder / RUNS).drop("signed")
    (folder / RUNS).write_bytes(parquet_bytes(rows, metadata))


def nothing_played(folder: Path) -> None:
    (folder / RUNS).unlink()
    for shard in (folder / SHARDS).iterdir():
        shard.unlink()


def all_damaged(folder: Path) -> None:
    (folder / RUNS).write_bytes(b"PAR1 nothing")
    for shard in (folder / SHARDS).iterdir():
        shard.write_bytes(b"nothing")


def results_of_results(folder: Path) -> None:
    inner = folder.parent / "inner"
    folder.rename(inner)
    folder.mkdir()
    inner.rename(folder / "base")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (empty, "is empty"),
        (absent, "no such folder"),
        (a_file, "is a file"),
        (foreign, "holds no results"),
        (without_plan, "no plan.json"),
        (plan_is_no_json, "it is not JSON"),
        (plan_is_bytes, "plan.json cannot be read"),
        (plan_changed_by_hand, "was changed after"),
        (plan_of_another_program, "is not the plan of a sweep"),
        (table_of_another_sweep, "belongs to another sweep"),
        (column_missing, "lacks the column 'signed'"),
        (nothing_played, "no run can be read; go on, run its line again: sim sweep"),
        (all_damaged, "no run can be read"),
        (results_of_results, "name one of the folders in it: .*base"),
    ],
)
def test_a_folder_that_cannot_be_used(
    damage: Callable[[Path], None], message: str, copied: Path
) -> None:
    damage(copied)
    with pytest.raises(ConfigError, match=message) as raised:
        load(copied)
    assert len(raised.value.problems) == 1
    assert raised.value.exit_code == 2


def test_a_name_with_a_slip(copied: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'copied'"):
        load(copied.with_name("copeid"))


def test_a_run_is_no_sweep_and_a_sweep_no_run(run_folder: Path, factorial_folder: Path) -> None:
    with pytest.raises(ConfigError, match="single run"):
        load(run_folder)
    with pytest.raises(ConfigError, match=r"run\.json"):
        load_run(factorial_folder)


def report(results: Results) -> object:
    """A whole report, to see that every section is there or says why not."""
    found = sweep_report(results, lambda words: None)
    assert found.statements
    for section in found.sections:
        assert section.parts
        for part in section.parts:
            assert part.missing or part.frame is not None
    return found


def test_an_unfinished_sweep_is_reported_as_far_as_it_goes(copied: Path) -> None:
    (copied / RUNS).unlink()
    shards = sorted((copied / SHARDS).iterdir())
    shards[0].unlink()
    results = load(copied)
    assert results.stored < results.plan.runs
    assert any("not finished" in note for note in results.notes)
    assert any(f"{results.stored:,} of 288" in note for note in results.notes)
    report(results)


def test_a_damaged_shard_is_named_and_left_out(copied: Path) -> None:
    (copied / RUNS).unlink()
    shard = sorted((copied / SHARDS).iterdir())[1]
    content = bytearray(shard.read_bytes())
    content[40:4000] = bytes(3960)  # the footer stays whole
    shard.write_bytes(content)
    results = load(copied)
    assert any(shard.name in note and "are missing" in note for note in results.notes)
    assert "read_parquet([" in results.source
    assert shard.exists(), "nothing is changed in the folder"
    report(results)


def test_a_shard_of_another_sweep_is_left_out(copied: Path, one_cell_folder: Path) -> None:
    (copied / RUNS).unlink()
    target = sorted((copied / SHARDS).iterdir())[0]
    shutil.copy(next((one_cell_folder / SHARDS).iterdir()), target)
    notes = load(copied).notes
    assert any(target.name in note for note in notes)


def zeros(table: Path, start: float, end: float) -> None:
    """Overwrite a part of a Parquet file's pages; the footer stays whole."""
    content = bytearray(table.read_bytes())
    pages = len(content) - int.from_bytes(content[-8:-4], "little") - 8
    first, last = 4 + int(start * pages), int(end * pages)
    content[first:last] = bytes(last - first)
    table.write_bytes(content)


@pytest.mark.parametrize("whole_footer", [False, True])
def test_a_damaged_table_gives_way_to_the_shards(copied: Path, whole_footer: bool) -> None:
    before = signing_rates(load(copied)).to_frame()
    if whole_footer:
        zeros(copied / RUNS, 0.0, 0.2)
    else:
        (copied / RUNS).write_bytes(b"PAR1 nothing to see PAR1")
    results = load(copied)
    assert results.stored == 288
    assert any("damaged" in note for note in results.notes)
    assert signing_rates(results).to_frame().equals(before)


def test_an_extended_sweep_that_was_cut_off(copied: Path) -> None:
    plan = load(copied).plan.extended(40)
    (copied / PLAN).write_text(plan.to_json())
    results = load(copied)
    assert any("was being extended" in note for note in results.notes)
    assert results.stored == 288
    assert signing_rates(results, []).to_frame()["runs"].to_list() == [288]


def test_columns_in_the_middle_are_damaged(copied: Path) -> None:
    """The digest finds them, and the shards are read instead."""
    whole = load(copied).numbers("position_XV")
    zeros(copied / RUNS, 0.6, 0.9)
    results = load(copied)
    assert any("its digest does not fit" in note for note in results.notes)
    np.testing.assert_array_equal(results.numbers("position_XV"), whole)


def test_a_column_that_only_some_sections_need(factorial_folder: Path, altered: Altered) -> None:
    results = load(altered(factorial_folder, lambda runs: runs.drop("dignity", "ledger_signed")))
    with pytest.raises(NotInResults, match="'dignity'"):
        results.numbers("dignity")
    found = report(results)
    missing = {p.key: p.missing for s in found.sections for p in s.parts if p.missing}  # type: ignore[attr-defined]
    assert "lacks the column 'ledger_signed'" in missing["ledger"]
    assert "signing_rates" not in missing


def set_signed(word: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Let every run end with the same signature."""
    full = word == "full"

    def change(runs: pl.DataFrame) -> pl.DataFrame:
        week = pl.lit(30 if full else -1, pl.Int32)
        return runs.with_columns(
            pl.lit(word).cast(runs.schema["signed"]).alias("signed"),
            pl.lit(word).cast(runs.schema["in_force"]).alias("in_force"),
            pl.lit("ratified" if full else "stalled").cast(runs.schema["status"]).alias("status"),
            week.alias("signed_week"), week.alias("full_week"),
            pl.lit(-1, pl.Int32).alias("interim_week"), pl.lit(-1, pl.Int32).alias("ended_week"),
        )  # fmt: skip

    return change


@pytest.mark.parametrize(("word", "share"), [("full", 1.0), ("none", 0.0)])
def test_all_runs_signed_or_none(
    word: str, share: float, factorial_folder: Path, altered: Altered
) -> None:
    results = load(altered(factorial_folder, set_signed(word)))
    rate = signing_rates(results, []).to_frame().row(0, named=True)
    assert rate["signed"] == share
    assert rate["signed_high"] > rate["signed_low"]
    found = report(results)
    missing = {p.key: p.missing for s in found.sections for p in s.parts if p.missing}  # type: ignore[attr-defined]
    assert "chosen values only" in missing["importance"]
    assert "the same in all cells" in missing["boxes"]


def test_one_cell(one_cell: Results) -> None:
    found = report(one_cell)
    missing = {p.key: p.missing for s in found.sections for p in s.parts if p.missing}  # type: ignore[attr-defined]
    assert "nothing to compare" in missing["differences"]
    assert "strategy@armenia" in missing["game_payoffs"]
    assert "no levers" in missing["turning_points"]
    assert "signing_rates" not in missing


def fail_cells(cells: list[int]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Let all runs of some cells be failed ones."""

    def change(runs: pl.DataFrame) -> pl.DataFrame:
        start = runs.columns.index("status")
        lost = pl.col("cell").is_in(cells)
        word = pl.when(lost).then(pl.lit("failed")).otherwise(pl.lit("ok"))
        return runs.with_columns(
            word.cast(runs.schema["run_status"]).alias("run_status"),
            pl.when(lost).then(pl.lit("a plug-in failed")).otherwise(None).alias("error"),
            *(pl.when(lost).then(None).otherwise(pl.col(c)).alias(c) for c in runs.columns[start:]),
        )

    return change


def test_failed_cells_are_counted_and_left_out(factorial_folder: Path, altered: Altered) -> None:
    results = load(altered(factorial_folder, fail_cells([3, 7])))
    assert results.failed == 48
    assert any("48 runs failed" in note for note in results.notes)
    frame = signing_rates(results).to_frame()
    assert frame["runs"].to_list().count(0) == 2
    report(results)


def test_a_sweep_whose_runs_all_failed(factorial_folder: Path, altered: Altered) -> None:
    with pytest.raises(ConfigError, match="all 288 runs failed: a plug-in failed"):
        load(altered(factorial_folder, fail_cells(list(range(12)))))


# --- single runs


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[1, 2]", "another program"),
        ('{"format": 99}', "another program or version"),
        ('{"format": 1, "status": "stalled"}', "lacks 'signed'"),
    ],
)
def test_a_run_that_cannot_be_read(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(ConfigError, match=message):
        load_run(tmp_path)


def test_a_run_without_its_tables_is_told_as_far_as_it_goes(
    run_folder: Path, tmp_path: Path
) -> None:
    from sim.analysis.page.run_page import run_report

    shutil.copy(run_folder / "run.json", tmp_path / "run.json")
    (tmp_path / "moves.parquet").write_bytes(b"nothing")
    run = load_run(tmp_path)
    assert {note.split()[0] for note in run.notes} == {"weeks.parquet", "moves.parquet"}
    page = run_report(run, lambda words: None)
    missing = {p.key for s in page.sections for p in s.parts if p.missing}
    assert missing == {"moves", "text", "demands", "ledger_over_time", "home"}
    assert page.statements


def test_a_folder_whose_name_has_brackets_is_read(factorial_folder: Path, tmp_path: Path) -> None:
    """No name is taken for a pattern, neither with a table nor with shards alone."""
    place = tmp_path / "res[red]x" / "[/b]"
    shutil.copytree(factorial_folder, place)
    whole = load(place)
    assert np.array_equal(whole.signed_codes, load(factorial_folder).signed_codes)
    (place / RUNS).unlink()
    assert np.array_equal(load(place).signed_codes, whole.signed_codes)
