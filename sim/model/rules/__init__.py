"""The rules of the talks: one file a phase of the week, plain functions over flat records.

Rules know no Mesa, no Hydra, no file and no clock of the machine. A phase names what it needs,
of: `params`, the run's PARAMS record; `state`, its STATE record; `shocks`, the SHOCK records of
all its weeks; `publics`, its two `Public`, or `public`, that at the home of whose move it is;
`events`, its EVENT buffer (length 0 when nobody reads it); `actor`, whose move it is. `week.py`
holds the order.
"""
