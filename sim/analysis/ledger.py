"""What stood in the way: the weeks charged to each gate, by cells and week by week."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sim.analysis.charts import Figure, Result, dot_plot, drawn
from sim.analysis.results import Group, NotInResults, Results
from sim.config.scenario import Scenario
from sim.model.codes import Gate
from sim.runs.intervals import Estimate, estimate
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.story import gate_keys, gate_words
from sim.sweeps.store import TRACES

ENDED = "talks ended"
"""What a week after the end of the talks is charged to, where nothing was signed in full."""
STRIP = 26
"""Height of a gate's strip."""
MOST_TRACED = 20_000
"""Most runs whose weeks are read."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Charge:
    """Share of weeks charged to one gate in one group of cells."""

    group: Group
    gate: Gate
    words: str
    share: Estimate


@dataclass(frozen=True, eq=False, kw_only=True)
class Ledger(Result):
    """Mean shares of weeks by gate, one set a group of cells."""

    keys: tuple[str, ...]  # keys whose values tell the groups apart
    charges: tuple[Charge, ...]  # shares of a group sum to 1

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a group and gate: share of weeks with its 95 % interval."""
        for charge in self.charges:
            share = charge.share
            yield {
                **charge.group.words,
                "gate": charge.words,
                **share.columns("share"),
                "runs": share.runs,
            }

    def largest(self) -> list[Charge]:
        """Return the charges of the first group, largest first."""
        first = self.charges[0].group
        found = [c for c in self.charges if c.group is first and c.gate != Gate.SIGNED]
        return sorted(found, key=lambda c: -c.share.value)

    def figure(self) -> Figure:
        """Return the shares of the first group, largest first."""
        found = self.largest()
        rows = [{"label": c.words, **c.share.columns()} for c in found if c.share.value > 0]
        title = "What kept each week from being the week of the full signature"
        return dot_plot(rows, title, "share of a run's weeks, mean over the runs")


def ledger(results: Results, by: Sequence[str] | None = None) -> Ledger:
    """Return which gates the weeks are charged to, by the values of some keys (default: all).

    Raises `NotInResults` if the table lacks the ledger.
    """
    results.check_columns(*LEDGER_COLUMNS)
    words = gate_words(results.scenario)
    groups = results.groups(by)
    columns = [results.numbers(column) for column in LEDGER_COLUMNS]
    charges = tuple(
        Charge(
            group=group,
            gate=gate,
            words=words[gate],
            share=estimate(
                values[group.cells], results.clusters_of(group.cells), bounds=(0.0, 1.0)
            ),
        )
        for group in groups
        for gate, values in zip(Gate, columns, strict=True)
    )
    notes = (
        "A week with several closed gates is shared equally among them. The gates are those of "
        "the full signature, so weeks of an interim deal in force are charged as well. Shares are "
        "means over the runs, a short run counts as much as a long one.",
    )
    return Ledger(keys=tuple(groups[0].values), charges=charges, notes=notes)


@dataclass(frozen=True, eq=False, kw_only=True)
class LedgerOverTime(Result):
    """Shares of traced runs by what each week is charged to."""

    start: date  # first day of the talks
    runs: int  # traced runs that it rests on
    weeks: pl.DataFrame  # `week`, `gate`, `share`; the shares of a week sum to 1
    gates: tuple[str, ...]  # words of those that a week is charged to

    def records(self) -> pl.DataFrame:
        """Return one line a week: date and the share of each gate."""
        weeks = self.weeks.with_columns(pl.col("week").cast(pl.Int32))
        wide = weeks.pivot("gate", index="week", values="share").fill_null(0.0)
        days = [self.start + timedelta(weeks=week) for week in wide["week"]]
        return wide.with_columns(pl.Series("date", days)).select(
            "week", "date", *(gate for gate in self.gates if gate in wide.columns)
        )

    def figure(self) -> Figure:
        """Return the shares over the weeks, one strip a gate."""
        rows = [
            {
                "date": (self.start + timedelta(weeks=row["week"])).isoformat(),
                "until": (self.start + timedelta(weeks=row["week"] + 1)).isoformat(),
                "gate": row["gate"],
                "share": round(row["share"], 4),
            }
            for row in self.weeks.iter_rows(named=True)
            if row["share"] > 0
        ]
        told = f"share of {self.runs:,} traced runs" if self.runs > 1 else "share of the week"
        chart = drawn("ledger_over_time", rows, gates=list(self.gates), told=told)
        of = f" ({self.runs:,} traced runs)" if self.runs > 1 else ""
        return Figure(chart, f"What stood in the way, week by week{of}", {"step": STRIP})


def over_time(
    scenario: Scenario, runs: int, weeks: pl.DataFrame, notes: tuple[str, ...]
) -> LedgerOverTime:
    """Return the ledger of `week`, `gate` and `share`, without the gates that charge no week."""
    known = (*gate_words(scenario).values(), ENDED)
    there = set(weeks.filter(pl.col("share") > 0)["gate"])
    gates = tuple(gate for gate in known if gate in there)
    return LedgerOverTime(
        start=scenario.start,
        runs=runs,
        weeks=weeks.filter(pl.col("gate").is_in(gates)),
        gates=gates,
        notes=notes,
    )


def gate_columns(scenario: Scenario) -> list[str]:
    """Return the columns of a trace that say which gates were closed, in the order of `Gate`."""
    keys = gate_keys(scenario)
    return [f"gate_{keys[gate]}" for gate in Gate]


def ledger_over_time(results: Results) -> LedgerOverTime:
    """Return what each week is charged to, over the runs that left traces.

    Raises `NotInResults` if the sweep stored no traces, with how to get them.
    """
    files = sorted((results.folder / TRACES).glob("*.parquet"))
    if not files:
        raise NotInResults(
            "the sweep stored no weekly traces, so the ledger cannot be shown over time; run it "
            "with trace=sample (a few replicates of each cell) or trace=all"
        )
    columns = gate_columns(results.scenario)
    counted = _traced_weeks(files, columns, results)
    runs = int(counted.filter(pl.col("week") == 0)["runs"].sum())
    named = dict(zip(columns, gate_words(results.scenario).values(), strict=True))
    rows = _shares_by_week(counted.iter_rows(named=True), named, runs)
    frame = pl.DataFrame(
        list(rows), {"week": pl.Int32, "gate": pl.String, "share": pl.Float64}, orient="row"
    )
    notes = (
        f"From the weekly traces of {runs:,} runs, a few replicates of each cell; the table by "
        "cells rests on all runs.",
    )
    return over_time(results.scenario, runs, frame, notes)


def _shares_by_week(
    counted: Iterable[Mapping[str, float]], gates: Mapping[str, str], runs: int
) -> Iterator[tuple[int, str, float]]:
    """Give week, gate and share of runs; runs whose talks have ended stay where they ended."""
    by_week = {int(row["week"]): row for row in counted}
    signed_column = list(gates)[Gate.SIGNED]
    ended_signed = ended = 0.0
    for week in range(max(by_week, default=0) + 1):
        row = by_week.get(week, {})
        for column, words in gates.items():
            more = ended_signed if column == signed_column else 0.0
            yield week, words, (row.get(column, 0.0) + more) / runs
        yield week, ENDED, ended / runs
        left, left_signed = row.get("left", 0), row.get("left_signed", 0)
        ended_signed += left_signed
        ended += left - left_signed


def _traced_weeks(files: Sequence[Path], gates: list[str], results: Results) -> pl.DataFrame:
    """Return for each week the traced runs, how they are charged, and how many end in it.

    The columns are `week`, `runs`, the weeks charged to each gate, `left` (runs whose last week it
    is, before the last week of all) and `left_signed` (those of them that had signed in full).
    """
    table = pl.scan_parquet(
        list(files), missing_columns="insert", extra_columns="ignore", glob=False
    )
    schema = table.collect_schema()
    absent = [name for name in ("cell", "replicate", "week", *gates) if name not in schema]
    if absent:
        raise NotInResults(f"the weekly traces lack the column '{absent[0]}'")
    most = max(1, MOST_TRACED // results.plan.cells)
    charged = [pl.col(gate).cast(pl.Float64) for gate in gates]
    left = (pl.col("week") == pl.col("last")) & (pl.col("last") < pl.col("horizon"))
    return (
        table.filter(pl.col("replicate") < most)
        .select("cell", "replicate", "week", *gates)
        .with_columns(
            pl.col("week").max().over("cell", "replicate").alias("last"),
            pl.sum_horizontal(charged).alias("n"),
        )
        .with_columns(pl.col("last").max().alias("horizon"))
        .group_by("week")
        .agg(
            pl.len().alias("runs"),
            *((gate / pl.col("n")).fill_nan(0.0).sum() for gate in charged),
            left.sum().alias("left"),
            (left & pl.col(gates[Gate.SIGNED])).sum().alias("left_signed"),
        )
        .sort("week")
        .collect()
    )
