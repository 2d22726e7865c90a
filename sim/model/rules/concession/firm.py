"""Firmness: no concession at all."""

from sim.model.plugins import plugin
from sim.model.records import Params, Shocks, State


@plugin(
    "concession",
    "firm",
    family="firm",
    reference="Siegel and Fouraker (1960); Bartos (1974), toughness",
)
def firm(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Demand the aspiration at all times; move only by unilateral concessions."""
    return state.aspiration[side]
