"""How much of each issue to give up: the most for the other side at a given own loss.

With additive preferences giving up the share s of an issue costs ``loss * s**r`` and brings the
other side ``gain * (1 - (1 - s)**q)``, with r and q the curvatures of both sides: a knapsack. Here
it is solved as if every issue could be divided. With linear losses what brings most per unit of own
loss is given first (Dantzig 1957); with curved ones there is one price at which all marginal rates
are equal. `sim.model.rules.wordings` then puts each issue on one of its wordings. No outcome is
enumerated.
"""

import math

from sim.model.compiled import rule
from sim.model.records import Basket, Entry, State
from sim.model.rules.worth import level_above, power, share_at_rate

_PRICES = 80  # most prices that are tried
_QUICK = 8
"""Prices after which each second one halves the bracket, should Newton's method leap for ever."""
_FARTHEST = 600.0  # largest logarithm of a price
_MARGIN = 1e-4  # distance from 0 and 1 of the share from which the first price is guessed
_SPENT = 1e-14  # budget that is not worth spending
_SAME = 1e-13  # prices that lie as near as this are taken for one
NO_PRICE = math.inf  # price before the first search


# --- bounds


@rule
def bound(entry: Entry, low: float, high: float) -> None:
    """Bound the share."""
    entry.low = low
    entry.high = high


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
def brought(basket: Basket) -> float:
    """Return the other side's gain from the package."""
    total = 0.0
    for k in range(basket.shape[0]):
        total += brought_by(basket[k], basket[k].share)
    return total


# --- what is worth giving


@rule
def sort_by_rate(basket: Basket) -> None:
    """Put what brings most per unit of own loss first; of two that bring the same, the former."""
    linear = is_linear(basket)
    for k in range(basket.shape[0]):
        entry = basket[k]
        if linear:
            entry.rate = entry.gain / max(entry.loss, 1e-300)
        else:
            gain = math.log(max(entry.gain * entry.other, 1e-300))
            entry.rate = gain - math.log(max(entry.loss * entry.own, 1e-300))
        at = k
        while at > 0 and basket[basket[at - 1].place].rate < entry.rate:
            basket[at].place = basket[at - 1].place
            at -= 1
        basket[at].place = k


@rule
def share_at_price(entry: Entry, price: float) -> float:
    """Return how much of an issue with curved losses is worth its own loss at this price.

    price: logarithm of marginal gain by marginal loss.
    """
    share = share_at_rate(price - entry.rate, entry.own, entry.other)
    return min(max(share, entry.low), entry.high)


# --- linear losses


@rule
def fill_linear(basket: Basket, left: float) -> None:
    """Give up first what brings most per unit of own loss, the last issue in part."""
    for n in range(basket.shape[0]):
        entry = basket[basket[n].place]
        if entry.share >= entry.high:
            continue
        cost = (entry.high - entry.share) * entry.loss
        if cost > left:
            entry.share += left / entry.loss
            return
        left -= cost
        entry.share = entry.high


# --- curved losses


@rule
def first_price(basket: Basket, budget: float) -> float:
    """Return a guess of the price: that of the share that the budget buys of all issues alike."""
    lost = 1e-300
    won = 1e-300
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.low < entry.high:
            lost += entry.loss
            won += entry.gain
    own = basket[0].own
    other = basket[0].other
    share = min(max(budget / lost, _MARGIN), 1.0 - _MARGIN) ** (1.0 / own)
    rate = (other - 1.0) * math.log(1.0 - share) - (own - 1.0) * math.log(share)
    return rate + math.log(won * other) - math.log(lost * own)


@rule
def try_price(basket: Basket, price: float) -> tuple[float, float]:
    """Give up what is worth its own loss at this price; return that loss and its slope.

    The slope is how fast the loss falls with the logarithm of the price.
    """
    total = 0.0
    slope = 0.0
    for k in range(basket.shape[0]):
        entry = basket[k]
        entry.share = entry.low
        if entry.low < entry.high:
            entry.share = share_at_price(entry, price)
        cost = cost_of(entry, entry.share)
        total += cost
        if entry.low < entry.share < entry.high:
            share = entry.share
            bend = (entry.other - 1.0) * share + (entry.own - 1.0) * (1.0 - share)
            slope += cost * entry.own * (1.0 - share) / bend
    return total, slope


@rule
def fill_curved(basket: Basket, budget: float, price: float) -> float:
    """Find the price at which the budget is spent, from a guess, and give up what is worth it.

    Newton's method inside a bracket.
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
            if excess >= -_SPENT:
                return price
        if dear - cheap < _SAME:
            break
        aim = price + min(max(excess / max(slope, 1e-300), -width), width)
        if not cheap < aim < dear or (n >= _QUICK and n % 2 == 0):
            aim = 0.5 * (cheap + dear)
        width *= 2.0
        price = aim
    try_price(basket, dear)
    return dear


@rule
def give_all(basket: Basket, budget: float) -> bool:
    """Give up all that the bounds allow, and return whether the budget covers it."""
    for k in range(basket.shape[0]):
        budget -= cost_of(basket[k], basket[k].high)
        basket[k].share = basket[k].high
    return budget >= -_SPENT


# --- the best shares


@rule
def fill(basket: Basket, budget: float, price: float) -> float:
    """Set the best shares between the bounds, curved ones from a guess of the price, if any.

    The entries are sorted, and the budget covers what has to be given. Returns the price.
    """
    left = budget - give_least(basket)
    if is_linear(basket):
        fill_linear(basket, max(left, 0.0))
    elif left > _SPENT and not give_all(basket, budget):
        if price == NO_PRICE:
            price = first_price(basket, budget)
        price = fill_curved(basket, budget, price)
    return price


@rule
def take(state: State, basket: Basket) -> None:
    """Put the package into ``state.given_up``, issues with wordings exactly on one."""
    for k in range(basket.shape[0]):
        entry = basket[k]
        share = entry.share
        if entry.step > 0.0:
            share = min(math.floor(share / entry.step + 0.5) * entry.step, 1.0)
        state.given_up[entry.issue] = share
