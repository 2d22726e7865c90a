"""Times the rules as plain Python; run in a process of its own with NUMBA_DISABLE_JIT=1.

``python -m benchmarks.uncompiled RUNS [OVERRIDE ...]`` prints one JSON object: seconds of the
play alone, runs, and mean weeks played.
"""

import json
import os
import subprocess
import sys

from benchmarks.figures import seconds


def measure(runs: int, overrides: list[str]) -> dict[str, float]:
    """Start the process and return what it printed.

    Raises
    ------
    subprocess.CalledProcessError
        If it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.uncompiled", str(runs), *overrides],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    printed: dict[str, float] = json.loads(done.stdout)
    return printed


def main(argv: list[str]) -> None:
    """Play and print."""
    from benchmarks.batches import prepare
    from sim.config.compose import compose

    batch = prepare(compose(argv[1:]), int(argv[0]))
    batch.draw()
    taken = seconds(batch.play)
    print(json.dumps({"seconds": taken, "runs": batch.runs, "weeks": batch.mean_weeks()}))


if __name__ == "__main__":
    main(sys.argv[1:])
