"""Games with known answers, and random ones against nashpy."""

import nashpy
import numpy as np
import pytest
from scipy.optimize import linprog

from sim.analysis.equilibria import (
    dominated,
    nash_equilibria,
    pure_equilibria,
    undominated,
)

PENNIES = np.array([[1.0, -1.0], [-1.0, 1.0]])
SEXES = (np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 2.0]]))
DILEMMA = (np.array([[3.0, 0.0], [5.0, 1.0]]), np.array([[3.0, 5.0], [0.0, 1.0]]))


def test_matching_pennies() -> None:
    solution = nash_equilibria(PENNIES, -PENNIES)
    (only,) = solution.equilibria
    np.testing.assert_allclose(only.rows, [0.5, 0.5])
    np.testing.assert_allclose(only.columns, [0.5, 0.5])
    assert not only.pure
    assert solution.complete


def test_battle_of_the_sexes() -> None:
    solution = nash_equilibria(*SEXES)
    found = [(*e.rows.round(9), *e.columns.round(9)) for e in solution.equilibria]
    assert (1, 0, 1, 0) in found
    assert (0, 1, 0, 1) in found
    mixed = next(e for e in solution.equilibria if not e.pure)
    np.testing.assert_allclose(mixed.rows, [2 / 3, 1 / 3])
    np.testing.assert_allclose(mixed.columns, [1 / 3, 2 / 3])
    assert len(found) == 3


def test_prisoners_dilemma() -> None:
    solution = nash_equilibria(*DILEMMA)
    assert [e.support for e in solution.equilibria] == [((1,), (1,))]
    (lost,) = dominated(DILEMMA[0])
    assert lost.strategy == 0
    np.testing.assert_allclose(lost.by, [0, 1])
    assert undominated(*DILEMMA) == ([1], [1])


def test_ten_by_ten_hide_and_seek() -> None:
    """One hides in ten places and one seeks: the only equilibrium is even mixing."""
    solution = nash_equilibria(np.eye(10), -np.eye(10))
    (only,) = solution.equilibria
    np.testing.assert_allclose(only.rows, np.full(10, 0.1), atol=1e-9)
    np.testing.assert_allclose(only.columns, np.full(10, 0.1), atol=1e-9)
    assert solution.complete


def test_ten_by_ten_coordination() -> None:
    """Each non-empty set of places to meet is an equilibrium: 2^10 - 1 of them."""
    assert len(nash_equilibria(np.eye(10), np.eye(10)).equilibria) == 2**10 - 1


def test_ten_by_ten_with_dominated_rows_is_solved_by_elimination() -> None:
    first, second = np.zeros((10, 10)), np.zeros((10, 10))
    first[:2, :2], second[:2, :2] = SEXES
    first[2:], second[:, 2:] = -1.0 - np.arange(8)[:, None], -1.0
    assert len(nash_equilibria(first, second).equilibria) == 3


def test_large_games_say_how_far_they_were_searched() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.random((40, 40)), rng.random((40, 40))
    # Each row is best against some column, so that nothing is dominated.
    solution = nash_equilibria(first + 5 * np.eye(40), second + 5 * np.eye(40))
    assert not solution.complete
    assert solution.largest >= 1
    assert sum(e.pure for e in solution.equilibria) == 40


@pytest.mark.filterwarnings("ignore:\\s*An even number:RuntimeWarning")
@pytest.mark.parametrize("seed", range(12))
def test_random_games_have_the_equilibria_of_nashpy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 6)), int(rng.integers(2, 6)))
    first, second = rng.random(shape), rng.random(shape)
    expected = {
        (*np.round(x, 6), *np.round(y, 6))
        for x, y in nashpy.Game(first, second).support_enumeration()
    }
    found = {
        (*np.round(e.rows, 6), *np.round(e.columns, 6))
        for e in nash_equilibria(first, second).equilibria
    }
    # nashpy now and then loses one to rounding; without ties there is an odd number (Wilson 1971).
    assert expected <= found
    assert len(found) % 2 == 1
    for x, y in nash_equilibria(first, second).equilibria:
        assert (first @ y).max() <= x @ first @ y + 1e-9
        assert (x @ second).max() <= x @ second @ y + 1e-9


def test_domination_by_a_mixture() -> None:
    payoffs = np.array([[4.0, 0.0], [0.0, 4.0], [1.0, 1.0]])
    (lost,) = dominated(payoffs)
    assert lost.strategy == 2
    np.testing.assert_allclose(lost.by, [0.5, 0.5, 0.0], atol=1e-6)


def test_who_is_dominated_is_what_the_search_for_a_mixture_says_of_every_row() -> None:
    """Also of those that are passed over because they are best replies to some belief."""
    rng = np.random.default_rng(8)
    seen = set()
    for _ in range(60):
        payoffs = rng.integers(0, 6, (4, 3)).astype(float)
        found = {entry.strategy for entry in dominated(payoffs)}
        for row, own in enumerate(payoffs):
            others = np.delete(payoffs, row, axis=0)
            # The largest margin by which a mixture of the others pays more against each column.
            solved = linprog(
                [0.0] * 3 + [-1.0],
                np.column_stack([-others.T, np.ones(3)]),
                -own,
                [[1.0, 1.0, 1.0, 0.0]],
                [1.0],
                [(0.0, None)] * 3 + [(None, None)],
            )
            assert (row in found) == (solved.x[-1] > 1e-7)
            seen.add(row in found)
    assert seen == {True, False}


def test_equal_payoffs_dominate_nothing() -> None:
    assert dominated(np.ones((3, 3))) == []
    assert nash_equilibria(np.ones((2, 2)), np.ones((2, 2))).degenerate


def test_pure_equilibria_of_many_games_at_once() -> None:
    games = np.stack([SEXES[0], DILEMMA[0]]), np.stack([SEXES[1], DILEMMA[1]])
    found = pure_equilibria(*games)
    assert found[0].tolist() == [[True, False], [False, True]]
    assert found[1].tolist() == [[False, False], [False, True]]
