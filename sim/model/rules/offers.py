"""Drafts: the side whose turn it is answers, after the lag that such answers take."""

import math

from sim.model.codes import (
    AGENDA,
    ARTICLE,
    BARGAINING,
    DECIDED,
    HEEDED,
    MOVE,
    QUESTION,
    REASON,
    TREATY,
)
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Flags, Numbers, Params, Shocks, State
from sim.model.rules.bid import (
    allowed_share,
    draft,
    open_articles,
    remember,
    set_demand,
    set_offer,
)
from sim.model.rules.continuation import gain_by_closing, outlook
from sim.model.rules.events import ask, write
from sim.model.rules.mediation import propose_interim
from sim.model.rules.opponent import see_other
from sim.model.rules.responses import issue_share
from sim.model.rules.worth import TEXT, is_free, offer_share, refresh


@entry_rule
def can_reopen(params: Params) -> bool:
    """Return whether an article closed on its own binds nobody yet."""
    single = params.agenda == AGENDA.SINGLE_UNDERTAKING
    return single and params.bargaining == BARGAINING.ARTICLES and params.reopening_cost < math.inf


@rule
def reopen_as_chosen(params: Params, state: State, events: Events, side: int) -> None:
    """Take back the articles closed provisionally that a person chose to reopen, at their cost."""
    if not can_reopen(params):
        return
    for i in range(params.articles):
        if not state.chosen_reopened[side, i] or not state.in_talks[i]:
            continue
        if state.article[i] == ARTICLE.AGREED:
            state.article[i] = ARTICLE.HALF
            state.offer[side, i] = params.opening[side, i]
            state.given[side] += params.reopening_cost
            state.stale = 1
            state.heeded[side] |= HEEDED.REOPENED
            gap = abs(state.offer[0, i] - state.offer[1, i])
            write(state, events, side, MOVE.ARTICLE_REOPENED, i, REASON.DECIDED, gap)


@rule
def reopen_articles(params: Params, state: State, events: Events, side: int) -> None:
    """Take back articles closed provisionally that are worth more open, beyond what that costs.

    Only under single undertaking. The other side's draft stays at the wording that was agreed.
    """
    if not can_reopen(params):
        return
    for i in range(params.articles):
        if not state.in_talks[i] or state.article[i] != ARTICLE.AGREED:
            continue
        own = state.offer[side, i]
        state.article[i] = ARTICLE.HALF
        state.offer[side, i] = params.opening[side, i]
        reopened = outlook(params, state, side)
        gain = -gain_by_closing(params, state, side, reopened, i, TEXT, -1, TEXT)
        if gain > params.reopening_cost:
            state.given[side] += params.reopening_cost
            state.stale = 1
            reason = REASON.WORTH_MORE_OPEN
            gap = abs(state.offer[0, i] - state.offer[1, i])
            write(state, events, side, MOVE.ARTICLE_REOPENED, i, reason, gap)
        else:
            state.article[i] = ARTICLE.AGREED
            state.offer[side, i] = own


# --- drafts


@entry_rule
def look_at(
    params: Params, state: State, side: int, author: int, free: Flags, worth: Numbers
) -> float:
    """Return the share of what is open that the draft of `author` gives to `side`.

    free: filled with 1 for each issue that a draft may still move, shape (ISSUES,).
    worth: filled with the share of each of these that it gives to `side`, shape (ISSUES,).
    """
    for j in range(free.shape[0]):
        free[j] = is_free(params, state, j)
        if free[j]:
            worth[j] = issue_share(params, side, j, state.offer[author, j])
    return offer_share(params, state, side, author)


@rule
def table_chosen(params: Params, state: State, side: int) -> None:
    """Set the standing offer of `side` to the wordings that its person chose.

    None lies nearer to the own ideal than what was given up for good, nor beyond the other's; a
    wording that was not chosen stays as it stands.
    """
    for n in range(state.talks):
        j = state.talk[n]
        if not is_free(params, state, j):
            continue
        at = state.chosen_offer[side, j]
        if math.isnan(at):
            at = state.offer[side, j]
        own = params.ideal[side, j]
        way = params.ideal[1 - side, j] - own
        share = (at - own) / way if way != 0.0 else 0.0
        least = state.floor[side, j]
        state.given_up[j] = max(allowed_share(params, j, min(max(share, least), 1.0)), least)
    set_offer(params, state, side)
    state.target[side] = offer_share(params, state, side, side)


@rule
def offer_agreed_part(params: Params, state: State, events: Events, side: int) -> None:
    """Put the agreed part on the table where the rules allow it and a channel is open."""
    if params.agenda == AGENDA.INTERIM_ALLOWED and state.channel_open:
        propose_interim(params, state, events, side)


@rule
def is_due(params: Params, state: State, shocks: Shocks, side: int) -> bool:
    """Return whether `side` may table a draft this week.

    Nothing is tabled out of turn, without a channel, or before the reply lag (geometric, mean of
    the drafts exchanged in 2022-2024) has passed.
    """
    if state.turn != side or not state.channel_open or state.tabled >= 0:
        return False
    return shocks[state.week].reply[side] < params.reply_rate[side]


@entry_rule
def offer(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Table a draft worth the strategy's demand, best for the other side as far as one knows.

    None is tabled once the text is closed, by the mediator's single text this week, perhaps. Where
    a person decides for the side, it tables the demand or the wordings that the person chose.
    """
    if state.ended or state.text_week >= 0 or state.status >= TREATY.SIGNED_FULL:
        return
    seated = state.seated[actor] == 1
    if seated:
        reopen_as_chosen(params, state, events, actor)
        if state.chosen_interim[actor]:
            offer_agreed_part(params, state, events, actor)
            if state.interim_offer == actor:
                state.heeded[actor] |= HEEDED.INTERIM
    if not is_due(params, state, shocks, actor):
        return
    decided = state.chosen_draft[actor] if seated else DECIDED.MODEL
    if not seated and params.bargaining == BARGAINING.ARTICLES:
        refresh(params, state)
        reopen_articles(params, state, events, actor)
    if open_articles(params, state) == 0:
        return
    if decided == DECIDED.ASK:
        ask(state, QUESTION.DRAFT, actor)
        return
    set_demand(params, state, shocks, actor)
    if decided != DECIDED.MODEL:
        state.heeded[actor] |= HEEDED.DRAFT
    if decided == DECIDED.NO:
        return
    if decided == DECIDED.PART:
        table_chosen(params, state, actor)
    else:
        if decided == DECIDED.YES:
            state.target[actor] = min(max(state.chosen_demand[actor], 0.0), 1.0)
        see_other(state, actor)
        draft(params, state, actor, state.target[actor], state.seen[:])
    remember(state.demanded[actor], state.target[actor])
    state.n_demanded[actor] += 1
    state.drafts[actor] += 1
    state.tabled = actor
    state.turn = 1 - actor
    reason = REASON.STRATEGY_TARGET if decided == DECIDED.MODEL else REASON.DECIDED
    write(state, events, actor, MOVE.OFFER, -1, reason, state.target[actor])
    if params.proposes_interim[actor] and not seated:
        offer_agreed_part(params, state, events, actor)
