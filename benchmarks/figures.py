"""One measured figure, and how a best time is taken."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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


MEASURED = """
import re, resource, sys
from pathlib import Path
from sim.commands.cli import main

code = main()
status = Path("/proc/self/status")
if status.exists():
    most = 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read_text())[1])
else:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(most)
sys.exit(code)
"""
"""Runs `sim`, then prints the most bytes that it had resident.

Where Linux tells: its `ru_maxrss` begins with what the process had that started this one.
"""


def command_cost(words: Sequence[str]) -> tuple[float, float]:
    """Return seconds and peak memory in MB of `sim` with these words, in a process of its own.

    Raises
    ------
    subprocess.CalledProcessError
        If it failed.
    """
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - start, float(done.stdout.splitlines()[-1]) / 1e6


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
