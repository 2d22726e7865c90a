"""What stood in the way: the weeks charged to each gate, by cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import Group, NotInResults, Results, word
from sim.model.codes import Gate
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.story import gate_keys, gate_words
from sim.sweeps.store import TRACES

if TYPE_CHECKING:
    from sim.analysis.charts import Chart


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

    def to_frame(self) -> pl.DataFrame:
        """Return one line a group and gate: share of weeks with its 95 % interval."""
        return pl.DataFrame(
            [
                {key: word(v) for key, v in c.group.values.items()}
                | {
                    "gate": c.words,
                    "share": c.share.value,
                    "low": c.share.low,
                    "high": c.share.high,
                    "runs": c.share.runs,
                }
                for c in self.charges
            ],
            infer_schema_length=None,
        )

    def largest(self, group: Group | None = None) -> list[Charge]:
        """Return the charges of one group, the first by default, largest first."""
        of = (group or self.charges[0].group).label
        found = [c for c in self.charges if c.group.label == of and c.gate != Gate.SIGNED]
        return sorted(found, key=lambda c: -c.share.value)

    def plot(self) -> "Chart":
        """Return stacked shares, one bar a group of cells."""
        import altair as alt

        from sim.analysis.charts import MOST_LINES, STEP, data, finished, thinned

        labels = list(dict.fromkeys(c.group.label for c in self.charges if c.share.runs))
        shown = {labels[n] for n in thinned(len(labels))}
        rows = [
            {"label": c.group.label, "gate": c.words, "order": int(c.gate), "share": c.share.value}
            for c in self.charges
            if c.group.label in shown and c.share.value > 0
        ]
        words = list({c.gate: c.words for c in self.charges}.values())
        there = [word for word in words if any(row["gate"] == word for row in rows)]
        chart = (
            alt.Chart(data(rows))
            .mark_bar(stroke="white", strokeWidth=1)
            .encode(
                y=alt.Y("label:N", sort=labels, title=None),
                x=alt.X(
                    "share:Q",
                    title="share of the weeks played",
                    axis=alt.Axis(format=".0%"),
                    scale=alt.Scale(domain=[0, 1]),
                ),
                color=alt.Color(
                    "gate:N",
                    scale=alt.Scale(domain=words),
                    title="charged to",
                    legend=alt.Legend(values=there),
                ),
                order=alt.Order("order:Q"),
                tooltip=["label:N", "gate:N", alt.Tooltip("share:Q", format=".1%")],
            )
        )
        title = "What kept each week from being the week of the full signature"
        if len(labels) > MOST_LINES:
            title += f" ({len(shown)} of {len(labels)} lines)"
        return finished(chart, title, {"step": STEP})


def ledger(results: Results, by: Sequence[str] | None = None) -> Ledger:
    """Return which gates the weeks are charged to.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all by default.

    Raises
    ------
    NotInResults
        If the table lacks the ledger.
    """
    results.check_columns(*LEDGER_COLUMNS)
    words = gate_words(results.scenario)
    groups = results.groups(by)
    charges = []
    for gate, column in zip(Gate, LEDGER_COLUMNS, strict=True):
        values = results.numbers(column)
        for group in groups:
            points = results.clusters_of(group.cells)
            share = estimate(values[group.cells], points)
            charges.append(Charge(group=group, gate=gate, words=words[gate], share=share))
    order = {group.label: n for n, group in enumerate(groups)}
    charges.sort(key=lambda c: (order[c.group.label], c.gate))
    notes = (
        "A week with several closed gates is shared equally among them. The gates are those of "
        "the full signature, so weeks of an interim deal in force are charged as well.",
    )
    return Ledger(keys=tuple(groups[0].values), charges=tuple(charges), notes=notes)


# ---- What stood in the way, week by week, from the traces that a sweep left.

ENDED = "talks ended"
"""What a week after the end of the talks is charged to, where nothing was signed in full."""
MOST_TRACED = 20_000
"""Most runs whose weeks are read."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LedgerOverTime(Result):
    """Shares of traced runs by what each week is charged to."""

    start: date  # first day of the talks
    runs: int  # traced runs that it rests on
    weeks: pl.DataFrame  # `week`, `gate`, `share`; the shares of a week sum to 1
    gates: tuple[str, ...]  # words in the order of the stack
    # the same with those that no week is charged to, so that colours stay what they are
    all_gates: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a week: date and the share of each gate."""
        weeks = self.weeks.with_columns(pl.col("week").cast(pl.Int32))
        wide = weeks.pivot("gate", index="week", values="share").fill_null(0.0)
        days = [self.start + timedelta(weeks=week) for week in wide["week"]]
        return wide.with_columns(pl.Series("date", days)).select(
            "week", "date", *(gate for gate in self.gates if gate in wide.columns)
        )

    def plot(self) -> "Chart":
        """Return the shares stacked over the weeks."""
        import altair as alt

        from sim.analysis.charts import data, dates, finished

        order = {gate: n for n, gate in enumerate(self.gates)}
        rows = [
            {
                "date": (self.start + timedelta(weeks=row["week"])).isoformat(),
                "gate": row["gate"],
                "order": order[row["gate"]],
                "share": round(row["share"], 4),
            }
            for row in self.weeks.iter_rows(named=True)
        ]
        chart = (
            alt.Chart(data(rows))
            .mark_area(interpolate="step", stroke="white", strokeWidth=0.7)
            .encode(
                x=dates(),
                y=alt.Y(
                    "share:Q",
                    stack="zero",
                    scale=alt.Scale(domain=[0, 1]),
                    axis=alt.Axis(
                        format=".0%",
                        title="share of traced runs" if self.runs > 1 else "share of the week",
                    ),
                ),
                color=alt.Color(
                    "gate:N",
                    scale=alt.Scale(domain=list(self.all_gates)),
                    title="charged to",
                    legend=alt.Legend(values=list(self.gates)),
                ),
                order=alt.Order("order:Q"),
                tooltip=[
                    alt.Tooltip("date:T", format="%-d %B %Y"),
                    "gate:N",
                    alt.Tooltip("share:Q", format=".1%"),
                ],
            )
        )
        of = f" ({self.runs:,} traced runs)" if self.runs > 1 else ""
        return finished(chart, f"What stood in the way, week by week{of}")


def ledger_over_time(results: Results) -> LedgerOverTime:
    """Return what each week is charged to, over the runs that left traces.

    Raises
    ------
    NotInResults
        If the sweep stored no traces, with how to get them.
    """
    files = sorted((results.folder / TRACES).glob("*.parquet"))
    if not files:
        raise NotInResults(
            "the sweep stored no weekly traces, so the ledger cannot be shown over time; run it "
            "with trace=sample (a few replicates of each cell) or trace=all"
        )
    scenario = results.scenario
    words, keys = gate_words(scenario), gate_keys(scenario)
    counted = traced_weeks(files, [f"gate_{keys[gate]}" for gate in Gate], results)
    horizon = int(counted["week"].max() or 0) + 1  # type: ignore[arg-type]
    rows, runs = [], int(counted.filter(pl.col("week") == 0)["runs"].sum())
    ended_signed, ended = 0.0, 0.0
    by_week = {int(row["week"]): row for row in counted.iter_rows(named=True)}
    for week in range(horizon):
        row = by_week.get(week)
        shares = [row[f"gate_{keys[gate]}"] if row else 0.0 for gate in Gate]
        for gate, share in zip(Gate, shares, strict=True):
            more = ended_signed if gate == Gate.SIGNED else 0.0
            rows.append({"week": week, "gate": words[gate], "share": (share + more) / runs})
        rows.append({"week": week, "gate": ENDED, "share": ended / runs})
        if row:
            ended_signed += row["left_signed"]
            ended += row["left"] - row["left_signed"]
    frame = pl.DataFrame(rows, {"week": pl.Int32, "gate": pl.String, "share": pl.Float64})
    there = set(frame.filter(pl.col("share") > 0)["gate"])
    gates = tuple(gate for gate in (*words.values(), ENDED) if gate in there)
    notes = (
        f"From the weekly traces of {runs:,} runs, a few replicates of each cell; the table by "
        "cells rests on all runs.",
    )
    return LedgerOverTime(
        start=scenario.start,
        runs=runs,
        weeks=frame.filter(pl.col("gate").is_in(gates)),
        gates=gates,
        all_gates=(*words.values(), ENDED),
        notes=notes,
    )


def traced_weeks(files: Sequence[Path], gates: list[str], results: Results) -> pl.DataFrame:
    """Return for each week the traced runs, how they are charged, and how many end in it.

    Returns
    -------
    polars.DataFrame
        `week`, `runs`, the weeks charged to each gate, `left` (runs whose last week it is, before
        the last week of all) and `left_signed` (those of them that had signed in full).

    Raises
    ------
    NotInResults
        If the traces have other columns.
    """
    table = pl.scan_parquet(
        list(files), missing_columns="insert", extra_columns="ignore", glob=False
    )
    schema = table.collect_schema()
    absent = [name for name in ("cell", "replicate", "week", *gates) if name not in schema]
    if absent:
        raise NotInResults(f"the weekly traces lack the column '{absent[0]}'")
    most = max(1, MOST_TRACED // results.plan.cells)
    closed = pl.sum_horizontal(pl.col(gate).cast(pl.Float64) for gate in gates)
    signed = pl.col(gates[Gate.SIGNED])
    last = pl.col("week") == pl.col("last")
    return (
        table.filter(pl.col("replicate") < most)
        .select("cell", "replicate", "week", *gates)
        .with_columns(
            pl.col("week").max().over("cell", "replicate").alias("last"), closed.alias("n")
        )
        .with_columns(pl.col("last").max().alias("horizon"))
        .group_by("week")
        .agg(
            pl.len().alias("runs"),
            *((pl.col(gate).cast(pl.Float64) / pl.col("n")).fill_nan(0.0).sum() for gate in gates),
            (last & (pl.col("last") < pl.col("horizon"))).sum().alias("left"),
            (last & signed & (pl.col("last") < pl.col("horizon"))).sum().alias("left_signed"),
        )
        .sort("week")
        .collect()
    )
