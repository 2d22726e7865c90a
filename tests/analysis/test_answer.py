"""The first screen: each number is found again by the query that stands beside it."""

import math
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sim.analysis import load, load_run
from sim.analysis.page.content import Number, Report, Statement
from sim.analysis.page.run_page import run_report
from sim.analysis.page.sweep_page import comparison_report, sweep_report
from sim.sweeps.store import RUNS
from tests.analysis.conftest import FACTORIAL, play


def quiet(words: str) -> None:
    """Tell nothing."""


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in another folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def found_again(statement: Statement) -> dict[str, str]:
    """Run a statement's query and show its columns as the statement shows them."""
    assert "\n" not in statement.query
    relation = duckdb.sql(statement.query)
    rows = relation.fetchall()
    assert len(rows) == 1
    values = (math.nan if value is None else value for value in rows[0])
    row = dict(zip(relation.columns, values, strict=True))
    return {name: Number(row[name], n.format).text for name, n in statement.numbers.items()}


def check(report: Report, folder: Path) -> None:
    """Check every number of a first screen against its query."""
    checked = 0
    with inside(folder):
        for statement in report.statements:
            shown = {name: number.text for name, number in statement.numbers.items()}
            if shown:
                assert statement.query, statement.text
                assert found_again(statement) == shown, statement.text
                checked += len(shown)
    assert checked


# What stands between numbers must not hold figures of its own, but for dates, keys and values.
FREE = re.compile(
    r"\b(Within \d+ weeks, by \d+ \w+ \d{4}|\d+ of \d+ comparisons?|of \d+ comparisons|(of|in) 100"
    r"|and \d+ other cells?|\d+ others? of \d+ cells)"
)


def other_digits(statement: Statement) -> list[str]:
    """Figures of a sentence that are no numbers with a query."""
    words = "".join(text for text, number in statement.pieces if not number)
    words = FREE.sub("", words)
    words = re.sub(r"[\w@.]+=[\w.]+", "", words)
    return re.findall(r"\d+(?:\.\d+)?", words)


def test_numbers_of_a_factorial_sweep(factorial_folder: Path) -> None:
    report = sweep_report(load(factorial_folder), quiet)
    assert len(report.statements) >= 7
    check(report, factorial_folder)
    for statement in report.statements:
        assert other_digits(statement) == []


@pytest.mark.parametrize("name", ["saltelli_folder", "hypercube_folder", "one_cell_folder"])
def test_numbers_of_other_sweeps(name: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    check(sweep_report(load(folder), quiet), folder)


def test_numbers_of_a_sweep_with_one_replicate(tmp_path: Path) -> None:
    folder = play("agenda=single_undertaking,interim_allowed replicates=1", tmp_path / "results")
    check(sweep_report(load(folder), quiet), folder)


def test_numbers_of_two_values_only(tmp_path: Path) -> None:
    """A single pair of cells has the interval for paired shares."""
    folder = play("strategy@armenia=boulware,tit_for_tat replicates=30", tmp_path / "results")
    check(sweep_report(load(folder), quiet), folder)


def test_numbers_of_an_unfinished_sweep(tmp_path: Path) -> None:
    folder = play(FACTORIAL.replace("replicates=24", "replicates=48"), tmp_path / "results")
    (folder / RUNS).unlink()
    shards = sorted((folder / "shards").iterdir())
    shards[0].unlink()
    check(sweep_report(load(folder), quiet), folder)
    shards[1].write_bytes(b"nothing")
    check(sweep_report(load(folder), quiet), folder)


def test_numbers_with_failed_runs(factorial_folder: Path, altered: object) -> None:
    from tests.analysis.test_loading import fail_cells

    folder = altered(factorial_folder, fail_cells([2, 5]))  # type: ignore[operator]
    report = sweep_report(load(folder), quiet)
    check(report, folder)
    signed = next(s for s in report.statements if s.text.startswith("Something was signed"))
    assert signed.text.endswith("; 48 more failed and are not counted.")
    assert any("24 of 24 with strategy@armenia=" in gap for gap in report.gaps)
    assert any("whatever the lost runs had come to" in gap for gap in report.gaps)
    assert any("whatever they had come to" in s.text for s in report.statements)
    rates = next(part for part in report.parts if part.key == "signing_rates")
    assert rates.table is not None
    assert sorted(rates.table["failed or missing"].unique()) == ["0", "24"]


def test_numbers_where_the_values_are_numbers(tmp_path: Path) -> None:
    folder = play("horizon=60,104 seed=5 replicates=6", tmp_path / "results")
    check(sweep_report(load(folder), quiet), folder)


def test_numbers_of_a_single_run(run_folder: Path) -> None:
    report = run_report(load_run(run_folder), quiet)
    check(report, run_folder)
    assert "signed" in report.statements[0].text


def test_numbers_of_two_sweeps(tmp_path: Path) -> None:
    line = "strategy@armenia=boulware,tit_for_tat strategy@azerbaijan=firm,hold_out trace=none "
    play(f"{line} replicates=12", tmp_path / "one")
    play(f"{line} replicates=20 precondition=none", tmp_path / "two")
    play(f"{line} replicates=12 seed=9", tmp_path / "three")
    with inside(tmp_path):
        for other in ("two", "three"):
            report = comparison_report([load("one"), load(other)], quiet)
            check(report, tmp_path)


@pytest.mark.parametrize("outcome", ["signed", "signed_full", "in_force_at_end", "both_better_off"])
def test_numbers_of_several_sweeps_in_an_outcome(outcome: str, tmp_path: Path) -> None:
    line = "strategy@armenia=boulware,tit_for_tat strategy@azerbaijan=firm,hold_out trace=none "
    play(f"{line} replicates=12", tmp_path / "one")
    play(f"{line} replicates=12 precondition=none", tmp_path / "two")
    play(f"{line} replicates=12 seed=9", tmp_path / "three")
    with inside(tmp_path):
        report = comparison_report([load("one"), load("two"), load("three")], quiet, outcome)
        check(report, tmp_path)
        said = [statement.text for statement in report.lead]
        assert any("often in the second sweep than in the first" in text for text in said)
        assert any("often in the third sweep than in the first" in text for text in said)
        (overall,) = [part for part in report.parts if part.key == "picture"]
        assert overall.table is not None
        assert overall.table["sweep"].to_list() == ["second", "third"]
        assert {"plans_second", "pairs_third", "signing_rates_third"} <= {
            part.key for part in report.parts
        }


def test_numbers_of_two_designs(saltelli_folder: Path, tmp_path: Path) -> None:
    from tests.analysis.conftest import SALTELLI

    play(SALTELLI, tmp_path / "one")
    play(f"{SALTELLI} precondition=none", tmp_path / "two")
    with inside(tmp_path):
        check(comparison_report([load("one"), load("two")], quiet), tmp_path)


def test_less_is_said_without_a_minus(tmp_path: Path) -> None:
    line = "strategy@armenia=boulware,tit_for_tat trace=none replicates=30"
    play(f"{line} precondition=none", tmp_path / "one")
    play(line, tmp_path / "two")
    play(f"{line} seed=2", tmp_path / "three")
    with inside(tmp_path):
        for other in ("two", "three"):
            report = comparison_report([load("one"), load(other)], quiet)
            check(report, tmp_path)
            said = report.statements[0].text
            assert re.search(r"signed \d+\.\d \[.*\] percentage points less often", said), said


def test_numbers_of_folders_whose_names_look_like_patterns(
    factorial_folder: Path, altered: object, tmp_path: Path
) -> None:
    few = altered(factorial_folder, lambda runs: runs.filter(pl.col("cell") > 2))  # type: ignore[operator]
    for folder, name in ((factorial_folder, "it's [one]*"), (few, "[two]")):
        shutil.copytree(folder, tmp_path / name)
    with inside(tmp_path):
        check(comparison_report([load("it's [one]*"), load("[two]")], quiet), tmp_path)


def test_cells_of_other_shocks_have_no_columns_of_pairs(tmp_path: Path) -> None:
    line = "strategy@armenia=boulware,tit_for_tat trace=none replicates=4"
    play(line, tmp_path / "one")
    play(f"{line} seed=2", tmp_path / "two")
    report = comparison_report([load(tmp_path / "one"), load(tmp_path / "two")], quiet)
    (pairs,) = [part for part in report.parts if part.key == "pairs"]
    assert pairs.table is not None
    assert not {"runs with more", "runs with less", "pairs"} & set(pairs.table.columns)


def test_numbers_of_two_designs_of_other_shocks(tmp_path: Path) -> None:
    from tests.analysis.conftest import SALTELLI

    play(SALTELLI, tmp_path / "one")
    play(f"{SALTELLI} seed=5", tmp_path / "two")
    with inside(tmp_path):
        report = comparison_report([load("one"), load("two")], quiet)
        check(report, tmp_path)
        assert "as independent samples" in report.statements[0].text


def test_numbers_where_cells_of_one_sweep_failed(
    factorial_folder: Path, altered: object, tmp_path: Path
) -> None:
    from tests.analysis.test_loading import fail_cells

    failed = altered(factorial_folder, fail_cells([2, 5]))  # type: ignore[operator]
    check(comparison_report([load(factorial_folder), load(failed)], quiet), tmp_path)


def test_no_replicate_is_complete(factorial_folder: Path, altered: object) -> None:
    early = (pl.col("replicate") < 10) == (pl.col("cell") < 6)
    folder = altered(factorial_folder, lambda runs: runs.filter(early))  # type: ignore[operator]
    report = comparison_report([load(factorial_folder), load(folder)], quiet)
    assert "No replicate is complete" in report.statements[0].text
    assert {"pairs", "plans"} <= {part.key for part in report.parts}


def test_one_run_of_one_cell_is_told_as_such(tmp_path: Path) -> None:
    folder = play("replicates=1", tmp_path / "results")
    report = sweep_report(load(folder), quiet)
    check(report, folder)
    assert any("of the 1 run of this cell" in s.text for s in report.statements)


def test_one_cell_moves_nothing(one_cell_folder: Path) -> None:
    report = sweep_report(load(one_cell_folder), quiet)
    said = " ".join(statement.text for statement in report.statements)
    assert "is chance alone: this sweep moved nothing" in said
    assert "the rest is what was chosen" not in said


def test_fixed_assumptions_are_not_counted_as_ranges(one_cell_folder: Path) -> None:
    results = load(one_cell_folder)
    assumed = [n for _, n in results.scenario.numbers() if n.assumed]
    ranges = [n for n in assumed if n.low is not None and n.high is not None and n.low < n.high]
    assert len(ranges) < len(assumed)
    report = sweep_report(results, quiet)
    assert report.statements[-1].numbers["assumed"].value == len(ranges)


def test_a_wrong_number_would_be_noticed(factorial_folder: Path) -> None:
    report = sweep_report(load(factorial_folder), quiet)
    wrong = {**report.statements[0].numbers, "share": Number(0.123, "hundred")}
    statement = Statement(report.statements[0].template, wrong, report.statements[0].query)
    with inside(factorial_folder):
        assert found_again(statement) != {k: n.text for k, n in wrong.items()}


def test_the_first_sentence_says_what_the_table_says(factorial_folder: Path) -> None:
    runs = pl.read_parquet(factorial_folder / RUNS)
    share = (runs["signed"] != "none").mean()
    report = sweep_report(load(factorial_folder), quiet)
    signed = next(s for s in report.statements if s.text.startswith("Something was signed"))
    assert f"{share:.1%}".replace("%", " %") in signed.text
    assert "288 runs over 12 cells" in signed.text
