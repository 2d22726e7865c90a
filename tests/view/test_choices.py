"""What a visitor sets: what it makes void, what waits for Reset, and the kept compositions."""

import json
from pathlib import Path

import pytest

from sim.config.compose import compose
from sim.errors import ConfigError
from sim.view.choices import Choices, Start, settings_of
from sim.view.composition_cache import keep, kept_file, read
from sim.view.controls import (
    Control,
    State,
    fieldsets,
    for_parties,
    other_choices,
    slider_step,
    with_parties,
)


def controls_of(draft: State, running: State) -> dict[str, Control]:
    return {c.key: c for group in fieldsets(Start(), draft, running) for c in group.controls}


def state(**values: str) -> State:
    choices = Choices({key.replace("__", "@"): value for key, value in values.items()})
    return State(choices, settings_of(Start(), choices))


def test_a_preset_drops_what_it_sets_and_keeps_chance() -> None:
    choices = Choices({"seed": "5", "strategy@armenia": "firm", "scenario.a.value": "1"})
    assert choices.but("preset", "baku").values == {"seed": "5", "preset": "baku"}


def test_another_strategy_drops_the_parameters_of_the_one_before() -> None:
    choices = Choices({"armenia.strategy.beta": "2", "azerbaijan.strategy.beta": "3"})
    after = choices.but("strategy@armenia", "firm").values
    assert after == {"azerbaijan.strategy.beta": "3", "strategy@armenia": "firm"}


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
    prespa = State(Choices(), settings_of(start, Choices()))
    offered = {
        control.key: control.options
        for group in fieldsets(start, prespa, prespa)
        for control in group.controls
    }
    assert offered["scenario"] == ["prespa_2018"]
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


# --- kept compositions


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_a_kept_composition_gives_the_same_settings(own_cache: Path) -> None:
    choices = Choices({"preset": "washington", "seed": "91"})
    first = settings_of(Start(), choices)
    (file,) = (own_cache / "compositions").glob("*.json")
    from sim.view import choices as module

    module._composed.cache_clear()
    assert settings_of(Start(), choices) == first == compose(["preset=washington", "seed=91"])
    assert json.loads(file.read_text())["seed"] == 91


def test_another_configuration_is_composed_anew(own_cache: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "strategy").mkdir(parents=True)
    file = mine / "strategy" / "own.yaml"
    file.write_text("strategy: {name: polynomial, beta: 2.0, kappa: 0.0}\n")
    before = kept_file(["strategy@armenia=own"], "config", str(mine))
    assert before == kept_file(["strategy@armenia=own"], "config", str(mine))
    file.write_text("strategy: {name: polynomial, beta: 3.0, kappa: 0.0}\n")
    assert before != kept_file(["strategy@armenia=own"], "config", str(mine))
    assert before != kept_file(["strategy@armenia=firm"], "config", str(mine))


def test_a_broken_kept_composition_is_not_read(own_cache: Path) -> None:
    file = own_cache / "compositions" / "x.json"
    keep(file, {"seed": 1})
    assert read(file) == {"seed": 1}
    file.write_text("{")
    assert read(file) is None
    assert read(file.with_name("none.json")) is None


def test_faulty_settings_are_not_kept(own_cache: Path) -> None:
    with pytest.raises(ConfigError):
        settings_of(Start(), Choices({"seed": "two"}))
    assert not list(own_cache.rglob("*.json"))
