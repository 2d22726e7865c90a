"""Tactics that take a first step and watch what comes back."""

from sim.model.compiled import rule
from sim.model.plugins import Parameter, plugin
from sim.model.records import HISTORY, Params, Shocks, State
from sim.model.rules.concession.imitative import OPENING, last_demand, remembers


@rule
def last_answer(state: State, side: int) -> float:
    """Return what the other side's last draft gave more than the one before; 0 before two."""
    if not remembers(state, side, 1):
        return 0.0
    return state.received[side, 0] - state.received[side, 1]


@rule
def unanswered(state: State, side: int, least: float) -> int:
    """Return how many of the other's last drafts gave less than `least` more than before.

    The first draft answers nothing, for there is none to compare it with.
    """
    count = 0
    for age in range(HISTORY):
        if not remembers(state, side, age):
            break
        known = remembers(state, side, age + 1)
        if known and state.received[side, age] - state.received[side, age + 1] >= least:
            break
        count += 1
    return count


@plugin(
    "concession",
    "grit",
    family="initiative",
    reference="Osgood (1962), graduated and reciprocated initiatives in tension reduction",
    uses=("offers",),
    parameters=(
        Parameter("step", 0.05, 0.0, 1.0, "share", "conceded by one initiative"),
        Parameter("initiatives", 3.0, 1.0, 14.0, "drafts", "made without an answer"),
    ),
)
def grit(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede small steps first, for some drafts without an answer, and match what is given.

    Half a step in return counts as an answer and opens the next round of initiatives. A draft
    that takes something back is answered in kind, no further.
    """
    step = params.strategy_value[side, 0]
    mine = last_demand(state, side, 0.0)
    answer = last_answer(state, side)
    if answer < 0.0:
        return mine - answer
    if unanswered(state, side, 0.5 * step) < int(params.strategy_value[side, 1]):
        return mine - max(answer, step)
    return mine - answer


@plugin(
    "concession",
    "learner",
    family="learning",
    reference="Cross (1965), learning of the other's concession rate; Bartos (1974), reciprocity",
    uses=("offers", "beliefs"),
    parameters=(
        Parameter("prior_rate", 0.02, 0.0, 1.0, "share/draft", "expected of the other at first"),
        Parameter("prior_drafts", 4.0, 0.1, 1000.0, "drafts", "that this expectation is worth"),
        Parameter("reciprocity", 1.0, 0.0, 10.0, "factor", "own concession per expected one"),
        OPENING,
    ),
)
def learner(params: Params, state: State, shocks: Shocks, side: int) -> float:
    """Concede in proportion to the believed concession rate of the other side.

    The belief is the posterior mean of a normal rate with a normal prior: the prior rate and the
    mean rate over the drafts remembered, weighted by the drafts that each is worth.
    """
    value = params.strategy_value[side]
    mine = last_demand(state, side, value[3])
    seen = max(state.n_received[side] - 1, 0)
    kept = min(seen, HISTORY - 1)
    mean = 0.0
    if kept > 0:
        mean = (state.received[side, 0] - state.received[side, kept]) / kept
    rate = (value[0] * value[1] + mean * seen) / (value[1] + seen)
    return mine - value[2] * max(rate, 0.0)
