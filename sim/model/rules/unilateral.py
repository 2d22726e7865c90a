"""Unilateral concessions."""

from sim.model.codes import (
    ARTICLE,
    HEEDED,
    MOVE,
    PRECONDITION,
    PRECONDITION_RULE,
    REASON,
    TREATY,
)
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, ISSUES, Events, Params, Shocks, State
from sim.model.rules.bid import gain_of, loss_of
from sim.model.rules.domestic import audience_cost, grievance_of_move, mobilise_against
from sim.model.rules.events import write
from sim.model.rules.opponent import seen_weight
from sim.model.rules.worth import is_free, leave_talks


@rule
def office_gain(params: Params, state: State, side: int) -> float:
    """Return what a step towards a paper promises the government: survival times office."""
    return params.office_value[side] * params.survival_gain[side]


@rule
def can_step(params: Params, state: State, side: int, issue: int) -> bool:
    """Return whether `side` could still give way alone on this article."""
    free = is_free(params, state, issue) and state.article[issue] != ARTICLE.AGREED
    return free and state.floor[side, issue] < 1.0


@rule
def cheapest_article(params: Params, state: State, side: int) -> int:
    """Return the open article that gives the other side most per own loss, or -1."""
    best = -1
    ratio = -1.0
    for i in range(params.articles):
        if not can_step(params, state, side, i):
            continue
        gain = gain_of(params, state, side, i, seen_weight(state, side, i))
        worth = gain / max(loss_of(params, state, side, i), 1e-300)
        if worth > ratio:
            best = i
            ratio = worth
    return best


@rule
def is_demanded(params: Params, state: State, k: int) -> bool:
    """Return whether precondition `k` can be traded: demanded, unanswered, and in the rules."""
    return (
        params.precondition_rule != PRECONDITION_RULE.NONE
        and state.precondition[k] == PRECONDITION.DEMANDED
    )


@rule
def own_demanded_precondition(params: Params, state: State, side: int) -> int:
    """Return a precondition that `side` could promise, or -1."""
    for k in range(params.preconditions):
        if params.delivered_by[k] == side and is_demanded(params, state, k):
            return k
    return -1


@rule
def yield_article(
    params: Params, state: State, events: Events, side: int, issue: int, reason: int
) -> None:
    """Give up one more step of an article for good and move the standing offer with it."""
    before = state.floor[side, issue]
    after = min(1.0, before + params.concession_size[side])
    state.floor[side, issue] = after
    state.zone_known = 0
    own = params.ideal[side, issue]
    there = params.ideal[1 - side, issue]
    least = own + after * (there - own)
    if abs(least - own) > abs(state.offer[side, issue] - own):
        state.offer[side, issue] = least
    write(state, events, side, MOVE.CONCESSION_ARTICLE, issue, reason, after)


@rule
def yield_promise(
    params: Params, state: State, events: Events, side: int, k: int, reason: int
) -> None:
    """Promise a precondition of one's own accord."""
    state.precondition[k] = PRECONDITION.PROMISED
    state.stage_until[k] = -1.0
    leave_talks(state, ARTICLES + k)
    write(state, events, side, MOVE.CONCESSION_PROMISE, k, reason, 0.0)


@rule
def yield_outside(params: Params, state: State, events: Events, side: int, reason: int) -> None:
    """Concede something outside the text, to be sealed by the treaty."""
    state.banked[1 - side] += params.outside_worth[side]
    state.given[side] += params.outside_cost[side]
    state.stale = 1
    write(state, events, side, MOVE.CONCESSION_OUTSIDE, -1, reason, params.outside_worth[side])


@rule
def give_alone(
    params: Params, state: State, events: Events, side: int, issue: int, k: int, reason: int
) -> None:
    """Make one concession alone: on article `issue`, else by promise `k`, else outside the text."""
    grievance = 1.0
    if issue >= 0:
        grievance = grievance_of_step(params, state, side, issue)
        yield_article(params, state, events, side, issue, reason)
    elif k >= 0:
        grievance = grievance_of_move(params, side, ARTICLES + k, 0.0, 1.0)
        yield_promise(params, state, events, side, k, reason)
    else:
        yield_outside(params, state, events, side, reason)
    state.stock[side] -= 1.0
    state.conceded[side] += 1
    state.conceded_now[side] = 1
    state.last_conceded[side] = state.week
    if params.has_politics[side]:
        home_cost(params, state, side, grievance)


@rule
def concede_as_chosen(params: Params, state: State, events: Events, side: int) -> None:
    """Make the concession that a person chose for this week, if it can still be made.

    A person need not wait for an occasion: that is part of how the model's government decides.
    """
    issue = state.chosen_concession[side] - 1
    if issue < 0:
        return
    k = issue - ARTICLES
    if issue < ARTICLES:
        if issue >= params.articles or not can_step(params, state, side, issue):
            return
        give_alone(params, state, events, side, issue, -1, REASON.DECIDED)
    elif issue < ISSUES:
        if params.delivered_by[k] != side or not is_demanded(params, state, k):
            return
        give_alone(params, state, events, side, -1, k, REASON.DECIDED)
    else:
        give_alone(params, state, events, side, -1, -1, REASON.DECIDED)
    state.heeded[side] |= HEEDED.CONCESSION


@entry_rule
def concede(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Concede alone if an occasion arises, the stock lasts and office is worth the cost.

    Order: a step on an open article, then the promise of a precondition, then something outside
    the text. None is made any more once a paper has been signed.
    """
    if state.ended or state.status >= TREATY.SIGNED_INTERIM or state.stock[actor] < 1.0:
        return
    if state.seated[actor]:
        concede_as_chosen(params, state, events, actor)
        return
    if shocks[state.week].occasion[actor] >= params.concession_rate[actor]:
        return
    cost = audience_cost(params, state, actor)
    issue = cheapest_article(params, state, actor)
    k = own_demanded_precondition(params, state, actor)
    if issue >= 0:
        cost += loss_of(params, state, actor, issue) * params.concession_size[actor]
    elif k >= 0:
        cost += params.weight[actor, ARTICLES + k] * params.odds[k]
    else:
        cost += params.outside_cost[actor]
    if office_gain(params, state, actor) >= cost:
        give_alone(params, state, events, actor, issue, k, REASON.KEEP_OFFICE)


@rule
def grievance_of_step(params: Params, state: State, side: int, issue: int) -> float:
    """Return what the opposition holds against the next step of `side` on an article."""
    before = state.floor[side, issue]
    after = min(1.0, before + params.concession_size[side])
    own = params.ideal[side, issue]
    way = params.ideal[1 - side, issue] - own
    return grievance_of_move(params, side, issue, own + before * way, own + after * way)


@rule
def home_cost(params: Params, state: State, side: int, grievance: float) -> None:
    """Take the concession's cost out of approval and support, and let the opposition mobilise.

    grievance: what the opposition holds against it; 1 for a concession outside the text.
    """
    approval = state.approval[side] - params.concession_cost[side]
    state.approval[side] = min(max(approval, 0.0), 1.0)
    state.opinion_shift[side] += params.concession_shift[side]
    mobilise_against(params, state, side, grievance)
