"""What goes wrong on real machines: kills, full disks, broken files, two sweeps in one folder."""

import inspect
import multiprocessing
import os
import random
import resource
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.errors import ConfigError
from sim.runs.files import StoreError
from sim.sweeps import play as play_module
from sim.sweeps.execute import Outcome, Quiet, execute
from sim.sweeps.plan import Chunk
from sim.sweeps.planning import make_plan
from sim.sweeps.play import ATTEMPTS, Player, Receipt, Threads
from sim.sweeps.store import Store

Play = Callable[..., Outcome]
Start = Callable[..., subprocess.Popen[str]]
Command = Callable[..., subprocess.CompletedProcess[str]]

SMALL = ["public=none", "horizon=30"]
KILLS = 20
LINE = "agenda=single_undertaking,interim_allowed strategy@armenia=linear,firm replicates=200"


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


@pytest.mark.slow
@pytest.mark.timeout(900)  # under a minute on idle cores
def test_killed_twenty_times_and_resumed(start: Start, tmp_path: Path) -> None:
    words = ["agenda=glob(*)", "strategy@armenia=linear,firm", "replicates=3000"]
    words.append("executor.workers=1")
    request = make_plan(words)
    whole = execute(request, tmp_path / "undisturbed", Quiet()).store.runs_file.read_bytes()
    total = len(shards(tmp_path / "undisturbed"))
    folder = tmp_path / "killed"
    rng = random.Random(20)
    # All rounds but one start from a process that has imported everything, so that they are spent
    # at work; multiprocessing's fork server has one thread and forks safely.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["sim.sweeps.execute", "tests.sweep.loaded"])
    at_work = 0
    for kill in range(KILLS):
        before = len(shards(folder))
        wanted = before + rng.choice([0, 1, 1, 2])
        if kill == 0:
            process = start(*words, "--out", "killed")
            alive = lambda process=process: process.poll() is None  # noqa: E731
        else:
            process = processes.Process(target=execute, args=(request, folder, Quiet()))
            process.start()
            alive = process.is_alive
        while alive() and len(shards(folder)) < wanted:
            time.sleep(0.002)
        # From the first steps to the middle of a chunk, but not so long that all are done.
        end = time.monotonic() + rng.uniform(0.0, 1.5 if wanted == before else 0.1)
        while time.monotonic() < end and len(shards(folder)) < wanted + 3:
            time.sleep(0.002)
        at_work += alive()
        process.kill()
        if isinstance(process, subprocess.Popen):
            process.communicate()
        else:
            process.join()
        for shard in shards(folder):
            pl.read_parquet(shard)
    assert at_work == KILLS
    assert 0 < len(shards(folder)) < total
    last = start(*words, "--out", "killed")
    _out, err = last.communicate(timeout=600)
    assert last.returncode == 0, err
    assert len(shards(folder)) == total
    assert (folder / "runs.parquet").read_bytes() == whole
    assert leftovers(tmp_path) == []


def test_interrupted_with_ctrl_c(start: Start, tmp_path: Path) -> None:
    words = ["agenda=glob(*)", "replicates=4000", "executor.workers=1", "--out", "results"]
    process = start(*words)
    while not shards(tmp_path / "results"):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "go on with: sim sweep 'agenda=glob(*)' replicates=4000 executor.workers=1" in err
    assert "Traceback" not in err
    for shard in shards(tmp_path / "results"):
        pl.read_parquet(shard)


def test_a_truncated_shard_is_played_again(play: Play) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    broken = shards(done.store.folder)[1]
    broken.write_bytes(broken.read_bytes()[:-100])
    done.store.runs_file.unlink()
    said: list[str] = []

    class Listening(Quiet):
        def say(self, line: str) -> None:
            said.append(line)

    again = play(LINE, reporter=Listening())
    chunk = Chunk.from_name(broken.stem)
    assert chunk is not None
    assert again.played == chunk.runs
    assert again.store.runs_file.read_bytes() == whole
    assert broken.name in said[0]
    assert broken.with_suffix(".broken").exists()


@pytest.mark.parametrize("fault", ["truncated", "lost"])
def test_a_trace_that_is_not_whole_is_played_again(play: Play, fault: str) -> None:
    line = "agenda=glob(s*) replicates=40 trace=sample"
    done = play(line)
    whole = done.store.runs_file.read_bytes()
    (trace,) = (done.store.folder / "traces").iterdir()
    weekly = pl.read_parquet(trace)
    if fault == "truncated":
        trace.write_bytes(trace.read_bytes()[:-50])
    else:
        trace.unlink()
    chunk = Chunk.from_name(trace.stem)
    assert chunk is not None
    again = play(line)
    assert again.played == chunk.runs
    assert again.store.runs_file.read_bytes() == whole
    assert pl.read_parquet(trace).equals(weekly)
    broken = {path.parent.name for path in done.store.folder.rglob("*.broken")}
    assert broken == ({"shards", "traces"} if fault == "truncated" else {"shards"})


def test_a_shard_with_too_few_rows_is_played_again(play: Play) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    broken = shards(done.store.folder)[0]
    pl.read_parquet(broken).head(3).write_parquet(broken)
    done.store.runs_file.unlink()
    assert play(LINE).played > 0
    assert done.store.runs_file.read_bytes() == whole


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let writing fail beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_while_shards_are_written(play: Play, tmp_path: Path) -> None:
    whole = play(LINE, "undisturbed").store.runs_file.read_bytes()

    class FillsUp(Quiet):
        def advance(self, receipt: Receipt) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

    with largest_file(-1), pytest.raises(StoreError, match="the disk is full"):
        play(f"{LINE} executor.workers=1", "full", FillsUp())
    assert leftovers(tmp_path) == []
    stored = len(shards(tmp_path / "full"))
    assert 0 < stored < len(shards(tmp_path / "undisturbed"))
    assert play(LINE, "full").store.runs_file.read_bytes() == whole


def test_full_disk_while_the_table_is_written(play: Play, tmp_path: Path) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    done.store.runs_file.unlink()
    with largest_file(len(whole) // 2), pytest.raises(StoreError, match=r"runs\.parquet"):
        play(LINE)
    assert not done.store.runs_file.exists()
    assert leftovers(tmp_path) == []
    assert play(LINE).store.runs_file.read_bytes() == whole


def test_an_older_table_stays_if_the_new_one_cannot_be_written(play: Play) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    with largest_file(len(whole) // 2), pytest.raises(StoreError):
        play(LINE.replace("replicates=200", "replicates=264"))
    assert done.store.runs_file.read_bytes() == whole


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the rights of root, who may write anywhere, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = make_plan(["replicates=2", *SMALL])
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IROTH | stat.S_IXOTH)
    # Relative, since nobody may not enter the folders above.
    monkeypatch.chdir(folder)
    for name in ("results", "."):
        with as_nobody(), pytest.raises(ConfigError, match="cannot be written to, permission den"):
            execute(request, name, Quiet())
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    done = command("replicates=2", "--out", "file/results")
    assert done.returncode == 2
    assert "file/results: cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_two_sweeps_at_once_the_second_is_refused(
    start: Start, command: Command, tmp_path: Path
) -> None:
    words = ["agenda=glob(*)", "replicates=600", "public=none", "--out", "results"]
    first = start(*words)
    while not shards(tmp_path / "results"):
        assert first.poll() is None
        time.sleep(0.005)
    # Stopped in its middle, so that the other one surely comes while it is at work.
    first.send_signal(signal.SIGSTOP)
    second = command(*words)
    first.send_signal(signal.SIGCONT)
    _out, err = first.communicate(timeout=300)
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == "sim: results: another sweep is at work in it"
    assert first.returncode == 0, err
    assert len(pl.read_parquet(tmp_path / "results" / "runs.parquet")) == 1800


def test_another_plan_is_refused(play: Play) -> None:
    done = play(LINE)
    before = done.store.runs_file.read_bytes()
    with pytest.raises(ConfigError, match="another sweep") as raised:
        play(f"{LINE} seed=2")
    assert "with seed 1, here 2" in str(raised.value)
    assert done.store.runs_file.read_bytes() == before


def test_a_plan_edited_by_hand_is_refused(play: Play, command: Command) -> None:
    done = play("replicates=3")
    file = done.store.folder / "plan.json"
    file.write_text(file.read_text("utf-8").replace('"replicates": 3', '"replicates": 30'), "utf-8")
    with pytest.raises(ConfigError, match=r"plan\.json: was changed after"):
        play("replicates=3")


def test_a_folder_with_something_else_is_left_alone(play: Play, tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(ConfigError, match=r"thesis\.txt"):
        play("replicates=3")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["thesis.txt"]
    assert (tmp_path / "results" / "thesis.txt").read_text("utf-8") == "years of work"


def test_shards_without_their_plan_are_refused(play: Play) -> None:
    done = play("replicates=3")
    (done.store.folder / "plan.json").unlink()
    done.store.runs_file.unlink()
    with pytest.raises(ConfigError, match="no plan of a sweep"):
        play("replicates=3")


def test_an_outcome_that_is_no_number(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    right = play_module.outcomes

    def wrong(*given: object) -> dict[str, np.ndarray]:
        found = right(*given)  # type: ignore[arg-type]
        found["utility_first"] = found["utility_first"].copy()
        found["utility_first"][0] = np.nan
        return found  # type: ignore[return-value]

    monkeypatch.setattr(play_module, "outcomes", wrong)
    done = play("replicates=3 agenda=glob(s*) executor.workers=1")
    rows = pl.read_parquet(done.store.runs_file)
    assert done.failed == 1
    assert rows["run_status"].to_list() == ["failed", "ok", "ok"]
    assert rows["error"][0] == "outcome 'utility_first' is not a finite number"
    assert rows["utility_first"].to_list()[0] is None
    assert rows["utility_first"].is_nan().sum() == 0


PLUGIN = """
import math
from sim.model.plugins import plugin

@plugin("concession", "raises", family="test", reference="none")
def raises(ARGUMENTS):
    raise ValueError("nothing to concede")

@plugin("concession", "no_number", family="test", reference="none")
def no_number(ARGUMENTS):
    return math.nan
"""


def test_rules_that_raise_are_recorded_and_the_sweep_goes_on(
    command: Command, tmp_path: Path
) -> None:
    from sim.model.plugins import registry

    firm = registry().get("concession", "firm").function
    arguments = ", ".join(inspect.signature(getattr(firm, "py_func", firm)).parameters)
    (tmp_path / "mine.py").write_text(PLUGIN.replace("ARGUMENTS", arguments), "utf-8")
    folder = tmp_path / "own" / "strategy"
    folder.mkdir(parents=True)
    for name in ("raises", "no_number"):
        (folder / f"{name}.yaml").write_text(f"strategy: {{name: {name}}}\n", "utf-8")
    done = command(
        "plugins=[mine.py]",
        "strategy@armenia=raises,firm,no_number",
        "public=none",
        "horizon=60",
        "replicates=3",
        "--config-dir",
        "own",
        "--out",
        "results",
        NUMBA_DISABLE_JIT="1",
    )
    assert done.returncode == 3, done.stderr
    rows = pl.read_parquet(tmp_path / "results" / "runs.parquet")
    errors = dict(rows.group_by("strategy@armenia").agg(pl.first("error")).iter_rows())
    assert errors["firm"] is None
    assert errors["raises"] == "ValueError: nothing to concede"
    assert "'no_number'" in errors["no_number"]
    assert "returned no finite number" in errors["no_number"]
    assert rows["run_status"].value_counts().sort("run_status")["count"].to_list() == [3, 6]
    assert "3 runs failed in 1 cell" in done.stderr
    assert rows.filter(pl.col("run_status") == "failed")["weeks"].null_count() == 6


def test_a_chunk_that_fails_is_tried_three_times(play: Play, tmp_path: Path) -> None:
    done = play("replicates=40 agenda=single_undertaking,interim_allowed", "good")
    attempts: list[Chunk] = []

    class Unlucky(Player):
        def play(self, chunk: Chunk) -> play_module.Played:
            if chunk.first_replicate == 32:
                attempts.append(chunk)
                raise MemoryError("no memory")
            return super().play(chunk)

    store = Store(tmp_path / "unlucky")
    store.create()
    chunks = [Chunk(0, 2, 0, 32), Chunk(0, 2, 32, 40)]
    receipts = {r.chunk: r for r in Threads(2).play(Unlucky(done.plan), store, chunks)}
    assert len(attempts) == ATTEMPTS == 3
    assert receipts[chunks[0]].failed == 0
    assert receipts[chunks[1]].failed == 16
    rows = pl.read_parquet(store.shard_file(chunks[1]))
    assert rows["error"].unique().to_list() == ["given up after 3 attempts: MemoryError: no memory"]
    good = pl.read_parquet(done.store.runs_file)
    assert rows.schema == good.schema
