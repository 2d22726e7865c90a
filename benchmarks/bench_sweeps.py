"""Sweeps end to end: planning, what is not the engine's own time, cores, memory, stored runs.

540 cells with 200 replicates of the full default model, on two threads; beside it Hydra's own
multirun of the same kind of cells. Targets stand in the notes. Nothing is
scaled up: what was measured on fewer runs or jobs says so.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import yaml

from benchmarks.bench_growth import slope
from benchmarks.figures import Figure, best_of_rounds, command_cost, seconds
from benchmarks.grid import LINE
from benchmarks.stored_runs import by_duckdb, by_polars, many_rows
from sim.sweeps import run
from sim.sweeps.execute import Outcome, Quiet, execute
from sim.sweeps.planning import make_plan

FEW = ("strategy@armenia=linear,firm", "strategy@azerbaijan=linear,firm", "agenda=glob(*)")
TINY = ("public=none", "horizon=5")
WORKERS = 2
WITH_PUBLIC = Path(__file__).parents[1] / "configs" / "scenario" / "prespa_2018.yaml"
SIM = [sys.executable, "-m", "sim.commands.cli"]


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        A few cells with a few short runs, to show that the benchmark works.
    """
    grid = (*FEW, *TINY) if tiny else LINE
    with tempfile.TemporaryDirectory(prefix="bench-sweeps-") as name:
        folder = Path(name)
        if not tiny:
            warm_up(folder)
        load = os.getloadavg()[0]
        return [
            _line("load of the machine before", max(load, 0.01), "processes", "1-minute average"),
            *planning(grid, 1 if tiny else 3),
            *points((2, 4) if tiny else (16, 128, 1024, 8192), TINY if tiny else (), folder),
            *large_treaty(2 if tiny else 1000, TINY if tiny else (), folder),
            *whole_sweep((*grid, f"replicates={2 if tiny else 200}"), folder),
            *cores((*grid, f"replicates={2 if tiny else 40}"), folder, 1 if tiny else 3),
            *memory((100,) if tiny else (100_000, 1_000_000), TINY if tiny else (), folder),
            *stored(folder, 5_000 if tiny else 10_000_000, 1 if tiny else 3),
            *hydra_multirun(2 if tiny else 36, TINY if tiny else (), folder),
            *model_function(2 if tiny else 100),
        ]


def warm_up(folder: Path) -> None:
    """Compile the rules, in this process and for the command line, and touch the libraries."""
    play(("replicates=1", *TINY), folder / "warm", WORKERS)
    words = ["sweep", "replicates=1", *TINY, "--out", str(folder / "warm-too")]
    subprocess.run([*SIM, *words], check=True, capture_output=True)
    subprocess.run([*SIM, "run", "--json", *TINY], check=True, capture_output=True)


def play(line: tuple[str, ...], folder: Path, workers: int) -> Outcome:
    """Plan and play a sweep into a new folder."""
    return execute(make_plan([*line, f"executor.workers={workers}"]), folder, Quiet())


def planning(grid: tuple[str, ...], rounds: int) -> list[Figure]:
    """Time the plan: composed, and every cell validated."""
    cells = make_plan(grid).plan.cells
    time_needed = best_of_rounds({"plan": lambda: make_plan(grid)}, rounds)["plan"]
    note = f"{cells} cells, best of {rounds}"
    return [
        _line("planning", time_needed, "s", f"{note}; target: at most 2"),
        _line("planning, cells", cells / time_needed, "cells/s", f"{note}; target: at least 400"),
    ]


def points(sizes: tuple[int, ...], more: tuple[str, ...], folder: Path) -> list[Figure]:
    """Time sweeps over all assumptions at once: as many different treaties as points."""
    rules = dict.fromkeys((*more, "public=none"))
    line = (*rules, "design=latin_hypercube", 'assumptions=["*"]', "replicates=2")
    times = [
        seconds(lambda n=n: play((*line, f"samples={n}"), folder / f"points-{n}", WORKERS))
        for n in sizes
    ]
    lines = [
        _line(
            f"{n:,} points of all assumptions",
            spent,
            "s",
            "2 replicates, no public; planned, played and stored, in a process that runs already",
        )
        for n, spent in zip(sizes, times, strict=True)
    ]
    steepness = slope(sizes[-2:], times[-2:])
    note = "between the two largest; 1 is linear"
    return [*lines, _line("growth with points", steepness, "log-log slope", note)]


def large_treaty(samples: int, more: tuple[str, ...], folder: Path) -> list[Figure]:
    """Time a sweep over all assumptions of a treaty with as many articles as there may be.

    A public is put in, with the assumptions of a shipped one; so each point has citizens and graphs
    of its own.
    """
    own = folder / "own"
    asked = ["--parties", "a,b", "--articles", "31", "--opposition", "c@a", "--mediator", "d"]
    words = ["scenario", "new", "large", *asked, "--config-dir", str(own)]
    subprocess.run([*SIM, *words], check=True, capture_output=True)
    file = own / "scenario" / "large.yaml"
    scenario = yaml.safe_load(file.read_text(encoding="utf-8"))
    shipped = yaml.safe_load(WITH_PUBLIC.read_text(encoding="utf-8"))
    scenario["homes"]["a"]["public"] = shipped["public"]
    scenario["conduct"]["public"] = "friedkin_johnsen"
    file.write_text(yaml.safe_dump(scenario, sort_keys=False), encoding="utf-8")
    line = ("scenario=large", "design=latin_hypercube", 'assumptions=["*"]', "replicates=4")
    start = time.perf_counter()
    request = make_plan([*line, *more, f"samples={samples}"], config_dir=own)
    done = execute(request, folder / "large", Quiet())
    spent = time.perf_counter() - start
    note = (
        f"{len(done.plan.point_keys)} assumptions, {samples} points x 4 replicates, with a public"
    )
    return [_line("31 articles, all assumptions", done.plan.runs / spent, "runs/s", note)]


def whole_sweep(line: tuple[str, ...], folder: Path) -> list[Figure]:
    """Time a sweep from its line to its table, and the engine's own part of it."""
    with timed_engine() as engine:
        busy, start = time.process_time(), time.perf_counter()
        done = play(line, folder / "whole", WORKERS)
        wall, busy = time.perf_counter() - start, time.process_time() - busy
    runs = f"{done.plan.cells} cells x {done.plan.replicates} replicates, {WORKERS} threads, once"
    outside = "target: at most 15"
    return [
        _line("whole sweep", wall, "s", runs),
        _line("whole sweep, runs", done.plan.runs / wall, "runs/s", runs),
        _line("engine's own processor time", engine["seconds"], "s", "all threads together"),
        _line(
            "processor time outside the engine",
            100 * (1 - engine["seconds"] / busy),
            "% of all",
            f"planning, chance, tables, files; {outside}",
        ),
        _line(
            "wall time outside the engine",
            100 * (1 - engine["seconds"] / WORKERS / wall),
            "% of all",
            f"as above and waiting, for other programs of the machine too; {outside}",
        ),
        _line(
            "size of the table",
            done.store.runs_file.stat().st_size / done.plan.runs,
            "bytes a run",
            "runs.parquet",
        ),
    ]


@contextlib.contextmanager
def timed_engine() -> Iterator[dict[str, float]]:
    """Count the processor time that all threads spend inside the engine."""
    from sim.model import engine

    spent = {"seconds": 0.0}
    lock, compiled = threading.Lock(), engine.play_many

    def timed(*given: object) -> None:
        start = time.thread_time()
        compiled(*given)  # type: ignore[arg-type]
        with lock:
            spent["seconds"] += time.thread_time() - start

    engine.play_many = timed
    try:
        yield spent
    finally:
        engine.play_many = compiled


def cores(line: tuple[str, ...], folder: Path, rounds: int) -> list[Figure]:
    """Time playing on one and on two threads, in turn."""
    number = iter(range(1_000_000))
    played: dict[int, list[float]] = {1: [], 2: []}

    def on(workers: int) -> None:
        done = play(line, folder / f"cores-{next(number)}", workers)
        played[workers].append(done.seconds)

    for _ in range(rounds):
        on(1)
        on(2)
    one, two = min(played[1]), min(played[2])
    note = f"best of {rounds} rounds in turn, playing and storing"
    return [
        _line("one thread", one, "s", note),
        _line("two threads", two, "s", note),
        _line("two threads / one", one / two, "times faster", f"{note}; target: at least 1.8"),
    ]


def memory(sizes: tuple[int, ...], more: tuple[str, ...], folder: Path) -> list[Figure]:
    """Measure the greatest resident memory of `sim sweep`, each size in a process of its own."""
    lines = []
    for runs in sizes:
        words = ["sweep", "agenda=single_undertaking,interim_allowed", f"replicates={runs // 2}"]
        out = folder / f"memory-{runs}"
        _, used = command_cost([*words, *more, f"executor.workers={WORKERS}", "--out", str(out)])
        rows = pl.scan_parquet(out / "runs.parquet").select(pl.len()).collect().item()
        assert rows == runs
        note = f"sim sweep, {WORKERS} threads" + ("; target: below 600" if runs >= 10**6 else "")
        lines.append(_line(f"peak memory, {runs:,} runs", used, "MB", note))
    return lines


def stored(folder: Path, rows: int, rounds: int) -> list[Figure]:
    """Time a question to many stored runs: P(signed) and more by pair of strategies."""
    source = folder / "whole" / "runs.parquet"
    file = folder / "many.parquet"
    count = many_rows(source, file, rows)
    best = best_of_rounds(
        {"DuckDB": lambda: by_duckdb(file), "Polars": lambda: by_polars(file)}, rounds
    )
    assert by_duckdb(file) == by_polars(file)
    note = (
        f"{file.stat().st_size / 1e6:,.0f} MB, the table above repeated; grouped by strategy pair: "
        f"runs, P(signed), mean weeks and dignity; best of {rounds}; target: at most 2"
    )
    return [
        _line(f"{count:,} stored runs, {name}", spent, "s", note) for name, spent in best.items()
    ]


def hydra_multirun(jobs: int, more: tuple[str, ...], folder: Path) -> list[Figure]:
    """Time Hydra's multirun of some cells, and a sweep of the same cells with one replicate."""
    armenia = ["boulware", "linear", "conceder", "tit_for_tat", "interim_first", "firm"]
    azerbaijan = ["boulware", "linear", "conceder", "firm", "hold_out", "tit_for_tat"]
    if jobs < 36:
        armenia, azerbaijan = armenia[:jobs], azerbaijan[:1]
    line = [
        f"strategy@armenia={','.join(armenia)}",
        f"strategy@azerbaijan={','.join(azerbaijan)}",
        *more,
    ]

    def command(*words: str) -> None:
        subprocess.run([*SIM, *words], check=True, capture_output=True)

    multirun = seconds(lambda: command("run", "-m", *line, f"hydra.sweep.dir={folder / 'hydra'}"))
    sweep = seconds(lambda: command("sweep", *line, "replicates=1", "--out", str(folder / "same")))
    count = len(armenia) * len(azerbaijan)
    written = sorted(f.stat().st_mtime for f in (folder / "hydra").glob("*/outcome.json"))
    assert len(written) == count
    a_job = (written[-1] - written[0]) / (count - 1)
    files = sum(1 for path in (folder / "hydra").rglob("*") if path.is_file())
    note = f"{count} cells, one run each; the whole command, once"
    return [
        _line("Hydra's multirun", multirun, "s", note),
        _line("Hydra's multirun, a job", 1000 * multirun / count, "ms", note),
        _line(
            "Hydra's multirun, from job to job",
            1000 * a_job,
            "ms",
            "from the first outcome to the last; without start and validation",
        ),
        _line("Hydra's multirun, files", files / count, "files a job", note),
        _line("sim sweep of the same", sweep, "s", note),
        _line("sim sweep of the same, a run", 1000 * sweep / count, "ms", note),
    ]


def model_function(calls: int) -> list[Figure]:
    """Time the model as a function, each call with another number."""
    run(seed=1, armenia__strategy__beta=0.5)

    def call() -> None:
        for n in range(calls):
            run(seed=1, armenia__strategy__beta=0.2 + n / calls)

    note = f"{calls} calls, each with another number; composed, validated, played"
    return [_line("run(..), a call", 1000 * seconds(call) / calls, "ms", note)]


def _line(what: str, figure: float, unit: str, note: str) -> Figure:
    """Return one line of the table."""
    return {"what": what, "figure": figure, "unit": unit, "note": note}
