"""What a side demands, and the bid that asks for it.

The bid is the own iso-utility point that is best for the other side. With additive preferences
that is a knapsack (logrolling; Raiffa 1982, ch. 11): give up first what brings the other side most
per unit of own loss. No outcome is enumerated.
"""

import math

import numpy as np

from sim.model.codes import AGENDA, ARTICLE
from sim.model.compiled import choice, number, rule, rule_called_once, rule_with_arrays
from sim.model.plugins import functions
from sim.model.records import (
    ENTRY,
    ISSUES,
    Basket,
    Numbers,
    Params,
    Shocks,
    State,
)
from sim.model.rules.continuation import least_share
from sim.model.rules.logrolling import give_least, set_bounds, take
from sim.model.rules.ratification import best_share_to_leave
from sim.model.rules.wordings import choose_package
from sim.model.rules.worth import (
    TEXT,
    WORST,
    is_free,
    level_below,
    offer_share,
    refresh,
    step_of,
    utility_of,
)

PARTIES = "params, state, shocks, side"
"""What every plug-in is given: see `sim.model.rules`."""

strategy_demand = choice("strategy_demand", PARTIES, functions("concession"), __name__)
"""``(code, params, state, shocks, side) -> demand``."""
condition_accepts = choice(
    "condition_accepts", f"{PARTIES}, offered, demand", functions("acceptance"), __name__
)
"""``(code, params, state, shocks, side, offered, demand) -> positive to accept``."""
learn_about_other = choice("learn_about_other", PARTIES, functions("opponent_model"), __name__)
"""``(code, params, state, shocks, side) -> None``."""


# --- the demand


@rule
def aspiration_share(params: Params, state: State, side: int) -> float:
    """Return the highest demand of `side`: all, or the most that it pays to put to a ratifier."""
    if not params.anticipates_ratifier[side] or params.ratifier_reservation[1 - side] <= 0.0:
        return 1.0
    own = state.reservation[side]
    return max(own, 1.0 - best_share_to_leave(params, state, 1 - side, own))


@rule
def set_demand(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Set reservation, aspiration and target of `side`; a target that is no number is a fault."""
    refresh(params, state)
    state.reservation[side] = min(max(least_share(params, state, side), 0.0), 1.0)
    state.aspiration[side] = aspiration_share(params, state, side)
    asked = strategy_demand(params.strategy[side], params, state, shocks, side)
    if not math.isfinite(asked):
        state.fault = 1 + side
        asked = state.aspiration[side]
    state.target[side] = min(max(asked, state.reservation[side]), state.aspiration[side])


@rule
def remember(values: Numbers, newest: float) -> None:
    """Put `newest` before the other entries of `values`, dropping the oldest."""
    for at in range(values.shape[0] - 1, 0, -1):
        values[at] = values[at - 1]
    values[0] = newest


# --- the bid


@rule
def loss_of(params: Params, state: State, side: int, issue: int) -> float:
    """Return own weighted loss of giving up an issue: going all the way to the other's ideal."""
    return params.weight[side, issue] * (1.0 - utility_of(params, state, side, issue, WORST))


@rule
def gain_of(params: Params, state: State, side: int, issue: int, valued: float) -> float:
    """Return the other's weighted gain from that, if its weight on the issue is `valued`."""
    return valued * (1.0 - utility_of(params, state, 1 - side, issue, WORST))


@rule
def allowed_share(params: Params, issue: int, share: float) -> float:
    """Return `share` rounded down to the issue's levels; unchanged on a continuous issue."""
    step = step_of(params, issue)
    return level_below(share, step) if step > 0.0 else share


@rule_with_arrays
def open_basket(params: Params, state: State, side: int) -> Basket:
    """Return the free issues, with what each costs and brings by the state."""
    basket = np.empty(ISSUES, ENTRY)
    count = 0
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            entry = basket[count]
            entry.issue = j
            entry.own = params.curvature[side]
            entry.other = params.curvature[1 - side]
            entry.loss = state.loss[j]
            entry.gain = state.gain[j]
            entry.step = step_of(params, j)
            count += 1
    return basket[:count]


@rule_with_arrays
def give_up_best(params: Params, state: State, side: int, budget: float) -> None:
    """Set ``state.given_up`` to the best shares within the budget and what is given for good."""
    basket = open_basket(params, state, side)
    set_bounds(state, side, basket)
    # What has been given for good may cost more than the demand leaves; then only that is given,
    # and what costs nothing.
    allowed = max(budget, give_least(basket))
    choose_package(basket, allowed)
    take(state, basket)


@rule_called_once
def give_up(params: Params, state: State, side: int, budget: float, weights: Numbers) -> None:
    """Fill `state.given_up` with the shares to give up on each free issue.

    Maximises the other's gain, valued by `weights`, subject to an own loss of at most `budget`
    and to the floors of what `side` has already given up for good.

    budget: own loss allowed over all free issues, in weighted utility.
    weights: the other side's weights as `side` sees them, shape (ISSUES,).
    """
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            state.loss[j] = loss_of(params, state, side, j)
            state.gain[j] = gain_of(params, state, side, j, weights[j])
    give_up_best(params, state, side, budget)


@rule
def draft_package(params: Params, state: State, side: int, target: float, weights: Numbers) -> None:
    """Set the standing offer of `side` to the efficient package worth `target` to itself.

    target: own share over the talks, in [0, 1].
    weights: the other side's weights as `side` sees them, shape (ISSUES,).
    """
    budget = (1.0 - target) * (state.best[side] - state.worst[side])
    for n in range(state.talks):
        j = state.talk[n]
        if not is_free(params, state, j):
            budget -= params.weight[side, j] * (1.0 - utility_of(params, state, side, j, TEXT))
    give_up(params, state, side, max(budget, 0.0), weights)
    set_offer(params, state, side)


@rule
def draft_each_issue(params: Params, state: State, side: int, target: float) -> None:
    """Set the standing offer of `side` to its `target` on every free issue by itself."""
    for n in range(state.talks):
        j = state.talk[n]
        if not is_free(params, state, j):
            continue
        share = 1.0 - target
        if params.curvature[side] != 1.0:
            share = max(share, 0.0) ** (1.0 / params.curvature[side])
        state.given_up[j] = max(state.floor[side, j], allowed_share(params, j, share))
    set_offer(params, state, side)


@rule
def set_offer(params: Params, state: State, side: int) -> None:
    """Set the standing offer of `side` by the shares in `state.given_up`."""
    for n in range(state.talks):
        j = state.talk[n]
        if is_free(params, state, j):
            own = params.ideal[side, j]
            there = params.ideal[1 - side, j]
            state.offer[side, j] = own + state.given_up[j] * (there - own)


@rule_called_once
def draft(params: Params, state: State, side: int, target: float, weights: Numbers) -> None:
    """Table the draft that the agenda calls for: each article alone, or one package."""
    if params.agenda == AGENDA.ISSUE_BY_ISSUE:
        draft_each_issue(params, state, side, target)
    else:
        draft_package(params, state, side, target, weights)


@rule
def open_articles(params: Params, state: State) -> int:
    """Return the number of provisions that are not agreed."""
    count = 0
    for i in range(params.articles):
        if state.article[i] != ARTICLE.AGREED:
            count += 1
    return count


# --- the frontier


@rule
def frontier_share(params: Params, state: State, share: float) -> float:
    """Draft the efficient package worth `share` to the first party; return the second's share.

    The package stands in ``state.offer[0]``.
    """
    refresh(params, state)
    first = number(0)
    second = number(1)
    draft_package(params, state, first, share, params.weight[1])
    return offer_share(params, state, second, first)
