"""Behaviour-dependent tactics: concede as the other side concedes."""

from sim.model.compiled import rule
from sim.model.plugins import Parameter, Preset, plugin
from sim.model.records import HISTORY, Params, Shocks, State


@rule
def last_demand(state: State, side: int, opening: float) -> float:
    """Return the own last demand, or the aspiration less `opening` before the first one."""
    if state.n_demanded[side] == 0:
        return state.aspiration[side] - opening
    return state.demanded[side, 0]


@rule
def loss_offered(state: State, side: int, age: int) -> float:
    """Return the loss (1 - own share) under the other's offer made `age` offers ago."""
    return 1.0 - state.received[side, age]


@rule
def remembers(state: State, side: int, age: int) -> bool:
    """Return whether the other's offer made `age` offers ago is known."""
    return age < state.n_received[side] and age < HISTORY


@rule
def imitated(state: State, side: int, mine: float, age: int, newer: int) -> float:
    """Return the demand after giving up in proportion to the other between two of its offers.

    Own loss times the ratio of the losses offered `age` and `newer` offers ago.
    """
    after = loss_offered(state, side, newer)
    if after <= 0.0:
        return state.reservation[side]
    return 1.0 - (1.0 - mine) * loss_offered(state, side, age) / after


LAG = Parameter("lag", 1.0, 1.0, 14.0, "offers", "how many of the other's moves back to look")
OPENING = Parameter("opening", 0.1, 0.0, 1.0, "share", "conceded in the first demand")


@plugin(
    "concession",
    "relative_tit_for_tat",
    family="behaviour-dependent",
    reference="Faratin, Sierra and Jennings (1998), relative tit-for-tat",
    uses=("offers",),
    parameters=(LAG, OPENING),
    presets=(Preset("tit_for_tat", "Answers a relative concession with one of the same size."),),
)
def relative_tit_for_tat(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Give up in the proportion in which the other side gave up `lag` of its moves ago."""
    lag = int(params.strategy_value[side, 0])
    mine = last_demand(state, side, params.strategy_value[side, 1])
    if not remembers(state, side, lag):
        return mine
    return imitated(state, side, mine, lag, lag - 1)


@plugin(
    "concession",
    "random_tit_for_tat",
    family="behaviour-dependent",
    reference="Faratin, Sierra and Jennings (1998), random absolute tit-for-tat",
    uses=("offers", "randomness"),
    parameters=(
        LAG,
        OPENING,
        Parameter("swing", 0.02, 0.0, 1.0, "share", "largest random concession on top"),
    ),
)
def random_tit_for_tat(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Give up what the other side gave up `lag` of its moves ago, and a random bit more."""
    lag = int(params.strategy_value[side, 0])
    mine = last_demand(state, side, params.strategy_value[side, 1])
    if not remembers(state, side, lag):
        return mine
    given = loss_offered(state, side, lag) - loss_offered(state, side, lag - 1)
    return mine - given - params.strategy_value[side, 2] * shocks[state.week].stance[side]


@plugin(
    "concession",
    "averaged_tit_for_tat",
    family="behaviour-dependent",
    reference="Faratin, Sierra and Jennings (1998), averaged tit-for-tat",
    uses=("offers",),
    parameters=(
        Parameter("window", 2.0, 1.0, 15.0, "offers", "moves of the other that are averaged"),
        OPENING,
    ),
)
def averaged_tit_for_tat(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Give up in the proportion in which the other side gave up over its last moves."""
    window = int(params.strategy_value[side, 0])
    mine = last_demand(state, side, params.strategy_value[side, 1])
    if not remembers(state, side, window):
        return mine
    return imitated(state, side, mine, window, 0)
