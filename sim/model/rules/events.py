"""Writing down a move, and asking a person who decides for a side."""

from sim.model.codes import DECIDED, QUESTION
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


@rule
def ask(state: State, question: int, side: int) -> None:
    """Note the first question of the week; whoever drives the talks stops there and asks it."""
    if state.asked == QUESTION.NONE:
        state.asked = question
        state.asked_of = side


@rule
def is_decided(state: State, side: int, decided: int) -> bool:
    """Return whether a person decides this for `side`, and not the model's party."""
    return state.seated[side] == 1 and decided != DECIDED.MODEL
