"""What came of the runs: how often something is signed, on what terms, what stood in the way."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from sim.analysis.charts import (
    MOST_LINES,
    Figure,
    TableResult,
    dot_plot,
    drawn,
    table,
    thinned,
)
from sim.analysis.results import Floats, Group, NotInResults, Results
from sim.config.conduct import Provision
from sim.config.scenario import Scenario
from sim.model.codes import Gate
from sim.runs.intervals import Estimate, estimate
from sim.runs.outcomes import LEDGER_COLUMNS
from sim.runs.story import gate_keys, gate_words, short_title
from sim.sweeps.columns import DERIVED
from sim.sweeps.store import TRACES

KINDS = {"signed": "anything", "signed_full": "in full", "signed_interim": "interim only"}
"""Outcomes whose rates are given, and their words."""
GATES = (Gate, LEDGER_COLUMNS)
"""Each gate, and the column of the weeks that are charged to it."""
ENDED = "talks ended"
"""What a week after the end of the talks is charged to, where nothing was signed in full."""
STRIP = 26
"""Height of a gate's strip."""
MOST_TRACED = 20_000
"""Most runs whose weeks are read."""


# --- rates and terms


def signing_rates(
    results: Results, by: Sequence[str] | None = None, outcome: str = "signed"
) -> TableResult:
    """Return how often something was signed, by the values of some keys.

    Beside it stands another `outcome` of `sim.sweeps.columns.DERIVED`, if one is asked for. By
    default of all keys: one line a cell of a factorial design, or a combination of a sampled one.
    It has the values, `runs`, and share, `_low` and `_high` of each outcome; where planned runs
    failed or are missing, `no_outcome` counts them. Shares have 95 % Wilson intervals; where a line
    pools several cells, the interval counts that the runs of one replicate share their shocks (see
    `sim.runs.intervals`).
    """
    groups = results.groups(by)
    values = {name: results.outcome(name) for name in dict.fromkeys((outcome, *KINDS))}
    shares = [
        {name: results.told(own, group.cells, name) for name, own in values.items()}
        for group in groups
    ]
    lost = [int((results.signed_codes[group.cells] < 0).sum()) for group in groups]
    rows = [
        {**group.words, "runs": found["signed"].runs}
        | ({"no_outcome": missing} if any(lost) else {})
        | {key: x for name in found for key, x in found[name].columns(name, f"{name}_").items()}
        for group, found, missing in zip(groups, shares, lost, strict=True)
    ]
    labelled = zip((group.label for group in groups), shares, strict=True)
    known = [(label, found) for label, found in labelled if found[outcome].runs]
    known.sort(key=lambda rate: -rate[1][outcome].value)
    draw = partial(_drawn_rates, known, outcome)
    notes = tuple(_notes(results))
    return TableResult(frame=table(rows), draw=draw, outcome=outcome, notes=notes)


def _drawn_rates(
    rates: Sequence[tuple[str, Mapping[str, Estimate]]], outcome: str, _: pl.DataFrame
) -> Figure:
    """Draw an outcome, or what is signed in full and in part, with intervals, the most first."""
    kept = [rates[n] for n in thinned(len(rates))]
    if outcome not in KINDS:
        kind = DERIVED[outcome]
        rows = [{"label": label, **shares[outcome].columns()} for label, shares in kept]
        domain = (0.0, 1.0) if kind.share else None
        shown = ".1f" if kind.weeks else ".0%"
        return dot_plot(rows, kind.title, kind.axis, format=shown, domain=domain)
    interim = any(shares["signed_interim"].value > 0.0 for _, shares in rates)
    rows = [
        {"label": label, "series": KINDS[name], **shares[name].columns()}
        for label, shares in kept
        for name in (("signed_full", "signed_interim") if interim else ("signed_full",))
        if shares[name].runs
    ]
    title = "P(signed), with 95 % intervals"
    if not interim:
        title = "P(signed in full), with 95 % intervals; there was no interim deal"
    if len(rates) > MOST_LINES:
        title += f": the {MOST_LINES // 2} highest and {MOST_LINES // 2} lowest of {len(rates)}"
    series = "signed" if interim else ""
    return dot_plot(rows, title, "share of runs", domain=(0, 1), mark=0.5, series=series)


def _notes(results: Results) -> Iterator[str]:
    left = results.plan.cells - len(results.pooled)
    if left:
        yield f"Where cells are pooled, {left:,} that are watched for fewer weeks are left out."
    if not results.sampled:
        yield "Intervals cover chance within the model, not what the assumptions are worth."
    elif results.plan.replicates > 1 or not results.plan.common_chance:
        yield "Shares are means over the drawn points; their intervals cover the draw and chance."
    else:
        yield (
            "With one replicate the intervals cover the draw of the points only: all points have "
            "met the same shocks."
        )


# ---- On what terms deals are made, what they are worth, and whether they last.

NO_TERMS = "no deal stood at the end of any run, so there are no terms to show"
QUARTILES = ("lower_quartile", "median", "upper_quartile")
WITHIN, UNIT = ("position_", "dignity", "share_", "durability"), (0.0, 1.0)
"""How the names of those begin that lie between 0 and 1."""


def terms(results: Results, by: Sequence[str] | None = None) -> TableResult:
    """Return on what terms deals are made, by the values of some keys (default: all).

    One line a group and measure: mean, 95 % interval, quartiles, and the runs in which it is known.
    For deals that stood at the end: utilities on the scale on which the whole treaty at a side's
    own ideals is worth 1, dignity (the smaller of the sides' shares of their greatest possible
    gain over the status quo), the shares won of what was open, and the final positions of the
    articles that were open; for all signed deals `durability`, the share that stood at the end.
    Raises `NotInResults` if the table lacks what stood at the end.
    """
    in_force = results.codes("in_force")
    first, second = (results.scenario.actors[p].name for p in results.scenario.parties)
    worth = _words_of_worth(first, second)
    missing = [name for name in worth if not results.has(name)]
    groups = results.groups(by)
    stood = np.where(results.signed_codes > 0, in_force > 0, np.nan)
    told = "durability: share of signed deals that stood at the end"
    rows = [_measure(results, "durability", told, g, stood, share=True) for g in groups]
    for name, meaning in (worth | open_articles(results)).items():
        if name not in missing:
            values = np.where(in_force > 0, results.numbers(name), np.nan)
            rows += [_measure(results, name, meaning, group, values) for group in groups]
    notes = (
        "Means over the deals that stood at the end. Cells sign in different circumstances, so "
        "terms of two cells also differ by which runs came to a deal.",
        f"Utility counts the whole treaty at a side's own ideals as 1; {first} and {second} are "
        "not comparable with each other.",
        *(f"The table of runs lacks the column '{name}'." for name in missing),
    )
    draw = partial(_positions, (first, second))
    return TableResult(frame=table(rows), draw=draw, notes=notes)


def _labelled(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table of terms as a figure takes it, without what is known in no run."""
    keys = frame.columns[: frame.columns.index("measure")]
    label = pl.concat_str(keys, separator=" · ") if keys else pl.lit("all cells")
    found = frame.filter((pl.col("runs") > 0) & (pl.col("measure") != "durability"))
    if found.is_empty():
        raise NotInResults(NO_TERMS)
    return found.select(
        "measure", label=label, value="mean", low="low", high="high", series="meaning"
    )


def _positions(parties: tuple[str, str], frame: pl.DataFrame) -> Figure:
    """Draw final positions of what was open, one point a group of cells and article."""
    found = _labelled(frame).filter(pl.col("measure").str.starts_with("position_")).drop("measure")
    labels = found["label"].unique(maintain_order=True)
    several = len(labels) > 1
    shown = labels[thinned(len(labels), MOST_LINES // 2)]
    rows = found.filter(pl.col("label").is_in(shown.implode()))
    rows = rows if several else rows.with_columns(label="series")
    axis = f"final position: 0 {parties[0]}'s wording, 1 {parties[1]}'s"
    title = "Where the open articles ended, in deals that stood"
    series = "article" if several else ""
    return dot_plot(rows.to_dicts(), title, axis, format=".2f", domain=(0, 1), series=series)


def figure_of_dignity(frame: pl.DataFrame) -> Figure:
    """Return the dignity of a table of terms with its interval, one line a group of cells.

    Raises `NotInResults` if no deal stood at the end anywhere.
    """
    found = _labelled(frame).filter(pl.col("measure") == "dignity")
    if found.is_empty():
        raise NotInResults(NO_TERMS)
    found = found.sort("value", descending=True, maintain_order=True)
    words = found["series"][0]
    rows = found[thinned(len(found))].select("label", "value", "low", "high").to_dicts()
    return dot_plot(rows, words[:1].upper() + words[1:], words, format=".2f")


def _words_of_worth(first: str, second: str) -> dict[str, str]:
    """Return the columns that say what the deal that stood at the end is worth, in words."""
    return {
        "utility_first": f"worth of the deal to {first}",
        "utility_second": f"worth of the deal to {second}",
        "dignity": "dignity: the worse-off side's share of its possible gain",
        "share_first": f"share won by {first} of what was open",
        "share_second": f"share won by {second} of what was open",
    }


def open_articles(results: Results) -> dict[str, str]:
    """Return the column of each open article's final position, and the article's name."""
    several = "scenario" in results.chosen_keys
    words: dict[str, str] = {}
    for combination in range(len(results.plan.combinations) if several else 1):
        for key, entry in results.scenario_of(combination).provisions.items():
            if entry.status != "agreed" and results.has(f"position_{key}"):
                words.setdefault(f"position_{key}", article_label(entry))
    return words


def article_label(entry: Provision) -> str:
    """Return a provision by its number and the head of its title, e.g. ``VII No forces of``."""
    return f"{entry.number} {short_title(entry.title)}".strip()


def _measure(
    results: Results, name: str, words: str, group: Group, values: Floats, share: bool = False
) -> dict[str, object]:
    block = values[group.cells]
    found = block[np.isfinite(block)]
    quartiles = np.quantile(found, (0.25, 0.5, 0.75)) if len(found) else np.full(3, np.nan)
    bounds = UNIT if name.startswith(WITHIN) else (-np.inf, np.inf)
    mean = estimate(block, results.clusters_of(group.cells), share, bounds)
    return {
        **group.words,
        "measure": name,
        "meaning": words,
        **mean.columns("mean"),
        **dict(zip(QUARTILES, quartiles.tolist(), strict=True)),
        "runs": mean.runs,
    }


# --- what stood in the way


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
