"""Phase 4, end: articles close where the offers meet, and the text when all have closed."""

from sim.model.codes import ACTOR, AGENDA, ARTICLE, MOVE, PRECONDITION, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, State
from sim.model.rules.bid import open_articles
from sim.model.rules.events import write
from sim.model.rules.preferences import is_free, leave_talks


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
