"""Sweeps: many cells with many replicates each, planned, played, stored and resumed.

The way from a command line to a row of the table, one module a step:

1. `request.read_line`: a line of overrides to the sweep's settings and the keys it sets.
2. `planning.make_plan`: keys to a `plan.Plan`, every cell composed by `compositions`, crossed or
   drawn by `designs`, and validated before the first run.
3. `cells.CellSettings`: a plan and the number of a cell to the validated settings of its runs.
4. `play.Player`: the settings of a chunk of cells to rows, whose columns `columns` describes.
5. `store.Store`: rows to files that a kill cannot spoil, and all files to `runs.parquet`.

`execute.execute` walks steps 3 to 5, with the workers of `executors`; `sweep` walks all five, and
`run` is the model as one function of named parameters, for other packages to drive.
"""

from sim.sweeps.api import run, sweep

__all__ = ["run", "sweep"]
