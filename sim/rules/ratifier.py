"""The ratifier's measure of a treaty: the share won of the whole text.

1 when every article stands at the party's own ideal, 0 when every one stands at the other's.
Preconditions and side payments are not in it: they are not what is voted on.
"""

from sim.codes import ARTICLE
from sim.records import Params, State
from sim.rules.compiled import rule
from sim.rules.preferences import issue_utility


@rule
def room(params: Params, side: int, issue: int) -> float:
    """Return what lies between the other's ideal and the own one on an article, in utility."""
    there = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    return params.weight[side, issue] * (1.0 - there)


@rule
def won(params: Params, side: int, issue: int, position: float) -> float:
    """Return how much of that room `position` gives to `side`, in utility."""
    there = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    at = issue_utility(params, side, issue, position)
    return params.weight[side, issue] * (at - there)


@rule
def share_won(params: Params, state: State, side: int) -> float:
    """Return the share of the whole text that `side` has won; 1 if the sides agree on all."""
    total = 0.0
    got = 0.0
    for i in range(params.articles):
        total += room(params, side, i)
        got += won(params, side, i, state.position[i])
    return got / total if total > 0.0 else 1.0


@rule
def best_share_to_leave(params: Params, state: State, side: int, least: float) -> float:
    """Return the share of the talks that it is best to leave to `side`, for the other party.

    If the ratifier's reservation is drawn from U[0, R], a share s of the talks, which makes
    c + k s of the whole text, passes with probability min(1, (c + k s) / R). The other party
    keeps 1 - s, beyond its own reservation `least`, and so does best with
    ``s = min((R - c) / k, (1 - least - c / k) / 2)``, at least 0 (Schelling 1960, ch. 2;
    Iida 1993).
    """
    total = 0.0
    fixed = 0.0
    movable = 0.0
    for i in range(params.articles):
        total += room(params, side, i)
        if state.in_talks[i]:
            movable += room(params, side, i)
        elif state.article[i] == ARTICLE.AGREED:
            fixed += won(params, side, i, state.position[i])
    if movable <= 0.0:
        return 0.0
    enough = (params.ratifier_reservation[side] * total - fixed) / movable
    best = 0.5 * (1.0 - least - fixed / movable)
    return min(max(min(enough, best), 0.0), 1.0)
