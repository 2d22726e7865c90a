"""How much of each issue to give up: the most for the other side at a given own loss.

With additive preferences giving up the share s of an issue costs ``loss * s**r`` and brings the
other side ``gain * (1 - (1 - s)**q)``, with r and q the curvatures of both sides. Continuous
issues are solved by the price at which all marginal rates are equal; issues with a few possible
wordings by branch and bound on that solution (Land and Doig 1960). No outcome is enumerated.

The arrays `low` and `high` bound the shares, and ``state.loss``, ``state.gain`` hold what an issue
costs and brings as a whole; ``state.given_up`` takes the shares.
"""

import math

import numpy as np

from sim.model.compiled import rule
from sim.model.records import ISSUES, Numbers, Params, State
from sim.model.rules.worth import is_free

_PRICES = 80
"""Most prices that are tried."""
_ROOTS = 40
"""Most Newton steps for one share."""
_DEPTH = 64
"""Most issues that are divided at the same time."""
_NODES = 400
"""Most packages that are looked at; beyond it the best one so far is taken."""
_GAP = 1e-4
"""Relative gain that is not worth looking for."""
_ON_GRID = 1e-9


@rule
def spent(params: Params, state: State, side: int, shares: Numbers) -> float:
    """Return the own loss of giving up `shares` of the free issues."""
    power = params.curvature[side]
    total = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            total += state.loss[j] * (shares[j] if power == 1.0 else shares[j] ** power)
    return total


@rule
def brought(params: Params, state: State, side: int) -> float:
    """Return the other side's gain from ``state.given_up``."""
    power = params.curvature[1 - side]
    total = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            kept = 1.0 - state.given_up[j]
            total += state.gain[j] * (1.0 - (kept if power == 1.0 else kept**power))
    return total


@rule
def fill_linear(params: Params, state: State, left: float, high: Numbers) -> None:
    """Give up first what brings most per unit of own loss: exact when both losses are linear."""
    for _ in range(state.talks):
        best = -1
        ratio = -1.0
        for n in range(state.talks):
            j = state.talk[n]
            if not is_free(params, state, j) or state.gain[j] <= 0.0:
                continue
            worth = state.gain[j] / max(state.loss[j], 1e-300)
            if worth > ratio and state.given_up[j] < high[j]:
                best = j
                ratio = worth
        if best < 0:
            return
        if (high[best] - state.given_up[best]) * state.loss[best] > left:
            state.given_up[best] += left / state.loss[best]
            return
        left -= (high[best] - state.given_up[best]) * state.loss[best]
        state.given_up[best] = high[best]


@rule
def share_at(log_rate: float, own: float, other: float) -> float:
    """Return the share at which the marginal rate of substitution has the logarithm `log_rate`.

    Solves ``(1 - s)**(other - 1) / s**(own - 1) = exp(log_rate)`` for curvatures of at least 1,
    one of them above; by Newton's method in the log odds of s where there is no closed form.
    """
    a = own - 1.0
    b = other - 1.0
    if b <= 0.0:
        return math.exp(min(-log_rate / a, 0.0))
    if a <= 0.0:
        return max(1.0 - math.exp(min(log_rate / b, 700.0)), 0.0)
    odds = -log_rate / (0.5 * (a + b))
    for _ in range(_ROOTS):
        odds = min(max(odds, -700.0), 700.0)
        share = 1.0 / (1.0 + math.exp(-odds))
        log_share = min(odds, 0.0) - math.log1p(math.exp(-abs(odds)))
        miss = b * (log_share - odds) - a * log_share - log_rate
        step = miss / (b * share + a * (1.0 - share))
        odds += step
        if abs(step) < 1e-13:
            break
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))


@rule
def set_shares(
    params: Params, state: State, side: int, log_price: float, low: Numbers, high: Numbers
) -> None:
    """Give up of each free issue what is worth its own loss at this price."""
    own = params.curvature[side]
    other = params.curvature[1 - side]
    for n in range(state.talks):
        j = state.talk[n]
        if not is_free(params, state, j):
            continue
        if state.gain[j] <= 0.0:
            state.given_up[j] = low[j]
        elif state.loss[j] <= 0.0:
            state.given_up[j] = high[j]
        else:
            rate = log_price + math.log(state.loss[j] * own) - math.log(state.gain[j] * other)
            state.given_up[j] = min(max(share_at(rate, own, other), low[j]), high[j])


@rule
def excess_at(
    params: Params,
    state: State,
    side: int,
    budget: float,
    log_price: float,
    low: Numbers,
    high: Numbers,
) -> float:
    """Return by how much the own loss at this price exceeds the budget."""
    set_shares(params, state, side, log_price, low, high)
    return spent(params, state, side, state.given_up) - budget


@rule
def fill_curved(
    params: Params, state: State, side: int, budget: float, low: Numbers, high: Numbers
) -> None:
    """Find the price at which the budget is spent, by false position (Illinois)."""
    cheap = -1.0
    dear = 1.0
    over = excess_at(params, state, side, budget, cheap, low, high)
    while over <= 0.0 and cheap > -600.0:
        cheap *= 2.0
        over = excess_at(params, state, side, budget, cheap, low, high)
    if over <= 0.0:
        return
    under = excess_at(params, state, side, budget, dear, low, high)
    while under > 0.0 and dear < 600.0:
        dear *= 2.0
        under = excess_at(params, state, side, budget, dear, low, high)
    last = 0
    for _ in range(_PRICES):
        price = (cheap * under - dear * over) / (under - over)
        if price <= cheap or price >= dear:
            price = 0.5 * (cheap + dear)
        excess = excess_at(params, state, side, budget, price, low, high)
        if abs(excess) <= 1e-14 or dear - cheap <= 1e-13:
            break
        if excess > 0.0:
            cheap = price
            over = excess
            under = 0.5 * under if last > 0 else under
            last = 1
        else:
            dear = price
            under = excess
            over = 0.5 * over if last < 0 else over
            last = -1


@rule
def fill(
    params: Params, state: State, side: int, budget: float, low: Numbers, high: Numbers
) -> bool:
    """Set the best shares between `low` and `high`; return False if `low` exceeds the budget."""
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            state.given_up[j] = low[j]
    left = budget - spent(params, state, side, state.given_up)
    if left < -1e-12:
        return False
    if params.curvature[side] == 1.0 and params.curvature[1 - side] == 1.0:
        fill_linear(params, state, max(left, 0.0), high)
    elif left > 1e-14:
        fill_curved(params, state, side, budget, low, high)
    return True


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
def divided_issue(params: Params, state: State) -> int:
    """Return the free issue whose share is farthest from a possible wording, or -1."""
    found = -1
    farthest = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        step = step_of(params, j)
        if step == 0.0 or not is_free(params, state, j):
            continue
        below = level_below(state.given_up[j], step)
        away = min(state.given_up[j] - below, below + step - state.given_up[j]) / step
        if away > max(farthest, 1e-7):
            farthest = away
            found = j
    return found


@rule
def set_bounds(params: Params, state: State, side: int, low: Numbers, high: Numbers) -> None:
    """Bound each share by what has been given up for good, up to the next possible wording."""
    for n in range(state.talks):
        j = state.talk[n]
        step = step_of(params, j)
        floor = state.floor[side, j]
        low[j] = level_above(floor, step) if step > 0.0 else floor
        high[j] = 1.0


@rule
def round_down(params: Params, state: State, low: Numbers, high: Numbers) -> None:
    """Fix every issue with wordings at the one below its share."""
    for n in range(state.talks):
        j = state.talk[n]
        step = step_of(params, j)
        if step > 0.0 and is_free(params, state, j):
            low[j] = max(low[j], level_below(state.given_up[j], step))
            high[j] = low[j]


@rule
def snap(params: Params, state: State, shares: Numbers) -> None:
    """Keep ``state.given_up`` in `shares`, issues with wordings exactly on one."""
    for n in range(state.talks):
        j = state.talk[n]
        step = step_of(params, j)
        share = state.given_up[j]
        shares[j] = share if step == 0.0 else min(math.floor(share / step + 0.5) * step, 1.0)


@rule
def branch(params: Params, state: State, side: int, budget: float) -> None:
    """Replace shares between two wordings by the best possible ones.

    Branch and bound, depth first: the issue that lies farthest from a wording is taken at the one
    below or at the one above, and a branch is left when even its continuous solution brings the
    other side no more than the best package so far.
    """
    low = np.empty(ISSUES)
    high = np.empty(ISSUES)
    best = np.empty(ISSUES)
    issue = np.empty(_DEPTH, np.int64)
    was_low = np.empty(_DEPTH)
    was_high = np.empty(_DEPTH)
    middle = np.empty(_DEPTH)
    turned = np.empty(_DEPTH, np.int64)
    set_bounds(params, state, side, low, high)
    round_down(params, state, low, high)
    fill(params, state, side, budget, low, high)
    most = brought(params, state, side)
    snap(params, state, best)
    set_bounds(params, state, side, low, high)
    depth = 0
    for _ in range(_NODES):
        j = -1
        if fill(params, state, side, budget, low, high):
            value = brought(params, state, side)
            if value > most * (1.0 + _GAP) + 1e-12:
                j = divided_issue(params, state)
                if j < 0:
                    most = value
                    snap(params, state, best)
        if j >= 0 and depth < _DEPTH:
            below = level_below(state.given_up[j], step_of(params, j))
            issue[depth] = j
            was_low[depth] = low[j]
            was_high[depth] = high[j]
            middle[depth] = below
            turned[depth] = 0
            low[j] = level_above(below + 0.5 * step_of(params, j), step_of(params, j))
            depth += 1
            continue
        while depth > 0 and turned[depth - 1]:
            depth -= 1
            low[issue[depth]] = was_low[depth]
            high[issue[depth]] = was_high[depth]
        if depth == 0:
            break
        j = issue[depth - 1]
        low[j] = was_low[depth - 1]
        high[j] = max(middle[depth - 1], was_low[depth - 1])
        turned[depth - 1] = 1
    for n in range(state.talks):
        state.given_up[state.talk[n]] = best[state.talk[n]]


@rule
def give_up_best(params: Params, state: State, side: int, budget: float) -> None:
    """Set ``state.given_up`` to the best shares within the budget and what is given for good."""
    low = np.empty(ISSUES)
    high = np.empty(ISSUES)
    set_bounds(params, state, side, low, high)
    # What has been given for good may cost more than the demand leaves; then only that is given,
    # and what costs nothing.
    allowed = max(budget, spent(params, state, side, low))
    if fill(params, state, side, allowed, low, high) and divided_issue(params, state) >= 0:
        branch(params, state, side, allowed)
