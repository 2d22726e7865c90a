"""What happened first in each run: an interim or full deal, a collapse, a fall of government."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.analysis.results import Floats, Group, Results
from sim.codes import Treaty

EVENTS = ("interim deal", "full deal", "collapse", "government fell")
"""What can happen first; the codes of the events are their places here, from 1."""


class Firsts(NamedTuple):
    """What happened first in each run, and when.

    Attributes
    ----------
    event : array of int8, shape (cells, replicates)
        0 nothing, else as in `EVENTS`; -1 where there is no run.
    week : array of int16, shape (cells, replicates)
        Its week, or the last week played.
    """

    event: NDArray[np.int8]
    week: NDArray[np.int16]


def first_events(results: Results) -> Firsts:
    """Return what happened first in each run: a signature, a collapse or a fall of government.

    Raises
    ------
    NotInResults
        If the table lacks one of the columns that say it.
    """
    results.check_columns("status", "interim_week", "full_week", "ended_week", "weeks")
    status = results.codes("status")
    interim, full = results.codes("interim_week"), results.codes("full_week")
    event = np.zeros(status.shape, np.int8)
    week = np.maximum(results.codes("weeks") - 1, 0)
    ended = results.codes("ended_week")
    unsigned = (interim < 0) & (full < 0)
    for code, happened, when in (
        (3, unsigned & (status == Treaty.COLLAPSED), ended),
        (4, unsigned & (status == Treaty.GOVERNMENT_FELL), ended),
        (2, full >= 0, full),
        (1, interim >= 0, interim),
    ):
        event[happened] = code
        week[happened] = when[happened]
    event[status < 0] = -1
    return Firsts(event, week)


def weekly_counts(firsts: Firsts, cells: NDArray[np.int64]) -> Floats:
    """Return how many of some cells' runs had which first event in which week.

    Returns
    -------
    array, shape (weeks, 5)
        Censored runs first, then `EVENTS`.
    """
    event, week = firsts.event[cells].ravel(), firsts.week[cells].ravel()
    there = event >= 0
    size = len(EVENTS) + 1
    place = week[there].astype(np.int64) * size + event[there]
    weeks = int(week[there].max()) + 1 if there.any() else 1
    return np.bincount(place, minlength=weeks * size).reshape(-1, size).astype(float)


def groups_played(results: Results, firsts: Firsts, by: Sequence[str] | None) -> list[Group]:
    """Return the groups of cells that have runs, all cells together first if there are several."""
    groups = results.groups(by)
    if len(groups) > 1:
        groups = [*results.groups([]), *groups]
    return [group for group in groups if (firsts.event[group.cells] >= 0).any()]
