"""A visitor in a party's seat: what it sees and is asked, and the run that its decisions make."""

import json
import re
import shlex
import threading
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from sim.config.compose import compose
from sim.runs.play import run_engine, run_mesa
from sim.view.choices import Start
from sim.view.seat import GAMES, listen, shown_seat
from sim.view.session import Session

from .conftest import Server
from .test_browser import ENOUGH, at, opened

LINE = "seed=3&public=none"
"""Talks in which Armenia is asked about a draft, then for one, then to sign."""


def seated(query: str = LINE, party: str = "armenia") -> Session:
    """Return a session that sits for a party at the opening."""
    session = Session(Start(), query)
    session.sit(party)
    assert not session.messages
    assert session.seat is not None
    return session


def panel(session: Session) -> dict[str, object]:
    """Return what the seat's panel shows."""
    assert session.seat is not None
    return shown_seat(session.seat)


def question(session: Session) -> str:
    """Play on until the seat is asked, and return what."""
    session.play_to_end()
    asked = panel(session)["asked"]
    assert isinstance(asked, dict)
    return str(asked["question"])


def played_through(session: Session, answer: Callable[[str], str]) -> None:
    """Answer every question, at most two hundred."""
    for _ in range(200):
        session.play_to_end()
        asked = panel(session)["asked"]
        if not isinstance(asked, dict):
            return
        session.decide(answer(str(asked["question"])))
        assert not session.messages
    raise AssertionError("asked without end")


ANSWERS = {"draft": "demand 0.6", "answer": "refuse", "text": "take_text", "signature": "sign"}


def test_both_drivers_play_what_was_decided_on_the_page() -> None:
    session = seated()
    played_through(session, lambda asked: ANSWERS[asked])
    assert session.seat is not None
    assert session.watch.over
    seen = session.seat.game.table.record()
    words = shlex.split(session.command)
    assert words[:2] == ["sim", "run"]
    settings = compose(words[2:])
    for play in (run_engine, run_mesa):
        again = play(settings)
        assert again.history.tobytes() == seen.history.tobytes()
        assert again.events.tobytes() == seen.events.tobytes()


def test_the_other_side_is_hidden_until_the_end() -> None:
    session = seated()
    assert question(session) == "answer"
    for snapshot in session.watch.all:
        other = snapshot.parties[1]
        assert (other.target, other.least, other.offered, other.now, other.wait) == (None,) * 5
        assert snapshot.gates == ()
        assert not any(snapshot.ledger)
        assert all(line.why == "" for line in snapshot.lines if line.actor == "azerbaijan")
    panels = session.panels()
    assert "Armenia: utility by week" in panels["parties"]
    assert "Azerbaijan: utility by week" not in panels["parties"]
    assert "Shown once the talks are over" in panels["path"]
    session.play_courses(lambda: None)
    assert session.ensemble is None
    session.keep(True)
    assert session.messages == ["a run can be kept beside this one once the talks are over"]
    played_through(session, lambda asked: "")
    assert session.watch.now.ledger != (0.0,) * len(session.watch.now.ledger)
    assert "Azerbaijan: utility by week" in session.panels()["parties"]
    assert any(line.why for one in session.watch.all for line in one.lines)


def test_without_a_word_the_delegation_decides_as_the_model_where_it_concedes_nothing() -> None:
    session = seated("seed=3&public=none&strategy@armenia=linear")
    played_through(session, lambda asked: "")
    courses = panel(session)["courses"]
    assert isinstance(courses, list)
    decided, model = courses[:2]
    assert {**decided, "what": ""} == {**model, "what": ""}


def test_what_cannot_be_decided_is_said_and_changes_nothing() -> None:
    session = seated()
    question(session)
    before = panel(session)
    for words, told in {
        "sign": "no answer",
        "take XII": "not open: XII",
        "take nothing": "no article or precondition 'nothing'",
        "demand 2": "must be a number from 0 to 1",
        "drop constitution": "not armenia that demands",
        "reopen I": "bind both sides",
        "quit": "unknown decision 'quit'",
        "sit": "nobody",
        "<b>": "unknown decision '<b>'",
        "draft VII=0.4": "no answer",
        "take \x00": "no article",
    }.items():
        session.decide(words)
        assert len(session.messages) == 1, words
        assert told in session.messages[0], session.messages
        assert panel(session) == before


def test_an_address_takes_up_the_same_question() -> None:
    session = seated()
    question(session)
    session.decide("take VII")
    assert question(session) == "draft"
    assert session.seat is not None
    again = Session(Start(), f"{session.address}&week={session.watch.now.played}")
    assert not again.messages
    assert panel(again) == panel(session)
    assert [s.lines for s in again.watch.all] == [s.lines for s in session.watch.all]
    assert again.address == session.address


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("seat=armania", "seat: no party 'armania'; did you mean 'armenia'?"),
        ("seat=armenia&decisions=armenia 3 jump", "decisions: 'armenia 3 jump': unknown decision"),
        ("seat=armenia&decisions=armenia 999 take;x 1 take", "must be a week from 0 to 155"),
        ("seat=armenia&table=nowhere", "this server holds no such game any more"),
        ("seat=", "seat: no party ''"),
    ],
)
def test_a_wrong_address_is_said_and_the_page_opens(query: str, told: str) -> None:
    session = Session(Start(), f"{LINE}&{query}")
    assert session.seat is None
    assert told in session.messages[0]
    session.go(3)
    assert session.watch.now.played == 3


def test_two_tabs_play_one_game() -> None:
    first = seated()
    question(first)
    assert first.seat is not None
    told = threading.Event()
    GAMES.invite(first.seat.game)
    link = str(panel(first)["link"])
    second = Session(Start(), link)
    assert not second.messages
    assert second.seat is not None
    assert second.seat.party == "azerbaijan"
    assert second.seat.game is first.seat.game
    listen(first.seat, told.set)
    # The draft that the first seat was to answer is the second one's to table now.
    assert panel(first)["asked"] is None
    assert panel(first)["deciding"]
    first.decide("take")
    assert "armenia is not asked anything now" in first.messages[0]
    assert question(second) == "draft"
    second.decide("demand 0.6")
    assert told.wait(10)
    assert panel(first)["asked"] is not None
    assert panel(second)["deciding"]
    for _ in range(200):
        for session, own in ((first, "armenia"), (second, "azerbaijan")):
            session.play_to_end()
            asked = panel(session)["asked"]
            if isinstance(asked, dict):
                session.decide(ANSWERS[str(asked["question"])])
                assert not session.messages
            hidden = 1 if own == "armenia" else 0
            if not session.watch.over:
                assert all(one.parties[hidden].target is None for one in session.watch.all)
        if first.watch.over:
            break
    table = first.seat.game.table
    assert table.over
    assert {line.split()[0] for line in table.settings.decisions} == {
        "armenia",
        "azerbaijan",
    }
    seen = table.record()
    assert run_engine(table.settings).history.tobytes() == seen.history.tobytes()
    assert shlex.split(first.command) == shlex.split(second.command)


def test_settings_that_are_reset_are_played_from_the_same_seat() -> None:
    session = seated()
    question(session)
    session.choose("agenda", "single_undertaking")
    session.reset()
    assert session.seat is not None
    assert session.seat.party == "armenia"
    assert session.watch.now.played == 0
    assert session.seat.settings.agenda.rule == "single_undertaking"
    assert panel(session)["decided"] == []


def test_whoever_leaves_the_seat_lets_the_model_decide() -> None:
    session = seated()
    question(session)
    session.decide("leave")
    session.play_to_end()
    assert session.watch.over
    assert panel(session)["asked"] is None
    assert session.seat is not None
    seen = session.seat.game.table.record()
    assert run_engine(seen.settings).history.tobytes() == seen.history.tobytes()


# --- in the browser


def answered(page: Page, name: str) -> None:
    """Press an answer and wait until the next question or the end has come."""
    told = page.locator("#seat .provision")
    before = page.locator("main").get_attribute("data-tick")
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(f'main[data-tick="{before}"]')).to_have_count(0)
    on = page.get_by_role("button", name="Play until you are asked")
    if on.count():
        on.click()
    expect(told.or_(page.locator(".debriefing"))).to_be_visible(timeout=60_000)


@pytest.mark.browser
def test_a_seat_is_played_to_a_signature_and_replayed_to_the_bit(
    page: Page, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.commands.cli import main

    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    opened(page, server, f"?{LINE}")
    page.get_by_role("button", name="Sit for Armenia").click()
    page.get_by_role("button", name="Play until you are asked").click()
    said = page.locator("#seat .provision")
    expect(said).to_contain_text("A draft is on the table")
    at(page, 8)
    assert "seat=armenia" in page.url
    page.get_by_role("checkbox", name=re.compile("Take article VII")).check()
    answered(page, "Take what is ticked")
    expect(said).to_contain_text("A draft of yours is due")
    page.reload()
    expect(said).to_contain_text("A draft of yours is due", timeout=60_000)
    page.get_by_role("spinbutton", name="Ask for").fill("40")
    answered(page, "Table a draft worth that")
    expect(said).to_contain_text("The treaty can be signed")
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_role("button", name="Play until you are asked").click()
    expect(page.locator(".debriefing tbody tr")).to_have_count(4, timeout=60_000)
    expect(page.locator(".cue")).to_contain_text("The end")
    page.get_by_role("button", name="Copy the sim run line").click()
    copied = page.locator(".copied")
    expect(copied).to_contain_text(": sim run ")  # the browser answers later whether it may copy
    line = copied.inner_text().partition(": ")[2]
    assert main([*shlex.split(line)[1:], "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    row = page.locator(".debriefing tbody tr").first
    expect(row).to_contain_text(f"week {outcome['signed_week']}")
    expect(row).to_contain_text(f"{outcome['utilities']['armenia']:.3f}")
    assert not problems


@pytest.mark.browser
def test_a_question_is_accessible_and_fits(page: Page, server: Server) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        opened(page, server, f"?{LINE}&seat=armenia")
        page.get_by_role("button", name="Play until you are asked").click()
        expect(page.locator("#seat .provision")).to_be_visible(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert [f["id"] for f in found if f["impact"] in ENOUGH] == []


@pytest.mark.browser
def test_two_people_take_two_seats_of_one_run(
    chromium: Browser, page: Page, server: Server
) -> None:
    opened(page, server, f"?{LINE}&seat=armenia")
    page.get_by_role("button", name="Play until you are asked").click()
    said = page.locator("#seat .provision")
    expect(said).to_contain_text("A draft is on the table", timeout=60_000)
    page.get_by_role("button", name=re.compile("Invite somebody")).click()
    link = page.get_by_role("link", name="this link").get_attribute("href")
    context = chromium.new_context()
    other = context.new_page()
    opened(other, server, str(link))
    expect(other.locator("#seat")).to_contain_text("In Azerbaijan’s seat")
    theirs = other.locator("#seat .provision")
    expect(theirs).to_contain_text("A draft of yours is due")
    expect(other.locator("#seat")).not_to_contain_text("Armenia is deciding")
    other.get_by_role("button", name="Table a draft worth that").click()
    expect(said).to_contain_text("A draft is on the table", timeout=20_000)
    page.get_by_role("button", name="Refuse it").click()
    expect(other.locator("#seat")).to_contain_text("Play until you are asked", timeout=20_000)
    context.close()
