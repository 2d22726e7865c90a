"""The strategy game of a sweep: payoffs, resamples that keep replicates together."""

from pathlib import Path

import numpy as np
import pytest

from sim.analysis import NotInResults, Results, load, strategy_game
from sim.analysis.charts import finished
from sim.analysis.game import MOST_BATCHES, _batched, _resampled
from tests.analysis.conftest import play, runs_of


def test_payoffs_are_means_of_runs(factorial: Results) -> None:
    game = strategy_game(factorial, resamples=50)
    runs = runs_of(factorial)
    frame = game.to_frame()
    assert len(frame) == 12
    for row in frame.iter_rows(named=True):
        part = runs.filter(
            (runs["strategy@armenia"] == row["Armenia"])
            & (runs["strategy@azerbaijan"] == row["Azerbaijan"])
            & (runs["agenda"] == row["context"])
        )
        assert row["payoff_first"] == pytest.approx(part["utility_first"].mean())
        assert row["payoff_second"] == pytest.approx(part["utility_second"].mean())
        ends = row["payoff_first_low"] - 1e-9, row["payoff_first_high"] + 1e-9
        assert ends[0] <= row["payoff_first"] <= ends[1]
        assert 0.0 <= row["equilibrium_in_resamples"] <= 1.0


def test_equilibria_are_those_of_the_payoffs(factorial: Results) -> None:
    game = strategy_game(factorial, resamples=50)
    for played in game.games:
        for x, y in played.solution.equilibria:
            first, second = played.payoffs
            assert (first @ y).max() <= x @ first @ y + 1e-9
            assert (x @ second).max() <= x @ second @ y + 1e-9
    assert set(game.equilibria_frame()["kind"]) <= {"pure", "mixed"}
    assert set(game.dominated_frame().columns) >= {"strategy", "dominated_by", "in_resamples"}


def test_resampling_keeps_replicates_together() -> None:
    """Cells that are equal run by run stay equal in every resample."""
    luck = np.random.default_rng(1).normal(size=30)
    blocks = np.tile(luck, (2, 3, 2, 1, 1))
    again = _resampled(*_batched(blocks), np.random.default_rng(2), 20)
    assert again.shape == (20, 2, 3, 2)
    assert np.ptp(again, axis=(1, 2, 3)).max() < 1e-12
    assert np.std(again[:, 0, 0, 0]) == pytest.approx(luck.std() / 30**0.5, rel=0.5)


def test_the_same_seed_gives_the_same_resamples(factorial: Results) -> None:
    one, two = (strategy_game(factorial, resamples=30, seed=7).to_frame() for _ in range(2))
    assert one.equals(two)


def test_a_game_needs_both_sides(saltelli: Results) -> None:
    with pytest.raises(NotInResults, match="strategy@armenia"):
        strategy_game(saltelli)


def test_a_game_over_drawn_points(tmp_path: Path) -> None:
    line = (
        "strategy@armenia=linear,conceder strategy@azerbaijan=linear,firm replicates=3 trace=none "
        'design=latin_hypercube samples=6 assumptions=["discount_rate.azerbaijan"]'
    )
    results = load(play(line, tmp_path / "results"))
    game = strategy_game(results, resamples=40)
    runs = runs_of(results)
    part = runs.filter(
        (runs["strategy@armenia"] == "conceder") & (runs["strategy@azerbaijan"] == "firm")
    )
    assert game.games[0].payoffs[0, 1, 1] == pytest.approx(part["utility_first"].mean())
    assert (game.games[0].high >= game.games[0].low).all()


def test_figures_of_the_game(factorial: Results) -> None:
    game = strategy_game(factorial, resamples=30)
    assert finished(*game.figure()).to_dict()["layer"]


def test_batches_count_by_their_size() -> None:
    """300 replicates make batches of 1 and 2: the mean of unweighted batch means is another."""
    blocks = np.random.default_rng(3).normal(size=(2, 2, 2, 1, 300)) + np.arange(300) % 3
    sums, sizes = _batched(blocks)
    assert set(sizes) == {1.0, 2.0}
    assert len(sizes) == MOST_BATCHES
    np.testing.assert_allclose(sums.sum(axis=-1) / sizes.sum(), blocks.mean(axis=-1))
    again = _resampled(sums, sizes, np.random.default_rng(4), 400)
    np.testing.assert_allclose(again.mean(axis=0), blocks.mean(axis=(-2, -1)), atol=0.02)
    apart = (sums / sizes).mean(axis=-1) - blocks.mean(axis=-1)
    assert np.abs(apart).max() > 0.005


def test_payoffs_of_many_replicates_are_means_of_runs(
    factorial: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more replicates than batches, and no multiple of them, the means stay what they are."""
    monkeypatch.setattr("sim.analysis.game.MOST_BATCHES", 17)
    means = factorial.numbers("utility_first").mean(axis=1)
    payoffs = strategy_game(factorial, resamples=20).to_frame()["payoff_first"]
    assert sorted(payoffs) == pytest.approx(sorted(means))
