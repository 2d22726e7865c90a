"""Bargaining solutions, what trading across issues is worth, and concession curves."""

import math
from collections.abc import Mapping, Sequence

from sim.model.codes import Agenda, Solution, Style
from sim.theory.minimal_talks import Played, minimal_talks, play_talks, set_articles, set_rule
from sim.theory.oracle import Oracle, exact


def mediated_point(solution: Solution) -> Sequence[float]:
    """Let a mediator table one text on the frontier ``u2 = 1 - u1**2``; return both utilities.

    One article, linear loss for the first side and quadratic for the second; both take any text
    that beats the status quo.
    """
    params = minimal_talks(
        style=Style.FORMULATION,
        solution=solution,
        text_rate=1.0,
        pull=1.0,
        edges=3,
    )
    params.curvature[1] = 2.0
    params.edge[:3] = [[0, 1], [2, 0], [2, 1]]
    params.call_rate[1:3] = 1.0
    final = play_talks(params, keep_history=False).state
    x = float(final.position[0])
    return 1.0 - x, 1.0 - (1.0 - x) ** 2


def logrolling(agenda: Agenda) -> Sequence[float]:
    """Let two sides with weights (.8, .2) and (.2, .8) meet; return both utilities of the text.

    Both concede linearly over the same time, so each ends at an even share of what it can see:
    of each issue by itself, or of the package.
    """
    params = minimal_talks(agenda=agenda, horizon=4002, deadline=4000.0, tolerance=1e-3)
    set_articles(params, [0.8, 0.2], [0.2, 0.8])
    for side in range(2):
        set_rule(params, side, "concession", "polynomial", {"beta": 1.0})
    final = play_talks(params, keep_history=False).state
    first, second = (float(x) for x in final.position[:2])
    return 0.8 * (1.0 - first) + 0.2 * (1.0 - second), 0.2 * first + 0.8 * second


_SEARCH = "numerical search of the maximum"

SOLUTIONS: tuple[Oracle, ...] = (
    Oracle(
        "Nash point on u2 = 1 - u1^2",
        "Nash1950",
        (3.0**-0.5, 2.0 / 3.0),
        1e-6,
        _SEARCH,
        lambda: mediated_point(Solution.NASH),
    ),
    Oracle(
        "Kalai-Smorodinsky point on u2 = 1 - u1^2",
        "KalaiSmorodinsky1975",
        ((5.0**0.5 - 1.0) / 2.0, (5.0**0.5 - 1.0) / 2.0),
        1e-6,
        _SEARCH,
        lambda: mediated_point(Solution.KALAI_SMORODINSKY),
    ),
    Oracle(
        "weights (.8,.2)/(.2,.8), issue by issue",
        "Raiffa1982",
        (0.5, 0.5),
        2e-3,
        "weekly drafts, closing tolerance .001",
        lambda: logrolling(Agenda.ISSUE_BY_ISSUE),
    ),
    Oracle(
        "weights (.8,.2)/(.2,.8), package",
        "Raiffa1982",
        (0.8, 0.8),
        2e-3,
        "weekly drafts, closing tolerance .001",
        lambda: logrolling(Agenda.SINGLE_UNDERTAKING),
    ),
)


# --- concession curves, where they cross, imitation, and MiCRO

_WEEKS = 100


def curve(name: str, values: Mapping[str, float], times: Sequence[float]) -> Sequence[float]:
    """Return the shares that the first side has conceded at `times` of its perceived time."""
    params = minimal_talks(horizon=_WEEKS + 1)
    params.deadline[0] = _WEEKS
    set_rule(params, 0, "concession", name, values)
    set_rule(params, 1, "acceptance", "ac_const", {"level": 1.0})
    history = play_talks(params).history
    return [1.0 - float(history[round(t * _WEEKS)].target[0]) for t in times]


def crossing(first_beta: float, second_beta: float) -> Sequence[float]:
    """Return when two polynomial demands meet, as a share of the time, and the first's share."""
    weeks = 20000
    params = minimal_talks(horizon=weeks, deadline=float(weeks))
    for side, beta in enumerate((first_beta, second_beta)):
        set_rule(params, side, "concession", "polynomial", {"beta": beta})
    final = play_talks(params, keep_history=False).state
    return float(final.text_week) / weeks, 1.0 - float(final.position[0])


def against_falling_price(
    name: str, values: Mapping[str, float], bounds: float = 70.0
) -> list[float]:
    """Return the imitator's offers in turn, as prices, to a side that asks 100, 90, 80, 70.

    The imitator first offers 50 and pays at most `bounds`.
    """
    params = minimal_talks(horizon=8)
    params.deadline[0] = 20.0
    params.flow[1] = (1.0 - bounds / 100.0) * (1.0 - params.discount[1])
    set_rule(params, 0, "concession", "polynomial", {"beta": 1.0})
    set_rule(params, 1, "concession", name, {"opening": 0.5, **values})
    for side in range(2):
        set_rule(params, side, "acceptance", "ac_const", {"level": 1.0})
    history = play_talks(params).history
    return [100.0 * (1.0 - float(history[week].demanded[1, 0])) for week in (1, 3, 5, 7)]


def averaged_less_relative() -> Sequence[float]:
    """Return how far averaged (window 1) and relative tit-for-tat (lag 1) ever differ."""
    averaged = against_falling_price("averaged_tit_for_tat", {"window": 1.0})
    relative = against_falling_price("relative_tit_for_tat", {"lag": 1.0})
    return (max(abs(a - b) for a, b in zip(averaged, relative, strict=True)),)


def two_imitators() -> Sequence[float]:
    """Return how far the demands of two imitators move in two years after the first drafts."""
    params = minimal_talks(horizon=104)
    for side in range(2):
        set_rule(params, side, "concession", "relative_tit_for_tat", {"opening": 0.1})
    history = play_talks(params).history
    demands = [float(row.demanded[side, 0]) for row in history[2:] for side in range(2)]
    return (max(demands) - min(demands),)


def micro_meeting(outcomes: int) -> Sequence[float]:
    """Return on which of so many strictly opposed outcomes two MiCRO sides agree."""
    params = minimal_talks(horizon=3 * outcomes)
    params.levels[0] = outcomes
    for side in range(2):
        set_rule(params, side, "concession", "micro", {"levels": float(outcomes)})
    played: Played = play_talks(params, keep_history=False)
    if played.state.text_week < 0:
        return (math.nan,)
    return (float(played.state.position[0]) * (outcomes - 1),)


_QUARTERS = (0.25, 0.5, 0.75)
_WEEKLY = "a draft a week, 20,000 weeks"

CURVES: tuple[Oracle, ...] = (
    exact(
        "polynomial, beta .2, conceded at t = .25, .5, .75",
        "Faratin1998",
        (1.0 / 1024.0, 1.0 / 32.0, 243.0 / 1024.0),
        lambda: curve("polynomial", {"beta": 0.2}, _QUARTERS),
    ),
    Oracle(
        "polynomial, beta 5, conceded at t = .25, .5, .75",
        "Faratin1998",
        (0.757858, 0.870551, 0.944088),
        5e-7,
        "published to six digits",
        lambda: curve("polynomial", {"beta": 5.0}, _QUARTERS),
    ),
    Oracle(
        "exponential, kappa .1, beta 1, conceded at t = 0, .25, .5, .75, 1",
        "Faratin1998",
        (0.1, 0.177828, 0.316228, 0.562341, 1.0),
        5e-7,
        "published to six digits",
        lambda: curve("exponential", {"kappa": 0.1, "beta": 1.0}, (0.0, *_QUARTERS, 1.0)),
    ),
    Oracle(
        "crossing of beta (.2, .2): time, first share",
        "Faratin1998",
        (0.870551, 0.5),
        5e-4,
        _WEEKLY,
        lambda: crossing(0.2, 0.2),
    ),
    Oracle(
        "crossing of beta (.2, 5): time, Boulware's share",
        "Faratin1998",
        (0.619579, 0.908697),
        5e-4,
        _WEEKLY,
        lambda: crossing(0.2, 5.0),
    ),
    exact(
        "relative tit-for-tat, opponent 100, 90, own 50",
        "Faratin1998",
        (50.0, 500.0 / 9.0),
        lambda: against_falling_price("relative_tit_for_tat", {"lag": 1.0})[:2],
    ),
    exact(
        "absolute tit-for-tat (M = 0), opponent 100, 90, own 50",
        "Faratin1998",
        (50.0, 60.0),
        lambda: against_falling_price("random_tit_for_tat", {"lag": 1.0, "swing": 0.0})[:2],
    ),
    exact(
        "averaged tit-for-tat (window 2), opponent 100, 90, 80, own 50",
        "Faratin1998",
        (50.0, 50.0, 62.5),
        lambda: against_falling_price("averaged_tit_for_tat", {"window": 2.0})[:3],
    ),
    exact(
        "tit-for-tat is held at its bound of 70",
        "Faratin1998",
        (70.0,),
        lambda: against_falling_price("random_tit_for_tat", {"lag": 1.0, "swing": 0.0})[3:],
    ),
    exact(
        "averaged tit-for-tat with window 1 less relative tit-for-tat",
        "Faratin1998",
        (0.0,),
        averaged_less_relative,
    ),
    exact("movement of two tit-for-tats with no mover", "Faratin1998", (0.0,), two_imitators),
    exact("MiCRO, 5 opposed outcomes", "deJonge2022", (2.0,), lambda: micro_meeting(5)),
    exact("MiCRO, 11 opposed outcomes", "deJonge2022", (5.0,), lambda: micro_meeting(11)),
    exact("MiCRO, 101 opposed outcomes", "deJonge2022", (50.0,), lambda: micro_meeting(101)),
)
