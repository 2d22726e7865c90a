"""What stood in the way: the weeks charged to each gate, by cells and week by week."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import polars as pl

from sim.analysis.charts import Figure, TableResult, dot_plot, drawn, table
from sim.analysis.results import NotInResults, Results
from sim.config.scenario import Scenario
from sim.model.codes import Gate
from sim.runs.intervals import estimate
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.story import gate_keys, gate_words
from sim.sweeps.store import TRACES

GATES = (Gate, LEDGER_COLUMNS)
"""Each gate, and the column of the weeks that are charged to it."""
ENDED = "talks ended"
"""What a week after the end of the talks is charged to, where nothing was signed in full."""
STRIP = 26
"""Height of a gate's strip."""
MOST_TRACED = 20_000
"""Most runs whose weeks are read."""


def ledger(results: Results, by: Sequence[str] | None = None) -> TableResult:
    """Return which gates the weeks are charged to, by the values of some keys (default: all).

    One line a group and gate: share of weeks with its 95 % interval; those of a group sum to 1.
    Raises `NotInResults` if the table lacks the ledger.
    """
    results.check_columns(*LEDGER_COLUMNS)
    words = gate_words(results.scenario)
    columns = {words[gate]: results.numbers(name) for gate, name in zip(*GATES, strict=True)}
    rows = [
        {**group.words, "gate": gate, **found.columns("share"), "runs": found.runs}
        for group in results.groups(by)
        for points in [results.clusters_of(group.cells)]
        for gate, values in columns.items()
        for found in [estimate(values[group.cells], points, bounds=(0.0, 1.0))]
    ]

    def draw(frame: pl.DataFrame) -> Figure:
        found = largest(frame.head(len(Gate)), words[Gate.SIGNED]).filter(pl.col("share") > 0)
        lines = found.select(label="gate", value="share", low="low", high="high").to_dicts()
        title = "What kept each week from being the week of the full signature"
        return dot_plot(lines, title, "share of a run's weeks, mean over the runs")

    notes = (
        "A week with several closed gates is shared equally among them. The gates are those of "
        "the full signature, so weeks of an interim deal in force are charged as well. Shares are "
        "means over the runs, a short run counts as much as a long one.",
    )
    return TableResult(frame=table(rows), draw=draw, notes=notes)


def largest(frame: pl.DataFrame, signed: str) -> pl.DataFrame:
    """Return the lines of a group that say what weeks were charged to, the largest share first."""
    charged = frame.filter(pl.col("gate") != signed)
    return charged.sort("share", descending=True, maintain_order=True)


def over_time(
    scenario: Scenario, runs: int, weeks: pl.DataFrame, notes: tuple[str, ...]
) -> TableResult:
    """Return a ledger over the weeks, without the gates that charge none: date, share of each gate.

    runs: how many it rests on.
    weeks: `week`, `gate` and `share`; the shares of a week sum to 1.
    """
    weeks = weeks.with_columns(
        pl.col("week").cast(pl.Int32), date=scenario.start + pl.duration(weeks=pl.col("week"))
    )
    charged = weeks.filter(pl.col("share") > 0)
    known = (*gate_words(scenario).values(), ENDED)
    gates = [gate for gate in known if gate in set(charged["gate"])]
    kept = weeks.filter(pl.col("gate").is_in(gates))
    wide = kept.pivot("gate", index=["week", "date"], values="share").fill_null(0.0)
    frame, draw = wide.select("week", "date", *gates), partial(_drawn_weeks, charged, gates, runs)
    return TableResult(frame=frame, draw=draw, notes=notes)


def _drawn_weeks(charged: pl.DataFrame, gates: list[str], runs: int, _: pl.DataFrame) -> Figure:
    """Draw the shares over the weeks, one strip a gate."""
    day, after = pl.col("date"), pl.col("date") + timedelta(weeks=1)
    rows = charged.select(
        date=day.cast(pl.String), until=after.cast(pl.String), gate="gate", share="share"
    ).with_columns(pl.col("share").round(4))
    told = f"share of {runs:,} traced runs" if runs > 1 else "share of the week"
    chart = drawn("ledger_over_time", rows.to_dicts(), gates=gates, told=told)
    of = f" ({runs:,} traced runs)" if runs > 1 else ""
    return Figure(chart, f"What stood in the way, week by week{of}", {"step": STRIP})


def gate_columns(scenario: Scenario) -> list[str]:
    """Return the columns of a trace that say which gates were closed, in the order of `Gate`."""
    keys = gate_keys(scenario)
    return [f"gate_{keys[gate]}" for gate in Gate]


def ledger_over_time(results: Results) -> TableResult:
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
    words = gate_words(results.scenario)
    # Runs whose talks have ended stay where they ended.
    ended = pl.col("left", "left_signed").cast(pl.Int64).cum_sum().shift(fill_value=0)
    found = counted.with_columns(ended).with_columns(
        pl.col(columns[Gate.SIGNED]) + pl.col("left_signed"),
        (pl.col("left") - pl.col("left_signed")).cast(pl.Float64).alias(ENDED),
    )
    shares = found.select("week", pl.col(*columns, ENDED) / runs)
    named = shares.rename(dict(zip(columns, words.values(), strict=True)))
    frame = named.unpivot(index="week", variable_name="gate", value_name="share")
    notes = (
        f"From the weekly traces of {runs:,} runs, a few replicates of each cell; the table by "
        "cells rests on all runs.",
    )
    return over_time(results.scenario, runs, frame.sort("week", maintain_order=True), notes)


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
