"""Unilateral concessions: what is conceded, in which order, at what cost."""

import pytest

from sim.model.codes import Move, Precondition, PreconditionRule, Route, Treaty
from sim.model.records import ARTICLES
from sim.model.rules.opponent import update
from sim.model.rules.unilateral import concede
from tests.rules.hand import add_demand, closed_text, open_week, two_articles


def eager(params, gain=0.5):
    """Make the first side's government think that concessions keep it in office."""
    params.office_value[0], params.survival_gain[0] = 1.0, gain
    params.concession_rate[0], params.concession_size[0] = 1.0, 0.25
    params.concession_stock[0] = 3.0
    params.outside_worth[0], params.outside_cost[0] = 0.05, 0.02
    return params


def conceded(params, times=1, **state):
    """Return the week after the first side had so many occasions."""
    week = open_week(params)
    for name, value in state.items():
        week.state[name] = value
    for _ in range(times):
        concede(params, week.state, week.shocks, week.events, 0)
    return week


def test_a_step_on_the_article_that_costs_least_for_what_it_brings():
    week = conceded(eager(two_articles()))
    assert week.state.floor[0, :2].tolist() == [0.0, 0.25]
    assert week.state.offer[0, :2].tolist() == [0.0, 0.25]
    assert week.moves() == [Move.CONCESSION_ARTICLE]
    assert week.state.stock[0] == 2.0
    assert week.state.conceded[0] == 1
    assert week.state.last_conceded[0] == 0


def test_then_a_promise_then_something_outside_the_text():
    params = eager(closed_text(precondition_rule=PreconditionRule.BEFORE_SIGNING))
    add_demand(params, Route.ACT, Precondition.DEMANDED, weight=0.1)
    week = conceded(params, times=2)
    assert week.moves() == [Move.CONCESSION_PROMISE, Move.CONCESSION_OUTSIDE]
    assert week.state.precondition[0] == Precondition.PROMISED
    assert not week.state.in_talks[ARTICLES]
    assert week.state.banked.tolist() == [0.0, 0.05]
    assert week.state.given.tolist() == [0.02, 0.0]


def test_the_stock_runs_out():
    week = conceded(eager(closed_text()), times=5)
    assert week.state.conceded[0] == 3
    assert week.state.banked[1] == pytest.approx(0.15)


@pytest.mark.parametrize(("cost", "concedes"), [(0.029, True), (0.031, False)])
def test_office_must_be_worth_the_cost_at_home(cost, concedes):
    """Gain 1 x .05; cost: audience (1 + impulse) plus .02 for what is conceded."""
    params = eager(closed_text(has_politics=[1, 0]), gain=0.05)
    params.audience_cost[0] = cost
    assert conceded(params).state.conceded[0] == concedes
    assert conceded(params, impulse=0.5).state.conceded[0] == 0


def test_nothing_is_conceded_once_a_paper_is_signed():
    assert conceded(eager(closed_text()), status=Treaty.SIGNED_INTERIM).state.conceded[0] == 0


def test_a_concession_costs_approval_and_support_at_home_only():
    costs = {"approval": 0.5, "concession_cost": 0.03, "concession_shift": -0.02}
    params = eager(closed_text(has_politics=[1, 0], **costs))
    params.effort, params.trigger_impulse = 0.5, 0.1
    state = conceded(params).state
    at_home = (state.approval[0], state.opinion_shift[0], state.impulse[0])
    assert at_home == pytest.approx((0.47, -0.02, 0.05))
    assert (state.approval[1], state.opinion_shift[1], state.impulse[1]) == (0.5, 0.0, 0.0)
    params.has_politics[:] = 0, 1
    state = conceded(params).state
    assert (state.approval[0], state.opinion_shift[0], state.impulse[0]) == (0.5, 0.0, 0.0)


def test_the_other_side_counts_concessions():
    params = eager(closed_text(belief_a=1.0, belief_b=3.0))
    week = conceded(params)
    for side in range(2):
        update(week.state, side)
    assert week.state.belief_a.tolist() == [1.0, 2.0]
    assert week.state.belief_b.tolist() == [4.0, 3.0]
