"""Opponent models, one family a file.

A model is a function ``(params, state, shocks, side) -> None`` that may change
``state.estimate[side]``, the weights that `side` believes the other has. It is called after each
draft of the other side. The estimates start with an error that facilitation shrinks.
"""
