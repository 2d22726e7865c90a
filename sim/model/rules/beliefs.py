"""What a side believes about the other's weights: its own inference and the mediator's help.

``log(seen) = log(true) + error * error_scale``. The error starts as a draw and is what an opponent
model changes from the drafts it sees; the scale is what facilitation shrinks. With the scale at
0 the weights are known, whatever the model has inferred.
"""

import math

from sim.model.codes import TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.records import Params, State

LEAST = 1e-6
"""Smallest weight that an opponent model may infer, so that its logarithm exists."""


@rule
def seen_weight(state: State, side: int, issue: int) -> float:
    """Return the other's weight on `issue` as `side` sees it."""
    scale = state.error_scale[side]
    return state.estimate[side, issue] * math.exp(state.error[side, issue] * scale)


@rule
def see_other(state: State, side: int) -> None:
    """Set `state.seen` to the other's weights as `side` sees them."""
    for j in range(state.seen.shape[0]):
        state.seen[j] = seen_weight(state, side, j)


@rule
def inferred_weight(state: State, side: int, issue: int) -> float:
    """Return the other's weight on `issue` as `side` infers it without the mediator's help."""
    return state.estimate[side, issue] * math.exp(state.error[side, issue])


@rule
def infer_weight(state: State, side: int, issue: int, weight: float) -> None:
    """Take `weight` as the inferred one; an issue without weight for the other stays so."""
    true = state.estimate[side, issue]
    if true > 0.0:
        state.error[side, issue] = math.log(max(weight, LEAST) / true)


@rule
def known_share(params: Params, state: State, side: int) -> float:
    """Return how much `side` knows of the other's walk-away point: 0 nothing, 1 all.

    ``1 - min(1, error) * scale``, with the sd of its error about the other's weights and the scale
    that facilitation shrinks: an error of the size of the weights themselves tells nothing.
    """
    return 1.0 - min(params.opponent_error[side], 1.0) * state.error_scale[side]


# --- each side updates its belief about the other's unilateral concessions


@rule
def concession_belief(state: State, side: int) -> float:
    """Return the believed weekly rate of unilateral concessions by the other (Beta mean)."""
    return state.belief_a[side] / (state.belief_a[side] + state.belief_b[side])


@entry_rule
def update(state: State, actor: int) -> None:
    """Count this week for or against a concession by the other (Beta-Bernoulli)."""
    if state.status >= TREATY.SIGNED_FULL:
        return
    if state.conceded_now[1 - actor]:
        state.belief_a[actor] += 1.0
    else:
        state.belief_b[actor] += 1.0
