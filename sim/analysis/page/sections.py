"""The sections of a sweep's report, and in each its tables and figures.

A figure is added by one more `part` in a section; a section by one more entry of `CHAPTERS` and its
words in `files/report.yaml`, which also says how columns are shown.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import polars as pl

from sim.analysis.assumptions import AssumptionLedger
from sim.analysis.charts import Result, TableResult
from sim.analysis.drivers import boosted_importance, sobol_indices
from sim.analysis.game import StrategyGame, strategy_game
from sim.analysis.incidence import Incidence, incidence
from sim.analysis.inputs import boxes
from sim.analysis.nulls import constant_hazard, salience_compromise
from sim.analysis.outcomes import figure_of_dignity, ledger, ledger_over_time, signing_rates, terms
from sim.analysis.page.content import (
    Column,
    Part,
    Say,
    Section,
    Statement,
    in_words,
    part,
    texts,
)
from sim.analysis.paired import EVERYWHERE, Differences
from sim.analysis.results import Results
from sim.analysis.robustness import information, robustness
from sim.analysis.turning import turning_points
from sim.sweeps.overrides import Value


class Asked(NamedTuple):
    """What a sweep is asked, and what its outcome rests on."""

    start: Mapping[str, Value]  # where the inverse question starts, see `turning_points`
    outcome: str  # of `sim.sweeps.columns.DERIVED`
    assumptions: AssumptionLedger
    differences: Callable[[], Differences]  # what each choice changes, over all and by context


PERCENT = ".1%"


def _wide(
    frame: pl.DataFrame, value: Mapping[str, Column], on: str, index: Sequence[str]
) -> pl.DataFrame:
    """Return one column for each value of `on`, filled with a number as it is shown."""
    (name,) = value
    return in_words(frame, value).pivot(on, index=index, values=name)


def _often(results: Results, asked: Asked) -> Iterator[Part]:
    title = "What difference each choice makes"
    yield part("differences", title, asked.differences, table=_everywhere)
    for key in results.chosen_keys if len(results.chosen_keys) > 1 else []:
        name = "signing_by_" + "".join(c if c.isalnum() else "_" for c in key)
        title = f"By {key}, all else pooled"
        own = partial(signing_rates, results, [key], asked.outcome)
        yield part(name, title, own, columns="signing_rates", draw=None, notes=False)


def _time(results: Results, asked: Asked) -> Iterator[Part]:
    def table(result: Incidence) -> pl.DataFrame:
        share = {"incidence": Column(format=PERCENT, ends="")}
        week = pl.col("week")
        last = (week % 52 == 51) | (week == week.max().over("cells"))
        wide = _wide(result.to_frame().filter(last), share, "event", ["cells", "date"])
        return wide.rename({name: f"{name}, %" for name in wide.columns[2:]})

    title = "Cumulative incidence of the first event"
    yield part("incidence", title, lambda: incidence(results), table=table)


def _terms(results: Results, asked: Asked) -> Iterator[Part]:
    title = "What deals are worth, how long they last, and where the open articles ended"
    yield part("terms", title, lambda: terms(results, []), table=_measures)


def _measures(result: TableResult) -> pl.DataFrame:
    return result.frame.drop("measure")


def _terms_by_cell(results: Results) -> Iterator[Part]:
    make = cache(lambda: terms(results))
    yield part(
        "terms_by_cell",
        "Worth, dignity, durability, positions by cell",
        make,
        columns="terms",
        table=_measures,
        draw=lambda r: figure_of_dignity(r.frame),
    )
    yield part(
        "final_positions",
        "Final positions of the articles that were open",
        make,
        table=lambda r: _by_article(_positions(r)),
        frame=_positions,
        draw=None,
        notes=False,
    )


def _positions(result: TableResult) -> pl.DataFrame:
    return result.to_frame().filter(pl.col("measure").str.starts_with("position_"))


def _by_article(frame: pl.DataFrame) -> pl.DataFrame:
    keys = frame.columns[: frame.columns.index("measure")]
    mean = {"mean": Column(format=".2f", ends="")}
    if keys:
        return _wide(frame, mean, "meaning", keys)
    told = in_words(frame, mean)
    return told.select(pl.col("meaning").alias("article"), pl.col("mean").alias("mean [95 %]"))


def _way(results: Results, asked: Asked) -> Iterator[Part]:
    title = "Week by week"
    over_time = part(
        "ledger_over_time",
        title,
        lambda: ledger_over_time(results),
        table=lambda r: quarterly(r.frame, PERCENT),
    )
    if not over_time.missing:
        yield over_time
    yield part("ledger_pooled", "What each week is charged to", lambda: ledger(results, []))
    title = "What moved, and on what ground"
    yield part("assumptions", title, lambda: asked.assumptions, table=_known_columns, draw=None)
    yield part("robustness", "Which choice holds up", lambda: robustness(results))
    if results.sampled:
        title = "Which number to find out next"
        yield part("information", title, lambda: information(results))


def _referees(results: Results, asked: Asked) -> Iterator[Part]:
    if len(results.plan.combinations) > 1:
        title = "By combination of chosen values" if results.sampled else "By cell"
        make = partial(signing_rates, results, outcome=asked.outcome)
        yield part("signing_rates", title, make)
        yield from _terms_by_cell(results)
    yield part("ledger", "The ledger by cell", lambda: ledger(results), table=_gates, draw=None)
    if len(results.chosen_keys) > 1:
        yield part(
            "differences_by_context",
            "Differences cell by cell",
            asked.differences,
            frame=lambda r: r.to_frame().filter(pl.col("context") != EVERYWHERE),
            draw=None,
        )
    yield part(
        "variance_shares",
        "What the variance from run to run rests on",
        lambda: asked.assumptions,
        frame=lambda r: r.shares_frame(),
        notes=False,
    )
    for parts in (_drivers, _game, _null):
        yield from parts(results, asked)


def _gates(result: TableResult) -> pl.DataFrame:
    frame, share = result.to_frame().drop("low", "high", "runs"), {"share": Column(format=PERCENT)}
    keys = frame.columns[: frame.columns.index("gate")]
    return _wide(frame, share, "gate", keys) if keys else in_words(frame, share)


def quarterly(frame: pl.DataFrame, format: str) -> pl.DataFrame:
    """Return each thirteenth week of a table and the last one, its numbers in a format."""
    kept = frame.filter((pl.col("week") % 13 == 0) | (pl.col("week") == pl.col("week").max()))
    numbers = [n for n, kind in frame.schema.items() if kind == pl.Float64 and n != "week"]
    return in_words(kept, dict.fromkeys(numbers, Column(format=format)))


def _everywhere(result: Differences) -> pl.DataFrame:
    frame = result.to_frame().filter(pl.col("context") == EVERYWHERE).drop("context")
    return frame.sort(pl.col("difference").abs(), descending=True)


def _game(results: Results, asked: Asked) -> Iterator[Part]:
    make = cache(lambda: strategy_game(results, outcome=asked.outcome))
    first = part("game_payoffs", "Payoffs", make, table=lambda r: _flagged(r, "equilibrium", ""))
    yield first
    if first.missing:
        return
    for key, title, frame in (
        ("game_equilibria", "Nash equilibria, pure and mixed", StrategyGame.equilibria_frame),
        ("game_dominated", "Strictly dominated strategies", StrategyGame.dominated_frame),
    ):
        yield part(key, title, make, frame=frame, draw=None, notes=False)


def _flagged(result: Result, flag: str, no: str) -> pl.DataFrame:
    """Return a table with words in the place of a flag."""
    words = pl.when(flag).then(pl.lit("yes")).otherwise(pl.lit(no))
    return result.to_frame().with_columns(words.alias(flag))


def _drivers(results: Results, asked: Asked) -> Iterator[Part]:
    yield part("sobol_indices", "Sobol indices", lambda: sobol_indices(results, asked.outcome))
    title = "Importance in a boosted model"
    yield part("importance", title, lambda: boosted_importance(results, asked.outcome))
    yield part(
        "boxes", "Where it is common, and where it is rare", lambda: boxes(results, asked.outcome)
    )
    yield part(
        "turning_points",
        "The smallest change across one half",
        lambda: turning_points(results, asked.start, asked.outcome),
        table=lambda r: _flagged(r, "sure", "no"),
        draw=lambda r: r.figure() if r.changes else None,
    )


def _known_columns(result: AssumptionLedger) -> pl.DataFrame:
    """Return the table without those columns that hold nothing in any line."""
    frame = result.to_frame()
    optional = ("basis", "stated", "sobol_total")
    return frame.drop(c for c in optional if all(value in (None, "") for value in frame[c]))


def _null(results: Results, asked: Asked) -> Iterator[Part]:
    yield part("constant_hazard", "A constant hazard", lambda: constant_hazard(results))
    title = "The salience-weighted compromise"
    yield part("compromise", title, lambda: salience_compromise(results))


CHAPTERS: Mapping[str, Callable[[Results, Asked], Iterator[Part]]] = {
    "often": _often,
    "when": _time,
    "terms": _terms,
    "way": _way,
    "referees": _referees,
}


def sections(
    results: Results, say: Say, asked: Asked, said: Mapping[str, tuple[Statement, ...]]
) -> Iterator[Section]:
    """Make the sections of a sweep's report, one after the other.

    say: is told each step.
    said: sentences of each chapter.
    """
    for key, parts in CHAPTERS.items():
        words = texts()["chapters"][key]
        say(words["step"])
        made, closed = tuple(parts(results, asked)), key == "referees"
        yield Section(key, words["title"], words["intro"], made, said.get(key, ()), closed)
