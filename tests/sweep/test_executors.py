"""The same bytes by one thread, two threads, Dask workers and tasks; workers that die."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.sweeps.chunks import Chunk
from sim.sweeps.execute import Outcome, Quiet
from sim.sweeps.executors import dask as dask_executor
from sim.sweeps.work import Receipt, play_stored

Play = Callable[..., Outcome]

LINE = (
    "strategy@armenia=linear,firm agenda=single_undertaking,interim_allowed "
    "armenia.acceptance.a=0.8,1 replicates=150"
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
                process = next(iter(Client.current().run(os.getpid).values()))
                killed.append(process)
                os.kill(process, signal.SIGKILL)

    done = play(f"{LINE} executor=dask executor.workers=2", "killed", Kills())
    assert len(killed) == 2
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


def deadly(folder: str, plan_hash: str, chunk: Chunk) -> Receipt:
    """Kill the worker at one chunk."""
    if chunk.first_replicate == 128:
        os.kill(os.getpid(), signal.SIGKILL)
    return play_stored(folder, plan_hash, chunk)


@pytest.mark.slow
def test_a_chunk_that_kills_its_worker_is_given_up(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setattr(dask_executor, "play_stored", deadly)
    done = play("replicates=300 executor=dask executor.workers=2", "deadly")
    rows = pl.read_parquet(done.store.runs_file)
    failed = rows.filter(pl.col("run_status") == "failed")
    assert failed["replicate"].to_list() == list(range(128, 256))
    assert failed["error"].unique().to_list() == ["given up after 3 attempts: the worker died"]
    assert done.failed == 128


@pytest.mark.slow
def test_tasks_of_a_job_array(play: Play, expected: bytes) -> None:
    line = f"{LINE} executor=slurm executor.cluster=local executor.workers=2 executor.cpus=1"
    done = play(line, "tasks")
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


def test_no_scheduler_answers(play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.errors import ConfigError

    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1)
    with pytest.raises(ConfigError, match="no scheduler answers at tcp"):
        play("replicates=3 executor=dask executor.address=tcp://127.0.0.1:9")
