"""Articles close where offers meet; provisional ones reopen under single undertaking only."""

import pytest

from sim.model.codes import Agenda, Article, Move, Treaty
from sim.model.rules.responses import close_text
from tests.rules.hand import open_week, two_articles


def week_with(agenda, first, second):
    """Return a week in which the sides' standing offers on two articles are as given."""
    params = two_articles(agenda=agenda, tolerance=0.1, half_tolerance=0.35)
    week = open_week(params)
    put(week, first, second)
    return week


def put(week, first, second):
    week.state.offer[0, :2], week.state.offer[1, :2] = first, second
    close_text(week.params, week.state, week.events)


@pytest.mark.parametrize("agenda", list(Agenda))
def test_near_offers_close_in_the_middle_and_nearer_ones_halve(agenda):
    week = week_with(agenda, [0.4, 0.1], [0.48, 0.4])
    assert list(week.state.article[:2]) == [Article.AGREED, Article.HALF]
    assert week.state.position[:2].tolist() == pytest.approx([0.44, 0.25])
    assert week.state.text_week == -1
    assert week.state.status == Treaty.OPEN
    assert week.moves() == [Move.ARTICLE_CLOSED, Move.ARTICLE_HALF]


def test_the_half_mark_stays():
    week = week_with(Agenda.INTERIM_ALLOWED, [0.0, 0.1], [1.0, 0.4])
    put(week, [0.0, 0.0], [1.0, 1.0])
    assert week.state.article[1] == Article.HALF


@pytest.mark.parametrize(
    ("agenda", "status"),
    [
        (Agenda.SINGLE_UNDERTAKING, Article.HALF),
        (Agenda.INTERIM_ALLOWED, Article.AGREED),
        (Agenda.ISSUE_BY_ISSUE, Article.AGREED),
    ],
)
def test_an_article_reopens_only_where_nothing_binds_before_all_is_agreed(agenda, status):
    week = week_with(agenda, [0.4, 0.0], [0.4, 1.0])
    put(week, [0.0, 0.0], [1.0, 1.0])
    assert week.state.article[0] == status
    assert (Move.ARTICLE_REOPENED in week.moves()) == (status == Article.HALF)


@pytest.mark.parametrize("agenda", list(Agenda))
def test_the_text_closes_with_its_last_article_and_stays_closed(agenda):
    week = week_with(agenda, [0.4, 0.7], [0.4, 0.7])
    assert week.state.text_week == 0
    assert week.state.status == Treaty.TEXT_AGREED
    put(week, [0.0, 0.0], [1.0, 1.0])
    assert list(week.state.article[:2]) == [Article.AGREED, Article.AGREED]


def test_an_article_agreed_before_the_talks_never_reopens():
    params = two_articles(tolerance=0.1)
    params.start_status[0] = Article.AGREED
    params.start_position[0] = 0.3
    week = open_week(params)
    put(week, [0.0, 0.0], [1.0, 1.0])
    assert week.state.article[0] == Article.AGREED
    assert week.state.position[0] == 0.3
