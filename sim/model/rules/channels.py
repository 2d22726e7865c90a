"""Phase 1, continued: who speaks to whom this week."""

from sim.model.codes import ACTOR, CALENDAR_KIND, CONTACT, MOVE, REASON
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.events import write


@rule
def edge_between(params: Params, one: int, other: int) -> int:
    """Return the number of the channel's edge between two actors, or -1."""
    for e in range(params.edges):
        a = params.edge[e, 0]
        b = params.edge[e, 1]
        if (a == one and b == other) or (a == other and b == one):
            return e
    return -1


@rule
def is_summit(params: Params, state: State) -> bool:
    """Return whether the calendar holds a summit this week."""
    for at in range(params.dates):
        if params.date_week[at] == state.week and params.date_kind[at] == CALENDAR_KIND.SUMMIT:
            return True
    return False


@entry_rule
def meet(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Draw calls and meetings on the edges and settle whether the parties can deal.

    The direct channel is closed while an incident suspends it; then only a week in which the
    mediator speaks with both opens one. The parties meet directly, or where the mediator meets
    both in one week.
    """
    shock = shocks[state.week]
    summit = is_summit(params, state)
    direct = edge_between(params, ACTOR.FIRST, ACTOR.SECOND)
    suspended = state.week < state.suspended_until
    for e in range(params.edges):
        drawn = shock.contact[e]
        level = CONTACT.SILENT
        if drawn < params.meeting_rate[e] or summit:
            level = CONTACT.MEETING
        elif drawn < params.meeting_rate[e] + params.call_rate[e]:
            level = CONTACT.CALL
        if e == direct and suspended:
            level = CONTACT.SILENT
        state.contact[e] = level
    to_first = edge_between(params, ACTOR.MEDIATOR, ACTOR.FIRST)
    to_second = edge_between(params, ACTOR.MEDIATOR, ACTOR.SECOND)
    mediated = CONTACT.SILENT
    if to_first >= 0 and to_second >= 0:
        mediated = min(state.contact[to_first], state.contact[to_second]) * 1
    in_person = direct >= 0 and state.contact[direct] == CONTACT.MEETING
    state.channel_open = (direct >= 0 and not suspended) or mediated > CONTACT.SILENT
    state.parties_met = in_person or mediated == CONTACT.MEETING
    if state.parties_met:
        host = ACTOR.FIRST if in_person else ACTOR.MEDIATOR
        write(state, events, host, MOVE.MEETING, direct, REASON.NONE, 0.0)
