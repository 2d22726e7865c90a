"""The rules as plain Python give the same bytes as compiled."""

import os
import subprocess
import sys
from pathlib import Path

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
