"""The rules of this checkout against those of an older one, whose folder BEFORE names, in turn.

``git worktree add ../before COMMIT; BEFORE=../before python -m benchmarks checkout``
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import SkipTest

from benchmarks.figures import Figure

FALLING = "public=none bargaining=packages strategy@armenia=linear strategy@azerbaijan=linear"
CASES = {
    "default talks": (600, "0 1 0"),
    "block model": (600, "0 1 0 public=block_model"),
    "scale-free graph": (600, "0 1 0 public=scale_free"),
    "public off": (6000, "0 1 0 public=none"),
    "packages, public off": (600, "0 1 0 public=none bargaining=packages"),
    "packages, 16 open articles": (600, f"16 1 0 {FALLING}"),
    "packages, 16 open articles, losses curved": (200, f"16 2 0 {FALLING}"),
    "packages, 16 open articles, five wordings": (200, f"16 1 5 {FALLING}"),
    "packages, 16 open articles, five wordings, losses curved": (200, f"16 2 5 {FALLING}"),
}
"""Runs a round; articles of another text or 0, curvature of losses, wordings, overrides."""

SIM = ["-m", "sim.commands.cli"]
PLAYER = """
import sys, time
from benchmarks.batches import prepare
from benchmarks.bench_growth import _write_text
from sim.config.compose import compose

def laid_out(runs, articles, curvature, levels, *words):
    batch = prepare(compose(words), int(runs))
    for params in batch.params if int(articles) else ():
        _write_text(params, int(articles))
        params.curvature[:] = float(curvature)
        params.levels[:int(articles)] = int(levels)
    return batch

batches = {}
for line in sys.stdin:
    if line not in batches:
        batches[line] = laid_out(*line.split())
    batch = batches[line]
    start = time.process_time()
    batch.play()
    print(time.process_time() - start, batch.mean_weeks() * batch.runs, flush=True)
"""
"""Plays a batch for each line that it reads; writes CPU seconds and weeks."""

STORED = """
import sys
from pathlib import Path
from benchmarks.bench_report import _play, enlarged

base = Path(sys.argv[1])
_play(base / "played", sys.argv[3] == "tiny")
enlarged(base / "played", base / "stored", int(sys.argv[2]))
"""
"""Stores so many runs as a sweep's, in the folder `stored` of one that it is given."""


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        One round of a few short runs of two cases, this checkout beside itself.
    """
    here = Path(__file__).parents[1]
    before = here if tiny else Path(os.environ.get("BEFORE", ""))
    if not (before / "benchmarks/batches.py").is_file() or before == Path():
        raise SkipTest("BEFORE names no folder with an older checkout")
    rounds = 1 if tiny else 7
    cases = dict(list(CASES.items())[:2]) if tiny else CASES
    lines = []
    with _player(here) as now, _player(before) as then:
        for what, (runs, words) in cases.items():
            asked = f"4 {words} horizon=8" if tiny else f"{runs} {words}"
            for player in (now, then):
                _play(player, asked)  # compiles, and touches the memory
            best = [float("inf"), float("inf")]
            for _ in range(rounds):
                best = [min(b, _play(p, asked)) for b, p in zip(best, (now, then), strict=True)]
            note = f"CPU time a week, best of {rounds} x {runs} runs; {best[0]:.3g} us now"
            lines.append(_line(f"{what}: speed now / before", best[1] / best[0], note))
    run = [*SIM, "run", "--json"]
    spent = [min(_spent(folder, run) for _ in range(rounds)) for folder in (here, before)]
    note = f"CPU time of the command, warm, best of {rounds}; {spent[0]:.3g} s now"
    lines.append(_line("sim run: speed now / before", spent[1] / spent[0], note))
    return [*lines, _reports(here, before, 240 if tiny else 108_000)]


def _reports(here: Path, before: Path, runs: int) -> Figure:
    """Return how much faster a report of so many stored runs is, each checkout reading its own."""
    tiny = runs < 1000
    rounds = 1 if tiny else 3
    best = dict.fromkeys((here, before), float("inf"))
    with tempfile.TemporaryDirectory() as place:
        own = {source: Path(place, str(number)) for number, source in enumerate(best)}
        for source, folder in own.items():
            folder.mkdir()
            _spent(source, ["-c", STORED, str(folder), str(runs), "tiny" if tiny else "whole"])
        for number in range(rounds):
            for source, folder in own.items():
                words = ["report", str(folder / "stored"), "--out", str(folder / f"{number}.html")]
                best[source] = min(best[source], _spent(source, [*SIM, *words]))
    note = f"CPU time, {runs:,} stored runs, best of {rounds}; {best[here]:.3g} s now"
    return _line("sim report: speed now / before", best[before] / best[here], note)


def _player(folder: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PLAYER]
    env = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=env, stdin=pipe, stdout=pipe, text=True)


def _play(player: "subprocess.Popen[str]", asked: str) -> float:
    """Return microseconds of CPU a week."""
    if player.stdin is None or player.stdout is None:
        raise ValueError("a player is asked and answers by pipes")
    print(asked, file=player.stdin, flush=True)
    seconds, weeks = map(float, player.stdout.readline().split())
    return 1e6 * seconds / weeks


def _spent(folder: Path, words: Sequence[str]) -> float:
    """Return the CPU seconds of one call of Python in a checkout."""
    before = os.times()
    env = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    command = [sys.executable, *words]
    subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    after = os.times()
    return (
        after.children_user
        + after.children_system
        - (before.children_user + before.children_system)
    )


def _line(what: str, figure: float, note: str) -> Figure:
    return {"what": what, "figure": figure, "unit": "times", "note": note}
