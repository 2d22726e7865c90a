"""Sections on what came out: how often, when, on what terms, what stood in the way, differences."""

from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from sim.analysis.incidence import Incidence, incidence
from sim.analysis.ledger import Ledger, LedgerOverTime, ledger, ledger_over_time
from sim.analysis.page.content import Part, Section, in_words, interval, part, renamed
from sim.analysis.paired import EVERYWHERE, Differences, paired_differences
from sim.analysis.results import NotInResults, Results
from sim.analysis.signing import SigningMap, SigningRates, signing_map, signing_rates
from sim.analysis.terms import Terms, terms

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

PERCENT = ".1%"


def signing_section(results: Results) -> Section:
    """Return how often something was signed."""
    parts = [
        part(
            "signing_rates",
            "By cell" if not results.sampled else "By combination of chosen values",
            lambda: signing_rates(results),
            _rates_table,
            lambda r: r.plot(),
        )
    ]
    for key in results.chosen_keys if len(results.chosen_keys) > 1 else []:
        name = "signing_by_" + "".join(c if c.isalnum() else "_" for c in key)
        parts.append(_by_value(results, key, name))
    parts.append(
        part(
            "signing_map",
            "One party's strategy by the other's",
            lambda: signing_map(results),
            _map_table,
            lambda r: r.plot(),
        )
    )
    return Section(
        "signing",
        "How often something is signed",
        "Shares of runs with 95 % Wilson intervals. A signature counts even if it did not last.",
        tuple(parts),
    )


def _by_value(results: Results, key: str, name: str) -> Part:
    return part(
        name,
        f"By {key}, all else pooled",
        lambda: signing_rates(results, [key]),
        _rates_table,
        notes=False,
    )


def _rates_table(result: SigningRates) -> pl.DataFrame:
    frame = result.to_frame()
    for value, name in (
        ("signed", "signed, % [95 %]"),
        ("signed_full", "in full, % [95 %]"),
        ("signed_interim", "interim only, % [95 %]"),
    ):
        frame = interval(frame, value, name)
    told = in_words(frame, {"runs": ",", "no_outcome": ","})
    return renamed(told, {"no_outcome": "failed or missing"})


def _map_table(result: SigningMap) -> pl.DataFrame:
    frame = result.to_frame().filter(pl.col("choice") == "all")
    told = interval(frame, "signed", "told", "low", "high")
    wide = told.pivot("column", index="row", values="told")
    return wide.rename({"row": f"{result.rows} (signed, %)"})


def time_section(results: Results) -> Section:
    """Return when what comes first."""
    key = "incidence"

    def table(result: Incidence) -> pl.DataFrame:
        frame = interval(result.to_frame(yearly=True), "incidence", "told", "low", "high")
        wide = frame.pivot("event", index=["cells", "date"], values="told")
        return wide.rename({name: f"{name}, %" for name in wide.columns[2:]})

    shown = part(
        key,
        "Cumulative incidence of the first event",
        lambda: incidence(results),
        table,
        lambda r: r.plot(),
    )
    intro = (
        "The first of: interim deal, full deal, collapse, fall of the government. They compete, so "
        "each curve is the share of runs in which that event came first by that date "
        "(Aalen-Johansen). The table gives the last week of each year of the talks."
    )
    return Section("time", "When", intro, (shown,))


def terms_section(results: Results) -> Section:
    """Return on what terms deals are made."""
    make = cache(lambda: terms(results))

    def table(result: Terms) -> pl.DataFrame:
        frame = interval(
            result.to_frame().drop("measure"), "mean", "mean [95 %]", format=".3f",
            low="low", high="high",
        )  # fmt: skip
        figures = dict.fromkeys(("lower_quartile", "median", "upper_quartile"), ".3f")
        names = {"lower_quartile": "lower quartile", "upper_quartile": "upper quartile"}
        return renamed(in_words(frame, {**figures, "runs": ","}), names)

    def positions(result: Terms) -> pl.DataFrame:
        return result.to_frame().filter(pl.col("measure").str.starts_with("position_"))

    first = part("terms", "Worth, dignity, durability, positions", make, table, _plot_dignity)
    more = part(
        "final_positions",
        "Final positions of the articles that were open",
        make,
        lambda r: table_of_positions(positions(r)),
        lambda r: r.plot(),
        positions,
        notes=False,
    )
    intro = (
        "What the deals that stood at the end are worth, how long they last, and where the open "
        "articles ended. Dignity is the smaller of the parties' shares of their greatest possible "
        "gain over the status quo."
    )
    return Section(
        "terms", "On what terms", intro, (first, more) if not first.missing else (first,)
    )


def _plot_dignity(result: Terms) -> "Chart":
    """Return the figure of dignity; raises if no deal stood anywhere.

    Raises
    ------
    NotInResults
        If there is nothing to draw.
    """
    if not result.of("dignity"):
        raise NotInResults("no deal stood at the end of any run, so there are no terms to show")
    return result.plot_worth("dignity")


def table_of_positions(frame: pl.DataFrame) -> pl.DataFrame:
    """Return mean final positions, one column an article."""
    told = interval(frame, "mean", "told", "low", "high", format=".2f")
    keys = told.columns[: told.columns.index("measure")]
    if not keys:
        return told.select(pl.col("meaning").alias("article"), pl.col("told").alias("mean [95 %]"))
    return told.pivot("meaning", index=keys, values="told")


def ledger_section(results: Results) -> Section:
    """Return what stood in the way."""

    def table(result: Ledger) -> pl.DataFrame:
        frame = in_words(result.to_frame(), {"share": PERCENT}).drop("low", "high", "runs")
        keys = list(result.keys)
        if not keys:
            return frame
        return frame.pivot("gate", index=keys, values="share")

    parts = [
        part("ledger", "By cell, all runs", lambda: ledger(results), table, lambda r: r.plot())
    ]
    first, second = (f"strategy@{party}" for party in results.scenario.parties)
    pair = [key for key in (first, second) if key in results.chosen_keys]
    if len(pair) == 2 and len(results.chosen_keys) > 2:
        parts.append(
            part(
                "ledger_by_strategies",
                "By the pair of strategies, all else pooled",
                lambda: ledger(results, pair),
                table,
                lambda r: r.plot(),
            )
        )
    parts.append(
        part(
            "ledger_over_time",
            "Week by week",
            lambda: ledger_over_time(results),
            _monthly,
            lambda r: r.plot(),
        )
    )
    intro = (
        "Each week is charged to the gates that kept it from being the week of the full signature: "
        "no zone of agreement, terms still open, a side that waits, an unmet precondition, "
        "politics at home, no channel."
    )
    return Section("ledger", "What stood in the way", intro, tuple(parts))


def _monthly(result: LedgerOverTime) -> pl.DataFrame:
    frame = result.to_frame()
    gates = [name for name in frame.columns if name not in ("week", "date")]
    shown = frame.filter((pl.col("week") % 13 == 0) | (pl.col("week") == pl.col("week").max()))
    return in_words(shown, dict.fromkeys(gates, PERCENT))


def differences_section(results: Results) -> Section:
    """Return paired differences on common random numbers."""
    make = cache(lambda: paired_differences(results))
    first = part(
        "differences",
        "Averaged over all other keys",
        make,
        lambda r: _differences_table(r, everywhere=True),
        lambda r: r.plot(),
    )
    parts = [first]
    if not first.missing and len(results.chosen_keys) > 1:
        parts.append(
            part(
                "differences_by_context",
                "Cell by cell",
                make,
                lambda r: _differences_table(r, everywhere=False),
                None,
                lambda r: r.to_frame().filter(pl.col("context") != EVERYWHERE),
                notes=False,
            )
        )
    intro = (
        "Every replicate meets the same shocks under both values, so the two are compared run by "
        "run. Positive: more is signed under the first value. The last column says how many more "
        "replicates (or points, if these are fewer) an interval of ±2 percentage points needs."
    )
    return Section("differences", "What difference it makes", intro, tuple(parts))


def _differences_table(result: Differences, everywhere: bool) -> pl.DataFrame:
    frame = result.to_frame()
    if everywhere:
        frame = frame.filter(pl.col("context") == EVERYWHERE).drop("context")
        frame = frame.sort(pl.col("difference").abs(), descending=True)
    else:
        frame = frame.filter(pl.col("context") != EVERYWHERE)
    told = interval(frame, "difference", "difference, points [95 %]", "low", "high")
    names = {
        "than": "instead of",
        "more": "runs with more",
        "less": "runs with less",
        "still_needed": "still needed",
    }
    return renamed(in_words(told, {"still_needed": ",", "pairs": ","}), names)
