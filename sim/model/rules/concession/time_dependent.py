"""Time-dependent tactics: the demand falls with the clock alone."""

import math

from sim.model.compiled import rule
from sim.model.plugins import Parameter, Preset, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.calendar import clock


@rule
def polynomial_concession(time: float, beta: float, kappa: float) -> float:
    """Return the share conceded at `time` in [0, 1]: ``kappa + (1 - kappa) * time**(1 / beta)``.

    Faratin, Sierra and Jennings (1998), polynomial; beta < 1 Boulware, 1 linear, > 1 Conceder.
    """
    return kappa + (1.0 - kappa) * time ** (1.0 / beta)


@rule
def exponential_concession(time: float, beta: float, kappa: float) -> float:
    """Return the share conceded at `time` in [0, 1]: ``exp((1 - time)**beta * log(kappa))``.

    Faratin, Sierra and Jennings (1998), exponential; `kappa` in (0, 1] is conceded at the start.
    """
    return math.exp((1.0 - time) ** beta * math.log(kappa))


@rule
def demand_between(state: State, side: int, conceded: float) -> float:
    """Return the demand that gives up the share `conceded` of aspiration less reservation."""
    span = state.aspiration[side] - state.reservation[side]
    return state.aspiration[side] - conceded * span


@plugin(
    "concession",
    "polynomial",
    family="time-dependent",
    reference="Faratin, Sierra and Jennings (1998), polynomial",
    uses=("clock",),
    parameters=(
        Parameter("beta", 1.0, 0.01, 100.0, "exponent", "below 1 Boulware, above 1 Conceder"),
        Parameter("kappa", 0.0, 0.0, 1.0, "share", "conceded at the start"),
    ),
    presets=(
        Preset("boulware", "Concedes late: beta below 1 is Boulware here.", {"beta": 0.2}),
        Preset("conceder", "Concedes early: beta above 1 is Conceder here.", {"beta": 5.0}),
        Preset("linear", "Concedes evenly up to the perceived deadline."),
        Preset("polynomial", "Time-dependent with an exponent of one's own."),
    ),
)
def polynomial(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede with a power of the time that has passed until the perceived deadline."""
    beta = params.strategy_value[side, 0]
    kappa = params.strategy_value[side, 1]
    conceded = polynomial_concession(clock(params, state, side), beta, kappa)
    return demand_between(state, side, conceded)


@plugin(
    "concession",
    "exponential",
    family="time-dependent",
    reference="Faratin, Sierra and Jennings (1998), exponential",
    uses=("clock",),
    parameters=(
        Parameter("beta", 1.0, 0.01, 100.0, "exponent", "higher concedes sooner"),
        Parameter("kappa", 0.1, 0.0001, 1.0, "share", "conceded at the start"),
    ),
)
def exponential(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede exponentially in the time that has passed until the perceived deadline."""
    beta = params.strategy_value[side, 0]
    kappa = params.strategy_value[side, 1]
    conceded = exponential_concession(clock(params, state, side), beta, kappa)
    return demand_between(state, side, conceded)
