"""What is wrong with which cells: one line a problem, however many cells have it."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

Values = Callable[[int], Mapping[str, object]]
"""The swept values of a cell."""

REFUSED = re.compile(r"(?<=, got )\S+$|(?<=: )-?\d\S*(?= must)")
"""The refused value in the line of a problem."""
MOST_ALIKE = 3
"""Problems that differ in the refused value alone get a line each, up to so many."""

MOST_SPANS = 12
"""Most ranges of numbers that a line lists."""


def told(
    problems: Sequence[tuple[str, int]],
    cells: int,
    values: Values,
    noun: str = "cell",
) -> list[str]:
    """Return one line for each distinct problem, with the cells that have it.

    Parameters
    ----------
    problems : sequence of (str, int)
        Each problem with the number of its cell.
    cells : int
        How many cells there are.
    values : callable
        The swept values of a cell.
    noun : str
        What the numbers count.
    """
    by_line: dict[str, list[int]] = {}
    for line, cell in problems:
        by_line.setdefault(line, []).append(cell)
    alike: dict[str, list[str]] = {}
    for line in by_line:
        alike.setdefault(REFUSED.sub("", line), []).append(line)
    found: list[str] = []
    for lines in alike.values():
        if len(lines) > MOST_ALIKE:
            numbers = sorted({cell for line in lines for cell in by_line[line]})
            found.append(_merged(lines) + _which(numbers, cells, values, noun))
        else:
            found += [line + _which(by_line[line], cells, values, noun) for line in lines]
    return found


def _merged(lines: Sequence[str]) -> str:
    """Return lines that differ in the refused value alone as one."""
    first, second, last = (REFUSED.findall(lines[n])[0] for n in (0, 1, -1))
    return REFUSED.sub(f"{first}, {second} .. {last} ({len(lines):,} values)", lines[0])


def _which(found: Sequence[int], cells: int, values: Values, noun: str) -> str:
    """Return which cells are meant: their numbers, and what they have in common."""
    if len(found) == cells:
        return f" (in every {noun})" if cells > 1 else ""
    each = [values(cell) for cell in found]
    common = [f"{k}={v}" for k, v in each[0].items() if all(e[k] == v for e in each)]
    spans = []
    for _, run in groupby(enumerate(found), lambda pair: pair[1] - pair[0]):
        numbers = [cell for _, cell in run]
        spans.append(str(numbers[0]) + (f"-{numbers[-1]}" if len(numbers) > 1 else ""))
    if len(spans) > MOST_SPANS:
        spans = [*spans[: MOST_SPANS - 1], f"{spans[MOST_SPANS - 1]} .. {spans[-1]}"]
    if len(found) > 1:
        noun = f"{noun}s"
    where = f", all with {' '.join(common)}" if common and len(found) > 1 else ""
    where = f", {' '.join(common)}" if len(found) == 1 else where
    return f" ({noun} {', '.join(spans)} of {cells:,}{where})"
