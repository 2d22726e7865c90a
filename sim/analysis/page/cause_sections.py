"""Sections on why: the strategies as a game, what drives the outcome, assumptions, null models."""

from collections.abc import Callable, Mapping
from functools import cache

import polars as pl

from sim.analysis.assumptions import AssumptionLedger, assumption_ledger
from sim.analysis.boxes import Boxes, prim_boxes
from sim.analysis.game import StrategyGame, strategy_game
from sim.analysis.nulls import Compromise, ConstantHazard, constant_hazard, salience_compromise
from sim.analysis.page.content import Part, Section, in_words, interval, part, renamed
from sim.analysis.results import Results
from sim.analysis.sobol import SobolIndices, sobol_indices
from sim.analysis.surrogate import boosted_importance
from sim.analysis.turning import TurningPoints, turning_points
from sim.sweeps.overrides import Value

PERCENT = ".1%"


def game_section(results: Results) -> Section:
    """Return the strategies of the parties as a game."""
    make = cache(lambda: strategy_game(results))

    def payoffs(result: StrategyGame) -> pl.DataFrame:
        frame = result.to_frame()
        for name, party in zip(("first", "second"), result.parties, strict=True):
            frame = interval(frame, f"payoff_{name}", f"payoff of {party} [95 %]", format=".3f")
        frame = in_words(frame, {"equilibrium_in_resamples": ".0%"})
        names = {"equilibrium_in_resamples": "in resamples", "context": "other keys"}
        return renamed(
            frame.with_columns(pl.when("equilibrium").then(pl.lit("yes")).otherwise(pl.lit(""))
                               .alias("equilibrium")),
            names,
        )  # fmt: skip

    first = part("game_payoffs", "Payoffs", make, payoffs, lambda r: r.plot())
    parts = [first]
    if not first.missing:
        parts += [
            _verdict(
                make,
                "game_equilibria",
                "Nash equilibria, pure and mixed",
                StrategyGame.equilibria_frame,
            ),
            _verdict(
                make,
                "game_dominated",
                "Strictly dominated strategies",
                StrategyGame.dominated_frame,
            ),
            _verdict(make, "game_cycles", "Best-reply cycles", StrategyGame.cycles_frame),
            part(
                "game_replicator",
                "Replicator dynamics",
                make,
                lambda r: interval(
                    _final_shares(r),
                    "share at the end",
                    "share at the end [95 %]",
                    "low",
                    "high",
                    ".2f",
                ),
                StrategyGame.plot_replicator,
                _final_shares,
                notes=False,
            ),
        ]
    intro = (
        "If each side could choose its strategy and cared for what stands at the end: what would "
        "neither regret? Payoffs are means over runs, so each verdict was found again on resamples "
        "of whole replicates; the share that agrees stands beside it."
    )
    return Section("game", "The strategies as a game", intro, tuple(parts))


def _verdict(
    make: Callable[[], StrategyGame],
    key: str,
    title: str,
    frame: Callable[[StrategyGame], pl.DataFrame],
) -> Part:
    figures = {"payoff_first": ".3f", "payoff_second": ".3f", "in_resamples": ".0%"}

    def table(result: StrategyGame) -> pl.DataFrame:
        told = {
            "in_resamples": "in resamples",
            "context": "other keys",
            "dominated_by": "dominated by",
            "payoff_first": f"payoff of {result.parties[0]}",
            "payoff_second": f"payoff of {result.parties[1]}",
        }
        return renamed(in_words(frame(result), figures), told)

    return part(key, title, make, table, None, frame, notes=False)


def _final_shares(result: StrategyGame) -> pl.DataFrame:
    rows = []
    for game in result.games:
        for side, party in enumerate(result.parties):
            for k, name in enumerate((game.rows, game.columns)[side]):
                ends = game.bands[side][:, -1, k]
                rows.append(
                    {
                        "other keys": game.context,
                        "party": party,
                        "strategy": name,
                        "share at the end": float(game.shares[side][-1, k]),
                        "low": float(ends[0]),
                        "high": float(ends[1]),
                    }
                )
    return pl.DataFrame(rows)


def drivers_section(results: Results, start: Mapping[str, Value]) -> Section:
    """Return what drives the outcome."""
    parts = [
        part(
            "sobol_indices",
            "Sobol indices",
            lambda: sobol_indices(results),
            _sobol_table,
            lambda r: r.plot(),
        ),
        part(
            "importance",
            "Importance in a boosted model",
            lambda: boosted_importance(results),
            lambda r: interval(
                r.to_frame(), "importance", "drop of R² when shuffled [folds]", "low", "high", ".3f"
            ),
            lambda r: r.plot(),
        ),
        part(
            "boxes_signed",
            "Signed when ...",
            lambda: prim_boxes(results),
            _boxes_table,
            lambda r: r.plot(),
        ),
        part(
            "boxes_not_signed",
            "Not signed when ...",
            lambda: prim_boxes(results, absent=True),
            _boxes_table,
            lambda r: r.plot(),
        ),
        _turning(results, start),
    ]
    intro = (
        "Three views of which inputs matter, a description of where a deal is common and where it "
        "is rare (PRIM), and the inverse question: the smallest change of levers that takes the "
        "share of runs with a signature across one half."
    )
    return Section("drivers", "What drives it", intro, tuple(parts))


def _turning(results: Results, start: Mapping[str, Value]) -> Part:
    made = cache(lambda: turning_points(results, start))

    def table(result: TurningPoints) -> pl.DataFrame:
        frame = interval(
            result.to_frame(), "after", "signed after, % [95 %]", "after_low", "after_high"
        )
        told = in_words(frame, {"before": PERCENT, "size": ".2f"})
        sure = pl.when("sure").then(pl.lit("yes")).otherwise(pl.lit("no"))
        return renamed(
            told.with_columns(sure.alias("sure")),
            {"before": "signed before", "sure": "clear of error"},
        )

    first = part("turning_points", "The smallest change across one half", made, table)
    if first.missing:
        return first
    result = made()
    drawn = part("turning_points", first.title, made, table, lambda r: r.plot())
    notes = (f"Starting from {result.start}.", *result.notes)
    chart = None if drawn.missing else drawn.chart
    return Part(first.key, first.title, first.frame, first.table, chart, notes)


def _sobol_table(result: SobolIndices) -> pl.DataFrame:
    frame = interval(result.to_frame(), "first", "by itself [95 %]", format=".2f")
    frame = interval(frame, "total", "with interactions [95 %]", format=".2f")
    return frame


def _boxes_table(result: Boxes) -> pl.DataFrame:
    figures = {"density": ".0%", "coverage": ".0%", "mass": ".0%", "quasi_p": ".2g"}
    return renamed(in_words(result.to_frame(), figures), {"quasi_p": "quasi-p"})


def assumptions_section(results: Results) -> Section:
    """Return how much rests on assumptions."""
    make = cache(lambda: assumption_ledger(results))

    def inputs_table(result: AssumptionLedger) -> pl.DataFrame:
        frame = interval(
            result.to_frame(), "resting_on_it", "variance resting on it, % [95 %]", "low", "high"
        )
        figures = {"explained_alone": PERCENT, "stated": ".4g", "sobol_total": ".2f"}
        empty = [c for c in ("basis", "stated", "sobol_total") if not _told(frame[c])]
        names = {"explained_alone": "explained by it alone", "sobol_total": "total Sobol index"}
        return renamed(in_words(frame.drop(empty), figures), names)

    parts = [part("assumptions", "What moved, and on what ground", make, inputs_table)]
    if make().shares:
        parts.append(
            part(
                "variance_shares",
                "What the outcome rests on",
                make,
                lambda r: interval(
                    r.shares_frame(), "share", "share of variance, % [95 %]", "low", "high"
                ),
                lambda r: r.plot(),
                lambda r: r.shares_frame(),
                notes=False,
            )
        )
    intro = (
        "Every number of a scenario is sourced, derived from sources, or assumed with a range; "
        "strategies and rules are choices. "
        "Variance is that of the outcome (signed or not) from run to run; chance is what differs "
        "between replicates of one cell."
    )
    return Section("assumptions", "How much rests on assumptions", intro, tuple(parts))


def _told(column: pl.Series) -> bool:
    return any(value not in (None, "") for value in column)


def null_section(results: Results) -> Section:
    """Return the null models."""

    def hazard_table(result: ConstantHazard) -> pl.DataFrame:
        frame = interval(result.to_frame(), "yearly", "hazard a year, % [95 %]")
        figures = dict.fromkeys(("in_runs", "by_hazard", "by_first_half", "largest_gap"), PERCENT)
        names = {
            "in_runs": "in the runs",
            "by_hazard": "by constant hazard",
            "by_first_half": "foretold from the first half",
            "largest_gap": "largest gap",
        }
        return renamed(in_words(frame, figures), names)

    def compromise_table(result: Compromise) -> pl.DataFrame:
        frame = interval(result.to_frame(), "in_runs", "in the runs [95 %]", "low", "high", ".2f")
        figures = (
            "ideal_first",
            "ideal_second",
            "compromise",
            "with_mediator",
            "lowest",
            "highest",
        )
        first, second = (results.scenario.actors[p].name for p in results.scenario.parties)
        names = {
            "ideal_first": f"{first}'s ideal",
            "ideal_second": f"{second}'s ideal",
            "with_mediator": "with the mediator",
            "lowest": "lowest cell",
            "highest": "highest cell",
        }
        return renamed(in_words(frame, dict.fromkeys(figures, ".2f")), names)

    parts = (
        part(
            "constant_hazard",
            "A constant hazard",
            lambda: constant_hazard(results),
            hazard_table,
            lambda r: r.plot(),
        ),
        part(
            "compromise",
            "The salience-weighted compromise",
            lambda: salience_compromise(results),
            compromise_table,
            lambda r: r.plot(),
        ),
    )
    intro = (
        "Two models that know nothing of strategies, to judge the answer by: if they do as well, "
        "the simulation adds nothing."
    )
    return Section("null", "Null models", intro, parts)
