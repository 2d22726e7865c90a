"""The controls: what is offered, what describes the settings, and what waits for Reset."""

from pathlib import Path

import pytest

from sim.config.compose import compose
from sim.view.choices import Choices, Start, State, settings_of, state_of
from sim.view.controls import (
    Control,
    fieldsets,
    for_parties,
    option_help,
    other_choices,
    slider_step,
    with_parties,
)


def controls_of(draft: State, running: State) -> dict[str, Control]:
    return {c.key: c for group in fieldsets(Start(), draft, running) for c in group.controls}


def state(**values: str) -> State:
    choices = Choices({key.replace("__", "@"): value for key, value in values.items()})
    return state_of(Start(), choices)


def test_every_control_that_is_asked_for_is_there() -> None:
    running = state()
    found = controls_of(running, running)
    assert {
        "scenario",
        "preset",
        "agenda",
        "precondition",
        "mediator",
        "strategy@armenia",
        "armenia.strategy.beta",
        "strategy@azerbaijan",
        "azerbaijan.strategy.beta",
        "scenario.discount_rate.armenia.value",
        "scenario.discount_rate.azerbaijan.value",
        "scenario.public.effort.value",
        "seed",
    } <= set(found)
    assert not any(control.waits for control in found.values())


def test_scenarios_with_other_parties_are_not_offered() -> None:
    running = state()
    names = set(controls_of(running, running)["scenario"].options)
    assert {"september_2024", "december_2024", "march_2025"} <= names
    assert "prespa_2018" not in names
    start = Start(config_name="prespa_2018")
    prespa = state_of(start, Choices())
    offered = {
        control.key: control.options
        for group in fieldsets(start, prespa, prespa)
        for control in group.controls
    }
    assert offered["scenario"] == ["prespa_2018", "prespa_coded_2018"]
    assert offered["preset"] == ["none"]


def test_a_scenario_is_offered_unless_it_names_other_parties() -> None:
    scenarios: dict[str, object] = {
        "base": {"parties": ["one", "two"]},
        "child": {"defaults": ["base", "_self_"]},
        "others": {"parties": ["three", "four"]},
        "loop": {"defaults": ["loop"]},
        "unreadable": None,
    }
    assert with_parties(scenarios, ("one", "two")) == ["base", "child", "loop", "unreadable"]


def test_a_preset_is_offered_unless_it_chooses_for_other_parties() -> None:
    presets: dict[str, object] = {
        "none": None,
        "ours": {"defaults": [{"override /strategy@one": "firm"}, "_self_"]},
        "rules": {"defaults": [{"override /agenda": "interim_allowed"}]},
        "theirs": {"defaults": [{"override /strategy@three": "firm"}]},
        "broken": {"defaults": 7},
    }
    assert for_parties(presets, ("one", "two")) == ["none", "ours", "rules", "broken"]


def test_controls_show_what_a_preset_sets() -> None:
    found = controls_of(state(preset="opposition"), state())
    assert found["strategy@azerbaijan"].value == "hold_out"
    assert found["strategy@azerbaijan"].running == "boulware"
    assert found["scenario.discount_rate.azerbaijan.value"].value == "0.04"
    waiting = {key for key, control in found.items() if control.waits}
    assert {"preset", "strategy@azerbaijan", "scenario.discount_rate.azerbaijan.value"} <= waiting
    assert not {"seed", "scenario", "agenda", "strategy@armenia"} & waiting


@pytest.mark.parametrize("name", ["boulware", "linear", "conceder", "micro", "firm", "mixture"])
def test_a_strategy_is_recognised_by_its_values(name: str) -> None:
    """A preset or a stored run names no file; the control shows the one with these values."""
    plain = compose([f"strategy@armenia={name}"])
    running = State(Choices(), plain)
    expected = {"linear": ("linear", "polynomial")}.get(name, (name,))
    assert controls_of(running, running)["strategy@armenia"].value in expected


def test_parameters_have_the_ranges_of_the_registry() -> None:
    chosen = state(strategy__armenia="exponential")
    kappa = controls_of(chosen, chosen)["armenia.strategy.kappa"]
    assert (kappa.kind, kappa.low, kappa.high, kappa.value) == ("number", "0.0001", "1", "0.1")


@pytest.mark.parametrize(
    ("low", "high", "value", "step"),
    [
        (0.0, 1.0, 0.5, 0.01),
        (0.02, 0.4, 0.1, 0.01),
        (0.0, 0.03, 0.01, 0.001),
        (0.0001, 1.0, 0.1, None),
        (0.0, 1.0, 0.123456, None),
        (0.01, 100.0, 0.2, None),
        (0.5, 0.5, 0.5, None),
    ],
)
def test_a_slider_can_stand_on_its_value_and_ends(
    low: float, high: float, value: float, step: float | None
) -> None:
    assert slider_step(low, high, value) == (None if step is None else pytest.approx(step))


def test_choices_without_a_control_are_listed() -> None:
    key = "scenario.status_quo.azerbaijan.value"
    chosen = State(Choices({key: "0.02", "seed": "4"}), settings_of(Start(), Choices()))
    assert other_choices(chosen.choices, fieldsets(Start(), chosen, chosen)) == f"{key}=0.02"


def test_a_number_written_differently_does_not_wait() -> None:
    control = Control("k", "k", "number", "0.10", "0.1")
    assert not control.waits
    assert Control("k", "k", "number", "two", "0.1").waits


def test_every_option_is_explained() -> None:
    running = state()
    for key, control in controls_of(running, running).items():
        if control.kind == "select":
            assert {name for name, _ in control.told} == set(control.options), key
            assert all("_" not in control.words[name] for name in control.options), key


def test_a_group_of_the_users_own_is_explained_by_its_comment(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("# @package _global_\n# One.\n# Two.\n#\n# Three.\nrule: x\n", "utf-8")
    assert option_help(file) == "One. Two."
