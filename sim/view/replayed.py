"""A stored run that is played again: whether it is the same as its record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.view.watch import Watch

if TYPE_CHECKING:
    from sim.view.stored import StoredSweep

UNWRITTEN = (
    "Its settings cannot be written as one line of overrides, so they can be neither copied nor "
    "changed here; open the page without cell= in its address to set up a run of its own."
)
"""What is said of a run that no line of overrides plays."""


@dataclass(frozen=True)
class Replayed:
    """A stored run that is shown: which, and whether it is the same as its record."""

    cell: int
    replicate: int
    verdict: str
    same: bool


def judged(
    sweep: "StoredSweep", watch: Watch, cell: int, replicate: int, row: Mapping[str, object]
) -> Replayed:
    """Return whether a run that has been played to its end is the same as its record.

    Parameters
    ----------
    sweep : StoredSweep
    watch : Watch
    cell, replicate : int
    row : mapping
        The run's row of the table of runs.
    """
    verdict, same = _verdict(sweep, watch, row)
    told = f"Cell {cell}, replicate {replicate} of the sweep, played again: {verdict}"
    return Replayed(cell, replicate, told, same)


def _verdict(sweep: "StoredSweep", watch: Watch, row: Mapping[str, object]) -> tuple[str, bool]:
    """Return the verdict in words, and whether run and record are the same."""
    if row["run_status"] != "ok":
        today = "today it fails too" if watch.failure else "today it is played to its end"
        return f"in the record it failed ({row['error']}), {today}.", bool(watch.failure)
    if watch.failure:
        return "it could not be played to its end.", False
    differing = sweep.differences(watch.record(), row)
    if differing:
        return f"it differs from its record in {', '.join(differing)}.", False
    count = sweep.outcome_count(watch.settings)
    return f"all {count} outcomes are those of its record, to the last bit.", True
