"""What a visitor sets: what a link may set, what it makes void, and that it comes back the same."""

import pytest
from omegaconf import OmegaConf

from sim.config.compose import compose
from sim.config.settings import CHOICES
from sim.errors import ConfigError
from sim.view.choices import (
    RULES,
    Choices,
    Start,
    command_line,
    files_of,
    is_allowed,
    is_plain,
    options,
    read_address,
    settings_of,
    write_address,
)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("scenario", "march_2025"),
        ("preset", "opposition"),
        ("strategy@armenia", "conceder"),
        ("opponent_model@azerbaijan", "bayesian"),
        ("armenia.strategy.beta", "0.5"),
        ("scenario.discount_rate.azerbaijan.value", "1e-1"),
        ("scenario.public.effort.high", "1"),
        ("seed", "7"),
        ("seed", "two"),
        ("scenario.deadline_weeks.azerbaijan.value", "null"),
    ],
)
def test_is_allowed_for_choices_and_numbers(key: str, value: str) -> None:
    assert is_allowed(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("plugins", "[evil.py]"),
        ("plugins", "evil.py"),
        ("+plugins", "[evil.py]"),
        ("plugins[0]", "evil.py"),
        ("scenario", "../evil"),
        ("scenario", "/tmp/evil"),
        ("scenario", "evil.yaml"),
        ("scenario/../strategy", "evil"),
        ("strategy@armenia", "a,b"),
        ("strategy@armenia", "${oc.env:HOME}"),
        ("hydra.searchpath", "[file:///tmp]"),
        ("hydra.run.dir", "x"),
        ("config_dir", "mine"),
        ("--config-dir", "mine"),
        ("executor", "slurm"),
        ("experiment", "concession_grid"),
        ("armenia.strategy.beta", "${oc.env:HOME}"),
        ("armenia.strategy.beta", "[1,2]"),
        ("armenia.strategy", "{name: x}"),
        ("scenario.title", "evil"),
        ("scenario.public.effort", "{value: 1}"),
        ("scenario.public.effort.note", "x"),
        ("seed", ""),
        ("seed", "1 plugins=[evil.py]"),
        ("seed", "1\nplugins=x"),
        ("~preset", "none"),
        ("", ""),
    ],
)
def test_is_allowed_never_for_code_folders_or_files(key: str, value: str) -> None:
    assert not is_allowed(key, value)


def test_read_address_says_refusals_and_takes_the_rest() -> None:
    asked = read_address("?preset=baku&plugins=%5Bevil.py%5D&seed=4&week=20")
    assert asked.values == {"preset": "baku", "seed": "4"}
    assert asked.week == 20
    assert [line.partition(":")[0] for line in asked.problems] == ["plugins"]
    assert "command line" in asked.problems[0]


@pytest.mark.parametrize("query", [None, "", "?", "&&", "?=", "?week=x&cell=-1", "?%zz"])
def test_read_address_reads_any_query(query: str | None) -> None:
    asked = read_address(query)
    assert asked.values == {}
    assert asked.week is None
    assert asked.cell is None


def test_write_address_comes_back_the_same() -> None:
    values = {
        "preset": "opposition",
        "strategy@armenia": "conceder",
        "armenia.strategy.beta": "0.5",
        "scenario.discount_rate.azerbaijan.value": "0.4",
        "seed": "7",
    }
    query = write_address(values) + "&week=12"
    assert query.startswith(
        "?preset=opposition&strategy@armenia=conceder&armenia.strategy.beta=0.5"
    )
    asked = read_address(query)
    assert dict(asked.values) == values
    assert asked.week == 12
    assert asked.problems == []


def test_read_address_takes_back_by_an_empty_value() -> None:
    asked = read_address("?seed=&plugins=&preset=")
    assert asked.values == {"seed": "", "preset": ""}
    assert len(asked.problems) == 1


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("public.graph", "scale_free", True),
        ("public.citizens", "200", True),
        ("plugins", "evil.py", False),
        ("plugins.0", "evil.py", False),
        ("hydra.searchpath", "evil", False),
        ("hydra.run.dir", "x", False),
        ("executor", "slurm", False),
        ("executor.queue", "x", False),
        ("public.graph", "${oc.env:HOME}", False),
        ("public.graph", "../evil", False),
        ("+public.graph", "x", False),
    ],
)
def test_is_plain_for_words_within_the_settings(key: str, value: str, verdict: bool) -> None:
    assert is_plain(key, value) is verdict


def test_settings_of_an_address_are_the_same() -> None:
    choices = Choices({"preset": "opposition", "seed": "7", "armenia.strategy.beta": "0.5"})
    again = Choices(read_address(write_address(choices.values)).values)
    assert settings_of(Start(), again) == settings_of(Start(), choices)


def test_command_line_names_what_the_server_was_started_with() -> None:
    start = Start(("plugins=[my file.py]", "seed=3"), config_dir="mine")
    assert start.fixed == ("plugins=[my file.py]",)
    assert start.choices.values == {"seed": "3"}
    line = command_line(start, start.choices.but("preset", "baku"))
    assert line == "sim run --config-dir mine 'plugins=[my file.py]' seed=3 preset=baku"


def test_choices_drop_what_a_preset_sets_and_keep_chance() -> None:
    choices = Choices({"seed": "5", "strategy@armenia": "firm", "scenario.a.value": "1"})
    assert choices.but("preset", "baku").values == {"seed": "5", "preset": "baku"}


def test_choices_drop_the_parameters_of_another_strategy() -> None:
    choices = Choices({"armenia.strategy.beta": "2", "azerbaijan.strategy.beta": "3"})
    after = choices.but("strategy@armenia", "firm").values
    assert after == {"azerbaijan.strategy.beta": "3", "strategy@armenia": "firm"}


@pytest.mark.parametrize(
    "values",
    [
        {"seed": "7", "replicate": "3", "horizon": "20"},
        {"preset": "opposition", "scenario.discount_rate.azerbaijan.value": "0.4"},
        {"scenario.status_quo.azerbaijan.value": "1e-2", "armenia.strategy.beta": "5"},
        {"strategy@armenia": "conceder", "armenia.strategy.beta": "0.7"},
        {"agenda": "issue_by_issue", "public": "scale_free", "mediator": "none"},
        {"acceptance@armenia": "ac_time", "opponent_model@azerbaijan": "bayesian"},
        {"scenario": "march_2025", "strategy@azerbaijan": "hold_out"},
        {"preset": "baku", "strategy@azerbaijan": "firm", "agenda": "interim_allowed"},
        {"scenario.discount_rate.azerbaijan.value": "0.3", "seed": "2"},
    ],
)
def test_numbers_put_in_place_give_what_hydra_composes(values: dict[str, str]) -> None:
    choices = Choices(values)
    assert settings_of(Start(), choices) == compose(choices.words())


@pytest.mark.parametrize(
    "values",
    [
        {"seed": "-1"},
        {"seed": "two"},
        {"seed": "99999999999999999999999"},
        {"horizon": "1.5"},
        {"armenia.strategy.gamma": "2"},
        {"scenario.discount_rate.azerbaijan.value": "much"},
        {"scenario.discount_rate.azerbaijan.value": "9"},
    ],
)
def test_numbers_that_cannot_be_put_are_told_as_the_command_line_tells_them(
    values: dict[str, str],
) -> None:
    choices = Choices(values)
    with pytest.raises(ConfigError) as expected:
        compose(choices.words())
    with pytest.raises(ConfigError) as found:
        settings_of(Start(), choices)
    assert str(found.value) == str(expected.value)


def test_what_a_mailer_appends_to_a_link_is_passed_over() -> None:
    asked = read_address("?utm_source=letter&fbclid=abc&seed=4&sede=4")
    assert asked.values == {"seed": "4"}
    assert asked.problems == ["sede: cannot be set from the page or from a link"]


def test_what_the_command_line_fixed_in_a_group_outlasts_its_options() -> None:
    start = Start(("public.graph=small_world",))
    found = settings_of(start, Choices({"public": "scale_free"}))
    assert found == compose(["public.graph=small_world", "public=scale_free"])


@pytest.mark.parametrize("group", [*RULES, *CHOICES])
def test_files_of_groups_are_read_as_hydra_reads_them(group: str) -> None:
    for name, file in files_of(group, None).items():
        assert options(group, None)[name] == OmegaConf.to_container(OmegaConf.load(file)), name


def test_hydra_is_not_asked_for_an_option_of_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    settings_of(Start(), Choices())

    def refuse(*_: object) -> None:
        raise AssertionError("composed")

    monkeypatch.setattr("sim.config.compose.compose_plain", refuse)
    choices = Choices({"mediator": "manipulation", "strategy@armenia": "micro", "seed": "77"})
    assert settings_of(Start(), choices).parties["armenia"].strategy.name == "micro"
