"""Two-player games in normal form: equilibria and dominance.

Everything here takes two payoff matrices, rows the first player's strategies and columns the
second's. nashpy serves as a reference in the tests only: its support enumeration takes seconds from
8 by 8 on, where solving thousands of supports at once takes a fraction of one, and its Lemke-Howson
algorithm does not end on a game of one pair of strategies.
"""

import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]

TOLERANCE = 1e-9
"""Payoffs that differ by less count as equal."""
MOST_SUPPORTS = 250_000
"""Most pairs of supports that are tried, small ones first; a game of 10 by 10 has 184,755."""


class Equilibrium(NamedTuple):
    """A Nash equilibrium: a mixture of rows and one of columns."""

    rows: Floats
    columns: Floats

    @property
    def support(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Strategies that are played with a positive share."""
        one, other = (tuple(int(k) for k in np.flatnonzero(s > 1e-6)) for s in self)
        return one, other

    @property
    def pure(self) -> bool:
        """Whether both sides play one strategy."""
        one, other = self.support
        return len(one) == len(other) == 1


class Solution(NamedTuple):
    """Equilibria that were found."""

    equilibria: tuple[Equilibrium, ...]  # pure ones first
    # largest size of the supports that were tried, after dominated strategies were removed
    largest: int
    # whether all of them were tried; in a game without ties there are no other equilibria
    complete: bool
    # whether some strategy has more best replies than it has strategies in its support, so
    # that there can be infinitely many equilibria
    degenerate: bool


def best_replies(first: Floats, second: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where rows are best replies to columns, and columns to rows.

    Payoffs have the shape (..., rows, columns); leading axes hold further games.
    """
    to_columns = first >= first.max(axis=-2, keepdims=True) - TOLERANCE
    to_rows = second >= second.max(axis=-1, keepdims=True) - TOLERANCE
    return to_columns, to_rows


def pure_equilibria(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Return which pairs of pure strategies are Nash equilibria, shaped like the payoffs."""
    to_columns, to_rows = best_replies(first, second)
    return to_columns & to_rows


def nash_equilibria(first: Floats, second: Floats) -> Solution:
    """Find Nash equilibria by enumeration of supports.

    Strictly dominated strategies are removed first, which loses none. In a game without ties an
    equilibrium has supports of equal size on both sides.
    """
    rows, columns = undominated(first, second)
    a, b = first[np.ix_(rows, columns)], second[np.ix_(rows, columns)]
    found: list[Equilibrium] = []
    tried, largest = 0, 0
    for size in range(1, min(a.shape) + 1):
        tried += math.comb(a.shape[0], size) * math.comb(a.shape[1], size)
        if tried > MOST_SUPPORTS:
            break
        largest = size
        found += _with_supports_of(size, a, b)
    # What was removed is played with a share of 0.
    all_rows, all_columns = (
        np.eye(n)[kept] for n, kept in zip(first.shape, (rows, columns), strict=True)
    )
    whole = tuple(Equilibrium(e.rows @ all_rows, e.columns @ all_columns) for e in found)
    every = largest == min(a.shape)
    return Solution(whole, largest, every, any(_is_degenerate(a, b, e) for e in found))


def _with_supports_of(size: int, first: Floats, second: Floats) -> list[Equilibrium]:
    of_rows = np.array(list(itertools.combinations(range(len(first)), size)))
    of_columns = np.array(list(itertools.combinations(range(first.shape[1]), size)))
    found: list[Equilibrium] = []
    # Some thousand pairs of supports at once.
    for part in np.array_split(of_rows, max(1, len(of_rows) * len(of_columns) // 20_000)):
        rows = np.repeat(part, len(of_columns), axis=0)
        columns = np.tile(of_columns, (len(part), 1))
        one, other = (np.broadcast_to(p, (len(rows), *p.shape)) for p in (first, second))
        x, y, holds = equilibria_on(one, other, rows, columns)
        found += [Equilibrium(x[n], y[n]) for n in np.flatnonzero(holds)]
    return found


def equilibria_on(
    first: Floats, second: Floats, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Solve many games, each on one pair of supports.

    Payoffs have the shape (games, all rows, all columns); the played strategies `rows` and
    `columns` have the shape (games, size).

    Returns mixtures that make the other side indifferent among its played strategies, and whether
    they are an equilibrium: shares positive, and no strategy does better.
    """
    y, row_value, one = _indifferent(first, rows, columns)
    x, column_value, other = _indifferent(np.swapaxes(second, 1, 2), columns, rows)
    best_row = np.einsum("gij,gj->gi", first, y).max(axis=1)
    best_column = np.einsum("gij,gi->gj", second, x).max(axis=1)
    holds = one & other
    holds &= best_row <= row_value + TOLERANCE
    holds &= best_column <= column_value + TOLERANCE
    return x, y, holds


def _indifferent(
    payoffs: Floats, own: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the other side's mixtures to which all own strategies of a support pay the same.

    With what they pay, shape (games,), and whether they exist with positive shares.
    """
    games, size = own.shape
    each = np.arange(games)[:, np.newaxis, np.newaxis]
    system = np.zeros((games, size + 1, size + 1))
    system[:, :size, :size] = payoffs[each, own[:, :, np.newaxis], others[:, np.newaxis, :]]
    system[:, :size, size] = -1.0
    system[:, size, :size] = 1.0
    regular = np.abs(np.linalg.det(system)) > 1e-14
    system[~regular] = np.eye(size + 1)
    right = np.zeros((games, size + 1, 1))
    right[:, size] = 1.0
    solved = np.linalg.solve(system, right)[..., 0]
    mixtures = np.zeros((games, payoffs.shape[2]))
    np.put_along_axis(mixtures, others, solved[:, :size], axis=1)
    return mixtures, solved[:, size], regular & (solved[:, :size] > TOLERANCE).all(axis=1)


def _is_degenerate(first: Floats, second: Floats, found: Equilibrium) -> bool:
    rows, columns = found.support
    row_payoffs, column_payoffs = first @ found.columns, found.rows @ second
    best_rows = int((row_payoffs >= row_payoffs.max() - TOLERANCE).sum())
    best_columns = int((column_payoffs >= column_payoffs.max() - TOLERANCE).sum())
    return best_rows > len(columns) or best_columns > len(rows)


@dataclass(frozen=True, eq=False)
class Dominance:
    """A strictly dominated strategy."""

    strategy: int  # its place
    by: Floats  # mixture of the side's strategies that does better whatever the other side plays


def dominated(payoffs: Floats) -> list[Dominance]:
    """Return the rows that a pure or mixed strategy of the same player strictly dominates."""
    found = []
    # A best reply to any belief is not dominated (Pearce 1984): most rows are spared the search.
    beliefs = np.column_stack([payoffs, payoffs.mean(axis=1)])
    replies = (beliefs >= beliefs.max(axis=0) - TOLERANCE).any(axis=1)
    for row in np.flatnonzero(~replies).tolist():
        better = (payoffs > payoffs[row] + TOLERANCE).all(axis=1)
        if better.any():
            best = int(np.argmax(np.where(better, payoffs.sum(axis=1), -np.inf)))
            found.append(Dominance(row, np.eye(len(payoffs))[best]))
            continue
        mixture = _dominating_mixture(payoffs, row)
        if mixture is not None:
            found.append(Dominance(row, mixture))
    return found


def _dominating_mixture(payoffs: Floats, row: int) -> Floats | None:
    others = np.delete(payoffs, row, axis=0)
    if len(others) < 2:
        return None
    count, columns = others.shape
    # Maximise the margin: others' payoff less the row's is at least the margin everywhere.
    solved = linprog(
        c=[*np.zeros(count), -1.0],
        A_ub=np.column_stack([-others.T, np.ones(columns)]),
        b_ub=-payoffs[row],
        A_eq=[[*np.ones(count), 0.0]],
        b_eq=[1.0],
        bounds=[*[(0.0, None)] * count, (None, None)],
    )
    span = max(float(np.ptp(payoffs)), 1e-12)
    if not solved.success or solved.x[-1] <= 1e-9 * span + TOLERANCE:
        return None
    weights: Floats = np.insert(solved.x[:-1], row, 0.0)
    return weights


def undominated(first: Floats, second: Floats) -> tuple[list[int], list[int]]:
    """Return rows and columns that survive the iterated removal of dominated strategies."""
    rows, columns = list(range(len(first))), list(range(first.shape[1]))
    while True:
        here = np.ix_(rows, columns)
        bad_rows = {d.strategy for d in dominated(first[here])}
        bad_columns = {d.strategy for d in dominated(second[here].T)}
        if not bad_rows and not bad_columns:
            return rows, columns
        rows = [r for n, r in enumerate(rows) if n not in bad_rows]
        columns = [c for n, c in enumerate(columns) if n not in bad_columns]
