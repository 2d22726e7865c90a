"""Concession strategies, one family a file.

A strategy is a function ``(params, state, shocks, side) -> float``: the share over the talks that
`side` demands now, its own utility normalised to 1 at the own ideals and 0 at the other's. The
rule that calls it keeps the demand between ``state.reservation[side]`` and
``state.aspiration[side]``. Parameters arrive in ``params.strategy_value[side]`` in the order in
which the decorator declares them.
"""
