"""The columns of a sweep's tables: names, types, units and meaning, in one place.

One row a run in `runs.parquet`: which run it is, every swept value under the key that was
swept, whether it worked, and its outcomes as `sim.runs.outcomes` computes them, codes as words. The
same descriptions are stored in the file's metadata under ``columns``, as JSON. Weekly traces have
the columns of `sim.runs.trace` after `cell` and `replicate`, described in the same way.
"""

import json
from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.errors import ConfigError, did_you_mean
from sim.model.codes import Treaty
from sim.runs.outcomes import EVENT_WEEKS, OUTCOME_COLUMNS, Column, codes_of
from sim.runs.summary import scenario_columns
from sim.sweeps.overrides import Value
from sim.sweeps.plan import Plan

if TYPE_CHECKING:
    from sim.runs.opening import RunRecord
    from sim.runs.trace import Series

OK, FAILED = "ok", "failed"
RUN_STATUS = pl.Enum([OK, FAILED])
NUMPY_TO_POLARS: Mapping[str, type[pl.DataType]] = {
    "i1": pl.Int8,
    "i4": pl.Int32,
    "i8": pl.Int64,
    "f8": pl.Float64,
    "?": pl.Boolean,
}
"""Column type of an outcome by the code of its NumPy type."""

Type: TypeAlias = pl.DataType | type[pl.DataType]
"""Type of a column."""


class TableColumn(NamedTuple):
    """One column of a stored table."""

    name: str  # name in the file
    type: Type  # type in the file; words of a code are an enumeration
    unit: str  # unit of measurement
    meaning: str  # one line of explanation


class Kind(NamedTuple):
    """What can be asked about: an event, told as a share of runs, or a number, told as its mean."""

    words: str  # what happens in a run that counts, or what the number is
    condition: str  # that a run counts, in SQL; empty for a number
    # columns with the codes or numbers, from and to, that they must all have
    codes: Mapping[str, tuple[float, float]]
    column: str = ""  # that holds the number; empty for an event
    missing: str = ""  # how a run counts in which there is nothing to measure

    @property
    def share(self) -> bool:
        """Whether it is an event."""
        return not self.column

    @property
    def weeks(self) -> bool:
        """Whether it is the week of an event, counted up to a horizon."""
        return self.column in EVENT_WEEKS

    @property
    def unit(self) -> str:
        """Unit in which it is shown."""
        return "weeks" if self.weeks else "%"

    @property
    def points(self) -> str:
        """Unit in which its differences are shown."""
        return "weeks" if self.weeks else "percentage points"

    @property
    def format(self) -> str:
        """Python's format of it."""
        return ".1f" if self.weeks else ".1%"

    @property
    def scale(self) -> float:
        """What it is multiplied by where it is shown in its unit."""
        return 1.0 if self.weeks else 100.0

    @property
    def axis(self) -> str:
        """What a figure's axis says of it."""
        return "share of runs" if self.share else f"{self.words}: mean, in {self.unit}"

    @property
    def title(self) -> str:
        """What a figure of it is called."""
        if self.share:
            return f"Share of runs in which {self.words}, with 95 % intervals"
        return f"{self.words[:1].upper()}{self.words[1:]}: mean with 95 % intervals, in {self.unit}"

    @property
    def difference(self) -> str:
        """What a difference counts, as an axis says it."""
        if self.share:
            return f"percentage points more runs in which {self.words}"
        return f"difference in {self.words}, {self.points}"

    def most(self, horizon: int) -> float:
        """Return the greatest value of a run; the least is 0."""
        return float(horizon) if self.weeks else 1.0

    def sql(self, horizon: int) -> str:
        """Return the value of a run in SQL: 0 or 1, or the number; weeks up to a horizon."""
        if self.share:
            return f"({self.condition})::INT"
        if not self.weeks:
            return self.column
        late = f"{self.column} < 0 OR {self.column} > {horizon}"
        return f"CASE WHEN {late} THEN {horizon} ELSE {self.column} END"


_EVER = np.iinfo(np.int16).max
_UNSIGNED = ("signed", (0, 0))
DERIVED: Mapping[str, Kind] = {
    "signed": Kind("something is signed", "signed <> 'none'", {"signed": (1, 2)}),
    "signed_full": Kind("the treaty is signed in full", "signed = 'full'", {"signed": (2, 2)}),
    "signed_interim": Kind(
        "an interim deal is signed and no full one after it",
        "signed = 'interim'",
        {"signed": (1, 1)},
    ),
    "interim_ever": Kind(
        "an interim deal is signed", "interim_week >= 0", {"interim_week": (0, _EVER)}
    ),
    "ratified": Kind("both sides ratify", "ratified_week >= 0", {"ratified_week": (0, _EVER)}),
    "in_force_at_end": Kind("a deal stands at the end", "in_force <> 'none'", {"in_force": (1, 2)}),
    "both_better_off": Kind(
        "a deal stands at the end that is worth more than none to both sides",
        "dignity > 0",
        {"dignity": (np.nextafter(0.0, 1.0), 1.0)},
    ),
    "collapse_first": Kind(
        "the talks collapse before any signature",
        "status = 'collapsed' AND signed = 'none'",
        dict([("status", (Treaty.COLLAPSED, Treaty.COLLAPSED)), _UNSIGNED]),
    ),
    "government_fell_first": Kind(
        "the government falls before any signature",
        "status = 'government_fell' AND signed = 'none'",
        dict([("status", (Treaty.GOVERNMENT_FELL, Treaty.GOVERNMENT_FELL)), _UNSIGNED]),
    ),
    "weeks_to_signature": Kind(
        "the time to the first signature",
        "",
        {},
        "signed_week",
        "a run without one counts with all weeks of the shortest horizon",
    ),
    "worse_off_share": Kind(
        "the worse-off side's share of its greatest possible gain",
        "",
        {},
        "dignity",
        "a run in which no deal stands at the end counts as nothing",
    ),
}
"""What can be asked about beside the table's columns.

The time to a signature is a restricted mean (Royston and Parmar 2013): the area under the curve of
runs not yet signed, up to the shortest horizon of the cells. Every run is seen until then or ends
before, and what ended unsigned never signs, so that area is the mean of the weeks, each cut there.

The worse-off side's share is a mean over all runs, the status quo counted as no gain, and not over
deals alone: two choices make deals in different runs, so among deals they are not compared run by
run, and one that makes a single fair deal in a hundred runs would look better than one that makes
fifty good ones.
"""
NEEDS_INTERIM = ("signed_interim", "interim_ever")
"""Outcomes that cannot be where the rules of the talks allow no interim deal."""


def is_share(outcome: str) -> bool:
    """Return whether an outcome, of `DERIVED` or a column, is 0 or 1 and told as a share."""
    return outcome in DERIVED and DERIVED[outcome].share


def kind_of(outcome: str) -> Kind:
    """Return an outcome of `DERIVED`; ConfigError if it is none."""
    if outcome not in DERIVED:
        raise ConfigError([f"--outcome {outcome}: is no outcome{did_you_mean(outcome, DERIVED)}"])
    return DERIVED[outcome]


CELL = TableColumn("cell", pl.Int32, "index", "cell of the plan: one combination of values")
REPLICATE = TableColumn("replicate", pl.Int32, "index", "replicate; the same shocks in every cell")
SEED = TableColumn("seed", pl.Int64, "seed", "seed of the sweep")
POINT = TableColumn(
    "point", pl.Int32, "index", "point of the sampled design; the same numbers in every combination"
)
SWEPT = ("as set", "value that the sweep gave to this key")
"""Unit and meaning of the column of a swept key, which is named after the key."""
STATUS = TableColumn("run_status", RUN_STATUS, "word", "ok, or failed: then no outcome is stated")
ERROR = TableColumn("error", pl.String, "text", "why the run failed, else null")


def run_columns(plan: Plan, scenarios: Sequence[Scenario]) -> list[TableColumn]:
    """Return the columns of the table of runs; one scenario's are null in rows of another."""
    columns = [CELL, REPLICATE, SEED, *([POINT] if plan.points else [])]
    columns += [TableColumn(key, swept_type(plan, key), *SWEPT) for key in plan.swept]
    columns += [STATUS, ERROR]
    outcome = {column.name: column for column in OUTCOME_COLUMNS}
    for scenario in scenarios:
        for column in scenario_columns(scenario):
            outcome.setdefault(column.name, column)
    return columns + [_outcome_column(column) for column in outcome.values()]


def _outcome_column(column: Column) -> TableColumn:
    codes = codes_of(column.name)
    if codes is not None:
        return TableColumn(column.name, words_of(codes), "word", column.meaning)
    return TableColumn(column.name, NUMPY_TO_POLARS[column.dtype], column.unit, column.meaning)


@cache
def words_of(codes: type[IntEnum]) -> pl.Enum:
    """Return the words of an enumeration as a column type."""
    return pl.Enum([member.name.lower() for member in codes])


def swept_type(plan: Plan, key: str) -> type[pl.DataType]:
    """Return the column type of a swept key: numbers stay numbers, all else is text."""
    kinds = set(map(type, plan.values_of(key)))
    if kinds == {bool}:
        return pl.Boolean
    if kinds & {bool, str}:
        return pl.String
    return pl.Int64 if kinds == {int} else pl.Float64


def as_stored(value: Value, stored: Type) -> Value:
    """Return a swept value as its column holds it."""
    if value is None or stored is not pl.String:
        return float(value) if stored is pl.Float64 and value is not None else value
    return str(value).lower() if isinstance(value, bool) else str(value)


def schema(columns: Sequence[TableColumn]) -> dict[str, Type]:
    """Return the columns as a polars schema."""
    return {column.name: column.type for column in columns}


def described(columns: Sequence[TableColumn]) -> str:
    """Return the columns as the JSON text that files carry."""
    plain = [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in columns]
    return json.dumps(plain, ensure_ascii=False)


def words(name: str, codes: NDArray[np.generic], of: type[IntEnum]) -> pl.Series:
    """Return an array of codes as a column of words."""
    return _every_word(of).gather(codes.astype(np.uint32)).alias(name)


@cache
def _every_word(of: type[IntEnum]) -> pl.Series:
    kind = words_of(of)
    return pl.Series(kind.categories, dtype=kind)


class Weekly(NamedTuple):
    """Weekly histories of some runs in one table, described as the table of runs is."""

    # one row a week, sorted by cell, replicate and week; columns of one scenario are null in
    # the rows of another
    table: pl.DataFrame
    columns: list[TableColumn]


def weekly_history(record: "RunRecord", cell: int, replicate: int) -> "list[Series]":
    """Return one run's history, column by column, after the run's cell and replicate."""
    from sim.runs.trace import Series, trace

    found = trace(record)
    weeks = len(found[0].values)
    run = []
    for column, number in ((CELL, cell), (REPLICATE, replicate)):
        values = pl.Series(column.name, np.full(weeks, number, np.int32))
        run.append(Series(Column(column.name, "i4", column.unit, column.meaning), values))
    return [*run, *found]


def weekly_table(histories: "Sequence[list[Series]]") -> Weekly | None:
    """Put histories into one table; None if there are none."""
    if not histories:
        return None
    tables = [pl.DataFrame([series.values for series in history]) for history in histories]
    table = pl.concat(tables, how="diagonal").sort("cell", "replicate", "week")
    known = {series.column.name: series.column for history in histories for series in history}
    columns = [
        TableColumn(name, kind, known[name].unit, known[name].meaning)
        for name, kind in table.schema.items()
    ]
    return Weekly(table, columns)
