"""How often something is signed: anything, the interim deal, the full one; by cell or by value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import Group, NotInResults, Results, word

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

KINDS = {"signed": "anything", "signed_full": "in full", "signed_interim": "interim only"}
"""Outcomes whose rates are given, and their words."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Rate:
    """Signing rates of one group of cells."""

    group: Group
    shares: dict[str, Estimate]  # estimate by outcome, keys as in `KINDS`


@dataclass(frozen=True, eq=False, kw_only=True)
class SigningRates(Result):
    """Signing rates, one line a group of cells."""

    keys: tuple[str, ...]  # keys whose values tell the groups apart
    rates: tuple[Rate, ...]  # in the order of the plan

    def to_frame(self) -> pl.DataFrame:
        """Return the swept values, `runs`, and share, `_low` and `_high` of each outcome."""
        rows = []
        for rate in self.rates:
            row: dict[str, object] = {key: word(v) for key, v in rate.group.values.items()}
            row["runs"] = rate.shares["signed"].runs
            for name, share in rate.shares.items():
                row |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)

    def sorted(self) -> list[Rate]:
        """Return the rates, most signed first."""
        return sorted(
            (rate for rate in self.rates if rate.shares["signed"].runs),
            key=lambda rate: -rate.shares["signed"].value,
        )

    def plot(self) -> "Chart":
        """Return signing rates with their intervals, most signed first."""
        from sim.analysis.charts import MOST_LINES, dots, thinned

        rates = self.sorted()
        shown = [rates[n] for n in thinned(len(rates))]
        kinds = ["signed_full", "signed_interim"]
        if not any(rate.shares["signed_interim"].value for rate in rates):
            kinds = ["signed_full"]
        rows = [
            {
                "label": rate.group.label,
                "series": KINDS[kind],
                "value": rate.shares[kind].value,
                "low": rate.shares[kind].low,
                "high": rate.shares[kind].high,
            }
            for rate in shown
            for kind in kinds
        ]
        title = "P(signed), with 95 % intervals"
        if len(kinds) == 1:
            title = "P(signed in full), with 95 % intervals; there was no interim deal"
        if len(rates) > MOST_LINES:
            title += f": the {MOST_LINES // 2} highest and {MOST_LINES // 2} lowest of {len(rates)}"
        series = "signed" if len(kinds) > 1 else ""
        return dots(rows, title, "share of runs", domain=(0, 1), mark=0.5, series=series)


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
    codes = results.signed_codes
    rates = []
    groups = results.groups(by)
    for group in groups:
        block = codes[group.cells]
        points = results.clusters_of(group.cells)
        wanted = {"signed": block > 0, "signed_full": block == 2, "signed_interim": block == 1}
        shares = {
            name: estimate(np.where(block < 0, np.nan, hit), points, share=True)
            for name, hit in wanted.items()
        }
        rates.append(Rate(group=group, shares=shares))
    keys = tuple(groups[0].values)
    return SigningRates(keys=keys, rates=tuple(rates), notes=_notes(results))


def _notes(results: Results) -> tuple[str, ...]:
    if not results.sampled:
        return ("Intervals cover chance within the model, not what the assumptions are worth.",)
    told = "Shares are means over the drawn points; their intervals cover the draw and chance."
    if results.plan.replicates == 1:
        told = (
            "With one replicate the intervals cover the draw of the points only: all points have "
            "met the same shocks."
        )
    return (told,)


@dataclass(frozen=True, eq=False, kw_only=True)
class SigningMap(Result):
    """P(signed) of one party's choices by the other's."""

    # rows, columns: keys of the two sides of the map
    rows: str
    columns: str
    # remaining keys; the map is there for each of their values, and for all together
    others: tuple[str, ...]
    cells: pl.DataFrame  # `choice`, `row`, `column`, `signed`, `low`, `high`, `runs`

    def to_frame(self) -> pl.DataFrame:
        """Return one line for each field of each map."""
        return self.cells

    def plot(self) -> "Chart":
        """Return the heat map, with a list to choose among the remaining keys' values."""
        from sim.analysis.charts import heat

        choices = self.cells["choice"].unique(maintain_order=True).to_list()
        rows = self.cells.rename({"row": "y", "column": "x", "signed": "value"}).to_dicts()
        return heat(
            rows,
            f"P(signed), {self.rows} by {self.columns}",
            self.columns,
            self.rows,
            colour="P(signed)",
            choices=choices if len(choices) > 1 else (),
            choice_title=", ".join(self.others),
        )


MOST_MAPS = 24
"""More values of the remaining keys than this are shown all together only."""


def signing_map(
    results: Results, rows: str | None = None, columns: str | None = None
) -> SigningMap:
    """Return P(signed) by two keys.

    Parameters
    ----------
    results : Results
    rows, columns : str, optional
        Keys; by default the strategies of the first and of the second party.

    Raises
    ------
    NotInResults
        If one of the keys was not swept.
    """
    first, second = results.scenario.parties
    down, across = rows or f"strategy@{first}", columns or f"strategy@{second}"
    missing = [key for key in (down, across) if key not in results.chosen_keys]
    if missing:
        raise NotInResults(
            f"a map needs both {down} and {across} to be swept, and {missing[0]} was not"
        )
    others = [key for key in results.chosen_keys if key not in (down, across)]
    maps: list[tuple[str, SigningRates]] = [("all", signing_rates(results, [down, across]))]
    if others:
        apart = signing_rates(results, [*others, down, across])
        by_choice: dict[str, list[Rate]] = {}
        for rate in apart.rates:
            label = " · ".join(word(rate.group.values[key]) for key in others)
            by_choice.setdefault(label, []).append(rate)
        if 1 < len(by_choice) <= MOST_MAPS:
            maps += [
                (label, SigningRates(keys=apart.keys, rates=tuple(rates)))
                for label, rates in by_choice.items()
            ]
    lines = [
        {
            "choice": choice,
            "row": word(rate.group.values[down]),
            "column": word(rate.group.values[across]),
            "signed": rate.shares["signed"].value,
            "low": rate.shares["signed"].low,
            "high": rate.shares["signed"].high,
            "runs": rate.shares["signed"].runs,
        }
        for choice, found in maps
        for rate in found.rates
        if rate.shares["signed"].runs
    ]
    return SigningMap(
        rows=down, columns=across, others=tuple(others), cells=pl.DataFrame(lines),
        notes=maps[0][1].notes,
    )  # fmt: skip
