"""The tables that end a sweep: shares of runs by swept value, and the cells of most and least."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from sim.runs.intervals import Floats, Share, clustered, ratio_variance, wilson, within
from sim.runs.terminal import columns, counted, plain_table, show
from sim.sweeps.columns import FAILED, OK, as_stored, kind_of, swept_type
from sim.sweeps.overrides import Value
from sim.sweeps.plan import Plan

MOST_VALUES = 12
"""Numbers with more values than this are shown in `PARTS` parts of their range."""
MOST_WORDS = 40
"""Words, such as the names of strategies, are listed up to so many."""
PARTS = 4
MOST_KEYS = 8
"""Most keys that are listed value by value."""
MOST_LISTED = 6
"""Most values of a cell that are listed."""
EXTREMES = 3
"""Cells that are listed as best, and as worst."""
TOGETHER = 65_536
"""Replicates that are counted at once; grouping all takes more memory than playing them."""


@dataclass(frozen=True)
class Line:
    """One line of the table: a swept value, or a part of its range."""

    label: str
    runs: int  # runs with an outcome
    shares: tuple[Share, ...]  # or means, of each outcome that is shown, in their order
    failed: int = 0  # runs without one, which no share counts

    @property
    def cells(self) -> tuple[str, ...]:
        """Runs and shares as the table shows them."""
        shares = [str(share) if self.runs else "no outcome" for share in self.shares]
        return with_failed(self.runs, self.failed), *shares


UNKNOWN = Share(np.nan, np.nan, np.nan)
"""The share of a value all of whose runs failed."""
USUAL = ("signed", "signed_full")
"""Outcomes that are shown where none is asked for, the cells sorted by the first."""
NAMES = {"signed_full": "signed in full", "worse_off_share": "worse-off side's share"}
"""Outcomes whose name in words is not their own."""

Counts: TypeAlias = NDArray[np.int32] | Floats
"""Numbers of runs, and sums of outcomes over them."""
_STATUS = pl.col("run_status").cast(pl.String)
_RUNS = _STATUS.eq(OK).sum().alias("runs")
_FAILED = _STATUS.eq(FAILED).sum().alias("failed")


def heading(outcome: str) -> str:
    """Return the heading of a column of shares, or means, with their intervals."""
    name = name_of(outcome)
    return f"P({name}), 95 %" if kind_of(outcome).share else f"mean {name}, 95 %"


def name_of(outcome: str) -> str:
    """Return an outcome's name in words."""
    return NAMES.get(outcome, outcome.replace("_", " "))


def explained(outcome: str) -> str:
    """Return in words what such a column holds."""
    kind = kind_of(outcome)
    if kind.share:
        return f"share of runs in which {kind.words}"
    return f"{kind.words}, in {kind.unit}; {kind.missing}"


def _value(outcome: str, plan: Plan) -> pl.Expr:
    """Return the value of a run in an outcome: 0 or 1, or the number."""
    return pl.sql_expr(kind_of(outcome).sql(plan.common_horizon))


def by_value(
    runs: pl.LazyFrame, plan: Plan, key: str, outcomes: Sequence[str] = USUAL
) -> list[Line]:
    """Return one line for each value of a swept key, in the order of the sweep's line.

    Numbers with many values, and those of a sampled design, are put together in equal parts of
    their range; more than `MOST_WORDS` other values give no lines.

    outcomes: those whose shares are wanted, of `sim.sweeps.columns.DERIVED`.
    """
    kind = swept_type(plan, key)
    values = list(dict.fromkeys(as_stored(value, kind) for value in plan.values_of(key)))
    most = MOST_VALUES if kind.is_numeric() else MOST_WORDS
    # A drawn whole number may come out the same everywhere, and then has no parts.
    if len(values) == 1 or (len(values) <= most and key not in plan.point_keys):
        labels = [_shown(value) for value in values]
        group = pl.col(key).replace_strict(
            values, list(range(len(values))), return_dtype=pl.Int32, default=None
        )
    elif kind.is_numeric():
        labels, group = _parts(key, [float(value) for value in values if value is not None])
    else:
        return []
    counts = _by_replicate(runs, group, len(labels), plan, outcomes)
    there = ((label, own) for label, own in zip(labels, counts, strict=True) if own.any())
    return [_line(label, own, plan, outcomes) for label, own in there]


def _parts(key: str, numbers: Sequence[float]) -> tuple[list[str], pl.Expr]:
    """Return labels of equal parts of a range, and which part a row's number lies in."""
    low, high = min(numbers), max(numbers)
    width = (high - low) / PARTS
    edges = [low + n * width for n in range(PARTS + 1)]
    part = ((pl.col(key) - low) / width).floor().clip(0, PARTS - 1).cast(pl.Int32)
    return [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)], part


def _by_replicate(
    runs: pl.LazyFrame, group: pl.Expr, groups: int, plan: Plan, outcomes: Sequence[str]
) -> Counts:
    """Return whole and failed runs and each outcome's sum: (groups, 2 + outcomes, replicates)."""
    whole = all(kind_of(name).share or kind_of(name).weeks for name in outcomes)
    shape = groups, 2 + len(outcomes), plan.replicates
    counts: Counts = np.zeros(shape, np.int32) if whole else np.zeros(shape)
    sums = [_value(name, plan).sum().alias(name) for name in outcomes]
    for first in range(0, plan.replicates, TOGETHER):
        block = pl.col("replicate").is_between(first, first + TOGETHER, closed="left")
        found = (
            runs.filter(block)
            .group_by(group.alias("group"), "replicate")
            .agg(_RUNS, _FAILED, *sums)
            .filter(pl.col("group").is_not_null())
            .collect()
        )
        where = found["group"].to_numpy(), slice(None), found["replicate"].to_numpy()
        counts[where] = found.select("runs", "failed", *outcomes).to_numpy()
    return counts


def _line(label: str, counts: Counts, plan: Plan, outcomes: Sequence[str]) -> Line:
    failed = int(counts[1].sum())
    runs, _, *sums = counts[:, counts[0] > 0].astype(float)
    told = zip(outcomes, sums, strict=True)
    shares = tuple(_told(name, own, runs, plan) if runs.size else UNKNOWN for name, own in told)
    return Line(label, int(runs.sum()), shares, failed)


def _told(outcome: str, sums: Floats, runs: Floats, plan: Plan) -> Share:
    """Return a share, or a mean, from the sums and the runs of each replicate."""
    kind = kind_of(outcome)
    if kind.share:
        return clustered(sums, runs)
    mean, variance = float(sums.sum() / runs.sum()), ratio_variance(sums, runs)
    low, high = within(mean, variance, len(runs), kind.most(plan.common_horizon))
    return Share(mean, float(low), float(high), kind.format)


def by_cell(runs: pl.LazyFrame, plan: Plan, outcome: str = USUAL[0]) -> pl.DataFrame:
    """Return runs, failed runs, share or mean and its interval by cell, most first."""
    kind, value = kind_of(outcome), _value(outcome, plan)
    found = (
        runs.group_by("cell")
        .agg(_RUNS, _FAILED, share=value.mean(), variance=value.var())
        .sort(["share", "cell"], descending=[True, False], nulls_last=True)
        .collect()
    )
    held = found["runs"].to_numpy() > 0
    size = np.where(held, found["runs"].to_numpy(), 1)
    share = found["share"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    variance = found["variance"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    if kind.share:
        ends = wilson(share, size)
    else:
        ends = within(share, variance / size, size, kind.most(plan.common_horizon))
    return found.drop("variance").with_columns(low=ends[0], high=ends[1])


def widest_interval(runs: pl.LazyFrame, plan: Plan, outcome: str = USUAL[0]) -> tuple[float, int]:
    """Return the largest half-width of a cell's 95 % interval, and the cell; NaN without runs.

    That of a mean is a share of its range, e.g. of the horizon.
    """
    cells = by_cell(runs, plan, outcome).filter(pl.col("runs") > 0)
    if cells.is_empty():
        return math.nan, -1
    width = (cells["high"] - cells["low"]).to_numpy()
    at = int(np.argmax(width))
    half = float(width[at]) / 2.0 / kind_of(outcome).most(plan.common_horizon)
    return half, int(cells["cell"][at])


def print_summary(file: Path, plan: Plan, target: Console, outcome: str = "") -> None:
    """Print the tables that end a sweep, from its table of runs.

    outcome: what they are about, of `sim.sweeps.columns.DERIVED`; by default signatures.
    """
    outcomes = (outcome,) if outcome else USUAL
    runs = pl.scan_parquet(file, glob=False)
    if plan.title:
        target.print(plan.title, style="bold", markup=False)
        target.print()
    if outcome:
        told = f"{heading(outcome)}: {explained(outcome)}"
        target.print(told, soft_wrap=True, markup=False, highlight=False)
        target.print()
    any_printed = _print_values(runs, plan, target, outcomes) or _print_all(
        runs, plan, target, outcomes
    )
    cells = by_cell(runs, plan, outcomes[0])
    if len(cells) > 1:
        _print_cells(cells, plan, target, outcomes[0])
    if any_printed or len(cells) > 1:
        target.print("The intervals hold the sampling error of the replicates only.", style="dim")
        target.print()


def _print_values(runs: pl.LazyFrame, plan: Plan, target: Console, outcomes: Sequence[str]) -> bool:
    """Print shares or means by swept value; return whether there was anything to print."""
    listed = 0
    left_out: list[str] = []
    table = columns(plain_table(), "swept value", right=_headings(outcomes))
    for key in plan.swept:
        lines = by_value(runs, plan, key, outcomes) if listed < MOST_KEYS else []
        if not lines:
            left_out.append(key)
            continue
        if listed:
            table.add_section()
        listed += 1
        table.add_row(escape(key))
        for line in lines:
            table.add_row(f"  {escape(line.label)}", *line.cells)
    if listed:
        show(table, target)
        target.print()
    if left_out:
        more = counted(len(left_out), "more swept key")
        target.print(f"... and {more}, from {left_out[0]}", soft_wrap=True, markup=False)
        target.print()
    return listed > 0


def _headings(outcomes: Sequence[str]) -> tuple[str, ...]:
    return "runs", *map(heading, outcomes)


def _print_all(runs: pl.LazyFrame, plan: Plan, target: Console, outcomes: Sequence[str]) -> bool:
    """Print shares of all runs together; return whether there was a run."""
    counts = _by_replicate(runs, pl.lit(0, pl.Int32), 1, plan, outcomes)
    if not counts.any():
        return False
    table = columns(plain_table(), "", right=_headings(outcomes))
    table.add_row("all", *_line("all", counts[0], plan, outcomes).cells)
    show(table, target)
    target.print()
    return True


def _print_cells(cells: pl.DataFrame, plan: Plan, target: Console, outcome: str) -> None:
    """Print the best and the worst cells, with their runs if some failed anywhere."""
    any_failed = cells["failed"].sum() > 0
    silent = cells.filter(pl.col("runs") == 0)
    cells = cells.filter(pl.col("runs") > 0)
    shown = min(EXTREMES, len(cells) // 2)
    numbers = ("cell", *(("runs",) if any_failed else ()), heading(outcome))
    table = columns(plain_table(), name_of(outcome), right=numbers)
    table.add_column("values", overflow="fold")
    for title, rows in (("most", cells.head(shown)), ("least", cells.tail(shown).reverse())):
        for n, row in enumerate(rows.iter_rows(named=True)):
            share = Share(row["share"], row["low"], row["high"], kind_of(outcome).format)
            label = title if n == 0 else ""
            values = escape(cell_label(plan.values(row["cell"])))
            runs = [with_failed(row["runs"], row["failed"])] if any_failed else []
            table.add_row(label, str(row["cell"]), *runs, str(share), values)
    if shown:
        show(table, target)
    if len(silent):
        first = f"{counted(len(silent), 'cell')} without outcome, all runs failed"
        target.print(f"{first}: from cell {min(silent['cell'])}", soft_wrap=True, markup=False)
    target.print()


def with_failed(runs: int, failed: int) -> str:
    """Return a number of runs with an outcome, and how many failed beside them if any did."""
    return f"{runs:,} (+ {failed:,} failed)" if failed else f"{runs:,}"


def cell_label(values: Mapping[str, Value]) -> str:
    """Return a cell's values as ``key=value ..``, those of long cells cut short."""
    shown: Sequence[str] = [f"{key}={_shown(value)}" for key, value in values.items()]
    if len(shown) > MOST_LISTED:
        shown = [*shown[:MOST_LISTED], f"and {len(shown) - MOST_LISTED} more"]
    return " ".join(shown)


def _shown(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)
