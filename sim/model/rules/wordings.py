"""Which package to give up, where some issues have a few wordings only.

Each step from one wording to the next is an item that is given or not, its own loss its weight and
the other side's gain its value: a knapsack of 0 and 1. A further step of an issue costs no less and
brings no more than the one before it, so no order among them need be asked for. Issues that take
any share get what a package of steps leaves of the budget. The search goes outwards from the step
at which the budget runs out (Pisinger 1995); what can still be brought is bounded by weighing own
losses at the ratio of the next step (Geoffrion 1974), so a move takes the same time however many
issues have wordings. Of very many steps only the core is weighed, those near the divided package
(Balas and Zemel 1980).
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.model.compiled import rule, rule_with_arrays
from sim.model.records import ENTRY, Basket, Entry, Field, record_type
from sim.model.rules.logrolling import (
    NO_PRICE,
    bound,
    brought,
    brought_by,
    cost_of,
    fill,
    give_least,
    is_linear,
    share_at_price,
    sort_by_rate,
)
from sim.model.rules.worth import level_above, level_below, power

Step: TypeAlias = np.record
"""A record of dtype `STEP`."""
Steps: TypeAlias = NDArray[np.void]
"""What brings most per unit of own loss first: an array of dtype `STEP`."""

_I, _F = "i4", "f8"
STEP_FIELDS = (
    Field("entry", _I, (), "index", "entry of the basket that goes on by one wording"),
    Field("before", _I, (), "index", "last step before that is unlike this one, -1 for none"),
    Field("beyond", _I, (), "index", "next step that is unlike this one; how many, for none"),
    Field("loss", _F, (), "utility", "what the step costs"),
    Field("gain", _F, (), "utility", "what it brings"),
    Field("ratio", _F, (), "ratio", "gain by loss"),
    Field("given", _I, (), "flag", "1 if it is given"),
    Field("kept", _I, (), "flag", "1 if it belongs to the best package so far"),
    Field("last", _I, (), "index", "step that was moved before this one was, -1 for none"),
    Field("aside", _I, (), "index", "where the search stood at its other end at that time"),
    Field("value", _F, (), "utility", "what the package brought at that time"),
    Field("left", _F, (), "utility", "what was left of the budget at that time"),
    Field("shared", _F, (), "utility", "what shares that bring more per unit of own loss cost"),
    Field("surplus", _F, (), "utility", "what they bring beyond that cost at this ratio"),
)
STEP = np.dtype((np.record, record_type(STEP_FIELDS)))

MOST_STEPS = 256
"""Most steps that are weighed."""
_MOVES = 1000
"""Most moves of a search; beyond it the best package so far is taken."""
_GAP = 1e-4  # relative gain that is not worth looking for
_NONE = -1
_ROUNDING = 1e-12  # budget that may be overdrawn


@rule
def steps_left(entry: Entry) -> int:
    """Return how many steps lie between the bounds of an issue with wordings."""
    return math.floor((entry.high - entry.low) / entry.step + 0.5)


@rule
def number_of_steps(basket: Basket) -> int:
    """Return how many steps can be given."""
    count = 0
    for k in range(basket.shape[0]):
        if basket[k].step > 0.0:
            count += steps_left(basket[k])
    return count


@rule
def part_of_step(high: float, low: float, step: float, curvature: float) -> float:
    """Return which part of a whole loss a step is; linear ones are equal to the last digit."""
    if curvature == 1.0:
        return step
    return power(high, curvature) - power(low, curvature)


@rule
def put(step: Step, entry: int, loss: float, gain: float, ratio: float) -> None:
    """Write down a step that is not given."""
    step.entry = entry
    step.loss = loss
    step.gain = gain
    step.ratio = ratio
    step.given = 0
    step.surplus = -math.inf


@rule
def sort_in(steps: Steps, count: int, basket: Basket, k: int) -> int:
    """Merge the steps of one issue into the first `count`; return how many these are then.

    First comes what brings most per unit of own loss, of two that bring the same the dearer one.
    """
    entry = basket[k]
    left = steps_left(entry)
    last = count - 1
    for n in range(left - 1, -1, -1):
        low = entry.low + n * entry.step
        high = min(low + entry.step, 1.0)
        loss = entry.loss * part_of_step(high, low, entry.step, entry.own)
        gain = entry.gain * part_of_step(1.0 - low, 1.0 - high, entry.step, entry.other)
        ratio = gain / max(loss, 1e-300)
        while last >= 0:
            step = steps[last]
            if step.ratio > ratio or (step.ratio == ratio and step.loss >= loss):
                break
            put(steps[last + n + 1], step.entry, step.loss, step.gain, step.ratio)
            last -= 1
        put(steps[last + n + 1], k, loss, gain, ratio)
    return count + left


@rule
def link(steps: Steps) -> None:
    """Note for each step the last one before it and the next one after it that are unlike it."""
    count = steps.shape[0]
    for n in range(count):
        step = steps[n]
        step.before = n - 1
        if n > 0 and step.loss == steps[n - 1].loss and step.gain == steps[n - 1].gain:
            step.before = steps[n - 1].before
    beyond = count
    for n in range(count - 1, -1, -1):
        steps[n].beyond = beyond
        if steps[n].before == n - 1:
            beyond = n


# --- issues that take any share


@rule
def pick_shares(basket: Basket, shares: Basket) -> int:
    """Copy the issues that take any share, what brings most per loss first; return their number.

    The copies bear the entry's number instead of the issue's.
    """
    count = 0
    for n in range(basket.shape[0]):
        k = basket[n].place
        if basket[k].step == 0.0 and basket[k].low < basket[k].high:
            shares[count] = basket[k]
            shares[count].issue = k
            shares[count].place = count
            count += 1
    return count


@rule
def worth_giving(entry: Entry, step: Step) -> float:
    """Return the share up to which an issue brings more per unit of own loss than a step does.

    Of two that bring the same the former entry comes first.
    """
    if entry.own != 1.0 or entry.other != 1.0:
        return share_at_price(entry, math.log(max(step.ratio, 1e-300)))
    before = entry.rate > step.ratio or (entry.rate == step.ratio and entry.issue < step.entry)
    return entry.high if before else entry.low


@rule
def weigh(step: Step, shares: Basket) -> None:
    """Note what the shares worth giving before a step cost, and what they bring beyond."""
    cost = 0.0
    gain = 0.0
    for k in range(shares.shape[0]):
        share = worth_giving(shares[k], step)
        cost += cost_of(shares[k], share)
        gain += brought_by(shares[k], share)
    step.shared = cost
    step.surplus = gain - step.ratio * cost


@rule
def bought(shares: Basket, left: float, price: float) -> tuple[float, float]:
    """Return the most that shares bring for what is left of the budget, and their price."""
    if shares.shape[0] == 0:
        return 0.0, price
    price = fill(shares, left, price)
    return brought(shares), price


# --- the search


@rule
def first_left_out(steps: Steps, shares: Basket, budget: float) -> int:
    """Return the first step that the budget does not cover beside all that is worth more."""
    cost = 0.0
    for n in range(steps.shape[0]):
        cost += steps[n].loss
        steps[n].left = budget - cost
    first = 0
    end = steps.shape[0]
    while first < end:
        n = (first + end) // 2
        weigh(steps[n], shares)
        if steps[n].shared <= steps[n].left + _ROUNDING:
            first = n + 1
        else:
            end = n
    return first


@rule
def give_before(steps: Steps, end: int, left: float) -> tuple[float, float]:
    """Give the steps before `end`; return what they bring, and what is left of the budget."""
    value = 0.0
    for n in range(end):
        steps[n].given = 1
        value += steps[n].gain
        left -= steps[n].loss
    return value, left


@rule
def keep_given(steps: Steps) -> None:
    """Keep what is given."""
    for n in range(steps.shape[0]):
        steps[n].kept = steps[n].given


@rule
def keep_what_fits(steps: Steps, value: float, left: float) -> float:
    """Keep what is given and, in order, what can still be paid for; return what both bring."""
    for n in range(steps.shape[0]):
        step = steps[n]
        step.kept = step.given
        if not step.given and step.loss <= left + _ROUNDING:
            step.kept = 1
            value += step.gain
            left -= step.loss
    return value


@rule
def hoped(step: Step, shares: Basket, value: float, left: float, overspent: bool) -> float:
    """Return the most that can be brought if the next step to be moved is this one.

    Nothing more can where the shares beside the present package bring already, per unit of own
    loss, more than a step that would be given, or less than one that would be taken back.
    """
    if step.surplus == -math.inf:
        weigh(step, shares)
    if overspent != (left < step.shared - _ROUNDING):
        return -math.inf
    return value + left * step.ratio + step.surplus


@rule
def enough(most: float) -> float:
    """Return what a package has to surpass to be worth looking for."""
    return most * (1.0 + _GAP) + 1e-12


@rule
def search_steps(steps: Steps, shares: Basket, budget: float) -> float:
    """Keep the steps that bring most, with shares for the rest of the budget; return this rest.

    Depth first from the step at which the budget runs out: while no less is left than the shares
    worth giving before it cost, the next step is given, and else the last one before is taken back;
    or either one is passed over for good with all that are like it. A branch is left when even a
    part of the next move would bring no more than the best package so far.
    """
    into = first_left_out(steps, shares, budget)
    out = into - 1
    last = _NONE
    value, left = give_before(steps, into, budget)
    least = give_least(shares)
    shared = least
    if into < steps.shape[0]:
        shared = steps[into].shared  # it was weighed while it was sought
    rest = left
    most, price = bought(shares, left, NO_PRICE)
    spare = left if shares.shape[0] == 0 else 0.0  # shares have taken what they could
    most = keep_what_fits(steps, value + most, spare)
    for _ in range(_MOVES):
        overspent = left < shared - _ROUNDING
        at = out if overspent else into
        within = 0 <= at < steps.shape[0]
        if within and hoped(steps[at], shares, value, left, overspent) > enough(most):
            step = steps[at]
            step.last = last
            step.value = value
            step.left = left
            step.given = 1 - step.given
            last = at
            if overspent:
                step.aside = into
                value -= step.gain
                left += step.loss
                out -= 1
            else:
                step.aside = out
                value += step.gain
                left -= step.loss
                into += 1
            if left >= least - _ROUNDING:
                gain, price = bought(shares, left, price)
                if value + gain > most:
                    most = value + gain
                    rest = left
                    keep_given(steps)
            continue
        if last == _NONE:
            break
        step = steps[last]
        last = step.last
        value = step.value
        left = step.left
        step.given = 1 - step.given
        into, out = (step.aside, step.before) if step.given else (step.beyond, step.aside)
    return rest


# --- the best package


@rule
def between_wordings(basket: Basket) -> bool:
    """Return whether an issue lies between two of its wordings."""
    for k in range(basket.shape[0]):
        if basket[k].step > 0.0:
            steps = basket[k].share / basket[k].step
            if abs(steps - math.floor(steps + 0.5)) > 1e-7:
                return True
    return False


@rule
def bound_to_core(basket: Basket) -> None:
    """Bound each issue with wordings to those nearest to its share, `MOST_STEPS` in all."""
    around = MOST_STEPS // (2 * basket.shape[0]) - 1
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.step > 0.0:
            low = level_below(entry.share, entry.step) - around * entry.step
            high = level_above(entry.share, entry.step) + around * entry.step
            bound(entry, max(low, entry.low), min(high, entry.high))


@rule_with_arrays
def choose_wordings(basket: Basket, budget: float) -> None:
    """Set the best shares within the budget, each issue that has wordings on one of them."""
    count = number_of_steps(basket)
    steps = np.empty(count, STEP)
    found = 0
    for n in range(basket.shape[0]):  # with whole issues in order there is little left to move
        k = basket[n].place
        if basket[k].step > 0.0 and basket[k].low < basket[k].high:
            found = sort_in(steps, found, basket, k)
    link(steps)
    shares = np.empty(basket.shape[0], ENTRY)
    shares = shares[: pick_shares(basket, shares)]
    left = budget - give_least(basket) + give_least(shares)
    left = search_steps(steps, shares, left)
    for n in range(count):
        if steps[n].kept:
            entry = basket[steps[n].entry]
            entry.share += entry.step
    fill(shares, left, NO_PRICE)
    for n in range(shares.shape[0]):
        basket[shares[n].issue].share = shares[n].share


@rule
def choose_package(basket: Basket, budget: float) -> None:
    """Set the best shares within the budget, which covers what has to be given."""
    sort_by_rate(basket)
    count = number_of_steps(basket)
    if count == 0 or count > MOST_STEPS or is_linear(basket):
        fill(basket, budget, NO_PRICE)
        if not between_wordings(basket):
            return
        if count > MOST_STEPS:
            bound_to_core(basket)
    choose_wordings(basket, budget)
