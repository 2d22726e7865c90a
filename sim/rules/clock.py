"""A side's clock: the share of its perceived time that has passed."""

from sim.records import Params, State
from sim.rules.compiled import rule


@rule
def clock(params: Params, state: State, side: int) -> float:
    """Return ``min(1, week / deadline)``; 0 for ever when no deadline is perceived."""
    return min(1.0, state.week / params.deadline[side])


@rule
def clock_since(params: Params, state: State, side: int, start: float, length: float) -> float:
    """Return ``min(1, (week - start) / length)`` and 0 before `start`."""
    if state.week <= start:
        return 0.0
    if length <= 0.0:
        return 1.0
    return min(1.0, (state.week - start) / length)
