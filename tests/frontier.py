"""The efficient frontier of a scenario and its bargaining solutions, without enumeration.

Everything is computed by the rules that the run uses: a point of the frontier is the package
that `sim.model.rules.bid` drafts with the true weights, and the Nash and Kalai-Smorodinsky points
are those that a mediator would table. Utilities are shares over the talks: 1 the own ideal on every
open issue, 0 the other side's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.model.records import STATE
from sim.model.society import no_public

POINTS = 101
"""Points of a frontier."""


@dataclass(frozen=True)
class Point:
    """One package on the frontier."""

    # first, second: share of each party
    first: float
    second: float
    offer: NDArray[np.float64]  # positions of the issues in the talks; shape (ISSUES,)


@dataclass(frozen=True)
class Frontier:
    """The efficient packages of the talks as they open, and the classical solutions."""

    points: tuple[Point, ...]  # from the second party's best to the first party's best
    # share at which each party is as well off as without a treaty; may lie outside [0, 1]
    reservation: tuple[float, float]
    # nash, kalai_smorodinsky, egalitarian, utilitarian: None where no package beats the
    # status quo for both
    nash: Point | None
    kalai_smorodinsky: Point | None
    egalitarian: Point | None
    utilitarian: Point | None


def frontier(params: np.record, points: int = POINTS) -> Frontier:
    """Return the frontier and the solutions of the talks that `params` describe.

    Parameters
    ----------
    params : numpy.record of dtype PARAMS
        For a scenario, from `sim.config.parameters.parameters`.
    points : int
        Number of points, at least 2.

    Returns
    -------
    Frontier
        The egalitarian point equalises gains over the status quo, the utilitarian one maximises
        their sum, both in shares over the talks (Nash 1950; Kalai and Smorodinsky 1975; Kalai
        1977; Harsanyi 1955).

    Raises
    ------
    ValueError
        If fewer than two points are asked for.
    """
    from sim.model.rules.mediation import kalai_smorodinsky_share, nash_share
    from sim.model.rules.worth import reservation_share

    if points < 2:
        raise ValueError(f"a frontier needs at least 2 points, got {points}")
    state = opening_state(params)
    line = efficient(tuple(_point(params, state, x) for x in np.linspace(0.0, 1.0, points)))
    reservation = (
        float(reservation_share(params, state, 0)),
        float(reservation_share(params, state, 1)),
    )
    floors = tuple(min(max(share, 0.0), 1.0) for share in reservation)
    zone = [p for p in line if p.first >= reservation[0] and p.second >= reservation[1]]
    best = _point(params, state, floors[0])
    if max(reservation) > 1.0 or best.second < reservation[1]:
        return Frontier(line, reservation, None, None, None, None)
    candidates = (*zone, best)
    first, second = floors
    nash = _point(params, state, float(nash_share(params, state, first, second, 0.0, 0.0)))
    equal = kalai_smorodinsky_share(params, state, first, second, 0.0)
    fair = _point(params, state, float(equal))
    return Frontier(
        points=line,
        reservation=reservation,
        nash=max((*candidates, nash), key=lambda p: _product(p, floors)),
        kalai_smorodinsky=fair,
        egalitarian=_egalitarian(params, state, floors),
        utilitarian=max(candidates, key=lambda p: p.first + p.second),
    )


def efficient(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Return the points that no other one beats for both parties, by the first share."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.first, p.second), reverse=True):
        if not kept or point.second > kept[-1].second + 1e-12:
            kept.append(point)
    return tuple(reversed(kept))


def opening_state(params: np.record) -> np.record:
    """Return the state of week 0, without types, errors or a public."""
    from sim.model.records import ISSUES
    from sim.model.rules.opening import begin

    state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
    quiet = params.copy()
    quiet.citizens = 0
    publics, nobody = (no_public(), no_public()), np.zeros((3, 0))
    begin(quiet, state, publics, np.ones(2), np.zeros((2, ISSUES)), nobody, nobody)
    return state


def _point(params: np.record, state: np.record, share: float) -> Point:
    from sim.model.rules.bid import frontier_share
    from sim.model.rules.worth import offer_share

    second = float(frontier_share(params, state, share))
    first = float(offer_share(params, state, 0, 0))
    return Point(first, second, np.array(state.offer[0]))


def _product(point: Point, floors: tuple[float, ...]) -> float:
    """Return the Nash product of gains over the floors; negative outside the zone."""
    gains = (point.first - floors[0], point.second - floors[1])
    return gains[0] * gains[1] if min(gains) >= 0.0 else -1.0


def _egalitarian(params: np.record, state: np.record, floors: tuple[float, ...]) -> Point:
    low, high = floors[0], 1.0
    found = _point(params, state, low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        point = _point(params, state, middle)
        if point.first - floors[0] <= point.second - floors[1]:
            low, found = middle, point
        else:
            high = middle
    return found
