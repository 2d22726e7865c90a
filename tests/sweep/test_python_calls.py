"""Sweeps and runs from Python: what callers and other packages hand over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.config.draft import begun, written
from sim.errors import ConfigError
from sim.sweeps import run, sweep

GIVEN = {"public": "none", "strategy@armenia": "linear"}


def test_zip_and_filter_as_one_text(tmp_path: Path) -> None:
    line = "agenda=single_undertaking,interim_allowed horizon=20,30 public=none replicates=2"
    zipped = sweep(line, folder=tmp_path / "zip", zip="agenda,horizon")
    assert zipped.select("agenda", "horizon").unique().height == 2
    assert zipped.equals(sweep(line, folder=tmp_path / "zip", zip=[["agenda", "horizon"]]))
    late = sweep(line, folder=tmp_path / "filter", filter="horizon > 20")
    assert late["horizon"].unique().to_list() == [30]


def test_a_line_with_an_open_quotation_mark() -> None:
    with pytest.raises(ConfigError, match="no closing quotation: agenda='a"):
        sweep("agenda='a")


@pytest.mark.parametrize("replicates", [1.5, True, 0, "2", None])
def test_replicates_of_a_run_are_a_whole_number(replicates: object) -> None:
    with pytest.raises(ConfigError, match="replicates: must be a whole number"):
        run(seed=1, replicates=replicates, **GIVEN)  # type: ignore[arg-type]


def test_whole_floats_are_taken_for_whole_numbers() -> None:
    found = run(seed=1, replicates=2, horizon=20, **GIVEN)
    floats = {"seed": np.float64(1), "replicates": np.float64(2), "horizon": np.float64(20)}
    assert run(**floats, **GIVEN) == found  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"horizon: must be a whole number, got 20\.5"):
        run(seed=1, horizon=20.5, **GIVEN)


def test_a_week_that_never_came_counts_as_the_horizon() -> None:
    from sim.runs.outcomes import EVENT_WEEKS

    found = run(seed=1, replicates=2, horizon=4, **GIVEN)
    assert found["signed"] == 0.0
    assert {name: found[name] for name in EVENT_WEEKS} == dict.fromkeys(EVENT_WEEKS, 4.0)


@pytest.fixture
def pact(tmp_path: Path) -> Path:
    """A folder of one's own with a scenario that carries its conduct."""
    folder = tmp_path / "mine"
    (folder / "scenario").mkdir(parents=True)
    text = written(begun("pact", ("north", "south"), 3, date(2030, 1, 7)))
    (folder / "scenario" / "pact.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_scenario_of_one_s_own(pact: Path, tmp_path: Path) -> None:
    """`run` and `sweep` play any scenario of any folder, and `load` reads what was played."""
    given = {"scenario": "pact", "horizon": 30}
    found = sim.run(seed=1, replicates=4, config_dir=pact, **given)
    firm = {"strategy@north": "firm", "strategy@south": "firm"}
    none = sim.run(seed=1, replicates=4, config_dir=pact, **given, **firm)
    assert none["signed"] <= found["signed"]
    line = "scenario=pact horizon=30 strategy@north=linear,firm replicates=3"
    table = sim.sweep(line, folder=tmp_path / "played", config_dir=pact)
    results = sim.load(tmp_path / "played")
    assert results.usable == table.height == 6


def test_threads_get_what_one_gets(pact: Path) -> None:
    """Calls from threads that differ in scenario and in numbers do not meet."""
    calls = [
        {"seed": seed, "horizon": 12, **more}
        for seed in (1, 2)
        for more in ({"scenario": "pact", "config_dir": pact}, GIVEN)
    ]
    alone = [sim.run(**call) for call in calls]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda call: sim.run(**call), calls)) == alone


def test_optuna_takes_it_as_it_is() -> None:
    optuna = pytest.importorskip("optuna")

    def objective(trial: "optuna.Trial") -> float:
        beta = trial.suggest_float("beta", 0.5, 2.0)
        found = sim.run(seed=1, replicates=2, horizon=10, armenia__strategy__beta=beta, **GIVEN)
        return found["utility_first"]

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=3)
    assert np.isfinite(study.best_value)
