"""Bargaining solutions on the efficient frontier of the talks.

A package on the frontier is fixed by the first party's share; the rest follows by logrolling
with the true weights. Nash (1950) maximises the product of gains, Kalai and Smorodinsky (1975)
equalise gains relative to the best each could have.
"""

from sim.codes import SOLUTION
from sim.records import Params, State
from sim.rules.bargaining_set import offer_share, reservation_share
from sim.rules.bid import draft_package
from sim.rules.compiled import number, rule
from sim.rules.standing import refresh

_STEPS = 60
_GOLDEN = 0.6180339887498949


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


@rule
def nash_share(params: Params, state: State, first_floor: float, second_floor: float) -> float:
    """Return the first party's share at the Nash point, by golden-section search.

    Parameters
    ----------
    first_floor, second_floor : float
        Disagreement shares over the talks, in [0, 1].
    """
    low = first_floor
    high = 1.0
    for _ in range(_STEPS):
        left = high - _GOLDEN * (high - low)
        right = low + _GOLDEN * (high - low)
        at_left = (left - first_floor) * max(
            frontier_share(params, state, left) - second_floor, 0.0
        )
        at_right = (right - first_floor) * max(
            frontier_share(params, state, right) - second_floor, 0.0
        )
        if at_left < at_right:
            low = left
        else:
            high = right
    return 0.5 * (low + high)


@rule
def kalai_smorodinsky_share(
    params: Params, state: State, first_floor: float, second_floor: float
) -> float:
    """Return the first party's share at the Kalai-Smorodinsky point, by bisection.

    The best each could have is what the other's disagreement share leaves on the frontier.
    """
    second_best = frontier_share(params, state, first_floor)
    low = first_floor
    high = 1.0
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        if frontier_share(params, state, middle) >= second_floor:
            low = middle
        else:
            high = middle
    first_best = low
    low = first_floor
    high = first_best
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        mine = (middle - first_floor) * (second_best - second_floor)
        theirs = (frontier_share(params, state, middle) - second_floor) * (first_best - first_floor)
        if mine < theirs:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@rule
def single_text(params: Params, state: State) -> bool:
    """Leave the mediator's package in ``state.offer[0]`` and return whether there is one.

    No text is tabled where no package beats the status quo for both.
    """
    refresh(params, state)
    first_floor = min(max(reservation_share(params, state, number(0)), 0.0), 1.0)
    second_floor = reservation_share(params, state, number(1))
    if frontier_share(params, state, first_floor) < second_floor:
        return False
    second_floor = max(second_floor, 0.0)
    if params.solution == SOLUTION.NASH:
        share = nash_share(params, state, first_floor, second_floor)
    else:
        share = kalai_smorodinsky_share(params, state, first_floor, second_floor)
    frontier_share(params, state, share)
    return True
