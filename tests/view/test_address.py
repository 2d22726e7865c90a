"""The page's address: what it can set, what it may not, and that it comes back the same."""

import pytest

from sim.view.address import is_allowed, is_plain, read, write
from sim.view.choices import Choices, Start, command_line, settings_of


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
def test_choices_and_numbers_may_stand_in_a_link(key: str, value: str) -> None:
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
def test_code_folders_and_files_may_not(key: str, value: str) -> None:
    assert not is_allowed(key, value)


def test_refusals_are_said_and_the_rest_is_taken() -> None:
    asked = read("?preset=baku&plugins=%5Bevil.py%5D&seed=4&week=20")
    assert asked.values == {"preset": "baku", "seed": "4"}
    assert asked.week == 20
    assert [line.partition(":")[0] for line in asked.problems] == ["plugins"]
    assert "command line" in asked.problems[0]


@pytest.mark.parametrize("query", [None, "", "?", "&&", "?=", "?week=x&cell=-1", "?%zz"])
def test_any_query_can_be_read(query: str | None) -> None:
    asked = read(query)
    assert asked.values == {}
    assert asked.week is None
    assert asked.cell is None


def test_an_address_comes_back_the_same() -> None:
    values = {
        "preset": "opposition",
        "strategy@armenia": "conceder",
        "armenia.strategy.beta": "0.5",
        "scenario.discount_rate.azerbaijan.value": "0.4",
        "seed": "7",
    }
    query = write(values, week=12)
    assert query.startswith(
        "?preset=opposition&strategy@armenia=conceder&armenia.strategy.beta=0.5"
    )
    asked = read(query)
    assert dict(asked.values) == values
    assert asked.week == 12
    assert asked.problems == []


def test_an_empty_value_takes_back_what_may_be_set() -> None:
    asked = read("?seed=&plugins=&preset=")
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
def test_a_folder_of_results_may_set_words_within_the_settings(
    key: str, value: str, verdict: bool
) -> None:
    assert is_plain(key, value) is verdict


def test_the_same_address_gives_the_same_settings() -> None:
    choices = Choices({"preset": "opposition", "seed": "7", "armenia.strategy.beta": "0.5"})
    again = Choices(read(write(choices.values)).values)
    assert settings_of(Start(), again) == settings_of(Start(), choices)


def test_a_line_names_what_the_server_was_started_with() -> None:
    start = Start(("plugins=[my file.py]", "seed=3"), config_dir="mine")
    assert start.fixed == ("plugins=[my file.py]",)
    assert start.choices.values == {"seed": "3"}
    line = command_line(start, start.choices.but("preset", "baku"))
    assert line == "sim run --config-dir mine 'plugins=[my file.py]' seed=3 preset=baku"
