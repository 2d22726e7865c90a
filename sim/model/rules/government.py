"""Phase 9, end: approval, elections and the government's survival."""

from sim.model.codes import ACTOR, CALENDAR_KIND, MOVE, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.calendar import end_talks
from sim.model.rules.events import write
from sim.model.rules.public import clip_unit


@rule
def approval_base(params: Params, state: State) -> float:
    """Return the level to which approval returns: its start, moved with public opinion."""
    moved = params.opinion_slope * (state.opinion - params.opinion_mean)
    return clip_unit(params.approval + moved)


@rule
def hold_election(params: Params, state: State, shocks: Shocks, events: Events) -> bool:
    """Hold an election: votes about approval, seats by the largest party's bonus."""
    votes = clip_unit(state.approval + params.election_swing * shocks[state.week].election)
    seats = params.parliament_seats * min(1.0, params.seats_bonus * votes)
    state.seats = int(seats + 0.5)
    won = state.seats > 0.5 * params.parliament_seats
    reason = REASON.VOTE_PASSED if won else REASON.BALLOT
    write(state, events, ACTOR.NATURE, MOVE.ELECTION_HELD, -1, reason, votes)
    return won


@rule
def election_due(params: Params, state: State) -> bool:
    """Return whether the calendar holds an election this week."""
    for at in range(params.dates):
        if params.date_week[at] == state.week and params.date_kind[at] == CALENDAR_KIND.ELECTION:
            return True
    return False


@entry_rule
def survive(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Move approval, hold elections and bring the government down by ballot or street.

    A treaty that both have ratified outlives the government.
    """
    if state.ended or params.home < 0:
        return
    pull = params.approval_reversion * (approval_base(params, state) - state.approval)
    noise = params.approval_noise * shocks[state.week].approval
    cost = params.protest_cost * state.protest
    state.approval = clip_unit(state.approval + pull - cost + noise)
    fell = REASON.NONE
    if election_due(params, state) and not hold_election(params, state, shocks, events):
        fell = REASON.BALLOT
    if params.citizens > 0 and state.protest >= params.fall_protest_share:
        state.protest_weeks += 1
        if state.protest_weeks >= params.fall_weeks:
            fell = REASON.STREET
    else:
        state.protest_weeks = 0
    if fell != REASON.NONE and state.status != TREATY.RATIFIED:
        end_talks(
            state, events, TREATY.GOVERNMENT_FELL, MOVE.GOVERNMENT_FELL, ACTOR.OPPOSITION, fell
        )
