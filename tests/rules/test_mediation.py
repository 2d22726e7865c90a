"""Three styles of mediation, by hand."""

import pytest

from sim.model.codes import Agenda, Article, Move, Solution, Style, Treaty
from sim.model.rules.calendar import meet
from sim.model.rules.mediation import mediate
from sim.theory.minimal_talks import play_talks, set_rule
from tests.rules.hand import open_week, two_articles


def mediated(style, **changes):
    """Return talks over two articles whose mediator calls both sides every week."""
    params = two_articles(style=style, **changes)
    params.edges = 3
    params.edge[:3] = [[0, 1], [2, 0], [2, 1]]
    params.call_rate[1:3] = 1.0
    return params


def one_week(params):
    """Return week 0 after the mediator has acted."""
    week = open_week(params)
    meet(params, week.state, week.shocks, week.events)
    mediate(params, week.state, week.shocks, week.events)
    return week


def test_facilitation_shrinks_errors_of_those_it_speaks_with():
    params = mediated(Style.FACILITATION, learning_rate=0.4, attention=0.5)
    assert one_week(params).state.error_scale.tolist() == pytest.approx([0.8, 0.8])
    params.call_rate[2] = 0.0
    assert one_week(params).state.error_scale.tolist() == pytest.approx([0.8, 1.0])


def test_attention_fades():
    assert one_week(mediated(Style.NONE, attention_decay=0.25)).state.attention == 0.75


@pytest.mark.parametrize(("weeks", "tabled"), [(1, False), (2, False), (3, True)])
def test_a_text_needs_both_sides_sounded_out_within_some_weeks(weeks, tabled):
    """The first side was spoken to two weeks before the second."""
    params = mediated(Style.FORMULATION, text_rate=1.0, shuttle_weeks=weeks)
    week = open_week(params)
    for number, side in ((0, 0), (1, None), (2, 1)):
        week.state.week = number
        week.state.contact[:] = 0
        if side is not None:
            week.state.contact[1 + side] = 1
        mediate(params, week.state, week.shocks, week.events)
    assert bool(week.moves(Move.MEDIATOR_TEXT)) == tabled


@pytest.mark.parametrize("solution", list(Solution))
def test_a_single_text_stands_at_the_bargaining_solution(solution):
    """Two sides that are mirror images get .8 each by logrolling: each its own article."""
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=1.0, solution=solution)
    week = one_week(params)
    assert week.state.position[:2].tolist() == pytest.approx([0.0, 1.0], abs=1e-6)
    assert list(week.state.article[:2]) == [Article.AGREED, Article.AGREED]


@pytest.mark.parametrize(("pull", "taken"), [(0.19, False), (0.21, True)])
def test_a_side_yields_to_a_text_in_proportion_to_its_authority(pull, taken):
    """Both demand 1 and reserve 0; a text worth .8 is taken if at least .2 is yielded."""
    week = one_week(mediated(Style.FORMULATION, text_rate=1.0, pull=pull))
    assert (week.state.article[0] == Article.AGREED) == taken
    assert week.moves(Move.TEXT_REFUSED) == ([] if taken else [Move.TEXT_REFUSED] * 2)


def test_a_refused_text_leaves_the_offers_as_they_were():
    week = one_week(mediated(Style.FORMULATION, text_rate=1.0, pull=0.0))
    assert week.state.offer[0, :2].tolist() == [0.0, 0.0]
    assert week.state.offer[1, :2].tolist() == [1.0, 1.0]


def test_a_refused_text_is_followed_by_an_interim_proposal_where_allowed():
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=0.0, agenda=Agenda.INTERIM_ALLOWED)
    assert one_week(params).state.interim_offer == -1
    params.start_status[0] = Article.AGREED
    assert one_week(params).state.interim_offer == 2


def test_no_text_is_taken_where_none_beats_the_status_quo():
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=1.0)
    params.flow[:] = 0.85 * (1.0 - params.discount)
    week = one_week(params)
    assert week.moves() == [Move.MEDIATOR_TEXT, Move.TEXT_REFUSED, Move.TEXT_REFUSED]


@pytest.mark.parametrize("agenda", list(Agenda))
def test_a_text_that_both_take_closes_the_text_that_week(agenda):
    """A draft that was due in the same week is not tabled any more."""
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=1.0, agenda=agenda, horizon=2)
    played = play_talks(params)
    assert played.state.text_week == 0
    assert Move.OFFER not in played.events.move
    assert played.state.status >= Treaty.SIGNED_FULL


@pytest.mark.parametrize(
    ("bias", "paid"), [(0.0, [0.12, 0.12]), (-0.5, [0.18, 0.06]), (1.0, [0.0, 0.24])]
)
def test_manipulation_pays_by_leverage_attention_and_bias(bias, paid):
    params = mediated(Style.MANIPULATION, leverage=0.6, attention=0.5, carrot=0.8, stick=0.1)
    params.bias = bias
    week = one_week(params)
    assert week.state.side_payment.tolist() == pytest.approx(paid)
    assert week.state.stick_now == pytest.approx(0.03)


def test_a_mediator_pays_for_the_treaty_that_it_likes():
    """Its ideal is 0 on both articles; the parties stand at 0 and 1, midway .5 is worth .5."""
    params = mediated(Style.MANIPULATION, leverage=1.0, attention=1.0, carrot=0.8)
    params.weight[2, :2] = 0.5
    params.ideal[2, :2] = 0.0
    assert one_week(params).state.side_payment.sum() == pytest.approx(0.4)
    params.ideal[2, :2] = 0.5
    assert one_week(params).state.side_payment.sum() == pytest.approx(0.8)


@pytest.mark.parametrize("solution", list(Solution))
@pytest.mark.parametrize(("bias", "share"), [(-0.5, 0.75), (0.0, 0.5), (0.5, 0.25), (1.0, 0.0)])
def test_a_biased_text_gives_the_sides_unequal_powers(solution, bias, share):
    """Two sides split one continuous article: 1 less the position goes to the first."""
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=1.0, solution=solution, bias=bias)
    params.articles = 1
    week = one_week(params)
    assert 1.0 - week.state.position[0] == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("interest", "position"), [(0.0, 0.5), (1.0, 1 / 3)])
def test_a_text_follows_the_mediator_s_interest(interest, position):
    """With (1 - x) x (1 - x) to maximise, a third party at 0 takes x from 1/2 to 1/3."""
    params = mediated(Style.FORMULATION, text_rate=1.0, pull=1.0, interest=interest)
    params.articles = 1
    params.weight[2, 0] = 1.0
    params.ideal[2, 0] = 0.0
    assert one_week(params).state.position[0] == pytest.approx(position, abs=1e-6)


def test_a_promised_payment_lets_a_side_concede_more():
    """A side payment counts beside the text and so lowers what must be won in it."""
    params = mediated(Style.MANIPULATION, leverage=1.0, carrot=0.2)
    params.flow[:] = 0.5 * (1.0 - params.discount)
    set_rule(params, 0, "concession", "polynomial", {"kappa": 1.0})
    paid = play_talks(params).history[0]
    params.leverage = 0.0
    unpaid = play_talks(params).history[0]
    assert unpaid.reservation[0] == pytest.approx(0.5)
    assert paid.reservation[0] == pytest.approx(0.4)
