"""From a folder to `Results`: whole, unfinished, damaged or foreign.

What can be read honestly is read, and what is missing is said in `Results.notes`; what cannot be
read at all is an error of one line.
"""

import shlex
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from sim.analysis.results import NEEDED, Results
from sim.analysis.row_checks import (
    empty_columns,
    missing_columns,
    problem_of_rows,
    told_of_columns,
)
from sim.errors import ConfigError, did_you_mean
from sim.sweeps.chunks import Chunk
from sim.sweeps.columns import FAILED
from sim.sweeps.plan import Plan
from sim.sweeps.store import PLAN, RUNS, SHARDS

RUN_FILE = "run.json"
"""Marks the folder of a single run, see `sim.run_folder`."""


def load(folder: str | Path) -> Results:
    """Open the folder of a sweep.

    Parameters
    ----------
    folder : str or Path
        A folder that `sim sweep` has written, finished or not.

    Returns
    -------
    Results
        Its runs, to be handed to the functions of `sim.analysis`.

    Raises
    ------
    ConfigError
        If it holds no sweep, another sweep's table, or not one run that can be read.
    """
    place = existing(folder)
    if not (place / PLAN).is_file():
        raise ConfigError([f"{place}: {_what_it_holds(place)}"])
    plan = _plan(place)
    table = place / RUNS
    notes: list[str] = []
    if table.is_file():
        rows = _rows_of_table(table, plan, notes)
        if rows == plan.runs:
            return _opened(place, plan, (table,), f"'{RUNS}'", notes)
    else:
        rows = 0
        notes.append("The sweep is not finished: there is no table of all runs yet.")
    shards, pattern = _whole_shards(place, plan, notes)
    in_shards = sum(_length(file) for file in shards)
    if rows and rows >= in_shards:
        return _opened(place, plan, (table,), f"'{RUNS}'", notes)
    if not in_shards:
        raise ConfigError([f"{place}: no run can be read; {_go_on(plan)}"])
    return _opened(place, plan, tuple(shards), pattern, notes)


def existing(folder: str | Path) -> Path:
    """Return a folder that exists.

    Raises
    ------
    ConfigError
        If it does not, with the nearest name.
    """
    place = Path(folder)
    if place.is_file():
        raise ConfigError([f"{place}: is a file; name the folder that holds the results"])
    if not place.is_dir():
        beside = place.parent
        names = [p.name for p in beside.iterdir() if p.is_dir()] if beside.is_dir() else []
        near = did_you_mean(place.name, names)
        raise ConfigError([f"{place}: no such folder{near if 'did you mean' in near else ''}"])
    return place


def holds_run(folder: str | Path) -> bool:
    """Return whether a folder is that of a single run."""
    place = existing(folder)
    return (place / RUN_FILE).is_file() and not (place / PLAN).exists()


def _what_it_holds(place: Path) -> str:
    """Return, as the end of a sentence, what is in a folder that holds no sweep."""
    if (place / RUN_FILE).is_file():
        return "holds a single run; open it with sim.analysis.load_run"
    names = sorted(p.name for p in place.iterdir())
    if not names:
        return "is empty; `sim sweep ... --out FOLDER` and `sim run --out FOLDER` write results"
    if RUNS in names or SHARDS in names:
        return f"holds runs but no {PLAN}, which says what was swept"
    inside = [n for n in names if any((place / n / f).is_file() for f in (PLAN, RUN_FILE))]
    if inside:
        shown = ", ".join(str(place / name) for name in inside[:5])
        return f"holds no results itself; name one of the folders in it: {shown}"
    return "holds no results of a sweep or of a run"


def _plan(place: Path) -> Plan:
    """Read the plan.

    Raises
    ------
    ConfigError
        If it is none, or was changed by hand.
    """
    try:
        return Plan.from_json((place / PLAN).read_text("utf-8"))
    except ConfigError as error:
        raise ConfigError([f"{place}: {line}" for line in error.problems]) from error
    except (OSError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise ConfigError([f"{place}: {PLAN} cannot be read"]) from error


def _needed(plan: Plan) -> list[str]:
    """Return the columns without which no row can be told from another."""
    return [*NEEDED, *plan.swept, *(["point"] if plan.points else [])]


def _rows_of_table(table: Path, plan: Plan, notes: list[str]) -> int:
    """Return how many runs of this plan `runs.parquet` holds; 0 if it cannot be read.

    Raises
    ------
    ConfigError
        If the table belongs to another plan or lacks a column that everything rests on.
    """
    try:
        metadata = pl.read_parquet_metadata(table)
        schema = _schema(table)
        rows = _length(table)
    except (PolarsError, OSError):
        notes.append(f"{RUNS} is damaged and cannot be read.")
        return 0
    if metadata.get("plan") != plan.hash:
        raise ConfigError([f"{table.parent}: {RUNS} belongs to another sweep than {PLAN}"])
    missing = [name for name in _needed(plan) if name not in schema]
    problem = f"lacks the column '{missing[0]}'" if missing else ""
    if not problem:
        try:
            # The footer tells nothing of the pages: those that everything rests on are read once.
            keys = pl.scan_parquet(table, glob=False).select(NEEDED).collect(engine="streaming")
        except (PolarsError, OSError):
            notes.append(f"{RUNS} is damaged and cannot be read.")
            return 0
        problem = problem_of_rows(keys, Chunk(0, plan.cells, 0, plan.replicates))
    if problem:
        raise ConfigError(
            [
                f"{table.parent}: {RUNS} {problem}; delete it and run the sweep's line again, "
                "which makes it anew from the shards"
            ]
        )
    if rows < plan.runs:
        notes.append(f"{RUNS} holds {rows:,} of {plan.runs:,} runs: the sweep was being extended.")
    return rows


def _whole_shards(place: Path, plan: Plan, notes: list[str]) -> tuple[list[Path], str]:
    """Return the shards that can be read, and the same as a query names them."""
    files = sorted((place / SHARDS).glob("*.parquet"))
    whole: list[Path] = []
    for file in files:
        chunk = Chunk.from_name(file.stem)
        problem = "is no shard of a sweep" if chunk is None else _problem(file, chunk, plan)
        if problem:
            lost = f": its {chunk.runs:,} runs are missing" if chunk is not None else ""
            notes.append(f"{SHARDS}/{file.name} {problem}{lost}.")
        else:
            whole.append(file)
    broken = list((place / SHARDS).glob("*.broken"))
    if broken:
        notes.append(f"{len(broken)} damaged shards had been set aside by the sweep itself.")
    if len(whole) == len(files):
        return whole, f"'{SHARDS}/*.parquet'"
    listed = ", ".join(f"'{SHARDS}/{file.name}'" for file in whole)
    return whole, f"read_parquet([{listed}])"


def _problem(file: Path, chunk: Chunk, plan: Plan) -> str:
    """Return what is wrong with a shard, all of which is read; empty if nothing is."""
    try:
        rows = pl.read_parquet(file, glob=False)
    except (PolarsError, OSError):
        return "is damaged"
    missing = [name for name in (*_needed(plan), "seed") if name not in rows.columns]
    if missing:
        return f"lacks the column '{missing[0]}'"
    if len(rows) != chunk.runs:
        return f"has {len(rows):,} rows instead of {chunk.runs:,}"
    inside = chunk.end_cell <= plan.cells and chunk.end_replicate <= plan.replicates
    if not inside or set(rows["seed"].unique()) != {plan.seed}:
        return "belongs to another sweep"
    return problem_of_rows(rows, chunk)


def _schema(file: Path) -> dict[str, pl.DataType]:
    """Return a file's columns with their types; its name may hold any sign."""
    return dict(pl.scan_parquet(file, glob=False).collect_schema())


def _opened(
    place: Path, plan: Plan, files: tuple[Path, ...], source: str, notes: list[str]
) -> Results:
    """Return the results in some files, and count what is missing."""
    schema = _schema(files[0])
    same = [file for file in files if _schema(file) == schema]
    if len(same) < len(files):
        notes.append(
            f"{len(files) - len(same)} shards have other columns, or other types, and are left out."
        )
    failed = pl.col("run_status").cast(pl.String) == FAILED
    counted = pl.scan_parquet(same, glob=False).select(
        pl.len().alias("rows"), failed.sum().alias("failed")
    )
    rows, bad = counted.collect().row(0)
    if rows < plan.runs:
        notes.append(
            f"{rows:,} of {plan.runs:,} planned runs are stored; every figure is about these. To "
            f"{_go_on(plan)}"
        )
    if bad:
        notes.append(f"{bad:,} runs failed and are left out of every figure.")
    if bad == rows:
        raise ConfigError([f"{place}: {_all_failed(same, rows)}"])
    notes += told_of_columns(missing_columns(schema, plan), empty_columns(same, schema))
    return Results(place, plan, tuple(same), source, schema, rows, bad, tuple(notes))


def _all_failed(files: list[Path], runs: int) -> str:
    """Return that all runs failed, and why the first did if it is known."""
    told = f"all {runs:,} runs failed" if runs > 1 else "the only run failed"
    table = pl.scan_parquet(files, glob=False)
    if "error" not in table.collect_schema().names():
        return told
    why = table.select(pl.col("error").drop_nulls().first()).collect().item()
    return told if why is None else f"{told}: {why}"


def _length(file: Path) -> int:
    """Return the number of rows of a file."""
    return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())


def _go_on(plan: Plan) -> str:
    """Return how an unfinished sweep is gone on with."""
    return (
        f"go on, run its line again: sim sweep {shlex.join(plan.line)} (with its --zip, --filter, "
        "--config-dir and --out, if it had any)"
    )
