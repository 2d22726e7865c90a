"""What is wrong with which cells: one line a problem, however many cells have it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

Values = Callable[[int], Mapping[str, object]]
"""The swept values of a cell."""


def told(
    problems: Sequence[tuple[str, int]],
    cells: int,
    values: Values,
) -> list[str]:
    """Return one line for each distinct problem, with the cells that have it."""
    by_line: dict[str, list[int]] = {}
    for line, cell in problems:
        by_line.setdefault(line, []).append(cell)
    return [f"{line} ({_which(found, cells, values)})" for line, found in by_line.items()]


def _which(found: Sequence[int], cells: int, values: Values) -> str:
    """Return which cells are meant: their numbers, and what they have in common."""
    if len(found) == cells:
        return "in every cell" if cells > 1 else "in the only cell"
    each = [values(cell) for cell in found]
    common = [f"{k}={v}" for k, v in each[0].items() if all(e[k] == v for e in each)]
    spans = []
    for _, run in groupby(enumerate(found), lambda pair: pair[1] - pair[0]):
        numbers = [cell for _, cell in run]
        spans.append(str(numbers[0]) + (f"-{numbers[-1]}" if len(numbers) > 1 else ""))
    noun = "cells" if len(found) > 1 else "cell"
    where = f", all with {' '.join(common)}" if common and len(found) > 1 else ""
    where = f", {' '.join(common)}" if len(found) == 1 else where
    return f"{noun} {', '.join(spans)} of {cells}{where}"
