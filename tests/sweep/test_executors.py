"""The same bytes by one thread, two threads, Dask workers and tasks; workers that die."""

import os
import signal
import sys
from collections.abc import Callable

import polars as pl
import pytest

from sim.errors import ConfigError, SimError
from sim.sweeps.execute import Outcome, Quiet
from sim.sweeps.executors import dask as dask_executor
from sim.sweeps.executors import slurm
from sim.sweeps.plan import SMALLEST, Chunk
from sim.sweeps.play import Receipt, play_stored
from sim.sweeps.request import SlurmExecutor

Play = Callable[..., Outcome]

LINE = (
    "strategy@armenia=linear,firm agenda=single_undertaking,interim_allowed "
    "armenia.acceptance.a=0.8,1 replicates=300"
)


@pytest.fixture
def expected(play: Play) -> bytes:
    """The table by one thread."""
    return play(f"{LINE} executor.workers=1", "one").store.runs_file.read_bytes()


def test_two_threads(play: Play, expected: bytes) -> None:
    assert play(f"{LINE} executor.workers=2", "two").store.runs_file.read_bytes() == expected


@pytest.mark.slow
def test_two_dask_workers(play: Play, expected: bytes) -> None:
    done = play(f"{LINE} executor=dask executor.workers=2", "dask")
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


@pytest.mark.slow
def test_a_dask_worker_is_killed(play: Play, expected: bytes) -> None:
    killed: list[int] = []

    class Kills(Quiet):
        def advance(self, receipt: Receipt) -> None:
            from distributed import Client

            if len(killed) < 2:
                # A worker that was killed a moment ago does not answer.
                found = Client.current().run(os.getpid, on_error="ignore")
                process = next(iter(found.values()))
                killed.append(process)
                os.kill(process, signal.SIGKILL)

    done = play(f"{LINE} executor=dask executor.workers=2", "killed", Kills())
    assert len(killed) == 2
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


def deadly(folder: str, plan_hash: str, chunk: Chunk) -> Receipt:
    """Kill the worker at one chunk."""
    if chunk.first_replicate == SMALLEST:
        os.kill(os.getpid(), signal.SIGKILL)
    return play_stored(folder, plan_hash, chunk)


@pytest.mark.slow
def test_a_chunk_that_kills_its_worker_is_given_up(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(dask_executor, "play_stored", deadly)
    done = play("replicates=600 executor=dask executor.workers=2", "deadly")
    rows = pl.read_parquet(done.store.runs_file)
    failed = rows.filter(pl.col("run_status") == "failed")
    assert failed["replicate"].to_list() == list(range(SMALLEST, 2 * SMALLEST))
    assert failed["error"].unique().to_list() == ["given up after 3 attempts: the worker died"]
    assert done.failed == SMALLEST


@pytest.mark.slow
def test_tasks_of_a_job_array(play: Play, expected: bytes) -> None:
    line = f"{LINE} executor=slurm executor.cluster=local executor.workers=2 executor.cpus=1"
    done = play(line, "tasks")
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "node1"])
def test_no_scheduler_answers(play: Play, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1)
    with pytest.raises(ConfigError, match=f"no scheduler answers at {address}"):
        play(f"replicates=3 executor=dask executor.address={address}")


def test_a_scheduler_without_workers(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributed import LocalCluster

    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1)
    with (
        LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        pytest.raises(SimError, match="no Dask worker has joined"),
    ):
        play(f"replicates=3 executor=dask executor.address={cluster.scheduler_address}")


def test_no_slurm_on_this_machine(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match=r"no Slurm on this machine; executor\.cluster=local"):
        play("replicates=3 executor=slurm")


def test_a_task_that_cannot_go_on_stops_the_sweep(play: Play) -> None:
    done = play("replicates=3")
    store, chunk = done.store, Chunk(0, 1, 3, 6)
    slurm.task_folder(store).mkdir()
    with pytest.raises(SimError, match="another plan"):
        slurm.play_share(str(store.folder), "another hash", [chunk], 1)
    settings = SlurmExecutor(
        name="slurm",
        cluster="local",
        workers=1,
        cpus=1,
        minutes=1,
        memory_gb=1,
        partition="",
        account="",
    )
    with pytest.raises(SimError, match="holds another plan than the one to be played"):
        list(slurm.SlurmTasks(settings)._stored(done.plan, store, [chunk], slurm._LocalTasks([])))


def test_nothing_to_unpickle_is_left_among_the_results(play: Play) -> None:
    line = "replicates=3 executor=slurm executor.cluster=local executor.workers=1 executor.cpus=1"
    folder = play(line).store.folder
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds == {".json", ".parquet", ""}
    assert list(folder.with_name(f"{folder.name}-tasks").glob("*.pkl"))
