"""What the opposition holds against concessions and treaties, by hand."""

import pytest

from sim.model.codes import Actor, Article, Precondition, Route
from sim.model.records import ARTICLES
from sim.model.rules.domestic import grievance_of_move, grievance_of_treaty, salience
from sim.model.rules.preconditions import lost_to_campaign
from tests.rules.hand import add_demand, open_week, two_articles

OPPOSITION = int(Actor.OPPOSITION)


def opposed(weights=(0.75, 0.25), ideals=(0.0, 0.0)):
    """Return talks at the first side's home, whose opposition has these weights and ideals."""
    params = two_articles(has_politics=[1, 0])
    params.weight[OPPOSITION, :2] = weights
    params.ideal[OPPOSITION, :2] = ideals
    return params


def test_salience_is_the_weight_over_the_mean_weight():
    params = opposed()
    assert [salience(params, OPPOSITION, i) for i in (0, 1)] == pytest.approx([1.5, 0.5])
    params.weight[OPPOSITION] = 0.0
    assert salience(params, OPPOSITION, 0) == 1.0


def test_a_dormant_demand_does_not_count_in_the_mean():
    params = opposed()
    add_demand(params, Route.ACT, Precondition.DORMANT)
    params.weight[OPPOSITION, ARTICLES] = 5.0
    assert salience(params, OPPOSITION, 0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("ideal", "before", "after", "grievance"),
    [
        (0.0, 0.0, 0.25, 1.5),  # away from the ideal, at the full rate
        (0.0, 0.5, 1.0, 1.5),
        (1.0, 0.0, 0.25, 0.0),  # towards it
        (0.5, 0.25, 0.75, 0.0),  # past it, as far as before
        (0.0, 0.4, 0.4, 0.0),  # no move
    ],
)
def test_grievance_follows_the_opposition_s_own_ideal(ideal, before, after, grievance):
    params = opposed(ideals=(ideal, 0.0))
    assert grievance_of_move(params, 0, 0, before, after) == pytest.approx(grievance)


@pytest.mark.parametrize(("first", "second", "grievance"), [(0, 0, 0.0), (1, 1, 1.0), (1, 0, 0.75)])
def test_a_treaty_is_held_against_by_its_distance_from_the_ideals(first, second, grievance):
    params = opposed()
    params.start_status[:2] = Article.AGREED
    params.start_position[:2] = first, second
    week = open_week(params)
    assert grievance_of_treaty(params, week.state, 0, False) == pytest.approx(grievance)


def test_an_interim_deal_is_held_against_for_what_it_covers():
    params = opposed()
    params.start_status[0] = Article.AGREED
    params.start_position[0] = 1.0
    add_demand(params, Route.ACT, Precondition.MET)
    params.weight[OPPOSITION, ARTICLES] = 0.25
    params.ideal[OPPOSITION, ARTICLES] = 1.0
    week = open_week(params)
    assert grievance_of_treaty(params, week.state, 0, True) == pytest.approx(1.0)
    assert grievance_of_treaty(params, week.state, 0, False) == pytest.approx(0.75)


def test_a_campaign_takes_votes_by_effort_and_grievance_up_to_twice_the_mean():
    params = opposed(weights=(0.25, 0.25))
    add_demand(params, Route.CONSTITUTIONAL, Precondition.PROMISED)
    params.weight[OPPOSITION, ARTICLES] = 0.25
    params.campaign, params.effort = 0.1, 0.5
    assert lost_to_campaign(params, 0) == pytest.approx(0.05)
    params.weight[OPPOSITION, ARTICLES] = 5.0
    assert lost_to_campaign(params, 0) == pytest.approx(0.1)
    params.ideal[OPPOSITION, ARTICLES] = 1.0
    assert lost_to_campaign(params, 0) == 0.0
