"""What is mistyped gets its true reason, and nothing reaches a terminal that could control it."""

import re
from pathlib import Path

import pytest

from sim.config import config_folder
from sim.config.compose import check_file, compose
from sim.errors import ConfigError, SimError
from sim.sweeps import planning
from sim.sweeps.overrides import MOST_ALIKE
from sim.sweeps.planning import by_problem, make_plan

GOOD = (config_folder() / "scenario" / "september_2024.yaml").read_text(encoding="utf-8")

OVERRIDES = {
    "minus": ("armenia.strategy.beta=\u22121", "holds the dash U+2212, write the minus sign -"),
    "no-break blank": ("horizon=10\u00a0", "holds the blank U+00A0"),
    "blank before": ("\u00a0horizon=10", "holds the blank U+00A0"),
    "blank inside": ("horizon=1\u202f000", "holds the blank U+202F"),
    "curly quotes": ("scenario.title=\u201ca b\u201d", "holds the curly quote U+201C"),
    "equals": ("scenario.note=a=b", "two pairs of quotes, \"scenario.note='a=b'\""),
    "NUL": ("scenario.title=a\0b", "a\\x00b: is not of the form"),
    "escape": ("scenario=a\x1b[31m", "holds the control character U+001B"),
    "deep": ("horizon=" + "[" * 300 + "]" * 300, "horizon: is nested more than 50 deep"),
    "long list": ("horizon=[" + "1," * 2000 + "1],3", "more than 1,000 values in brackets"),
    "long": ("scenario.title=" + "x" * 200_000, "scenario.title: has 200,015 characters"),
}


@pytest.mark.parametrize(("override", "said"), OVERRIDES.values(), ids=list(OVERRIDES))
def test_override_gets_its_true_reason(override: str, said: str) -> None:
    for attempt in (compose, make_plan):
        with pytest.raises(ConfigError) as caught:
            attempt([override])
        assert said in str(caught.value)
        assert len(caught.value.problems) == 1
        assert str(caught.value).isprintable()


def test_quotes_that_are_suggested_are_right() -> None:
    assert compose(["scenario.note='a=b'"]).scenario.note == "a=b"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("no", "articles: must be text, was read as false; put quotes around it as written"),
        ("010", "articles: must be text, was read as 8; put quotes around it as written"),
        ("1e3", "articles: must be text, was read as 1000.0; put quotes around it as written"),
        ("VI.I", "articles: 'VI.I' is no id: write up to 64 letters A-Z or a-z, digits, _ and -"),
        ("V II", "articles: 'V II' is no id: write up to 64 letters A-Z or a-z, digits, _ and -"),
    ],
)
def test_ids_keep_to_their_grammar(key: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD.replace("  VII:", f"  {key}:"), encoding="utf-8")
    assert check_file(file) == [said]


def test_quoted_number_is_an_id(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD.replace("  VII:", '  "010":'), encoding="utf-8")
    assert check_file(file) == []


@pytest.mark.parametrize("day", ["9999-12-31", "9900-01-01", "0001-01-01"])
def test_dates_stay_within_the_calendar(day: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(re.sub(r"(?m)^start: .*", f"start: {day}", GOOD), encoding="utf-8")
    assert check_file(file) == [f"start: {day} must lie between the years 100 and 9899"]


def test_minus_in_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD.replace("value: 0.05", "value: \u22120.05", 1), encoding="utf-8")
    assert "holds the dash U+2212, write the minus sign -" in "".join(check_file(file))


def test_errors_show_control_characters_as_escapes() -> None:
    assert str(SimError("a\x1b[31m\0\nb\u202e")) == "a\\x1b[31m\\x00\nb\\u202e"
    with pytest.raises(ConfigError, match=r"a\\x00b"):
        compose([], config_dir="a\0b")
    with pytest.raises(ConfigError, match=r"a\\x00b"):
        compose([], config_name="a\0b")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scenario.holdout_odds.armenia.value=range(-50,0)", "-50, -49 .. -1 (50 values) lies"),
        ("strategy@armenia=" + ",".join(f"x{n}" for n in range(50)), "and 49 more like it"),
        ("agenda.rule=" + ",".join(f"x{n}" for n in range(50)), "and 49 more like it"),
    ],
)
def test_many_bad_points_are_one_line_and_a_count(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_plan([line, "public=none", "horizon=4", "replicates=1"])
    assert len(caught.value.problems) == 1
    assert said in str(caught.value)


def test_many_bad_lists_are_not_all_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_BAD_BASES", 2)
    with pytest.raises(ConfigError) as caught:
        make_plan(["scenario.calendar=[{}],[{a: 1}],[{b: 1}],[{c: 1}]", "replicates=1"])
    assert "scenario.calendar[0].date: is missing (cells 0-1 of 4" in str(caught.value)
    assert caught.value.problems[-1] == "sweep: 2 of 4 cells were not looked at"


def test_a_thousand_bad_cells_are_one_line_and_a_count() -> None:
    problems = [(f"a[{n % 2}].b: {n}.5 lies outside of 'x{n}'", n) for n in range(1000)]
    lines = by_problem(problems, 1000, lambda n: {"n": n})
    assert [line.partition(":")[0] for line in lines] == ["a[0].b", "a[1].b"]
    assert all("and 499 more like it" in line for line in lines)
    few = by_problem(problems[:MOST_ALIKE], 1000, lambda n: {"n": n})
    assert len(few) == MOST_ALIKE
