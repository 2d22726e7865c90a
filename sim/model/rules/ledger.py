"""Which gate kept this week from being the week of the full signature."""

from sim.model.codes import ACTOR, GATE, MOVE, PRECONDITION_RULE, REASON, TREATY
from sim.model.compiled import entry_rule_called_once, number, rule, rule_called_once
from sim.model.records import Events, Params, State
from sim.model.rules.bid import frontier_share
from sim.model.rules.calendar import end_talks
from sim.model.rules.continuation import least_share
from sim.model.rules.preconditions import any_blocking
from sim.model.rules.signing import wants_to_sign, wants_without_politics
from sim.model.rules.worth import offer_share, refresh, reservation_share

_ROUNDING = 1e-9


@rule_called_once
def zone_of_agreement(params: Params, state: State) -> bool:
    """Return whether some package of the talks, or the closed text, beats the status quo for both.

    With true weights, not with what the sides believe of each other (Raiffa 1982). What the
    first party has given up for good is not counted as still its own.
    """
    refresh(params, state)
    if state.text_week >= 0:
        first_gains = state.value_now[0] >= state.quo[0]
        return first_gains and state.value_now[1] >= state.quo[1]
    first = reservation_share(params, state, number(0))
    second = reservation_share(params, state, number(1))
    if state.zone_known and first == state.zone_at[0] and second == state.zone_at[1]:
        return state.zone == 1
    state.zone_known = 1
    state.zone_at[0] = first
    state.zone_at[1] = second
    if first > 1.0:
        return False
    for n in range(state.talks):
        j = state.talk[n]
        state.kept_offer[j] = state.offer[0, j]
    best = frontier_share(params, state, min(max(first, 0.0), 1.0))
    kept_by_first = offer_share(params, state, number(0), number(0))
    for n in range(state.talks):
        j = state.talk[n]
        state.offer[0, j] = state.kept_offer[j]
    return best >= second and kept_by_first >= first - _ROUNDING


@rule
def mark_open_text(params: Params, state: State) -> None:
    """Mark the gates of a week in which the text is open.

    A side waits if the other's standing offer beats the status quo for it and it has not taken
    it. If neither offer does that, the terms themselves are open.
    """
    waits = False
    for side in range(2):
        offered = offer_share(params, state, side, 1 - side)
        if offered >= least_share(params, state, side):
            state.gates[GATE.FIRST_WAITS + side] = 1
            waits = True
    if not waits:
        state.gates[GATE.TERMS_OPEN] = 1


@rule
def mark_closed_text(params: Params, state: State) -> None:
    """Mark the gates of a week in which the text is closed and not signed."""
    for side in range(2):
        if wants_to_sign(state, side):
            continue
        if params.has_politics[side] and wants_without_politics(params, state, side):
            state.gates[GATE.HOME_POLITICS] = 1
        else:
            state.gates[GATE.FIRST_WAITS + side] = 1
    if params.precondition_rule == PRECONDITION_RULE.BEFORE_SIGNING and any_blocking(params, state):
        state.gates[GATE.PRECONDITION] = 1


@rule
def charge(state: State) -> None:
    """Share the week equally among its closed gates.

    Talks that break off before anybody could sign, with no other gate closed, lack a channel.
    """
    count = 0
    for g in range(state.gates.shape[0]):
        if state.gates[g]:
            count += 1
    if count == 0:
        state.gates[GATE.NO_CHANNEL] = 1
        count = 1
    for g in range(state.gates.shape[0]):
        if state.gates[g]:
            state.ledger[g] += 1.0 / count


@rule
def lose_patience(params: Params, state: State, events: Events) -> None:
    """Let the talks end after long enough without any zone of agreement."""
    if state.zone:
        state.no_zone_weeks = 0
        return
    state.no_zone_weeks += 1
    if state.no_zone_weeks >= params.patience_weeks and state.status < TREATY.SIGNED_INTERIM:
        end_talks(
            state,
            events,
            TREATY.COLLAPSED,
            MOVE.COLLAPSED,
            ACTOR.NATURE,
            REASON.NO_ZONE_PATIENCE,
        )


@entry_rule_called_once
def record(params: Params, state: State, events: Events) -> None:
    """Mark the closed gates, share the week among them, and count the week as played."""
    for g in range(state.gates.shape[0]):
        state.gates[g] = 0
    if state.signed_week >= 0:
        state.gates[GATE.SIGNED] = 1
    else:
        state.zone = zone_of_agreement(params, state)
        if not state.zone:
            state.gates[GATE.NO_ZONE] = 1
        elif state.text_week < 0:
            mark_open_text(params, state)
        else:
            mark_closed_text(params, state)
        if not state.channel_open:
            state.gates[GATE.NO_CHANNEL] = 1
        if state.street:
            state.gates[GATE.HOME_POLITICS] = 1
        if not state.ended:
            lose_patience(params, state, events)
    charge(state)
    state.week += 1
