"""Bargaining solutions, and what trading across issues is worth."""

from collections.abc import Sequence

from sim.model.codes import Agenda, Solution, Style
from sim.theory.minimal_talks import minimal_talks, play_talks, set_articles, set_rule
from sim.theory.oracle import Oracle


def mediated_point(solution: Solution) -> Sequence[float]:
    """Let a mediator table one text on the frontier ``u2 = 1 - u1**2``; return both utilities.

    One article, linear loss for the first side and quadratic for the second; both take any text
    that beats the status quo.
    """
    params = minimal_talks(
        curvature=[1.0, 2.0, 1.0, 1.0],
        style=Style.FORMULATION,
        solution=solution,
        text_rate=1.0,
        pull=1.0,
        edges=3,
    )
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
