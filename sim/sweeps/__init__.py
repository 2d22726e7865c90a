"""Sweeps: many cells with many replicates each, planned, played, stored and resumed.

`sweep` plays a line of overrides and returns the table of runs; `run` is the model as one
function of named parameters, for other packages to drive.
"""

from sim.sweeps.api import run, sweep

__all__ = ["run", "sweep"]
