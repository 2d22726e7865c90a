"""MiCRO: one new proposal for each new one of the other side."""

from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State


@plugin(
    "concession",
    "micro",
    family="behaviour-dependent",
    reference="de Jonge (2022), MiCRO",
    uses=("offers",),
    parameters=(
        Parameter(
            "levels", 21.0, 2.0, 1001.0, "count", "steps of equal own utility, ends included"
        ),
    ),
)
def micro(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Step one level down when the other side has made as many different offers as oneself.

    The own proposals are `levels` packages of equally spaced own utility from the aspiration
    down to the other's ideals. Where de Jonge repeats one of the earlier proposals at random,
    the last one is repeated.
    """
    steps = int(params.strategy_value[side, 0]) - 1
    if state.n_demanded[side] == 0:
        return state.aspiration[side]
    width = state.aspiration[side] / steps
    if width <= 0.0:
        return state.aspiration[side]
    level = int((state.aspiration[side] - state.demanded[side, 0]) / width + 0.5)
    if level + 1 <= state.new_received[side]:
        level += 1
    level = min(level, steps)
    return state.aspiration[side] * (steps - level) / steps
