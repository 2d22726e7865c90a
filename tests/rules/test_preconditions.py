"""Preconditions on their routes, week by week."""

import pytest

from sim.model.codes import Precondition, PreconditionRule, Reason, Route, Treaty
from sim.model.rules.preconditions import advance
from sim.theory.minimal_talks import minimal_talks, play_talks, quiet_tape
from tests.rules.hand import add_demand, closed_text, open_week


def constitution(**changes):
    """Return closed talks that wait for a constitution promised by the first side."""
    params = closed_text(
        precondition_rule=PreconditionRule.BEFORE_SIGNING, has_politics=[1, 0], horizon=30
    )
    add_demand(params, Route.CONSTITUTIONAL, Precondition.PROMISED, weight=1.0)
    params.odds[0] = 1.0
    params.supermajority, params.referendum_majority, params.referendum_quorum = 2 / 3, 0.5, 0.25
    params.yes_mean, params.turnout_mean = 0.6, 0.5
    for name, value in changes.items():
        params[name] = value
    return params


def first_weeks(played):
    """Return the first week in which each status of the precondition stood at its end."""
    found = {}
    for week, state in enumerate(played.history):
        found.setdefault(Precondition(int(state.precondition[0])), week)
    return found


def test_the_constitutional_route_takes_its_lead_times():
    """Drafting 3 weeks, parliament 2, referendum 1; the treaty is signed when it is met."""
    played = play_talks(constitution())
    assert first_weeks(played) == {
        Precondition.DRAFTING: 0,
        Precondition.PARLIAMENT: 3,
        Precondition.REFERENDUM: 5,
        Precondition.MET: 6,
    }
    assert played.state.signed_week == 6


def test_missing_votes_stop_it_until_they_are_found():
    params = constitution(government_seats=66.0, consent_rate=0.5)
    tape = quiet_tape(30)
    tape.weekly["consent"] = 1.0
    tape.weekly["consent"][0, 11] = 0.49
    found = first_weeks(play_talks(params, tape=tape))
    assert found[Precondition.REFERENDUM] == 11
    assert found[Precondition.MET] == 12


def test_two_thirds_of_all_seats_are_enough_and_one_fewer_is_not():
    enough = play_talks(constitution(government_seats=67.0, consent_rate=0.0))
    assert enough.state.precondition[0] == Precondition.MET
    short = play_talks(constitution(government_seats=66.0, consent_rate=0.0, horizon=10))
    assert Precondition.REFERENDUM not in first_weeks(short)


@pytest.mark.parametrize(
    ("yes", "turnout", "passes", "reason"),
    [
        (0.6, 0.5, True, Reason.VOTE_PASSED),
        (0.5, 0.9, False, Reason.VOTE_LOST),
        (0.6, 0.41, False, Reason.BELOW_QUORUM),
        (825_622 / 1_300_000, 1_300_000 / 2_566_730, True, Reason.VOTE_PASSED),
    ],
)
def test_the_referendum_needs_a_majority_and_a_quarter_of_all(yes, turnout, passes, reason):
    params = constitution(yes_mean=yes, turnout_mean=turnout, horizon=7)
    played = play_talks(params)
    last = [e for e in played.events if e.issue == 0][-2 if not passes else -1]
    status = int(played.state.precondition[0])
    if passes:
        assert status == Precondition.MET
    else:
        # A side that wants the demand for itself drops it once it has failed.
        assert status == Precondition.WAIVED
    assert int(last.reason) == reason


def test_public_support_moves_the_vote():
    params = constitution(yes_mean=0.45, yes_slope=1.0)
    for support, expected in ((0.0, Precondition.FAILED), (0.2, Precondition.MET)):
        week = open_week(params)
        week.state.precondition[0] = Precondition.REFERENDUM
        week.state.stage_until[0] = 0.0
        week.state.opinion = params.opinion_mean + support
        advance(params, week.state, week.shocks, week.events)
        assert week.state.precondition[0] == expected


@pytest.mark.parametrize(
    ("trigger", "text_closed", "initialled", "taken_up"),
    [
        (Treaty.OPEN, False, False, True),
        (Treaty.TEXT_AGREED, False, False, False),
        (Treaty.TEXT_AGREED, True, False, True),
        (Treaty.INITIALLED, True, False, False),
        (Treaty.INITIALLED, True, True, True),
    ],
)
def test_a_joint_step_is_taken_up_at_its_stage(trigger, text_closed, initialled, taken_up):
    params = closed_text() if text_closed else minimal_talks()
    params.precondition_rule = PreconditionRule.BEFORE_SIGNING
    add_demand(params, Route.JOINT, Precondition.DEMANDED, weight=0.2)
    params.trigger[0] = trigger
    week = open_week(params)
    if initialled:
        week.state.status = Treaty.INITIALLED
    advance(params, week.state, week.shocks, week.events)
    status = Precondition.PROMISED if taken_up else Precondition.DEMANDED
    assert week.state.precondition[0] == status


def test_an_act_is_met_after_its_lead_time():
    params = closed_text(precondition_rule=PreconditionRule.BEFORE_SIGNING, horizon=10)
    add_demand(params, Route.ACT, Precondition.PROMISED, weight=1.0)
    params.odds[0] = 1.0
    assert first_weeks(play_talks(params)) == {Precondition.PROMISED: 0, Precondition.MET: 3}


@pytest.mark.parametrize(("holds_out", "added"), [(0.0, False), (1.0, True)])
def test_a_hold_out_answers_what_is_met_with_its_next_demand(holds_out, added):
    params = closed_text(precondition_rule=PreconditionRule.BEFORE_SIGNING, horizon=10)
    add_demand(params, Route.ACT, Precondition.PROMISED, weight=0.5)
    add_demand(params, Route.ACT, Precondition.DORMANT, weight=0.5, k=1)
    params.odds[0] = 1.0
    params.holdout_odds[1] = holds_out
    tape = quiet_tape(10)
    tape.types[:] = 0.5
    final = play_talks(params, tape=tape).state
    assert final.precondition[0] == Precondition.MET
    assert final.precondition[1] == (Precondition.DEMANDED if added else Precondition.DORMANT)
    assert (final.signed_week >= 0) == (not added)


def test_under_before_ratification_the_vote_waits_and_the_signature_does_not():
    params = constitution(precondition_rule=PreconditionRule.BEFORE_RATIFICATION)
    final = play_talks(params).state
    assert final.signed_week == 0
    assert final.ratified_week == 6
