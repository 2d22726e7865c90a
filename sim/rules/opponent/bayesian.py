"""Bayesian model: weights that make the other side's drafts worth what it should ask by now."""

from sim.records import Params, Shocks, State
from sim.registry import Parameter, plugin
from sim.rules.bargaining_set import is_free
from sim.rules.compiled import rule
from sim.rules.other_side import LEAST, infer_weight, inferred_weight
from sim.rules.preferences import issue_utility


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
