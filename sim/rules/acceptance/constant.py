"""AC_const: a fixed aspiration level."""

from sim.records import Params, Shocks, State
from sim.registry import Parameter, plugin


@plugin(
    "acceptance",
    "ac_const",
    family="utility-based",
    reference="Baarslag, Hindriks and Jonker (2013), AC_const",
    uses=("offers",),
    parameters=(Parameter("level", 0.6, 0.0, 1.0, "share", "accepted from this share on"),),
)
def ac_const(
    params: Params, state: State, shocks: Shocks, side: int, offered: float, demand: float
) -> float:
    """Accept any draft that gives at least a constant share."""
    return 1.0 if offered >= params.acceptance_value[side, 0] else 0.0
