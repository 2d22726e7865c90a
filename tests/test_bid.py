"""The bid is efficient: no package within the same own loss brings the other side more.

Compared with brute force over a grid of packages, and with SciPy's mixed-integer solver.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from sim.config.compose import compose
from sim.config.parameters import parameters
from sim.model.rules.bid import draft_package
from sim.model.rules.wordings import MOST_STEPS
from sim.model.rules.worth import offer_share
from sim.theory.minimal_talks import minimal_talks, set_articles
from tests.frontier import frontier, opening_state

Floats = NDArray[np.float64]


def talks(first: list[float], second: list[float], levels: list[int], curves: tuple[float, float]):
    """Return opposed issues with these weights, wordings and curvatures."""
    params = minimal_talks()
    set_articles(params, list(np.array(first) / sum(first)), list(np.array(second) / sum(second)))
    params.levels[: len(levels)] = levels
    params.curvature[:2] = curves
    return params


def bid(params, side: int, target: float) -> tuple[float, float]:
    """Return what the bid of `side` at `target` is worth to itself and to the other."""
    state = opening_state(params)
    draft_package(params, state, side, target, params.weight[1 - side])
    assert np.all((state.offer[side] >= -1e-12) & (state.offer[side] <= 1.0 + 1e-12))
    for j in range(int(params.articles)):
        if params.levels[j]:
            steps = state.offer[side, j] * (params.levels[j] - 1)
            assert steps == pytest.approx(round(float(steps)), abs=1e-9)
    own, other = (float(offer_share(params, state, who, side)) for who in (side, 1 - side))
    return own, other


def largest_gain(params, target: float, grid: int = 13) -> float:
    """Return the most that the other side can have at `target`, over a grid of packages."""
    count = int(params.articles)
    axes = [np.linspace(0, 1, int(params.levels[j]) or grid) for j in range(count)]
    given_up = np.array(list(itertools.product(*axes)))
    own = ((1.0 - given_up ** params.curvature[0]) * params.weight[0, :count]).sum(1)
    other = ((1.0 - (1.0 - given_up) ** params.curvature[1]) * params.weight[1, :count]).sum(1)
    return float(other[own >= target - 1e-9].max())


def drawn(rng: np.random.Generator, count: int, alike: bool) -> tuple[list[float], list[float]]:
    """Return weights of both sides, of three kinds if `alike`."""
    first, second = (
        rng.choice([0.1, 0.2, 0.4], count) if alike else rng.dirichlet(np.ones(count))
        for _ in range(2)
    )
    return list(first), list(second)


WEIGHTS = st.lists(st.floats(0.05, 1.0), min_size=4, max_size=4)
TARGET = st.floats(0.05, 0.95)


@settings(max_examples=150, deadline=None)
@given(
    WEIGHTS,
    WEIGHTS,
    st.lists(st.sampled_from([0, 0, 2, 3, 5]), min_size=4, max_size=4),
    st.sampled_from([(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (1.3, 1.8)]),
    TARGET,
)
def test_bid_against_brute_force(first, second, levels, curves, target) -> None:
    params = talks(first, second, levels, curves)
    own, other = bid(params, 0, target)
    assert own >= target - 1e-9
    # The Nash product at the bidder's target is the target times what is left for the other.
    assert own * other >= 0.99 * target * largest_gain(params, target)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (1.3, 1.8)]),
    TARGET,
    st.booleans(),
)
def test_bid_over_wordings_against_brute_force(seed, curves, target, alike) -> None:
    """Seven issues with two to four wordings each, of like weights half the time."""
    rng = np.random.default_rng(seed)
    params = talks(*drawn(rng, 7, alike), list(rng.integers(2, 5, 7)), curves)
    own, other = bid(params, 0, target)
    assert own >= target - 1e-9
    assert other >= 0.99 * largest_gain(params, target) - 1e-9


def test_two_steps_of_one_price_are_both_weighed() -> None:
    """Their prices differ by rounding alone; one is left out only if the budget says so."""
    params = talks([1.0, 1.0, 1.0, 0.75], [1.0, 0.5, 1.0, 0.75], [0, 0, 3, 3], (1.0, 2.0))
    own, other = bid(params, 0, 0.75)
    assert own * other >= 0.99 * 0.75 * largest_gain(params, 0.75)


def solver(losses: Floats, gains: Floats, levels: NDArray[np.int64], budget: float) -> float:
    """Return the largest gain within a budget by mixed-integer programming, linear losses.

    Without presolve: with it HiGHS calls one in two thousand of these problems infeasible.
    """
    steps = np.where(levels >= 2, levels - 1, 1)
    found = milp(
        c=-gains / steps,
        constraints=LinearConstraint((losses / steps)[None, :], -np.inf, budget),
        integrality=(levels >= 2).astype(int),
        bounds=Bounds(0, np.where(levels >= 2, steps, 1.0)),
        options={"presolve": False},
    )
    return float(-found.fun)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), TARGET)
def test_bid_over_19_issues_against_a_solver(seed: int, target: float) -> None:
    """Sixteen articles, some with a few wordings, and three yes-or-no issues."""
    rng = np.random.default_rng(seed)
    first, second = rng.dirichlet(np.ones(19)), rng.dirichlet(np.ones(19))
    levels = rng.choice([0, 0, 2, 3, 5], 19)
    levels[16:] = 2
    params = talks(list(first), list(second), list(levels), (1.0, 1.0))
    own, other = bid(params, 0, target)
    best = solver(params.weight[0, :19], params.weight[1, :19], levels, 1.0 - target)
    assert own >= target - 1e-9
    assert other >= 0.99 * best - 1e-9


def best_of_steps(params, target: float, parts: int = 20) -> float:
    """Return the largest gain within the loss that `target` allows, each step an item of its own.

    An issue that takes any share has `parts` steps, of which the solver may give a part. It may
    take a step without the one before it, but gains nothing by that: losses grow.
    """
    losses, gains, steps = [], [], []
    for j in range(int(params.articles)):
        levels = int(params.levels[j])
        share = np.linspace(0.0, 1.0, levels or parts + 1)
        losses += list(params.weight[0, j] * np.diff(share ** params.curvature[0]))
        gains += list(-params.weight[1, j] * np.diff((1.0 - share) ** params.curvature[1]))
        steps += [2 if levels else 0] * (len(share) - 1)
    return solver(np.array(losses), np.array(gains), np.array(steps), 1.0 - target)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (1.3, 1.8)]),
    TARGET,
    st.booleans(),
)
def test_bid_over_16_issues_with_wordings_against_a_solver(seed, curves, target, alike) -> None:
    """Of like weights half the time: then many steps are the same, and many ratios."""
    rng = np.random.default_rng(seed)
    params = talks(*drawn(rng, 16, alike), list(rng.integers(2, 7, 16)), curves)
    own, other = bid(params, 0, target)
    assert own >= target - 1e-9
    assert other >= 0.99 * best_of_steps(params, target) - 1e-9


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([(1.0, 1.0), (1.0, 2.0), (2.0, 1.0), (2.0, 2.0), (1.3, 1.8)]),
    TARGET,
    st.integers(1, 15),
    st.booleans(),
)
def test_bid_over_16_issues_of_which_some_take_any_share(seed, curves, target, any_share, alike):
    """What wordings leave of the budget goes to the other issues, and none of it is lost."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(2, 7, 16)
    levels[rng.permutation(16)[:any_share]] = 0
    params = talks(*drawn(rng, 16, alike), list(levels), curves)
    own, other = bid(params, 0, target)
    assert own >= target - 1e-9
    assert other >= 0.999 * best_of_steps(params, target) - 1e-9


@pytest.mark.parametrize("levels", [1 + MOST_STEPS // 8, 2 + MOST_STEPS // 8, 200])
@pytest.mark.parametrize("any_share", [0, 2])
@pytest.mark.parametrize("curves", [(1.0, 1.0), (2.0, 1.5)])
def test_most_steps_that_are_weighed_and_more(levels: int, any_share: int, curves) -> None:
    """Of more, those near the divided package alone are; both find the best package."""
    weights = np.random.default_rng(3).dirichlet(np.ones(8 + any_share), 2)
    wordings = [levels] * 8 + [0] * any_share
    params = talks(list(weights[0]), list(weights[1]), wordings, curves)
    for target in (0.2, 0.5, 0.9):
        own, other = bid(params, 0, target)
        assert own >= target - 1e-9
        assert other >= 0.999 * best_of_steps(params, target)


@pytest.mark.parametrize("part", [0, 1, 3, 4])
def test_a_budget_that_a_step_just_spends_is_spent(part: int) -> None:
    """Three issues of four wordings: a ninth of the loss each, of which no sum is exact."""
    params = talks([1.0, 1.0, 1.0], [3.0, 2.0, 1.0], [4, 4, 4], (1.0, 1.0))
    given = [3, min(part, 3), max(part - 3, 0)]
    own, other = bid(params, 0, 1.0 - sum(given) / 9)
    assert own == pytest.approx(1.0 - sum(given) / 9, abs=1e-12)
    assert other == pytest.approx(np.dot(given, [3, 2, 1]) / 18, abs=1e-12)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("target", np.linspace(0.05, 0.95, 19))
def test_bid_of_the_default_scenario(side: int, target: float) -> None:
    """All 17 provisions open, and the preconditions that are demanded."""
    params = parameters(compose())
    params.start_status[: params.articles] = 0
    state = opening_state(params)
    issues = state.talk[: state.talks]
    draft_package(params, state, side, target, params.weight[1 - side])
    own, other = (float(offer_share(params, state, who, side)) for who in (side, 1 - side))
    losses, gains = (
        params.weight[who, issues]
        * np.abs(params.ideal[0, issues] - params.ideal[1, issues])
        / np.maximum(params.ideal[who, issues], 1.0 - params.ideal[who, issues])
        for who in (side, 1 - side)
    )
    best = solver(losses, gains, params.levels[issues], (1.0 - target) * losses.sum())
    assert own >= target - 1e-9
    assert own * other >= 0.99 * target * best / gains.sum()


def test_what_has_been_given_up_for_good_stays_given_up() -> None:
    params = talks([1, 1, 1], [3, 1, 1], [0, 3, 0], (1.0, 1.0))
    state = opening_state(params)
    state.floor[0, 1] = 0.3
    draft_package(params, state, 0, 0.99, params.weight[1])
    assert list(state.offer[0, :3]) == [0.0, 0.5, 0.0]


@pytest.mark.parametrize("curves", [(1.0, 1.0), (2.0, 2.0)])
def test_a_share_given_up_for_good_is_paid_for_once(curves) -> None:
    """Beside an issue with wordings the other shares spend what is left to the last."""
    params = talks([1, 1, 1], [3, 1, 2], [0, 3, 0], curves)
    state = opening_state(params)
    state.floor[0, 0] = 0.4
    draft_package(params, state, 0, 0.45, params.weight[1])
    assert float(offer_share(params, state, 0, 0)) == pytest.approx(0.45, abs=1e-9)


@pytest.mark.parametrize("curves", [(1.0, 1.0), (2.0, 2.0)])
def test_steps_go_on_from_what_has_been_given_up_for_good(curves) -> None:
    """A worse issue has been given up to its second wording; the better one still comes first."""
    params = talks([1, 1], [1, 3], [5, 5], curves)
    state = opening_state(params)
    state.floor[0, 0] = 0.2
    lost = 0.5 * (0.25 ** curves[0] + 0.75 ** curves[0])
    draft_package(params, state, 0, 1.0 - lost, params.weight[1])
    assert list(state.offer[0, :2]) == [0.25, 0.75]


# --- frontier and solutions


def quadratic() -> object:
    """Return the talks of the textbook frontier u2 = 1 - u1^2."""
    params = minimal_talks()
    params.curvature[1] = 2.0
    return params


def test_solutions_of_the_textbook_frontier() -> None:
    found = frontier(quadratic())
    assert found.nash is not None
    assert found.nash.first == pytest.approx(3**-0.5, abs=1e-6)
    golden = (5**0.5 - 1) / 2
    assert found.kalai_smorodinsky.first == pytest.approx(golden, abs=1e-9)
    assert found.egalitarian.first == pytest.approx(golden, abs=1e-9)
    assert found.utilitarian.first == pytest.approx(0.5, abs=1e-2)
    for point in found.points:
        assert point.second == pytest.approx(1.0 - point.first**2, abs=1e-9)


def test_solutions_of_the_logrolling_square() -> None:
    """Weights (.8, .2) and (.2, .8): every solution gives each side what it cares for."""
    found = frontier(talks([0.8, 0.2], [0.2, 0.8], [0, 0], (1.0, 1.0)))
    for point in (found.nash, found.kalai_smorodinsky, found.egalitarian, found.utilitarian):
        assert (point.first, point.second) == pytest.approx((0.8, 0.8), abs=1e-6)


def test_discrete_frontier_is_the_pareto_set_of_all_packages() -> None:
    params = talks([0.5, 0.3, 0.2], [0.2, 0.25, 0.55], [2, 3, 2], (1.0, 1.0))
    found = frontier(params, 1001)
    axes = [np.linspace(0, 1, n) for n in (2, 3, 2)]
    all_given = np.array(list(itertools.product(*axes)))
    pairs = [
        (float((1 - g) @ params.weight[0, :3]), float(g @ params.weight[1, :3])) for g in all_given
    ]
    pareto = {
        (round(a, 9), round(b, 9))
        for a, b in pairs
        if not any(c >= a - 1e-12 and d >= b - 1e-12 and c + d > a + b + 1e-9 for c, d in pairs)
    }
    assert {(round(p.first, 9), round(p.second, 9)) for p in found.points} == pareto
    assert found.nash.first * found.nash.second == pytest.approx(max(a * b for a, b in pareto))


def test_no_solution_without_a_zone_of_agreement() -> None:
    params = minimal_talks()
    params.flow = 0.6 * (1.0 - params.discount)
    found = frontier(params)
    assert found.nash is None
    assert found.utilitarian is None
    assert found.points


def test_a_frontier_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        frontier(minimal_talks(), 1)
