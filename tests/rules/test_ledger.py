"""The weekly ledger: which gates were closed, by hand."""

import pytest

from sim.model.codes import Gate, Precondition, PreconditionRule, Route, Treaty
from sim.model.rules.ledger import record
from sim.theory.minimal_talks import play_talks, quiet_tape
from tests.rules.hand import add_demand, closed_text, open_week, two_articles


def charged(state):
    """Return the weeks charged to each gate that was charged."""
    return {Gate(g): float(w) for g, w in enumerate(state.ledger) if w}


def test_signed_weeks_are_signed():
    assert charged(play_talks(closed_text(horizon=10)).state) == {Gate.SIGNED: 10.0}


def test_open_terms_when_neither_offer_beats_the_status_quo():
    params = two_articles(horizon=4)
    params.flow[:] = 0.3 * (1.0 - params.discount)
    assert charged(play_talks(params).state) == {Gate.TERMS_OPEN: 4.0}


def test_a_side_waits_that_does_not_take_an_offer_better_than_the_status_quo():
    params = two_articles(horizon=1)
    params.flow[:] = 0.3 * (1.0 - params.discount)
    params.opening[0, :2] = [0.5, 0.5]
    params.first_mover = 1
    assert charged(play_talks(params).state) == {Gate.SECOND_WAITS: 1.0}


def test_no_zone_when_no_package_beats_the_status_quo_for_both():
    params = two_articles(horizon=4)
    params.flow[:] = 0.81 * (1.0 - params.discount)
    assert charged(play_talks(params).state) == {Gate.NO_ZONE: 4.0}
    params.flow[:] = 0.79 * (1.0 - params.discount)
    assert Gate.NO_ZONE not in charged(play_talks(params).state)


def test_talks_without_a_zone_end_when_patience_does():
    params = two_articles(horizon=10, patience_weeks=3.0)
    params.flow[:] = 0.9 * (1.0 - params.discount)
    final = play_talks(params).state
    assert (final.status, final.week) == (Treaty.COLLAPSED, 3)


def test_gates_of_a_closed_text_share_the_week():
    """The second side waits, a demand blocks, and there is no channel: a third each."""
    params = closed_text(0.9, discount=0.9, horizon=1)
    params.precondition_rule = PreconditionRule.BEFORE_SIGNING
    add_demand(params, Route.ACT, Precondition.DEMANDED)
    params.belief_a[1], params.belief_b[1], params.outside_worth[0] = 1.0, 1.0, 0.5
    tape = quiet_tape(1)
    params.incident_rate, params.suspension_weeks = 1.0, 5.0
    assert charged(play_talks(params, tape=tape).state) == pytest.approx(
        {Gate.SECOND_WAITS: 1 / 3, Gate.PRECONDITION: 1 / 3, Gate.NO_CHANNEL: 1 / 3}
    )


def test_politics_at_home_have_a_gate_of_their_own():
    """It signs from V = d p c / (1 - d) = .45 on: the text alone is worth .5, with office .2."""
    params = closed_text(0.5, discount=0.9, has_politics=[1, 0], horizon=1)
    params.belief_a[0], params.belief_b[0], params.outside_worth[1] = 1.0, 1.0, 0.1
    params.office_value[0], params.survival_gain[0] = 1.0, -0.3
    assert charged(play_talks(params).state) == {Gate.HOME_POLITICS: 1.0}
    params.has_politics[:] = 0
    assert charged(play_talks(params).state) == {Gate.FIRST_WAITS: 1.0}


def test_a_week_in_which_talks_break_off_is_charged_too():
    week = open_week(closed_text())
    week.state.channel_open = 1
    week.state.ended, week.state.status = 1, Treaty.COLLAPSED
    record(week.params, week.state, week.events)
    assert week.state.ledger.sum() == 1.0
