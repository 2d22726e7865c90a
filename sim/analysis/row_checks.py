"""Whether the rows of a table or shard can be those of a plan, and which columns are missing.

Everything that this program writes passes; what was cut, edited or made elsewhere is told in one
line before a figure rests on it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.analysis.results import NEEDED
from sim.errors import ConfigError
from sim.outcomes import OUTCOME_COLUMNS, Signature, scenario_columns
from sim.scenario import build_scenario
from sim.sweeps.chunks import Chunk
from sim.sweeps.columns import FAILED, OK, words_of
from sim.sweeps.paths import changed
from sim.sweeps.plan import Plan

TEXTS = ("scenario.articles", "scenario.preamble", "scenario.preconditions")
"""Parts of a configuration that decide which columns a scenario has of its own."""
TOLD = 4
"""Most columns that a note names."""
READ_EVERYWHERE = ("status", "weeks", "signed_week", "interim_week", "full_week", "in_force")
"""Outcomes that many sections read; an empty one is told at the head."""


def problem_of_rows(rows: pl.DataFrame, chunk: Chunk) -> str:
    """Return what is wrong with the rows of some cells and replicates; empty if nothing is.

    Parameters
    ----------
    rows : DataFrame
        With the columns `NEEDED`.
    chunk : Chunk
        Cells and replicates that rows may be of.
    """
    for name, start, end in (
        ("cell", chunk.first_cell, chunk.end_cell),
        ("replicate", chunk.first_replicate, chunk.end_replicate),
    ):
        column = rows[name]
        if not column.dtype.is_integer() or column.null_count():
            return f"has a column '{name}' that is not all whole numbers"
        for value in (column.min(), column.max()):
            if isinstance(value, int) and not start <= value < end:
                return f"tells of {name} {value}, where only {start} to {end - 1} are planned"
    place = rows["cell"].to_numpy().astype(np.int64) - chunk.first_cell
    width = len(chunk.replicates)
    place = place * width + rows["replicate"].to_numpy() - chunk.first_replicate
    twice = len(place) - int((np.bincount(place, minlength=1) > 0).sum())
    if twice:
        return f"tells of the same run more than once, in {twice:,} rows"
    return _problem_of_words(rows, "run_status", (OK, FAILED)) or _problem_of_signed(rows)


def _problem_of_words(rows: pl.DataFrame, name: str, known: Sequence[str]) -> str:
    """Return what is wrong with a column of words."""
    column = rows[name]
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
    """Return what is wrong with the column that says what was signed."""
    problem = _problem_of_words(rows, "signed", words_of(Signature).categories.to_list())
    if problem:
        return problem
    silent = (rows["run_status"].cast(pl.String) == OK) & rows["signed"].is_null()
    return f"does not say in {silent.sum():,} rows what was signed" if silent.any() else ""


def missing_columns(columns: Iterable[str], plan: Plan) -> tuple[str, ...]:
    """Return which columns a table of this plan should have and lacks, those needed first."""
    there = set(columns)
    wanted = [*NEEDED, *plan.swept, *(["point"] if plan.points else [])]
    wanted += [column.name for column in OUTCOME_COLUMNS]
    for raw in _scenarios(plan):
        try:
            scenario = build_scenario(raw, "scenario")
        except ConfigError:
            # Of another version: what it would have had cannot be known.
            continue
        wanted += [column.name for column in scenario_columns(scenario)]
    return tuple(name for name in dict.fromkeys(wanted) if name not in there)


def _scenarios(plan: Plan) -> list[Mapping[str, object]]:
    """Return one scenario of a plan for each text that its cells play."""
    found: dict[str, Mapping[str, object]] = {}
    for entry in plan.combinations:
        texts = {k: v for k, v in entry.changes.items() if k.startswith(TEXTS) or k == "scenario"}
        key = f"{entry.base} {texts}"
        if key not in found:
            raw = changed(plan.bases[entry.base], texts).get("scenario")
            if isinstance(raw, Mapping):
                found[key] = raw
    return list(found.values())


def told_of_columns(missing: Sequence[str], empty: Sequence[str]) -> list[str]:
    """Return what is to be said of columns that are missing, or hold nothing."""
    return [
        f"The table of runs {verb} the column{'s' if len(names) > 1 else ''} {_named(names)}; "
        "parts that need what is not there say so."
        for verb, names in (("lacks", missing), ("has nothing in", empty))
        if names
    ]


def _named(names: Sequence[str]) -> str:
    """Return names in a sentence, the first few if there are many."""
    told = ", ".join(f"'{name}'" for name in names[:TOLD])
    return told + (f" and {len(names) - TOLD} more" if len(names) > TOLD else "")


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
