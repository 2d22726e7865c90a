"""The short form of a scenario: words, rows and what is left out, and the conduct it carries."""

import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml

from sim.commands.cli import main
from sim.config import config_folder
from sim.config.compose import check_file, compose, load_scenario
from sim.config.draft import begun, json_schema, shortened, written
from sim.config.number import Number, mapping
from sim.config.parameters import governments
from sim.config.scenario import build_scenario
from sim.config.short import expanded
from sim.errors import collapsed

FISH = """\
start: 2030-01-07
parties: [north, south]
mediator: commission
opposition: {id: union, home: south}
classes: {positions: {never: [0, 0, 0.05]}}
conduct: {north: {strategy: boulware}, agenda: single_undertaking, mediator: facilitation}
articles:
  quota: {stakes: {north: core own, south: core own, union: core never}, unit: t, ends: [100, 900]}
  season: {title: Closed season, stakes: {each: of_note lean_own, commission: routine lean_north}}
  fund:
    {unit: USD million, ends: [0, 50], weights: {each: 4}, ideals: {north: 5, south: [40, 30, 50],
     commission: middle}}
  police: {status: agreed, position: lean_south, stakes: {north: 6 0.3, south: 2 own}}
discount_rate: {north: 0.3, south: {value: 0.7}}
curvature: {each: 1.5}
deadline_weeks: {north: null, south: 52}
"""


@pytest.fixture
def fish(tmp_path: Path) -> Path:
    (tmp_path / "scenario").mkdir()
    file = tmp_path / "scenario" / "fish.yaml"
    file.write_text(FISH, encoding="utf-8")
    return file


def span(number: Number) -> tuple[float, float | None, float | None]:
    return number.value, number.low, number.high


def test_words_stand_for_numbers(fish: Path) -> None:
    quota = load_scenario(fish).articles["quota"]
    assert span(quota.weights["north"]) == (10, 7, 14)
    assert span(quota.ideals["north"]) == (0, 0, 0.3)
    assert span(quota.ideals["south"]) == (1, 0.7, 1)
    assert span(quota.ideals["union"]) == (1, 0.95, 1)
    assert span(quota.weights["commission"]) == (1, 0, 2)
    assert span(quota.ideals["commission"]) == (0.5, 0.35, 0.65)
    assert (quota.title, quota.status) == ("Quota", "open")


def test_each_and_the_side_of_an_opposition(fish: Path) -> None:
    season = load_scenario(fish).articles["season"]
    assert [season.ideals[a].value for a in ("north", "south", "union")] == [0.25, 0.75, 0.75]
    assert span(season.ideals["commission"]) == (0.25, 0.1, 0.4)


def test_positions_in_a_unit(fish: Path) -> None:
    fund = load_scenario(fish).articles["fund"]
    assert span(fund.ideals["north"]) == (0.1, 0.0, 0.25)
    assert span(fund.ideals["south"]) == (0.8, 0.6, 1.0)
    assert span(fund.weights["north"]) == (4, 2, 6)
    assert (fund.unit, fund.ends) == ("USD million", (0, 50))


def test_agreed_wording_and_bare_stakes(fish: Path) -> None:
    police = load_scenario(fish).articles["police"]
    assert police.position is not None
    assert span(police.position) == (0.75, 0.6, 0.9)
    assert span(police.weights["north"]) == (6, 3, 9)
    assert span(police.ideals["north"]) == (0.3, 0.15, 0.45)


def test_what_is_left_out_has_a_wide_range(fish: Path) -> None:
    scenario = load_scenario(fish)
    assert span(scenario.discount_rate["north"]) == (0.3, 0.02, 0.4)
    assert span(scenario.discount_rate["south"]) == (0.7, 0.02, 0.7)
    assert span(scenario.curvature["commission"]) == (1.5, 1.0, 2.0)
    assert scenario.deadline_weeks["north"] is None
    assert scenario.actors["union"].name == "Union"
    assert {c.between for c in scenario.channels} >= {("north", "south"), ("south", "union")}
    assert scenario.public is None
    numbers = dict(scenario.numbers())
    wide = [path for path, n in numbers.items() if n.low == n.high]
    assert sorted(wide) == ["politics.parliament_seats", "ratification.majority"]
    assert all(number.assumed for number in numbers.values())


def test_parts_that_may_be_left_out_take_bare_numbers(fish: Path) -> None:
    """Force, costs of going back, windows, successors: named in a word or two, else not there."""
    left_out = load_scenario(fish)
    assert (left_out.coercion, left_out.dropping, left_out.successors) == ({}, {}, {})
    assert left_out.drafts.reopening_cost is None
    more = """\
coercion: {north: {worth: -0.6}, south: {}}
dropping: {each: {cost: 0.2}}
successors: {south: {like: union, discount_rate: 0.6}}
drafts: {reopening_cost: 0.01}
constitution: {again_weeks: 20}
calendar: [{date: 2031-01-01, kind: summit, title: Summit, basis: assumption, closes: 0.7}]
"""
    fish.write_text(FISH + more, encoding="utf-8")
    scenario = load_scenario(fish)
    assert span(scenario.coercion["north"].worth) == (-0.6, -0.6, 0.5)
    assert span(scenario.coercion["south"].hazard_per_year) == (0.1, 0.0, 0.3)
    assert [scenario.dropping[p].cost.value for p in scenario.parties] == [0.2, 0.2]
    assert span(scenario.dropping["north"].restated) == (0.005, 0.0, 0.02)
    rate = scenario.successors["south"].discount_rate
    again = scenario.constitution.again_weeks if scenario.constitution else None
    closes = scenario.calendar[0].closes
    assert rate is not None
    assert again is not None
    assert closes is not None
    assert scenario.drafts.reopening_cost is not None
    assert span(rate) == (0.6, 0.02, 0.6)
    assert scenario.successors["south"].status_quo is None
    assert span(again) == (20, 20, 260)
    assert span(closes) == (0.7, 0.0, 0.7)
    assert span(scenario.drafts.reopening_cost) == (0.01, 0.005, 0.1)
    again_written = written(shortened(scenario, {"positions": {"never": [0, 0, 0.05]}}))
    fish.write_text(again_written, encoding="utf-8")
    assert load_scenario(fish) == scenario


@pytest.mark.parametrize("name", ["prespa_2018", "september_2024", "december_2024", "march_2025"])
def test_both_forms_give_the_same_records(name: str, tmp_path: Path) -> None:
    """Written in the short form and read again a scenario is the same, to the last byte."""
    scenario = load_scenario(config_folder() / "scenario" / f"{name}.yaml")
    text = written(shortened(scenario, {"positions": {"never": [0, 0, 0.1]}}))
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "again.yaml").write_text(text, encoding="utf-8")
    assert load_scenario(tmp_path / "scenario" / "again.yaml") == scenario
    primary = "prespa_2018" if name == "prespa_2018" else "config"
    choose = [f"scenario={name}"], ["scenario=again"]
    one, other = (compose(line, primary, tmp_path) for line in choose)
    assert governments(one).tobytes() == governments(other).tobytes()


@pytest.mark.parametrize(("name", "most"), [("prespa_2018", 250), ("september_2024", 450)])
def test_shipped_files_are_short(name: str, most: int) -> None:
    """That what they hold stayed what it was is tested by the golden results."""
    text = (config_folder() / "scenario" / f"{name}.yaml").read_text("utf-8")
    assert len(text.splitlines()) <= most


def test_a_scenario_carries_its_conduct(fish: Path) -> None:
    settings = compose(["scenario=fish"], config_dir=fish.parents[1])
    assert settings.parties["north"].strategy.parameters["beta"] < 1.0
    assert settings.parties["south"].strategy.parameters["beta"] == 1.0
    assert settings.agenda.rule == "single_undertaking"
    assert (settings.mediator.style, settings.public.rule) == ("facilitation", "none")
    changed = compose(["scenario=fish", "strategy@north=firm"], config_dir=fish.parents[1])
    assert changed.parties["north"].strategy.name == "firm"


def test_a_kept_composition_ends_with_the_conduct_that_it_took(fish: Path) -> None:
    """Also where a variant has it from its base, and where another file takes the base's place."""
    fish.with_name("later.yaml").write_text("defaults: [fish, _self_]\nid: later\n", "utf-8")
    names = ["scenario=later"]
    for rule in ("single_undertaking", "issue_by_issue", "interim_allowed"):
        text = FISH.replace("agenda: single_undertaking", f"agenda: {rule}")
        fish.write_text(text, encoding="utf-8")
        found = [compose(names, config_dir=fish.parents[1]).agenda.rule for _ in range(2)]
        assert found == [rule, rule]


def test_a_party_of_one_s_own_is_suggested(fish: Path) -> None:
    (line,) = check_override("strategy=firm", fish.parents[1])
    assert "strategy@north" in line
    (line,) = check_override("north.strategy.bta=1", fish.parents[1])
    assert "'beta'" in line


def test_shipped_conduct_is_that_of_its_primary_configuration() -> None:
    one, other = compose([], "prespa_2018"), compose(["scenario=prespa_2018"])
    assert one.parties == other.parties
    assert governments(one).tobytes() == governments(other).tobytes()


def test_a_variant_uses_the_words_of_what_it_starts_from(fish: Path) -> None:
    variant = fish.with_name("later.yaml")
    variant.write_text(
        "defaults: [fish, _self_]\narticles: {quota: {ideals: {north: never}}}\n", encoding="utf-8"
    )
    assert span(load_scenario(variant).articles["quota"].ideals["north"]) == (0, 0, 0.05)
    settings = compose(["scenario=later"], config_dir=fish.parents[1])
    assert settings.agenda.rule == "single_undertaking"
    assert span(settings.scenario.articles["quota"].ideals["north"]) == (0, 0, 0.05)


def test_a_word_on_the_line(fish: Path) -> None:
    line = ["scenario=fish", "scenario.articles.quota.weights.north=routine"]
    settings = compose(line, config_dir=fish.parents[1])
    assert span(settings.scenario.articles["quota"].weights["north"]) == (1, 0, 2)


WRONG = [
    ("a misspelt weight", ("core own", "cor own"), "articles.quota.weights.north", "'core'"),
    ("a misspelt position", ("of_note lean_own", "of_note leanown"), "ideals.north", "'lean_own'"),
    ("a side for a mediator", ("routine lean_north", "routine own"), "commission", "no side"),
    (
        "a weight alone",
        ("core own, south", "core, south"),
        "articles.quota.ideals.north",
        "missing",
    ),
    ("the same end twice", ("[100, 900]", "[100, 100]"), "articles.quota", "must differ"),
    ("three ends", ("[100, 900]", "[1, 2, 3]"), "articles.quota.ends", ""),
    ("no such group", ("agenda: single", "agendum: single"), "conduct.agendum", "'agenda'"),
    ("no such choice", ("single_und", "singel_und"), "conduct.agenda", "'single_undertaking'"),
    ("no such strategy", ("boulware", "boulwar"), "conduct.north.strategy", "'boulware'"),
    ("no such party", ("{north: {strategy", "{nroth: {strategy"), "conduct.nroth", "'north'"),
    ("a strategy for the talks", ("{strategy: boulware}", "firm"), "conduct.north", "mapping"),
    ("a misspelt field", ("{strategy: b", "{stratgy: b"), "conduct.north.stratgy", "'strategy'"),
    ("text for a number", ("north: 0.3", "north: much"), "discount_rate.north", "needs a basis"),
    ("an unknown key", ("curvature:", "curvatur:"), "curvatur", "'curvature'"),
    ("a negative weight", ("6 0.3", "-6 0.3"), "articles.police.weights.north", "at or above 0"),
    ("a position outside", ("6 0.3", "6 1.3"), "articles.police.ideals.north", "between 0 and 1"),
    ("a list for parties", ("[north, south]", "north"), "parties", "list"),
    ("one party", ("[north, south]", "[north]"), "parties", ""),
    ("articles as a list", ("articles:\n", "articles: []\nx:\n"), "articles", "mapping"),
    ("no date", ("2030-01-07", "soon"), "start", "date"),
]


@pytest.mark.parametrize(
    ("change", "place", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_mistakes_are_told(fish: Path, change: tuple[str, str], place: str, said: str) -> None:
    assert change[0] in FISH
    fish.write_text(FISH.replace(*change, 1), encoding="utf-8")
    found = [line for line in check_file(fish) if place in line.partition(": ")[0]]
    assert found
    assert said in " ".join(found)


@pytest.mark.parametrize("key", ["scenario.classes.weights.core", "scenario.conduct.agenda"])
def test_keys_of_files_alone_are_no_overrides(fish: Path, key: str) -> None:
    (line,) = check_override(f"{key}=1", fish.parents[1])
    assert key in line


def check_override(override: str, folder: Path) -> list[str]:
    from sim.errors import ConfigError

    with pytest.raises(ConfigError) as caught:
        compose(["scenario=fish", override], config_dir=folder)
    return caught.value.problems


def test_a_capital_letter_is_told_once(
    fish: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scenario = load_scenario(config_folder() / "scenario" / "march_2025.yaml")
    plain = scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = json.dumps(plain).replace('"armenia": {', '"Armenia": {')
    file = tmp_path / "capital.yaml"
    file.write_text(yaml.safe_dump(json.loads(text)), encoding="utf-8")
    assert len(check_file(file)) > 40
    assert main(["scenario", "check", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 8
    assert "more places" in "\n".join(lines)


def test_repeats_are_collapsed_by_what_they_say() -> None:
    lines = [f"a{n}.x: is missing" for n in range(5)] + ["b.x: is wrong", "one", "two"]
    assert collapsed(lines) == [
        "a0.x: is missing (and at 4 more places)",
        "b.x: is wrong",
        "one",
        "two",
    ]
    assert collapsed(lines[:2]) == lines[:2]


# --- begun anew


def test_a_new_scenario_plays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["scenario", "new", "pact", "--parties", "a,b", "--articles", "11"]
    words += ["--start", "2030-01-07", "--mediator", "m", "--opposition", "o@b"]
    folder = tmp_path / "mine"
    assert main([*words, "--config-dir", str(folder)]) == 0
    assert "11 articles" in capsys.readouterr().out
    settings = compose(["scenario=pact"], config_dir=folder)
    assert list(settings.parties) == ["a", "b"]
    assert settings.mediator.style == "facilitation"
    assert main([*words, "--config-dir", str(folder)]) == 2
    assert "exists" in capsys.readouterr().err


def test_a_new_scenario_asks_for_few_numbers() -> None:
    """For 11 articles and two parties at most 40 numbers stand in the file, ranges included."""
    plain = begun("pact", ("a", "b"), 11, date(2030, 1, 7))
    numbers = re.findall(r"\[[\d., ]+\]", written(plain))
    assert sum(text.count(",") + 1 for text in numbers) <= 40
    stakes = [row["stakes"] for row in mapping(plain["articles"]).values() if isinstance(row, dict)]
    assert len(stakes) == 11
    assert not re.search(r"\d", str(stakes))


def test_the_schema_accepts_what_is_valid(tmp_path: Path) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for file in sorted((config_folder() / "scenario").glob("*.yaml")):
        found = json.loads(json.dumps(yaml.safe_load(file.read_text("utf-8")), default=str))
        assert [error.message for error in validator.iter_errors(found)] == [], file.name
    fish = json.loads(json.dumps(yaml.safe_load(FISH), default=str))
    assert not list(validator.iter_errors(fish))


@pytest.mark.parametrize(
    "text",
    ["articels: {}", "articles: {a: {stats: open}}", "conduct: {horizon: long}", "start: [1]"],
)
def test_the_schema_refuses_slips(text: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(yaml.safe_load(text)))


def test_expanding_twice_changes_nothing() -> None:
    once = expanded(yaml.safe_load(FISH), "fish")
    assert build_scenario(once) == build_scenario(expanded(once, "fish"))
