"""The summary of small, constant and wide sweeps."""

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from sim.commands import OUTCOMES
from sim.sweeps.columns import DERIVED, FAILED
from sim.sweeps.execute import Outcome
from sim.sweeps.summary import print_summary

Play = Callable[..., Outcome]


def printed(done: Outcome) -> str:
    out = io.StringIO()
    print_summary(done.store.runs_file, done.plan, Console(file=out, width=140))
    return out.getvalue()


DRAWN = ["horizon=int(interval(20,21))", "scenario.discount_rate.armenia.value=interval(0.1,0.2)"]


@pytest.mark.parametrize("drawn", DRAWN)
def test_a_drawn_value_that_is_the_same_everywhere(play: Play, drawn: str) -> None:
    line = f"design=latin_hypercube samples=1 replicates=2 {drawn}"
    text = printed(play(line))
    head, key, *values = text.split("\n\n")[0].splitlines()
    assert head.startswith("swept value")
    assert key.strip() == drawn.partition("=")[0]
    assert len(values) == 1
    assert printed(play(line)) == text


def test_one_cell_has_its_share_told(play: Play) -> None:
    head, row = printed(play("replicates=4")).splitlines()[:2]
    assert "P(signed)" in head
    assert row.split()[:2] == ["all", "4"]
    assert "%" in row


def test_all_strategies_are_listed(play: Play) -> None:
    done = play("strategy@armenia=glob(*) replicates=2")
    text = printed(done)
    names = done.plan.values_of("strategy@armenia")
    assert len(names) > 12
    assert all(f"  {name} " in text for name in names)
    assert "more swept key" not in text


def with_failures(done: Outcome, failing: pl.Expr, folder: Path) -> str:
    """Return the summary of a sweep some of whose runs failed."""
    rows = pl.read_parquet(done.store.runs_file)
    outcomes = [c for c in rows.columns if c not in ("cell", "replicate", "agenda", "run_status")]
    kind = rows.schema["run_status"]
    status = pl.when(failing).then(pl.lit(FAILED, kind)).otherwise("run_status").alias("run_status")
    rows = rows.with_columns(status, pl.when(~failing).then(pl.col(outcomes)))
    rows.write_parquet(folder / "runs.parquet")
    out = io.StringIO()
    print_summary(folder / "runs.parquet", done.plan, Console(file=out, width=140))
    return out.getvalue()


@pytest.mark.parametrize(
    ("outcome", "happened"),
    [
        ("signed_interim", pl.col("signed") == "interim"),
        ("interim_ever", pl.col("interim_week") >= 0),
        ("ratified", pl.col("ratified_week") >= 0),
        ("in_force_at_end", pl.col("in_force") != "none"),
        ("both_better_off", pl.col("dignity") > 0.0),
        ("collapse_first", (pl.col("status") == "collapsed") & (pl.col("signed") == "none")),
    ],
)
def test_the_tables_are_about_the_outcome_that_is_asked_for(
    play: Play, outcome: str, happened: pl.Expr
) -> None:
    done = play("agenda=single_undertaking,interim_allowed replicates=20 horizon=150")
    out = io.StringIO()
    print_summary(done.store.runs_file, done.plan, Console(file=out, width=140), outcome)
    text = out.getvalue()
    rows = pl.read_parquet(done.store.runs_file)
    shares = rows.group_by("agenda").agg(happened.mean().alias("share"))
    assert f"P({outcome.replace('_', ' ')}), 95 %" in text
    assert DERIVED[outcome].words in text
    assert "P(signed), " not in text
    for agenda, share in shares.iter_rows():
        (line,) = [row for row in text.split(":")[1].splitlines() if row.split()[:1] == [agenda]]
        assert f" {share:.1%} " in line
    best = text.rsplit("values", 1)[1].splitlines()[1]
    assert f" {shares['share'].max():.1%} " in best


def test_every_outcome_can_be_asked_for() -> None:
    assert tuple(DERIVED) == OUTCOMES


def test_failures_stand_beside_the_shares(play: Play, tmp_path: Path) -> None:
    done = play("agenda=single_undertaking,interim_allowed,issue_by_issue replicates=20 horizon=4")
    some = (pl.col("cell") == 0) & (pl.col("replicate") >= 2)
    text = with_failures(done, some | (pl.col("cell") == 2), tmp_path)
    by_value, cells = text.split("signed  cell")
    assert "2 (+ 18 failed)" in by_value
    assert "0 (+ 20 failed)" in by_value
    assert "no outcome" in by_value
    assert "2 (+ 18 failed)" in cells
    assert "1 cell without outcome, all runs failed: from cell 2" in cells
    assert "nan" not in text


def test_a_sweep_all_of_which_failed_has_no_share(play: Play, tmp_path: Path) -> None:
    done = play("agenda=single_undertaking,interim_allowed replicates=3 horizon=4")
    text = with_failures(done, pl.lit(True), tmp_path)
    assert "no outcome" in text
    assert "%" not in text.replace("95 %", "")
