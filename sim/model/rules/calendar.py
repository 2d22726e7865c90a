"""Phase 1: dated events and incidents."""

from sim.model.codes import ACTOR, CALENDAR_KIND, MOVE, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.events import write


@rule
def end_talks(
    state: State, events: Events, status: int, move: int, actor: int, reason: int
) -> None:
    """End the run with a terminal status and write it down."""
    state.status = status
    state.ended = 1
    state.ended_week = state.week
    state.end_reason = reason
    write(state, events, actor, move, -1, reason, 0.0)


@entry_rule
def happen(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Clear last week's flags, let dated events take effect and draw incidents.

    An incident closes the direct channel for a time, moves approval, and may end talks that
    have not been signed.
    """
    state.tabled = -1
    state.mediator_tabled = 0
    state.conceded_now[0] = 0
    state.conceded_now[1] = 0
    shock = shocks[state.week]
    for at in range(params.dates):
        if params.date_week[at] != state.week:
            continue
        write(state, events, ACTOR.NATURE, MOVE.CALENDAR, at, REASON.SCHEDULED, 0.0)
        kind = params.date_kind[at]
        changes = kind == CALENDAR_KIND.ADMINISTRATION or kind == CALENDAR_KIND.SUMMIT
        if changes and params.date_value[at] >= 0.0:
            state.attention = params.date_value[at]
    if shock.incident < params.incident_rate:
        state.suspended_until = state.week + params.suspension_weeks
        state.approval = min(max(state.approval + params.incident_approval, 0.0), 1.0)
        write(
            state,
            events,
            ACTOR.NATURE,
            MOVE.INCIDENT,
            -1,
            REASON.NONE,
            params.suspension_weeks,
        )
        if shock.escalation < params.collapse_odds and state.status < TREATY.SIGNED_INTERIM:
            end_talks(
                state, events, TREATY.COLLAPSED, MOVE.COLLAPSED, ACTOR.NATURE, REASON.ESCALATION
            )


# ---- A side's clock: the share of its perceived time that has passed.


@rule
def clock(params: Params, state: State, side: int) -> float:
    """Return ``min(1, week / deadline)``; 0 for ever when no deadline is perceived."""
    return min(1.0, state.week / params.deadline[side])


@rule
def clock_since(params: Params, state: State, side: int, start: float, length: float) -> float:
    """Return ``min(1, (week - start) / length)`` and 0 before `start`."""
    if state.week <= start:
        return 0.0
    if length <= 0.0:
        return 1.0
    return min(1.0, (state.week - start) / length)
