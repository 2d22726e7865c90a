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
from sim.runs.terminal import counted
from sim.sweeps.columns import FAILED
from sim.sweeps.executors.site import Tasks, fit, fit_here, last_line
from sim.sweeps.plan import Chunk, Plan
from sim.sweeps.play import ATTEMPTS, Notice, Player, Receipt, Threads, give_up, stored_player
from sim.sweeps.request import SlurmExecutor
from sim.sweeps.store import Store, problem_of, stored_status

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
    """Play a task's share of the chunks, return their number; leave a SimError in `stop_file`."""
    store = Store(folder)
    try:
        player = stored_player(folder, plan_hash)
        player.warm_up()
        return sum(1 for _ in Threads(cpus).play(player, store, chunks))
    except SimError as error:
        stop_file(store).write_text(str(error), "utf-8")
        raise


class _LocalTasks:
    """Tasks that submitit runs on this machine."""

    waiting = never = losses = ""
    outside = False

    def __init__(self, jobs: Sequence["submitit.Job[int]"]) -> None:
        self._jobs = jobs

    def look(self, soon: bool = False) -> None:
        """Nothing is asked: whether a job has ended is always known."""

    @property
    def ended(self) -> bool:
        """Whether all tasks have ended."""
        return all(job.done() for job in self._jobs)

    def cancel(self) -> None:
        """Cancel what has not ended."""
        for job in self._jobs:
            if not job.done():
                job.cancel()


class SlurmTasks:
    """Plays chunks in the tasks of job arrays."""

    def __init__(self, settings: SlurmExecutor) -> None:
        try:
            import submitit
        except ImportError as error:
            problem = "executor=slurm: needs submitit, install the extra `slurm`"
            raise ConfigError([problem]) from error
        self._settings = settings
        self._problem: ConfigError | None = None
        self._fit = fit_here(settings)
        if settings.cluster == "slurm":
            try:
                if submitit.SlurmExecutor.affinity() < 0:
                    raise SimError("no Slurm on this machine")
                self._fit = fit(settings)
            except ConfigError as error:
                self._problem = error
            except SimError as error:
                hint = "executor.cluster=local tries it here"
                self._problem = ConfigError([f"executor=slurm: {error}; {hint}"])
        self.count = self._fit.tasks * self._fit.cpus
        tasks, cores = counted(self._fit.tasks, "task"), counted(self._fit.cpus, "core")
        self.where = f"{tasks} with {cores} each"

    def check(self) -> None:
        """Raise ConfigError if Slurm does not answer, or no node can hold such tasks."""
        if self._problem is not None:
            raise self._problem

    def play(
        self, player: Player, store: Store, chunks: Sequence[Chunk]
    ) -> Iterator[Receipt | Notice]:
        """Play chunks; yield a receipt for each, and notices of the tasks.

        What a lost array leaves goes to a new one. Only arrays that store nothing at all count as
        attempts, so that a time limit may cut a long sweep as often as it likes. Raises SimError if
        the tasks will never start, or are ended from outside again and again.
        """
        waiting = list(chunks)
        attempts = 0
        stop_file(store).unlink(missing_ok=True)
        while waiting and attempts < ATTEMPTS:
            before = len(waiting)
            tasks = self._submit(player, store, waiting)
            try:
                for news in self._stored(player.plan, store, waiting, tasks):
                    if isinstance(news, Receipt):
                        waiting.remove(news.chunk)
                    yield news
                _wait(tasks)
            finally:
                tasks.cancel()
            attempts = attempts + 1 if len(waiting) == before else 0
            if waiting and tasks.losses and attempts < ATTEMPTS:
                left = counted(len(waiting), "chunk")
                yield Notice(f"{tasks.losses}; {left} go to new tasks", line=True)
            # A chunk that kills its task does not stand in the way of the same ones again.
            waiting.reverse()
        if waiting and tasks.losses and tasks.outside:
            often = f"nothing was stored {ATTEMPTS} times in a row, the same line goes on"
            raise SimError(f"executor=slurm: {tasks.losses}; {often}")
        reason = f"the task ended before the chunk was stored, see {task_folder(store)}"
        for chunk in waiting:
            yield give_up(player, store, chunk, reason)

    def _submit(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Tasks | _LocalTasks:
        """Submit one job array, chunks dealt out in turn; ConfigError if Slurm refuses it."""
        import submitit
        from submitit.core.utils import FailedJobError

        s = self._settings
        executor = submitit.AutoExecutor(folder=str(task_folder(store)), cluster=s.cluster)
        executor.update_parameters(
            name="sim-sweep",
            timeout_min=self._fit.minutes,
            cpus_per_task=self._fit.cpus,
            slurm_array_parallelism=self._fit.tasks,
            # A step of srun's would get one core of the task's, from Slurm 22.05 on.
            slurm_use_srun=False,
            **({"mem_gb": self._fit.memory_gb} if self._fit.memory_gb else {}),
            **({"slurm_partition": s.partition} if s.partition else {}),
            **({"slurm_account": s.account} if s.account else {}),
        )
        tasks = min(self._fit.tasks, len(chunks))
        shares = [list(chunks[n::tasks]) for n in range(tasks)]
        folder, plan, cpus = str(store.folder.resolve()), player.plan.hash, self._fit.cpus
        try:
            jobs: list[submitit.Job[int]] = executor.map_array(
                play_share, [folder] * tasks, [plan] * tasks, shares, [cpus] * tasks
            )
        except FailedJobError as error:
            raise ConfigError([f"executor=slurm: refused, {last_line(str(error))}"]) from error
        return _LocalTasks(jobs) if s.cluster == "local" else Tasks([job.job_id for job in jobs])

    def _stored(
        self, plan: Plan, store: Store, chunks: Sequence[Chunk], tasks: Tasks | _LocalTasks
    ) -> Iterator[Receipt | Notice]:
        """Yield receipts as shards appear, until all have or all tasks have ended."""
        left = list(chunks)
        waiting = ""
        while left:
            if stop_file(store).exists():
                raise SimError(stop_file(store).read_text("utf-8"))
            tasks.look()
            ended = tasks.ended
            for chunk in [c for c in left if store.shard_file(c).exists()]:
                if not problem_of(store.shard_file(chunk), plan, chunk):
                    left.remove(chunk)
                    status = stored_status(store.shard_file(chunk))
                    yield Receipt(chunk, int((status == FAILED).sum()), 0.0)
            if ended:
                return
            if tasks.never:
                problem = f"the tasks would wait for ever, Slurm says {tasks.never}"
                raise ConfigError([f"executor=slurm: {problem}"])
            if tasks.waiting != waiting:
                waiting = tasks.waiting
                yield Notice(waiting)
            if left:
                time.sleep(POLL_SECONDS)


def _wait(tasks: Tasks | _LocalTasks) -> None:
    until = time.monotonic() + ENDING_SECONDS
    tasks.look(soon=True)
    while time.monotonic() < until and not tasks.ended:
        time.sleep(POLL_SECONDS)
        tasks.look(soon=True)
