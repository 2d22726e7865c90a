"""How often something is signed: anything, the interim deal, the full one; by cell or by value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from sim.analysis.charts import (
    MOST_LINES,
    Figure,
    Result,
    TableResult,
    dot_plot,
    table,
    thinned,
)
from sim.analysis.results import Floats, Group, NotInResults, Results
from sim.config.conduct import Provision
from sim.runs.intervals import Estimate, estimate
from sim.runs.story import short_title
from sim.sweeps.columns import DERIVED

KINDS = {"signed": "anything", "signed_full": "in full", "signed_interim": "interim only"}
"""Outcomes whose rates are given, and their words."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rate:
    """Signing rates of one group of cells."""

    group: Group
    shares: dict[str, Estimate]  # estimate by outcome: the one asked for, and those of `KINDS`
    outcome: str = "signed"  # the one asked for
    no_outcome: int = 0  # planned runs that failed or are missing, which no share counts

    @property
    def asked(self) -> Estimate:
        """Share or mean of the outcome that was asked for."""
        return self.shares[self.outcome]


@dataclass(frozen=True, eq=False, kw_only=True)
class SigningRates(Result):
    """Signing rates: the swept values, `runs`, and share, `_low` and `_high` of each outcome.

    Where planned runs failed or are missing, `no_outcome` counts them.
    """

    keys: tuple[str, ...]  # keys whose values tell the groups apart
    outcome: str  # what the first column is about
    rates: tuple[Rate, ...]  # in the order of the plan

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a group."""
        lacking = any(rate.no_outcome for rate in self.rates)
        for rate in self.rates:
            row: dict[str, object] = {**rate.group.words, "runs": rate.shares["signed"].runs}
            row |= {"no_outcome": rate.no_outcome} if lacking else {}
            for name, share in rate.shares.items():
                row |= share.columns(name, f"{name}_")
            yield row

    def sorted(self) -> list[Rate]:
        """Return the rates, the most of the outcome first."""
        known = (rate for rate in self.rates if rate.asked.runs)
        return sorted(known, key=lambda rate: -rate.asked.value)

    def figure(self) -> Figure:
        """Return the outcome, or signing rates, with intervals, the most first."""
        rates = self.sorted()
        if self.outcome not in KINDS:
            return _figure_of(self.outcome, rates)
        interim = any(rate.shares["signed_interim"].value > 0.0 for rate in rates)
        kinds = ("signed_full", "signed_interim") if interim else ("signed_full",)
        rows = [
            {"label": rate.group.label, "series": KINDS[kind], **rate.shares[kind].columns()}
            for rate in (rates[n] for n in thinned(len(rates)))
            for kind in kinds
            if rate.shares[kind].runs
        ]
        title = "P(signed), with 95 % intervals"
        if not interim:
            title = "P(signed in full), with 95 % intervals; there was no interim deal"
        if len(rates) > MOST_LINES:
            title += f": the {MOST_LINES // 2} highest and {MOST_LINES // 2} lowest of {len(rates)}"
        series = "signed" if interim else ""
        return dot_plot(rows, title, "share of runs", domain=(0, 1), mark=0.5, series=series)


def _figure_of(outcome: str, rates: Sequence[Rate]) -> Figure:
    kind = DERIVED[outcome]
    rows = [
        {"label": rates[n].group.label, **rates[n].asked.columns()} for n in thinned(len(rates))
    ]
    domain = (0.0, 1.0) if kind.share else None
    shown = ".1f" if kind.weeks else ".0%"
    return dot_plot(rows, kind.title, kind.axis, format=shown, domain=domain)


def signing_rates(
    results: Results, by: Sequence[str] | None = None, outcome: str = "signed"
) -> SigningRates:
    """Return how often something was signed, by the values of some keys.

    Beside it stands another `outcome` of `sim.sweeps.columns.DERIVED`, if one is asked for. By
    default of all keys: one line a cell of a factorial design, or a combination of a sampled one.
    Shares have 95 % Wilson intervals; where a line pools several cells, the interval counts that
    the runs of one replicate share their shocks (see `sim.runs.intervals`).
    """
    groups = results.groups(by)
    values = {name: results.outcome(name) for name in dict.fromkeys((outcome, *KINDS))}
    rates = tuple(_rate(results, group, values, outcome) for group in groups)
    keys = tuple(groups[0].values)
    return SigningRates(keys=keys, outcome=outcome, rates=rates, notes=tuple(_notes(results)))


def _rate(results: Results, group: Group, values: Mapping[str, Floats], outcome: str) -> Rate:
    shares = {name: results.told(own, group.cells, name) for name, own in values.items()}
    lost = int((results.signed_codes[group.cells] < 0).sum())
    return Rate(group=group, shares=shares, outcome=outcome, no_outcome=lost)


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

WORTH = ("utility_first", "utility_second", "dignity", "share_first", "share_second")
"""Columns that say what the deal that stood at the end is worth."""
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
    missing = [name for name in WORTH if not results.has(name)]
    groups = results.groups(by)
    stood = np.where(results.signed_codes > 0, in_force > 0, np.nan)
    told = "durability: share of signed deals that stood at the end"
    rows = [_measure(results, "durability", told, g, stood, share=True) for g in groups]
    for name, meaning in (_words_of_worth(first, second) | open_articles(results)).items():
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
