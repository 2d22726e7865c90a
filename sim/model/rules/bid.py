"""The bid: the own iso-utility point that is best for the other side.

With additive preferences that is a knapsack (logrolling; Raiffa 1982, ch. 11): give up first
what brings the other side most per unit of own loss. No outcome is enumerated.
"""

from sim.model.codes import AGENDA, ARTICLE
from sim.model.compiled import rule, rule_called_once
from sim.model.records import Numbers, Params, State
from sim.model.rules.logrolling import give_up_best
from sim.model.rules.worth import is_free, issue_utility


@rule
def loss_of(params: Params, side: int, issue: int, share: float) -> float:
    """Return own weighted loss of giving up `share` of the way to the other's ideal."""
    own = params.ideal[side, issue]
    there = params.ideal[1 - side, issue]
    return params.weight[side, issue] * (
        1.0 - issue_utility(params, side, issue, own + share * (there - own))
    )


@rule
def gain_of(params: Params, side: int, issue: int, share: float, valued: float) -> float:
    """Return the other's weighted gain from that, if its weight on the issue is `valued`."""
    own = params.ideal[side, issue]
    there = params.ideal[1 - side, issue]
    at = issue_utility(params, 1 - side, issue, own + share * (there - own))
    return valued * (at - issue_utility(params, 1 - side, issue, own))


@rule
def allowed_share(params: Params, issue: int, share: float) -> float:
    """Return `share` rounded down to the issue's levels; unchanged on a continuous issue."""
    levels = params.levels[issue]
    if levels < 2:
        return share
    step = 1.0 / (levels - 1)
    return int(share / step + 1e-9) * step


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
            state.loss[j] = loss_of(params, side, j, 1.0)
            state.gain[j] = gain_of(params, side, j, 1.0, weights[j])
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
            budget -= params.weight[side, j] * (
                1.0 - issue_utility(params, side, j, state.position[j])
            )
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
