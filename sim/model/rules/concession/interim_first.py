"""Interim-first: sign what is agreed, hold on the rest."""

import math

from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.calendar import clock_since
from sim.model.rules.concession.time_dependent import demand_between, polynomial_concession


@plugin(
    "concession",
    "interim_first",
    family="agenda-setting",
    reference="Fershtman (1990); Lax and Sebenius (1986), ch. 5; Yerevan's offer of 31 August 2024",
    uses=("clock",),
    parameters=(
        Parameter("beta", 0.2, 0.01, 100.0, "exponent", "of the concession that follows"),
        Parameter("patience_weeks", 52.0, 0.0, 1040.0, "weeks", "held before the rest is conceded"),
    ),
    proposes_interim=True,
)
def interim_first(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Propose to sign the agreed part with every draft; hold on the rest for a time.

    The rest is conceded as a polynomial tactic from the interim signature on, or when patience
    ends without one, over the time to the perceived deadline (a further patience if there is
    none).
    """
    beta = params.strategy_value[side, 0]
    patience = params.strategy_value[side, 1]
    start = patience
    if state.interim_week >= 0:
        start = min(start, state.interim_week * 1.0)
    length = params.deadline[side] - start
    if math.isinf(length):
        length = max(patience, 1.0)
    time = clock_since(params, state, side, start, length)
    return demand_between(state, side, polynomial_concession(time, beta, 0.0))
