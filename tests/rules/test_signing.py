"""Signing against waiting, the hostage rule, waivers, and the gates before a signature."""

import numpy as np
import pytest

from sim.model.codes import (
    Agenda,
    Article,
    Move,
    Precondition,
    PreconditionRule,
    Reason,
    Route,
    Treaty,
)
from sim.model.rules.signing import sign, weigh
from sim.model.society import graph_pool
from sim.theory.minimal_talks import play_talks, set_articles, set_rule
from tests.rules.hand import add_demand, closed_text, open_week, two_articles


def weighed(params, **state):
    """Return the week after both sides have weighed and signed or not."""
    week = open_week(params)
    for name, value in state.items():
        week.state[name] = value
    for side in range(2):
        weigh(params, week.state, week.events, side)
    sign(params, week.state, week.events)
    return week


# --- waiting: V >= f + d (V + p c)


def test_values_of_signing_and_waiting_by_hand():
    params = closed_text(0.4, discount=0.9)
    params.flow[:] = [0.01, 0.02]
    params.belief_a[1], params.belief_b[1] = 1.0, 3.0
    params.outside_worth[0] = 0.08
    week = weighed(params)
    assert week.state.value_now.tolist() == pytest.approx([0.6, 0.4])
    assert week.state.value_wait[0] == pytest.approx(0.01 + 0.9 * 0.6)
    assert week.state.value_wait[1] == pytest.approx(0.02 + 0.9 * (0.4 + 0.25 * 0.08))
    assert week.state.status == Treaty.SIGNED_FULL


@pytest.mark.parametrize(("worth", "signs"), [(0.199, True), (0.201, False)])
def test_a_side_waits_once_expected_concessions_outweigh_impatience(worth, signs):
    """V = .9, d = .9, p = .5: waiting pays from c = V (1 - d) / (d p) = .2 on."""
    params = closed_text(0.9, discount=0.9)
    params.belief_a[1], params.belief_b[1] = 1.0, 1.0
    params.outside_worth[0] = worth
    week = weighed(params)
    assert (week.state.status == Treaty.SIGNED_FULL) == signs
    if not signs:
        assert week.events[0].reason == Reason.EXPECTS_CONCESSIONS


def test_a_side_whose_status_quo_is_better_says_so():
    params = closed_text(0.9, discount=0.9, flow=0.02)
    week = weighed(params)
    refusals = [e for e in week.events[: week.state.events] if e.move == Move.SIGNING_REFUSED]
    assert [(int(e.actor), int(e.reason)) for e in refusals] == [(0, Reason.STATUS_QUO_BETTER)]


def test_politics_at_home_alone_keep_a_side_from_signing():
    params = closed_text(0.5, discount=0.9, has_politics=[1, 0])
    params.office_value[0], params.survival_gain[0] = 1.0, -0.6
    week = weighed(params)
    assert week.state.status == Treaty.TEXT_AGREED
    assert week.events[0].reason == Reason.HOME_COST


def test_side_payments_and_sticks_bring_a_signature():
    params = closed_text(0.9, discount=0.9, flow=0.02)
    assert weighed(params, side_payment=[0.11, 0.0]).state.status == Treaty.SIGNED_FULL
    assert weighed(params, stick_now=0.02).state.status == Treaty.SIGNED_FULL


# --- gates


@pytest.mark.parametrize(
    ("state", "signs"),
    [({}, True), ({"channel_open": 0}, False), ({"parties_met": 1}, True)],
)
def test_a_signature_needs_a_channel_and_no_meeting(state, signs):
    week = weighed(closed_text(), **state)
    assert (week.state.status == Treaty.SIGNED_FULL) == signs


def test_the_street_keeps_the_government_from_signing():
    params = closed_text(has_politics=[1, 0], fall_protest_share=0.3)
    params.citizens[0] = 1
    week = open_week(params, pool=graph_pool("complete", 1, 0, 0.0, 0, range(1)))
    week.state.protest[0] = 0.3
    for side in range(2):
        weigh(params, week.state, week.events, side)
    sign(params, week.state, week.events)
    assert week.state.street == 1
    assert week.state.status == Treaty.TEXT_AGREED


def test_a_closed_text_is_initialled_when_the_parties_meet_and_both_gain():
    waits = closed_text(0.9, discount=0.9)
    waits.belief_a[1], waits.belief_b[1], waits.outside_worth[0] = 1.0, 1.0, 0.5
    assert weighed(waits).state.status == Treaty.TEXT_AGREED
    assert weighed(waits, parties_met=1).state.status == Treaty.INITIALLED
    worse = closed_text(0.9, discount=0.9, flow=0.02)
    assert weighed(worse, parties_met=1).state.status == Treaty.TEXT_AGREED


@pytest.mark.parametrize(
    ("rule", "signs"),
    [
        (PreconditionRule.NONE, True),
        (PreconditionRule.BEFORE_SIGNING, False),
        (PreconditionRule.BEFORE_RATIFICATION, True),
    ],
)
def test_a_demand_blocks_the_signature_only_before_signing(rule, signs):
    params = closed_text(precondition_rule=rule)
    add_demand(params, Route.ACT, Precondition.DEMANDED, weight=0.4)
    params.settlement_weeks[1] = 0.0
    params.odds[0] = 1.0
    week = weighed(params)
    assert (week.state.status == Treaty.SIGNED_FULL) == signs


# --- waivers


@pytest.mark.parametrize(("odds", "waives"), [(0.132, True), (0.134, False)])
def test_a_demand_is_waived_when_the_delay_costs_more_than_it_is_worth(odds, waives):
    """Signing without it gives .5 now; with d = .98, five weeks' wait gives .98**5 (.5 + .4 odds).

    They are equal at odds = .5 (.98**-5 - 1) / .4 = .1329. The other side's value is the same.
    """
    params = closed_text(discount=0.98, precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.ACT, Precondition.DEMANDED, weight=0.4)
    params.settlement_weeks[1] = 2.0
    params.odds[0] = odds
    week = weighed(params)
    assert (week.state.precondition[0] == Precondition.WAIVED) == waives
    assert (week.state.status == Treaty.SIGNED_FULL) == waives


def test_a_hold_out_type_never_waives():
    params = closed_text(discount=0.9, precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.ACT, Precondition.DEMANDED, weight=0.4)
    params.odds[0] = 0.0
    assert weighed(params).state.precondition[0] == Precondition.WAIVED
    assert weighed(params, holdout=[0, 1]).state.precondition[0] == Precondition.DEMANDED


def test_a_failed_demand_is_waived_at_once():
    params = closed_text(precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.CONSTITUTIONAL, Precondition.FAILED, weight=0.4)
    assert weighed(params).state.precondition[0] == Precondition.WAIVED


def test_a_demand_that_waits_for_the_signature_needs_no_waiver():
    params = closed_text(discount=0.9, precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.JOINT, Precondition.DEMANDED, weight=0.4)
    params.trigger[0] = Treaty.SIGNED_INTERIM
    week = weighed(params)
    assert week.state.status == Treaty.SIGNED_FULL
    assert week.state.precondition[0] == Precondition.DEMANDED


def test_votes_that_are_never_found_are_waited_for_for_ever():
    params = closed_text(discount=0.999, precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.CONSTITUTIONAL, Precondition.PROMISED, weight=0.4)
    params.supermajority, params.government_seats, params.odds[0] = 0.6, 50.0, 1.0
    params.consent_rate = 0.5
    assert weighed(params).state.precondition[0] == Precondition.PROMISED
    params.consent_rate = 0.0
    assert weighed(params).state.precondition[0] == Precondition.WAIVED


@pytest.mark.parametrize("demander", [0, 1])
def test_both_sides_value_the_treaty_as_a_waiver_leaves_it(demander):
    """A promise counts by its odds; once it is waived nobody signs for what it was worth."""
    params = closed_text(discount=0.9, precondition_rule=PreconditionRule.BEFORE_SIGNING)
    add_demand(params, Route.ACT, Precondition.PROMISED)
    params.demanded_by[0], params.delivered_by[0] = demander, 1 - demander
    params.weight[:2, 32] = 0.3
    params.ideal[:2, 32] = 1.0
    params.odds[0], params.lead_draft[0] = 0.1, 50.0
    week = weighed(params)
    assert week.state.precondition[0] == Precondition.WAIVED
    assert week.state.value_now.tolist() == pytest.approx([0.5, 0.5])


# --- the interim deal


def interim(first, second, weeks, **changes):
    """Return the week in which an agreed part worth `first` and `second` is offered."""
    params = two_articles(
        agenda=Agenda.INTERIM_ALLOWED, discount=0.98, settlement_weeks=weeks, **changes
    )
    set_articles(params, [first, 1.0 - first], [second, 1.0 - second])
    params.ideal[:2, 0] = 0.0
    params.start_status[0] = Article.AGREED
    return weighed(params, interim_offer=0)


def test_interim_values_by_hand():
    """Agreed (.5, .2), the rest worth max(.5, .8) = .8 together; both packages start from 0."""
    week = interim(0.5, 0.2, 10.0)
    later = 0.98**10
    assert week.state.rest == pytest.approx(0.8)
    assert week.state.interim_now.tolist() == pytest.approx([0.5 + later * 0.4, 0.2 + later * 0.4])
    package = (0.5 + 0.2 + 0.8) / 2
    assert week.state.interim_wait.tolist() == pytest.approx([later * package] * 2)


@pytest.mark.parametrize(("weeks", "signs"), [(27.0, False), (28.0, True)])
def test_the_side_that_values_the_agreed_part_less_holds_it_hostage(weeks, signs):
    """B signs if and only if .98**weeks <= 2 (.2) / .7, that is from 27.70 weeks on."""
    week = interim(0.5, 0.2, weeks)
    assert (week.state.status == Treaty.SIGNED_INTERIM) == signs
    refusals = [e for e in week.events[: week.state.events] if e.move == Move.INTERIM_REFUSED]
    assert [int(e.actor) for e in refusals] == ([] if signs else [1])


@pytest.mark.parametrize(("first", "second", "refuser"), [(0.5, 0.2, 1), (0.2, 0.5, 0)])
def test_which_side_refuses_can_turn(first, second, refuser):
    week = interim(first, second, 5.0)
    refusals = [e for e in week.events[: week.state.events] if e.move == Move.INTERIM_REFUSED]
    assert [int(e.actor) for e in refusals] == [refuser]


def test_an_interim_deal_binds_and_the_rest_is_bargained_on():
    params = two_articles(agenda=Agenda.INTERIM_ALLOWED, horizon=60, deadline=40.0)
    set_articles(params, [0.5, 0.5], [0.5, 0.5])
    params.start_status[0] = Article.AGREED
    params.start_position[0] = 0.5
    set_rule(params, 0, "concession", "interim_first", {"beta": 1.0, "patience_weeks": 10.0})
    set_rule(params, 1, "concession", "polynomial")
    played = play_talks(params)
    final = played.state
    assert 0 <= final.interim_week < final.text_week <= final.signed_week
    assert final.interim_part[:2].tolist() == [1, 0]
    assert final.position[0] == 0.5
    statuses = played.history.status.tolist()
    assert statuses == sorted(statuses)
    # What the interim deal gives is not counted twice.
    signed = played.history[final.signed_week]
    assert signed.value_now == pytest.approx(signed.deal - signed.interim)
    assert np.all(signed.interim > 0)
