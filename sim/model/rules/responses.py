"""The answer to a draft by the acceptance condition; articles close, and the text when all have."""

import math

from sim.model.codes import ACTOR, AGENDA, ARTICLE, MOVE, PRECONDITION, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, Shocks, State
from sim.model.rules.bid import open_articles
from sim.model.rules.demand import condition_accepts, learn_about_other, remember, set_demand
from sim.model.rules.events import write
from sim.model.rules.worth import is_free, issue_utility, leave_talks, offer_share, refresh


@rule
def close_article(state: State, events: Events, issue: int, position: float, reason: int) -> None:
    """Agree an article at `position`."""
    state.article[issue] = ARTICLE.AGREED
    state.stale = 1
    state.position[issue] = position
    write(state, events, ACTOR.NATURE, MOVE.ARTICLE_CLOSED, issue, reason, position)


@rule
def settle_precondition(
    params: Params, state: State, events: Events, k: int, promised: bool
) -> None:
    """Take a traded precondition out of the talks: promised by its deliverer, or waived."""
    leave_talks(state, ARTICLES + k)
    status = PRECONDITION.PROMISED if promised else PRECONDITION.WAIVED
    state.precondition[k] = status
    state.stage_until[k] = -1.0
    who = params.delivered_by[k] if promised else params.demanded_by[k]
    write(
        state,
        events,
        who,
        MOVE.PRECONDITION_STEP,
        k,
        REASON.PACKAGE_PROMISE,
        state.precondition[k] * 1.0,
    )


@rule
def close_package(params: Params, state: State, events: Events, author: int, reason: int) -> None:
    """Agree every free issue as it stands in the offer of `author`."""
    for i in range(params.articles):
        if is_free(params, state, i):
            position = state.offer[author, i]
            if state.article[i] != ARTICLE.AGREED:
                close_article(state, events, i, position, reason)
            state.position[i] = position
            state.stale = 1
            state.offer[1 - author, i] = position
    for k in range(params.preconditions):
        if state.in_talks[ARTICLES + k]:
            settle_precondition(params, state, events, k, state.offer[author, ARTICLES + k] >= 0.5)


@entry_rule
def close_text(params: Params, state: State, events: Events) -> None:
    """Close articles on which the standing offers have met, half-close those that are near.

    The half mark stays once it is won. Under single undertaking a provisionally closed article
    is reopened when new drafts move apart on it.
    """
    if state.ended or state.text_week >= 0:
        return
    for i in range(params.articles):
        if not state.in_talks[i]:
            continue
        gap = abs(state.offer[0, i] - state.offer[1, i])
        middle = 0.5 * (state.offer[0, i] + state.offer[1, i])
        if state.article[i] == ARTICLE.AGREED:
            if params.agenda == AGENDA.SINGLE_UNDERTAKING:
                if gap > params.tolerance:
                    state.article[i] = ARTICLE.HALF
                    state.stale = 1
                    write(
                        state,
                        events,
                        ACTOR.NATURE,
                        MOVE.ARTICLE_REOPENED,
                        i,
                        REASON.OFFERS_DIVERGED,
                        gap,
                    )
                elif state.position[i] != middle:
                    state.position[i] = middle
                    state.stale = 1
        elif gap <= params.tolerance:
            close_article(state, events, i, middle, REASON.POSITIONS_MET)
        else:
            state.position[i] = middle
            if gap <= params.half_tolerance and state.article[i] == ARTICLE.OPEN:
                state.article[i] = ARTICLE.HALF
                write(state, events, ACTOR.NATURE, MOVE.ARTICLE_HALF, i, REASON.POSITIONS_NEAR, gap)
    if open_articles(params, state) == 0:
        state.text_week = state.week
        if state.status == TREATY.OPEN:
            state.status = TREATY.TEXT_AGREED
        write(state, events, ACTOR.NATURE, MOVE.TEXT_AGREED, -1, REASON.ALL_CLOSED, 0.0)


# --- the answer to a draft, by the acceptance condition


@rule
def issue_share(params: Params, side: int, issue: int, position: float) -> float:
    """Return the share of one issue that `position` gives to `side`: 1 own ideal, 0 the other's."""
    worst = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    if worst >= 1.0:
        return 1.0
    return (issue_utility(params, side, issue, position) - worst) / (1.0 - worst)


@rule
def accepts(params: Params, state: State, shocks: Shocks, side: int, offered: float) -> bool:
    """Return whether `side` takes a share: its condition says so and it beats the status quo."""
    if offered < state.reservation[side]:
        return False
    verdict = condition_accepts(
        params.acceptance[side], params, state, shocks, side, offered, state.target[side]
    )
    if math.isnan(verdict):
        state.fault = 1 + side
        return False
    return verdict > 0.0


@rule
def respond_to_each(
    params: Params, state: State, shocks: Shocks, events: Events, side: int
) -> None:
    """Accept the draft article by article."""
    for i in range(params.articles):
        if is_free(params, state, i) and state.article[i] != ARTICLE.AGREED:
            position = state.offer[1 - side, i]
            if accepts(params, state, shocks, side, issue_share(params, side, i, position)):
                close_article(state, events, i, position, REASON.BEATS_NEXT_DEMAND)
                state.offer[side, i] = position


@rule
def is_new(state: State, side: int, offered: float) -> int:
    """Return 1 if no draft remembered gave `side` the same share, else 0."""
    for age in range(min(state.n_received[side], state.received.shape[1])):
        if abs(state.received[side, age] - offered) < 1e-9:
            return 0
    return 1


@entry_rule
def respond(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Weigh the draft that the other side tabled this week and take it or leave it."""
    if state.ended or state.tabled != 1 - actor:
        return
    refresh(params, state)
    offered = offer_share(params, state, actor, 1 - actor)
    state.new_received[actor] += is_new(state, actor, offered)
    remember(state.received[actor], offered)
    state.n_received[actor] += 1
    state.best_received[actor] = max(state.best_received[actor], offered)
    learn_about_other(params.opponent_model[actor], params, state, shocks, actor)
    set_demand(params, state, shocks, actor)
    if params.agenda == AGENDA.ISSUE_BY_ISSUE:
        respond_to_each(params, state, shocks, events, actor)
    elif accepts(params, state, shocks, actor, offered):
        write(state, events, actor, MOVE.ACCEPTED, -1, REASON.BEATS_NEXT_DEMAND, offered)
        close_package(params, state, events, 1 - actor, REASON.BEATS_NEXT_DEMAND)


@entry_rule
def check_fault(state: State, events: Events) -> None:
    """End a run whose plug-in returned no finite number; the drivers turn it into an error."""
    if state.fault and not state.ended:
        state.ended = 1
        state.ended_week = state.week
        state.end_reason = REASON.NOT_FINITE
        write(state, events, ACTOR.NATURE, MOVE.FAULT, -1, REASON.NOT_FINITE, state.fault)
