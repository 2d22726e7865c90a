"""What going on is worth, articles closed one at a time, and what it costs to drop a demand."""

import math

import numpy as np
import pytest

from sim.model.codes import (
    Agenda,
    Article,
    Bargaining,
    CalendarKind,
    Move,
    Precondition,
    PreconditionRule,
    Reason,
    Route,
    Treaty,
)
from sim.model.rules import continuation as going
from sim.model.rules.calendar import clock
from sim.model.rules.offers import reopen_articles
from sim.model.rules.preconditions import advance, dropping_cost, fulfil, pays_to_demand
from sim.model.rules.responses import (
    close_some,
    close_text,
    exchange_articles,
    keyed_draw,
    take_articles,
)
from sim.model.rules.signing import interim_refusal, sign, weigh
from sim.model.rules.worth import open_provisions
from sim.theory.minimal_talks import play_talks, set_articles, set_rule
from tests.rules.hand import add_demand, closed_text, open_week, two_articles

ALONE = {"bargaining": Bargaining.ARTICLES}


def four_articles(**changes):
    """Return opposed talks over four articles of equal weight, closed one at a time."""
    params = two_articles(**ALONE, **changes)
    set_articles(params, [0.25] * 4, [0.25] * 4)
    params.article_key[:4] = [11, 7, 5, 3]
    return params


# --- the parts of the value


def test_never_signing_counts_what_force_is_worth():
    """(f + h w) / (1 - d (1 - h)) with f .01, d .99, h .02, w -.5."""
    params = closed_text(0.5, flow=0.01, discount=0.99)
    params.coercion_hazard[:], params.coercion_worth[:] = 0.02, -0.5
    week = open_week(params)
    assert week.state.quo[0] == pytest.approx((0.01 - 0.01) / (1 - 0.99 * 0.98))
    params.coercion_worth[1] = 0.5
    assert open_week(params).state.quo[1] == pytest.approx(0.02 / (1 - 0.99 * 0.98))


def test_settlement_weeks_fall_with_what_is_closed_and_rise_while_nothing_is():
    """T = n (T0 + t) / (n0 + closed), n0 = 4."""
    week = open_week(four_articles(settlement_weeks=20.0))
    assert going.settlement_weeks(week.params, week.state, 0, 4) == pytest.approx(20.0)
    week.state.week = 12
    assert going.settlement_weeks(week.params, week.state, 0, 4) == pytest.approx(32.0)
    assert going.settlement_weeks(week.params, week.state, 0, 1) == pytest.approx(32.0 / 7.0)
    assert going.settlement_weeks(week.params, week.state, 0, 0) == 0.0


def test_an_article_without_weight_is_not_counted():
    params = four_articles(settlement_weeks=20.0)
    params["weight"][:2, 3] = 0.0
    week = open_week(params)
    assert week.state.open_at_start == 3
    assert open_provisions(params, week.state) == 3


@pytest.mark.parametrize("offers", [(0.0, 1.0), (0.3, 0.9), (0.2, 0.4)])
def test_expected_terms_of_both_sides_add_up_to_the_whole(offers):
    week = open_week(four_articles(discount=[0.95, 0.99]))
    week.state.offer[0, :4], week.state.offer[1, :4] = offers
    values = [going.expected_value(week.params, week.state, side) for side in range(2)]
    assert sum(values) == pytest.approx(1.0)


def test_the_first_expectation_is_rubinsteins_split_for_sides_that_know_each_other():
    """Costs of delay .05 and .01 a week: the first side gets .01 / .06 (Rubinstein 1982)."""
    week = open_week(four_articles(discount=[0.95, 0.99]))
    assert going.expected_value(week.params, week.state, 0) == pytest.approx(1 / 6)
    week.params.opponent_error = 1.0
    assert going.expected_value(week.params, week.state, 0) == pytest.approx(0.5)


def test_continuation_by_hand_with_a_finite_stock():
    """D^T (E + c min(p T, n)) with T 10, E .5, p .5, c .1: two concessions are left, not five."""
    params = four_articles(discount=0.99, settlement_weeks=10.0, opponent_error=1.0)
    params.concession_stock[1], params.outside_worth[1] = 2.0, 0.1
    params.belief_a[0], params.belief_b[0] = 1.0, 1.0
    week = open_week(params)
    assert going.continuation_value(params, week.state, 0) == pytest.approx(0.99**10 * 0.7)


def test_a_side_that_never_signs_banks_no_concession():
    params = four_articles(discount=0.99, flow=0.02, settlement_weeks=10.0)
    params.concession_stock[1], params.outside_worth[1] = 2.0, 0.1
    week = open_week(params)
    assert going.continuation_value(params, week.state, 0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("gain", "noise", "chance"),
    [(0.0, 0.02, 0.5), (0.02, 0.02, 1 / (1 + math.exp(-1))), (-1.0, 0.0, 0.0), (0.0, 0.0, 1.0)],
)
def test_choices_are_logit(gain, noise, chance):
    assert going.choice_probability(gain, noise) == pytest.approx(chance)


def test_keyed_draws_are_uniform_and_independent_in_pairs():
    rng = np.random.default_rng(1)
    one, two = rng.random((2, 4000))
    first = np.array([keyed_draw(5.0, u, v) for u, v in zip(one, two, strict=True)])
    second = np.array([keyed_draw(77.0, u, v) for u, v in zip(one, two, strict=True)])
    assert first.min() >= 0.0
    assert first.max() < 1.0
    assert first.mean() == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


# --- articles one at a time


def test_an_article_is_taken_once_its_delay_costs_more_than_what_is_lost():
    """Second of 1 article: given .9 of it now, or half of it after 50 weeks."""
    params = two_articles(**ALONE, discount=0.98, settlement_weeks=50.0, choice_noise=0.0)
    week = open_week(params)
    week.state.offer[1, :2] = 0.1
    assert take_articles(params, week.state, week.shocks, week.events, 0) == 2
    assert list(week.state.position[:2]) == [0.1, 0.1]
    assert {int(e.actor) for e in week.events[:2]} == {0}


def test_a_patient_side_takes_nothing():
    params = two_articles(**ALONE, discount=0.99999, settlement_weeks=5.0, choice_noise=0.0)
    week = open_week(params)
    week.state.offer[1, :2] = 0.9
    assert take_articles(params, week.state, week.shocks, week.events, 0) == 0


def test_an_audience_cost_keeps_an_article_open():
    params = two_articles(**ALONE, discount=0.98, settlement_weeks=50.0, choice_noise=0.0)
    params.audience_cost[0] = 10.0
    week = open_week(params)
    week.state.offer[1, :2] = 0.1
    assert take_articles(params, week.state, week.shocks, week.events, 0) == 0


def test_nothing_closes_that_one_side_would_never_sign():
    params = two_articles(**ALONE, discount=0.98, settlement_weeks=50.0, choice_noise=0.0)
    params.flow[1] = 0.021  # never signing is worth 1.05, the best text 1
    week = open_week(params)
    week.state.offer[1, :2] = 0.1
    close_some(params, week.state, week.shocks, week.events, 0)
    assert week.moves(Move.ARTICLE_CLOSED) == []


def test_two_core_articles_are_exchanged():
    """Each gives way on what the other values four times as much."""
    params = two_articles(**ALONE, discount=0.99, settlement_weeks=20.0, choice_noise=0.0)
    params.article_key[:2] = [2, 3]
    week = open_week(params)
    exchange_articles(params, week.state, week.shocks, week.events, 0)
    assert list(week.state.position[:2]) == [0.0, 1.0]
    assert [int(e.reason) for e in week.events[:2]] == [Reason.EXCHANGE] * 2
    assert [int(e.actor) for e in week.events[:2]] == [0, 1]


def test_equal_exchanges_go_by_the_keys_of_the_names():
    closed = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        params = four_articles(discount=0.99, settlement_weeks=20.0, choice_noise=0.0)
        params.article_key[:4] = params.article_key[:4][order]
        week = open_week(params)
        exchange_articles(params, week.state, week.shocks, week.events, 0)
        shut = np.flatnonzero(week.state.article[:4] == Article.AGREED)
        closed.append({(params.article_key[i], week.state.position[i]) for i in shut})
    assert closed[0] == closed[1] != set()


def test_half_agreed_articles_start_near_each_other_and_are_not_left_again():
    params = four_articles(half_tolerance=0.3, deadline=10.0)
    params.start_status[:2] = Article.HALF
    week = open_week(params)
    assert week.state.offer[:, 0].tolist() == pytest.approx([0.35, 0.65])
    assert week.state.floor[:, 0].tolist() == pytest.approx([0.35, 0.35])
    assert week.state.offer[:, 2].tolist() == [0.0, 1.0]
    for side in range(2):
        set_rule(params, side, "concession", "polynomial", {"beta": 1.0})
    history = play_talks(params).history
    assert (np.diff(np.abs(history["offer"][:, 0, 0] - history["offer"][:, 1, 0])) <= 1e-12).all()


@pytest.mark.parametrize(("cost", "opens"), [(0.0, True), (5.0, False), (math.inf, False)])
def test_a_provisional_article_is_reopened_only_if_that_pays(cost, opens):
    params = four_articles(
        discount=0.999, settlement_weeks=1.0, reopening_cost=cost, choice_noise=0.0
    )
    week = open_week(params)
    week.state.article[0], week.state.position[0] = Article.AGREED, 1.0
    week.state.offer[0, 0] = week.state.offer[1, 0] = 1.0
    reopen_articles(params, week.state, week.events, 0)
    assert (week.state.article[0] != Article.AGREED) == opens
    assert week.state.given[0] == (cost if opens else 0.0)
    close_text(params, week.state, week.events)
    assert (week.state.article[0] != Article.AGREED) == opens


# --- the agreed part


def half_done(**changes):
    """Return talks of which one of two articles is agreed, and an interim deal is proposed."""
    params = two_articles(**ALONE, agenda=Agenda.INTERIM_ALLOWED, settlement_weeks=20.0, **changes)
    params.start_status[0], params.start_position[0] = Article.AGREED, 0.5
    week = open_week(params)
    week.state.interim_offer = 0
    for side in range(2):
        weigh(params, week.state, week.events, side)
    return week


def test_without_a_better_hand_to_lose_both_sign_the_agreed_part():
    week = half_done(discount=0.98, opponent_error=1.0)
    sign(week.params, week.state, week.events)
    assert week.state.interim_week == 0


def test_a_side_keeps_the_agreed_part_as_a_hostage_for_the_rest():
    """Banked, the agreed part no longer makes the first side's delay dear."""
    week = half_done(discount=[0.98, 0.9999])
    assert week.state.interim_now[1] < week.state.interim_wait[1]
    assert interim_refusal(week.params, week.state, 1) == Reason.HOSTAGE_VALUE


def test_a_side_that_expects_concessions_refuses_a_paper_that_would_end_them():
    params = {"discount": 0.999, "opponent_error": 1.0}
    params |= {"concession_stock": 5.0, "outside_worth": 0.2, "belief_a": 1.0}
    week = half_done(**params)
    assert week.state.interim_now[1] < week.state.interim_wait[1]
    assert interim_refusal(week.params, week.state, 1) == Reason.EXPECTS_CONCESSIONS


# --- a closed text, and demands


def test_waiting_ends_with_the_stock():
    params = closed_text(0.5, discount=0.99, **ALONE)
    params.belief_a[1], params.outside_worth[0] = 1.0, 0.5
    for stock, signs in ((1.0, False), (0.0, True)):
        params.concession_stock[0] = stock
        week = open_week(params)
        for side in range(2):
            weigh(params, week.state, week.events, side)
        sign(params, week.state, week.events)
        assert (week.state.status == Treaty.SIGNED_FULL) == signs


def demanded(status, **changes):
    """Return a closed text that waits for a constitutional demand of the second side."""
    rule = PreconditionRule.BEFORE_SIGNING
    params = closed_text(0.4, discount=0.99, precondition_rule=rule, **ALONE, **changes)
    add_demand(params, Route.CONSTITUTIONAL, status, weight=0.1)
    params.odds[0] = 0.2
    return params


@pytest.mark.parametrize(("cost", "waived"), [(0.0, True), (0.9, False)])
def test_a_demand_is_dropped_only_for_more_than_that_costs(cost, waived):
    params = demanded(Precondition.DEMANDED, flow=-0.001)
    params.waiver_cost[1] = cost
    week = open_week(params)
    weigh(params, week.state, week.events, 1)
    assert (week.state.precondition[0] == Precondition.WAIVED) == waived


def test_dropping_a_demand_is_paid_for_and_dearer_when_it_was_restated():
    params = demanded(Precondition.DEMANDED, flow=-0.001, settlement_weeks=30.0)
    params.waiver_cost[1], params.waiver_growth[1] = 0.01, 0.002
    week = open_week(params)
    week.state.parties_met = 1
    for _ in range(3):
        advance(params, week.state, week.shocks, week.events)
    assert week.state.restated[0] == 3.0
    assert dropping_cost(params, week.state, 0) == pytest.approx(0.016)
    weigh(params, week.state, week.events, 1)
    assert week.state.given.tolist() == pytest.approx([0.0, 0.016])


def test_a_lost_vote_does_not_release_the_signature_by_itself():
    params = demanded(Precondition.FAILED)
    params.waiver_cost[1] = 1.0
    week = open_week(params)
    for side in range(2):
        weigh(params, week.state, week.events, side)
    sign(params, week.state, week.events)
    assert week.state.precondition[0] == Precondition.FAILED
    assert week.state.signed_week < 0


def test_a_lost_vote_is_put_again_after_a_time():
    params = demanded(Precondition.REFERENDUM, again_weeks=5.0)
    params.waiver_cost[1] = 1.0
    params.referendum_majority = 0.5
    history = play_talks(params).history
    statuses = [int(s) for s in history["precondition"][:, 0]]
    first = statuses.index(Precondition.FAILED)
    assert statuses[first : first + 6] == [Precondition.FAILED] * 5 + [Precondition.PARLIAMENT]
    assert Precondition.REFERENDUM in statuses[first + 6 :]


@pytest.mark.parametrize(("odds", "pays"), [(0.9, True), (0.01, False)])
def test_one_more_demand_is_made_if_it_pays(odds, pays):
    params = demanded(Precondition.PROMISED, settlement_weeks=1.0)
    add_demand(params, Route.ACT, Precondition.DORMANT, weight=0.5, k=1)
    params.odds[1] = odds
    week = open_week(params)
    assert pays_to_demand(params, week.state, 1, 1) == pays
    fulfil(params, week.state, week.events, 0, Reason.ROUTE_STEP)
    assert (week.state.precondition[1] == Precondition.DEMANDED) == pays
    if pays:
        assert week.events[1].reason == Reason.DEMAND_PAYS


# --- a clock of dated events


def dated(**changes):
    """Return talks with two windows that close with odds .5, in weeks 10 and 30."""
    params = two_articles(**changes)
    params.dates = 3
    params.date_week[:3] = [10, 20, 30]
    params.date_kind[:3] = CalendarKind.NOTE
    params.date_closes[:3] = [0.5, 0.0, 0.5]
    return open_week(params)


@pytest.mark.parametrize(
    ("now", "passed"), [(0, 0.0), (5, 1 - 0.5**0.5), (10, 0.5), (20, 1 - 0.5**1.5), (40, 0.75)]
)
def test_a_window_closes_by_its_odds(now, passed):
    week = dated()
    week.state.week = now
    assert clock(week.params, week.state, 0) == pytest.approx(passed)


def test_a_perceived_deadline_goes_before_the_calendar():
    week = dated(deadline=20.0)
    week.state.week = 10
    assert clock(week.params, week.state, 0) == 0.5
    assert clock(open_week(two_articles()).params, week.state, 0) == 0.0


# --- what must not matter


def test_the_order_of_the_articles_does_not_matter():
    here = four_articles(discount=0.97, settlement_weeks=10.0, choice_noise=0.02, deadline=40.0)
    here["weight"][0, :4], here["weight"][1, :4] = [0.5, 0.25, 0.125, 0.125], [0.25] * 4
    order = [2, 0, 3, 1]
    there = here.copy()
    for name in ("weight", "ideal", "opening"):
        there[name][:, :4] = here[name][:, :4][:, order]
    there.article_key[:4] = here.article_key[:4][order]
    one, other = play_talks(here).history, play_talks(there).history
    assert len(one) == len(other)
    np.testing.assert_allclose(one["position"][:, order], other["position"][:, :4], atol=1e-9)
