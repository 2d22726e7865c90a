"""Unilateral concessions."""

from sim.model.codes import ARTICLE, MOVE, PRECONDITION, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, Shocks, State
from sim.model.rules.bid import gain_of, loss_of
from sim.model.rules.domestic import audience_cost, grievance_of_move, mobilise_against
from sim.model.rules.events import write
from sim.model.rules.opponent import seen_weight
from sim.model.rules.worth import is_demanded, is_free, leave_talks


@rule
def office_gain(params: Params, state: State, side: int) -> float:
    """Return what a step towards a paper promises the government: survival times office."""
    return params.office_value[side] * params.survival_gain[side]


@rule
def cheapest_article(params: Params, state: State, side: int) -> int:
    """Return the open article that gives the other side most per own loss, or -1."""
    best = -1
    ratio = -1.0
    for i in range(params.articles):
        if not is_free(params, state, i) or state.article[i] == ARTICLE.AGREED:
            continue
        if state.floor[side, i] >= 1.0:
            continue
        gain = gain_of(params, side, i, 1.0, seen_weight(state, side, i))
        worth = gain / max(loss_of(params, side, i, 1.0), 1e-300)
        if worth > ratio:
            best = i
            ratio = worth
    return best


@rule
def own_demanded_precondition(params: Params, state: State, side: int) -> int:
    """Return a precondition that `side` could promise, or -1."""
    for k in range(params.preconditions):
        if params.delivered_by[k] == side and is_demanded(params, state, k):
            return k
    return -1


@rule
def yield_article(params: Params, state: State, events: Events, side: int, issue: int) -> None:
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
    write(state, events, side, MOVE.CONCESSION_ARTICLE, issue, REASON.KEEP_OFFICE, after)


@rule
def yield_promise(params: Params, state: State, events: Events, side: int, k: int) -> None:
    """Promise a precondition of one's own accord."""
    state.precondition[k] = PRECONDITION.PROMISED
    state.stage_until[k] = -1.0
    leave_talks(state, ARTICLES + k)
    write(state, events, side, MOVE.CONCESSION_PROMISE, k, REASON.KEEP_OFFICE, 0.0)


@rule
def yield_outside(params: Params, state: State, events: Events, side: int) -> None:
    """Concede something outside the text, to be sealed by the treaty."""
    state.banked[1 - side] += params.outside_worth[side]
    state.given[side] += params.outside_cost[side]
    state.stale = 1
    write(
        state,
        events,
        side,
        MOVE.CONCESSION_OUTSIDE,
        -1,
        REASON.KEEP_OFFICE,
        params.outside_worth[side],
    )


@entry_rule
def concede(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Concede alone if an occasion arises, the stock lasts and office is worth the cost.

    Order: a step on an open article, then the promise of a precondition, then something outside
    the text. None is made any more once a paper has been signed.
    """
    if state.ended or state.status >= TREATY.SIGNED_INTERIM or state.stock[actor] < 1.0:
        return
    if shocks[state.week].occasion[actor] >= params.concession_rate[actor]:
        return
    cost = audience_cost(params, state, actor)
    issue = cheapest_article(params, state, actor)
    k = own_demanded_precondition(params, state, actor)
    if issue >= 0:
        cost += loss_of(params, actor, issue, 1.0) * params.concession_size[actor]
    elif k >= 0:
        cost += params.weight[actor, ARTICLES + k] * params.odds[k]
    else:
        cost += params.outside_cost[actor]
    if office_gain(params, state, actor) < cost:
        return
    grievance = 1.0
    if issue >= 0:
        grievance = grievance_of_step(params, state, actor, issue)
        yield_article(params, state, events, actor, issue)
    elif k >= 0:
        grievance = grievance_of_move(params, actor, ARTICLES + k, 0.0, 1.0)
        yield_promise(params, state, events, actor, k)
    else:
        yield_outside(params, state, events, actor)
    state.stock[actor] -= 1.0
    state.conceded[actor] += 1
    state.conceded_now[actor] = 1
    state.last_conceded[actor] = state.week
    if params.has_politics[actor]:
        home_cost(params, state, actor, grievance)


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
