"""Drafts: the own iso-utility point that is best for the other side."""

import numpy as np
import pytest

from sim.model.codes import Agenda
from sim.model.rules.offers import offer
from sim.model.rules.worth import share_at_rate
from sim.theory.minimal_talks import set_rule
from tests.rules.hand import open_week, two_articles


def drafted(params, target, floors=()):
    """Return the first side's draft of two articles at a demand of `target`."""
    set_rule(params, 0, "concession", "polynomial", {"kappa": 1.0 - target})
    week = open_week(params)
    for issue, floor in floors:
        week.state.floor[0, issue] = floor
    offer(params, week.state, week.shocks, week.events, 0)
    assert week.state.target[0] == pytest.approx(target, abs=1e-12)
    return week.state.offer[0, :2].tolist()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (1.0, [0.0, 0.0]),
        (0.9, [0.0, 0.5]),  # half of the article worth .2 to itself
        (0.8, [0.0, 1.0]),  # all of it
        (0.5, [0.375, 1.0]),  # then .3 of the article worth .8
        (0.0, [1.0, 1.0]),
    ],
)
def test_logrolling_gives_first_what_costs_least_and_brings_most(target, expected):
    assert drafted(two_articles(), target) == pytest.approx(expected, abs=1e-12)


def test_one_article_at_a_time_asks_the_same_of_each():
    params = two_articles(agenda=Agenda.ISSUE_BY_ISSUE)
    assert drafted(params, 0.7) == pytest.approx([0.3, 0.3], abs=1e-12)


def test_one_article_at_a_time_with_quadratic_loss():
    params = two_articles(agenda=Agenda.ISSUE_BY_ISSUE, curvature=2.0)
    assert drafted(params, 0.75) == pytest.approx([0.5, 0.5], abs=1e-12)


def test_wordings_round_down_what_is_given():
    params = two_articles()
    params.levels[:2] = 3
    assert drafted(params, 0.85) == [0.0, 0.5]


def test_what_was_given_for_good_stays_given():
    assert drafted(two_articles(), 1.0, [(1, 0.4)]) == pytest.approx([0.0, 0.4])
    assert drafted(two_articles(), 0.9, [(0, 0.05)]) == pytest.approx([0.05, 0.3])


def test_an_article_that_is_worth_nothing_to_oneself_is_given_in_full():
    params = two_articles()
    params.weight[0, :2] = [1.0, 0.0]
    assert drafted(params, 1.0, [(0, 0.4)]) == [0.4, 1.0]


def test_an_article_that_is_worth_nothing_to_the_other_is_kept():
    params = two_articles()
    params.weight[1, :2] = [1.0, 0.0]
    assert drafted(params, 0.5) == pytest.approx([0.625, 0.0])


def test_quadratic_losses_equalise_marginal_rates():
    """Own marginal loss w0 2s and the other's marginal gain w1 2(1 - s) stand in one ratio."""
    params = two_articles(curvature=2.0)
    share = np.array(drafted(params, 0.75))
    assert 0.8 * share[0] ** 2 + 0.2 * share[1] ** 2 == pytest.approx(0.25, abs=1e-9)
    price = np.array([0.2, 0.8]) * (1 - share) / (np.array([0.8, 0.2]) * share)
    assert price[0] == pytest.approx(price[1], rel=1e-5)


@pytest.mark.parametrize("curvature", [1.0, 1.3, 2.0])
@pytest.mark.parametrize("levels", [0, 3])
def test_all_is_given_where_the_budget_covers_it(curvature: float, levels: int) -> None:
    """Exactly all, whatever the rounding of the search for a price."""
    params = two_articles(curvature=curvature)
    params.levels[:2] = levels
    assert drafted(params, 0.0) == [1.0, 1.0]
    short = drafted(params, 1e-3)
    assert min(short) < 1.0
    assert levels or sum(short) > 1.99


def test_no_package_of_the_same_worth_to_oneself_is_better_for_the_other():
    rng = np.random.default_rng(3)
    params = two_articles()
    share = np.array(drafted(params, 0.5))
    best = 0.2 * share[0] + 0.8 * share[1]
    for first in rng.random(200):
        second = (0.5 - 0.8 * first) / 0.2
        if 0.0 <= second <= 1.0:
            assert 0.2 * first + 0.8 * second <= best + 1e-12


def rate_at(odds: float, a: float, b: float) -> float:
    """Return the logarithm of the marginal rate at the share with these log odds."""
    given = min(odds, 0.0) - np.log1p(np.exp(-abs(odds)))
    return b * (given - odds) - a * given


@pytest.mark.parametrize("nearly_linear", [1e-6, 1e-3, 0.1, 1.0])
def test_share_at_rate_is_the_root_also_where_a_loss_is_nearly_linear(nearly_linear: float) -> None:
    rng = np.random.default_rng(3)
    for log_rate in [*rng.normal(0.0, 1.5, 50), *rng.uniform(-600.0, 600.0, 50)]:
        a, b = rng.permutation([nearly_linear * rng.random(), 2.0 * rng.random()])
        share = share_at_rate(log_rate, 1.0 + a, 1.0 + b)
        low, high = -700.0, 700.0
        for _ in range(70):
            middle = 0.5 * (low + high)
            above = rate_at(middle, a, b) > log_rate
            low, high = (middle, high) if above else (low, middle)
        assert share == pytest.approx(1.0 / (1.0 + np.exp(-low)), abs=1e-12)
