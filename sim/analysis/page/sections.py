"""The sections of a sweep's report, and in each its tables and figures.

A figure is added by one more `part` in a section; a section by one more `Chapter` in `CHAPTERS`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import polars as pl

from sim.analysis.assumptions import AssumptionLedger, assumption_ledger
from sim.analysis.boxes import prim_boxes
from sim.analysis.deals import SigningMap, Terms, signing_map, signing_rates, terms
from sim.analysis.game import StrategyGame, strategy_game
from sim.analysis.incidence import Incidence, incidence
from sim.analysis.ledger import Ledger, LedgerOverTime, ledger, ledger_over_time
from sim.analysis.nulls import constant_hazard, salience_compromise
from sim.analysis.page.content import (
    Column,
    Columns,
    Part,
    Say,
    Section,
    in_words,
    part,
    specification,
)
from sim.analysis.paired import EVERYWHERE, Differences, paired_differences
from sim.analysis.results import Results
from sim.analysis.sobol import sobol_indices
from sim.analysis.surrogate import boosted_importance
from sim.analysis.turning import TurningPoints, turning_points
from sim.errors import SimError
from sim.sweeps.overrides import Value

Start = Mapping[str, Value]
"""Where the inverse question starts, see `sim.analysis.turning_points`."""
PERCENT = ".1%"
RATES: Columns = {
    "runs": Column(format=","),
    "no_outcome": Column("failed or missing", ","),
    "signed": Column("signed, % [95 %]", PERCENT, "signed_"),
    "signed_full": Column("in full, % [95 %]", PERCENT, "signed_full_"),
    "signed_interim": Column("interim only, % [95 %]", PERCENT, "signed_interim_"),
}


def _wide(
    frame: pl.DataFrame, value: Mapping[str, Column], on: str, index: Sequence[str]
) -> pl.DataFrame:
    """Return one column for each value of `on`, filled with a number as it is shown."""
    (name,) = value
    return in_words(frame, value).pivot(on, index=index, values=name)


def _signing(results: Results, start: Start) -> Iterator[Part]:
    title = "By combination of chosen values" if results.sampled else "By cell"
    yield part("signing_rates", title, lambda: signing_rates(results), RATES)
    for key in results.chosen_keys if len(results.chosen_keys) > 1 else []:
        name = "signing_by_" + "".join(c if c.isalnum() else "_" for c in key)
        yield _signing_by(results, key, name)
    title = "One party's strategy by the other's"
    yield part("signing_map", title, lambda: signing_map(results), table=_map)


def _signing_by(results: Results, key: str, name: str) -> Part:
    title = f"By {key}, all else pooled"
    return part(name, title, lambda: signing_rates(results, [key]), RATES, draw=None, notes=False)


def _map(result: SigningMap) -> pl.DataFrame:
    frame = result.to_frame().filter(pl.col("choice") == "all")
    wide = _wide(frame, {"signed": Column(format=PERCENT, ends="")}, "column", ["row"])
    return wide.rename({"row": f"{result.rows} (signed, %)"})


def _time(results: Results, start: Start) -> Iterator[Part]:
    def table(result: Incidence) -> pl.DataFrame:
        share = {"incidence": Column(format=PERCENT, ends="")}
        wide = _wide(result.to_frame(yearly=True), share, "event", ["cells", "date"])
        return wide.rename({name: f"{name}, %" for name in wide.columns[2:]})

    title = "Cumulative incidence of the first event"
    yield part("incidence", title, lambda: incidence(results), table=table)


def _terms(results: Results, start: Start) -> Iterator[Part]:
    make = cache(lambda: terms(results))
    columns = {
        "mean": Column("mean [95 %]", ".3f", ""),
        "lower_quartile": Column("lower quartile", ".3f"),
        "median": Column(format=".3f"),
        "upper_quartile": Column("upper quartile", ".3f"),
        "runs": Column(format=","),
    }
    first = part(
        "terms",
        "Worth, dignity, durability, positions",
        make,
        columns,
        table=lambda r: r.to_frame().drop("measure"),
        draw=lambda r: r.plot_worth("dignity"),
    )
    yield first
    if not first.missing:
        yield part(
            "final_positions",
            "Final positions of the articles that were open",
            make,
            table=lambda r: _by_article(_positions(r)),
            frame=_positions,
            notes=False,
        )


def _positions(result: Terms) -> pl.DataFrame:
    return result.to_frame().filter(pl.col("measure").str.starts_with("position_"))


def _by_article(frame: pl.DataFrame) -> pl.DataFrame:
    keys = frame.columns[: frame.columns.index("measure")]
    mean = {"mean": Column(format=".2f", ends="")}
    if keys:
        return _wide(frame, mean, "meaning", keys)
    told = in_words(frame, mean)
    return told.select(pl.col("meaning").alias("article"), pl.col("mean").alias("mean [95 %]"))


def _ledger(results: Results, start: Start) -> Iterator[Part]:
    yield part("ledger", "By cell, all runs", lambda: ledger(results), table=_gates)
    pair = [f"strategy@{party}" for party in results.scenario.parties]
    if {*pair} < {*results.chosen_keys}:
        title = "By the pair of strategies, all else pooled"
        yield part("ledger_by_strategies", title, lambda: ledger(results, pair), table=_gates)
    yield part(
        "ledger_over_time", "Week by week", lambda: ledger_over_time(results), table=_quarterly
    )


def _gates(result: Ledger) -> pl.DataFrame:
    frame, share = result.to_frame().drop("low", "high", "runs"), {"share": Column(format=PERCENT)}
    keys = list(result.keys)
    return _wide(frame, share, "gate", keys) if keys else in_words(frame, share)


def _quarterly(result: LedgerOverTime) -> pl.DataFrame:
    return quarterly(result.to_frame(), PERCENT)


def quarterly(frame: pl.DataFrame, format: str) -> pl.DataFrame:
    """Return each thirteenth week of a table and the last one, its numbers in a format."""
    kept = frame.filter((pl.col("week") % 13 == 0) | (pl.col("week") == pl.col("week").max()))
    numbers = [n for n, kind in frame.schema.items() if kind == pl.Float64 and n != "week"]
    return in_words(kept, dict.fromkeys(numbers, Column(format=format)))


def _differences(results: Results, start: Start) -> Iterator[Part]:
    make = cache(lambda: paired_differences(results))
    columns = {
        "than": Column("instead of"),
        "difference": Column("difference, points [95 %]", PERCENT, ""),
        "more": Column("runs with more"),
        "less": Column("runs with less"),
        "pairs": Column(format=","),
        "still_needed": Column("still needed", ","),
    }
    title = "Averaged over all other keys"
    first = part("differences", title, make, columns, table=_everywhere)
    yield first
    if not first.missing and len(results.chosen_keys) > 1:
        yield part(
            "differences_by_context",
            "Cell by cell",
            make,
            columns,
            frame=lambda r: r.to_frame().filter(pl.col("context") != EVERYWHERE),
            draw=None,
            notes=False,
        )


def _everywhere(result: Differences) -> pl.DataFrame:
    frame = result.to_frame().filter(pl.col("context") == EVERYWHERE).drop("context")
    return frame.sort(pl.col("difference").abs(), descending=True)


def _game(results: Results, start: Start) -> Iterator[Part]:
    make = cache(lambda: strategy_game(results))
    first = part("game_payoffs", "Payoffs", make, _payoff_columns, table=_payoffs)
    yield first
    if first.missing:
        return
    for key, title, frame in (
        ("game_equilibria", "Nash equilibria, pure and mixed", StrategyGame.equilibria_frame),
        ("game_dominated", "Strictly dominated strategies", StrategyGame.dominated_frame),
        ("game_cycles", "Best-reply cycles", StrategyGame.cycles_frame),
    ):
        yield part(key, title, make, _verdict_columns, frame=frame, draw=None, notes=False)
    yield part(
        "game_replicator",
        "Replicator dynamics",
        make,
        {"share at the end": Column("share at the end [95 %]", ".2f", "")},
        frame=_final_shares,
        draw=StrategyGame.plot_replicator,
        notes=False,
    )


def _payoff_columns(result: StrategyGame) -> Columns:
    first, second = result.parties
    return {
        "context": Column("other keys"),
        "payoff_first": Column(f"payoff of {first} [95 %]", ".3f", "payoff_first_"),
        "payoff_second": Column(f"payoff of {second} [95 %]", ".3f", "payoff_second_"),
        "equilibrium_in_resamples": Column("in resamples", ".0%"),
    }


def _payoffs(result: StrategyGame) -> pl.DataFrame:
    told = pl.when("equilibrium").then(pl.lit("yes")).otherwise(pl.lit(""))
    return result.to_frame().with_columns(told.alias("equilibrium"))


def _verdict_columns(result: StrategyGame) -> Columns:
    first, second = result.parties
    return {
        "context": Column("other keys"),
        "dominated_by": Column("dominated by"),
        "payoff_first": Column(f"payoff of {first}", ".3f"),
        "payoff_second": Column(f"payoff of {second}", ".3f"),
        "in_resamples": Column("in resamples", ".0%"),
    }


def _final_shares(result: StrategyGame) -> pl.DataFrame:
    rows = []
    for game in result.games:
        for side, names in enumerate((game.rows, game.columns)):
            for k, name in enumerate(names):
                low, high = game.bands[side][:, -1, k]
                rows.append(
                    {
                        "other keys": game.context,
                        "party": result.parties[side],
                        "strategy": name,
                        "share at the end": float(game.shares[side][-1, k]),
                        "low": float(low),
                        "high": float(high),
                    }
                )
    return pl.DataFrame(rows)


def _drivers(results: Results, start: Start) -> Iterator[Part]:
    indices = {
        "first": Column("by itself [95 %]", ".2f", "first_"),
        "total": Column("with interactions [95 %]", ".2f", "total_"),
    }
    yield part("sobol_indices", "Sobol indices", lambda: sobol_indices(results), indices)
    drop = {"importance": Column("drop of R² when shuffled [folds]", ".3f", "")}
    title = "Importance in a boosted model"
    yield part("importance", title, lambda: boosted_importance(results), drop)
    boxes = {name: Column(format=".0%") for name in ("density", "coverage", "mass")}
    boxes["quasi_p"] = Column("quasi-p", ".2g")
    yield part("boxes_signed", "Signed when ...", lambda: prim_boxes(results), boxes)
    title = "Not signed when ..."
    yield part("boxes_not_signed", title, lambda: prim_boxes(results, absent=True), boxes)
    yield _turning(cache(lambda: turning_points(results, start)))


def _turning(make: Callable[[], TurningPoints]) -> Part:
    columns = {
        "after": Column("signed after, % [95 %]", PERCENT, "after_"),
        "before": Column("signed before", PERCENT),
        "size": Column(format=".2f"),
        "sure": Column("clear of error"),
    }

    def table(result: TurningPoints) -> pl.DataFrame:
        sure = pl.when("sure").then(pl.lit("yes")).otherwise(pl.lit("no"))
        return result.to_frame().with_columns(sure.alias("sure"))

    title = "The smallest change across one half"
    found = part("turning_points", title, make, columns, table=table, draw=None)
    if found.missing:
        return found
    result = make()
    try:
        chart = specification(result.plot())
    except SimError:
        chart = None
    return replace(found, chart=chart, notes=(f"Starting from {result.start}.", *result.notes))


def _assumptions(results: Results, start: Start) -> Iterator[Part]:
    make = cache(lambda: assumption_ledger(results))
    columns = {
        "resting_on_it": Column("variance resting on it, % [95 %]", PERCENT, ""),
        "explained_alone": Column("explained by it alone", PERCENT),
        "stated": Column(format=".4g"),
        "sobol_total": Column("total Sobol index", ".2f"),
    }
    title = "What moved, and on what ground"
    yield part("assumptions", title, make, columns, table=_known_columns, draw=None)
    if make().shares:
        yield part(
            "variance_shares",
            "What the outcome rests on",
            make,
            {"share": Column("share of variance, % [95 %]", PERCENT, "")},
            frame=lambda r: r.shares_frame(),
            notes=False,
        )


def _known_columns(result: AssumptionLedger) -> pl.DataFrame:
    """Return the table without those columns that hold nothing in any line."""
    frame = result.to_frame()
    optional = ("basis", "stated", "sobol_total")
    return frame.drop(c for c in optional if all(value in (None, "") for value in frame[c]))


def _null(results: Results, start: Start) -> Iterator[Part]:
    first, second = (results.scenario.actors[p].name for p in results.scenario.parties)
    hazard = {
        "yearly": Column("hazard a year, % [95 %]", PERCENT, "yearly_"),
        "in_runs": Column("in the runs", PERCENT),
        "by_hazard": Column("by constant hazard", PERCENT),
        "by_first_half": Column("foretold from the first half", PERCENT),
        "largest_gap": Column("largest gap", PERCENT),
    }
    yield part("constant_hazard", "A constant hazard", lambda: constant_hazard(results), hazard)
    positions = {
        "in_runs": Column("in the runs [95 %]", ".2f", ""),
        "ideal_first": Column(f"{first}'s ideal", ".2f"),
        "ideal_second": Column(f"{second}'s ideal", ".2f"),
        "compromise": Column(format=".2f"),
        "with_mediator": Column("with the mediator", ".2f"),
        "lowest": Column("lowest cell", ".2f"),
        "highest": Column("highest cell", ".2f"),
    }
    title = "The salience-weighted compromise"
    yield part("compromise", title, lambda: salience_compromise(results), positions)


class Chapter(NamedTuple):
    """A section of every sweep's report."""

    key: str
    title: str
    step: str  # what the progress line says while it is made
    parts: Callable[[Results, Start], Iterator[Part]]
    intro: str


CHAPTERS = (
    Chapter(
        "signing", "How often something is signed", "signing rates", _signing,
        "Shares of runs with 95 % Wilson intervals. A signature counts even if it did not last.",
    ),
    Chapter(
        "time", "When", "incidence over time", _time,
        "The first of: interim deal, full deal, collapse, fall of the government. They compete, so "
        "each curve is the share of runs in which that event came first by that date "
        "(Aalen-Johansen). The table gives the last week of each year of the talks.",
    ),
    Chapter(
        "terms", "On what terms", "terms", _terms,
        "What the deals that stood at the end are worth, how long they last, and where the open "
        "articles ended. Dignity is the smaller of the parties' shares of their greatest possible "
        "gain over the status quo.",
    ),
    Chapter(
        "ledger", "What stood in the way", "ledger", _ledger,
        "Each week is charged to the gates that kept it from being the week of the full signature: "
        "no zone of agreement, terms still open, a side that waits, an unmet precondition, "
        "politics at home, no channel.",
    ),
    Chapter(
        "differences", "What difference it makes", "paired differences", _differences,
        "Every replicate meets the same shocks under both values, so the two are compared run by "
        "run. Positive: more is signed under the first value. The last column says how many more "
        "replicates (or points, if these are fewer) an interval of ±2 percentage points needs.",
    ),
    Chapter(
        "game", "The strategies as a game", "strategy game", _game,
        "If each side could choose its strategy and cared for what stands at the end: what would "
        "neither regret? Payoffs are means over runs, so each verdict was found again on resamples "
        "of whole replicates; the share that agrees stands beside it.",
    ),
    Chapter(
        "drivers", "What drives it", "drivers", _drivers,
        "Three views of which inputs matter, a description of where a deal is common and where it "
        "is rare (PRIM), and the inverse question: the smallest change of levers that takes the "
        "share of runs with a signature across one half.",
    ),
    Chapter(
        "assumptions", "How much rests on assumptions", "assumptions", _assumptions,
        "Every number of a scenario is sourced, derived from sources, or assumed with a range; "
        "strategies and rules are choices. "
        "Variance is that of the outcome (signed or not) from run to run; chance is what differs "
        "between replicates of one cell.",
    ),
    Chapter(
        "null", "Null models", "null models", _null,
        "Two models that know nothing of strategies, to judge the answer by: if they do as well, "
        "the simulation adds nothing.",
    ),
)  # fmt: skip


def sections(results: Results, say: Say, start: Start) -> Iterator[Section]:
    """Make the sections of a sweep's report, one after the other; each step is told to `say`."""
    for chapter in CHAPTERS:
        say(chapter.step)
        parts = tuple(chapter.parts(results, start))
        yield Section(chapter.key, chapter.title, chapter.intro, parts)
