"""One visitor's session: nothing that is set or asked for leaves it unusable."""

import json
import shlex

import pytest

from sim.commands.cli import main
from sim.runs.summary import summarise
from sim.view.board.moves import marks_of_moves
from sim.view.choices import Choices, Start
from sim.view.session import Session


@pytest.fixture
def session() -> Session:
    return Session(Start(("horizon=60", "seed=2")))


def test_it_opens_with_what_the_command_line_gave(session: Session) -> None:
    assert session.watch.settings.seed == 2
    assert session.watch.now.played == 0
    assert session.address == "?horizon=60&seed=2"
    assert session.command == "sim run horizon=60 seed=2"


def test_what_an_address_leaves_out_is_as_on_the_command_line(session: Session) -> None:
    other = Session(session.start, "?preset=baku&week=7")
    assert other.running.choices.values == {"horizon": "60", "seed": "2", "preset": "baku"}
    assert other.watch.now.played == 7
    again = Session(Start(), other.address)
    assert again.watch.settings == other.watch.settings
    read_out = Session(Start(("preset=opposition",)), "?seed=5")
    assert read_out.running.choices.values == {"preset": "opposition", "seed": "5"}


def test_a_preset_of_the_address_drops_what_the_command_line_set_below_it() -> None:
    start = Start(("strategy@armenia=firm", "seed=3"))
    asked = Session(start, "?preset=baku")
    assert asked.running.choices.values == {"seed": "3", "preset": "baku"}
    assert Session(start, asked.address).watch.settings == asked.watch.settings


def test_what_has_been_taken_back_stays_so_in_the_address() -> None:
    key = "scenario.status_quo.azerbaijan.value"
    start = Start((f"{key}=0.02", "horizon=9"))
    session = Session(start)
    session.choose_others("", {"horizon"})
    session.reset()
    assert session.watch.settings.scenario.status_quo["azerbaijan"].value != 0.02
    assert session.address == f"?horizon=9&{key}="
    again = Session(start, session.address)
    assert again.messages == []
    assert again.watch.settings == session.watch.settings


def test_a_wrong_value_of_the_address_leaves_the_others(session: Session) -> None:
    other = Session(session.start, "?preset=baku&horizon=two&seed=7&plugins=x.py")
    assert other.running.choices.values == {"horizon": "60", "preset": "baku", "seed": "7"}
    told = "\n".join(other.messages)
    assert "horizon: must be a whole number, got two" in told
    assert "a link cannot load code" in told


def test_settings_wait_for_reset(session: Session) -> None:
    session.go(session.watch.now.played + 1)
    session.choose("strategy@armenia", "conceder")
    assert session.watch.settings.parties["armenia"].strategy.name == "interim_first"
    assert session.draft.settings.parties["armenia"].strategy.name == "polynomial"
    session.reset()
    assert session.watch.now.played == 0
    assert session.watch.settings.parties["armenia"].strategy.parameters["beta"] == 5.0
    assert session.address.endswith("strategy@armenia=conceder")


def test_reset_takes_what_still_stands_in_a_field(session: Session) -> None:
    session.reset({"seed": "11"})
    assert session.watch.settings.seed == 11
    shown = session.watch
    session.reset({"seed": "12", "plugins": "[evil.py]"})
    assert "cannot load code" in session.messages[0]
    assert session.watch is shown


def test_what_was_set_can_be_discarded(session: Session) -> None:
    session.choose("seed", "9")
    session.discard()
    assert session.draft is session.running


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("seed", "two", "seed: must be a whole number, got two"),
        ("seed", "-1", "seed"),
        ("seed", "1.5", "seed: must be a whole number"),
        ("seed", "99999999999999999999999", "seed"),
        ("horizon", "9999", "horizon"),
        ("strategy@armenia", "concedr", "did you mean 'conceder'?"),
        ("scenario.discount_rate.armenia.value", "9", "lies outside its stated range"),
        ("armenia.strategy.beta", "-4", "must lie between"),
    ],
)
def test_a_wrong_value_is_said_and_the_run_stays(
    session: Session, key: str, value: str, told: str
) -> None:
    session.go(session.watch.now.played + 1)
    shown = session.watch
    session.choose(key, value)
    session.reset()
    assert any(told in line for line in session.messages), session.messages
    assert session.watch is shown
    session.go(session.watch.now.played + 1)
    assert (session.watch.now.played, session.messages) == (2, [])


def test_code_cannot_be_set_from_the_page(session: Session) -> None:
    session.choose("plugins", "[evil.py]")
    assert "cannot load code" in session.messages[0]
    session.choose_others("plugins=[evil.py] seed=4", {"seed"})
    assert "cannot load code" in session.messages[0]
    assert session.draft is session.running


def test_any_other_number_can_be_set(session: Session) -> None:
    session.choose("seed", "4")
    session.choose_others("scenario.status_quo.azerbaijan.value=0.02\n", {"seed", "horizon"})
    session.reset()
    assert session.messages == []
    assert session.watch.settings.scenario.status_quo["azerbaijan"].value == 0.02
    assert session.watch.settings.seed == 4


def test_the_line_of_the_page_gives_the_outcome_of_the_page(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.choose("preset", "opposition")
    session.choose("scenario.discount_rate.azerbaijan.value", "0.4")
    session.reset()
    session.play_to_end()
    words = shlex.split(session.command)
    assert words[:2] == ["sim", "run"]
    assert main([*words[1:], "--driver", "mesa", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    shown = summarise(session.watch.record(), session.running.choices.words())
    assert printed == json.loads(json.dumps(shown.plain()))


def test_sessions_are_apart() -> None:
    one, other = Session(Start()), Session(Start())
    one.go(one.watch.now.played + 1)
    one.choose("seed", "5")
    one.show_record(True)
    assert (other.watch.now.played, other.draft.choices, other.overlay) == (0, Choices(), False)


def test_asking_why_plays_to_the_end(session: Session) -> None:
    assert session.panels()["why"] == ""
    session.explain(True)
    assert session.watch.at_end
    why = session.panels()["why"]
    for part in ("Outcome: ", "What kept the weeks", "The moves that decided"):
        assert part in why


def test_a_run_that_an_error_cut_off_has_no_outcome(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offer() -> None:
        raise ValueError("no <b>such</b> offer")

    session.go(5)
    agent = next(iter(session.watch.model.in_charge.values()))
    monkeypatch.setattr(agent, "offer", offer, raising=False)
    session.go(session.watch.now.played + 1)
    session.go(session.watch.now.played - 1)
    session.explain(True)
    assert "no <b>such</b> offer" in session.messages[0]
    why = session.panels()["why"]
    assert "cut off in week 5" in why
    assert "no &lt;b&gt;such&lt;/b&gt; offer" in why
    assert "Outcome: " not in why


def test_odd_requests_do_no_harm(session: Session) -> None:
    for asked in (None, "x", {}, -5, 10**9):
        session.go(asked)
    session.replay(0, 0)
    assert "without a sweep" in session.messages[0]
    session.open_cell("x")
    session.go(session.watch.now.played + 1)
    assert session.messages == []


def test_what_was_asked_of_an_earlier_run_is_passed_over(session: Session) -> None:
    before = session.run
    session.reset()
    session.go(5, before)
    assert session.watch.now.played == 0
    session.go(5, session.run)
    assert session.watch.now.played == 5


def test_the_next_move_is_the_next_week_in_which_something_happens(session: Session) -> None:
    while not session.watch.at_end:
        before = session.watch.now.played
        session.to_next_move()
        between = session.watch.all[before + 1 : session.watch.now.played]
        assert not any(snapshot.lines for snapshot in between)
        assert session.watch.now.lines or session.watch.at_end
    weeks = sorted(week for found in marks_of_moves(session.watch.all).values() for week in found)
    assert weeks == [s.played for s in session.watch.all if s.lines]


def test_other_numbers_that_cannot_be_used_hold_up_reset(session: Session) -> None:
    session.go(session.watch.now.played + 1)
    session.reset({"seed": "two"}, "scenario.status_quo.azerbaijan.value=0.02\nhydra.x=1", {"seed"})
    assert session.messages == [
        "hydra.x: cannot be set from the page or from a link",
        "seed: must be a whole number, got two",
    ]
    assert session.watch.now.played == 1


def test_an_entry_of_the_history_opens_again_with_what_waited(session: Session) -> None:
    session.go(4)
    session.choose("strategy@armenia", "conceder")
    here, pending = session.address + "&week=4", session.pending
    assert pending is not None
    session.reset()
    session.visit(here, pending)
    assert session.watch.now.played == 4
    assert session.watch.settings.parties["armenia"].strategy.name == "interim_first"
    assert session.draft.choices.values["strategy@armenia"] == "conceder"
    shown = session.watch
    session.visit(here)
    assert session.watch is shown


def test_the_way_of_bargaining_has_a_control(session: Session) -> None:
    for rule in ("articles", "packages"):
        session.choose("bargaining", rule)
        session.reset()
        assert session.watch.settings.bargaining.rule == rule
        assert f"way of bargaining {rule}" in session.conduct[""]
        assert f"bargaining={rule}" in session.address


def test_linear_is_called_linear(session: Session) -> None:
    session.choose("strategy@armenia", "linear")
    session.reset()
    assert session.conduct["armenia"] == "linear"
    session.choose("armenia.strategy.beta", "0.7")
    session.reset()
    assert session.conduct["armenia"] == "linear (beta 0.7)"
