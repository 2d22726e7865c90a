"""Phase 1: dated events and incidents."""

from sim.codes import ACTOR, CALENDAR_KIND, MOVE, REASON, TREATY
from sim.records import Events, Params, Shocks, State
from sim.rules.compiled import entry_rule, rule
from sim.rules.events import write


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
