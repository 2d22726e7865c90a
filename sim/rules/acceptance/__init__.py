"""Acceptance conditions, one family a file.

A condition is a function ``(params, state, shocks, side, offered, demand) -> float``, positive
for acceptance: `offered` is the share that the other's draft gives to `side`, `demand` the share
that its own strategy would ask for now. No condition can accept less than the reservation share;
the rule that calls it sees to that.
"""
