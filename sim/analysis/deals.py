"""How often something is signed: anything, the interim deal, the full one; by cell or by value."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl

from sim.analysis.charts import MOST_LINES, Figure, TableResult, dot_plot, table, thinned
from sim.analysis.results import Floats, Group, NotInResults, Results
from sim.config.conduct import Provision
from sim.runs.intervals import Estimate, estimate
from sim.runs.story import short_title
from sim.sweeps.columns import DERIVED

KINDS = {"signed": "anything", "signed_full": "in full", "signed_interim": "interim only"}
"""Outcomes whose rates are given, and their words."""


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
