"""Bargaining solutions, trades across issues, concession curves, and what holds for all of them."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.model.codes import Agenda, Solution, Style
from sim.model.plugins import registry
from sim.model.records import PARAMS_FIELDS
from sim.model.shocks import draw_tape
from sim.theory.minimal_talks import (
    Played,
    minimal_talks,
    play_sample,
    play_talks,
    set_articles,
    set_rule,
)
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


# --- what must hold for every strategy and every scenario

WEEKS = 60
RUNS = 20


def bargain(strategy: str, other: str = "polynomial", status_quo: float = 0.2) -> np.record:
    """Return talks over four articles, weighed differently by two sides with these strategies."""
    params = minimal_talks(horizon=WEEKS, deadline=50.0, reply_rate=0.6, tolerance=1e-4)
    set_articles(params, [0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5])
    params.flow = status_quo * (1.0 - params.discount)
    set_rule(params, 0, "concession", strategy)
    set_rule(params, 1, "concession", other)
    return params


def strategies() -> tuple[str, ...]:
    """Return the names of all concession strategies of this process."""
    return registry().names("concession")


def share_of_strategies(holds: Callable[[str], bool]) -> Sequence[float]:
    """Return the share of strategies for which `holds` is true."""
    return (sum(holds(name) for name in strategies()) / len(strategies()),)


def same_seed(name: str) -> bool:
    """Return whether the same seed plays the same weeks, and by either way of driving them."""
    params = bargain(name)
    tapes = [draw_tape(7, range(1), WEEKS, 0) for _ in range(2)]
    engine = [play_talks(params, tape=tape).history.tobytes() for tape in tapes]
    phases = play_talks(params, tape=tapes[0], drive="phases").history.tobytes()
    return engine[0] == engine[1] == phases


def no_noise(name: str) -> bool:
    """Return whether replicates do not differ once nothing depends on chance."""
    params = bargain(name)
    params.reply_rate = 1.0
    values = {"swing": 0.0} if name == "random_tit_for_tat" else None
    set_rule(params, 0, "concession", name, values)
    final = play_sample(params, RUNS, 8)
    return bool(np.all(final["position"] == final["position"][0]))


def swapped(params: np.record) -> np.record:
    """Return the same talks with the two sides' places exchanged."""
    turned = params.copy()
    for field in PARAMS_FIELDS:
        if field.shape and field.shape[0] == 2:
            turned[field.name] = params[field.name][::-1]
    for name in ("weight", "ideal", "curvature"):
        turned[name][:2] = params[name][:2][::-1]
    turned.first_mover = 1 - params.first_mover
    return turned


def mirrored(name: str) -> bool:
    """Return whether exchanging the sides exchanges the demands and leaves the text as it is."""
    params = bargain(name)
    tape = draw_tape(9, range(1), WEEKS, 0)
    other = tape._replace(weekly=tape.weekly.copy())
    for field in ("reply", "stance", "occasion", "ratifier"):
        other.weekly[field] = tape.weekly[field][..., ::-1]
    here = play_talks(params, tape=tape).history
    there = play_talks(swapped(params), tape=other).history
    return bool(
        np.array_equal(here["position"], there["position"])
        and np.array_equal(here["target"], there["target"][:, ::-1])
        and np.array_equal(here["status"], there["status"])
    )


def rescaled(name: str) -> bool:
    """Return whether measuring one side's utility in another unit leaves every week as it is."""
    params = bargain(name)
    larger = params.copy()
    larger.weight[0] *= 4.0
    larger.flow[0] *= 4.0
    tape = draw_tape(10, range(1), WEEKS, 0)
    here, there = (play_talks(p, tape=tape).history for p in (params, larger))
    return all(
        np.array_equal(here[field], there[field])
        for field in ("position", "target", "status", "gates", "week")
    )


def never_signs(name: str) -> bool:
    """Return whether no run signs when every package is worse than the status quo for a side."""
    params = bargain(name, status_quo=0.85)
    final = play_sample(params, RUNS, 11)
    return bool(np.all(final["signed_week"] < 0) and np.all(final["interim_week"] < 0))


def _row(name: str, holds: Callable[[str], bool]) -> Oracle:
    return exact(name, "Invariance", (1.0,), lambda: share_of_strategies(holds))


INVARIANTS: tuple[Oracle, ...] = (
    _row("same seed, same bytes, by either driver: share of strategies", same_seed),
    _row("nothing by chance, identical replicates: share of strategies", no_noise),
    _row("sides exchanged, mirrored weeks: share of strategies", mirrored),
    _row("utility in another unit, same weeks: share of strategies", rescaled),
    _row("no zone of agreement, no signature: share of strategies", never_signs),
)
