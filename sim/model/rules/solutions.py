"""Bargaining solutions on the efficient frontier of the talks, and the mediator's single text.

A package on the frontier is fixed by the first party's share; the rest follows by logrolling
with the true weights. Nash (1950) maximises the product of gains, Kalai and Smorodinsky (1975)
equalise gains relative to the best each could have. Unequal bargaining powers give the asymmetric
forms (Kalai 1977; Thomson 1994). A mediator who has interests of its own (Touval and Zartman 1985)
lets its utility of the treaty into Nash's product, as that of a third party to the bargain.
"""

from sim.model.codes import ACTOR, SOLUTION
from sim.model.compiled import number, rule, rule_called_once
from sim.model.records import Params, State
from sim.model.rules.bid import draft_package
from sim.model.rules.continuation import least_share
from sim.model.rules.worth import is_free, issue_utility, offer_share, refresh

_SCAN = 32
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
def utility_to_mediator(params: Params, state: State) -> float:
    """Return the mediator's utility in [0, 1] of the talks, with the package in ``offer[0]``.

    1 for a mediator without weights on what is bargained over.
    """
    worth = 0.0
    weight = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        own = params.weight[ACTOR.MEDIATOR, j]
        position = state.offer[0, j] if is_free(params, state, j) else state.position[j]
        weight += own
        worth += own * issue_utility(params, number(ACTOR.MEDIATOR), j, position)
    if weight <= 0.0:
        return 1.0
    return worth / weight


@rule
def nash_product(
    params: Params,
    state: State,
    share: float,
    first_floor: float,
    second_floor: float,
    bias: float,
    interest: float,
) -> float:
    """Return ``(s - f)^(1 - bias) (S - g)^(1 + bias) m^interest`` at the first party's share s.

    S is the second party's share on the frontier, f and g are the disagreement shares, m is the
    mediator's utility. Nash's own product has bias and interest 0.
    """
    theirs = max(frontier_share(params, state, share) - second_floor, 0.0)
    product = (share - first_floor) ** (1.0 - bias) * theirs ** (1.0 + bias)
    if interest > 0.0:
        product *= utility_to_mediator(params, state) ** interest
    return product


@rule_called_once
def nash_share(
    params: Params,
    state: State,
    first_floor: float,
    second_floor: float,
    bias: float,
    interest: float,
) -> float:
    """Return the first party's share at the Nash point.

    A scan finds the neighbourhood, since the mediator's utility need not be concave along the
    frontier, and golden section the point in it.

    first_floor, second_floor: disagreement shares over the talks, in [0, 1].
    bias: -1 all power to the first party, 0 Nash's own solution, 1 all to the second.
    interest: power of the mediator's utility in the product; 0 for none.
    """
    best = 0
    highest = -1.0
    step = (1.0 - first_floor) / _SCAN
    for at in range(_SCAN + 1):
        share = first_floor + at * step
        found = nash_product(params, state, share, first_floor, second_floor, bias, interest)
        if found > highest:
            best = at
            highest = found
    low = first_floor + max(best - 1, 0) * step
    high = first_floor + min(best + 1, _SCAN) * step
    for _ in range(_STEPS):
        left = high - _GOLDEN * (high - low)
        right = low + _GOLDEN * (high - low)
        at_left = nash_product(params, state, left, first_floor, second_floor, bias, interest)
        at_right = nash_product(params, state, right, first_floor, second_floor, bias, interest)
        if at_left < at_right:
            low = left
        else:
            high = right
    return 0.5 * (low + high)


@rule_called_once
def kalai_smorodinsky_share(
    params: Params, state: State, first_floor: float, second_floor: float, bias: float
) -> float:
    """Return the first party's share at the Kalai-Smorodinsky point, by bisection.

    The best each could have is what the other's disagreement share leaves on the frontier. With a
    bias the relative gains stand as ``1 - bias`` to ``1 + bias`` instead of being equal.
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
        mine = (middle - first_floor) * (second_best - second_floor) * (1.0 + bias)
        gained = frontier_share(params, state, middle) - second_floor
        theirs = gained * (first_best - first_floor) * (1.0 - bias)
        if mine < theirs:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@rule_called_once
def single_text(params: Params, state: State) -> bool:
    """Leave the mediator's package in ``state.offer[0]`` and return whether there is one.

    No text is tabled where no package beats going on for both.
    """
    refresh(params, state)
    first_floor = min(max(least_share(params, state, number(0)), 0.0), 1.0)
    second_floor = least_share(params, state, number(1))
    if frontier_share(params, state, first_floor) < second_floor:
        return False
    second_floor = max(second_floor, 0.0)
    if params.solution == SOLUTION.NASH:
        share = nash_share(params, state, first_floor, second_floor, params.bias, params.interest)
    else:
        share = kalai_smorodinsky_share(params, state, first_floor, second_floor, params.bias)
    frontier_share(params, state, share)
    return True
