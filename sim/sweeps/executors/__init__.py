"""Where chunks are played: threads of this process, Dask workers, or Slurm tasks.

All offer the same. ``check()`` refuses what cannot play, before a folder is made. ``play(player,
store, chunks)`` yields a receipt for each chunk once it is stored, in any order, and notices of the
workers; `count` is how many chunks are played at once, `where` the same in words. A chunk whose
worker is lost is played again, `sim.sweeps.play.ATTEMPTS` times at most, and then recorded as
failed. Leaving the loop early stops the workers.
"""

from typing import TYPE_CHECKING

from sim.sweeps.play import Threads
from sim.sweeps.request import DaskExecutor, Executor, LocalExecutor

if TYPE_CHECKING:
    from sim.sweeps.executors.dask import DaskWorkers
    from sim.sweeps.executors.slurm import SlurmTasks


def workers_for(settings: Executor) -> "Threads | DaskWorkers | SlurmTasks":
    """Return the executor that the settings name; ConfigError if its extra is not installed."""
    if isinstance(settings, LocalExecutor):
        return Threads(settings.workers)
    if isinstance(settings, DaskExecutor):
        from sim.sweeps.executors.dask import DaskWorkers

        return DaskWorkers(settings)
    from sim.sweeps.executors.slurm import SlurmTasks

    return SlurmTasks(settings)
