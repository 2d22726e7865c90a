"""Small sweeps, and the command line in a process of its own."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.sweeps.execute import Outcome, Quiet, execute
from sim.sweeps.planning import make_plan

ROOT = Path(__file__).parents[2]
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
"""Of Linux, see prctl(2) and capabilities(7)."""
SMALL = ["public=none", "horizon=30"]
"""Settings under which a run takes little time."""

Start = Callable[..., subprocess.Popen[str]]
Play = Callable[..., Outcome]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start `sim sweep`, or another command, in the test's folder."""

    def started(*words: str, subcommand: str = "sweep", **variables: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            [sys.executable, "-m", "sim.commands.cli", subcommand, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


@pytest.fixture
def command(start: Start) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `sim sweep` in the test's folder to its end."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = start(*words, **variables)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run


def without_rights_of_root() -> None:
    """Let root's next program write only where an owner may: drop two capabilities for good."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)


@pytest.fixture
def reader(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `sim` below the test's folder as someone who may not write everywhere."""

    def run(*words: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, "-m", "sim.commands.cli", *words],
            cwd=tmp_path / inside,
            env={**os.environ, "PYTHONPATH": path},
            preexec_fn=without_rights_of_root if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Play a line in this process into a folder below the test's, small where it says nothing."""

    def played(line: str, name: str = "results", reporter: object | None = None) -> Outcome:
        words = line.split()
        said = {word.partition("=")[0] for word in words}
        request = make_plan([*words, *(w for w in SMALL if w.partition("=")[0] not in said)])
        return execute(request, tmp_path / name, reporter or Quiet())  # type: ignore[arg-type]

    return played


@pytest.fixture
def table() -> Callable[[Outcome], pl.DataFrame]:
    """Read the compacted table of a sweep."""
    return lambda done: pl.read_parquet(done.store.runs_file)
