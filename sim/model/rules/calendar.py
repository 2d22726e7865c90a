"""What comes from outside: dated events, incidents, who speaks to whom, and a side's clock."""

import math

from sim.model.codes import ACTOR, CALENDAR_KIND, CONTACT, MOVE, QUESTION, REASON, TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import Decisions, Events, Params, Shocks, State
from sim.model.rules.events import write
from sim.model.rules.worth import forget_wordings


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
def take_seats(state: State, decisions: Decisions) -> None:
    """Take up what persons who sit at the table have decided for this week."""
    if decisions.shape[0] == 0:
        return
    state.asked = QUESTION.NONE
    for side in range(2):
        entry = decisions[state.week, side]
        state.heeded[side] = 0
        state.seated[side] = entry.seated
        state.chosen_draft[side] = entry.draft
        state.chosen_demand[side] = entry.demand
        state.chosen_answer[side] = entry.answer
        state.chosen_text[side] = entry.text
        state.chosen_signature[side] = entry.signature
        state.chosen_interim[side] = entry.interim
        state.chosen_concession[side] = entry.concession
        for j in range(entry.offer.shape[0]):
            state.chosen_offer[side, j] = entry.offer[j]
        for i in range(entry.taken.shape[0]):
            state.chosen_taken[side, i] = entry.taken[i]
            state.chosen_reopened[side, i] = entry.reopened[i]
        for k in range(entry.dropped.shape[0]):
            state.chosen_dropped[side, k] = entry.dropped[k]


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
    if state.weighed_by != state.government:  # since last week; what is kept was the former one's
        forget_wordings(state)
        state.stale = 1
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
        for side in range(2):
            moved = state.approval[side] + params.incident_approval[side]
            state.approval[side] = min(max(moved, 0.0), 1.0)
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


# --- a side's clock: the share of its perceived time that has passed


@rule
def windows_closed(params: Params, state: State) -> float:
    """Return the believed probability that the last window for a deal has closed by now.

    ``1 - prod(1 - q_e)`` over the dated events at which a window may close with odds q_e: a summit,
    a change of administration, an election, a deadline that somebody announced. The risk of an
    event is spread evenly over the weeks since the one before.
    """
    standing = 1.0
    last = 0
    for at in range(params.dates):
        odds = params.date_closes[at]
        when = params.date_week[at]
        if odds <= 0.0 or when <= last:
            continue
        passed = min(1.0, max(0.0, (state.week - last) / (when - last)))
        standing *= (1.0 - odds) ** passed
        last = when
    return 1.0 - standing


@rule
def clock(params: Params, state: State, side: int) -> float:
    """Return the share of its time that `side` perceives to have passed, in [0, 1].

    ``min(1, week / deadline)`` for a side that perceives a deadline, else what the calendar says
    (`windows_closed`): 0 for ever where neither names an end.
    """
    if params.deadline[side] < math.inf:
        return min(1.0, state.week / params.deadline[side])
    return windows_closed(params, state)


@rule
def clock_since(params: Params, state: State, side: int, start: float, length: float) -> float:
    """Return ``min(1, (week - start) / length)`` and 0 before `start`."""
    if state.week <= start:
        return 0.0
    if length <= 0.0:
        return 1.0
    return min(1.0, (state.week - start) / length)


# --- who speaks to whom this week


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


# ---- Whose politics: the home of each party, its opposition, and the chance that is drawn for i


@rule
def is_second_home(params: Params, side: int) -> bool:
    """Return whether the home of `side` is the second one."""
    return side == 1 and params.has_politics[0] != 0


@rule
def opposition_of(params: Params, side: int) -> int:
    """Return the actor that is the opposition at the home of `side`."""
    if is_second_home(params, side):
        return ACTOR.SECOND_OPPOSITION
    return ACTOR.OPPOSITION


@rule
def consent_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the uniform that settles whether missing votes are found in the home of `side`."""
    shock = shocks[week]
    return shock.second_consent if is_second_home(params, side) else shock.consent


@rule
def yes_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of a referendum's yes share in the home of `side`."""
    shock = shocks[week]
    return shock.second_yes if is_second_home(params, side) else shock.yes


@rule
def turnout_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of a referendum's turnout in the home of `side`."""
    shock = shocks[week]
    return shock.second_turnout if is_second_home(params, side) else shock.turnout


@rule
def approval_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of approval in the home of `side`."""
    shock = shocks[week]
    return shock.second_approval if is_second_home(params, side) else shock.approval


@rule
def election_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of an election in the home of `side`."""
    shock = shocks[week]
    return shock.second_election if is_second_home(params, side) else shock.election
