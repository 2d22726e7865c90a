"""AC_next: as good as the own next demand."""

from sim.records import Params, Shocks, State
from sim.registry import Parameter, plugin


@plugin(
    "acceptance",
    "ac_next",
    family="utility-based",
    reference="Baarslag, Hindriks and Jonker (2013), AC_next(a, b)",
    uses=("offers",),
    parameters=(
        Parameter("a", 1.0, 0.0, 10.0, "factor", "on the share offered"),
        Parameter("b", 0.0, -1.0, 1.0, "share", "added to it"),
    ),
)
def ac_next(
    params: Params, state: State, shocks: Shocks, side: int, offered: float, demand: float
) -> float:
    """Accept a draft that is worth no less than what the own strategy would ask for next."""
    a = params.acceptance_value[side, 0]
    b = params.acceptance_value[side, 1]
    return 1.0 if a * offered + b >= demand else 0.0
