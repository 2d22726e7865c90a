"""What a side demands now: the rules that its plug-ins name, and its strategy's demand."""

import math

from sim.model.compiled import choice, rule
from sim.model.plugins import functions
from sim.model.records import Numbers, Params, Shocks, State
from sim.model.rules.continuation import least_share
from sim.model.rules.ratification import best_share_to_leave
from sim.model.rules.worth import refresh

PARTIES = "params, state, shocks, side"
"""What every plug-in is given: see `sim.model.rules`."""

strategy_demand = choice("strategy_demand", PARTIES, functions("concession"), __name__)
"""``(code, params, state, shocks, side) -> demand``."""
condition_accepts = choice(
    "condition_accepts", f"{PARTIES}, offered, demand", functions("acceptance"), __name__
)
"""``(code, params, state, shocks, side, offered, demand) -> positive to accept``."""
learn_about_other = choice("learn_about_other", PARTIES, functions("opponent_model"), __name__)
"""``(code, params, state, shocks, side) -> None``."""


@rule
def aspiration_share(params: Params, state: State, side: int) -> float:
    """Return the highest demand of `side`: all, or the most that it pays to put to a ratifier."""
    if not params.anticipates_ratifier[side] or params.ratifier_reservation[1 - side] <= 0.0:
        return 1.0
    own = state.reservation[side]
    return max(own, 1.0 - best_share_to_leave(params, state, 1 - side, own))


@rule
def set_demand(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Set reservation, aspiration and target of `side`; a target that is no number is a fault."""
    refresh(params, state)
    state.reservation[side] = min(max(least_share(params, state, side), 0.0), 1.0)
    state.aspiration[side] = aspiration_share(params, state, side)
    asked = strategy_demand(params.strategy[side], params, state, shocks, side)
    if not math.isfinite(asked):
        state.fault = 1 + side
        asked = state.aspiration[side]
    state.target[side] = min(max(asked, state.reservation[side]), state.aspiration[side])


@rule
def remember(values: Numbers, newest: float) -> None:
    """Put `newest` before the other entries of `values`, dropping the oldest."""
    for at in range(values.shape[0] - 1, 0, -1):
        values[at] = values[at - 1]
    values[0] = newest
