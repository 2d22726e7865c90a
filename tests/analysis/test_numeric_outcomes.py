"""Outcomes that are numbers: weeks to a signature and the worse-off side's share."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from scipy.stats import binom

from sim.analysis import (
    NotInResults,
    Results,
    boxes,
    compare,
    load,
    paired_differences,
    sobol_indices,
    strategy_game,
    turning_points,
)
from sim.analysis.page.sweep_page import comparison_report, sweep_report
from sim.runs.intervals import estimate, within
from sim.sweeps.columns import DERIVED
from sim.sweeps.planning import make_plan
from sim.sweeps.summary import by_cell, print_summary
from tests.analysis.conftest import play, runs_of
from tests.analysis.test_answer import check, other_digits, quiet

NUMBERS = [name for name, kind in DERIVED.items() if not kind.share]
WEEKS = "weeks_to_signature"


def kaplan_meier_area(weeks: np.ndarray, horizon: int) -> float:
    """Return the area under the curve of runs not yet signed, up to a week; -1 is never."""
    free = [(weeks < 0) | (weeks > week) for week in range(horizon)]
    # In week 0 none has signed before it; the curve steps down at the end of each week.
    return float(sum(share.mean() for share in free))


def test_weeks_to_a_signature_are_the_area_under_the_curve(factorial: Results) -> None:
    horizon = factorial.plan.common_horizon
    assert horizon == 156
    weeks = factorial.codes("signed_week")
    found = factorial.outcome(WEEKS)
    for cell in range(factorial.plan.cells):
        assert found[cell].mean() == pytest.approx(kaplan_meier_area(weeks[cell], horizon))
    assert found.max() == horizon


def test_the_worse_off_side_s_share_is_over_all_runs(factorial: Results) -> None:
    runs = runs_of(factorial)
    assert np.nanmean(factorial.outcome("worse_off_share")) == pytest.approx(runs["dignity"].mean())
    assert (runs.filter(pl.col("in_force") == "none")["dignity"] == 0.0).all()


def test_cells_of_unequal_horizons_are_counted_up_to_the_shortest(tmp_path: Path) -> None:
    results = load(play("horizon=30,90 replicates=12", tmp_path / "out"))
    found = results.outcome(WEEKS)
    assert results.plan.common_horizon == found.max() == 30
    # The weeks of a longer horizon begin with those of the shorter one.
    np.testing.assert_array_equal(found[0], found[1])
    assert results.outcome(WEEKS, 20).max() == 20
    assert paired_differences(results, outcome=WEEKS).differences[0].difference == 0.0


@pytest.mark.parametrize("outcome", NUMBERS)
def test_every_number_of_the_page_is_found_again(outcome: str, factorial_folder: Path) -> None:
    report = sweep_report(load(factorial_folder), quiet, outcome=outcome)
    check(report, factorial_folder)
    assert [digit for s in report.statements for digit in other_digits(s)] == []
    kind = DERIVED[outcome]
    assert report.lead[0].text.lower().startswith(kind.words)
    assert kind.unit in report.lead[0].text
    assert kind.words in report.title
    tables = {part.key: part.table for part in report.parts if part.table is not None}
    assert any(kind.unit in name for name in tables["signing_rates"].columns)
    wanted = "weeks" if kind.weeks else "points"
    for key in ("differences", "differences_by_context"):
        assert f"difference, {wanted} [95 %]" in tables[key].columns
    assert report.picture is not None
    assert kind.words in report.picture.title.lower()


@pytest.mark.parametrize("name", ["saltelli_folder", "hypercube_folder", "one_cell_folder"])
def test_also_those_of_drawn_points_and_of_one_cell(
    name: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    for outcome in NUMBERS:
        check(sweep_report(load(folder), quiet, outcome=outcome), folder)


def test_two_values_are_told_side_by_side(tmp_path: Path) -> None:
    folder = play("strategy@armenia=boulware,tit_for_tat replicates=20", tmp_path / "out")
    results = load(folder)
    report = sweep_report(results, quiet, outcome=WEEKS)
    check(report, folder)
    means = results.outcome(WEEKS).mean(axis=1)
    assert f"is {means[0]:.1f} [" in report.lead[0].text
    assert "weeks with boulware and" in report.lead[0].text
    assert "a run without one counts with all weeks of the shortest horizon" in report.lead[0].text


def test_differences_are_means_of_differences_run_by_run(factorial: Results) -> None:
    for outcome in NUMBERS:
        found = paired_differences(factorial, ["agenda"], outcome, contexts=False).differences[0]
        values = factorial.outcome(outcome).reshape(3, 2, 2, -1)
        change = (values[:, :, 1] - values[:, :, 0]).mean(axis=(0, 1))
        assert found.difference == pytest.approx(change.mean())
        assert found.low < found.difference < found.high or change.std() == 0.0


@pytest.mark.parametrize("seeds", [(1, 1), (1, 2)])
def test_sweeps_are_compared_up_to_the_shorter_horizon(
    seeds: tuple[int, int], tmp_path: Path
) -> None:
    """Run by run, and as independent samples."""
    folders = [
        play(f"agenda=glob(*) horizon={horizon} seed={seed} replicates=15", tmp_path / name)
        for name, horizon, seed in (("a", 60, seeds[0]), ("b", 40, seeds[1]))
    ]
    one, other = map(load, folders)
    for outcome in NUMBERS:
        found = compare(one, other, outcome)
        before, after = (side.outcome(outcome, 40).mean() for side in (one, other))
        assert found.overall.value == pytest.approx(after - before, abs=1e-12)
        report = comparison_report([one, other], quiet, outcome)
        check(report, tmp_path)
        assert DERIVED[outcome].points in report.lead[0].text


def test_the_game_tells_what_its_equilibria_lead_to(factorial: Results) -> None:
    game = strategy_game(factorial, resamples=20, outcome=WEEKS)
    values = factorial.outcome(WEEKS).mean(axis=1).reshape(3, 2, 2)
    for n, played in enumerate(game.games):
        np.testing.assert_allclose(played.told, values[:, :, n])
    assert set(game.to_frame()[WEEKS]) <= set(values.ravel().tolist())
    frame = game.equilibria_frame()
    assert frame[WEEKS].is_between(0.0, 156.0).all()


def test_what_asks_for_shares_alone_says_so(factorial: Results) -> None:
    with pytest.raises(NotInResults, match="the time to the first signature is no share of runs"):
        turning_points(factorial, outcome=WEEKS)
    assert turning_points(factorial, outcome=WEEKS, line=100.0).line == 100.0


def test_boxes_and_indices_of_weeks(factorial: Results, saltelli: Results) -> None:
    ends = boxes(factorial, WEEKS).to_frame().select("low", "mean", "high").rows()
    held = [(low, mean, high) for low, mean, high in ends if mean > 1.0]
    assert held
    assert all(0.0 <= low <= mean <= high <= 156.0 for low, mean, high in held)
    assert len(sobol_indices(saltelli, WEEKS).to_frame())


def test_the_terminal_tells_them_with_their_unit(factorial_folder: Path) -> None:
    results = load(factorial_folder)
    rows = pl.scan_parquet(factorial_folder / "runs.parquet")
    for outcome in NUMBERS:
        out, kind = io.StringIO(), DERIVED[outcome]
        print_summary(
            factorial_folder / "runs.parquet", results.plan, Console(file=out, width=140), outcome
        )
        assert f"in {kind.unit}; " in out.getvalue()
        means = results.outcome(outcome).mean(axis=1)
        assert f"{means.max():{kind.format}}  [" in out.getvalue()
        found = by_cell(rows, results.plan, outcome).sort("cell")
        np.testing.assert_allclose(found["share"], means)
        alone = [results.told(results.outcome(outcome), np.array([c]), outcome) for c in range(12)]
        np.testing.assert_allclose(found["low"], [each.low for each in alone])
        np.testing.assert_allclose(found["high"], [each.high for each in alone])


# --- the interval of a mean between bounds


@pytest.mark.parametrize(
    ("signs", "runs", "least"),
    [
        (0.5, 25, 0.945),
        (0.95, 60, 0.945),
        (0.3, 400, 0.945),
        (0.05, 100, 0.915),
        (0.02, 200, 0.905),
    ],
)
def test_the_interval_covers(signs: float, runs: int, least: float) -> None:
    """Of weeks that some runs are cut at; a little less where a handful of runs sign at all."""
    rng, horizon, times = np.random.default_rng(3), 60, 2000
    weeks = np.where(
        rng.random((times, runs)) < signs, rng.integers(0, horizon, (times, runs)), horizon
    )
    mean = signs * (horizon - 1) / 2 + (1 - signs) * horizon
    low, high = within(weeks.mean(axis=1), weeks.var(axis=1, ddof=1) / runs, runs, horizon)
    held = int(((low <= mean) & (mean <= high)).sum())
    assert held >= binom.ppf(0.0005, times, least)
    assert ((low >= 0.0) & (high <= horizon)).all()
    # It is no wider than Student's by more than a fifth, so it does not cover by being wide.
    width = 2 * 1.96 * (weeks.var(axis=1, ddof=1) / runs) ** 0.5
    assert np.median((high - low) / np.maximum(width, 1e-9)) < 1.2


def test_runs_that_all_agree_leave_room_for_one_that_does_not() -> None:
    """As much as Wilson's interval leaves for an event of which nothing was seen."""
    never = estimate(np.full((1, 60), 100.0), most=100.0)
    share = estimate(np.zeros((1, 60)), share=True)
    assert (never.low, never.high) == pytest.approx((100.0 * (1.0 - share.high), 100.0))
    early = estimate(np.full((1, 60), 10.0), most=100.0)
    assert early.low < 10.0 < early.high < 16.0


@pytest.mark.parametrize(
    ("words", "horizons"),
    [
        (["horizon=30,50"], [30, 50]),
        (["horizon=30", "design=sobol", "samples=4", "assumptions=[discount_rate.*]"], [30] * 4),
        (["horizon=int(interval(30,50))", "design=sobol", "samples=4"], None),
    ],
)
def test_a_plan_knows_the_weeks_of_each_cell(words: list[str], horizons: list[int] | None) -> None:
    plan = make_plan([*words, "public=none", "replicates=2"]).plan
    drawn = [int(plan.values(cell).get("horizon", 0)) for cell in range(plan.cells)]  # type: ignore[arg-type]
    assert plan.horizons.tolist() == (drawn if horizons is None else horizons)
