"""Which part of a sweep's cells and runs is listed."""

from dataclasses import dataclass

LISTED = 50
"""Cells, or runs, to a page of the lists."""
KINDS = ("all", "not signed", "signed", "failed to run")
"""Which runs of a cell can be listed."""
ORDERS = ("cell", "most", "least")
"""Orders of the cells: by number, most signed first, least signed first."""


@dataclass(frozen=True)
class Listing:
    """What of a sweep is listed.

    Attributes
    ----------
    cell : int or None
        The cell whose runs are listed, None for none.
    kind : str
        One of `KINDS`.
    first, first_cell : int
        The first run and the first cell of the lists.
    order : str
        One of `ORDERS`.
    """

    cell: int | None = None
    kind: str = KINDS[0]
    first: int = 0
    first_cell: int = 0
    order: str = ORDERS[0]
