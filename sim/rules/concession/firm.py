"""Firmness: no concession at all."""

from sim.registry import plugin


@plugin(
    "concession",
    "firm",
    family="firm",
    reference="Siegel and Fouraker (1960); Bartos (1974), toughness",
)
def firm(params, state, shocks, side):
    """Demand the aspiration at all times; move only by unilateral concessions."""
    return state.aspiration[side]
