"""What positions, issues, preconditions and the treaty are worth to an actor.

Additive single-peaked preferences (Keeney and Raiffa 1976; spatial model of Enelow and Hinich
1984): utility of an issue is 1 at the ideal and falls with distance, linearly or with a power.
Values that most weeks do not change are kept in the state until a rule marks them stale.
"""

import math

from sim.model.codes import AGENDA, ARTICLE, BARGAINING, PRECONDITION
from sim.model.compiled import rule
from sim.model.records import ARTICLES, Params, State

LEAST_SPAN = 1e-12
"""Utility below which nothing is left to bargain over."""
_ROOTS = 40  # most steps of Halley's method for one share
_NEAR_ROOT = 1e-5  # change of log odds after which the next one is lost in rounding
_LOG_2 = math.log(2.0)
_ON_GRID = 1e-9  # steps by which a share may miss its wording


@rule
def power(share: float, curvature: float) -> float:
    """Return ``share**curvature`` of a share in [0, 1].

    Each case returns by itself: of a choice in one expression the power would always be computed.
    """
    if curvature == 1.0:
        return share
    if share == 0.0:
        return 0.0
    if share == 1.0:
        return 1.0
    return share**curvature


@rule
def issue_utility(params: Params, actor: int, issue: int, position: float) -> float:
    """Return utility in [0, 1] of `position` on one issue.

    ``1 - (|x - ideal| / span)**r`` with `span` the distance from the ideal to the farther end of
    [0, 1] and `r` the actor's curvature.
    """
    ideal = params.ideal[actor, issue]
    span = max(ideal, 1.0 - ideal)
    return 1.0 - power(abs(position - ideal) / span, params.curvature[actor])


# --- what wordings are worth to a side: weighed anew only where they have moved

TEXT = 2
"""The wording that stands in the text; 0 and 1 are the standing offers of the two sides."""
WORST = 3
"""The wording that is the other side's ideal."""
UNKNOWN = -1.0
"""Position of a wording that has not been weighed."""


@rule
def position_of(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return where a wording puts an issue; `side` is who weighs it."""
    if wording == TEXT:
        return state.position[issue]
    if wording == WORST:
        return params.ideal[1 - side, issue]
    return state.offer[wording, issue]


@rule
def utility_of(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return the utility of a wording for `side`, in [0, 1].

    Kept with its position, for as long as the same governments are in office.
    """
    at = position_of(params, state, side, issue, wording)
    if state.weighed_at[side, wording, issue] != at:
        state.weighed_at[side, wording, issue] = at
        state.weighed[side, wording, issue] = issue_utility(params, side, issue, at)
    return state.weighed[side, wording, issue]


@rule
def worth_of(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return the weighted utility of a wording for `side`, at least 0."""
    return params.weight[side, issue] * utility_of(params, state, side, issue, wording)


@rule
def forget_wordings(state: State) -> None:
    """Let every wording be weighed anew, by the preferences of who is now in office."""
    state.weighed_at[:] = UNKNOWN
    state.weighed_by = state.government


@rule
def above_worst(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return the weighted utility of a wording, above that of the other side's ideal."""
    least = worth_of(params, state, side, issue, WORST)
    return worth_of(params, state, side, issue, wording) - least


@rule
def given_way(params: Params, state: State, side: int, issue: int, wording: int) -> float:
    """Return how far from the own ideal towards the other's a wording lies, in utility: [0, 1]."""
    span = params.weight[side, issue] - worth_of(params, state, side, issue, WORST)
    if span <= LEAST_SPAN:
        return 0.0
    lost = 1.0 - above_worst(params, state, side, issue, wording) / span
    return min(max(lost, 0.0), 1.0)


# --- preconditions, and the treaty as a whole


@rule
def step_of(params: Params, issue: int) -> float:
    """Return the distance between two wordings of an issue, 0 if it is continuous."""
    levels = params.levels[issue]
    return 1.0 / (levels - 1) if levels >= 2 else 0.0


@rule
def level_below(share: float, step: float) -> float:
    """Return the largest multiple of `step` that is no more than `share`."""
    return math.floor(share / step + _ON_GRID) * step


@rule
def level_above(share: float, step: float) -> float:
    """Return the smallest multiple of `step` that is no less than `share`."""
    return min(math.ceil(share / step - _ON_GRID) * step, 1.0)


@rule
def share_at_rate(log_rate: float, own: float, other: float) -> float:
    """Return the share at which the marginal rate of substitution has the logarithm `log_rate`.

    Solves ``(1 - s)**(other - 1) / s**(own - 1) = exp(log_rate)`` for curvatures of at least 1,
    one of them above; by Halley's method in the log odds of s where there is no closed form. The
    logarithm of the left side is convex or concave in them, and three of its tangents give a start
    on the side from which the root is approached without a leap.
    """
    a = own - 1.0
    b = other - 1.0
    if b <= 0.0:
        return math.exp(min(-log_rate / a, 0.0))
    if a <= 0.0:
        return max(1.0 - math.exp(min(log_rate / b, 700.0)), 0.0)
    starts = (((a - b) * _LOG_2 - log_rate) / (0.5 * (a + b)), -log_rate / a, -log_rate / b)
    odds = max(starts) if a > b else min(starts)
    for _ in range(_ROOTS if a != b else 0):
        rest = math.exp(-abs(odds))
        share = (1.0 if odds > 0.0 else rest) / (1.0 + rest)
        log_share = min(odds, 0.0) - math.log1p(rest)
        per_slope = 1.0 / (b * share + a * (1.0 - share))
        step = (b * (log_share - odds) - a * log_share - log_rate) * per_slope
        step /= max(1.0 + 0.5 * step * per_slope * (b - a) * share * (1.0 - share), 0.5)
        odds += step
        if abs(step) < _NEAR_ROOT:
            break
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))


@rule
def delivery(params: Params, state: State, k: int) -> float:
    """Return the believed share in [0, 1] to which precondition `k` is delivered.

    1 when met, 0 when dropped, failed, or demanded without an answer. On its way it counts by
    its odds.
    """
    status = state.precondition[k]
    if status == PRECONDITION.MET:
        return 1.0
    if status >= PRECONDITION.PROMISED and status <= PRECONDITION.REFERENDUM:
        return params.odds[k]
    return 0.0


@rule
def precondition_utility(params: Params, state: State, actor: int, k: int) -> float:
    """Return the weighted utility for `actor` of the state of precondition `k`."""
    if state.precondition[k] == PRECONDITION.DORMANT:
        return 0.0
    issue = ARTICLES + k
    share = delivery(params, state, k)
    met = issue_utility(params, actor, issue, 1.0)
    dropped = issue_utility(params, actor, issue, 0.0)
    return params.weight[actor, issue] * (dropped + share * (met - dropped))


@rule
def treaty_utility(params: Params, state: State, actor: int) -> float:
    """Return utility in [0, 1] for any actor of the treaty as it would be signed now.

    Agreed provisions stand where they were agreed, open ones midway between the standing offers,
    preconditions as they are. 1 for an actor without weights: any treaty will do.
    """
    worth = 0.0
    weight = 0.0
    for i in range(params.articles):
        own = params.weight[actor, i]
        position = state.position[i]
        if state.article[i] != ARTICLE.AGREED:
            position = 0.5 * (state.offer[0, i] + state.offer[1, i])
        weight += own
        worth += own * issue_utility(params, actor, i, position)
    for k in range(params.preconditions):
        if state.precondition[k] != PRECONDITION.DORMANT:
            weight += params.weight[actor, ARTICLES + k]
            worth += precondition_utility(params, state, actor, k)
    return worth / weight if weight > 0.0 else 1.0


# --- what a signature does for the government in office


@rule
def office_effect(params: Params, state: State, side: int) -> float:
    """Return what a signature does for the government in office, in utility.

    The believed gain of a paper, plus what public support for a treaty adds or takes away. Only
    a party whose politics at home are modelled looks at its public.
    """
    gain = params.survival_gain[side]
    if params.has_politics[side]:
        gain += params.signing_gain[side] * (state.opinion[side] - 0.5)
    return params.office_value[side] * gain


# --- the issues that are bargained over, and utility measured on them alone


@rule
def is_free(params: Params, state: State, issue: int) -> bool:
    """Return whether a draft may still move `issue`.

    Under single undertaking an article closed during the talks binds nobody until all are
    closed, and where drafts are answered as a whole every draft may move it; where articles are
    closed one at a time it has to be reopened first. Under the other agendas it is closed.
    """
    if not state.in_talks[issue]:
        return False
    if issue >= ARTICLES or state.article[issue] != ARTICLE.AGREED:
        return True
    provisional = params.agenda == AGENDA.SINGLE_UNDERTAKING
    return provisional and params.bargaining == BARGAINING.PACKAGES


@rule
def is_open(state: State, issue: int) -> bool:
    """Return whether an issue of the talks is not closed, not even provisionally."""
    closed = issue < ARTICLES and state.article[issue] == ARTICLE.AGREED
    return state.in_talks[issue] != 0 and not closed


@rule
def matters(params: Params, issue: int) -> bool:
    """Return whether either party gives an issue any weight."""
    return params.weight[0, issue] > 0.0 or params.weight[1, issue] > 0.0


@rule
def open_provisions(params: Params, state: State) -> int:
    """Return how many provisions that matter to a party are open."""
    count = 0
    for i in range(params.articles):
        count += int(is_open(state, i) and matters(params, i))
    return count


@rule
def leave_talks(state: State, issue: int) -> None:
    """Take an issue out of the talks."""
    state.in_talks[issue] = 0
    state.stale = 1


@rule
def offer_share(params: Params, state: State, side: int, author: int) -> float:
    """Return what the standing offer of `author` is worth to `side`, normalised.

    0 the other's ideals, 1 the own; 1 also when nothing is left to bargain over.
    """
    span = state.best[side] - state.worst[side]
    if span <= 0.0:
        return 1.0
    total = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        wording = author if is_free(params, state, j) else TEXT
        total += worth_of(params, state, side, j, wording)
    return (total - state.worst[side]) / span


@rule
def reservation_share(params: Params, state: State, side: int) -> float:
    """Return the least share over the talks that beats the status quo.

    Beside the text that talks can move, a signature gives what is settled, side payments and
    what it does for office; an interim deal already signed is not counted again. Not clipped:
    below 0 every package is acceptable, above 1 none is.
    """
    span = state.best[side] - state.worst[side]
    if span <= 0.0:
        return 0.0
    fixed = state.settled[side] + state.side_payment[side]
    if state.interim_week < 0:
        fixed += office_effect(params, state, side)
    return (state.quo[side] - fixed - state.worst[side]) / span


# ---- Values that change only when the text, the preconditions or what is conceded change.


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
        worst += worth_of(params, state, side, j, WORST)
        best += params.weight[side, j]
    state.worst[side] = worst
    state.best[side] = best


@rule
def set_text_values(params: Params, state: State, side: int) -> None:
    """Set what the agreed articles are worth: all, those that could be signed, those settled."""
    deal = settled = 0.0
    agreed = agreed_weight = 0.0
    interim = interim_weight = 0.0
    for i in range(params.articles):
        if state.article[i] != ARTICLE.AGREED:
            continue
        weight = params.weight[side, i]
        value = worth_of(params, state, side, i, TEXT)
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
def survival_discount(params: Params, side: int) -> float:
    """Return what a utility of next week is worth now: discounted, and if the state lasts."""
    return params.discount[side] * (1.0 - params.coercion_hazard[side])


@rule
def never_signing(params: Params, side: int, covered: float) -> float:
    """Return the present value of living without a treaty: ``(f (1 - covered) + h w) / (1 - D)``.

    The status quo's flow, until it ends by force or collapse with hazard h, which is worth w;
    ``D = d (1 - h)``. See `sim.model.rules.continuation`.

    covered: share of the weights on which an interim deal has ended the status quo.
    """
    left = 1.0 - survival_discount(params, side)
    force = params.coercion_hazard[side] * params.coercion_worth[side]
    return params.flow[side] / left * (1.0 - covered) + force / left


@rule
def set_status_quo(params: Params, state: State, side: int) -> None:
    """Set the present value of never signing, after an interim deal if there is one."""
    covered = state.interim_weight[side] if state.interim_week >= 0 else 0.0
    state.quo[side] = never_signing(params, side, covered)


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
