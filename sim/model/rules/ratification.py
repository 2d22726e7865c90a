"""Ratification: the ratifier's measure of a treaty, the votes, and whether a deal lasts.

The measure is the share won of the whole text: 1 when every article stands at the party's own
ideal, 0 when every one stands at the other's. Preconditions and side payments are not in it: they
are not what is voted on.
"""

from sim.model.codes import ACTOR, ARTICLE, MOVE, PRECONDITION_RULE, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.calendar import end_talks
from sim.model.rules.events import write
from sim.model.rules.preconditions import any_blocking
from sim.model.rules.worth import issue_utility, never_signing, refresh


@rule
def room(params: Params, side: int, issue: int) -> float:
    """Return what lies between the other's ideal and the own one on an article, in utility."""
    there = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    return params.weight[side, issue] * (1.0 - there)


@rule
def won(params: Params, side: int, issue: int, position: float) -> float:
    """Return how much of that room `position` gives to `side`, in utility."""
    there = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    at = issue_utility(params, side, issue, position)
    return params.weight[side, issue] * (at - there)


@rule
def share_won(params: Params, state: State, side: int) -> float:
    """Return the share of the whole text that `side` has won; 1 if the sides agree on all."""
    total = 0.0
    got = 0.0
    for i in range(params.articles):
        total += room(params, side, i)
        got += won(params, side, i, state.position[i])
    return got / total if total > 0.0 else 1.0


@rule
def best_share_to_leave(params: Params, state: State, side: int, least: float) -> float:
    """Return the share of the talks that it is best to leave to `side`, for the other party.

    If the ratifier's reservation is drawn from U[0, R], a share s of the talks, which makes
    c + k s of the whole text, passes with probability min(1, (c + k s) / R). The other party
    keeps 1 - s, beyond its own reservation `least`, and so does best with
    ``s = min((R - c) / k, (1 - least - c / k) / 2)``, at least 0 (Schelling 1960, ch. 2;
    Iida 1993).
    """
    total = 0.0
    fixed = 0.0
    movable = 0.0
    for i in range(params.articles):
        total += room(params, side, i)
        if state.in_talks[i]:
            movable += room(params, side, i)
        elif state.article[i] == ARTICLE.AGREED:
            fixed += won(params, side, i, state.position[i])
    if movable <= 0.0:
        return 0.0
    enough = (params.ratifier_reservation[side] * total - fixed) / movable
    best = 0.5 * (1.0 - least - fixed / movable)
    return min(max(min(enough, best), 0.0), 1.0)


# --- what was signed is ratified, or fails at home; what is in force may lapse


@rule
def ratifier_refuses(params: Params, state: State, shocks: Shocks, side: int) -> bool:
    """Return whether the ratifier's reservation, drawn from U[0, R], exceeds the share won.

    Schelling (1960), ch. 2; Putnam (1988); Iida (1993): involuntary defection.
    """
    drawn = params.ratifier_reservation[side] * shocks[state.week].ratifier[side]
    return share_won(params, state, side) < drawn


@entry_rule
def ratify(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Hold the ratification vote of one side when it is due.

    The vote waits for the preconditions where the rule asks for them before ratification. Where
    politics at home are modelled it needs a majority of that parliament's seats; a refusal is
    involuntary defection and ends the treaty.
    """
    if state.ended or state.status != TREATY.SIGNED_FULL or state.ratified[actor]:
        return
    if state.week < state.signed_week + params.ratification_weeks[actor]:
        return
    waits = params.precondition_rule == PRECONDITION_RULE.BEFORE_RATIFICATION
    if waits and any_blocking(params, state):
        return
    reason = REASON.NONE
    if params.has_politics[actor] and state.seats[actor] <= (
        params.ratification_majority[actor] * params.parliament_seats[actor]
    ):
        reason = REASON.NO_MAJORITY
    elif ratifier_refuses(params, state, shocks, actor):
        reason = REASON.RATIFIER_SHARE
    if reason != REASON.NONE:
        end_talks(state, events, TREATY.COLLAPSED, MOVE.RATIFICATION_FAILED, actor, reason)
        return
    state.ratified[actor] = 1
    write(state, events, actor, MOVE.SIDE_RATIFIED, -1, REASON.VOTE_PASSED, 0.0)
    if state.ratified[0] and state.ratified[1]:
        state.status = TREATY.RATIFIED
        state.ratified_week = state.week
        write(state, events, ACTOR.NATURE, MOVE.RATIFIED, -1, REASON.VOTE_PASSED, 0.0)


@rule
def keeps(params: Params, state: State, side: int) -> bool:
    """Return whether staying in the deal beats leaving it, side payments as they are now."""
    refresh(params, state)
    leave = never_signing(params, side, 0.0)
    if state.status == TREATY.SIGNED_INTERIM:
        stay = state.interim[side] + state.side_payment[side] + state.quo[side]
    else:
        stay = state.deal[side] + state.side_payment[side]
    return stay + params.exit_cost >= leave


@entry_rule
def lapse(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Let a deal in force lapse: by its base hazard, or because one side is better off without.

    Side payments fade with the mediator's attention, so a deal that needed them may not last.
    """
    signed_now = state.signed_week == state.week or state.interim_week == state.week
    if state.ended or state.status < TREATY.SIGNED_INTERIM or signed_now:
        return
    hazard = params.lapse_full
    if state.status == TREATY.SIGNED_INTERIM:
        hazard = params.lapse_interim
    if shocks[state.week].lapse < hazard:
        end_talks(state, events, TREATY.COLLAPSED, MOVE.LAPSED, ACTOR.NATURE, REASON.BASE_HAZARD)
        return
    for side in range(2):
        if not keeps(params, state, side):
            end_talks(state, events, TREATY.COLLAPSED, MOVE.LAPSED, side, REASON.NOT_WORTH_KEEPING)
            return
