"""How long `sim report` takes on many runs, and how much memory: 108,000 and 10,000,000 of them.

The tables are those of a real sweep of 540 cells, its replicates repeated under new numbers with
shaken outcomes: what a report reads is as large as after so many runs, without playing them.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.figures import Figure, command_cost
from benchmarks.grid import LINE
from sim.runs.files import KEY, UNSEALED, seal
from sim.runs.outcomes import OUTCOME_COLUMNS
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.planning import make_plan
from sim.sweeps.store import PLAN, ROW_GROUP, RUNS, TRACES, Store

PLAYED = 4
"""Replicates that are played."""

OUTCOMES = [column.name for column in OUTCOME_COLUMNS if column.dtype == "f8"]


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        Six cells and a few hundred runs.
    """
    sizes = {"240 runs": 240} if tiny else {"108,000 runs": 108_000, "10,000,000 runs": 10_000_000}
    lines: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "played"
        _play(base, tiny)
        for name, runs in sizes.items():
            folder = Path(place) / name.replace(",", "").replace(" ", "_")
            stored, size = enlarged(base, folder, runs)
            note = f"{stored:,} runs, table of {size / 1e6:,.0f} MB; one report in a new process"
            seconds, peak = command_cost(
                ["report", str(folder), "--out", str(folder / "page.html")]
            )
            lines += [
                {"what": f"report, {name}", "figure": seconds, "unit": "s", "note": note},
                {
                    "what": f"report, {name}: memory",
                    "figure": peak,
                    "unit": "MB peak",
                    "note": note,
                },
            ]
    return lines


def _play(folder: Path, tiny: bool) -> None:
    """Play the sweep that the tables are made from."""
    line: Sequence[str] = LINE
    if tiny:
        line = ["strategy@armenia=linear,firm,micro", "agenda=glob(*)", "public=none", "horizon=40"]
    request = make_plan([*line, f"replicates={PLAYED}", "trace=sample"])
    execute(request, folder, Quiet())


def enlarged(base: Path, folder: Path, runs: int) -> tuple[int, int]:
    """Write a sweep's folder with many more replicates.

    Parameters
    ----------
    base : Path
        Folder of a sweep that was played.
    folder : Path
        Made here.
    runs : int
        About how many runs it is to have.

    Returns
    -------
    tuple of int
        Runs, and bytes of the table.
    """
    store = Store(base)
    plan = store.load_plan()
    plan = plan.extended(max(PLAYED, runs // plan.cells // PLAYED * PLAYED))
    folder.mkdir()
    (folder / PLAN).write_text(plan.to_json(), encoding="utf-8")
    (folder / TRACES).symlink_to(base.resolve() / TRACES)
    played = pl.read_parquet(store.runs_file)
    metadata = pl.read_parquet_metadata(store.runs_file)
    about = {key: metadata[key] for key in ("columns", "plan", "title")}
    pieces = folder / "pieces"
    pieces.mkdir()
    for number, rows in enumerate(_cells(played, plan.replicates)):
        rows.write_parquet(pieces / f"{number:05d}.parquet", compression="lz4")
    pl.scan_parquet(pieces / "*.parquet").sink_parquet(
        folder / RUNS,
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP,
        maintain_order=True,
        metadata=about | {"replicates": str(plan.replicates), KEY: UNSEALED},
    )
    with (folder / RUNS).open("r+b") as handle:
        seal(handle)
    shutil.rmtree(pieces)
    return plan.runs, (folder / RUNS).stat().st_size


def _cells(played: pl.DataFrame, replicates: int) -> Iterator[pl.DataFrame]:
    """Yield for each cell its rows, repeated under new replicate numbers, outcomes shaken."""
    rng = np.random.default_rng(1)
    shaken = [name for name in OUTCOMES if not name.startswith("ledger_")]
    for _, rows in played.group_by("cell", maintain_order=True):
        drawn = rng.integers(0, len(rows), replicates)
        number = pl.Series("replicate", range(replicates), pl.Int32)
        noise = [pl.col(n) + pl.Series(rng.normal(0.0, 1e-3, replicates)) for n in shaken]
        yield rows[drawn.tolist()].with_columns(number, *noise)
