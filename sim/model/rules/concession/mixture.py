"""Weighted mixtures of time-dependent, resource-dependent and imitative tactics."""

from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.calendar import clock
from sim.model.rules.concession.imitative import OPENING, imitated, last_demand, remembers
from sim.model.rules.concession.resource_dependent import resource_concession
from sim.model.rules.concession.time_dependent import demand_between, polynomial_concession


@plugin(
    "concession",
    "mixture",
    family="mixture",
    reference="Faratin, Sierra and Jennings (1998), weighted mixture of tactics",
    uses=("clock", "offers"),
    parameters=(
        Parameter("time", 0.5, 0.0, 1.0, "weight", "of the polynomial tactic"),
        Parameter("resource", 0.0, 0.0, 1.0, "weight", "of the number of messages"),
        Parameter("imitation", 0.5, 0.0, 1.0, "weight", "of averaged tit-for-tat"),
        Parameter("beta", 1.0, 0.01, 100.0, "exponent", "of the polynomial tactic"),
        Parameter("stock", 10.0, 0.1, 1000.0, "messages", "of the resource tactic"),
        Parameter("window", 1.0, 1.0, 15.0, "offers", "of the imitative tactic"),
        OPENING,
        Parameter("ratchet", 1.0, 0.0, 1.0, "flag", "from 0.5 on, no demand is raised again"),
    ),
)
def mixture(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Ask for the weighted mean of three tactics' demands; with the ratchet, never for more.

    Weights are taken relative to their sum; if all are 0 the demand stays at the aspiration.
    """
    value = params.strategy_value[side]
    mine = last_demand(state, side, value[6])
    window = int(value[5])
    timed = polynomial_concession(clock(params, state, side), value[3], 0.0)
    used = resource_concession(state, value[4], 0.0)
    reply = imitated(state, side, mine, window, 0) if remembers(state, side, window) else mine
    weights = value[0] + value[1] + value[2]
    if weights <= 0.0:
        return state.aspiration[side]
    asked = (
        value[0] * demand_between(state, side, timed)
        + value[1] * demand_between(state, side, used)
        + value[2] * reply
    ) / weights
    if value[7] >= 0.5 and state.n_demanded[side] > 0:
        return min(asked, state.demanded[side, 0])
    return asked
