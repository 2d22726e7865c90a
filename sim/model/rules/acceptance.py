"""Acceptance conditions.

A condition is a function ``(params, state, shocks, side, offered, demand) -> float``, positive
for acceptance: `offered` is the share that the other's draft gives to `side`, `demand` the share
that its own strategy would ask for now. No condition can accept less than the reservation share;
the rule that calls it sees to that.
"""

from sim.model.compiled import rule
from sim.model.plugins import Parameter, plugin
from sim.model.records import HISTORY, Params, Shocks, State
from sim.model.rules.calendar import clock


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


# --- AC_next: as good as the own next demand


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


# --- conditions that look at the clock: AC_time and AC_combi

MOMENT = Parameter("time", 0.95, 0.0, 1.0, "share", "of the perceived time that has passed")


@rule
def best_in_window(state: State, side: int, time: float) -> float:
    """Return the best share received in the past window as long as the time that is left.

    Baarslag, Hindriks and Jonker (2013): MAX_W over ``[2t - 1, t]``. The memory holds drafts and
    no dates, so the window is counted in drafts at the mean rate so far; the draft on the table
    is not in it.
    """
    before = state.n_received[side] - 1
    if time <= 0.0:
        return 1.0
    drafts = min(before * (1.0 - time) / time, before * 1.0, HISTORY - 1.0)
    best = 0.0
    for age in range(1, int(drafts + 0.5) + 1):
        best = max(best, state.received[side, age])
    return best


@plugin(
    "acceptance",
    "ac_time",
    family="time-based",
    reference="Baarslag, Hindriks and Jonker (2013), AC_time(T)",
    uses=("clock",),
    parameters=(MOMENT,),
)
def ac_time(
    params: Params, state: State, shocks: Shocks, side: int, offered: float, demand: float
) -> float:
    """Accept any draft that beats the status quo once enough of the time has passed."""
    return 1.0 if clock(params, state, side) >= params.acceptance_value[side, 0] else 0.0


@plugin(
    "acceptance",
    "ac_combi",
    family="combined",
    reference="Baarslag, Hindriks and Jonker (2013), AC_combi(T, MAX_W)",
    uses=("clock", "offers"),
    parameters=(MOMENT,),
)
def ac_combi(
    params: Params, state: State, shocks: Shocks, side: int, offered: float, demand: float
) -> float:
    """Accept as AC_next; late, also what is no worse than the best of the last drafts."""
    if offered >= demand:
        return 1.0
    time = clock(params, state, side)
    if time < params.acceptance_value[side, 0]:
        return 0.0
    return 1.0 if offered >= best_in_window(state, side, time) else 0.0
