"""Frequency model: what the other side does not move is important to it."""

from sim.records import Params, Shocks, State
from sim.registry import Parameter, plugin
from sim.rules.bargaining_set import is_free
from sim.rules.compiled import rule
from sim.rules.other_side import infer_weight, inferred_weight


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
