"""Weekly histories of a sweep's runs: one long table, described as the table of runs is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from sim.outcomes import Column
from sim.sweeps.columns import CELL, REPLICATE, TableColumn

if TYPE_CHECKING:
    from sim.opening import RunRecord
    from sim.trace import Series


class Weekly(NamedTuple):
    """Weekly histories of some runs.

    Attributes
    ----------
    table : polars.DataFrame
        One row a week, sorted by cell, replicate and week. Columns of one scenario are null in
        the rows of another.
    columns : list of TableColumn
        Its columns, with units and meaning.
    """

    table: pl.DataFrame
    columns: list[TableColumn]


def weekly_history(record: "RunRecord", cell: int, replicate: int) -> "list[Series]":
    """Return one run's history, column by column, after the run's cell and replicate."""
    from sim.trace import Series, trace

    found = trace(record)
    weeks = len(found[0].values)
    which = [
        Series(
            Column(column.name, "i4", column.unit, column.meaning),
            pl.Series(column.name, np.full(weeks, number, np.int32)),
        )
        for column, number in ((CELL, cell), (REPLICATE, replicate))
    ]
    return [*which, *found]


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
