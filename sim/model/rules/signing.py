"""Each side compares signing now, in full or in part, with waiting."""

from sim.model.codes import (
    ACTOR,
    AGENDA,
    ARTICLE,
    BARGAINING,
    DECIDED,
    HEEDED,
    MOVE,
    PRECONDITION,
    PRECONDITION_RULE,
    QUESTION,
    REASON,
    TREATY,
)
from sim.model.compiled import entry_rule, rule
from sim.model.records import ARTICLES, Events, Params, State
from sim.model.rules.continuation import (
    continuation_value,
    covered_now,
    going_on,
    interim_value,
    settled_later,
    waits_longer,
)
from sim.model.rules.domestic import grievance_of_treaty, mobilise_against
from sim.model.rules.events import ask, is_decided, write
from sim.model.rules.opponent import concession_belief
from sim.model.rules.preconditions import (
    any_blocking,
    blocks,
    dropping_cost,
    gain_of_demand,
    waits_for_signature,
    weeks_to_deliver,
)
from sim.model.rules.worth import (
    leave_talks,
    office_effect,
    refresh,
    survival_discount,
)


@rule
def expected_concession(params: Params, state: State, side: int) -> float:
    """Return the expected worth to `side` of the other's concessions of one week."""
    return concession_belief(state, side) * params.outside_worth[1 - side]


@rule
def one_week(params: Params, state: State, side: int) -> float:
    """Return the payoff of one more week without the full treaty."""
    return going_on(params, state, side, covered_now(state, side))


@rule
def waiting_value(params: Params, state: State, side: int, value: float) -> float:
    """Return what waiting one week is worth if signing is worth `value` now.

    ``f + d (V + p c)``: the status quo's flow, then the same signature with the concessions
    expected meanwhile. With concessions that only add up, comparing with one step ahead is
    optimal stopping (Chow, Robbins and Siegmund 1971, the monotone case).
    """
    if params.bargaining == BARGAINING.ARTICLES:
        return waits_longer(params, state, side, value)
    later = value + expected_concession(params, state, side)
    return one_week(params, state, side) + survival_discount(params, side) * later


@rule
def annuity(params: Params, side: int, weeks: float) -> float:
    """Return the present value of 1 a week for `weeks` weeks."""
    d = survival_discount(params, side)
    return (1.0 - d**weeks) / (1.0 - d)


@rule
def weigh_interim(params: Params, state: State, side: int) -> None:
    """Set what signing the agreed part now is worth to `side`, and what refusing it is worth.

    The agreed part is a hostage: signed now, its worth is banked and the rest is split evenly
    after the delay tau; refused, both go into one package that Nash's solution splits after the
    same delay, so the side that values the agreed part more gives way on the rest.

    ``now  = a + d^tau S / 2 + office``
    ``wait = flow and concessions over tau + d^tau [D + (a_1 + a_2 + S - D_1 - D_2) / 2]``

    with S the joint surplus of the rest and D the value of the status quo. With no flow and no
    politics a side accepts if and only if ``d^tau <= 2 a / (a_1 + a_2)``.
    """
    if params.bargaining == BARGAINING.ARTICLES:
        state.interim_now[side] = interim_value(params, state, side, True)
        state.interim_wait[side] = continuation_value(params, state, side)
        return
    other = 1 - side
    mine = state.agreed[side]
    rest = state.rest
    later = params.settlement_discount[side]
    weeks_of_flow = params.settlement_annuity[side]
    floor = state.quo[side]
    package = floor + 0.5 * (mine + state.agreed[other] + rest - floor - state.quo[other])
    package = max(min(max(package, mine), mine + rest), floor)
    office = office_effect(params, state, side)
    flow = params.flow[side]
    concessions = expected_concession(params, state, side)
    state.interim_now[side] = (
        mine
        + state.side_payment[side]
        + office
        + (1.0 - state.agreed_weight[side]) * flow * weeks_of_flow
        + later * 0.5 * rest
    )
    state.interim_wait[side] = (flow - state.stick_now + concessions) * weeks_of_flow + later * (
        package + office
    )


@rule
def value_of_waiting_for(
    params: Params, state: State, side: int, value: float, weeks: float
) -> float:
    """Return what it is worth to wait `weeks` weeks for a treaty that is then worth `value`."""
    if params.bargaining == BARGAINING.ARTICLES:
        return settled_later(params, state, side, value, weeks, covered_now(state, side))
    meanwhile = one_week(params, state, side) + expected_concession(params, state, side)
    later = survival_discount(params, side) ** weeks * value
    return meanwhile * annuity(params, side, weeks) + later


@rule
def drop_demand(
    params: Params, state: State, events: Events, side: int, k: int, reason: int
) -> None:
    """Waive a demand of `side` at the cost of dropping it."""
    state.given[side] += dropping_cost(params, state, k)
    state.precondition[k] = PRECONDITION.WAIVED
    leave_talks(state, ARTICLES + k)
    waived = state.precondition[k] * 1.0
    write(state, events, side, MOVE.PRECONDITION_STEP, k, reason, waived)


@rule
def drop_as_chosen(params: Params, state: State, events: Events, side: int) -> None:
    """Drop those demands of `side` that its person chose to drop and that still stand."""
    for k in range(params.preconditions):
        own = params.demanded_by[k] == side and blocks(params, state, k)
        if own and state.chosen_dropped[side, k]:
            drop_demand(params, state, events, side, k, REASON.DECIDED)
            state.heeded[side] |= HEEDED.DROPPED


@rule
def consider_waiver(params: Params, state: State, events: Events, side: int, ready: bool) -> None:
    """Let `side` drop a demand of its own that costs more in delay than it is worth.

    It compares signing without it now with waiting for it: the flow and the concessions
    expected meanwhile, then the treaty with it by its odds and without it otherwise. A hold-out
    type does not waive: the demand is its reason not to sign.
    """
    if (
        not ready
        or state.holdout[side]
        or state.seated[side]
        or params.precondition_rule != (PRECONDITION_RULE.BEFORE_SIGNING)
    ):
        return
    for k in range(params.preconditions):
        if params.demanded_by[k] != side or not blocks(params, state, k):
            continue
        if waits_for_signature(params, k):
            continue
        refresh(params, state)
        without = signing_value(params, state, side)
        gain = gain_of_demand(params, side, k)
        odds = params.odds[k]
        if state.precondition[k] == PRECONDITION.FAILED and state.stage_until[k] < 0.0:
            odds = 0.0
        elif state.precondition[k] >= PRECONDITION.PROMISED:
            without -= odds * gain
        weeks = weeks_to_deliver(params, state, k, params.settlement_weeks[side])
        cost = dropping_cost(params, state, k)
        if without - cost >= value_of_waiting_for(
            params, state, side, without + odds * gain, weeks
        ):
            drop_demand(params, state, events, side, k, REASON.WAIT_NOT_WORTH)


@rule
def signing_value(params: Params, state: State, side: int) -> float:
    """Return what signing in full this week is worth: the deal, side payments, and office.

    What an interim deal already gives is taken off.
    """
    value = state.deal[side] + state.side_payment[side]
    if state.interim_week >= 0:
        return value - state.interim[side]
    return value + office_effect(params, state, side)


@rule
def set_signing_values(params: Params, state: State, side: int) -> None:
    """Set what signing in full this week and waiting are worth to `side`."""
    refresh(params, state)
    value = signing_value(params, state, side)
    state.value_now[side] = value
    state.value_wait[side] = waiting_value(params, state, side, value)


@entry_rule
def weigh(params: Params, state: State, events: Events, actor: int) -> None:
    """Set what signing now and waiting are worth to one side."""
    if state.ended or state.status >= TREATY.SIGNED_FULL:
        return
    if state.seated[actor]:
        drop_as_chosen(params, state, events, actor)
    refresh(params, state)
    if state.text_week < 0:
        if state.interim_offer >= 0:
            weigh_interim(params, state, actor)
        return
    set_signing_values(params, state, actor)
    consider_waiver(params, state, events, actor, state.value_now[actor] >= state.value_wait[actor])


@rule
def street_blocks(params: Params, state: State) -> bool:
    """Return whether protest at either home keeps its government from signing anything."""
    for side in range(2):
        there = params.has_politics[side] and params.citizens[side] > 0
        if there and state.protest[side] >= params.fall_protest_share[side]:
            return True
    return False


@rule
def wants_to_sign(state: State, side: int) -> bool:
    """Return whether signing in full beats waiting for `side`, or its person wants to sign."""
    if is_decided(state, side, state.chosen_signature[side]):
        return state.chosen_signature[side] == DECIDED.YES
    return state.value_now[side] >= state.value_wait[side]


@rule
def wants_interim(state: State, side: int) -> bool:
    """Return whether signing the agreed part beats refusing it for `side`, or its person's word."""
    if is_decided(state, side, state.chosen_signature[side]):
        return state.chosen_signature[side] == DECIDED.YES
    return state.interim_now[side] >= state.interim_wait[side]


@rule
def is_barred(params: Params, state: State) -> bool:
    """Return whether something keeps the sides from a signature that both want."""
    demanded = params.precondition_rule == PRECONDITION_RULE.BEFORE_SIGNING
    if demanded and any_blocking(params, state):
        return True
    return state.street == 1 or not state.channel_open


@rule
def put_to_persons(params: Params, state: State, interim: bool) -> bool:
    """Ask the persons at the table whether they sign; return whether the rules must stop for it.

    A person is asked only where the signature depends on the answer: nothing bars it and the other
    side would sign. Else the model's reckoning stands for the person's.
    """
    for side in range(2):
        if state.seated[side]:
            if state.chosen_signature[side] > DECIDED.MODEL:
                state.heeded[side] |= HEEDED.SIGNATURE
            elif state.chosen_signature[side] == DECIDED.ASK:
                if would_sign(state, 1 - side, interim) and not is_barred(params, state):
                    ask(state, QUESTION.SIGNATURE, side)
                    return True
                state.chosen_signature[side] = DECIDED.MODEL
    return False


@rule
def would_sign(state: State, side: int, interim: bool) -> bool:
    """Return whether `side` signs, or may do so once its person has been asked."""
    if state.seated[side] and state.chosen_signature[side] == DECIDED.ASK:
        return True
    return wants_interim(state, side) if interim else wants_to_sign(state, side)


@rule
def wants_without_politics(params: Params, state: State, side: int) -> bool:
    """Return whether `side` would sign if its government had nothing to gain or lose at home."""
    if state.interim_week >= 0 or is_decided(state, side, state.chosen_signature[side]):
        return wants_to_sign(state, side)
    office = office_effect(params, state, side)
    value = state.value_now[side] - office
    return value >= waiting_value(params, state, side, value)


@rule
def refusal_reason(params: Params, state: State, side: int) -> int:
    """Return why `side` prefers to wait with the full signature."""
    value = state.value_now[side]
    if is_decided(state, side, state.chosen_signature[side]):
        return REASON.DECIDED
    if params.has_politics[side] and wants_without_politics(params, state, side):
        return REASON.HOME_COST
    alone = one_week(params, state, side) + survival_discount(params, side) * value
    if value >= max(alone, state.quo[side]):
        return REASON.EXPECTS_CONCESSIONS
    return REASON.STATUS_QUO_BETTER


@rule
def interim_refusal(params: Params, state: State, side: int) -> int:
    """Return why `side` refuses the agreed part: the first ground without which it would sign.

    The better hand that it would give away, the concessions that end with a paper, the cost of a
    paper at home; else the status quo is better.
    """
    if is_decided(state, side, state.chosen_signature[side]):
        return REASON.DECIDED
    if params.bargaining == BARGAINING.PACKAGES:
        return REASON.HOSTAGE_VALUE
    wait = state.interim_wait[side]
    if interim_value(params, state, side, False) >= wait:
        return REASON.HOSTAGE_VALUE
    kept = state.stock[1 - side]
    state.stock[1 - side] = 0.0
    without = continuation_value(params, state, side)
    state.stock[1 - side] = kept
    if state.interim_now[side] >= without:
        return REASON.EXPECTS_CONCESSIONS
    if state.interim_now[side] - office_effect(params, state, side) >= wait:
        return REASON.HOME_COST
    return REASON.STATUS_QUO_BETTER


@rule
def note_refusal(state: State, events: Events, side: int, move: int, reason: int) -> None:
    """Write a refusal down when it is a new one."""
    mark = move * 64 + reason
    if state.refused[side] != mark:
        state.refused[side] = mark
        now = state.value_now[side] if move == MOVE.SIGNING_REFUSED else state.interim_now[side]
        wait = state.value_wait[side] if move == MOVE.SIGNING_REFUSED else state.interim_wait[side]
        write(state, events, side, move, -1, reason, now - wait)


@rule
def enter_into_force(params: Params, state: State, status: int) -> None:
    """Take a signature's effects on each public and on the oppositions' mobilisation."""
    state.status = status
    interim = status == TREATY.SIGNED_INTERIM
    for side in range(2):
        state.opinion_shift[side] += params.signing_shift[side]
        if params.has_politics[side]:
            grievance = grievance_of_treaty(params, state, side, interim)
            mobilise_against(params, state, side, grievance)
            change = params.signing_gain[side] * (state.opinion[side] - 0.5)
            state.approval[side] = min(max(state.approval[side] + change, 0.0), 1.0)


@rule
def sign_interim(params: Params, state: State, events: Events) -> None:
    """Sign the agreed part if both sides prefer that to refusing; else note who refuses."""
    proposer = state.interim_offer
    if put_to_persons(params, state, True):
        return
    willing = True
    for side in range(2):
        if not wants_interim(state, side):
            willing = False
            reason = interim_refusal(params, state, side)
            note_refusal(state, events, side, MOVE.INTERIM_REFUSED, reason)
    if not willing or is_barred(params, state):
        return
    for i in range(params.articles):
        if state.article[i] == ARTICLE.AGREED:
            state.interim_part[i] = 1
            leave_talks(state, i)
    enter_into_force(params, state, TREATY.SIGNED_INTERIM)
    state.interim_week = state.week
    state.stale = 1
    state.interim_offer = -1
    write(state, events, proposer, MOVE.INTERIM_SIGNED, -1, REASON.BETTER_NOW, 0.0)


@rule
def initial_text(params: Params, state: State, events: Events) -> None:
    """Put initials under a closed text that beats the status quo for both when they meet."""
    if state.initialled_week >= 0 or not state.parties_met:
        return
    for side in range(2):
        if state.value_now[side] < state.quo[side]:
            return
    state.initialled_week = state.week
    if state.status == TREATY.TEXT_AGREED:
        state.status = TREATY.INITIALLED
    write(state, events, ACTOR.NATURE, MOVE.INITIALLED, -1, REASON.WITHIN_WIN_SETS, 0.0)


@entry_rule
def sign(params: Params, state: State, events: Events) -> None:
    """Put initials or a signature where both sides want it and no gate is closed."""
    state.street = street_blocks(params, state)
    if state.ended or state.status >= TREATY.SIGNED_FULL:
        return
    if state.text_week < 0:
        allowed = params.agenda == AGENDA.INTERIM_ALLOWED and state.interim_week < 0
        if state.interim_offer >= 0 and allowed:
            sign_interim(params, state, events)
        return
    for side in range(2):
        # A demand waived since the sides weighed has changed the treaty for both.
        set_signing_values(params, state, side)
    initial_text(params, state, events)
    if put_to_persons(params, state, False):
        return
    both = True
    for side in range(2):
        if not wants_to_sign(state, side):
            both = False
            reason = refusal_reason(params, state, side)
            note_refusal(state, events, side, MOVE.SIGNING_REFUSED, reason)
    if not both or is_barred(params, state):
        return
    enter_into_force(params, state, TREATY.SIGNED_FULL)
    state.signed_week = state.week
    write(state, events, ACTOR.NATURE, MOVE.FULL_SIGNED, -1, REASON.BETTER_NOW, 0.0)
