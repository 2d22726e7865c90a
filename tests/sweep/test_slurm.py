"""Sweeps on a private Slurm site: the same bytes, lost tasks, limits, what does not fit."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sim.errors import ConfigError
from sim.sweeps.execute import Outcome, Quiet
from sim.sweeps.executors import site as asking
from sim.sweeps.executors import slurm
from sim.sweeps.executors.site import Fit
from sim.sweeps.play import ATTEMPTS
from tests.sweep.slurm_site import NODE, Site, private_site

Play = Callable[..., Outcome]
Start = Callable[..., subprocess.Popen[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]

LINE = (
    "strategy@armenia=linear,firm agenda=single_undertaking,interim_allowed "
    "armenia.acceptance.a=0.8,1 replicates=600"
)
SMALL = ["public=none", "horizon=30"]
TWO_TASKS = "executor=slurm executor.cpus=1 executor.workers=2"
WAIT_SECONDS = 60.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site for the tests of this file."""
    with private_site() as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_queued(site: Site) -> Iterator[None]:
    """Leave no job to the next test."""
    yield
    assert not site.ask("squeue", "--noheader"), "a sweep has left jobs in the queue"


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table by threads of one process."""
    from sim.sweeps.execute import execute
    from sim.sweeps.planning import make_plan

    folder = tmp_path_factory.mktemp("local") / "results"
    return execute(make_plan([*LINE.split(), *SMALL]), folder, Quiet()).store.runs_file.read_bytes()


class Listening(Quiet):
    """Keeps what is told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.notes: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def note(self, text: str) -> None:
        self.notes.append(text)


def task_of(process: int) -> str:
    """Return the number of the task that a process plays, empty if it plays none."""
    place = Path(f"/proc/{process}")
    if b"submitit.core._submit" not in (place / "cmdline").read_bytes().split(b"\0"):
        return ""
    words = (place / "environ").read_bytes().decode().split("\0")
    variables = dict(word.split("=", 1) for word in words if "=" in word)
    return f"{variables['SLURM_ARRAY_JOB_ID']}_{variables['SLURM_ARRAY_TASK_ID']}"


def hold_both(site: Site, folder: Path) -> list[str]:
    """Stop both tasks as soon as they start, let them work until something is stored.

    In short steps, so that they are in the middle then however busy the machine is.
    """
    held: dict[str, int] = {}
    until = time.monotonic() + WAIT_SECONDS
    while len(held) < 2 and time.monotonic() < until:
        for process in site.processes():
            with contextlib.suppress(OSError):
                task = task_of(process)
                if task and task not in held:
                    os.kill(process, signal.SIGSTOP)
                    held[task] = process
        time.sleep(0.02)
    while not list((folder / "shards").glob("*.parquet")) and time.monotonic() < until:
        for word in (signal.SIGCONT, signal.SIGSTOP):
            for process in held.values():
                os.kill(process, word)
            time.sleep(0.05)
    return sorted(held)


def test_a_task_cancelled_and_one_at_its_time_limit(
    play: Play, site: Site, tmp_path: Path, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LONGEST_SECONDS", 1.0)
    held: list[str] = []

    def lose_both() -> None:
        held.extend(hold_both(site, tmp_path / "lost"))
        site.ask("scancel", held[0])
        soon = (datetime.now() + timedelta(seconds=1)).isoformat(timespec="seconds")
        site.ask("scontrol", "update", f"JobId={held[1]}", f"EndTime={soon}")

    told = Listening()
    thread = threading.Thread(target=lose_both)
    thread.start()
    done = play(f"{LINE} {TWO_TASKS}", "lost", told)
    thread.join()
    (line,) = told.lines
    cancelled, late = map(re.escape, held)
    lost = rf"1 task cancelled \({cancelled}\), 1 task over the time limit \({late}\)"
    assert re.fullmatch(lost + r"; \d+ chunks go to new tasks", line)
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


def test_cancelled_while_waiting_and_gone_on_with_by_the_same_line(
    start: Start, command: Command, site: Site, tmp_path: Path, expected: bytes
) -> None:
    words = [*LINE.split(), *SMALL, "executor=slurm", "--out", "results"]
    site.ask("scontrol", "update", f"NodeName={NODE}", "State=DRAIN", "Reason=test")
    try:
        process = start(*words)
        cancelled: set[str] = set()
        while process.poll() is None and len(cancelled) < ATTEMPTS:
            waiting = {name for name, state in site.states().items() if state == "PENDING"}
            time.sleep(1.5)  # to be told of
            for job in waiting:
                site.ask("scancel", job)
            cancelled |= waiting
        _out, err = process.communicate(timeout=WAIT_SECONDS)
    finally:
        site.ask("scontrol", "update", f"NodeName={NODE}", "State=RESUME")
    assert process.returncode == 1, err
    assert re.search(r"0 runs, 0%, 0 runs/s; 1 of 1 task PENDING \(.+\)", err), err
    assert re.search(r"sim: 1 task cancelled \(\d+\); \d+ chunks go to new tasks", err), err
    assert err.endswith("; nothing was stored 3 times in a row, the same line goes on\n")
    assert not list((tmp_path / "results" / "shards").iterdir())
    done = command(*words)
    assert done.returncode == 0, done.stderr
    # What fits the site of two cores.
    assert "4,800 runs; 1 task with 2 cores each" in done.stderr
    assert "sacct" not in err + done.stdout + done.stderr
    assert (tmp_path / "results" / "runs.parquet").read_bytes() == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("executor.cpus=4", r"executor\.cpus: partition 'debug' has 2 cores a node, not 4"),
        ("executor.minutes=500", r"executor\.minutes: partition 'debug' allows 120 minutes"),
        ("executor.memory_gb=64", r"executor\.memory_gb: partition 'debug' has 2\.9 GB a node"),
        ("executor.partition=debgu", r"executor\.partition: .* 'debgu'; did you mean 'debug'\?"),
    ],
)
def test_what_does_not_fit_is_refused(play: Play, tmp_path: Path, words: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        play(f"replicates=3 executor=slurm {words}")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (Fit(1, 4, 10, 0.0), "would wait for ever, Slurm says PartitionConfig"),
        (Fit(1, 1, 10, 64.0), "refused, .*node configuration is not available"),
    ],
)
def test_what_slurm_finds_not_to_fit(
    play: Play, monkeypatch: pytest.MonkeyPatch, wrong: Fit, told: str
) -> None:
    monkeypatch.setattr(slurm, "fit", lambda asked: wrong)
    with pytest.raises(ConfigError, match=told):
        play("replicates=3 executor=slurm")


def test_the_site_ends_with_all_that_it_started(site: Site) -> None:
    with private_site() as other:
        pids = [daemon.pid for daemon in other._daemons]
        other.ask("sbatch", "--output=/dev/null", "--wrap", "sleep 300")
        until = time.monotonic() + WAIT_SECONDS
        while not other.processes() and time.monotonic() < until:
            time.sleep(0.1)
        assert other.processes()
    assert not other.folder.exists()
    assert not other.processes()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert site.ask("sinfo", "--noheader", "--format=%D").strip() == "1"
