"""How often something is signed: anything, the interim deal, the full one; by cell or by value."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from sim.analysis.charts import MOST_LINES, Figure, Result, dot_plot, heat_map, table, thinned
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import Group, NotInResults, Results, word

KINDS = {"signed": "anything", "signed_full": "in full", "signed_interim": "interim only"}
"""Outcomes whose rates are given, and their words."""
MOST_MAPS = 24
"""More values of the remaining keys than this are shown all together only."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rate:
    """Signing rates of one group of cells."""

    group: Group
    shares: dict[str, Estimate]  # estimate by outcome, keys as in `KINDS`
    no_outcome: int = 0  # planned runs that failed or are missing, which no share counts

    @property
    def signed(self) -> Estimate:
        """Share of runs in which anything was signed."""
        return self.shares["signed"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SigningRates(Result):
    """Signing rates: the swept values, `runs`, and share, `_low` and `_high` of each outcome.

    Where planned runs failed or are missing, `no_outcome` counts them.
    """

    keys: tuple[str, ...]  # keys whose values tell the groups apart
    rates: tuple[Rate, ...]  # in the order of the plan

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a group."""
        lacking = any(rate.no_outcome for rate in self.rates)
        for rate in self.rates:
            row: dict[str, object] = {**rate.group.words, "runs": rate.signed.runs}
            row |= {"no_outcome": rate.no_outcome} if lacking else {}
            for name, share in rate.shares.items():
                row |= share.columns(name, f"{name}_")
            yield row

    def sorted(self) -> list[Rate]:
        """Return the rates, most signed first."""
        known = (rate for rate in self.rates if rate.signed.runs)
        return sorted(known, key=lambda rate: -rate.signed.value)

    def figure(self) -> Figure:
        """Return signing rates with their intervals, most signed first."""
        rates = self.sorted()
        interim = any(rate.shares["signed_interim"].value for rate in rates)
        kinds = ("signed_full", "signed_interim") if interim else ("signed_full",)
        rows = [
            {"label": rate.group.label, "series": KINDS[kind], **rate.shares[kind].columns()}
            for rate in (rates[n] for n in thinned(len(rates)))
            for kind in kinds
        ]
        title = "P(signed), with 95 % intervals"
        if not interim:
            title = "P(signed in full), with 95 % intervals; there was no interim deal"
        if len(rates) > MOST_LINES:
            title += f": the {MOST_LINES // 2} highest and {MOST_LINES // 2} lowest of {len(rates)}"
        series = "signed" if interim else ""
        return dot_plot(rows, title, "share of runs", domain=(0, 1), mark=0.5, series=series)


def signing_rates(results: Results, by: Sequence[str] | None = None) -> SigningRates:
    """Return how often something was signed.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all by default, one line a cell of a factorial design
        and one line a combination of a sampled one.

    Returns
    -------
    SigningRates
        Shares with 95 % Wilson intervals; where a line pools several cells, the interval counts
        that the runs of one replicate share their shocks (see `sim.analysis.intervals`).
    """
    groups = results.groups(by)
    rates = tuple(_rate(results, group) for group in groups)
    return SigningRates(keys=tuple(groups[0].values), rates=rates, notes=_notes(results))


def _rate(results: Results, group: Group) -> Rate:
    block = results.signed_codes[group.cells]
    points = results.clusters_of(group.cells)
    wanted = {"signed": block > 0, "signed_full": block == 2, "signed_interim": block == 1}
    shares = {
        name: estimate(np.where(block < 0, np.nan, hit), points, share=True)
        for name, hit in wanted.items()
    }
    return Rate(group=group, shares=shares, no_outcome=int((block < 0).sum()))


def _notes(results: Results) -> tuple[str, ...]:
    if not results.sampled:
        return ("Intervals cover chance within the model, not what the assumptions are worth.",)
    if results.plan.replicates > 1:
        return ("Shares are means over the drawn points; their intervals cover the draw and "
                "chance.",)  # fmt: skip
    return (
        "With one replicate the intervals cover the draw of the points only: all points have "
        "met the same shocks.",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class SigningMap(Result):
    """P(signed) of one party's choices by the other's."""

    # rows, columns: keys of the two sides of the map
    rows: str
    columns: str
    # remaining keys; the map is there for each of their values, and for all together
    others: tuple[str, ...]
    cells: pl.DataFrame  # `choice`, `row`, `column`, `signed`, `low`, `high`, `runs`

    def records(self) -> pl.DataFrame:
        """Return one line for each field of each map."""
        return self.cells

    def figure(self) -> Figure:
        """Return the heat map, with a list to choose among the remaining keys' values."""
        choices = self.cells["choice"].unique(maintain_order=True).to_list()
        rows = self.cells.rename({"row": "y", "column": "x", "signed": "value"}).to_dicts()
        return heat_map(
            rows,
            f"P(signed), {self.rows} by {self.columns}",
            self.columns,
            self.rows,
            colour="P(signed)",
            choices=choices if len(choices) > 1 else (),
            choice_title=", ".join(self.others),
        )


def signing_map(
    results: Results, rows: str | None = None, columns: str | None = None
) -> SigningMap:
    """Return P(signed) by two keys.

    By default these are the strategies of the first and of the second party. Raises `NotInResults`
    if one of the keys was not swept.
    """
    first, second = results.scenario.parties
    down, across = rows or f"strategy@{first}", columns or f"strategy@{second}"
    missing = [key for key in (down, across) if key not in results.chosen_keys]
    if missing:
        raise NotInResults(
            f"a map needs both {down} and {across} to be swept, and {missing[0]} was not"
        )
    others = [key for key in results.chosen_keys if key not in (down, across)]
    together = signing_rates(results, [down, across])
    maps = {"all": list(together.rates)} | _maps_by_others(results, others, down, across)
    lines = [
        {
            "choice": choice,
            "row": rate.group.words[down],
            "column": rate.group.words[across],
            **rate.signed.columns("signed"),
            "runs": rate.signed.runs,
        }
        for choice, rates in maps.items()
        for rate in rates
        if rate.signed.runs
    ]
    return SigningMap(
        rows=down,
        columns=across,
        others=tuple(others),
        cells=table(lines),
        notes=together.notes,
    )


def _maps_by_others(
    results: Results, others: list[str], down: str, across: str
) -> dict[str, list[Rate]]:
    """Return the rates of one map for each choice of the remaining keys' values."""
    found: dict[str, list[Rate]] = {}
    for rate in signing_rates(results, [*others, down, across]).rates if others else ():
        label = " · ".join(word(rate.group.values[key]) for key in others)
        found.setdefault(label, []).append(rate)
    return found if 1 < len(found) <= MOST_MAPS else {}
