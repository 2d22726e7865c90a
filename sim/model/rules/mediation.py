"""The mediator acts in one of three styles.

Touval and Zartman (1985); Beardsley, Quinn, Biswas and Wilkenfeld (2006): facilitation gives
information, formulation gives a text, manipulation changes the payoffs.

A text is a package on the frontier, which the first party's share fixes; the rest follows by
logrolling with the true weights. Nash (1950) maximises the product of gains, Kalai and Smorodinsky
(1975) equalise gains relative to the best each could have. Unequal bargaining powers give the
asymmetric forms (Kalai 1977; Thomson 1994). A mediator with interests of its own (Touval and
Zartman 1985) lets its utility of the treaty into Nash's product, as that of a third party.
"""

from sim.model.codes import (
    ACTOR,
    AGENDA,
    ARTICLE,
    BARGAINING,
    CONTACT,
    DECIDED,
    HEEDED,
    MOVE,
    QUESTION,
    REASON,
    SOLUTION,
    STYLE,
    TREATY,
)
from sim.model.compiled import entry_rule_called_once, number, rule, rule_called_once
from sim.model.records import Events, Numbers, Params, Shocks, State
from sim.model.rules.bid import frontier_share, set_demand
from sim.model.rules.calendar import edge_between
from sim.model.rules.continuation import least_share
from sim.model.rules.events import ask, is_decided, write
from sim.model.rules.responses import close_package, cost_of_taking
from sim.model.rules.worth import (
    is_free,
    is_open,
    issue_utility,
    offer_share,
    refresh,
    treaty_utility,
)

_SCAN = 32
_STEPS = 60
_GOLDEN = 0.6180339887498949


# --- bargaining solutions, and the single text


@rule
def utility_to_mediator(params: Params, state: State) -> float:
    """Return the mediator's utility in [0, 1] of the talks, with the package in ``offer[0]``.

    1 for a mediator without weights on what is bargained over.
    """
    worth = 0.0
    weight = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        own = params.weight[ACTOR.MEDIATOR, j]
        position = state.offer[0, j] if is_free(params, state, j) else state.position[j]
        weight += own
        worth += own * issue_utility(params, number(ACTOR.MEDIATOR), j, position)
    if weight <= 0.0:
        return 1.0
    return worth / weight


@rule
def nash_product(
    params: Params,
    state: State,
    share: float,
    first_floor: float,
    second_floor: float,
    bias: float,
    interest: float,
) -> float:
    """Return ``(s - f)^(1 - bias) (S - g)^(1 + bias) m^interest`` at the first party's share s.

    S is the second party's share on the frontier, f and g are the disagreement shares, m is the
    mediator's utility. Nash's own product has bias and interest 0.
    """
    theirs = max(frontier_share(params, state, share) - second_floor, 0.0)
    product = (share - first_floor) ** (1.0 - bias) * theirs ** (1.0 + bias)
    if interest > 0.0:
        product *= utility_to_mediator(params, state) ** interest
    return product


@rule_called_once
def nash_share(
    params: Params,
    state: State,
    first_floor: float,
    second_floor: float,
    bias: float,
    interest: float,
) -> float:
    """Return the first party's share at the Nash point.

    A scan finds the neighbourhood, since the mediator's utility need not be concave along the
    frontier, and golden section the point in it.

    first_floor, second_floor: disagreement shares over the talks, in [0, 1].
    bias: -1 all power to the first party, 0 Nash's own solution, 1 all to the second.
    interest: power of the mediator's utility in the product; 0 for none.
    """
    best = 0
    highest = -1.0
    step = (1.0 - first_floor) / _SCAN
    for at in range(_SCAN + 1):
        share = first_floor + at * step
        found = nash_product(params, state, share, first_floor, second_floor, bias, interest)
        if found > highest:
            best = at
            highest = found
    low = first_floor + max(best - 1, 0) * step
    high = first_floor + min(best + 1, _SCAN) * step
    for _ in range(_STEPS):
        left = high - _GOLDEN * (high - low)
        right = low + _GOLDEN * (high - low)
        at_left = nash_product(params, state, left, first_floor, second_floor, bias, interest)
        at_right = nash_product(params, state, right, first_floor, second_floor, bias, interest)
        if at_left < at_right:
            low = left
        else:
            high = right
    return 0.5 * (low + high)


@rule_called_once
def kalai_smorodinsky_share(
    params: Params, state: State, first_floor: float, second_floor: float, bias: float
) -> float:
    """Return the first party's share at the Kalai-Smorodinsky point, by bisection.

    The best each could have is what the other's disagreement share leaves on the frontier. With a
    bias the relative gains stand as ``1 - bias`` to ``1 + bias`` instead of being equal.
    """
    second_best = frontier_share(params, state, first_floor)
    low = first_floor
    high = 1.0
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if frontier_share(params, state, middle) >= second_floor:
            low = middle
        else:
            high = middle
    first_best = low
    low = first_floor
    high = first_best
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        mine = (middle - first_floor) * (second_best - second_floor) * (1.0 + bias)
        gained = frontier_share(params, state, middle) - second_floor
        theirs = gained * (first_best - first_floor) * (1.0 - bias)
        if mine < theirs:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@rule_called_once
def single_text(params: Params, state: State) -> bool:
    """Leave the mediator's package in ``state.offer[0]`` and return whether there is one.

    No text is tabled where no package beats going on for both.
    """
    refresh(params, state)
    first_floor = min(max(least_share(params, state, number(0)), 0.0), 1.0)
    second_floor = least_share(params, state, number(1))
    if frontier_share(params, state, first_floor) < second_floor:
        return False
    second_floor = max(second_floor, 0.0)
    if params.solution == SOLUTION.NASH:
        share = nash_share(params, state, first_floor, second_floor, params.bias, params.interest)
    else:
        share = kalai_smorodinsky_share(params, state, first_floor, second_floor, params.bias)
    frontier_share(params, state, share)
    return True


# --- the styles


@rule
def speaks_with(params: Params, state: State, side: int) -> bool:
    """Return whether the mediator had a call or a meeting with `side` this week."""
    e = edge_between(params, ACTOR.MEDIATOR, side)
    return e >= 0 and state.contact[e] > CONTACT.SILENT


@rule
def note_contacts(params: Params, state: State) -> None:
    """Keep the week in which the mediator last spoke with each side."""
    for side in range(2):
        if speaks_with(params, state, side):
            state.spoke_week[side] = state.week


@rule
def has_sounded(params: Params, state: State, side: int) -> bool:
    """Return whether the mediator spoke with `side` so lately that it knows where it stands.

    Shuttling takes time: the calls to the two capitals need not fall into one week.
    """
    last = state.spoke_week[side]
    return last >= 0 and state.week - last < params.shuttle_weeks


@rule
def facilitate(params: Params, state: State) -> None:
    """Shrink the error of each side that the mediator spoke with, about the other's preferences.

    What a side hears of the other's weights and of its walk-away point (see `known_share`), it
    trusts by how far the mediator is on its side: a friend's word that the other will not give
    more is believed (Kydd 2003).
    """
    for side in range(2):
        if speaks_with(params, state, side):
            told = params.learning_rate * state.attention
            if params.bargaining == BARGAINING.ARTICLES:
                told *= 0.5 * (1.0 + (params.bias if side == 1 else -params.bias))
            state.error_scale[side] *= 1.0 - told


@rule
def cost_of_text(params: Params, state: State, side: int) -> float:
    """Return the audience cost to `side` of taking the text in ``state.offer[0]``, as a share.

    A mediator's text is nobody's surrender: the cost is less by its authority, times attention.
    """
    span = state.best[side] - state.worst[side]
    if span <= 0.0:
        return 0.0
    cost = 0.0
    for i in range(params.articles):
        if is_open(state, i):
            cost += cost_of_taking(params, state, side, i, number(0))
    return (1.0 - params.pull * state.attention) * cost / span


@rule
def text_acceptable(params: Params, state: State, side: int) -> bool:
    """Return whether `side` takes the text in ``state.offer[0]``.

    It asks for its own demand less what the mediator's authority is worth: a point between
    demand and reservation. Where articles are closed one at a time it asks for no more than going
    on is worth, and what it costs at home to take the text: both take it at once, so that nobody
    has to give way first. A person who decides for the side is asked.
    """
    decided = state.chosen_text[side]
    if is_decided(state, side, decided):
        if decided == DECIDED.ASK:
            ask(state, QUESTION.TEXT, side)
        state.heeded[side] |= HEEDED.TEXT
        return decided == DECIDED.YES
    offered = offer_share(params, state, side, number(0))
    if params.bargaining == BARGAINING.ARTICLES:
        return offered >= state.reservation[side] + cost_of_text(params, state, side)
    yielded = params.pull * state.attention * (state.target[side] - state.reservation[side])
    return offered >= state.target[side] - yielded


@rule
def keep_offers(state: State, kept: Numbers, back: bool) -> None:
    """Copy the first party's offer to `kept`, or back from it."""
    for n in range(state.talks):
        j = state.talk[n]
        if back:
            state.offer[0, j] = kept[j]
        else:
            kept[j] = state.offer[0, j]


@rule_called_once
def formulate(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Table a single negotiating text (Fisher 1981) now and then; both must take it.

    Where interim deals are allowed and no text can be found that both would take, the mediator
    proposes to sign the agreed part.
    """
    if state.text_week >= 0 or shocks[state.week].text >= params.text_rate * state.attention:
        return
    for side in range(2):
        if not has_sounded(params, state, side):
            return
    for side in range(2):
        set_demand(params, state, shocks, side)
    # The search for the text works in the first side's offer, which is put back if it fails.
    kept = state.kept_offer
    keep_offers(state, kept, False)
    found = single_text(params, state)
    first = found and text_acceptable(params, state, number(0))
    second = found and text_acceptable(params, state, number(1))
    if state.asked != QUESTION.NONE:
        return  # the text stands in the first side's offer, for whoever is asked to see
    state.mediator_tabled = 1
    write(state, events, ACTOR.MEDIATOR, MOVE.MEDIATOR_TEXT, -1, REASON.LEVERAGE, 0.0)
    if first and second:
        close_package(params, state, events, number(0), REASON.WITHIN_WIN_SETS)
        return
    keep_offers(state, kept, True)
    for side in range(2):
        if not (first if side == 0 else second):
            reason = REASON.TEXT_BELOW_DEMAND if found else REASON.STATUS_QUO_BETTER
            if found and is_decided(state, side, state.chosen_text[side]):
                reason = REASON.DECIDED
            write(state, events, side, MOVE.TEXT_REFUSED, -1, reason, state.target[side])
    if params.agenda == AGENDA.INTERIM_ALLOWED and state.interim_week < 0:
        propose_interim(params, state, events, number(ACTOR.MEDIATOR))


@rule
def propose_interim(params: Params, state: State, events: Events, proposer: int) -> None:
    """Put the interim offer on the table if something is agreed to sign."""
    some = False
    for i in range(params.articles):
        if state.article[i] == ARTICLE.AGREED:
            some = True
    if some and state.text_week < 0 and state.status < TREATY.SIGNED_INTERIM:
        if state.interim_offer != proposer:
            write(state, events, proposer, MOVE.INTERIM_PROPOSED, -1, REASON.STRATEGY_TARGET, 0.0)
        state.interim_offer = proposer


@rule
def manipulate(params: Params, state: State, events: Events) -> None:
    """Promise side payments for a signature and put a cost on waiting; both follow attention.

    It pays more for a treaty that it likes better, by its own preferences, and splits the
    payments by its bias. With leverage 0 nothing is promised.
    """
    liked = treaty_utility(params, state, number(ACTOR.MEDIATOR))
    paid = params.carrot * params.leverage * state.attention * liked
    first = paid * 0.5 * (1.0 - params.bias)
    second = paid * 0.5 * (1.0 + params.bias)
    rose = first > state.side_payment[0] + 0.01 or second > state.side_payment[1] + 0.01
    state.side_payment[0] = first
    state.side_payment[1] = second
    state.stick_now = params.stick * params.leverage * state.attention
    if rose:
        write(state, events, ACTOR.MEDIATOR, MOVE.SIDE_PAYMENT, -1, REASON.LEVERAGE, paid)


@entry_rule_called_once
def mediate(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Let attention fade and act in the mediator's style."""
    if state.ended:
        return
    state.attention *= 1.0 - params.attention_decay
    note_contacts(params, state)
    if params.style == STYLE.MANIPULATION:
        manipulate(params, state, events)
    if state.status >= TREATY.SIGNED_FULL:
        return
    if params.style == STYLE.FACILITATION:
        facilitate(params, state)
    elif params.style == STYLE.FORMULATION:
        formulate(params, state, shocks, events)
