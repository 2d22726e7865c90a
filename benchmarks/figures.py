"""One measured figure, and how a best time is taken."""

import time
from collections.abc import Callable, Mapping
from typing import TypedDict


class Figure(TypedDict):
    """One line of a benchmark's table.

    Attributes
    ----------
    what : str
        What was measured.
    figure : float
        The number.
    unit : str
        Its unit.
    note : str
        Conditions: sizes, rounds, what the number is a ratio to.
    """

    what: str
    figure: float
    unit: str
    note: str


def seconds(task: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def best_of_rounds(tasks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time several tasks in turn, round after round, and return the best time of each.

    Interleaved, so that a busy spell of the machine hits all of them; the best, because noise
    only ever adds time.

    Parameters
    ----------
    tasks : mapping of str to callable
    rounds : int
        At least 1.

    Returns
    -------
    dict of str to float
        Seconds of the fastest call of each task.
    """
    best = dict.fromkeys(tasks, float("inf"))
    for _ in range(rounds):
        for name, task in tasks.items():
            best[name] = min(best[name], seconds(task))
    return best
