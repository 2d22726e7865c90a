"""The answer to a draft by the acceptance condition; articles close, and the text when all have."""

import math

from sim.model.codes import (
    ACTOR,
    AGENDA,
    ARTICLE,
    BARGAINING,
    DECIDED,
    HEEDED,
    MOVE,
    PRECONDITION,
    QUESTION,
    REASON,
    TREATY,
)
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, Shocks, State
from sim.model.rules.bid import (
    condition_accepts,
    learn_about_other,
    open_articles,
    remember,
    set_demand,
)
from sim.model.rules.continuation import (
    Outlook,
    choice_probability,
    could_sign,
    gain_by_closing,
    outlook,
)
from sim.model.rules.domestic import audience_cost
from sim.model.rules.events import ask, is_decided, write
from sim.model.rules.preconditions import dropping_cost
from sim.model.rules.worth import (
    given_way,
    is_free,
    is_open,
    issue_utility,
    leave_talks,
    matters,
    offer_share,
    refresh,
)

TIE = 1e-9
"""Relative difference of two products of gains below which they count as equal."""


@rule
def close_article(
    state: State, events: Events, actor: int, issue: int, position: float, reason: int
) -> None:
    """Agree an article at `position`; `actor` is who gave way, nature where both have met."""
    state.article[issue] = ARTICLE.AGREED
    state.stale = 1
    state.position[issue] = position
    write(state, events, actor, MOVE.ARTICLE_CLOSED, issue, reason, position)


@rule
def settle_precondition(
    params: Params, state: State, events: Events, k: int, promised: bool
) -> None:
    """Take a traded precondition out of the talks: promised by its deliverer, or waived."""
    leave_talks(state, ARTICLES + k)
    status = PRECONDITION.PROMISED if promised else PRECONDITION.WAIVED
    if not promised:
        state.given[params.demanded_by[k]] += dropping_cost(params, state, k)
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
                close_article(state, events, ACTOR.NATURE, i, position, reason)
            state.position[i] = position
            state.stale = 1
            state.offer[1 - author, i] = position
    for k in range(params.preconditions):
        if state.in_talks[ARTICLES + k]:
            settle_precondition(params, state, events, k, state.offer[author, ARTICLES + k] >= 0.5)


@rule
def hold_ground(params: Params, state: State, issue: int) -> None:
    """Bind both sides to what they have offered on a half-agreed article, if it is closed alone."""
    if params.bargaining == BARGAINING.PACKAGES:
        return
    for side in range(2):
        own = params.ideal[side, issue]
        way = params.ideal[1 - side, issue] - own
        if way != 0.0:
            given = min(max((state.offer[side, issue] - own) / way, 0.0), 1.0)
            state.floor[side, issue] = max(state.floor[side, issue], given)
    state.zone_known = 0


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
            close_article(state, events, ACTOR.NATURE, i, middle, REASON.POSITIONS_MET)
        else:
            state.position[i] = middle
            if gap <= params.half_tolerance and state.article[i] == ARTICLE.OPEN:
                state.article[i] = ARTICLE.HALF
                hold_ground(params, state, i)
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
                close_article(state, events, ACTOR.NATURE, i, position, REASON.BEATS_NEXT_DEMAND)
                state.offer[side, i] = position


# --- the answer to single articles of a draft


@rule
def keyed_draw(key: float, one: float, two: float) -> float:
    """Return a uniform draw on [0, 1) for the article with this key: ``(key u + v) mod 1``.

    Draws of two articles with different integer keys are independent (Carter and Wegman 1979), and
    since the key is made of the name alone, neither the order of the articles nor another article
    changes them.

    one, two: uniforms on [0, 1).
    """
    drawn = key * one + two
    return drawn - math.floor(drawn)


@rule
def cost_of_taking(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return the audience cost to `side` of closing an article so far from its own ideal."""
    return audience_cost(params, state, side) * given_way(params, state, side, issue, wording)


@rule
def take_articles(params: Params, state: State, shocks: Shocks, events: Events, side: int) -> int:
    """Take those articles of the other's draft that are worth more closed; return how many.

    All are weighed in the same state, so that their order does not matter.
    """
    drawn = shocks[state.week].choice[side]
    now = outlook(params, state, side)
    count = 0
    for i in range(params.articles):
        state.chosen[i] = 0
        if not is_open(state, i):
            continue
        gain = gain_by_closing(params, state, side, now, i, 1 - side, -1, side)
        gain -= cost_of_taking(params, state, side, i, 1 - side)
        chance = choice_probability(gain, params.choice_noise)
        if keyed_draw(params.article_key[i], drawn[0], drawn[1]) < chance:
            state.chosen[i] = 1
            count += 1
    for i in range(params.articles):
        if state.chosen[i]:
            take_wording(state, events, 1 - side, i, REASON.WORTH_MORE_CLOSED)
    return count


@rule
def take_wording(state: State, events: Events, author: int, issue: int, reason: int) -> None:
    """Close an article in the wording of `author`; the other side's draft follows."""
    position = state.offer[author, issue]
    state.offer[1 - author, issue] = position
    close_article(state, events, 1 - author, issue, position, reason)


@rule
def gain_by_exchange(
    params: Params, state: State, side: int, now: Outlook, taken: int, kept: int
) -> float:
    """Return what `side` gains if it takes one article in the other's wording and has its own.

    taken, kept: the article closed in the other's wording, and the one closed in the own.
    """
    gain = gain_by_closing(params, state, side, now, taken, 1 - side, kept, side)
    gain -= cost_of_taking(params, state, side, taken, 1 - side)
    return gain - cost_of_taking(params, state, side, kept, side)


@rule
def exchange_articles(
    params: Params, state: State, shocks: Shocks, events: Events, side: int
) -> None:
    """Exchange one open article for another: each side takes the other's wording on one.

    Of all pairs from which both gain, the one with the highest product of gains (Nash 1950) is
    taken; of equal ones that with the smaller keys of the names. The answer has the same noise as
    that to a single article; the author of the draft takes what it gains by.
    """
    own = outlook(params, state, side)
    other = outlook(params, state, 1 - side)
    best = 0.0
    taken = -1
    kept = -1
    for i in range(params.articles):
        if not is_open(state, i) or not matters(params, i):
            continue
        for j in range(params.articles):
            if i == j or not is_open(state, j) or not matters(params, j):
                continue
            mine = gain_by_exchange(params, state, side, own, i, j)
            if mine <= 0.0:
                continue
            theirs = gain_by_exchange(params, state, 1 - side, other, j, i)
            if theirs <= 0.0:
                continue
            better = mine * theirs - best
            tie = abs(better) <= TIE * best and comes_first(params, i, j, taken, kept)
            if better > TIE * best or tie:
                best = mine * theirs
                taken = i
                kept = j
    if taken < 0:
        return
    drawn = shocks[state.week].choice[side]
    key = params.article_key[taken] + params.article_key[kept]
    gain = gain_by_exchange(params, state, side, own, taken, kept)
    if keyed_draw(key, drawn[0], drawn[1]) < choice_probability(gain, params.choice_noise):
        take_wording(state, events, 1 - side, taken, REASON.EXCHANGE)
        take_wording(state, events, side, kept, REASON.EXCHANGE)


@rule
def comes_first(params: Params, i: int, j: int, other_i: int, other_j: int) -> bool:
    """Return whether the pair (i, j) comes before another one by the keys of the names."""
    if other_i < 0:
        return True
    if params.article_key[i] != params.article_key[other_i]:
        return params.article_key[i] < params.article_key[other_i]
    return params.article_key[j] < params.article_key[other_j]


@rule
def close_some(params: Params, state: State, shocks: Shocks, events: Events, side: int) -> None:
    """Take single articles of the other's draft or, where none is taken, exchange two.

    Nothing is closed while one side would not sign even the best text that is still possible.
    """
    if not could_sign(params, state, side) or not could_sign(params, state, 1 - side):
        return
    if take_articles(params, state, shocks, events, side) == 0:
        exchange_articles(params, state, shocks, events, side)


@rule
def is_new(state: State, side: int, offered: float) -> int:
    """Return 1 if no draft remembered gave `side` the same share, else 0."""
    for age in range(min(state.n_received[side], state.received.shape[1])):
        if abs(state.received[side, age] - offered) < 1e-9:
            return 0
    return 1


@rule
def dropped_share(params: Params, state: State, side: int) -> float:
    """Return what the demands of `side` that the other's draft drops cost it, as a share."""
    span = state.best[side] - state.worst[side]
    cost = 0.0
    for k in range(params.preconditions):
        j = ARTICLES + k
        if state.in_talks[j] and params.demanded_by[k] == side and state.offer[1 - side, j] < 0.5:
            cost += dropping_cost(params, state, k)
    return cost / span if span > 0.0 else 0.0


# --- the answer of a person who decides for a side


@rule
def take_draft(params: Params, state: State, events: Events, side: int) -> None:
    """Take all of the other's draft; issue by issue, all its articles."""
    if params.agenda != AGENDA.ISSUE_BY_ISSUE:
        close_package(params, state, events, 1 - side, REASON.DECIDED)
        return
    for i in range(params.articles):
        if is_open(state, i):
            take_wording(state, events, 1 - side, i, REASON.DECIDED)


@entry_rule
def takes_single(params: Params) -> bool:
    """Return whether single articles of a draft can be taken."""
    one_at_a_time = params.bargaining == BARGAINING.ARTICLES
    return one_at_a_time or params.agenda == AGENDA.ISSUE_BY_ISSUE


@rule
def answer_as_chosen(
    params: Params, state: State, events: Events, side: int, offered: float
) -> None:
    """Answer the other's draft as the person decides: all of it, none, or single articles.

    Single articles can be taken where the rules of the talks close them one at a time.
    """
    answer = state.chosen_answer[side]
    if answer == DECIDED.ASK:
        ask(state, QUESTION.ANSWER, side)
        return
    if answer != DECIDED.PART:
        state.heeded[side] |= HEEDED.ANSWER
    if answer == DECIDED.YES:
        write(state, events, side, MOVE.ACCEPTED, -1, REASON.DECIDED, offered)
        take_draft(params, state, events, side)
    elif answer == DECIDED.PART and takes_single(params):
        for i in range(params.articles):
            if state.chosen_taken[side, i] and is_open(state, i):
                state.heeded[side] |= HEEDED.ANSWER
                take_wording(state, events, 1 - side, i, REASON.DECIDED)


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
    if is_decided(state, actor, state.chosen_answer[actor]):
        answer_as_chosen(params, state, events, actor, offered)
    elif params.agenda == AGENDA.ISSUE_BY_ISSUE:
        respond_to_each(params, state, shocks, events, actor)
        if params.bargaining == BARGAINING.ARTICLES:
            close_some(params, state, shocks, events, actor)
    elif accepts(params, state, shocks, actor, offered - dropped_share(params, state, actor)):
        write(state, events, actor, MOVE.ACCEPTED, -1, REASON.BEATS_NEXT_DEMAND, offered)
        close_package(params, state, events, 1 - actor, REASON.BEATS_NEXT_DEMAND)
    elif params.bargaining == BARGAINING.ARTICLES:
        close_some(params, state, shocks, events, actor)


@entry_rule
def check_fault(state: State, events: Events) -> None:
    """End a run whose plug-in returned no finite number; the drivers turn it into an error."""
    if state.fault and not state.ended:
        state.ended = 1
        state.ended_week = state.week
        state.end_reason = REASON.NOT_FINITE
        write(state, events, ACTOR.NATURE, MOVE.FAULT, -1, REASON.NOT_FINITE, state.fault)
