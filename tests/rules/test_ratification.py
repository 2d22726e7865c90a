"""Ratification, involuntary defection, and what lasts."""

import pytest

from sim.model.codes import Move, Reason, Style, Treaty
from sim.theory.minimal_talks import play_talks, quiet_tape
from tests.rules.hand import closed_text


def test_both_ratify_after_their_delays():
    params = closed_text(horizon=20)
    params.ratification_weeks[:] = [3.0, 7.0]
    final = play_talks(params).state
    assert (final.signed_week, final.ratified_week) == (0, 7)
    assert final.status == Treaty.RATIFIED


@pytest.mark.parametrize(("seats", "status"), [(51.0, Treaty.RATIFIED), (50.0, Treaty.COLLAPSED)])
def test_the_home_government_needs_a_majority(seats, status):
    params = closed_text(
        horizon=5, has_politics=[1, 0], ratification_majority=0.5, government_seats=seats
    )
    final = play_talks(params).state
    assert final.status == status
    if status == Treaty.COLLAPSED:
        assert final.end_reason == Reason.NO_MAJORITY


@pytest.mark.parametrize(("drawn", "status"), [(0.74, Treaty.RATIFIED), (0.76, Treaty.COLLAPSED)])
def test_the_ratifier_asks_for_a_share_of_the_text(drawn, status):
    """Share won .6, reservation .8 times the drawn number: refused above .75."""
    params = closed_text(0.4, horizon=5)
    params.ratifier_reservation[0] = 0.8
    tape = quiet_tape(5)
    tape.weekly["ratifier"][..., 0] = drawn
    played = play_talks(params, tape=tape)
    assert played.state.status == status
    if status == Treaty.COLLAPSED:
        assert played.state.end_reason == Reason.RATIFIER_SHARE
        assert played.events[-1].actor == 0


def test_a_deal_lapses_by_its_hazard():
    params = closed_text(horizon=20, lapse_full=0.1)
    tape = quiet_tape(20)
    tape.weekly["lapse"] = 0.1
    tape.weekly["lapse"][0, 9] = 0.09
    final = play_talks(params, tape=tape).state
    assert (final.status, final.ended_week) == (Treaty.COLLAPSED, 9)
    assert final.end_reason == Reason.BASE_HAZARD


def test_a_deal_that_needed_side_payments_breaks_when_they_fade():
    """The deal is worth .1 to the first side, its status quo .2, leaving costs .01.

    Of .9 at half leverage each side gets half, .225, and attention halves every week: .1125 still
    keeps the first side in, .05625 does not.
    """
    params = closed_text(0.9, horizon=20, discount=0.9, style=Style.MANIPULATION)
    params.flow[0] = 0.02
    params.ideal[2, 0] = 0.9  # the mediator likes the deal as it is and pays in full
    params.attention, params.attention_decay = 2.0, 0.5
    params.leverage, params.carrot = 0.5, 0.9
    params.exit_cost = 0.01
    played = play_talks(params)
    assert played.state.signed_week == 0
    assert played.history.side_payment[:3, 0].tolist() == pytest.approx([0.225, 0.1125, 0.05625])
    assert (played.state.status, played.state.ended_week) == (Treaty.COLLAPSED, 2)
    assert played.state.end_reason == Reason.NOT_WORTH_KEEPING
    assert played.events[-1].move == Move.LAPSED
    assert played.events[-1].actor == 0
