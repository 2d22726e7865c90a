"""A job array under Slurm, through submitit: each task takes its share of the chunks.

Tasks read the plan from the results' folder and write their shards into it; the shards alone say
what is done. submitit hands its tasks their work as pickles; those and the tasks' logs stand in a
folder beside the results, so that nothing inside the results' folder is ever unpickled.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SimError
from sim.runs.files import is_whole, stored_status
from sim.runs.terminal import counted
from sim.sweeps.columns import FAILED
from sim.sweeps.executors.local import Threads
from sim.sweeps.plan import Chunk
from sim.sweeps.play import ATTEMPTS, Player, Receipt, give_up, stored_player
from sim.sweeps.request import SlurmExecutor
from sim.sweeps.store import Store

if TYPE_CHECKING:
    import submitit

POLL_SECONDS = 1.0
ENDING_SECONDS = 30.0
"""How long a task may take to end once its last chunk is stored."""


def task_folder(store: Store) -> Path:
    """Return where submitit keeps its files: beside the results."""
    folder = store.folder.resolve()
    return folder.with_name(f"{folder.name}-tasks")


def stop_file(store: Store) -> Path:
    """Return where a task writes why the whole sweep cannot go on."""
    return task_folder(store) / "stopped.txt"


def play_share(folder: str, plan_hash: str, chunks: Sequence[Chunk], cpus: int) -> int:
    """Play a task's share of the chunks in threads, and return how many there were.

    Raises
    ------
    SimError
        If the sweep cannot go on; the message is left in `stop_file`.
    """
    store = Store(folder)
    try:
        player = stored_player(folder, plan_hash)
        player.warm_up()
        return sum(1 for _ in Threads(cpus).play(player, store, chunks))
    except SimError as error:
        stop_file(store).write_text(str(error), "utf-8")
        raise


class SlurmTasks:
    """Plays chunks in the tasks of job arrays.

    Raises
    ------
    ConfigError
        If submitit is not installed.
    """

    def __init__(self, settings: SlurmExecutor) -> None:
        try:
            import submitit  # noqa: F401 - only to see whether it is there
        except ImportError as error:
            raise ConfigError(
                ["executor=slurm: needs submitit, install the extra `slurm`"]
            ) from error
        self._settings = settings
        self.count = settings.workers * settings.cpus
        tasks, cores = counted(settings.workers, "task"), counted(settings.cpus, "core")
        self.where = f"{tasks} with {cores} each"

    def check(self) -> None:
        """Refuse a machine without Slurm."""
        import submitit

        if self._settings.cluster == "slurm" and submitit.SlurmExecutor.affinity() < 0:
            raise ConfigError(
                ["executor=slurm: no Slurm on this machine; executor.cluster=local tries it here"]
            )

    def play(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Iterator[Receipt]:
        """Play chunks and yield a receipt for each."""
        waiting = list(chunks)
        stop_file(store).unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            if not waiting:
                return
            jobs = self._submit(player, store, waiting)
            try:
                for chunk in self._stored(store, waiting, jobs):
                    waiting.remove(chunk)
                    yield _receipt(store, chunk)
                _wait(jobs)
            finally:
                for job in jobs:
                    if not job.done():
                        job.cancel()
        reason = f"the task ended before the chunk was stored, see {task_folder(store)}"
        for chunk in waiting:
            yield give_up(player, store, chunk, reason)

    def _submit(
        self, player: Player, store: Store, chunks: Sequence[Chunk]
    ) -> list["submitit.Job[int]"]:
        """Submit one job array; chunks are dealt out in turn."""
        import submitit

        s = self._settings
        executor = submitit.AutoExecutor(folder=str(task_folder(store)), cluster=s.cluster)
        executor.update_parameters(
            name="sim-sweep",
            timeout_min=s.minutes,
            cpus_per_task=s.cpus,
            mem_gb=s.memory_gb,
            slurm_array_parallelism=s.workers,
            **({"slurm_partition": s.partition} if s.partition else {}),
            **({"slurm_account": s.account} if s.account else {}),
        )
        tasks = min(s.workers, len(chunks))
        shares = [list(chunks[n::tasks]) for n in range(tasks)]
        folder = str(store.folder.resolve())
        jobs: list[submitit.Job[int]] = executor.map_array(
            play_share, [folder] * tasks, [player.plan.hash] * tasks, shares, [s.cpus] * tasks
        )
        return jobs

    def _stored(
        self, store: Store, chunks: Sequence[Chunk], jobs: Sequence["submitit.Job[int]"]
    ) -> Iterator[Chunk]:
        """Yield chunks as their shards appear, until all have or all tasks have ended."""
        left = list(chunks)
        while left:
            if stop_file(store).exists():
                raise SimError(stop_file(store).read_text("utf-8"))
            ended = all(job.done() for job in jobs)
            for chunk in [c for c in left if store.shard_file(c).exists()]:
                if is_whole(store.shard_file(chunk), chunk.runs):
                    left.remove(chunk)
                    yield chunk
            if ended:
                return
            if left:
                time.sleep(POLL_SECONDS)


def _wait(jobs: Sequence["submitit.Job[int]"]) -> None:
    until = time.monotonic() + ENDING_SECONDS
    while time.monotonic() < until and not all(job.done() for job in jobs):
        time.sleep(POLL_SECONDS)


def _receipt(store: Store, chunk: Chunk) -> Receipt:
    status = stored_status(store.shard_file(chunk))
    return Receipt(chunk, int((status == FAILED).sum()), 0.0)
