"""Where chunks are played: threads of this process, Dask workers, or Slurm tasks.

All offer the same: ``play(player, store, chunks)`` yields a receipt for each chunk once it is
stored, in any order. A chunk whose worker is lost is played again, `sim.sweeps.play.ATTEMPTS`
times at most, and then recorded as failed. Leaving the loop early stops the workers.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from sim.sweeps.plan import Chunk
from sim.sweeps.play import Notice, Player, Receipt
from sim.sweeps.request import DaskExecutor, Executor, LocalExecutor
from sim.sweeps.store import Store


class Workers(Protocol):
    """What every executor offers."""

    count: int  # how many chunks it plays at once, as far as that is known beforehand
    where: str  # the same in words

    def check(self) -> None:
        """Raise ConfigError if there is no such cluster, or what is asked for does not fit it."""
        ...

    def play(
        self, player: Player, store: Store, chunks: Sequence[Chunk]
    ) -> Iterator[Receipt | Notice]:
        """Play chunks and yield a receipt for each, and what is to be told of the workers."""
        ...


def workers_for(settings: Executor) -> Workers:
    """Return the executor that the settings name; ConfigError if its extra is not installed."""
    if isinstance(settings, LocalExecutor):
        from sim.sweeps.play import Threads

        return Threads(settings.workers)
    if isinstance(settings, DaskExecutor):
        from sim.sweeps.executors.dask import DaskWorkers

        return DaskWorkers(settings)
    from sim.sweeps.executors.slurm import SlurmTasks

    return SlurmTasks(settings)
