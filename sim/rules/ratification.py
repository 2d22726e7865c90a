"""Phase 8: what was signed is ratified, or fails at home; what is in force may lapse."""

from sim.codes import ACTOR, MOVE, PRECONDITION_RULE, REASON, TREATY
from sim.records import Events, Params, Shocks, State
from sim.rules.calendar import end_talks
from sim.rules.compiled import entry_rule, rule
from sim.rules.events import write
from sim.rules.preconditions import any_blocking
from sim.rules.ratifier import share_won
from sim.rules.standing import refresh


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

    The vote waits for the preconditions where the rule asks for them before ratification. At
    home it needs a majority of seats; a refusal is involuntary defection and ends the treaty.
    """
    if state.ended or state.status != TREATY.SIGNED_FULL or state.ratified[actor]:
        return
    if state.week < state.signed_week + params.ratification_weeks[actor]:
        return
    waits = params.precondition_rule == PRECONDITION_RULE.BEFORE_RATIFICATION
    if waits and any_blocking(params, state):
        return
    reason = REASON.NONE
    if actor == params.home and state.seats <= (
        params.ratification_majority * params.parliament_seats
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
    leave = params.flow[side] / (1.0 - params.discount[side])
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
