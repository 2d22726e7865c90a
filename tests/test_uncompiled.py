"""The rules as plain Python give the same bytes as compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.commands.cli import main
from tests.uncompiled_runs import digest

SEEDS = tuple(range(1000, 1030))
ROOT = Path(__file__).parent.parent


def test_plain_python_gives_the_same_bytes():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.uncompiled_runs", *map(str, SEEDS)],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    plain = done.stdout.split()
    assert len(plain) == len(SEEDS) >= 25
    differ = [s for s, one in zip(SEEDS, plain, strict=True) if one != digest(s)]
    assert not differ


def run_command(*words, **env):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "sim", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("driver", ["engine", "mesa"])
def test_a_single_run_needs_no_compiling(driver, tmp_path, capsys):
    """The same bytes as from compiled rules, nothing said of compiling, and no machine code."""
    words = ["run", "--json", "--driver", driver, "seed=3", "horizon=60"]
    done = run_command(*words, XDG_CACHE_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert main(words) == 0
    assert done.stdout == capsys.readouterr().out
    assert not list(tmp_path.rglob("*.nbi"))


@pytest.mark.parametrize(
    ("words", "compiled"),
    [
        (["horizon=60"], False),
        (["horizon=1000"], True),
        (["horizon=300", "scenario.public.citizens.value=1000"], True),
    ],
)
def test_long_talks_are_compiled(words, compiled):
    """numba says where it loads machine code."""
    assert main(["run", "-q", "horizon=3"]) == 0  # there is some
    done = run_command("run", "-q", *words, NUMBA_DEBUG_CACHE="1")
    assert done.returncode == 0, done.stderr
    assert ("[cache]" in done.stdout) is compiled
    assert done.stdout.splitlines()[-1].endswith("signed")


def test_a_single_run_refuses_a_plugin_that_a_sweep_cannot_compile(tmp_path):
    """What Python alone would play."""
    (tmp_path / "mine.py").write_text(
        "from sim.model.plugins import plugin\n\n"
        "@plugin('concession', 'mine', family='test', reference='none')\n"
        "def mine(params, state, shocks, side):\n"
        "    return eval('0.5')\n",
        "utf-8",
    )
    own = tmp_path / "own" / "strategy"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("strategy: {name: mine}\n", "utf-8")
    words = (f"plugins=[{tmp_path / 'mine.py'}]", "strategy@armenia=mine", "-q")
    done = run_command("run", "--config-dir", str(tmp_path / "own"), *words)
    assert done.returncode == 2
    assert "mine" in done.stderr
    assert "Traceback" not in done.stderr
