"""What a side believes of the other, and the opponent models that change it.

A model is a function ``(params, state, shocks, side) -> None``, called after each draft of the
other side. It reads ``state.offer[1 - side]`` and changes what `side` infers about the other's
weights, by `infer_weight`; ``state.model_memory[side]`` is its own. The bid uses the inferred
weights, and facilitation shrinks what is wrong with them.
"""

import math

from sim.model.codes import TREATY
from sim.model.compiled import entry_rule, rule
from sim.model.plugins import Parameter, plugin
from sim.model.records import Params, Shocks, State
from sim.model.rules.worth import is_free, issue_utility


@plugin(
    "opponent_model",
    "none",
    family="none",
    reference="benchmark without learning; Baarslag et al. (2016), survey",
)
def none(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Keep the first estimate of the other's weights."""


# --- frequency model: what the other side does not move is important to it


@rule
def is_unmoved(params: Params, state: State, side: int, issue: int, tolerance: float) -> bool:
    """Return whether the other's last two drafts agree on `issue`, short of all it could give."""
    now = state.offer[1 - side, issue]
    if abs(now - state.model_memory[side, issue]) > tolerance:
        return False
    return abs(now - params.ideal[side, issue]) > tolerance


@plugin(
    "opponent_model",
    "frequency",
    family="frequency",
    reference="van Krimpen, Looije and Hajizadeh (2013), HardHeaded; Baarslag et al. (2016)",
    uses=("offers",),
    parameters=(
        Parameter("gain", 0.1, 0.0, 1.0, "share", "of the mean weight added when unmoved"),
        Parameter("tolerance", 0.001, 0.0, 1.0, "position", "up to which a position is unmoved"),
    ),
)
def frequency(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Add weight to every issue that the other side left as it was while it moved another.

    An issue that it has given up altogether is no sign either way. The sum of the weights stays.
    """
    gain = params.opponent_value[side, 0]
    tolerance = params.opponent_value[side, 1]
    moved = False
    total = 0.0
    added = 0.0
    count = 0
    for j in range(state.seen.shape[0]):
        if is_free(params, state, j):
            now = state.offer[1 - side, j]
            moved = moved or abs(now - state.model_memory[side, j]) > tolerance
            total += inferred_weight(state, side, j)
            count += 1
    if moved and state.n_received[side] > 1 and total > 0.0:
        bonus = gain * total / count
        for j in range(state.seen.shape[0]):
            if is_free(params, state, j) and is_unmoved(params, state, side, j, tolerance):
                added += bonus
        for j in range(state.seen.shape[0]):
            if is_free(params, state, j):
                weight = inferred_weight(state, side, j)
                if is_unmoved(params, state, side, j, tolerance):
                    weight += bonus
                infer_weight(state, side, j, weight * total / (total + added))
    for j in range(state.seen.shape[0]):
        state.model_memory[side, j] = state.offer[1 - side, j]


# --- bayesian model: weights that make the other side's drafts worth what it should ask by now


@rule
def worth_to_other(params: Params, side: int, issue: int, position: float) -> float:
    """Return the share of one issue that `position` gives to the other side, in [0, 1]."""
    worst = issue_utility(params, 1 - side, issue, params.ideal[side, issue])
    if worst >= 1.0:
        return 1.0
    return (issue_utility(params, 1 - side, issue, position) - worst) / (1.0 - worst)


@plugin(
    "opponent_model",
    "bayesian",
    family="Bayesian",
    reference="Hindriks and Tykhonov (2008), rationality assumption; normal weights",
    uses=("offers",),
    parameters=(
        Parameter("spread", 0.5, 0.01, 10.0, "share", "prior sd of a weight, of its prior mean"),
        Parameter("concession", 0.02, 0.0, 1.0, "share/draft", "that the other side should make"),
        Parameter("noise", 0.05, 0.001, 1.0, "share", "sd of its drafts about that"),
    ),
)
def bayesian(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Update independent normal beliefs about the other's weights by each of its drafts.

    As in Hindriks and Tykhonov, the n-th draft should be worth ``1 - c (n - 1)`` to its author.
    With weights normal and the draft's worth linear in them, Bayes' rule is one Kalman step; the
    beliefs are kept independent and their sum is kept.
    """
    spread = params.opponent_value[side, 0]
    noise = params.opponent_value[side, 2]
    drafts = state.n_received[side]
    total = 0.0
    for j in range(state.seen.shape[0]):
        if is_free(params, state, j):
            total += inferred_weight(state, side, j)
    if total <= 0.0:
        return
    expected = max(1.0 - params.opponent_value[side, 1] * (drafts - 1), 0.0)
    surprise = expected
    spread_of_worth = noise * noise
    for j in range(state.seen.shape[0]):
        if is_free(params, state, j):
            mean = inferred_weight(state, side, j) / total
            if state.model_memory[side, j] == 0.0:
                state.model_memory[side, j] = (spread * mean) ** 2
            worth = worth_to_other(params, side, j, state.offer[1 - side, j])
            surprise -= mean * worth
            spread_of_worth += worth * worth * state.model_memory[side, j]
    new_total = 0.0
    for j in range(state.seen.shape[0]):
        if is_free(params, state, j):
            variance = state.model_memory[side, j]
            worth = worth_to_other(params, side, j, state.offer[1 - side, j])
            step = variance * worth / spread_of_worth
            mean = max(inferred_weight(state, side, j) / total + step * surprise, LEAST)
            state.model_memory[side, j] = max(variance * (1.0 - step * worth), LEAST * LEAST)
            infer_weight(state, side, j, mean * total)
            new_total += inferred_weight(state, side, j)
    for j in range(state.seen.shape[0]):
        if is_free(params, state, j):
            infer_weight(state, side, j, inferred_weight(state, side, j) * total / new_total)


# ---- What a side believes about the other's weights: its own inference and the mediator's help.

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
