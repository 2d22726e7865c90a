"""How long a user waits: cold compile and warm start of `sim run`, and the bare import."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, best_of_rounds

SIM = [sys.executable, "-m", "sim.commands.cli"]


def call(command: list[str], cache: Path | None = None) -> None:
    """Run a command to its end, with an empty or the usual folder of machine code.

    Raises
    ------
    subprocess.CalledProcessError
        If it failed.
    """
    env = dict(os.environ)
    if cache is not None:
        env["NUMBA_CACHE_DIR"] = str(cache)
    subprocess.run(command, env=env, check=True, capture_output=True)


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        One round of a short run and no cold compile.
    """
    rounds = 1 if tiny else 5
    run = [*SIM, "run", *(["horizon=4"] if tiny else [])]
    if not tiny:
        call(run)  # compiles if need be
    best = best_of_rounds(
        {
            "python": lambda: call([sys.executable, "-c", "pass"]),
            "import sim": lambda: call([sys.executable, "-c", "import sim"]),
            "help": lambda: call([*SIM, "--help"]),
            "check": lambda: call([*SIM, "scenario", "show"]),
            "run": lambda: call(run),
            "mesa": lambda: call([*run, "--driver", "mesa"]),
        },
        rounds,
    )
    note = f"best of {rounds}"
    lines = [
        _line("python itself", best["python"], note),
        _line("import sim", best["import sim"], note),
        _line("sim --help", best["help"], note),
        _line("sim scenario show", best["check"], note),
        _line("sim run, warm", best["run"], f"{note}; machine code on disk"),
        _line("sim run --driver mesa, warm", best["mesa"], f"{note}; machine code on disk"),
    ]
    if not tiny:
        lines.append(_line("sim run, cold", cold_start(run), "once; into an empty folder"))
    return lines


def cold_start(run: list[str]) -> float:
    """Return the seconds of a run that has to compile everything."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        return best_of_rounds({"cold": lambda: call(run, cache)}, 1)["cold"]


def _line(what: str, seconds: float, note: str) -> Figure:
    """Return one line of the table."""
    return {"what": what, "figure": seconds, "unit": "s", "note": note}
