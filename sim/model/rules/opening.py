"""Week 0: the state from which a run starts."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.model.codes import ARTICLE, BARGAINING, PRECONDITION, PRECONDITION_RULE, TREATY
from sim.model.compiled import entry_rule, number, rule
from sim.model.records import (
    ARTICLES,
    ISSUES,
    NEVER,
    Numbers,
    Params,
    Public,
    Publics,
    State,
    Ties,
)
from sim.model.rules.calendar import is_second_home
from sim.model.rules.domestic import clip_unit
from sim.model.rules.responses import hold_ground, keyed_draw
from sim.model.rules.worth import forget_wordings, matters, refresh

Ends = NDArray[np.int64]
"""The other end of each tie."""


@rule
def open_calendar(state: State) -> None:
    """Mark everything that has a date as not having happened."""
    state.text_week = NEVER
    state.initialled_week = NEVER
    state.interim_week = NEVER
    state.signed_week = NEVER
    state.ratified_week = NEVER
    state.ended_week = NEVER
    state.interim_offer = NEVER
    state.tabled = NEVER
    for side in range(2):
        state.last_conceded[side] = NEVER
        state.spoke_week[side] = NEVER


@rule
def open_text(params: Params, state: State) -> None:
    """Put the articles, the preconditions and both sides' first positions in place."""
    still_open = 0
    matter = 0
    for i in range(params.articles):
        state.article[i] = params.start_status[i]
        state.position[i] = params.start_position[i]
        if state.article[i] != ARTICLE.AGREED:
            state.in_talks[i] = 1
            still_open += 1
            matter += int(matters(params, i))
    for k in range(params.preconditions):
        j = ARTICLES + k
        state.precondition[k] = params.start_status[j]
        state.stage_until[k] = params.ready_week[k]
        traded = params.precondition_rule != PRECONDITION_RULE.NONE
        if traded and state.precondition[k] == PRECONDITION.DEMANDED:
            state.in_talks[j] = 1
    state.open_at_start = matter
    if still_open == 0:
        state.text_week = 0
        state.status = TREATY.TEXT_AGREED
        for k in range(params.preconditions):
            state.in_talks[ARTICLES + k] = 0


@rule
def uniform_of(normal: float) -> float:
    """Return the uniform draw that belongs to a standard normal one: its distribution function."""
    return 0.5 * (1.0 + math.erf(normal / math.sqrt(2.0)))


@rule
def draw_errors(params: Params, state: State, errors: Numbers, side: int) -> None:
    """Draw the errors about the other's weights by the names of the articles.

    Standard normals after Box and Muller (1958) from two keyed draws, so that neither the order of
    the articles nor another article changes them.
    """
    one = uniform_of(errors[side, 0])
    two = uniform_of(errors[side, 1])
    three = uniform_of(errors[side, 2])
    four = uniform_of(errors[side, 3])
    for i in range(params.articles):
        key = params.article_key[i]
        radius = math.sqrt(-2.0 * math.log(1.0 - keyed_draw(key, one, two)))
        normal = radius * math.cos(2.0 * math.pi * keyed_draw(key, three, four))
        state.error[side, i] = params.opponent_error[side] * normal


@rule
def meet_halfway(params: Params, state: State) -> None:
    """Start the drafts on half-agreed articles near each other, and bind both sides to that.

    Each side stands half the gap at which an article counts as half agreed from the middle of the
    first positions, if it did not stand nearer.
    """
    for i in range(params.articles):
        if state.article[i] != ARTICLE.HALF:
            continue
        middle = 0.5 * (params.opening[0, i] + params.opening[1, i])
        reach = 0.5 * params.half_tolerance
        for side in range(2):
            at = min(max(state.offer[side, i], middle - reach), middle + reach)
            state.offer[side, i] = at
        hold_ground(params, state, i)


@rule
def open_parties(params: Params, state: State, types: Numbers, errors: Numbers) -> None:
    """Give each side its type, its first offer, its stock and its beliefs."""
    for side in range(2):
        state.holdout[side] = types[side] < params.holdout_odds[side]
        state.stock[side] = params.concession_stock[side]
        state.belief_a[side] = params.belief_a[side]
        state.belief_b[side] = params.belief_b[side]
        state.aspiration[side] = 1.0
        state.target[side] = 1.0
        state.error_scale[side] = 1.0
        for j in range(ISSUES):
            state.offer[side, j] = params.opening[side, j]
            state.estimate[side, j] = params.weight[1 - side, j]
            state.error[side, j] = params.opponent_error[side] * errors[side, j]
    if params.bargaining == BARGAINING.ARTICLES:
        for side in range(2):
            draw_errors(params, state, errors, side)
        meet_halfway(params, state)


@rule
def mean_of(values: Numbers) -> float:
    """Return the mean of `values`, summed in order."""
    total = 0.0
    for i in range(values.shape[0]):
        total += values[i]
    return total / values.shape[0]


@rule
def open_public(params: Params, state: State, public: Public, drawn: Numbers, side: int) -> None:
    """Give each citizen an innate opinion, a protest threshold and a susceptibility.

    Opinions are normal about the mean, or about the middles of two camps of equal size, half their
    distance to either side of it.
    """
    state.opinion[side] = params.opinion_mean[side]
    if params.citizens[side] == 0:
        return
    mean = params.opinion_mean[side]
    for i in range(params.citizens[side]):
        camp = 0.5 if drawn[2, i] > 0.0 else -0.5
        apart = params.opinion_gap[side] * camp
        opinion = clip_unit(mean + params.opinion_sd[side] * drawn[0, i] + apart)
        public.innate[i] = opinion
        public.opinion[i] = opinion
        public.threshold[i] = params.threshold_mean[side] + params.threshold_sd[side] * drawn[1, i]
        public.susceptibility[i] = params.susceptibility[side]
        public.active[i] = 0
        public.exposure[i] = 0.0
    state.opinion[side] = mean_of(public.opinion)


@rule
def are_tied(other: Ends, one: int, citizen: int) -> bool:
    """Return whether two citizens are tied, `other` as in `rewire`."""
    for step in range(other.shape[0]):
        if other[step, one] == citizen or other[step, citizen] == one:
            return True
    return False


@rule
def ties_of(other: Ends, citizen: int) -> int:
    """Return how many ties a citizen has, `other` as in `rewire`."""
    count = other.shape[0]
    for step in range(other.shape[0]):
        for own in range(other.shape[1]):
            count += int(other[step, own] == citizen)
    return count


@entry_rule
def rewire(other: Ends, rewiring: float, words: Ties) -> bool:
    """Rewire some ties of a ring (Watts and Strogatz 1998); return whether the words suffice.

    Two words of Python's generator decide whether a tie is rewired; its new end is drawn until it
    is somebody whom the citizen has no tie to, and stays where it was if there is nobody.

    other: the other end of each citizen's tie to each step along the ring, shape (steps,
        citizens); holds the new ends afterwards.
    """
    citizens = other.shape[1]
    bits = 0
    while citizens >> bits:
        bits += 1
    at = 0
    for step in range(other.shape[0]):
        for own in range(citizens):
            if at + 2 > words.shape[0]:
                return False
            drawn = (int(words[at]) >> 5) * 2.0**26 + (int(words[at + 1]) >> 6)
            at += 2
            refused = 0
            looks = drawn / 2.0**53 < rewiring
            while looks:
                if at == words.shape[0]:
                    return False
                end = int(words[at]) >> (32 - bits)
                at += 1
                if end >= citizens:
                    continue
                if end != own and not are_tied(other, own, end):
                    other[step, own] = end
                    looks = False
                else:
                    refused += 1
                    looks = refused != 2 or ties_of(other, own) < citizens - 1
    return True


@entry_rule
def tie_rows(other: Ends, start: Ties, tie: Ties, at: Ties, rows: Ties) -> None:
    """Set where each citizen's ties begin, and all neighbours in ascending order.

    Rows that are filled by citizens in ascending order are in order themselves; so they are filled
    twice, the second time from the first.

    other: as in `rewire`.
    start, tie: zero; compressed rows afterwards, shape (citizens + 1,) and (2 * steps * citizens,).
    at, rows: working space, shaped like these.
    """
    steps, citizens = other.shape
    for step in range(steps):
        for own in range(citizens):
            start[own + 1] += 1
            start[other[step, own] + 1] += 1
    for own in range(citizens):
        start[own + 1] += start[own]
        at[own] = start[own]
    for step in range(steps):
        for own in range(citizens):
            end = other[step, own]
            rows[at[own]] = end
            rows[at[end]] = own
            at[own] += 1
            at[end] += 1
    for own in range(citizens):
        at[own] = start[own]
    for own in range(citizens):
        for n in range(start[own], start[own + 1]):
            end = rows[n]
            tie[at[end]] = own
            at[end] += 1


@entry_rule
def begin(
    params: Params,
    state: State,
    publics: Publics,
    types: Numbers,
    errors: Numbers,
    drawn: Numbers,
    second_drawn: Numbers,
) -> None:
    """Set `state`, given all zero, and the citizens to week 0.

    types: shape (2,).
    errors: shape (2, ISSUES).
    drawn, second_drawn: the replicate's part of `sim.model.shocks.Tape` for the citizens of the
        first and of the second home, shape (3, citizens).
    """
    open_calendar(state)
    open_text(params, state)
    open_parties(params, state, types, errors)
    open_public(params, state, publics[0], drawn, number(0))
    if is_second_home(params, number(1)):
        open_public(params, state, publics[1], second_drawn, number(1))
    else:
        open_public(params, state, publics[1], drawn, number(1))
    state.stale = 1
    forget_wordings(state)
    refresh(params, state)
    state.turn = params.first_mover
    state.attention = params.attention
    for side in range(2):
        state.approval[side] = params.approval[side]
        state.seats[side] = params.government_seats[side]
    state.suspended_until = -1.0
