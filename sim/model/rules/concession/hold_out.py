"""Firmness, and hold-out: concede nothing at all, or nothing while concessions come."""

from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.calendar import clock_since
from sim.model.rules.concession.time_dependent import demand_between, polynomial_concession


@plugin(
    "concession",
    "firm",
    family="firm",
    reference="Siegel and Fouraker (1960); Bartos (1974), toughness",
)
def firm(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Demand the aspiration at all times; move only by unilateral concessions."""
    return state.aspiration[side]


# --- hold-out: concede nothing while concessions come


@plugin(
    "concession",
    "hold_out",
    family="behaviour-dependent",
    reference="Cramton (1992), strategic delay; the Armenian opposition's claim of September 2024",
    uses=("clock", "offers"),
    parameters=(
        Parameter("beta", 0.2, 0.01, 100.0, "exponent", "of the concession once they dry up"),
        Parameter("patience_weeks", 26.0, 1.0, 1040.0, "weeks", "of silence before it softens"),
    ),
)
def hold_out(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Stand still until the other side has made no unilateral concession for a time.

    From then on concede as a polynomial tactic over as long again; any new concession by the
    other side puts the demand back to the aspiration.
    """
    beta = params.strategy_value[side, 0]
    patience = params.strategy_value[side, 1]
    quiet_since = max(state.last_conceded[1 - side], 0) + patience
    time = clock_since(params, state, side, quiet_since, patience)
    return demand_between(state, side, polynomial_concession(time, beta, 0.0))
