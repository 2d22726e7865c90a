"""What the shipped scenarios and settings say, and that they say where it comes from."""

import re
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from sim.commands.scenario_tables import normalised_weights, render_scenario, render_sources
from sim.config import config_folder
from sim.config.compose import check_file, compose, compose_plain, load_scenario
from sim.config.number import Number, assumptions_by_class
from sim.config.scenario import Scenario
from sim.errors import ConfigError
from sim.model.plugins import registry

SCENARIOS = sorted(path.stem for path in (config_folder() / "scenario").glob("*.yaml"))
OF_THESE_TALKS = ["december_2024", "march_2025", "september_2024"]
"""Those that start the talks between Armenia and Azerbaijan."""
READINGS = ("yerevan", "baku", "opposition", "washington")


def shipped(name: str) -> Scenario:
    """Return one of the scenarios that come with the package."""
    return load_scenario(config_folder() / "scenario" / f"{name}.yaml")


@pytest.fixture(scope="module")
def september() -> Scenario:
    """The talks as they stood on 17 September 2024."""
    return shipped("september_2024")


def statuses(scenario: Scenario) -> dict[str, list[str]]:
    """Return the ids of the articles by status."""
    found: dict[str, list[str]] = {"open": [], "half": [], "agreed": []}
    for key, article in scenario.articles.items():
        found[article.status].append(key)
    return found


def test_september_counts_articles_as_the_sources_do(september: Scenario) -> None:
    """Preamble and 13 of 16 articles agreed, three half agreed (RFE/RL, 17 September 2024)."""
    found = statuses(september)
    assert len(september.articles) == 16
    assert len(found["agreed"]) == 13
    assert found["half"] == ["VII", "XV", "unnamed"]
    assert september.preamble.status == "agreed"
    assert september.start == date(2024, 9, 17)


def test_december_leaves_two_articles() -> None:
    """15 of 17 on 18 December 2024: with the unmodelled one, 14 of 16 here."""
    found = statuses(shipped("december_2024"))
    assert found["half"] == ["VII", "XV"]
    assert len(found["agreed"]) == 14


def test_march_has_a_complete_text_on_the_second_partys_side() -> None:
    """On 13 March 2025 the last two articles closed near Azerbaijan's wording."""
    march = shipped("march_2025")
    assert statuses(march)["agreed"] == list(march.articles)
    assert march.start == date(2025, 3, 13)
    for key in ("VII", "XV"):
        position = march.articles[key].position
        assert position is not None
        assert (position.low, position.value, position.high) == (0.7, 0.85, 1.0)


@pytest.mark.parametrize("name", ["december_2024", "march_2025"])
def test_later_scenarios_state_only_differences(name: str, september: Scenario) -> None:
    """What a variant does not mention is what September says."""
    text = (config_folder() / "scenario" / f"{name}.yaml").read_text(encoding="utf-8")
    own = yaml.safe_load(text)
    assert set(own) <= {
        "defaults",
        "id",
        "title",
        "note",
        "start",
        "articles",
        "deadline_weeks",
        "drafts",
        "mediation",
        "calendar",
    }
    later = shipped(name)
    assert later.discount_rate == september.discount_rate
    assert later.preconditions == september.preconditions
    assert later.articles["I"] == september.articles["I"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_number_has_a_source_or_a_range(name: str) -> None:
    """No number stands without a basis; assumptions hold their value in a range."""
    scenario = shipped(name)
    numbers = list(scenario.numbers())
    assert len(numbers) > (70 if scenario.record else 200)
    for path, number in numbers:
        if number.assumed:
            assert number.low is not None, path
            assert number.high is not None, path
            assert number.low <= number.value <= number.high, path
        else:
            keys = number.sources or (number.basis,)
            assert set(keys) <= set(scenario.sources), path


@pytest.mark.parametrize("name", OF_THESE_TALKS)
def test_dates_without_a_source_are_called_assumptions(name: str) -> None:
    """The climate summit and the change of administration rest on general knowledge."""
    for event in shipped(name).calendar:
        if event.kind in ("summit", "administration"):
            assert event.basis == "assumption"
            assert "general knowledge" in event.note


@pytest.mark.parametrize("name", SCENARIOS)
def test_calendar_lies_after_the_start(name: str) -> None:
    """No scenario holds dates that have passed when it begins."""
    scenario = shipped(name)
    assert all(event.date >= scenario.start for event in scenario.calendar)


def test_every_source_is_used(september: Scenario) -> None:
    """A source that supports nothing would make a scenario look better founded than it is."""
    used = {event.basis for event in september.calendar}
    used |= {event.source for event in september.timeline}
    for _, number in september.numbers():
        used |= set(number.sources or (number.basis,))
        used |= {key for key in september.sources if re.search(rf"\b{key}\b", number.note)}
    assert set(september.sources) <= used


def test_constitutional_rule_is_the_sourced_one(september: Scenario) -> None:
    """Two thirds of all members, half of the votes, a quarter of all eligible; 71 of 107."""
    rule = september.constitution
    assert rule.supermajority.value == pytest.approx(2 / 3)
    assert rule.referendum_majority.value == 0.5
    assert rule.referendum_quorum.value == 0.25
    seats, needed = september.politics.government_seats.value, 72
    assert seats == needed - 1
    assert september.preconditions["constitution"].ready == date(2026, 12, 31)


def test_lapse_follows_the_base_rates(september: Scenario) -> None:
    """Two-year shares of ended agreements as constant yearly hazards."""
    from math import exp

    assert 1 - exp(-2 * september.lapse.interim_per_year.value) == pytest.approx(0.28, abs=0.001)
    assert 1 - exp(-2 * september.lapse.full_per_year.value) == pytest.approx(0.20, abs=0.001)


def test_assumed_vote_agrees_with_the_assumed_odds(september: Scenario) -> None:
    """Yes share and turnout give odds of passing inside the range stated for the belief."""
    import numpy as np

    rng = np.random.default_rng(1)
    rule = september.constitution
    yes = rng.normal(rule.yes_mean.value, rule.yes_sd.value, 200_000)
    turnout = rng.normal(rule.turnout_mean.value, rule.turnout_sd.value, 200_000)
    passes = (yes > rule.referendum_majority.value) & (
        yes * turnout >= rule.referendum_quorum.value
    )
    odds = september.preconditions["constitution"].odds
    assert odds.low is not None
    assert odds.high is not None
    assert odds.low <= passes.mean() <= odds.high


def test_weights_are_normalised_over_what_is_on_the_table(september: Scenario) -> None:
    """Shares sum to 1 and a dormant demand has none."""
    for actor in september.actor_ids:
        shares = normalised_weights(september, actor)
        assert sum(shares.values()) == pytest.approx(1.0)
        assert "passage" not in shares
        assert "constitution" in shares


@pytest.mark.parametrize("scenario", OF_THESE_TALKS)
@pytest.mark.parametrize("preset", ["none", *READINGS])
def test_presets_compose_with_every_scenario(preset: str, scenario: str) -> None:
    """Each reading is valid for each start of the talks."""
    settings = compose([f"preset={preset}", f"scenario={scenario}"])
    assert settings.scenario.id == scenario


def test_readings_state_whose_they_are() -> None:
    """Each reading begins with the words of its side and says that it is one of four."""
    for name in READINGS:
        text = (config_folder() / "preset" / f"{name}.yaml").read_text(encoding="utf-8")
        assert "One of four of equal rank, none of them the truth." in text
        assert "17 September 2024)" in text.replace("\n# ", " ")


@pytest.mark.parametrize("preset", READINGS)
def test_readings_stay_within_the_stated_ranges(preset: str) -> None:
    """A reading moves assumptions inside their ranges and touches no sourced number."""
    plain = compose([]).scenario
    reading = compose([f"preset={preset}"]).scenario
    before = dict(plain.numbers())
    moved = {path: n for path, n in reading.numbers() if n != before[path]}
    assert moved
    for path, number in moved.items():
        assert before[path].assumed, path
        assert (number.low, number.high) == (before[path].low, before[path].high), path


def test_readings_choose_the_rules_that_their_side_names() -> None:
    """Interim deal, single undertaking, hold-out, mediator's text."""
    chosen = {name: compose([f"preset={name}"]) for name in READINGS}
    assert chosen["yerevan"].agenda.rule == "interim_allowed"
    assert chosen["yerevan"].precondition.rule == "none"
    assert chosen["baku"].agenda.rule == "single_undertaking"
    assert chosen["baku"].precondition.rule == "before_signing"
    assert chosen["baku"].parties["azerbaijan"].strategy.name == "firm"
    assert chosen["opposition"].parties["azerbaijan"].strategy.name == "hold_out"
    assert chosen["washington"].mediator.style == "formulation"


def test_a_choice_on_the_command_line_beats_the_preset() -> None:
    """What the user says last counts."""
    settings = compose(["preset=baku", "agenda=interim_allowed", "strategy@azerbaijan=linear"])
    assert settings.agenda.rule == "interim_allowed"
    assert settings.parties["azerbaijan"].strategy.name == "polynomial"


def test_strategy_parameters_come_in_the_order_of_the_registry() -> None:
    """Defaults fill what a configuration leaves out."""
    settings = compose(["strategy@armenia=conceder", "~armenia.strategy.kappa"])
    strategy = settings.parties["armenia"].strategy
    declared = [p.name for p in registry().get("concession", "polynomial").parameters]
    assert list(strategy.parameters) == declared
    assert strategy.values == (5.0, 0.0)


def test_an_override_of_a_sourced_number_loses_its_source() -> None:
    """A value of the user's own carries nobody else's source."""
    key = "constitution.referendum_quorum"
    numbers = dict(compose([f"scenario.{key}.value=0.3"]).scenario.numbers())
    assert (numbers[key].value, numbers[key].basis) == (0.3, "setting")
    kept = dict(compose(["seed=2"]).scenario.numbers())
    assert kept[key].basis == "S47"


def test_a_folder_of_ones_own_brings_scenarios_and_primary_configurations(tmp_path: Path) -> None:
    """`--config-dir` adds a scenario that starts from a shipped one, and another default run."""
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "mine.yaml").write_text(
        "defaults: [september_2024, _self_]\nid: mine\n", encoding="utf-8"
    )
    (tmp_path / "short.yaml").write_text(
        "defaults: [config, _self_]\nhorizon: 26\n", encoding="utf-8"
    )
    settings = compose(["scenario=mine"], config_dir=tmp_path)
    assert settings.scenario.id == "mine"
    assert compose([], config_name="short", config_dir=tmp_path).horizon == 26
    assert load_scenario(tmp_path / "scenario" / "mine.yaml").id == "mine"


def test_another_negotiation_touches_only_yaml(tmp_path: Path) -> None:
    """Other parties, another text: nothing in the code names a country."""
    text = (config_folder() / "scenario" / "september_2024.yaml").read_text(encoding="utf-8")
    for old, new in (("armenian_opposition", "diehards"), ("armenia", "utopia")):
        text = text.replace(old, new)
    text = text.replace("azerbaijan", "erewhon")
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "island.yaml").write_text(text, encoding="utf-8")
    main = (config_folder() / "config.yaml").read_text(encoding="utf-8")
    main = main.replace("armenia", "utopia").replace("azerbaijan", "erewhon")
    main = main.replace("scenario: september_2024", "scenario: island")
    (tmp_path / "island.yaml").write_text(main, encoding="utf-8")
    settings = compose(["strategy@erewhon=firm"], config_name="island", config_dir=tmp_path)
    assert settings.scenario.parties == ("utopia", "erewhon")
    assert settings.parties["erewhon"].strategy.name == "firm"


def test_composition_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hydra writes no folder, changes no folder and says nothing."""
    monkeypatch.chdir(tmp_path)
    compose_plain(["seed=3"])
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


def test_a_scenario_cannot_be_changed(september: Scenario) -> None:
    """Two runs never share a scenario that one of them altered."""
    with pytest.raises(ValueError, match="frozen"):
        september.id = "other"  # type: ignore[misc]


def test_tables_show_text_numbers_and_how_many_are_assumed(september: Scenario) -> None:
    """The tables hold every article, every demand and the count of assumptions."""
    page = StringIO()
    render_scenario(september, Console(file=page, width=250))
    text = page.getvalue()
    for key in (*september.articles, *september.preconditions):
        assert key in text
    assumed = sum(number.assumed for _, number in september.numbers())
    rows = [line for line in text.splitlines() if "assumption" in line and "%" in line]
    assert any(f" {assumed} " in row for row in rows)


def test_text_from_yaml_is_printed_as_it_stands(tmp_path: Path) -> None:
    """Square brackets in a title are text, not markup."""
    file = tmp_path / "odd.yaml"
    file.write_text(
        "defaults: [september_2024, _self_]\ntitle: 'Talks [bold]twice[/nonsense]'\n",
        encoding="utf-8",
    )
    page = StringIO()
    render_scenario(load_scenario(file), Console(file=page, width=250))
    assert "[bold]twice[/nonsense]" in page.getvalue()


@pytest.mark.parametrize("name", SCENARIOS)
def test_shipped_scenarios_pass_their_own_check(name: str) -> None:
    """`sim scenario check` finds nothing wrong with what we ship."""
    assert check_file(config_folder() / "scenario" / f"{name}.yaml") == []


def test_check_reports_all_problems_at_once(tmp_path: Path) -> None:
    """Three mistakes give three lines."""
    file = tmp_path / "bad.yaml"
    file.write_text(
        "defaults: [september_2024, _self_]\nstart: soon\ntitel: x\nlapse: {exit_cost: 0.1}\n",
        encoding="utf-8",
    )
    problems = check_file(file)
    assert len(problems) == 3
    assert all("\n" not in line for line in problems)
    with pytest.raises(ConfigError) as caught:
        load_scenario(file)
    assert caught.value.exit_code == 2


# --- sources


def assumed(value: float, low: float, high: float) -> Number:
    """Return an assumption."""
    return Number(value=value, low=low, high=high, basis="assumption")


def test_an_assumption_may_name_what_it_was_held_against(tmp_path: Path) -> None:
    """Its sources must exist like any other, and its value stays an assumption."""
    file = tmp_path / "beside.yaml"
    text = "defaults: [september_2024, _self_]\nid: beside\nlapse: {exit_cost: {from: [%s]}}\n"
    file.write_text(text % "UCDP", encoding="utf-8")
    found = load_scenario(file).lapse.exit_cost
    assert found.assumed
    assert found.sources == ("UCDP",)
    file.write_text(text % "UCPD", encoding="utf-8")
    assert check_file(file) == [
        "lapse.exit_cost.basis: unknown source 'UCPD'; did you mean 'UCDP'?"
    ]


def test_a_sourced_number_has_no_other_sources() -> None:
    with pytest.raises(ValueError, match="`from` belongs to"):
        Number.model_validate({"value": 1.0, "basis": "S1", "from": ["S2"]})


def test_assumptions_of_one_class_count_once() -> None:
    """Weights of one class, and positions that mirror each other, are one assumption."""
    core, own, other = assumed(10, 7, 14), assumed(0.0, 0.0, 0.3), assumed(1.0, 0.7, 1.0)
    numbers = [
        ("articles.a.weights.north", core),
        ("articles.b.weights.south", core),
        ("articles.a.ideals.north", own),
        ("articles.a.ideals.south", other),
        ("articles.a.position", assumed(0.5, 0.3, 0.7)),
        ("curvature.north", assumed(1.0, 1.0, 2.0)),
        ("curvature.south", assumed(1.0, 1.0, 2.0)),
        ("seats", Number(value=100, basis="S1")),
    ]
    assert sorted(assumptions_by_class(numbers).values()) == [1, 1, 1, 2, 2]


def test_what_rests_on_which_source_is_told(september: Scenario) -> None:
    page = StringIO()
    render_sources(september, Console(file=page, width=400))
    rows = page.getvalue().splitlines()
    told = {key: next(row for row in rows if f" {key}: " in row) for key in ("UCDP", "REIGN", "S1")}
    assert "lapse.interim_per_year, lapse.full_per_year" in told["UCDP"]
    assert "discount_rate.armenia (assumed beside it)" in told["REIGN"]
    assert "timeline 2024-09-17" in told["S1"]
    assert all(any(f" {key}: " in row for row in rows) for key in september.sources)


def test_readme_counts_the_assumptions_as_they_are(september: Scenario) -> None:
    numbers = list(september.numbers())
    classes = assumptions_by_class(numbers)
    coded = [count for key, count in classes.items() if len(key) > 1]
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert (
        f"{len(numbers)} numbers of the September scenario, "
        f"{sum(number.assumed for _, number in numbers)} are assumptions. {sum(coded)} of these "
        f"are weights and positions in {len(coded)} classes of one coding rule, so {len(classes)} "
        "assumptions stand for themselves"
    ) in " ".join(readme.split())


@pytest.mark.parametrize("preset", ["tenure", "market"])
@pytest.mark.parametrize("scenario", OF_THESE_TALKS)
def test_readings_of_patience_are_sourced_and_go_with_any_reading(
    preset: str, scenario: str
) -> None:
    chosen = compose([f"preset=[baku,{preset}]", f"scenario={scenario}"])
    plain = compose(["preset=baku", f"scenario={scenario}"]).scenario
    assert chosen.parties["azerbaijan"].strategy.name == "firm"
    for party, number in chosen.scenario.discount_rate.items():
        assert number.basis == "derived"
        before = plain.discount_rate[party]
        assert before.low is not None
        assert before.high is not None
        assert before.low <= number.value <= before.high


def test_patience_by_office_does_not_count_office_twice() -> None:
    found = compose(["preset=tenure"]).scenario.politics.office_value
    assert [number.value for number in found.values()] == [0.0, 0.0]
