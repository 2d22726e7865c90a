"""Opponent models, one family a file.

A model is a function ``(params, state, shocks, side) -> None``, called after each draft of the
other side. It reads ``state.offer[1 - side]`` and changes what `side` infers about the other's
weights, by `sim.rules.other_side.infer_weight`; ``state.model_memory[side]`` is its own. The bid
uses the inferred weights, and facilitation shrinks what is wrong with them.
"""
