"""AC_const: a fixed aspiration level."""

from sim.registry import Parameter, plugin


@plugin(
    "acceptance",
    "ac_const",
    family="utility-based",
    reference="Baarslag, Hindriks and Jonker (2013), AC_const",
    uses=("offers",),
    parameters=(Parameter("level", 0.6, 0.0, 1.0, "share", "accepted from this share on"),),
)
def ac_const(params, state, shocks, side, offered, demand):
    """Accept any draft that gives at least a constant share."""
    return 1.0 if offered >= params.acceptance_value[side, 0] else 0.0
