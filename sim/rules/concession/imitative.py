"""Behaviour-dependent tactics: concede as the other side concedes."""

from sim.records import HISTORY
from sim.registry import Parameter, plugin
from sim.rules.compiled import rule


@rule
def last_demand(state, side, opening):
    """Return the own last demand, or the aspiration less `opening` before the first one."""
    if state.n_demanded[side] == 0:
        return state.aspiration[side] - opening
    return state.demanded[side, 0]


@rule
def loss_offered(state, side, age):
    """Return the loss (1 - own share) under the other's offer made `age` offers ago."""
    return 1.0 - state.received[side, age]


@rule
def remembers(state, side, age):
    """Return whether the other's offer made `age` offers ago is known."""
    return age < state.n_received[side] and age < HISTORY


@plugin(
    "concession",
    "relative_tit_for_tat",
    family="behaviour-dependent",
    reference="Faratin, Sierra and Jennings (1998), eq. 6",
    uses=("offers",),
    parameters=(
        Parameter("lag", 1.0, 1.0, 14.0, "offers", "how many of the other's moves back to look"),
        Parameter("opening", 0.1, 0.0, 1.0, "share", "conceded in the first demand"),
    ),
)
def relative_tit_for_tat(params, state, shocks, side):
    """Give up in the proportion in which the other side gave up `lag` of its moves ago."""
    lag = int(params.strategy_value[side, 0])
    mine = last_demand(state, side, params.strategy_value[side, 1])
    if not remembers(state, side, lag):
        return mine
    before = loss_offered(state, side, lag)
    after = loss_offered(state, side, lag - 1)
    if after <= 0.0:
        return state.reservation[side]
    return 1.0 - (1.0 - mine) * before / after
