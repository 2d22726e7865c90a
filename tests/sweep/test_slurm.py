"""Sweeps on a private Slurm site: the same bytes, lost tasks, limits, what does not fit."""

import os
import re
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
WAIT_SECONDS = 120.0

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


# For the tasks' Python. A task stores one shard, and never renames its second one while the file
# is there: it is in the middle until it is killed, on a slow machine and on a fast one.
HOLDING = """
import os, sys, time
names = []
def hold(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith(".parquet"):
        names.append(arguments[1])
        while len(names) > 1 and os.path.exists({path!r}):
            time.sleep(0.1)
sys.addaudithook(hold)
"""


@pytest.fixture
def holding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file; while it is there, no task stores more than one shard."""
    file = tmp_path / "hold"
    file.touch()
    customised = tmp_path / "customised" / "sitecustomize.py"
    customised.parent.mkdir()
    customised.write_text(HOLDING.format(path=str(file)), "utf-8")
    others = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, [str(customised.parent), others]))
    )
    return file


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds, or as long as a slow machine may take."""
    until = time.monotonic() + WAIT_SECONDS
    while not holds() and time.monotonic() < until:
        time.sleep(0.1)


def test_a_task_cancelled_and_one_at_its_time_limit(
    play: Play,
    site: Site,
    holding: Path,
    tmp_path: Path,
    expected: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "LONGEST_SECONDS", 1.0)
    shards = tmp_path / "lost" / "shards"
    happened: list[object] = []

    def lose_both() -> None:
        wait_for(lambda: len(list(shards.glob("*.parquet"))) == 2)
        before = site.states()
        cancelled, late = sorted(name for name, state in before.items() if state == "RUNNING")
        site.ask("scancel", cancelled)
        soon = (datetime.now() + timedelta(seconds=1)).isoformat(timespec="seconds")
        site.ask("scontrol", "update", f"JobId={late}", f"EndTime={soon}")
        wait_for(lambda: new_tasks_run(late))
        happened.extend([before, site.states(), len(list(shards.glob("*.parquet")))])

    def new_tasks_run(late: str) -> bool:
        """The site gives them cores once nothing is left of the lost ones."""
        states = site.states()
        return states.get(late) == "TIMEOUT" and "RUNNING" in states.values()

    def lose_both_and_let_go() -> None:
        try:
            lose_both()
        finally:
            holding.unlink()

    told = Listening()
    thread = threading.Thread(target=lose_both_and_let_go)
    thread.start()
    done = play(f"{LINE} {TWO_TASKS}", "lost", told)
    thread.join()
    assert len(told.lines) == 1, (told.lines, told.notes, happened)
    lost = r"1 task cancelled \(\d+_0\), 1 task over the time limit \(\d+_1\)"
    left = len(done.store.chunks()) - 2
    assert re.fullmatch(rf"{lost}; {left} chunks go to new tasks", told.lines[0]), happened
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
