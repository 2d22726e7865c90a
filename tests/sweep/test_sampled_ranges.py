"""What a sampled design draws: not what the line sets, and only what all combinations state."""

import numpy as np
import pytest

from sim.config import scenario
from sim.config.settings import build_settings
from sim.errors import ConfigError
from sim.sweeps.cells import CellSettings
from sim.sweeps.plan import Plan
from sim.sweeps.planning import by_problem, make_plan

CALLS = "scenario.channels.0.calls_per_year.value"


def plan(line: str) -> Plan:
    return make_plan(line.split()).plan


def problems(line: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        plan(line)
    assert raised.value.exit_code == 2
    return raised.value.problems


def test_a_value_in_a_list_that_the_line_sweeps_is_not_drawn() -> None:
    made = plan(f"design=latin_hypercube samples=3 assumptions=[channels*] {CALLS}=2,11")
    assert "scenario.channels[0].calls_per_year.value" not in made.swept
    assert "scenario.channels[1].calls_per_year.value" in made.swept
    played = [CellSettings(made)(n).scenario.channels[0].calls_per_year.value for n in range(6)]
    assert played == [2.0, 2.0, 2.0, 11.0, 11.0, 11.0]


def test_a_value_in_a_list_that_the_line_fixes_is_not_drawn() -> None:
    made = plan(f"design=latin_hypercube samples=2 assumptions=[channels*] {CALLS}=11")
    played = [CellSettings(made)(n).scenario.channels[0].calls_per_year.value for n in range(2)]
    assert played == [11.0, 11.0]


def test_ranges_that_differ_between_cells_are_refused() -> None:
    assert problems(
        "design=latin_hypercube samples=3 assumptions=[discount_rate.*] "
        "scenario.discount_rate.armenia.high=0.5,0.6"
    ) == [
        "assumptions: discount_rate.armenia ranges from 0.02 to 0.6, and in others from 0.02 to "
        "0.5 (combination 1 of 2, scenario.discount_rate.armenia.high=0.6)"
    ]


def test_assumptions_that_some_scenarios_do_not_make_are_refused() -> None:
    found = problems(
        'design=latin_hypercube samples=3 assumptions=["*"] scenario=september_2024,march_2025'
    )
    lacking = [line for line in found if "no range for" in line]
    assert any(
        "calendar[0].attention" in line and "scenario=march_2025" in line for line in lacking
    )
    assert any("position" in line and "scenario=september_2024" in line for line in lacking)


def test_several_scenarios_with_the_same_ranges_are_drawn_together() -> None:
    made = plan(
        'design=latin_hypercube samples=3 assumptions=["discount_rate.*"] '
        "scenario=september_2024,march_2025"
    )
    assert made.cells == 6
    low, high = np.array(made.design["low"]), np.array(made.design["high"])
    for cell in range(6):
        rates = CellSettings(made)(cell).scenario.discount_rate
        for n, party in enumerate(("armenia", "azerbaijan")):
            assert low[n] <= rates[party].value <= high[n]
            assert (rates[party].low, rates[party].high) == (low[n], high[n])


def test_bad_points_are_told_for_all_cells_that_share_them() -> None:
    found = problems(
        "design=latin_hypercube samples=1 agenda=single_undertaking,interim_allowed "
        "scenario.discount_rate.armenia.value=interval(0.3,6)"
    )
    assert len(found) == 1
    assert found[0].endswith("(in every cell)")


def test_long_lists_of_cells_are_cut_short() -> None:
    line = by_problem([("x: is bad", n) for n in range(0, 200, 2)], 300, lambda n: {"y": n})[0]
    assert line.startswith("x: is bad (cells 0, 2, 4, ")
    assert " .. 198 of 300" in line
    assert len(line) < 120


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("horizon=interval(20,30)", "horizon: must be a whole number, write int(interval(20,30))"),
        (
            "scenario.politics.fall_weeks.value=interval(2,8)",
            "scenario.politics.fall_weeks.value: must be a whole number, write int(interval(2,8))",
        ),
    ],
)
def test_an_interval_of_whole_numbers_is_told_how_to_write(line: str, wanted: str) -> None:
    assert problems(f"design=latin_hypercube samples=2 {line}") == [wanted]


RATE = "scenario.discount_rate.armenia.value"


@pytest.mark.parametrize(
    "line",
    [
        f"{RATE}=interval(0.1,0.2)",
        f"{RATE}=interval(0.1,0.2) assumptions=[holdout_odds.*]",
        f"{RATE}=interval(0.1,0.2) agenda=single_undertaking,interim_allowed",
        f"{RATE}=interval(0.1,0.2) horizon=int(interval(30,60))",
        f"{CALLS}=interval(2,11)",
    ],
)
def test_a_point_has_the_settings_that_its_configuration_has(line: str) -> None:
    made = plan(f"design=latin_hypercube samples=6 public=none {line}")
    settings = CellSettings(made)
    for cell in range(made.cells):
        assert settings(cell) == build_settings(made.plain(cell))


def test_a_scenario_is_validated_once_for_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[object] = []
    right = scenario.build_scenario
    made = plan(f"design=latin_hypercube samples=40 public=none {RATE}=interval(0.1,0.2)")

    def counting(*given: object) -> object:
        validated.append(given)
        return right(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("sim.config.settings.build_scenario", counting)
    settings = CellSettings(made)
    drawn = {settings(cell).scenario.discount_rate["armenia"].value for cell in range(40)}
    assert len(drawn) == 40
    assert len(validated) == 3  # itself, and both ends of the interval


@pytest.mark.parametrize("ends", ["0.1,2000", "-0.2,0.2"])
def test_an_interval_whose_ends_do_not_fit_is_refused_point_by_point(ends: str) -> None:
    found = problems(f"design=latin_hypercube samples=8 public=none {RATE}=interval({ends})")
    assert all(line.startswith("scenario.discount_rate.armenia") for line in found)
