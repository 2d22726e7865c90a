"""The issues that are bargained over, and utility measured on them alone.

A party's utility over the talks is normalised: 1 when every issue of the talks stands at its own
ideal, 0 when every one stands at the other's. Strategies and acceptance conditions speak in this
measure, so that an affine rescaling of a utility leaves every path as it is.
"""

from sim.codes import AGENDA, ARTICLE
from sim.records import ARTICLES
from sim.rules.compiled import rule
from sim.rules.office import office_effect
from sim.rules.preferences import (
    interim_utility,
    issue_utility,
    preconditions_utility,
    status_quo_value,
    text_utility,
)


@rule
def is_free(params, state, issue):
    """Return whether a draft may still move `issue`.

    Under single undertaking an article closed during the talks binds nobody until all are
    closed; under the other agendas a closed article is closed.
    """
    if not state.in_talks[issue]:
        return False
    if issue >= ARTICLES:
        return True
    if state.article[issue] != ARTICLE.AGREED:
        return True
    return params.agenda == AGENDA.SINGLE_UNDERTAKING


@rule
def issue_at(params, state, n):
    """Return the n-th issue: provisions first, then preconditions."""
    if n < params.articles:
        return n
    return ARTICLES + n - params.articles


@rule
def worst_and_best(params, state, side):
    """Return weighted utility over the talks at the other's ideals and at the own ideals."""
    worst = 0.0
    best = 0.0
    for n in range(params.articles + params.preconditions):
        j = issue_at(params, state, n)
        if state.in_talks[j]:
            weight = params.weight[side, j]
            worst += weight * issue_utility(params, side, j, params.ideal[1 - side, j])
            best += weight
    return worst, best


@rule
def offer_share(params, state, side, author):
    """Return what the standing offer of `author` is worth to `side`, normalised.

    0 the other's ideals, 1 the own; 1 also when nothing is left to bargain over.
    """
    worst, best = worst_and_best(params, state, side)
    if best - worst <= 0.0:
        return 1.0
    total = 0.0
    for n in range(params.articles + params.preconditions):
        j = issue_at(params, state, n)
        if state.in_talks[j]:
            position = state.offer[author, j]
            if not is_free(params, state, j):
                position = state.position[j]
            total += params.weight[side, j] * issue_utility(params, side, j, position)
    return (total - worst) / (best - worst)


@rule
def outside_value(params, state, side):
    """Return the part of a signature's value to `side` that the talks cannot move any more.

    Closed articles, preconditions, concessions outside the text, side payments and office; what
    a signed interim deal already gives is not counted again.
    """
    total = text_utility(params, state, side) + preconditions_utility(params, state, side)
    for n in range(params.articles + params.preconditions):
        j = issue_at(params, state, n)
        if not state.in_talks[j]:
            continue
        if j >= ARTICLES:
            total -= params.weight[side, j] * issue_utility(params, side, j, 0.0)
        elif state.article[j] == ARTICLE.AGREED:
            total -= params.weight[side, j] * issue_utility(params, side, j, state.position[j])
    total += state.banked[side] - state.given[side] + state.side_payment[side]
    if state.interim_week >= 0:
        return total - interim_utility(params, state, side)
    return total + office_effect(params, state, side)


@rule
def reservation_share(params, state, side):
    """Return the least share over the talks that beats the status quo.

    Not clipped: below 0 every package is acceptable, above 1 none is.
    """
    worst, best = worst_and_best(params, state, side)
    if best - worst <= 0.0:
        return 0.0
    needed = status_quo_value(params, state, side) - outside_value(params, state, side)
    return (needed - worst) / (best - worst)
