"""No learning: the first belief about the other side stays."""

from sim.records import Params, Shocks, State
from sim.registry import plugin


@plugin(
    "opponent_model",
    "none",
    family="none",
    reference="benchmark without learning; Baarslag et al. (2016), survey",
)
def none(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Keep the first estimate of the other's weights."""
