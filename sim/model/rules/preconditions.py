"""Preconditions move along their routes."""

import math
from collections.abc import Callable, Mapping

from sim.model.codes import (
    ACTOR,
    BARGAINING,
    MOVE,
    PRECONDITION,
    PRECONDITION_RULE,
    REASON,
    ROUTE,
    TREATY,
    Route,
    complete,
)
from sim.model.compiled import choice, entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, Shocks, State
from sim.model.rules.calendar import consent_drawn, turnout_drawn, yes_drawn
from sim.model.rules.continuation import covered_now, expected_value, settled_later
from sim.model.rules.domestic import grievance_of_move
from sim.model.rules.events import write
from sim.model.rules.worth import issue_utility, leave_talks


@rule
def referendum_passes(yes_share: float, turnout: float, majority: float, quorum: float) -> bool:
    """Return whether a referendum passes: more than `majority` of votes, `quorum` of eligible.

    yes_share, turnout: yes votes per vote cast and votes cast per eligible voter, in [0, 1].
    majority: the yes share must exceed it.
    quorum: yes votes per eligible voter must reach it.
    """
    return yes_share > majority and yes_share * turnout >= quorum


@rule
def seats_needed(params: Params, side: int) -> int:
    """Return the number of seats of a supermajority of all members in the home of `side`."""
    return math.ceil(params.supermajority[side] * params.parliament_seats[side] - 1e-9)


@rule
def stage_of_talks(state: State) -> int:
    """Return the treaty stage that a joint step waits for; a closed text counts as agreed."""
    if state.status == TREATY.OPEN and state.text_week >= 0:
        return TREATY.TEXT_AGREED
    return int(state.status)


@rule
def step_to(
    state: State, events: Events, actor: int, k: int, status: int, until: float, reason: int
) -> None:
    """Move precondition `k` to `status`, due at week `until`."""
    state.precondition[k] = status
    state.stage_until[k] = until
    state.stale = 1
    write(state, events, actor, MOVE.PRECONDITION_STEP, k, reason, state.precondition[k] * 1.0)


@rule
def gain_of_demand(params: Params, side: int, k: int) -> float:
    """Return what precondition `k` is worth to `side` delivered, above dropped."""
    j = ARTICLES + k
    met = issue_utility(params, side, j, 1.0) - issue_utility(params, side, j, 0.0)
    return params.weight[side, j] * met


@rule
def pays_to_demand(params: Params, state: State, side: int, k: int) -> bool:
    """Return whether one more demand is worth its delay to `side`: hold-out from the values.

    It compares the treaty as it may be expected now with the same treaty after the weeks that the
    demand takes, with the demand by its odds.
    """
    if params.bargaining == BARGAINING.PACKAGES:
        return False
    value = expected_value(params, state, side)
    weeks = weeks_to_deliver(params, state, k, params.settlement_weeks[side])
    hoped = value + params.odds[k] * gain_of_demand(params, side, k)
    return settled_later(params, state, side, hoped, weeks, covered_now(state, side)) > value


@rule
def join_talks(state: State, issue: int) -> None:
    """Bring an issue into the talks."""
    state.in_talks[issue] = 1
    state.stale = 1


@rule
def fulfil(params: Params, state: State, events: Events, k: int, reason: int) -> None:
    """Mark precondition `k` as met; a side for which it pays, or a hold-out, demands the next."""
    step_to(state, events, params.delivered_by[k], k, PRECONDITION.MET, -1.0, reason)
    leave_talks(state, ARTICLES + k)
    side = params.demanded_by[k]
    if params.precondition_rule == PRECONDITION_RULE.NONE:
        return
    for other in range(params.preconditions):
        if params.demanded_by[other] != side or state.precondition[other] != PRECONDITION.DORMANT:
            continue
        why = REASON.HOLD_OUT_TYPE
        if not state.holdout[side]:
            if not pays_to_demand(params, state, side, other):
                continue
            why = REASON.DEMAND_PAYS
        state.precondition[other] = PRECONDITION.DEMANDED
        state.stale = 1
        if state.text_week < 0:
            join_talks(state, ARTICLES + other)
        write(state, events, side, MOVE.PRECONDITION_ADDED, other, why, 0.0)
        return


@rule
def restate(params: Params, state: State) -> None:
    """Count each week in which an unmet demand was stated again: in an own draft, or in a meeting.

    Each time makes it dearer to drop (Fearon 1994; Tomz 2007).
    """
    for k in range(params.preconditions):
        status = state.precondition[k]
        unmet = status >= PRECONDITION.DEMANDED and status < PRECONDITION.MET
        if unmet and (state.parties_met or state.tabled == params.demanded_by[k]):
            state.restated[k] += 1.0


@rule
def dropping_cost(params: Params, state: State, k: int) -> float:
    """Return what dropping demand `k` costs the side that made it, in utility."""
    side = params.demanded_by[k]
    return params.waiver_cost[side] + params.waiver_growth[side] * state.restated[k]


@rule
def lost_to_campaign(params: Params, k: int) -> float:
    """Return the yes share that the campaign of the deliverer's opposition takes away.

    In proportion to its effort and to what it holds against the change; the salience counts up to
    twice the mean.
    """
    side = params.delivered_by[k]
    grievance = min(grievance_of_move(params, side, ARTICLES + k, 0.0, 1.0), 2.0)
    return params.campaign[side] * params.effort[side] * grievance


@rule
def hold_referendum(params: Params, state: State, shocks: Shocks, events: Events, k: int) -> None:
    """Hold the vote in the deliverer's country.

    Its yes share follows public support there and the campaign of the opposition there.
    """
    at = params.delivered_by[k]
    majority = params.referendum_majority[at]
    yes = params.yes_mean[at] + params.yes_slope[at] * (state.opinion[at] - params.opinion_mean[at])
    yes -= lost_to_campaign(params, k)
    yes += params.yes_sd[at] * yes_drawn(params, shocks, state.week, at)
    yes = min(max(yes, 0.0), 1.0)
    turnout = params.turnout_mean[at]
    turnout += params.turnout_sd[at] * turnout_drawn(params, shocks, state.week, at)
    turnout = min(max(turnout, 0.0), 1.0)
    if referendum_passes(yes, turnout, majority, params.referendum_quorum[at]):
        fulfil(params, state, events, k, REASON.VOTE_PASSED)
        return
    lost = REASON.VOTE_LOST if yes <= majority else REASON.BELOW_QUORUM
    again = -1.0
    if params.again_weeks[at] > 0.0 and params.again_weeks[at] < math.inf:
        again = state.week + params.again_weeks[at]
    step_to(state, events, ACTOR.NATURE, k, PRECONDITION.FAILED, again, lost)


@rule
def advance_constitution(
    params: Params, state: State, shocks: Shocks, events: Events, k: int
) -> None:
    """Constitutional route in the deliverer's country: draft, supermajority, referendum.

    A government that lacks the votes waits for them; they are found with a constant hazard.
    """
    status = state.precondition[k]
    who = params.delivered_by[k]
    due = state.week >= state.stage_until[k]
    if status == PRECONDITION.PROMISED:
        until = state.week + params.lead_draft[k]
        step_to(state, events, who, k, PRECONDITION.DRAFTING, until, REASON.ROUTE_STEP)
    elif status == PRECONDITION.DRAFTING and due:
        until = state.week + params.lead_parliament[k]
        step_to(state, events, who, k, PRECONDITION.PARLIAMENT, until, REASON.ROUTE_STEP)
    elif status == PRECONDITION.PARLIAMENT and due:
        alone = state.seats[who] >= seats_needed(params, who)
        drawn = consent_drawn(params, shocks, state.week, who)
        if alone or drawn < params.consent_rate[who]:
            until = state.week + params.lead_referendum[k]
            step_to(state, events, who, k, PRECONDITION.REFERENDUM, until, REASON.VOTE_PASSED)
    elif status == PRECONDITION.REFERENDUM and due:
        hold_referendum(params, state, shocks, events, k)
    elif status == PRECONDITION.FAILED and state.stage_until[k] > 0.0 and due:
        until = state.week + params.lead_parliament[k]
        step_to(state, events, who, k, PRECONDITION.PARLIAMENT, until, REASON.VOTE_AGAIN)


@rule
def advance_act(params: Params, state: State, shocks: Shocks, events: Events, k: int) -> None:
    """Act of one government, or joint step: promised, then met when its lead time is over.

    A joint step is taken up of itself at the treaty stage that its trigger names.
    """
    status = state.precondition[k]
    if (
        status == PRECONDITION.DEMANDED
        and params.route[k] == ROUTE.JOINT
        and stage_of_talks(state) >= params.trigger[k]
    ):
        step_to(
            state,
            events,
            params.delivered_by[k],
            k,
            PRECONDITION.PROMISED,
            state.week + params.lead_draft[k],
            REASON.STAGE_REACHED,
        )
        leave_talks(state, ARTICLES + k)
    elif status == PRECONDITION.PROMISED:
        if state.stage_until[k] < 0.0:
            state.stage_until[k] = state.week + params.lead_draft[k]
        elif state.week >= state.stage_until[k]:
            fulfil(params, state, events, k, REASON.ROUTE_STEP)


_WALKS: Mapping[Route, Callable[..., None]] = complete(
    {
        Route.ACT: advance_act,
        Route.JOINT: advance_act,
        Route.CONSTITUTIONAL: advance_constitution,
    },
    Route,
)
walk = choice(
    "walk", "params, state, shocks, events, k", [_WALKS[route] for route in Route], __name__
)
"""``(route, params, state, shocks, events, k) -> None``: one week on a precondition's route."""


@entry_rule
def advance(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Move every precondition one week along its route."""
    if state.ended:
        return
    restate(params, state)
    for k in range(params.preconditions):
        walk(params.route[k], params, state, shocks, events, k)


@rule
def blocks(params: Params, state: State, k: int) -> bool:
    """Return whether precondition `k` is still to be met."""
    status = state.precondition[k]
    return (
        status != PRECONDITION.DORMANT
        and status != PRECONDITION.MET
        and status != PRECONDITION.WAIVED
    )


@rule
def waits_for_signature(params: Params, k: int) -> bool:
    """Return whether precondition `k` is to be taken up only once the treaty is signed."""
    return params.route[k] == ROUTE.JOINT and params.trigger[k] >= TREATY.SIGNED_INTERIM


@rule
def any_blocking(params: Params, state: State) -> bool:
    """Return whether an unmet precondition stands in the way.

    One that both sides have set for after the signature does not stand in the signature's way.
    """
    for k in range(params.preconditions):
        if blocks(params, state, k):
            if state.status < TREATY.SIGNED_FULL and waits_for_signature(params, k):
                continue
            return True
    return False


@rule
def weeks_to_deliver(params: Params, state: State, k: int, patience: float) -> float:
    """Return the expected weeks until precondition `k` is met.

    `patience` stands for the unknown wait until somebody takes it up.
    """
    status = state.precondition[k]
    left = 0.0
    if status <= PRECONDITION.DEMANDED:
        left += patience
    if status <= PRECONDITION.PROMISED:
        left += params.lead_draft[k]
    elif state.stage_until[k] > state.week:
        left += state.stage_until[k] - state.week
    if status == PRECONDITION.FAILED:
        left += params.lead_parliament[k] + params.lead_referendum[k]
    if params.route[k] == ROUTE.CONSTITUTIONAL:
        if status <= PRECONDITION.DRAFTING:
            left += params.lead_parliament[k]
        if status <= PRECONDITION.PARLIAMENT:
            left += params.lead_referendum[k]
            who = params.delivered_by[k]
            if state.seats[who] < seats_needed(params, who):
                rate = params.consent_rate[who]
                left += 1.0 / rate if rate > 0.0 else math.inf
    return left
