"""Opinions, protest and the government: one week by hand."""

import numpy as np
import pytest

from sim.model.codes import (
    Actor,
    Article,
    Bargaining,
    CalendarKind,
    Move,
    PublicRule,
    Reason,
    Treaty,
)
from sim.model.rules.continuation import loss_ahead, with_successor
from sim.model.rules.domestic import deliberate, mobilise, survive, take_to_streets
from sim.model.rules.opening import open_public
from sim.model.rules.worth import refresh
from sim.model.society import GraphPool, graph_pool
from sim.theory.minimal_talks import minimal_talks, set_public
from tests.rules.hand import open_week

PATH = GraphPool(  # 0 - 1 - 2
    np.array([[0, 1, 3, 4]], np.uint32),
    np.array([[1, 0, 2, 1]], np.uint32),
    np.array([[1.0, 0.5, 1.0]]),
)


def three_citizens(rule, opinions, **changes):
    """Return week 0 with three citizens in a row."""
    params = minimal_talks(has_politics=[1, 0], **changes)
    set_public(params, rule, 3)
    week = open_week(params, pool=PATH)
    week.public.innate[:] = opinions
    week.public.opinion[:] = opinions
    return week


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        (PublicRule.DEGROOT, {}, [0.4, 0.45, 0.4]),
        (PublicRule.FRIEDKIN_JOHNSEN, {"susceptibility": 0.5}, [0.2, 0.425, 0.65]),
        (PublicRule.BOUNDED_CONFIDENCE, {"confidence": 0.4}, [0.2, 0.2, 0.9]),
        (PublicRule.BOUNDED_CONFIDENCE, {"confidence": 0.5}, [0.2, 1.3 / 3, 0.65]),
    ],
)
def test_one_week_of_opinions(rule, changes, expected):
    week = three_citizens(rule, [0.0, 0.4, 0.9], **changes)
    deliberate(week.params, week.state, week.public, 0)
    assert week.public.opinion.tolist() == pytest.approx(expected)
    assert week.state.opinion[0] == pytest.approx(np.mean(expected))


def test_a_concession_moves_innate_opinions_for_good_and_others_once():
    anchored = three_citizens(PublicRule.FRIEDKIN_JOHNSEN, [0.5] * 3, susceptibility=0.0)
    free = three_citizens(PublicRule.DEGROOT, [0.5] * 3)
    for week in (anchored, free):
        week.state.opinion_shift = -0.1
        for _ in range(3):
            deliberate(week.params, week.state, week.public, 0)
        assert week.public.opinion.tolist() == pytest.approx([0.4] * 3)


@pytest.mark.parametrize(
    ("thresholds", "impulse", "opinions", "protest"),
    [
        ([0.0, 0.5, 1.0], 0.0, [0.2] * 3, 1.0),  # one starts, the middle follows, then the last
        ([0.0, 0.6, 1.0], 0.0, [0.2] * 3, 1 / 3),  # half of the neighbours are not enough
        ([0.0, 0.6, 1.0], 0.1, [0.2] * 3, 1.0),  # the opposition makes up for it
        ([0.1, 0.5, 1.0], 0.0, [0.2] * 3, 0.0),  # nobody starts
        ([0.0, 0.5, 1.0], 0.0, [0.2, 0.7, 0.2], 1 / 3),  # a supporter in between stays at home
    ],
)
def test_protest_spreads_by_thresholds(thresholds, impulse, opinions, protest):
    week = three_citizens(PublicRule.DEGROOT, opinions)
    week.public.threshold[:] = thresholds
    week.state.impulse[0] = impulse
    take_to_streets(week.params, week.state, week.public, week.events, 0)
    assert week.state.protest[0] == pytest.approx(protest)


@pytest.mark.parametrize(("second", "protesters"), [(1, 100), (2, 1)])
def test_granovetters_crowds(second, protesters):
    """Thresholds 0, 1, 2 .. 99 of a crowd of 100; then without the one who needs one other."""
    params = minimal_talks(has_politics=[1, 0])
    set_public(params, PublicRule.DEGROOT, 100)
    week = open_week(params, pool=graph_pool("complete", 100, 0, 0.0, 0, range(1)))
    week.public.opinion[:] = 0.0
    week.public.threshold[:] = np.arange(100) / 99.0
    week.public.threshold[1] = second / 99.0
    take_to_streets(week.params, week.state, week.public, week.events, 0)
    assert round(week.state.protest[0] * 100) == protesters


def test_mobilisation_fades():
    week = three_citizens(PublicRule.DEGROOT, [0.5] * 3, mobilisation_decay=0.25)
    week.state.impulse = 0.4
    mobilise(week.params, week.state, 0)
    assert week.state.impulse[0] == pytest.approx(0.3)


# --- the government


def test_approval_returns_to_a_base_that_follows_opinion():
    """Base .5 + .4 (.7 - .5) = .58; a tenth of the way from .5, less .02 x .5 for protest."""
    params = minimal_talks(
        has_politics=[1, 0], approval=0.5, approval_reversion=0.1, opinion_slope=0.4
    )
    params.opinion_mean, params.protest_cost, params.approval_noise = 0.5, 0.02, 0.03
    week = open_week(params)
    week.state.opinion, week.state.protest = 0.7, 0.5
    week.shocks["approval"][0] = 1.0
    survive(params, week.state, week.shocks, week.events)
    assert week.state.approval[0] == pytest.approx(0.5 + 0.008 - 0.01 + 0.03)


@pytest.mark.parametrize(
    ("approval", "swing", "seats", "falls"),
    [(0.5, 0.0, 60, False), (0.5, -2.0, 48, True), (0.9, 0.0, 100, False)],
)
def test_an_election_gives_seats_with_a_bonus_and_may_be_lost(approval, swing, seats, falls):
    params = minimal_talks(
        has_politics=[1, 0], approval=approval, election_swing=0.05, seats_bonus=1.2
    )
    params.dates, params.date_kind[0], params.date_week[0] = 1, CalendarKind.ELECTION, 0
    week = open_week(params)
    week.shocks["election"][0] = swing
    survive(params, week.state, week.shocks, week.events)
    assert week.state.seats[0] == seats
    assert (week.state.status == Treaty.GOVERNMENT_FELL) == falls
    if falls:
        assert week.state.end_reason == Reason.BALLOT


@pytest.mark.parametrize(("status", "falls"), [(Treaty.OPEN, True), (Treaty.RATIFIED, False)])
def test_the_street_brings_a_government_down_unless_all_is_ratified(status, falls):
    week = three_citizens(PublicRule.DEGROOT, [0.5] * 3, fall_protest_share=0.3, fall_weeks=2.0)
    week.state.status, week.state.protest = status, 0.4
    survive(week.params, week.state, week.shocks, week.events)
    assert week.state.status == status
    survive(week.params, week.state, week.shocks, week.events)
    assert (week.state.status == Treaty.GOVERNMENT_FELL) == falls
    if falls:
        assert week.state.end_reason == Reason.STREET


def test_a_quiet_week_starts_the_count_of_protest_weeks_anew():
    week = three_citizens(PublicRule.DEGROOT, [0.5] * 3, fall_protest_share=0.3, fall_weeks=2.0)
    for protest in (0.4, 0.1, 0.4):
        week.state.protest = protest
        survive(week.params, week.state, week.shocks, week.events)
    assert week.state.status == Treaty.OPEN
    assert week.state.protest_weeks[0] == 1


# --- the street in its own units


def test_protest_is_a_share_of_the_eligible_whom_the_citizens_stand_for():
    week = three_citizens(PublicRule.DEGROOT, [0.2] * 3, potential=0.6)
    week.public.threshold[:] = 0.0
    take_to_streets(week.params, week.state, week.public, week.events, 0)
    assert week.state.protest[0] == pytest.approx(0.6)


def test_two_camps_of_opinion_lie_apart():
    params = minimal_talks(opinion_mean=0.5, opinion_gap=0.4)
    set_public(params, PublicRule.DEGROOT, 3)
    week = open_week(params, pool=PATH)
    drawn = np.zeros((3, 3))
    drawn[2] = 1.0, -1.0, 2.0
    open_public(params, week.state, week.public, drawn, 0)
    assert week.public.innate.tolist() == pytest.approx([0.7, 0.3, 0.7])


@pytest.mark.parametrize(("odds", "falls"), [(0.4, False), (0.6, True)])
def test_a_wave_puts_the_government_to_the_test_once(odds, falls):
    changes = {"fall_protest_share": 0.3, "fall_weeks": 2.0, "fall_odds": odds}
    week = three_citizens(PublicRule.DEGROOT, [0.5] * 3, **changes)
    week.shocks["street"] = 0.5
    week.state.protest[0] = 0.4
    for number in range(6):
        week.state.week = number
        if number > 2:
            week.shocks["street"][number] = 0.0
        survive(week.params, week.state, week.shocks, week.events)
    assert (week.state.status == Treaty.GOVERNMENT_FELL) == falls
    assert week.state.fell[0] == (Reason.STREET if falls else Reason.NONE)


def test_where_both_governments_fall_the_street_is_the_reason_kept():
    params = minimal_talks(has_politics=[1, 1], approval=[0.5, 0.1], fall_protest_share=0.3)
    params.seats_bonus, params.fall_weeks = 1.0, 1.0
    params.citizens[0] = 3
    params.dates, params.date_kind[0], params.date_side[0] = 1, CalendarKind.ELECTION, 1
    week = open_week(params, pool=PATH)
    week.state.protest[0] = 0.4
    survive(params, week.state, week.shocks, week.events)
    assert week.state.fell.tolist() == [Reason.STREET, Reason.BALLOT]
    assert week.state.end_reason == Reason.STREET
    assert week.moves(Move.GOVERNMENT_FELL) == [Move.GOVERNMENT_FELL] * 2


def followed(**changes):
    """Return a week before an election in the first home that its government loses."""
    params = minimal_talks(has_politics=[1, 0], approval=[0.1, 0.5], **changes)
    params.weight[Actor.OPPOSITION, 0], params.ideal[Actor.OPPOSITION, 0] = 1.0, 0.0
    params.seats_bonus, params.election_swing = 1.0, 0.05
    params.dates, params.date_kind[0], params.date_side[0] = 1, CalendarKind.ELECTION, 0
    params.successor[0] = 1 + Actor.OPPOSITION
    return params


def test_a_successor_goes_on_with_the_talks():
    params = followed()
    week = open_week(params)
    week.state.approval[0] = 0.05
    survive(params, week.state, week.shocks, week.events)
    assert not week.state.ended
    assert week.state.government == 1
    assert week.state.approval[0] == params.approval[0]
    assert week.state.fell.tolist() == [Reason.NONE] * 2
    assert week.moves(Move.GOVERNMENT_FOLLOWED) == [Move.GOVERNMENT_FOLLOWED]


@pytest.mark.parametrize(
    ("weeks", "ahead", "approval", "odds"),
    [(1.0, 0, 0.1, 1.0), (1.0, 0, 0.5, 0.5), (1.0, 0, 0.9, 0.0), (3.0, 3, 0.1, 0.0)],
)
def test_odds_of_a_successor_follow_from_approval_and_the_date(weeks, ahead, approval, odds):
    params = followed()
    params.date_week[0] = ahead
    week = open_week(params)
    week.state.approval[0] = approval
    assert loss_ahead(params, week.state, 0, weeks) == pytest.approx(odds, abs=1e-9)
    week.state.government = 1
    assert loss_ahead(params, week.state, 0, weeks) == 0.0


@pytest.mark.parametrize(("position", "signs"), [(0.1, True), (0.9, False)])
def test_the_other_side_signs_before_a_successor_that_would_not(position, signs):
    """Its value under the successor is that of the treaty, or of never signing one."""
    params = followed(bargaining=Bargaining.ARTICLES)
    params.flow[0] = 0.5 * (1.0 - params.discount[0])
    week = open_week(params)
    week.state.position[0], week.state.article[0] = position, Article.AGREED
    week.state.stale = 1
    refresh(params, week.state)
    value = position
    lost = with_successor(params, week.state, 1, value, 1.0)
    assert lost == pytest.approx(value if signs else week.state.quo[1], abs=1e-9)


def test_the_streets_are_empty_once_the_impulse_moves_nobody():
    week = three_citizens(PublicRule.DEGROOT, [0.2, 0.2, 0.8])
    week.public.threshold[:] = 0.3
    for impulse, acting in ((0.4, [1, 1, 0]), (0.2, [0, 0, 0])):
        week.state.impulse[0] = impulse
        take_to_streets(week.params, week.state, week.public, week.events, 0)
        assert week.public.active.tolist() == acting
        assert (week.state.protest[0] > 0.0) == any(acting)
    assert not week.public.exposure.any()
