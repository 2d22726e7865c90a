"""Resource-dependent tactics: the demand falls as messages use the patience up."""

import math

from sim.model.compiled import rule
from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.concession.time_dependent import demand_between, polynomial_concession


@rule
def messages(state: State) -> int:
    """Return the number of drafts that both sides have tabled."""
    return state.drafts[0] + state.drafts[1]


@rule
def resource_concession(state: State, stock: float, kappa: float) -> float:
    """Return the share conceded when the resource is `stock` over the messages exchanged.

    ``kappa + (1 - kappa) exp(-stock / messages)``; Faratin, Sierra and Jennings (1998),
    resource estimation, with one counterpart.
    """
    sent = messages(state)
    if sent == 0:
        return kappa
    return kappa + (1.0 - kappa) * math.exp(-stock / sent)


@plugin(
    "concession",
    "message_count",
    family="resource-dependent",
    reference="Faratin, Sierra and Jennings (1998), resource estimation by messages",
    uses=("offers",),
    parameters=(
        Parameter("stock", 10.0, 0.1, 1000.0, "messages", "at which 1/e of the span is conceded"),
        Parameter("kappa", 0.0, 0.0, 1.0, "share", "conceded at the start"),
    ),
)
def message_count(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede as the number of messages exchanged grows."""
    stock = params.strategy_value[side, 0]
    kappa = params.strategy_value[side, 1]
    return demand_between(state, side, resource_concession(state, stock, kappa))


@plugin(
    "concession",
    "dynamic_deadline",
    family="resource-dependent",
    reference="Faratin, Sierra and Jennings (1998), dynamic deadline",
    uses=("clock", "offers"),
    parameters=(
        Parameter("beta", 1.0, 0.01, 100.0, "exponent", "below 1 Boulware, above 1 Conceder"),
        Parameter("mu", 2600.0, 1.0, 1e6, "weeks x messages", "deadline times messages exchanged"),
    ),
)
def dynamic_deadline(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede as a polynomial tactic whose deadline comes nearer with every message.

    The deadline is ``mu / messages`` weeks, with one counterpart.
    """
    beta = params.strategy_value[side, 0]
    mu = params.strategy_value[side, 1]
    time = min(1.0, state.week * messages(state) / mu)
    return demand_between(state, side, polynomial_concession(time, beta, 0.0))
