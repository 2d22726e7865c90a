"""Values that change only when the text, the preconditions or what is conceded change.

Most weeks change none of them, so they are kept in the state and computed anew only when a rule
has marked them stale.
"""

from sim.model.codes import ARTICLE
from sim.model.compiled import rule
from sim.model.records import ARTICLES, Params, State
from sim.model.rules.preferences import is_free, issue_utility, precondition_utility


@rule
def list_talks(params: Params, state: State) -> None:
    """List the issues in the talks: provisions first, then preconditions."""
    count = 0
    for n in range(params.articles + params.preconditions):
        j = n if n < params.articles else ARTICLES + n - params.articles
        if state.in_talks[j]:
            state.talk[count] = j
            count += 1
    state.talks = count


@rule
def set_range(params: Params, state: State, side: int) -> None:
    """Set the worth of the talks to `side` at the other's ideals and at its own."""
    worst = 0.0
    best = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        weight = params.weight[side, j]
        worst += weight * issue_utility(params, side, j, params.ideal[1 - side, j])
        best += weight
    state.worst[side] = worst
    state.best[side] = best


@rule
def set_text_values(params: Params, state: State, side: int) -> None:
    """Set what the agreed articles are worth: all, those that could be signed, those settled."""
    deal = 0.0
    agreed = 0.0
    agreed_weight = 0.0
    settled = 0.0
    interim = 0.0
    interim_weight = 0.0
    for i in range(params.articles):
        if state.article[i] != ARTICLE.AGREED:
            continue
        weight = params.weight[side, i]
        value = weight * issue_utility(params, side, i, state.position[i])
        deal += value
        if not is_free(params, state, i):
            agreed += value
            agreed_weight += weight
        if not state.in_talks[i]:
            settled += value
        if state.interim_part[i]:
            interim += value
            interim_weight += weight
    state.deal[side] = deal
    state.agreed[side] = agreed
    state.agreed_weight[side] = agreed_weight
    state.settled[side] = settled
    state.interim[side] = interim
    state.interim_weight[side] = interim_weight


@rule
def add_preconditions(params: Params, state: State, side: int) -> None:
    """Add what the preconditions and outside concessions are worth as they stand."""
    outside = state.banked[side] - state.given[side]
    state.deal[side] += outside
    state.settled[side] += outside
    for k in range(params.preconditions):
        value = precondition_utility(params, state, side, k)
        state.deal[side] += value
        if not state.in_talks[ARTICLES + k]:
            state.settled[side] += value
    if state.interim_week >= 0:
        state.settled[side] -= state.interim[side]


@rule
def set_status_quo(params: Params, state: State, side: int) -> None:
    """Set the present value of living without a treaty: flow / (1 - discount).

    An interim deal ends the status quo on the share of the weights that it covers.
    """
    value = params.flow[side] / (1.0 - params.discount[side])
    if state.interim_week >= 0:
        value *= 1.0 - state.interim_weight[side]
    state.quo[side] = value


@rule
def joint_surplus(params: Params, state: State) -> float:
    """Return the most that both sides together can have from the issues that are free.

    Each issue is put where the sum of both utilities is highest: at an ideal or, with curved
    losses, halfway.
    """
    total = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        if not is_free(params, state, j):
            continue
        low = min(params.ideal[0, j], params.ideal[1, j])
        high = max(params.ideal[0, j], params.ideal[1, j])
        best = 0.0
        for at in range(3):
            x = low + 0.5 * at * (high - low)
            joint = params.weight[0, j] * issue_utility(params, 0, j, x)
            joint += params.weight[1, j] * issue_utility(params, 1, j, x)
            best = max(best, joint)
        total += best
    return total


@rule
def refresh(params: Params, state: State) -> None:
    """Compute the kept values anew if a rule has marked them stale."""
    if not state.stale:
        return
    list_talks(params, state)
    for side in range(2):
        set_range(params, state, side)
        set_text_values(params, state, side)
        add_preconditions(params, state, side)
        set_status_quo(params, state, side)
    state.rest = joint_surplus(params, state)
    state.zone_known = 0
    state.stale = 0
