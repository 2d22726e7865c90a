"""What a sweep says about where it comes from, and how to go on with it."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.monkeypatch import MonkeyPatch

from sim.errors import ConfigError
from sim.sweeps.execute import STOPS, Quiet, execute, first_interrupt_only
from sim.sweeps.planning import make_plan
from sim.sweeps.store import Store

ROOT = Path(__file__).parents[2]
LINE = ["public=none", "horizon=4", "replicates=2", "agenda=single_undertaking,interim_allowed"]


def test_a_plan_holds_the_whole_command_and_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "strategy").mkdir()
    plan = make_plan(LINE, config_dir=tmp_path, filters=["agenda != single_undertaking"]).plan
    words = shlex.split(plan.command("my folder"))
    assert words[:2] == ["sim", "sweep"]
    assert words[-2:] == ["--out", "my folder"]
    assert words[words.index("--config-dir") + 1] == str(tmp_path)
    assert words[words.index("--filter") + 1] == "agenda != single_undertaking"
    assert plan.scenarios == ["september_2024: Armenia and Azerbaijan, September 2024"]


def test_another_sweep_says_what_differs(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    store.create()
    store.agree(make_plan(LINE).plan)
    with pytest.raises(ConfigError, match=r"another sweep, with horizon 4, here 5"):
        store.check(make_plan([*LINE[:1], "horizon=5", *LINE[2:]]).plan)
    with pytest.raises(ConfigError, match=r'scenario\.title "Armenia.*, here "Other"'):
        store.check(make_plan([*LINE, "scenario.title=Other"]).plan)


@pytest.mark.slow
def test_a_finished_sweep_on_a_read_only_folder(
    reader: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "results"
    execute(make_plan(LINE), folder, Quiet())
    before = sorted(folder.rglob("*"))
    for place in (folder, *(path for path in before if path.is_dir())):
        place.chmod(0o555)
    summary = reader("sweep", *LINE, "--out", "results")
    assert summary.returncode == 0, summary.stderr
    assert "2 cells, 4 runs; all stored" in summary.stdout
    more = reader("sweep", *LINE[:2], "replicates=3", LINE[3], "--out", "results")
    assert more.returncode == 1
    assert "sim: results: plan.json cannot be written, permission denied\n" in more.stderr
    report = reader("report", "results", "--out", "elsewhere.html")
    assert report.returncode == 0, report.stderr
    assert "<html" in (tmp_path / "elsewhere.html").read_text("utf-8")
    beside = reader("report", "results")
    assert beside.returncode != 0
    assert "results/report.html: cannot be written, Permission denied" in beside.stderr
    assert "Traceback" not in more.stderr + beside.stderr
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_sweep_as_an_interrupt_does(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in STOPS}
    try:
        with pytest.raises(KeyboardInterrupt), first_interrupt_only():
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_ended_says_how_to_go_on(number: signal.Signals, tmp_path: Path) -> None:
    """The process is ended in the middle of a sweep that would take minutes."""
    line = ["sweep", "public=none", "replicates=2000000", "seed=1", "--out", "results"]
    command = [sys.executable, "-m", "sim.commands.cli", *line]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        until = time.monotonic() + 240
        while not list((tmp_path / "results").rglob("*.parquet")) and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(number)
        _out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert f"sim: go on with: sim {shlex.join(line)}\n" in err
    assert "Traceback" not in err
    assert process.returncode == 130


def test_no_memory_is_told_in_one_line(
    monkeypatch: MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.commands import cli

    def full(_: list[str]) -> int:
        raise MemoryError

    monkeypatch.setattr(cli, "_execute", full)
    assert cli.main(["sweep"]) == 1
    assert capsys.readouterr().err.startswith("sim: out of memory")


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) * 10**6,) * 2)
from sim.commands.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("megabytes", "command", "said"),
    [
        (1200, ["sweep", *LINE, "--out", "results"], "a sweep takes 2,000 MB of addresses"),
        (250, ["run", "horizon=4", "public=none"], "; OSError: Could not find/load shared object"),
    ],
)
def test_a_limit_of_memory_is_told_in_one_line(
    megabytes: int, command: list[str], said: str, tmp_path: Path
) -> None:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # One thread for NumPy: its library prints lines of its own where more cannot start.
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(megabytes), *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"sim: out of memory, ulimit -v allows {megabytes:,} MB; ")
    assert said in line
    assert list(tmp_path.iterdir()) == []
