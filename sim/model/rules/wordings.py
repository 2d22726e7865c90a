"""Which wordings to give up, where every issue that a draft may move has a few of them.

Each step from one wording to the next is an item that is given or not, its own loss its weight and
the other side's gain its value: a knapsack of 0 and 1. A further step of an issue costs no less and
brings no more than the one before it, so no order among them need be asked for. The search goes
outwards from the step at which the budget runs out (Pisinger 1995), and one move of it takes the
same time however many issues are open.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.model.compiled import rule, rule_with_arrays
from sim.model.records import Basket, Entry, Field, record_type
from sim.model.rules.logrolling import enough, give_least, sort_by_ratio
from sim.model.rules.worth import power

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
)
STEP = np.dtype((np.record, record_type(STEP_FIELDS)))

MOST_STEPS = 256
"""Most steps that are sorted; of more, the shares are sought between the wordings first."""
_MOVES = 1000
"""Most moves of a search; beyond it the best package so far is taken."""
_NONE = -1
_ROUNDING = 1e-12  # budget that may be overdrawn


@rule
def steps_left(entry: Entry) -> int:
    """Return how many steps lie between the bounds of an issue with wordings."""
    return math.floor((entry.high - entry.low) / entry.step + 0.5)


@rule
def number_of_steps(basket: Basket) -> int:
    """Return how many steps can be given; 0 if something else than steps can be."""
    count = 0
    for k in range(basket.shape[0]):
        entry = basket[k]
        if entry.low < entry.high:
            if entry.step == 0.0:
                return 0
            count += steps_left(entry)
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


@rule
def give_in_order(steps: Steps, left: float) -> tuple[int, float, float]:
    """Give the steps as they come until one costs more than is left of the budget.

    Returns this one, what those before it bring, and what is left.
    """
    value = 0.0
    dear = 0
    while dear < steps.shape[0] and steps[dear].loss <= left + _ROUNDING:
        steps[dear].given = 1
        value += steps[dear].gain
        left -= steps[dear].loss
        dear += 1
    return dear, value, left


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
def search_steps(steps: Steps, budget: float) -> None:
    """Keep the steps that bring most within the budget.

    Depth first from the step at which the budget runs out: while it is not spent the next step is
    given, and while it is overspent the last one before is taken back, or either one is passed
    over for good with all that are like it. A branch is left when even a part of the next move, at
    its ratio, would bring no more than the best package so far.
    """
    into, value, left = give_in_order(steps, budget)
    out = into - 1
    last = _NONE
    most = keep_what_fits(steps, value, left)
    for _ in range(_MOVES):
        overspent = left < -_ROUNDING
        if value > most and not overspent:
            most = value
            for n in range(steps.shape[0]):
                steps[n].kept = steps[n].given
        at = out if overspent else into
        if 0 <= at < steps.shape[0] and value + left * steps[at].ratio > enough(most):
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
            continue
        if last == _NONE:
            break
        step = steps[last]
        last = step.last
        value = step.value
        left = step.left
        step.given = 1 - step.given
        into, out = (step.aside, step.before) if step.given else (step.beyond, step.aside)


@rule_with_arrays
def choose_wordings(basket: Basket, budget: float, count: int) -> None:
    """Set the best shares within the budget, each one on a wording.

    count: how many steps there are between the wordings.
    """
    steps = np.empty(count, STEP)
    found = 0
    sort_by_ratio(basket)  # with whole issues in order there is little left to move
    for n in range(basket.shape[0]):
        k = basket[n].place
        if basket[k].low < basket[k].high:
            found = sort_in(steps, found, basket, k)
    link(steps)
    search_steps(steps, budget - give_least(basket))
    for n in range(count):
        if steps[n].kept:
            entry = basket[steps[n].entry]
            entry.share += entry.step
