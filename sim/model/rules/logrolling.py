"""How much of each issue to give up: the most for the other side at a given own loss.

With additive preferences giving up the share s of an issue costs ``loss * s**r`` and brings the
other side ``gain * (1 - (1 - s)**q)``, with r and q the curvatures of both sides: a knapsack. It is
solved first as if one issue could be left between two wordings. With linear losses what brings
most per unit of own loss is given first (Dantzig 1957). With curved losses there is one price at
which all marginal rates are equal; an issue with a few wordings goes on to the next one at the
rate of that step, so that no more is promised than its wordings can keep. Branch and bound then
puts the divided issue on a wording (Land and Doig 1960), with the bound of Martello and Toth (1977)
where losses are linear. No outcome is enumerated.
"""

import math

import numpy as np

from sim.model.compiled import rule, rule_with_arrays
from sim.model.records import Basket, Entry, State
from sim.model.rules.worth import level_above, level_below, power, share_at_rate

_PRICES = 80  # most prices that are tried
_QUICK = 8
"""Prices after which each second one halves the bracket: Newton leaps over a wide jump for ever."""
_FARTHEST = 600.0  # largest logarithm of a price
_DEPTH = 64
"""Most issues that are divided at the same time."""
_NODES = 400
"""Most packages that are looked at; beyond it the best one so far is taken."""
_GAP = 1e-4  # relative gain that is not worth looking for
_SPENT = 1e-14  # budget that is not worth spending
_SAME = 1e-12  # prices that lie as near as this are taken for one
NO_PRICE = math.inf  # price before the first search
_WHOLE = -1
"""Instead of a divided issue: each one with wordings is on one."""
TOO_DEAR = -2
"""Instead of a divided issue: what has to be given costs more than the budget."""


# --- bounds


@rule
def bound(entry: Entry, low: float, high: float) -> None:
    """Bound the share; what is given at the next price is reckoned anew."""
    entry.low = low
    entry.high = high
    entry.more = math.inf
    entry.less = -math.inf


@rule
def set_bounds(state: State, side: int, basket: Basket) -> None:
    """Bound each share by what has been given up for good, up to the next possible wording.

    What costs nothing is given in full, and of what brings nothing no more than that.
    """
    for k in range(basket.shape[0]):
        entry = basket[k]
        low = state.floor[side, entry.issue]
        if entry.step > 0.0:
            low = level_above(low, entry.step)
        if entry.gain <= 0.0:
            bound(entry, low, low)
        elif entry.loss <= 0.0:
            bound(entry, 1.0, 1.0)
        else:
            bound(entry, low, 1.0)


@rule
def is_linear(basket: Basket) -> bool:
    """Return whether both losses are linear."""
    return basket.shape[0] == 0 or (basket[0].own == 1.0 and basket[0].other == 1.0)


# --- what a package costs and brings


@rule
def cost_of(entry: Entry, share: float) -> float:
    """Return the own loss of giving up `share` of an issue."""
    return entry.loss * power(share, entry.own)


@rule
def brought_by(entry: Entry, share: float) -> float:
    """Return the other side's gain from `share` of an issue."""
    return entry.gain * (1.0 - power(1.0 - share, entry.other))


@rule
def give_least(basket: Basket) -> float:
    """Give up what has to be given up alone, and return the own loss of it."""
    total = 0.0
    for k in range(basket.shape[0]):
        basket[k].share = basket[k].low
        total += cost_of(basket[k], basket[k].low)
    return total


@rule
def brought(basket: Basket, divided: int) -> float:
    """Return the other side's gain from the package; a divided issue brings its part of a step."""
    total = 0.0
    for k in range(basket.shape[0]):
        total += brought_by(basket[k], basket[k].share)
    if divided >= 0 and basket[divided].other != 1.0:
        entry = basket[divided]
        below = level_below(entry.share, entry.step)
        start = brought_by(entry, below)
        whole = brought_by(entry, min(below + entry.step, 1.0)) - start
        part = (entry.share - below) / entry.step
        total += start + part * whole - brought_by(entry, entry.share)
    return total


# --- linear losses


@rule
def sort_by_ratio(basket: Basket) -> None:
    """Put what brings most per unit of own loss first; of two that bring the same, the former."""
    for k in range(basket.shape[0]):
        basket[k].even = basket[k].gain / max(basket[k].loss, 1e-300)
        at = k
        while at > 0 and basket[basket[at - 1].place].even < basket[k].even:
            basket[at].place = basket[at - 1].place
            at -= 1
        basket[at].place = k


@rule
def fill_linear(basket: Basket, left: float) -> int:
    """Give up first what brings most per unit of own loss; return what is given in part."""
    for n in range(basket.shape[0]):
        entry = basket[basket[n].place]
        if entry.share >= entry.high:
            continue
        cost = (entry.high - entry.share) * entry.loss
        if cost > left:
            entry.share += left / entry.loss
            return basket[n].place
        left -= cost
        entry.share = entry.high
    return _WHOLE


# --- curved losses


@rule
def first_price(basket: Basket, budget: float) -> float:
    """Return a guess of the price; set the logarithm of marginal loss by marginal gain.

    It is the price of the share that the budget buys of all issues alike.
    """
    lost = 1e-300
    won = 1e-300
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.low < entry.high:
            entry.even = math.log(entry.loss * entry.own) - math.log(entry.gain * entry.other)
            lost += entry.loss
            won += entry.gain
    own = basket[0].own
    other = basket[0].other
    share = min(max(budget / lost, _GAP), 1.0 - _GAP) ** (1.0 / own)
    rate = (other - 1.0) * math.log(1.0 - share) - (own - 1.0) * math.log(share)
    return rate + math.log(won * other) - math.log(lost * own)


@rule
def cost_of_step(entry: Entry, share: float) -> float:
    """Return the own loss of one more step of an issue with wordings."""
    return cost_of(entry, min(share + entry.step, 1.0)) - cost_of(entry, share)


@rule
def price_of_step(entry: Entry, share: float) -> float:
    """Return the logarithm of gain per own loss of one more step, infinite beyond the bounds."""
    if share + 0.5 * entry.step > entry.high:
        return -math.inf
    if share + 0.5 * entry.step < entry.low:
        return math.inf
    share = max(share, 0.0)
    gain = brought_by(entry, min(share + entry.step, 1.0)) - brought_by(entry, share)
    return math.log(gain) - math.log(cost_of_step(entry, share))


@rule
def keep_wording(entry: Entry, price: float) -> None:
    """Keep the wording of an issue at this price, and the prices of the steps on both sides."""
    share = level_below(share_at_rate(price + entry.even, entry.own, entry.other), entry.step)
    share = min(max(share, entry.low), entry.high)
    more = price_of_step(entry, share)
    while more > price:
        share = min(share + entry.step, 1.0)
        more = price_of_step(entry, share)
    less = price_of_step(entry, share - entry.step)
    while less <= price:
        share = max(share - entry.step, 0.0)
        more = less
        less = price_of_step(entry, share - entry.step)
    entry.kept = share
    entry.more = more
    entry.less = less


@rule
def keep_share(entry: Entry, price: float) -> None:
    """Keep what is given of an issue at this price, and what that costs."""
    if entry.low >= entry.high:
        entry.kept = entry.low
        entry.more = -math.inf
        entry.less = math.inf
    elif entry.step > 0.0:
        keep_wording(entry, price)
    else:
        share = share_at_rate(price + entry.even, entry.own, entry.other)
        entry.kept = min(max(share, entry.low), entry.high)
    entry.cost = cost_of(entry, entry.kept)


@rule
def try_price(basket: Basket, price: float) -> tuple[float, float]:
    """Give up what is worth its own loss at this price; return that loss and its slope.

    The slope is how fast the loss on continuous issues falls with the logarithm of the price.
    """
    total = 0.0
    slope = 0.0
    for k in range(basket.shape[0]):
        entry = basket[k]
        if not entry.more <= price < entry.less:
            keep_share(entry, price)
        share = entry.kept
        if entry.step == 0.0 and entry.low < share < entry.high:
            bend = (entry.other - 1.0) * share + (entry.own - 1.0) * (1.0 - share)
            slope += entry.cost * entry.own * (1.0 - share) / bend
        entry.share = share
        total += entry.cost
    return total, slope


@rule
def take_steps(basket: Basket, price: float, left: float) -> tuple[int, float]:
    """Take the steps that have just this price while the budget lasts, the last one in part.

    Returns the issue that is divided, if any, and what is left.
    """
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.step > 0.0 and entry.more > price - _SAME:
            cost = cost_of_step(entry, entry.share)
            if cost > left:
                entry.share += entry.step * left / cost
                return k, 0.0
            entry.share = min(entry.share + entry.step, 1.0)
            left -= cost
    return _WHOLE, left


@rule
def nearest_step(basket: Basket, price: float, low: float, high: float) -> float:
    """Return the price of a step between two prices that is nearest to `price`; it, if none is."""
    found = price
    nearest = math.inf
    for k in range(basket.shape[0]):
        for at in (basket[k].more, basket[k].less):
            if low < at < high and abs(at - price) < nearest:
                found = at
                nearest = abs(at - price)
    return found


@rule
def fill_curved(basket: Basket, budget: float, price: float) -> tuple[int, float]:
    """Find the price at which the budget is spent, from a guess.

    Newton's method inside a bracket. Where the loss jumps, at the price of a step, that price is
    tried itself. Returns the issue that is left divided, if any, and the price.
    """
    cheap = -_FARTHEST
    dear = _FARTHEST
    width = 1.0
    for n in range(_PRICES):
        total, slope = try_price(basket, price)
        excess = total - budget
        if excess > _SPENT:
            cheap = price
        else:
            dear = price
            divided, left = take_steps(basket, price, max(-excess, 0.0))
            if divided >= 0 or left <= _SPENT:
                return divided, price
        if dear - cheap < 0.1 * _SAME:
            break
        aim = price + min(max(excess / max(slope, 1e-300), -width), width)
        if not cheap < aim < dear or (n >= _QUICK and n % 2 == 0):
            aim = 0.5 * (cheap + dear)
        width *= 2.0
        if n % 2 == 1 and slope == 0.0:
            aim = nearest_step(basket, aim, cheap, dear)
        elif n % 2 == 1:
            aim = nearest_step(basket, aim, min(price, aim), max(price, aim))
        price = aim
    total, _ = try_price(basket, dear)
    divided, _ = take_steps(basket, dear, budget - total)
    return divided, dear


# --- the best package


@rule
def give_all(basket: Basket, budget: float) -> bool:
    """Give up all that the bounds allow, and return whether the budget covers it."""
    for k in range(basket.shape[0]):
        budget -= cost_of(basket[k], basket[k].high)
        basket[k].share = basket[k].high
    return budget >= -_SPENT


@rule
def fill(basket: Basket, budget: float, price: float) -> tuple[int, float]:
    """Set the best shares between the bounds, curved ones from a guess of the price, if any.

    Returns the issue that is divided, if any, and the price.
    """
    left = budget - give_least(basket)
    if left < -1e-12:
        return TOO_DEAR, price
    k = _WHOLE
    if is_linear(basket):
        k = fill_linear(basket, max(left, 0.0))
    elif left > _SPENT and not give_all(basket, budget):
        if price == NO_PRICE:
            price = first_price(basket, budget)
        k, price = fill_curved(basket, budget, price)
    if k < 0 or basket[k].step == 0.0:
        return _WHOLE, price
    steps = basket[k].share / basket[k].step
    return (k if abs(steps - math.floor(steps + 0.5)) > 1e-7 else _WHOLE), price


@rule
def round_down(basket: Basket) -> None:
    """Fix every issue with wordings at the one below its share."""
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.step > 0.0:
            share = max(entry.low, level_below(entry.share, entry.step))
            bound(entry, share, share)


@rule
def take(state: State, basket: Basket) -> None:
    """Put the package into ``state.given_up``, issues with wordings exactly on one."""
    for k in range(basket.shape[0]):
        entry = basket[k]
        share = entry.share
        if entry.step > 0.0:
            share = min(math.floor(share / entry.step + 0.5) * entry.step, 1.0)
        state.given_up[entry.issue] = share


@rule
def enough(most: float) -> float:
    """Return what a package has to surpass to be worth looking for."""
    return most * (1.0 + _GAP) + 1e-12


@rule
def prospects(basket: Basket, divided: int, below: float, value: float) -> tuple[float, float]:
    """Return the most that can be brought with the divided issue on the wording below, and above.

    With linear losses what becomes free goes to the best issue that is not given whole, and what
    is lacking is taken from the worst that is given (Martello and Toth 1977). Else no limit.
    """
    if not is_linear(basket):
        return math.inf, math.inf
    entry = basket[divided]
    better = math.inf
    worse = 0.0
    passed = False
    for n in range(basket.shape[0]):
        k = basket[n].place
        if k == divided:
            passed = True
        elif not passed and basket[k].share > basket[k].low:
            better = basket[k].even
        elif passed and basket[k].share < basket[k].high:
            worse = basket[k].even
            break
    down = (entry.share - below) * entry.loss
    up = (min(below + entry.step, 1.0) - entry.share) * entry.loss
    return value - down * (entry.even - worse), value - up * (better - entry.even)


@rule_with_arrays
def branch(state: State, side: int, basket: Basket, budget: float, price: float) -> None:
    """Replace shares between two wordings by the best possible ones.

    Branch and bound, depth first: the divided issue is taken at the wording above or at the one
    below, and a branch is left when even its divided package, or what is hoped of it, brings the
    other side no more than the best one so far.
    """
    bounds = np.empty((_DEPTH, 2))
    below = np.empty(_DEPTH)
    hope = np.empty(_DEPTH)
    divided = np.empty(_DEPTH, np.int64)
    turned = np.empty(_DEPTH, np.int64)
    round_down(basket)
    k, price = fill(basket, budget, price)
    most = brought(basket, k)
    take(state, basket)
    set_bounds(state, side, basket)
    depth = 0
    for _ in range(_NODES):
        k, price = fill(basket, budget, price)
        value = brought(basket, k) if k != TOO_DEAR else -math.inf
        if value <= enough(most):
            k = TOO_DEAR
        elif k == _WHOLE:
            most = value
            take(state, basket)
        if k >= 0 and depth < _DEPTH:
            entry = basket[k]
            divided[depth] = k
            bounds[depth, 0] = entry.low
            bounds[depth, 1] = entry.high
            below[depth] = level_below(entry.share, entry.step)
            turned[depth] = 0
            hope[depth], hope_above = prospects(basket, k, below[depth], value)
            depth += 1
            if hope_above > enough(most):
                middle = below[depth - 1] + 0.5 * entry.step
                bound(entry, level_above(middle, entry.step), entry.high)
                continue
        while depth > 0 and (turned[depth - 1] or hope[depth - 1] <= enough(most)):
            depth -= 1
            bound(basket[divided[depth]], bounds[depth, 0], bounds[depth, 1])
        if depth == 0:
            break
        at = depth - 1
        bound(basket[divided[at]], bounds[at, 0], max(below[at], bounds[at, 0]))
        turned[at] = 1
