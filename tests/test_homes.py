"""Politics at both homes, at one, at none; and actors that a scenario leaves out."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from sim.config.compose import check_file, compose, load_scenario
from sim.config.parameters import governments
from sim.config.settings import Settings, build_settings
from sim.errors import ConfigError
from sim.model.codes import Move, Precondition, Treaty
from sim.runs.outcomes import outcomes
from sim.runs.play import play_batch, play_one
from sim.runs.story import tell
from sim.runs.summary import scenario_columns, scenario_outcomes
from sim.runs.trace import trace

FILE = Path(__file__).parent / "two_homes.yaml"
CONDUCT = {
    "strategy": {"name": "polynomial", "beta": 1.0},
    "acceptance": {"name": "ac_next"},
    "opponent_model": {"name": "none"},
}
RULES = {
    "agenda": {"rule": "single_undertaking"},
    "precondition": {"rule": "before_signing"},
    "mediator": {"style": "facilitation"},
    "public": {"rule": "friedkin_johnsen"},
    "horizon": 80,
}


def unshared(node: object) -> object:
    """Return a copy in which nothing that stands in two places is the same object."""
    if isinstance(node, dict):
        return {key: unshared(value) for key, value in node.items()}
    return [unshared(value) for value in node] if isinstance(node, list) else node


def settings(
    change: Callable[[dict], None] | None = None, rules: Mapping[str, object] | None = None
) -> Settings:
    """Return the settings of the talks after a change of the scenario."""
    scenario = unshared(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    assert isinstance(scenario, dict)
    if change is not None:
        change(scenario)
    conduct = dict.fromkeys(scenario["parties"], CONDUCT)
    return build_settings({"scenario": scenario, **conduct, **RULES, **(rules or {})})


def problems(change: Callable[[dict], None], **rules: object) -> list[str]:
    """Return what is wrong after a change."""
    with pytest.raises(ConfigError) as caught:
        settings(change, rules)
    return caught.value.problems


def both(chosen: Settings) -> np.void:
    """Return the final state of a run that both drivers have played alike."""
    engine, mesa = play_one(chosen), play_one(chosen, "mesa")
    assert engine.history.tobytes() == mesa.history.tobytes()
    assert engine.events.tobytes() == mesa.events.tobytes()
    return engine.final


def seats(party: str, number: int) -> Callable[[dict], None]:
    """Return the change that gives a government so many of 100 seats."""

    def change(scenario: dict) -> None:
        scenario["homes"][party]["politics"]["government_seats"]["value"] = number

    return change


def test_the_example_is_a_valid_scenario() -> None:
    assert check_file(FILE) == []
    scenario = load_scenario(FILE)
    assert list(scenario.all_homes) == ["hill", "valley"]
    assert scenario.actor_ids[3:] == ("hill_opposition", "valley_opposition")


@pytest.mark.parametrize(
    ("party", "seats_there", "met"),
    [
        (None, 70, (True, True)),
        ("hill", 60, (False, True)),
        ("valley", 60, (True, False)),
    ],
)
def test_a_demand_is_decided_by_the_seats_of_its_deliverer(party, seats_there, met) -> None:
    final = both(settings(seats(party, seats_there) if party else None))
    found = [int(final.precondition[k]) == Precondition.MET for k in range(2)]
    assert tuple(found) == met


def test_a_referendum_is_held_among_its_deliverers_voters() -> None:
    def lost(scenario: dict) -> None:
        scenario["homes"]["valley"]["constitution"]["yes_mean"]["value"] = 0.4

    record = play_one(settings(lost))
    failed = [
        int(e.issue)
        for e in record.events
        if e.move == Move.PRECONDITION_STEP and e.value == Precondition.FAILED
    ]
    assert failed == [1]


@pytest.mark.parametrize("party", ["hill", "valley"])
def test_each_treaty_is_ratified_by_the_own_parliament(party) -> None:
    """A government that loses its majority after the signature fails with the ratification."""

    def without_majority(scenario: dict) -> None:
        scenario["preconditions"], scenario["calendar"] = {}, []
        seats(party, 40)(scenario)

    final = both(settings(without_majority))
    assert final.status == Treaty.COLLAPSED
    side = ["hill", "valley"].index(party)
    told = tell(play_one(settings(without_majority)))
    assert told[-1].actor == party
    assert final.ratified[1 - side] == (1 if side == 1 else 0)


def test_a_parliament_may_have_no_say() -> None:
    def no_vote(scenario: dict) -> None:
        scenario["preconditions"], scenario["calendar"] = {}, []
        seats("hill", 40)(scenario)
        del scenario["homes"]["hill"]["politics"]["ratification_majority"]

    assert both(settings(no_vote)).status == Treaty.RATIFIED


def test_an_election_is_held_where_the_calendar_says() -> None:
    """Half of the votes are no majority: the government of Valley falls, that of Hill stays."""
    record = play_one(settings(seats("hill", 60), {"bargaining": {"rule": "packages"}}))
    lines = [line.said for line in tell(record)]
    assert "The government of Valley falls" in lines
    assert any(said.startswith("Election in Valley") for said in lines)
    assert record.final.fell[0] == 0
    assert record.final.fell[1] != 0


def followed(scenario: dict) -> None:
    """Hill's opposition would go on with the talks; Valley's election is lost."""
    seats("hill", 60)(scenario)
    scenario["successors"] = {"valley": {"like": "valley_opposition"}}


@pytest.mark.parametrize("rule", ["packages", "articles"])
def test_talks_go_on_under_a_successor_with_its_own_preferences(rule: str) -> None:
    chosen = settings(followed, {"bargaining": {"rule": rule}})
    rows = governments(chosen)
    side, opposition = 1, int(chosen.scenario.code_of("valley_opposition"))
    assert (rows[2].weight[side] == rows[0].weight[opposition]).all()
    assert (rows[2].weight[0] == rows[0].weight[0]).all()
    assert (rows[1].weight == rows[0].weight).all()
    final = both(chosen)
    if rule == "packages":
        assert final.government == 2
        assert final.fell.tolist() == [0, 0]
        assert outcomes(rows[:1], final)["government_fell"][0]


def test_a_successor_must_be_somebody_else_and_follow_a_government() -> None:
    def change(scenario: dict) -> None:
        scenario["successors"] = {
            "vally": {"like": "hill"},
            "hill": {"like": "hill"},
            "valley": {"like": "valley_oposition"},
        }

    found = problems(change)
    assert any("unknown party 'vally'; did you mean 'valley'?" in line for line in found)
    assert any("must be another actor" in line for line in found)
    assert any("did you mean 'valley_opposition'?" in line for line in found)


@pytest.mark.parametrize(
    ("stated", "line"),
    [
        ({}, "scenario.successors.valley.like: is missing"),
        (
            {"like": "hill", "discount_rate": {"value": -1, "basis": "assumption"}},
            "scenario.successors.valley.discount_rate",
        ),
    ],
)
def test_a_successor_without_parameters_or_with_impossible_ones_is_told(
    stated: dict, line: str
) -> None:
    def change(scenario: dict) -> None:
        scenario["successors"] = {"valley": stated}

    assert [found[: len(line)] for found in problems(change)] == [line]


def mirrored(scenario: dict) -> None:
    """Exchange the places of the two parties; position x becomes 1 - x."""
    scenario["parties"].reverse()
    scenario["mediation"]["bias"]["value"] *= -1
    for item in (scenario["preamble"], *scenario["articles"].values()):
        for number in (*item["ideals"].values(), item.get("position")):
            if number is not None:
                number["value"] = 1 - number["value"]


def unequal(scenario: dict) -> None:
    """Make the parties and their homes differ, and leave nothing to chance."""
    scenario["articles"]["border"]["weights"]["hill"]["value"] = 3
    scenario["discount_rate"]["valley"]["value"] = 0.3
    hill, valley = scenario["homes"]["hill"], scenario["homes"]["valley"]
    hill["politics"]["government_seats"]["value"] = 80
    hill["public"]["opinion_mean"]["value"] = 0.4
    hill["public"]["citizens"]["value"] = 40
    valley["politics"]["approval"]["value"] = 0.7
    valley["constitution"]["yes_mean"]["value"] = 0.55
    for channel in scenario["channels"]:
        channel["calls_per_year"]["value"] = channel["meetings_per_year"]["value"] = 0


def test_swapped_parties_swapped_results() -> None:
    def swapped(scenario: dict) -> None:
        unequal(scenario)
        mirrored(scenario)

    here, there = both(settings(unequal)), both(settings(swapped))
    for name in ("status", "text_week", "signed_week", "ratified_week"):
        assert here[name] == there[name], name
    assert here.signed_week > 0
    for name in ("approval", "opinion", "protest", "seats", "value_now"):
        assert here[name] == pytest.approx(there[name][::-1], abs=1e-9), name
    assert here.position[:3] == pytest.approx(1.0 - there.position[:3], abs=1e-9)


def test_a_second_home_has_columns_and_chance_of_its_own() -> None:
    def by_chance(scenario: dict) -> None:
        scenario["calendar"] = []
        for home in scenario["homes"].values():
            home["politics"]["approval_noise"]["value"] = 0.1
            home["public"]["opinion_sd"]["value"] = 0.2

    chosen = settings(by_chance)
    record = play_one(chosen)
    names = [column.name for column in scenario_columns(chosen.scenario)]
    assert names[-4:] == [
        "approval_valley",
        "opinion_valley",
        "protest_valley",
        "government_fell_valley",
    ]
    first = outcomes(record.params, record.final)
    second = scenario_outcomes(chosen.scenario, record.final)
    assert first["approval"][0] == record.final.approval[0] != record.final.approval[1]
    assert second["approval_valley"][0] == record.final.approval[1]
    assert second["opinion_valley"][0] != first["opinion"][0]
    assert {"approval", "approval_valley", "seats_valley"} <= {
        entry.column.name for entry in trace(record)
    }
    batch = play_batch([chosen], range(3))
    for name in ("status", "approval", "opinion", "protest", "seats", "ledger"):
        assert np.array_equal(batch[0, 0][name], record.final[name]), name


# --- what a scenario leaves out


def drop_actor(scenario: dict, actor: str) -> None:
    """Take an actor, its preferences and its channels out of the scenario."""
    del scenario["actors"][actor]
    del scenario["curvature"][actor]
    places = [scenario["preamble"], *scenario["articles"].values()]
    for item in (*places, *scenario["preconditions"].values()):
        del item["weights"][actor], item["ideals"][actor]
    scenario["channels"] = [c for c in scenario["channels"] if actor not in c["between"]]


def no_mediator(scenario: dict) -> None:
    """Leave the mediator out."""
    drop_actor(scenario, "envoy")
    del scenario["mediator"], scenario["mediation"]


def no_opposition(scenario: dict) -> None:
    """Leave the opposition of Valley out, and the numbers that go with it."""
    drop_actor(scenario, "valley_opposition")
    home = scenario["homes"]["valley"]
    del home["opposition"], home["constitution"]["campaign"]
    for name in ("effort", "trigger", "mobilisation_decay_per_year"):
        del home["public"][name]


def no_public(scenario: dict) -> None:
    """Leave both publics out."""
    for home in scenario["homes"].values():
        del home["public"], home["constitution"]["yes_slope"]
        for name in ("signing_gain", "opinion_slope", "protest_cost", "fall_protest_share"):
            del home["politics"][name]
        del home["politics"]["fall_weeks"]


def one_home(scenario: dict) -> None:
    """Leave the politics of Valley out."""
    drop_actor(scenario, "valley_opposition")
    del scenario["homes"]["valley"], scenario["preconditions"]["valley_law"]
    scenario["calendar"] = []


def no_home(scenario: dict) -> None:
    """Leave all politics at home out."""
    one_home(scenario)
    drop_actor(scenario, "hill_opposition")
    del scenario["homes"], scenario["preconditions"]


NO_STYLE = {"mediator": {"style": "none"}}
NO_PUBLIC = {"public": {"rule": "none"}}


@pytest.mark.parametrize(
    ("left_out", "rules"),
    [
        (no_mediator, NO_STYLE),
        (no_opposition, {}),
        (no_public, NO_PUBLIC),
        (one_home, {}),
        (no_home, NO_PUBLIC),
    ],
)
def test_what_is_left_out_asks_for_no_numbers_and_the_talks_are_played(left_out, rules) -> None:
    chosen = settings(left_out, rules)
    record = play_one(chosen)
    both(chosen)
    assert tell(record)
    found = outcomes(record.params, record.final)
    assert all(np.isfinite(values.astype(float)).all() for values in found.values())


def test_one_home_alone_is_the_first_home_whichever_it_is() -> None:
    """The home of Hill by itself plays the same as when Valley is the first party."""

    def at_the_top(scenario: dict) -> None:
        one_home(scenario)
        home = scenario.pop("homes")["hill"]
        effect = home["politics"].pop("incident_effect")
        scenario["incidents"]["approval_effect"] = effect
        majority = home["politics"].pop("ratification_majority")
        scenario["ratification"]["majority"] = majority
        scenario["opposition"] = {**home["opposition"], "home": "hill"}
        scenario["politics"] |= home["politics"]
        scenario["constitution"], scenario["public"] = home["constitution"], home["public"]

    assert both(settings(at_the_top)).tobytes() == both(settings(one_home)).tobytes()


@pytest.mark.parametrize(
    ("left_out", "rules", "line"),
    [
        (no_mediator, {}, "mediator.style: 'facilitation' and there is no mediator"),
        (no_public, {}, "public.rule: 'friedkin_johnsen' and no home has a public"),
    ],
)
def test_rules_for_who_is_not_there(left_out, rules, line) -> None:
    (told,) = problems(left_out, **rules)
    assert told.startswith(line)


def wrong(*changes: Callable[[dict], None]) -> Callable[[dict], None]:
    """Return several changes as one."""

    def change(scenario: dict) -> None:
        for one in changes:
            one(scenario)

    return change


def channel_of_nobody(scenario: dict) -> None:
    """Let a channel name a mediator that there is not."""
    kept = scenario["channels"][1]
    no_mediator(scenario)
    scenario["channels"].append(kept)


def vote_nowhere(scenario: dict) -> None:
    """Demand a vote of a country without a constitution."""
    del scenario["homes"]["valley"]["constitution"]


def election_nowhere(scenario: dict) -> None:
    """Hold an election in a country whose politics are not modelled."""
    kept = scenario["calendar"]
    one_home(scenario)
    scenario["calendar"] = kept


def missing_number(scenario: dict) -> None:
    """Leave out a number that a home asks for."""
    del scenario["homes"]["hill"]["politics"]["approval"]


def nameless_public(scenario: dict) -> None:
    """Put a public at the top, where nobody's politics stand."""
    scenario["public"] = scenario["homes"]["hill"]["public"]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (channel_of_nobody, ("scenario.channels[2].between: unknown actor 'envoy'",)),
        (
            vote_nowhere,
            ("scenario.preconditions.valley_law.route: a vote in valley, whose constitution is",),
        ),
        (election_nowhere, ("scenario.calendar[0].home: an election in valley, whose politics",)),
        (missing_number, ("scenario.homes.hill.politics.approval: is missing",)),
        (nameless_public, ("scenario.public: belongs to a home",)),
        (
            wrong(vote_nowhere, missing_number),
            (
                "scenario.homes.hill.politics.approval: is missing",
                "scenario.preconditions.valley_law.route: a vote in valley",
            ),
        ),
    ],
)
def test_bad_input_is_told_in_one_line_each(change, lines) -> None:
    found = problems(change, **NO_STYLE)
    assert len(found) == len(lines)
    for line in lines:
        assert any(told.startswith(line) for told in found), found


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Fields that are wrong by themselves do not hide what does not fit together."""

    def change(scenario: dict) -> None:
        scenario["start"] = "soon"
        scenario["discount_rate"]["hill"]["value"] = -1
        scenario["articles"]["border"]["weights"]["hill"]["value"] = -2
        scenario["channels"][0]["between"] = ["hill", "vale"]
        scenario["drafts"]["first_mover"] = "nobody"
        vote_nowhere(scenario)
        missing_number(scenario)

    places = [line.partition(":")[0].removeprefix("scenario.") for line in problems(change)]
    assert places == [
        "start",
        "articles.border.weights.hill",
        "discount_rate.hill",
        "homes.hill.politics.approval",
        "drafts.first_mover",
        "preconditions.valley_law.route",
        "channels[0].between",
        "channels",
    ]


def test_the_street_s_own_units_go_with_any_reading() -> None:
    chosen = compose(["preset=[baku,street]"])
    home = chosen.scenario.all_homes["armenia"]
    assert home.public is not None
    assert home.public.potential is not None
    assert home.public.potential.value == pytest.approx(1 - 0.368)
    assert home.figure("fall_odds") == 0.22
    assert chosen.precondition.rule == "before_signing"
