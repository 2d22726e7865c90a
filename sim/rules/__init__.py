"""The rules of the talks: one file a phase of the week, plain functions over flat records.

Rules know no Mesa, no Hydra, no file and no clock of the machine. Every phase has the same
arguments ``(params, state, shocks, public, events, actor)``: the run's PARAMS record, its STATE
record, the SHOCK records of all its weeks, its `Public` arrays, its EVENT buffer (length 0 when
nobody reads it) and the actor whose move it is. `week.py` holds the order.
"""
