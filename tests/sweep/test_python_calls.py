"""Sweeps and runs from Python: what callers and other packages hand over."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import sim
from sim import sweep
from sim.analysis.charts import Tabular
from sim.config.compose import compose
from sim.config.draft import begun, written
from sim.errors import ConfigError
from sim.sweeps import run

GIVEN = {"public": "none", "strategy@armenia": "linear"}


def test_zip_and_filter_as_one_text(tmp_path: Path) -> None:
    line = "agenda=single_undertaking,interim_allowed horizon=20,30 public=none replicates=2"
    zipped = sweep(line, folder=tmp_path / "zip", zip="agenda,horizon").plan
    assert [zipped.values(cell)["horizon"] for cell in range(zipped.cells)] == [20, 30]
    again = sweep(line, folder=tmp_path / "zip", zip=[["agenda", "horizon"]])
    assert again.plan.hash == zipped.hash
    late = sweep(line, folder=tmp_path / "filter", filter="horizon > 20").to_frame()
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
    played = sim.sweep(line, folder=tmp_path / "played", config_dir=pact)
    assert sim.load(tmp_path / "played").usable == played.usable == 6


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


def test_tables_leave_for_pandas_and_arrow(tmp_path: Path) -> None:
    """Without pyarrow; what is missing in a failed run or a run's own columns stays missing."""
    import pandas as pd

    line = "agenda=single_undertaking,interim_allowed public=none horizon=20 replicates=3"
    results = sim.sweep(line, folder=tmp_path / "played")
    runs = pl.read_parquet(tmp_path / "played" / "runs.parquet")
    assert_frame_equal(results.to_frame(), runs)
    assert_frame_equal(pl.DataFrame(results), runs)
    found = results.to_pandas()
    assert isinstance(found, pd.DataFrame)
    assert list(found.columns) == runs.columns
    assert found["agenda"].tolist() == runs["agenda"].to_list()
    assert found["utility_first"].to_numpy().tobytes() == runs["utility_first"].to_numpy().tobytes()
    assert found.groupby("signed", observed=True).size().sum() == 6
    assert list(found["signed"].cat.categories) == ["none", "interim", "full"]
    missing = pl.DataFrame(
        {
            "word": pl.Series([None, "b"], dtype=pl.Enum(["a", "b"])),
            "day": [date(2030, 1, 7), None],
            "flag": [True, None],
            "whole": [1, None],
        }
    )
    assert sim.to_pandas(missing).isna().sum().tolist() == [1, 1, 1, 1]
    assert sim.to_pandas(missing)["word"].tolist()[1] == "b"


class Marked(Tabular):
    def to_frame(self) -> pl.DataFrame:
        return pl.DataFrame({"<b>": ["<i>"]})


def test_a_notebook_shows_results_a_run_and_a_report(tmp_path: Path) -> None:
    """Names of a user's own may hold marks of HTML."""
    from sim.analysis import load_run, signing_rates
    from sim.analysis.page.write import make_report
    from sim.commands.cli import main

    line = ["public=none", "horizon=20", "scenario.title='<b>Talks</b>'"]
    results = sim.sweep([*line, "agenda=glob(*)", "replicates=3"], folder=tmp_path / "played")
    assert main(["run", *line, "--out", str(tmp_path / "run")]) == 0
    noted = replace(results, notes=("<i>one</i> & more",))
    report = make_report([tmp_path / "played"], lambda _words: None)
    titled = replace(report, title="<script>")
    shown = (noted, signing_rates(results), load_run(tmp_path / "run"), titled)
    texts = [each._repr_html_() for each in shown]
    assert all("<table" in text for text in texts)
    assert "issue_by_issue" in texts[0]
    assert "<p>&lt;i&gt;one&lt;/i&gt; &amp; more</p>" in texts[0]
    assert "<h3>&lt;script&gt;</h3>" in texts[3]
    assert report.lead[0].text in unescape(texts[3])
    assert not re.search("<[bi]>", Marked()._repr_html_())
    assert "&lt;i&gt;" in Marked()._repr_html_()


def test_the_ema_workbench_takes_it_as_it_is() -> None:
    ema = pytest.importorskip("ema_workbench")
    model = ema.Model("talks", function=sim.run)
    rate = "scenario__discount_rate__armenia__value"
    model.uncertainties = [
        ema.RealParameter(rate, 0.02, 0.4),
        ema.IntegerParameter("horizon", 4, 9),
    ]
    model.levers = [ema.CategoricalParameter("strategy__at__armenia", ["linear", "firm"])]
    given = {"seed": 1, "replicates": 2, "public": "none"}
    model.constants = [ema.Constant(key, value) for key, value in given.items()]
    model.outcomes = [ema.ScalarOutcome("signed"), ema.ScalarOutcome("utility_first")]
    experiments, outcomes = ema.perform_experiments(model, scenarios=3, policies=2)
    assert len(experiments) == 6
    for row, worth in zip(experiments.to_dict("records"), outcomes["utility_first"], strict=True):
        chosen = {key: row[key] for key in (rate, "horizon", "strategy__at__armenia")}
        assert worth == sim.run(**given, **chosen)["utility_first"]


def test_mesa_s_batch_run_takes_the_model() -> None:
    from mesa.batchrunner import batch_run

    from sim.runs.mesa_model import NegotiationModel
    from sim.runs.play import run_engine

    words = ["public=none", "horizon=12"]
    settings = [compose([*words, f"strategy@armenia={name}"]) for name in ("linear", "firm")]
    rows = batch_run(NegotiationModel, {"settings": settings}, display_progress=False)
    assert [row["settings"].parties["armenia"].strategy.name for row in rows] == [
        "polynomial",
        "firm",
    ]
    for row, chosen in zip(rows, settings, strict=True):
        final = run_engine(chosen).final
        assert (row["status"], row["first_target"]) == (final["status"], final["target"][0])


def test_optuna_takes_it_as_it_is() -> None:
    import optuna

    def objective(trial: "optuna.Trial") -> float:
        beta = trial.suggest_float("beta", 0.5, 2.0)
        found = sim.run(seed=1, replicates=2, horizon=10, armenia__strategy__beta=beta, **GIVEN)
        return found["utility_first"]

    study = optuna.create_study(direction="maximize")
    study.optimize(objective, n_trials=3)
    assert np.isfinite(study.best_value)
