"""From a folder to `Results`: whole, unfinished, damaged or foreign.

Everything that this program writes passes. What was cut, edited or made elsewhere is named in one
line before a figure rests on it: whether the rows of a table or shard can be those of the plan,
and which columns are missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.analysis.results import NEEDED, Results
from sim.config.scenario import build_scenario
from sim.errors import ConfigError, did_you_mean
from sim.runs.files import RUN, check_name
from sim.runs.outcomes import OUTCOME_COLUMNS, Signature
from sim.runs.summary import scenario_columns
from sim.sweeps.columns import FAILED, OK, words_of
from sim.sweeps.plan import UNSEALED_FORMAT, Chunk, Plan, changed
from sim.sweeps.store import FOREIGN, PLAN, RUNS, SHARDS, problem_of

COLUMN_PARTS = ("scenario.articles", "scenario.preamble", "scenario.preconditions")
"""Parts of a configuration that decide which columns a scenario has of its own."""
MOST_NAMED = 4
"""Most columns that a note names."""
READ_EVERYWHERE = ("status", "weeks", "signed_week", "interim_week", "full_week", "in_force")
"""Outcomes that many sections read; a note says so if one is empty."""


def load(folder: str | Path) -> Results:
    """Open the folder of a sweep, finished or not.

    Raises ConfigError if it holds no sweep, another sweep's table, or not one run that can be read.
    """
    place = existing(folder)
    if not (place / PLAN).is_file():
        raise ConfigError([f"{place}: {_what_it_holds(place)}"])
    plan = _plan(place)
    table = place / RUNS
    notes: list[str] = []
    if plan.format == UNSEALED_FORMAT:
        notes.append(
            "These files were written before files carried digests: whether their numbers are "
            "as they were written has not been checked."
        )
    if table.is_file():
        rows = _rows_of_table(table, plan, notes)
    else:
        rows = 0
        notes.append("The sweep is not finished: there is no table of all runs yet.")
    if rows < plan.runs:
        shards, pattern = _whole_shards(place, plan, notes)
        in_shards = sum(_length(file) for file in shards)
        if in_shards > rows:
            return _opened(place, plan, shards, pattern, notes)
    if not rows:
        raise ConfigError([f"{place}: no run can be read; {_go_on(plan, place)}"])
    return _opened(place, plan, [table], f"'{RUNS}'", notes)


def existing(folder: str | Path) -> Path:
    """Return a folder; `ConfigError` with the nearest name if it does not exist."""
    place = Path(folder)
    check_name(place)
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
    return (place / RUN).is_file() and not (place / PLAN).exists()


def _what_it_holds(place: Path) -> str:
    if (place / RUN).is_file():
        return "holds a single run; open it with sim.analysis.load_run"
    names = sorted(p.name for p in place.iterdir())
    if not names:
        return "is empty; `sim sweep ... --out FOLDER` and `sim run --out FOLDER` write results"
    if RUNS in names or SHARDS in names:
        return f"holds runs but no {PLAN}, which says what was swept"
    inside = [n for n in names if any((place / n / f).is_file() for f in (PLAN, RUN))]
    if inside:
        shown = ", ".join(str(place / name) for name in inside[:5])
        return f"holds no results itself; name one of the folders in it: {shown}"
    return "holds no results of a sweep or of a run"


def _plan(place: Path) -> Plan:
    """Read the plan; `ConfigError` if it is none, or was changed by hand."""
    try:
        return Plan.from_json((place / PLAN).read_text("utf-8"))
    except ConfigError as error:
        raise ConfigError([f"{place}: {line}" for line in error.problems]) from error
    except (OSError, UnicodeDecodeError, TypeError, KeyError) as error:
        raise ConfigError([f"{place}: {PLAN} cannot be read"]) from error


def _rows_of_table(table: Path, plan: Plan, notes: list[str]) -> int:
    """Return how many runs of this plan `runs.parquet` holds; 0 if it cannot be read."""
    found = problem_of(table, plan)
    if found == FOREIGN:
        raise ConfigError([f"{table.parent}: {RUNS} {FOREIGN} than {PLAN}"])
    if found:
        notes.append(f"{RUNS} {found}.")
        return 0
    try:
        rows = _length(table)
        problem = _lacking(_schema(table), _needed(plan))
        if not problem:
            # The footer says nothing of the pages: those that everything rests on are read once.
            keys = pl.scan_parquet(table, glob=False).select(NEEDED).collect(engine="streaming")
            problem = problem_of_rows(keys, Chunk(0, plan.cells, 0, plan.replicates))
    except (PolarsError, OSError):
        notes.append(f"{RUNS} is damaged and cannot be read.")
        return 0
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
    files = sorted((place / SHARDS).glob("*.parquet"))
    whole: list[Path] = []
    for file in files:
        chunk = Chunk.from_name(file.stem)
        problem = "is no shard of a sweep" if chunk is None else _flaw_of(file, chunk, plan)
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


def _flaw_of(file: Path, chunk: Chunk, plan: Plan) -> str:
    """Return what is wrong with a shard, all of which is read; empty if nothing is."""
    if found := problem_of(file, plan, chunk):
        return found
    try:
        rows = pl.read_parquet(file, glob=False)
    except (PolarsError, OSError):
        return "is damaged"
    lacking = _lacking(rows.columns, [*_needed(plan), "seed"])
    if lacking:
        return lacking
    if len(rows) != chunk.runs:
        return f"has {len(rows):,} rows instead of {chunk.runs:,}"
    inside = chunk.end_cell <= plan.cells and chunk.end_replicate <= plan.replicates
    if not inside or set(rows["seed"].unique()) != {plan.seed}:
        return "belongs to another sweep"
    return problem_of_rows(rows, chunk)


def _needed(plan: Plan) -> list[str]:
    return [*NEEDED, *plan.swept, *(["point"] if plan.points else [])]


def _lacking(columns: Iterable[str], needed: Sequence[str]) -> str:
    there = set(columns)
    missing = next((name for name in needed if name not in there), None)
    return "" if missing is None else f"lacks the column '{missing}'"


def problem_of_rows(rows: pl.DataFrame, chunk: Chunk) -> str:
    """Return what is wrong with rows that are to be of a chunk; empty if nothing is."""
    return (
        _problem_of_range(rows["cell"], chunk.first_cell, chunk.end_cell)
        or _problem_of_range(rows["replicate"], chunk.first_replicate, chunk.end_replicate)
        or _problem_of_repeats(rows, chunk)
        or _problem_of_words(rows["run_status"], (OK, FAILED))
        or _problem_of_signed(rows)
    )


def _problem_of_range(column: pl.Series, start: int, end: int) -> str:
    if not column.dtype.is_integer() or column.null_count():
        return f"has a column '{column.name}' that is not all whole numbers"
    for value in (column.min(), column.max()):
        if isinstance(value, int) and not start <= value < end:
            return f"tells of {column.name} {value}, where only {start} to {end - 1} are planned"
    return ""


def _problem_of_repeats(rows: pl.DataFrame, chunk: Chunk) -> str:
    cell = rows["cell"].to_numpy().astype(np.int64) - chunk.first_cell
    replicate = rows["replicate"].to_numpy() - chunk.first_replicate
    counts = np.bincount(cell * len(chunk.replicates) + replicate, minlength=1)
    repeats = len(rows) - int((counts > 0).sum())
    return f"tells of the same run more than once, in {repeats:,} rows" if repeats else ""


def _problem_of_words(column: pl.Series, known: Sequence[str]) -> str:
    name = column.name
    if not (column.dtype == pl.String or isinstance(column.dtype, (pl.Enum, pl.Categorical))):
        return f"has a column '{name}' that holds no words"
    found = {str(word) for word in column.drop_nulls().unique().cast(pl.String)}
    strange = sorted(found - set(known))
    if strange:
        return f"has '{strange[0]}' in the column '{name}', which is none of {', '.join(known)}"
    if name == "run_status" and column.null_count():
        return f"has {column.null_count():,} rows without '{name}'"
    return ""


def _problem_of_signed(rows: pl.DataFrame) -> str:
    problem = _problem_of_words(rows["signed"], words_of(Signature).categories.to_list())
    if problem:
        return problem
    silent = (rows["run_status"].cast(pl.String) == OK) & rows["signed"].is_null()
    return f"does not say in {silent.sum():,} rows what was signed" if silent.any() else ""


def _opened(
    place: Path, plan: Plan, files: Sequence[Path], source: str, notes: list[str]
) -> Results:
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
            f"{_go_on(plan, place)}"
        )
    if bad:
        notes.append(f"{bad:,} runs failed and are left out of every figure.")
    if bad == rows:
        raise ConfigError([f"{place}: {_all_failed(same, rows)}"])
    notes += _notes_on_columns("lacks", missing_columns(schema, plan))
    notes += _notes_on_columns("has nothing in", empty_columns(same, schema))
    return Results(place, plan, tuple(same), source, schema, rows, bad, tuple(notes))


def _all_failed(files: list[Path], runs: int) -> str:
    problem = f"all {runs:,} runs failed" if runs > 1 else "the only run failed"
    table = pl.scan_parquet(files, glob=False)
    if "error" not in table.collect_schema().names():
        return problem
    why = table.select(pl.col("error").drop_nulls().first()).collect().item()
    return problem if why is None else f"{problem}: {why}"


def _notes_on_columns(verb: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    listed = ", ".join(f"'{name}'" for name in names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [
        f"The table of runs {verb} the column{'s' if len(names) > 1 else ''} {listed}{more}; "
        "parts that need what is not there say so."
    ]


def missing_columns(columns: Iterable[str], plan: Plan) -> tuple[str, ...]:
    """Return which columns a table of this plan should have and lacks, those needed first."""
    there = set(columns)
    wanted = [*_needed(plan), *(column.name for column in OUTCOME_COLUMNS)]
    for raw in _scenarios(plan):
        try:
            scenario = build_scenario(raw, "scenario")
        except ConfigError:
            # Of another version: what it would have had cannot be known.
            continue
        wanted += [column.name for column in scenario_columns(scenario)]
    return tuple(name for name in dict.fromkeys(wanted) if name not in there)


def _scenarios(plan: Plan) -> list[Mapping[str, object]]:
    """Return one scenario for each set of columns that the combinations may have."""
    found: dict[str, Mapping[str, object]] = {}
    for entry in plan.combinations:
        parts = {
            key: value
            for key, value in entry.changes.items()
            if key.startswith(COLUMN_PARTS) or key == "scenario"
        }
        name = f"{entry.base} {parts}"
        if name not in found:
            raw = changed(plan.bases[entry.base], parts).get("scenario")
            if isinstance(raw, Mapping):
                found[name] = raw
    return list(found.values())


def empty_columns(files: Sequence[Path], columns: Iterable[str]) -> tuple[str, ...]:
    """Return which of the outcomes that many sections read are null in every run."""
    there = [name for name in READ_EVERYWHERE if name in set(columns)]
    if not there:
        return ()
    held = pl.scan_parquet(list(files), glob=False).select(pl.col(there).count())
    try:
        counts = held.collect(engine="streaming").row(0, named=True)
    except (PolarsError, OSError):
        # A damaged column: the parts that read it say so.
        return ()
    return tuple(name for name in there if not counts[name])


def _schema(file: Path) -> dict[str, pl.DataType]:
    # Without glob: the name of a file may hold any character.
    return dict(pl.scan_parquet(file, glob=False).collect_schema())


def _length(file: Path) -> int:
    return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())


def _go_on(plan: Plan, place: Path) -> str:
    return f"go on, run its line again: {plan.command(place)}"
