"""Writing down a move."""

from sim.model.compiled import rule
from sim.model.records import Events, State


@rule
def write(
    state: State, events: Events, actor: int, move: int, issue: int, reason: int, value: float
) -> None:
    """Append one EVENT record; a full or absent buffer drops it.

    state: its `events` counts what was written.
    events: the run's buffer, shape (EVENTS,).
    actor, move, issue, reason: codes of `sim.model.codes`; `issue` is -1 for none.
    value: number that goes with the move.
    """
    at = state.events
    if at >= events.shape[0]:
        return
    entry = events[at]
    entry.week = state.week
    entry.actor = actor
    entry.move = move
    entry.issue = issue
    entry.reason = reason
    entry.value = value
    state.events = at + 1
