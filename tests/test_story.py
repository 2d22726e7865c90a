"""One run told in words: every move and reason has its words, with the scenario's names."""

import re
from itertools import product

import numpy as np
import pytest

from sim.config.compose import compose
from sim.config.settings import Settings
from sim.model.codes import Actor, Gate, Move, Precondition, Reason, Treaty
from sim.model.records import EVENT
from sim.runs.play import play_one
from sim.runs.story import (
    MOVES,
    REASONS,
    SPECIAL,
    STATUS_WORDS,
    article_name,
    gate_keys,
    gate_words,
    short_title,
    tell,
    tell_one,
    wording,
    words_of,
)

PARTIES = (Actor.FIRST, Actor.SECOND)
WHO: dict[Move, tuple[Actor, ...]] = {
    Move.MEETING: (Actor.FIRST, Actor.MEDIATOR),
    Move.MEDIATOR_TEXT: (Actor.MEDIATOR,),
    Move.SIDE_PAYMENT: (Actor.MEDIATOR,),
    Move.INTERIM_PROPOSED: (*PARTIES, Actor.MEDIATOR),
    Move.LAPSED: (*PARTIES, Actor.NATURE),
    Move.PROTEST_WAVE: (Actor.OPPOSITION,),
    Move.GOVERNMENT_FELL: (Actor.OPPOSITION,),
    Move.GOVERNMENT_FOLLOWED: (Actor.OPPOSITION,),
    Move.PRECONDITION_STEP: (*PARTIES, Actor.NATURE),
    **dict.fromkeys(
        (
            Move.OFFER,
            Move.ACCEPTED,
            Move.TEXT_REFUSED,
            Move.CONCESSION_ARTICLE,
            Move.CONCESSION_PROMISE,
            Move.CONCESSION_OUTSIDE,
            Move.PRECONDITION_ADDED,
            Move.INTERIM_REFUSED,
            Move.SIGNING_REFUSED,
            Move.SIDE_RATIFIED,
            Move.RATIFICATION_FAILED,
        ),
        PARTIES,
    ),
}
"""Who can make a move; nobody in particular where it is not listed."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return compose(["preset=yerevan"])


def event(
    move: Move,
    reason: Reason = Reason.NONE,
    actor: Actor = Actor.NATURE,
    issue: int = 0,
    value: float = 0.5,
    week: int = 7,
) -> np.record:
    """Return one record as the rules write it."""
    entry = np.zeros(1, EVENT).view(np.recarray)[0]
    entry.week, entry.actor, entry.move = week, actor, move
    entry.issue, entry.reason, entry.value = issue, reason, value
    return entry


def test_every_code_has_words() -> None:
    """A new move, reason, status or gate without words fails here."""
    assert set(MOVES) == set(Move)
    assert set(REASONS) == set(Reason)
    assert set(STATUS_WORDS) == set(Treaty)


@pytest.mark.parametrize("move", list(Move))
def test_every_move_with_every_reason_is_one_sentence(move: Move, settings: Settings) -> None:
    """Whoever makes it and for whatever reason: one line, one full stop, no code words."""
    codes = "|".join(m.name for enum in (Move, Reason) for m in enum if "_" in m.name)
    actors = WHO.get(move, (Actor.NATURE,))
    values = [float(p) for p in Precondition] if move == Move.PRECONDITION_STEP else [0.5]
    for actor, reason, value in product(actors, Reason, values):
        line = tell_one(event(move, reason, actor, 0, value), settings)
        assert re.fullmatch(r"[A-Z][^\n]*[^.\s]\.", line.text), line.text
        assert not re.search(codes, line.text)
        assert "()" not in line.text
        assert "nan" not in line.text


@pytest.mark.parametrize(("move", "reason"), list(SPECIAL))
def test_special_reasons_are_reached(move: Move, reason: Reason, settings: Settings) -> None:
    """A reason that reads differently beside a move is the one that is told."""
    actor = WHO.get(move, (Actor.NATURE,))[0]
    value = float(Precondition.REFERENDUM)
    line = tell_one(event(move, reason, actor, 0, value), settings)
    elsewhere = tell_one(event(Move.COLLAPSED, reason, actor, 0, value), settings)
    assert line.why != elsewhere.why


def test_an_offer_is_told_with_its_demand(settings: Settings) -> None:
    line = tell_one(event(Move.OFFER, Reason.STRATEGY_TARGET, Actor.SECOND, -1, 1.0), settings)
    assert words_of([line]) == (
        "2024-11-05  Azerbaijan tables a draft: it asks for 100 % of what is open "
        "(its strategy's target)."
    )
    assert line.actor == "azerbaijan"
    assert line.week == 7


def test_articles_have_number_and_title(settings: Settings) -> None:
    scenario = settings.scenario
    index = list(scenario.provisions).index("VII")
    title = short_title(scenario.articles["VII"].title)
    assert article_name(scenario, index) == f"article VII ({title})"
    assert article_name(scenario, 0) == "the preamble"
    assert ";" not in title


def test_positions_in_words(settings: Settings) -> None:
    assert wording(settings.scenario, 0.0) == "in Armenia's wording"
    assert wording(settings.scenario, 1.0) == "in Azerbaijan's wording"
    assert wording(settings.scenario, 0.59) == (
        "59 % of the way from Armenia's wording to Azerbaijan's"
    )


def test_calendar_events_have_the_scenarios_title_and_date(settings: Settings) -> None:
    for index, entry in enumerate(settings.scenario.calendar):
        week = (entry.date - settings.scenario.start).days // 7
        line = tell_one(event(Move.CALENDAR, Reason.SCHEDULED, issue=index, week=week), settings)
        assert entry.title in line.text
        assert line.day <= entry.date
        assert (entry.date - line.day).days < 7
        assert line.day == entry.date or f"({entry.date.day} " in line.text


def test_a_hold_out_and_a_waiver_name_who_demands(settings: Settings) -> None:
    added = event(Move.PRECONDITION_ADDED, Reason.HOLD_OUT_TYPE, Actor.SECOND, 2)
    assert tell_one(added, settings).text.startswith("Azerbaijan adds a demand: ")
    waived = event(
        Move.PRECONDITION_STEP, Reason.WAIT_NOT_WORTH, Actor.SECOND, 0, Precondition.WAIVED
    )
    assert tell_one(waived, settings).text.startswith("Azerbaijan drops a demand: ")


def test_a_whole_run_is_told_in_order(settings: Settings) -> None:
    """One line a recorded move, dated, never going back."""
    record = play_one(settings)
    lines = tell(record)
    assert len(lines) == len(record.events) > 10
    assert [line.day for line in lines] == sorted(line.day for line in lines)
    assert [line.week for line in lines] == list(record.events["week"])
    assert len(words_of(lines).splitlines()) == len(lines)


def test_the_ledger_names_the_parties(settings: Settings) -> None:
    words, keys = gate_words(settings.scenario), gate_keys(settings.scenario)
    assert set(words) == set(keys) == set(Gate)
    assert words[Gate.SECOND_WAITS] == "Azerbaijan waits"
    assert keys[Gate.FIRST_WAITS] == "armenia_waits"
    assert len(set(keys.values())) == len(Gate)
