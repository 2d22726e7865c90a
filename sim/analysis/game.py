"""The strategies of the two parties as a game, with the sampling error of its payoffs.

Payoffs are means over runs. Equilibria are not smooth in them, so they are solved again on
resamples: whole replicates are drawn with replacement, the same in all cells, because the runs of
one replicate share their shocks; points of a sampled design are drawn in the same way (Owen 2007).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Result
from sim.analysis.equilibria import (
    Dominance,
    Equilibrium,
    Solution,
    best_replies,
    best_reply_cycles,
    dominated,
    equilibria_on,
    nash_equilibria,
    pure_equilibria,
    replicator,
)
from sim.analysis.results import Floats, NotInResults, Results, word
from sim.sweeps.overrides import Value

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

RESAMPLES = 400
MOST_SOLVED, LEAST_SOLVED, ALL_SOLVED = 100, 20, 400
"""Resamples of one game on which best-reply cycles and dynamics are found again, and of all."""
TIMES = np.linspace(0.0, 60.0, 61)
"""Times of the replicator dynamics; a unit is what a payoff advantage of the whole range needs."""
PAYOFFS = ("utility_first", "utility_second")


@dataclass(frozen=True, eq=False, kw_only=True)
class Played:
    """One game: all cells that agree in the keys that are no party's strategy."""

    context: str  # values of the other keys; ``all cells`` if there are none
    # rows, columns: strategies of the first and of the second party
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    payoffs: Floats  # mean outcome of each party; shape (2, rows, columns)
    # low, high: ends of 95 % bootstrap intervals; shape (2, rows, columns)
    low: Floats
    high: Floats
    # share of resamples in which the pair is an equilibrium in pure strategies; shape (rows,
    # columns)
    pure: Floats
    solution: Solution  # equilibria of the mean payoffs
    # for each of them, the share of resamples that have an equilibrium with the same support
    found_again: tuple[float, ...]
    dominated: tuple[list[Dominance], list[Dominance]]  # of the first, and of the second party
    # for each of them, the share of resamples in which the same mixture dominates it
    dominated_again: tuple[list[float], list[float]]
    cycles: list[list[tuple[int, int]]]  # best-reply cycles, as pairs of places
    cycling: float  # share of resamples with a cycle
    # replicator dynamics from even mixtures; shapes (times, rows) and (times, columns)
    shares: tuple[Floats, Floats]
    # ends of their 95 % bootstrap bands; shapes (2, times, rows) and (2, times, columns)
    bands: tuple[Floats, Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class StrategyGame(Result):
    """The games of a sweep, one for each value of the keys that are no party's strategy."""

    parties: tuple[str, str]  # names of the two parties
    games: tuple[Played, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a game and pair of strategies: payoffs with intervals, equilibria."""
        first, second = self.parties
        rows = []
        for game in self.games:
            settled = pure_equilibria(*game.payoffs)
            for i, row in enumerate(game.rows):
                for j, column in enumerate(game.columns):
                    told: dict[str, object] = {"context": game.context, first: row, second: column}
                    for side, name in enumerate(("first", "second")):
                        told |= {
                            f"payoff_{name}": float(game.payoffs[side, i, j]),
                            f"payoff_{name}_low": float(game.low[side, i, j]),
                            f"payoff_{name}_high": float(game.high[side, i, j]),
                        }
                    told["equilibrium"] = bool(settled[i, j])
                    told["equilibrium_in_resamples"] = float(game.pure[i, j])
                    rows.append(told)
        return pl.DataFrame(rows)

    def equilibria_frame(self) -> pl.DataFrame:
        """Return one line a game and equilibrium: mixtures, payoffs, share of resamples."""
        first, second = self.parties
        rows = []
        for game in self.games:
            for found, again in zip(game.solution.equilibria, game.found_again, strict=True):
                x, y = found
                rows.append(
                    {
                        "context": game.context,
                        "kind": "pure" if found.pure else "mixed",
                        first: mixture(game.rows, x),
                        second: mixture(game.columns, y),
                        "payoff_first": float(x @ game.payoffs[0] @ y),
                        "payoff_second": float(x @ game.payoffs[1] @ y),
                        "in_resamples": again,
                    }
                )
        return pl.DataFrame(rows)

    def dominated_frame(self) -> pl.DataFrame:
        """Return one line a strictly dominated strategy: by what, share of resamples."""
        rows = []
        for game in self.games:
            sides = zip(
                self.parties,
                (game.rows, game.columns),
                game.dominated,
                game.dominated_again,
                strict=True,
            )
            for party, names, found, again in sides:
                rows += [
                    {
                        "context": game.context,
                        "party": party,
                        "strategy": names[entry.strategy],
                        "dominated_by": mixture(names, entry.by),
                        "in_resamples": share,
                    }
                    for entry, share in zip(found, again, strict=True)
                ]
        kinds = dict.fromkeys(("context", "party", "strategy", "dominated_by"), pl.String)
        return pl.DataFrame(rows, {**kinds, "in_resamples": pl.Float64})

    def cycles_frame(self) -> pl.DataFrame:
        """Return one line a game: best-reply cycles, share of resamples that have any."""
        return pl.DataFrame(
            [
                {
                    "context": game.context,
                    "cycles": "; ".join(
                        ", ".join(f"{game.rows[i]}/{game.columns[j]}" for i, j in cycle)
                        for cycle in game.cycles
                    )
                    or "none",
                    "in_resamples": game.cycling,
                }
                for game in self.games
            ]
        )

    def plot(self) -> "Chart":
        """Return how often each pair of strategies is an equilibrium, with the mean payoffs."""
        return payoff_map(self)

    def plot_replicator(self) -> "Chart":
        """Return the replicator dynamics of both parties' strategies."""
        return replicator_lines(self)


def mixture(names: Sequence[str], shares: Floats) -> str:
    """Return a mixture in words, e.g. ``linear 0.75, firm 0.25``."""
    played = [(n, float(s)) for n, s in zip(names, shares, strict=True) if s > 1e-6]
    if len(played) == 1:
        return played[0][0]
    return ", ".join(f"{name} {share:.2f}" for name, share in played)


def strategy_game(
    results: Results,
    payoffs: tuple[str, str] = PAYOFFS,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> StrategyGame:
    """Return the game between the parties' strategies.

    Parameters
    ----------
    results : Results
    payoffs : tuple of str
        Outcomes of the first and of the second party; by default what stood at the end is worth.
    resamples : int
        Bootstrap resamples of the payoffs.
    seed : int
        Seed of the resampling.

    Raises
    ------
    NotInResults
        If not both parties' strategies were swept, or some pairs of them are missing.
    """
    first, second = results.scenario.parties
    sides = [[k for k in results.chosen_keys if of_party(k, party)] for party in (first, second)]
    if not all(sides):
        lacking = first if not sides[0] else second
        raise NotInResults(
            f"a game needs strategies of both parties to be swept; sweep strategy@{lacking} as well"
        )
    names = tuple(results.scenario.actors[party].name for party in (first, second))
    tables = [results.batches(name) for name in payoffs]
    rng = np.random.default_rng(seed)
    games, incomplete = [], 0
    contexts = _contexts(results, sides)
    solved = min(MOST_SOLVED, max(LEAST_SOLVED, ALL_SOLVED // len(contexts)))
    for context, cells in contexts.items():
        rows = list(dict.fromkeys(row for row, _ in cells))
        columns = list(dict.fromkeys(column for _, column in cells))
        if len(cells) < len(rows) * len(columns) or len(rows) < 2 or len(columns) < 2:
            incomplete += 1
            continue
        grid = np.array([[cells[row, column] for column in columns] for row in rows])
        drawn = _payoff_blocks(results, tables, grid)
        if drawn is None:
            incomplete += 1
            continue
        labels = [tuple(" · ".join(word(v) for v in s) for s in side) for side in (rows, columns)]
        again = _resampled(drawn, resamples, rng)
        games.append(_solve(context, labels, drawn.mean(axis=(-2, -1)), again, solved))
    if not games:
        raise NotInResults(
            "the game is not complete: some pairs of strategies were not swept, or have no runs"
        )
    notes = [
        "Payoffs are what stood at the end of the run is worth to each side, by its own scale.",
        f"Equilibria and dominance were found again on {resamples} resamples of whole replicates; "
        "an equilibrium that few resamples share is a matter of luck.",
    ]
    if any(game.solution.degenerate for game in games):
        notes.append(
            "Some strategies do equally well, so there can be further equilibria that mix them; "
            "listed are those with as many strategies on either side."
        )
    partial = [game.solution.largest for game in games if not game.solution.complete]
    if partial:
        notes.append(
            f"In large games equilibria were looked for with up to {min(partial)} strategies on "
            "either side."
        )
    if incomplete:
        notes.append(f"{incomplete} games lack some pairs of strategies and are left out.")
    return StrategyGame(parties=(names[0], names[1]), games=tuple(games), notes=tuple(notes))


def of_party(key: str, party: str) -> bool:
    """Return whether a swept key is a party's own conduct."""
    return key.endswith(f"@{party}") or key.startswith(f"{party}.")


Cells = Mapping[tuple[tuple[Value, ...], tuple[Value, ...]], int]


def _contexts(results: Results, sides: Sequence[Sequence[str]]) -> dict[str, Cells]:
    found: dict[str, dict[tuple[tuple[Value, ...], tuple[Value, ...]], int]] = {}
    own = {key for side in sides for key in side}
    for number, entry in enumerate(results.plan.combinations):
        others = " · ".join(word(v) for k, v in entry.values.items() if k not in own)
        row, column = (tuple(entry.values[key] for key in side) for side in sides)
        found.setdefault(others or "all cells", {})[row, column] = number
    return dict(found)


def _payoff_blocks(
    results: Results, tables: Sequence[Floats], grid: NDArray[np.int64]
) -> Floats | None:
    """Return payoffs by party, pair of strategies, point and batch of replicates.

    Returns
    -------
    array, shape (2, rows, columns, points, batches), or None
        Batches in which a run is missing are left out; None if none is whole.
    """
    cells = grid[..., np.newaxis] * results.points + np.arange(results.points)
    blocks = np.stack([table[cells] for table in tables])
    clusters = results.clusters_of(np.arange(results.points))
    if clusters is not None:
        # Points that share coordinates are drawn together: their mean stands for them.
        parts = [blocks[:, :, :, clusters == c].mean(axis=3) for c in np.unique(clusters)]
        blocks = np.stack(parts, axis=3)
    whole = np.isfinite(blocks).all(axis=(0, 1, 2, 3))
    return blocks[..., whole] if whole.any() else None


def _resampled(blocks: Floats, resamples: int, rng: np.random.Generator) -> Floats:
    """Return mean payoffs of resamples: replicates, and points, drawn whole.

    Returns
    -------
    array, shape (resamples, 2, rows, columns)
    """
    points, batches = blocks.shape[-2:]
    even = np.full(batches, 1 / batches)
    of_batches = rng.multinomial(batches, even, resamples) / batches
    if points == 1:
        return np.moveaxis(blocks[..., 0, :] @ of_batches.T, -1, 0)
    of_points = rng.multinomial(points, np.full(points, 1 / points), resamples) / points
    found = [
        np.einsum("srcpb,p,b->src", blocks, p, b, optimize=True)
        for p, b in zip(of_points, of_batches, strict=True)
    ]
    return np.stack(found)


def _solve(
    context: str,
    labels: Sequence[tuple[str, ...]],
    payoffs: Floats,
    again: Floats,
    solved: int,
) -> Played:
    """Solve one game, and solve it again on resamples.

    Parameters
    ----------
    context : str
    labels : sequence of tuple of str
        Strategies of both sides.
    payoffs : array, shape (2, rows, columns)
    again : array, shape (resamples, 2, rows, columns)
    solved : int
        Resamples on which cycles and dynamics are found again.
    """
    low, high = np.quantile(again, (0.025, 0.975), axis=0)
    solution = nash_equilibria(payoffs[0], payoffs[1])
    few = [(one, other) for one, other in again[:solved]]
    lost = (dominated(payoffs[0]), dominated(payoffs[1].T))
    dynamics = [replicator(one, other, TIMES) for one, other in few]
    return Played(
        context=context,
        rows=labels[0],
        columns=labels[1],
        payoffs=payoffs,
        low=low,
        high=high,
        pure=pure_equilibria(again[:, 0], again[:, 1]).mean(axis=0),
        solution=solution,
        found_again=tuple(_found_again(entry, again) for entry in solution.equilibria),
        dominated=lost,
        dominated_again=(
            [_dominates(entry, again[:, 0]) for entry in lost[0]],
            [_dominates(entry, np.swapaxes(again[:, 1], 1, 2)) for entry in lost[1]],
        ),
        cycles=best_reply_cycles(payoffs[0], payoffs[1]),
        cycling=float(np.mean([bool(best_reply_cycles(*both)) for both in few])),
        shares=replicator(payoffs[0], payoffs[1], TIMES),
        bands=(
            np.quantile([x for x, _ in dynamics], (0.025, 0.975), axis=0),
            np.quantile([y for _, y in dynamics], (0.025, 0.975), axis=0),
        ),
    )


def _found_again(entry: Equilibrium, games: Floats) -> float:
    rows, columns = (np.tile(side, (len(games), 1)) for side in entry.support)
    _, _, holds = equilibria_on(games[:, 0], games[:, 1], rows, columns)
    return float(holds.mean())


def _dominates(entry: Dominance, games: Floats) -> float:
    better = np.einsum("k,gkc->gc", entry.by, games) > games[:, entry.strategy]
    return float(better.all(axis=1).mean())


# ---- Figures of the strategy game: which pairs are equilibria, and where replicators drift.

MOST_GAMES = 24


def payoff_map(game: "StrategyGame") -> "Chart":
    """Return a map of the pairs of strategies: payoffs, best replies, share of resamples.

    The number of the party whose best reply it is stands under a payoff; a pair with both is an
    equilibrium in pure strategies.
    """
    import altair as alt

    from sim.analysis.charts import chooser, data, finished

    first, second = game.parties
    games = game.games[:MOST_GAMES]
    rows = []
    for number, played in enumerate(games):
        by_row, by_column = best_replies(played.payoffs[0], played.payoffs[1])
        for i, row in enumerate(played.rows):
            for j, column in enumerate(played.columns):
                marks = ["1" if by_row[i, j] else "", "2" if by_column[i, j] else ""]
                payoffs = [f"{played.payoffs[side, i, j]:.3f}" for side in (0, 1)]
                rows.append(
                    {
                        "game": number,
                        "row": row,
                        "column": column,
                        "share": float(played.pure[i, j]),
                        "payoffs": " / ".join(payoffs),
                        "best": " and ".join(filter(None, marks)),
                        "told": "equilibrium" if all(marks) else "",
                    }
                )
    base = alt.Chart(data(rows)).encode(
        x=alt.X("column:N", sort=list(games[0].columns), title=second,
                axis=alt.Axis(labelAngle=-30)),
        y=alt.Y("row:N", sort=list(games[0].rows), title=first),
    )  # fmt: skip
    if len(games) > 1:
        shown = chooser("game_shown", [played.context for played in games], "other keys")
        base = base.add_params(shown).transform_filter("datum.game == game_shown")
    share = alt.Color(
        "share:Q",
        title="share of resamples in which the pair is an equilibrium",
        scale=alt.Scale(domain=[0, 1], interpolate="rgb"),
        legend=alt.Legend(format=".0%", gradientLength=200),
    )
    tips = [
        alt.Tooltip("row:N", title=first),
        alt.Tooltip("column:N", title=second),
        alt.Tooltip("payoffs:N", title=f"payoffs {first} / {second}"),
        alt.Tooltip("best:N", title="best reply of"),
        alt.Tooltip("share:Q", title="equilibrium in resamples", format=".0%"),
    ]
    ink = alt.condition(
        "dark ? datum.share < 0.55 : datum.share > 0.745",
        alt.value("#ffffff"),
        alt.value("#000000"),
    )
    boxes = base.mark_rect(stroke="#8b93a0", strokeWidth=0.5).encode(color=share, tooltip=tips)
    numbers = base.mark_text(fontSize=11, dy=-6).encode(text="payoffs:N", color=ink)
    labels = base.transform_calculate(
        line="datum.told ? '● ' + datum.told : (datum.best ? 'best reply of ' + datum.best : '')"
    )
    marks_below = labels.mark_text(fontSize=10, dy=8).encode(text="line:N", color=ink)
    title = f"Payoffs {first} / {second}; 1 is {first}, 2 {second}"
    return finished(alt.layer(boxes, numbers, marks_below), title, {"step": 42})


def replicator_lines(game: "StrategyGame") -> "Chart":
    """Return the shares of strategies under replicator dynamics, with bootstrap bands."""
    import altair as alt

    from sim.analysis.charts import chooser, data, finished, told_apart

    games = game.games[:MOST_GAMES]
    rows: list[dict[str, object]] = []
    choices: list[str] = []
    for played in games:
        for side, party in enumerate(game.parties):
            label = party if len(games) == 1 else f"{party}, {played.context}"
            names = (played.rows, played.columns)[side]
            for at, time in enumerate(TIMES):
                if at % 2:
                    continue
                for k, name in enumerate(names):
                    rows.append(
                        {
                            "side": len(choices),
                            "time": float(time),
                            "strategy": name,
                            "share": round(float(played.shares[side][at, k]), 4),
                            "low": round(float(played.bands[side][0, at, k]), 4),
                            "high": round(float(played.bands[side][1, at, k]), 4),
                        }
                    )
            choices.append(label)
    base = (
        alt.Chart(data(rows))
        .add_params(chooser("side_shown", choices, "strategies of"))
        .transform_filter("datum.side == side_shown")
        .encode(
            x=alt.X(
                "time:Q",
                title="time (1: a gain of the whole range of payoffs)",
            )
        )
    )
    axis = alt.Axis(format=".0%", title="share of the strategy")
    scale = alt.Scale(domain=[0, 1])
    bands = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", axis=axis, scale=scale),
        y2="high:Q",
        color=alt.Color("strategy:N", legend=None, scale=alt.Scale(domain=names_of(game))),
    )
    lines = base.mark_line(strokeWidth=2.2).encode(
        y=alt.Y("share:Q", axis=axis, scale=scale),
        **told_apart("strategy", "strategy", names_of(game)),
        tooltip=[
            "strategy:N",
            *(alt.Tooltip(f"{k}:Q", format=".1%") for k in ("share", "low", "high")),
        ],
    )
    both = alt.layer(bands, lines).resolve_legend(color="independent", strokeDash="independent")
    return finished(both, "Replicator dynamics from even mixtures", 260)


def names_of(game: "StrategyGame") -> list[str]:
    """Return the names of both sides' strategies, each once."""
    return list(dict.fromkeys(n for played in game.games for n in (*played.rows, *played.columns)))
