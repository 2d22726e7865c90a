"""How numbers stand in a summary: always the same digits, with their interval."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis import Estimate, Results, estimate, paired_estimate


def share(values: NDArray[np.float64], points: NDArray[np.int64] | None = None) -> Estimate:
    """Return the share of runs with a value of 1, with its 95 % interval.

    Parameters
    ----------
    values : array, shape (cells, replicates)
    points : array of int, shape (cells,), optional
        Points of a sampled design.
    """
    return estimate(np.atleast_2d(values), points, share=True)


def mean(values: NDArray[np.float64], points: NDArray[np.int64] | None = None) -> Estimate:
    """Return the mean of an outcome, with its 95 % interval."""
    return estimate(np.atleast_2d(values), points)


def per_cent(found: Estimate) -> str:
    """Return a share in words, e.g. ``63 % [60, 66]``."""
    if math.isnan(found.value):
        return "none"
    return f"{100 * found.value:.0f} % [{100 * found.low:.0f}, {100 * found.high:.0f}]"


def points(found: Estimate) -> str:
    """Return a difference of shares in percentage points, e.g. ``+5 points [2, 8]``."""
    return f"{100 * found.value:+.0f} points [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"


def number(found: Estimate, digits: int = 2) -> str:
    """Return an estimate with its interval."""
    if math.isnan(found.value):
        return "none"
    if math.isnan(found.low):
        return f"{found.value:.{digits}f} (too few for an interval)"
    value, low, high = (round(x, digits) + 0.0 for x in (found.value, found.low, found.high))
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def paired(more: NDArray[np.float64], less: NDArray[np.float64]) -> Estimate:
    """Return the mean of one outcome less another on the same shocks, by replicate.

    Parameters
    ----------
    more, less : array, shape (cells, replicates)
        Same cells but for what is compared; the same replicate met the same shocks.
    """
    return estimate(np.atleast_2d(more) - np.atleast_2d(less))


def paired_share(
    more: NDArray[np.float64],
    less: NDArray[np.float64],
    points: NDArray[np.int64] | None = None,
) -> Estimate:
    """Return the same for outcomes that are 0 or 1, with an interval that does not collapse.

    Parameters
    ----------
    more, less : array, shape (cells, replicates)
    points : array of int, shape (cells,), optional
        Points of a sampled design.
    """
    return paired_estimate(np.atleast_2d(more) - np.atleast_2d(less), points)


def highest_less_lowest(results: Results, key: str, outcome: str) -> Estimate:
    """Return what the highest value of a swept number changes against the lowest, same shocks.

    Parameters
    ----------
    outcome : str
        One that is 0 or 1.
    """
    cells = {float(str(g.values[key])): g.cells for g in results.groups([key])}
    values = results.outcome(outcome)
    return paired_share(values[cells[max(cells)]], values[cells[min(cells)]])


def markdown(frame: pl.DataFrame) -> str:
    """Return a table in Markdown; numbers with three significant digits."""
    head = "| " + " | ".join(frame.columns) + " |"
    rule = "|" + "|".join("---:" if t.is_numeric() else "---" for t in frame.dtypes) + "|"
    rows = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    return "\n".join([head, rule, *rows])


def _cell(value: object) -> str:
    """Return one cell's text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value + 0.0:.3g}"
    return str(value).replace("|", "\\|")
