"""Where the words of a chart's marks stand: in two rows, or three, on a side of their lines."""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

ROWS = (10.0, 22.0, 34.0)
"""Heights of the rows' baselines; the last lies within the chart and is used only at need."""
COSTS = (0.0, 0.1, 5.0)
"""How bad each row is."""
LETTER = 7.4
"""Width of a letter in drawing units; ample, since the reader's font is not known."""
GAP = 3.0
"""Between a line and its word, and at least between two words."""


class Place(NamedTuple):
    """Where one word stands.

    Attributes
    ----------
    row : int
    late : bool
        True if it ends at its line, False if it begins there.
    left, right : float
        Its ends.
    """

    row: int
    late: bool
    left: float
    right: float


@lru_cache(maxsize=256)
def placed(marks: tuple[tuple[float, str], ...], width: float) -> tuple[Place, ...]:
    """Return the places in which words least cover each other and other marks' lines.

    Parameters
    ----------
    marks : tuple of (float, str)
        Place of each line and its word, from left to right; a handful, since every way to place
        them is tried.
    width : float
        Of the drawing; no word stands beyond it.
    """
    ways = [
        [
            place
            for row, late in product(range(len(ROWS)), (False, True))
            for place in [_place(x, word, row, late)]
            if place.left >= 0.0 and place.right <= width
        ]
        or [_place(x, word, 0, x > width / 2)]
        for x, word in marks
    ]
    lines = [x for x, _ in marks]
    return min(product(*ways), key=lambda places: _cost(places, lines))


def _place(x: float, word: str, row: int, late: bool) -> Place:
    """Return one of the places that a word can have."""
    size = len(word) * LETTER
    left = x - GAP - size if late else x + GAP
    return Place(row, late, left, left + size)


def _cost(places: tuple[Place, ...], lines: list[float]) -> float:
    """Return how bad places are: words on words, lines through words, words before their line."""
    cost = sum(COSTS[place.row] + 0.2 * place.late for place in places)
    for n, one in enumerate(places):
        for m, other in enumerate(places):
            apart = one.right + GAP <= other.left or other.right + GAP <= one.left
            if m > n and one.row == other.row and not apart:
                cost += 100.0
            if m > n and other.left < one.left:
                cost += 0.05  # of two words of one week the earlier rung comes first
            # A line begins in the row of its word, so it misses the rows above.
            if m != n and one.left < lines[m] < one.right and other.row <= one.row:
                cost += 10.0
    return cost
