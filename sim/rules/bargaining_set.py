"""The issues that are bargained over, and utility measured on them alone.

A party's utility over the talks is normalised: 1 when every issue of the talks stands at its own
ideal, 0 when every one stands at the other's. Strategies and acceptance conditions speak in this
measure, so that an affine rescaling of a utility leaves every path as it is.
"""

from sim.codes import AGENDA, ARTICLE
from sim.records import ARTICLES, Params, State
from sim.rules.compiled import rule
from sim.rules.office import office_effect
from sim.rules.preferences import issue_utility


@rule
def is_free(params: Params, state: State, issue: int) -> bool:
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
def leave_talks(state: State, issue: int) -> None:
    """Take an issue out of the talks."""
    state.in_talks[issue] = 0
    state.stale = 1


@rule
def join_talks(state: State, issue: int) -> None:
    """Bring an issue into the talks."""
    state.in_talks[issue] = 1
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
        position = state.offer[author, j] if is_free(params, state, j) else state.position[j]
        total += params.weight[side, j] * issue_utility(params, side, j, position)
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
