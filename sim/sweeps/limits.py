"""How large a sweep may be; a larger one is a slip, or more than memory holds."""

from sim.errors import ConfigError

MOST_CELLS = 250_000
"""Most cells of a sweep; each is held in memory and written into the plan."""
MOST_RUNS = 1_000_000_000
"""Most runs of a sweep, some hundred gigabytes of results."""


def check_cells(count: int) -> None:
    """Refuse a sweep of too many cells.

    Raises
    ------
    ConfigError
        With the number and the bound.
    """
    if count > MOST_CELLS:
        raise ConfigError([f"sweep: {count:,} cells, a sweep has {MOST_CELLS:,} at most"])


def check_size(cells: int, replicates: int) -> None:
    """Refuse a sweep of too many cells or runs.

    Raises
    ------
    ConfigError
        With the number and the bound.
    """
    check_cells(cells)
    if cells * replicates > MOST_RUNS:
        raise ConfigError(
            [
                f"sweep: {cells:,} cells x {replicates:,} replicates = {cells * replicates:,} "
                f"runs, a sweep has {MOST_RUNS:,} at most"
            ]
        )
