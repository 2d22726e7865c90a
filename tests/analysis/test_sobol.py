"""Sobol indices: the Ishigami function, values that are not finite, designs with gaps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from SALib.sample import sobol as sample
from SALib.test_functions import Ishigami

from sim.analysis import NotInResults, Results, load, sobol_indices
from sim.analysis.drivers import analyse
from sim.errors import SimError

NAMES = ["x1", "x2", "x3"]


def ishigami(samples: int = 4096) -> np.ndarray:
    """Outcomes of Saltelli's design without second order."""
    problem = {"num_vars": 3, "names": NAMES, "bounds": [[-np.pi, np.pi]] * 3}
    points = sample.sample(problem, samples, calc_second_order=False, seed=1)
    return Ishigami.evaluate(points, A=7.0, B=0.1)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_ishigami() -> None:
    found = analyse(NAMES, ishigami())
    np.testing.assert_allclose(found["first"], [0.3139, 0.4424, 0.0], atol=0.02)
    np.testing.assert_allclose(found["total"], [0.5576, 0.4424, 0.2437], atol=0.02)
    assert (found["first_half"] > 0).all()
    assert (np.abs(found["first"] - [0.3139, 0.4424, 0.0]) <= 1.5 * found["first_half"]).all()


def saltelli_linear(blocks: int, replicates: int, seed: int) -> np.ndarray:
    """Outcomes x1 + c x2 of a design with common chance c of each replicate: x2 is moved by it."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, blocks, 2))
    points = np.stack([a, np.stack([b[:, 0], a[:, 1]], 1), np.stack([a[:, 0], b[:, 1]], 1), b], 1)
    chance = rng.normal(1.0, 1.0, replicates)
    outcome: np.ndarray = points[:, :, :1] + points[:, :, 1:] * chance
    return outcome.reshape(-1, replicates)


def test_one_replicate_has_the_intervals_of_salib() -> None:
    from SALib.analyze import sobol

    outcome = saltelli_linear(512, 1, 1)
    problem = {"num_vars": 2, "names": ["x1", "x2"], "bounds": [[0, 1]] * 2}
    expected = sobol.analyze(problem, outcome[:, 0], calc_second_order=False, num_resamples=400)
    found = analyse(["x1", "x2"], outcome)
    np.testing.assert_allclose(found["first"], expected["S1"])
    np.testing.assert_allclose(found["first_half"], expected["S1_conf"], rtol=0.25)
    np.testing.assert_allclose(found["total_half"], expected["ST_conf"], rtol=0.25)


def test_intervals_know_of_chance() -> None:
    """An input whose effect depends on chance: few replicates leave its index unsure."""
    truth = 0.5  # with many replicates the mean of c is 1, and x1 and x2 weigh alike
    covered = by_points = 0
    for seed in range(60):
        outcome = saltelli_linear(128, 8, seed)
        found = analyse(["x1", "x2"], outcome)
        alone = analyse(["x1", "x2"], outcome.mean(axis=1))
        covered += abs(found["total"][1] - truth) <= found["total_half"][1]
        by_points += abs(alone["total"][1] - truth) <= alone["total_half"][1]
    assert covered / 60 >= 0.9
    assert by_points / 60 < 0.7


def test_missing_runs_of_a_point_are_left_out_of_its_mean() -> None:
    outcome = saltelli_linear(64, 4, 2)
    outcome[5, 1:] = np.nan
    found = analyse(["x1", "x2"], outcome)
    expected = analyse(["x1", "x2"], np.nanmean(outcome, axis=1))
    np.testing.assert_allclose(found["total"], expected["total"])
    assert np.isfinite(found["total_half"]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    outcome = ishigami(64)
    outcome[17] = bad
    with pytest.raises(SimError, match="not finite"):
        analyse(NAMES, outcome)


def test_indices_of_a_sweep(saltelli: Results) -> None:
    found = sobol_indices(saltelli)
    frame = found.to_frame()
    names = saltelli.plan.point_keys
    assert set(frame["input"]) == set(names)
    assert set(frame["ground"]) == {"assumed"}
    assert not any("left out" in note for note in found.notes)
    # The design's order is SALib's: indices of a function of the points themselves are right.
    points = np.array(saltelli.plan.points)
    only = analyse(names, points[:, 1])
    np.testing.assert_allclose(only["total"][[0, 2]], 0.0, atol=1e-12)
    assert only["total"][1] > 0.7


def test_blocks_with_gaps_are_left_out_whole(
    saltelli_folder: Path, altered: Callable[..., Path]
) -> None:
    """All runs of one point of the first combination failed: its whole block goes."""
    outcomes = pl.read_parquet(saltelli_folder / "runs.parquet").columns
    start = outcomes.index("status")

    def fail(runs: pl.DataFrame) -> pl.DataFrame:
        lost = pl.col("cell") == 7
        return runs.with_columns(
            pl.when(lost).then(pl.lit("failed")).otherwise(pl.col("run_status").cast(pl.String))
            .cast(runs.schema["run_status"]).alias("run_status"),
            *(pl.when(lost).then(None).otherwise(pl.col(c)).alias(c) for c in outcomes[start:]),
        )  # fmt: skip

    results = load(altered(saltelli_folder, fail))
    found = sobol_indices(results)
    assert any("1 blocks" in note for note in found.notes)
    whole = sobol_indices(load(saltelli_folder)).to_frame()
    first, second = whole["cells"].unique(maintain_order=True)
    same = found.to_frame().filter(pl.col("cells") == second)
    assert same.equals(whole.filter(pl.col("cells") == second)), "the other has all its blocks"
    rest = found.to_frame().filter(pl.col("cells") == first)
    assert not rest.equals(whole.filter(pl.col("cells") == first))


def test_another_design_has_no_indices(factorial: Results) -> None:
    with pytest.raises(NotInResults, match="Saltelli design"):
        sobol_indices(factorial)


def test_an_outcome_that_does_not_vary_has_no_indices(
    saltelli_folder: Path, altered: Callable[..., Path]
) -> None:
    results = load(
        altered(saltelli_folder, lambda runs: runs.with_columns(pl.lit(0.5).alias("dignity")))
    )
    with pytest.raises(NotInResults, match="the same at all points"):
        sobol_indices(results, "dignity")
