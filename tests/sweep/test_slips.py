"""Slips in a sweep's line, each told in one clear line and at once."""

from pathlib import Path

import pytest

from sim.config.compose import compose
from sim.config.with_hydra import SWEEPS_OWN
from sim.errors import ConfigError
from sim.sweeps.planning import make_plan
from sim.sweeps.request import SweepSettings

SAMPLED = "design=latin_hypercube samples=2 horizon=int(interval(5,9)) agenda=glob(*)"


def problems(line: str, **more: object) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        make_plan(line.split(), **more)  # type: ignore[arg-type]
    assert raised.value.exit_code == 2
    return raised.value.problems


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("horizon=range(1,2,0)", "horizon=range(1,2,0): the step of the range is 0"),
        ("horizon=range(0,1,1e-9)", "horizon=range(0,1,1e-9): more than 1,000,000 values"),
        (
            "horizon=range(5,1)",
            "horizon=range(5,1): the range is empty; from 5 to 1, the end not included",
        ),
        (
            "horizon=range(0,inf)",
            "horizon=range(0,inf): start, end and step of a range are finite numbers",
        ),
        (
            "horizon=shuffle(range(1,5))",
            "horizon=shuffle(range(1,5)): the order of cells has no effect, no shuffle",
        ),
        (
            "armenia.strategy.beta=1,1.0,2",
            "armenia.strategy.beta=1,1.0,2: names 1 twice, as 1 and as 1.0",
        ),
        ("replicates=2 replicates=3", "replicates: is given twice"),
        ("replicates=2,3", "replicates=2,3: replicates cannot be swept, give one value"),
        ("trace=none,all", "trace=none,all: trace cannot be swept, give one value"),
        ("executor.workers=-1", "executor.workers: must be greater than or equal to 0, got -1"),
        ("agenda=[a,b]", "agenda: a group takes names, written a,b"),
        (
            "strategy=linear",
            "strategy: each party has its own, write strategy@armenia=.. or strategy@azerbaijan=..",
        ),
        (
            "scenario.calendar[0].attention.value=0.5",
            "scenario.calendar[0].attention.value=0.5: an entry of a list is written with dots, "
            "scenario.calendar.0.attention.value=..",
        ),
        (
            "horizon=range(1,1000) armenia.strategy.beta=range(0.1,2,0.001)",
            "sweep: 1,898,100 cells, a sweep has 250,000 at most",
        ),
        (
            "replicates=10000000 horizon=range(1,1001)",
            "sweep: 1,000 cells x 10,000,000 replicates = 10,000,000,000 runs, "
            "a sweep has 1,000,000,000 at most",
        ),
    ],
)
def test_slips(line: str, wanted: str) -> None:
    assert problems(line) == [wanted]


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"filters": ["horizon > 6"]}, "'horizon' is drawn and cannot be used here"),
        ({"filters": ["agenda != horizon"]}, "'horizon' is drawn and cannot be used here"),
        ({"zipped": [["agenda", "horizon"]]}, "'horizon' is drawn, only listed values"),
        ({"zipped": [["agenda"]]}, "name two keys or more"),
    ],
)
def test_what_is_drawn_is_neither_filtered_nor_zipped(more: object, wanted: str) -> None:
    assert wanted in problems(SAMPLED, **more)[0]  # type: ignore[arg-type]


def test_an_assumption_that_a_pattern_draws_is_not_filtered() -> None:
    key = "scenario.discount_rate.azerbaijan.value"
    line = "design=latin_hypercube samples=2 assumptions=[discount_rate.*]"
    drawn = problems(line, filters=[f"{key} > 0.2"])
    assert drawn == [f"filter '{key} > 0.2': '{key}' is drawn and cannot be used here"]
    said = problems(f"{line} {key}=0.1,0.3", filters=[f"{key} > 0.4"])
    assert "drawn" not in said[0]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("replicates=3", "replicates: is a key of `sim sweep`"),
        ("executor=dask", "executor: is a key of `sim sweep`"),
        ("strategy=linear", "write strategy@armenia=.. or strategy@azerbaijan=.."),
        ("agenda=[a,b]", "agenda: a group takes names, written a,b"),
        ("scenario.calendar[0].attention.value=0.5", "scenario.calendar.0.attention.value=.."),
    ],
)
def test_slips_in_the_line_of_one_run(line: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compose([line])
    assert wanted in raised.value.problems[0]


def test_the_sweep_s_own_keys_are_known_to_a_single_run() -> None:
    assert set(SWEEPS_OWN) == {*SweepSettings.model_fields, "experiment"}


def test_a_swept_reference_is_stored_as_the_value_that_is_played() -> None:
    made = make_plan(["horizon=20,${seed}", "seed=7"]).plan
    assert [made.values(cell) for cell in range(2)] == [{"horizon": 20}, {"horizon": 7}]


@pytest.fixture
def named(tmp_path: Path) -> Path:
    (tmp_path / "experiment").mkdir()
    return tmp_path


def test_a_named_sweep_with_a_list_of_assumptions(named: Path) -> None:
    (named / "experiment" / "mine.yaml").write_text(
        "sweep:\n  design: sobol\n  samples: 2\n  assumptions: ['discount_rate.*']\n", "utf-8"
    )
    made = make_plan(["experiment=mine"], config_dir=named).plan
    assert [key.split(".")[1] for key in made.swept] == ["discount_rate", "discount_rate"]


def test_a_named_sweep_with_an_empty_list(named: Path) -> None:
    (named / "experiment" / "mine.yaml").write_text("sweep:\n  agenda: []\n", "utf-8")
    assert problems("experiment=mine", config_dir=named) == [
        "experiment/mine.yaml: agenda: an empty list of values"
    ]
