"""Sweeps and runs from Python: what callers and other packages hand over."""

from pathlib import Path

import numpy as np
import pytest

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
