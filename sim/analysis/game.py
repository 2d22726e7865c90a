"""The strategies of the two parties as a game, with the sampling error of its payoffs.

Payoffs are means over runs. Equilibria are not smooth in them, so they are solved again on
resamples: whole replicates are drawn with replacement, the same in all cells, because the runs of
one replicate share their shocks; points of a sampled design are drawn in the same way (Owen 2007).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis import equilibria
from sim.analysis.charts import Choices, Figure, Result, drawn, readable_ink, table
from sim.analysis.equilibria import Dominance, Equilibrium, Solution
from sim.analysis.inputs import cell_means
from sim.analysis.results import Floats, NotInResults, Results, Values, word

RESAMPLES = 400
MOST_BATCHES = 200
"""Batches of replicates that are resampled where there are more replicates than this."""
PAYOFFS = ("utility_first", "utility_second")
MOST_GAMES = 24
"""Most games that a figure lets choose among."""
ENDS = (0.025, 0.975)
"""Quantiles of the bootstrap intervals."""

Pair = tuple[Values, Values]


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
    # share of resamples in which the pair is a pure equilibrium; shape (rows, columns)
    pure: Floats
    told: Floats  # share or mean of the outcome asked for; shape (rows, columns)
    solution: Solution  # equilibria of the mean payoffs
    # for each of them, the share of resamples that have an equilibrium with the same support
    found_again: tuple[float, ...]
    # dominated strategies of the first and of the second party, each with the share of resamples in
    # which the same mixture dominates it
    dominated: tuple[Sequence[tuple[Dominance, float]], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class StrategyGame(Result):
    """The games of a sweep, one for each value of the keys that are no party's strategy."""

    parties: tuple[str, str]  # names of the two parties
    outcome: str  # what stands beside the payoffs
    games: tuple[Played, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a game and pair of strategies: payoffs with intervals, equilibria."""
        first, second = self.parties
        for game in self.games:
            settled = equilibria.pure_equilibria(*game.payoffs)
            for (i, row), (j, column) in product(enumerate(game.rows), enumerate(game.columns)):
                line: dict[str, object] = {"context": game.context, first: row, second: column}
                for side, name in enumerate(("payoff_first", "payoff_second")):
                    line[name] = float(game.payoffs[side, i, j])
                    line[f"{name}_low"] = float(game.low[side, i, j])
                    line[f"{name}_high"] = float(game.high[side, i, j])
                line["equilibrium"] = bool(settled[i, j])
                line[self.outcome] = float(game.told[i, j])
                line["equilibrium_in_resamples"] = float(game.pure[i, j])
                yield line

    def equilibria_frame(self) -> pl.DataFrame:
        """Return one line a game and equilibrium: mixtures, payoffs, share of resamples."""
        first, second = self.parties
        return table(
            {
                "context": game.context,
                "kind": "pure" if found.pure else "mixed",
                first: mixture(game.rows, found.rows),
                second: mixture(game.columns, found.columns),
                "payoff_first": float(found.rows @ game.payoffs[0] @ found.columns),
                "payoff_second": float(found.rows @ game.payoffs[1] @ found.columns),
                self.outcome: float(found.rows @ game.told @ found.columns),
                "in_resamples": again,
            }
            for game in self.games
            for found, again in zip(game.solution.equilibria, game.found_again, strict=True)
        )

    def dominated_frame(self) -> pl.DataFrame:
        """Return one line a strictly dominated strategy: by what, share of resamples."""
        words = dict.fromkeys(("context", "party", "strategy", "dominated_by"), pl.String)
        return table(
            (
                {
                    "context": game.context,
                    "party": party,
                    "strategy": names[entry.strategy],
                    "dominated_by": mixture(names, entry.by),
                    "in_resamples": again,
                }
                for game in self.games
                for party, names, dominated in zip(
                    self.parties, (game.rows, game.columns), game.dominated, strict=True
                )
                for entry, again in dominated
            ),
            {**words, "in_resamples": pl.Float64},
        )

    def figure(self) -> Figure:
        """Return a map of the pairs of strategies: payoffs, best replies, share of resamples.

        The number of the party whose best reply it is stands under a payoff; a pair with both is
        an equilibrium in pure strategies.
        """
        first, second = self.parties
        games = self.games[:MOST_GAMES]
        chart = drawn(
            "game",
            [row for number, game in enumerate(games) for row in _drawn_pairs(number, game)],
            Choices("game", "game_shown", [game.context for game in games], "other keys"),
            columns=list(games[0].columns),
            rows=list(games[0].rows),
            first=first,
            second=second,
            payoffs=f"payoffs {first} / {second}",
            ink=readable_ink("datum.share"),
        )
        title = f"Payoffs {first} / {second}; 1 is {first}, 2 {second}"
        return Figure(chart, title, {"step": 42})


def _drawn_pairs(number: int, game: Played) -> Iterator[Mapping[str, object]]:
    by_row, by_column = equilibria.best_replies(*game.payoffs)
    for (i, row), (j, column) in product(enumerate(game.rows), enumerate(game.columns)):
        marks = ["1" if by_row[i, j] else "", "2" if by_column[i, j] else ""]
        yield {
            "game": number,
            "row": row,
            "column": column,
            "share": float(game.pure[i, j]),
            "payoffs": " / ".join(f"{game.payoffs[side, i, j]:.3f}" for side in (0, 1)),
            "best": " and ".join(filter(None, marks)),
            "told": "equilibrium" if all(marks) else "",
        }


def mixture(names: Sequence[str], shares: Floats) -> str:
    """Return a mixture in words, e.g. ``linear 0.75, firm 0.25``."""
    played = [(n, float(s)) for n, s in zip(names, shares, strict=True) if s > 1e-6]
    if len(played) == 1:
        return played[0][0]
    return ", ".join(f"{name} {share:.2f}" for name, share in played)


def strategy_game(
    results: Results, resamples: int = RESAMPLES, seed: int = 1, outcome: str = "signed"
) -> StrategyGame:
    """Return the game between the parties' strategies.

    Payoffs are what that which stood at the end is worth to each; `seed` is that of the bootstrap.
    An `outcome` is no payoff of either: it is told of each pair of strategies and equilibrium.

    Raises NotInResults if not both parties' strategies were swept, or some pairs of them are
    missing.
    """
    first, second = results.scenario.parties
    sides = [[k for k in results.chosen_keys if _of_party(k, party)] for party in (first, second)]
    if not all(sides):
        lacking = first if not sides[0] else second
        raise NotInResults(
            f"a game needs strategies of both parties to be swept; sweep strategy@{lacking} as well"
        )
    tables = [results.by_combination(results.numbers(name)) for name in PAYOFFS]
    told = results.by_combination(results.outcome(outcome))
    rng = np.random.default_rng(seed)
    contexts = _contexts(results, sides)
    games = []
    for context, cells in contexts.items():
        labels, grid = _grid(cells)
        drawn = None if grid is None else _drawn_payoffs(results, tables, grid)
        if grid is not None and drawn is not None:
            sums, sizes = _batched(drawn)
            again = _resampled(sums, sizes, rng, resamples)
            means = cell_means(told[grid].reshape(grid.size, -1)).reshape(grid.shape)
            games.append(_solve(context, labels, drawn.mean(axis=(-2, -1)), again, means))
    if not games:
        raise NotInResults(
            "the game is not complete: some pairs of strategies were not swept, or have no runs"
        )
    names = [results.scenario.actors[party].name for party in (first, second)]
    return StrategyGame(
        parties=(names[0], names[1]),
        outcome=outcome,
        games=tuple(games),
        notes=tuple(_notes(games, resamples, len(contexts) - len(games))),
    )


def _of_party(key: str, party: str) -> bool:
    """Return whether a swept key is a party's own conduct."""
    return key.endswith(f"@{party}") or key.startswith(f"{party}.")


def _contexts(results: Results, sides: Sequence[Sequence[str]]) -> dict[str, dict[Pair, int]]:
    """Return the cells by strategies of both sides, for each value of the other keys."""
    first = len(sides[0])
    return {
        " · ".join(map(word, others)) or "all cells": {
            (own[:first], own[first:]): number for own, number in by.items()
        }
        for others, by in results.apart_in([*sides[0], *sides[1]]).items()
    }


def _grid(cells: Mapping[Pair, int]) -> tuple[list[tuple[str, ...]], NDArray[np.int64] | None]:
    """Return both sides' strategies, and the combination of each pair, shape (rows, columns).

    None if a pair was not swept, or a side has one strategy.
    """
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    labels = [tuple(" · ".join(word(v) for v in s) for s in side) for side in (rows, columns)]
    if len(cells) < len(rows) * len(columns) or len(rows) < 2 or len(columns) < 2:
        return labels, None
    return labels, np.array([[cells[row, column] for column in columns] for row in rows])


def _drawn_payoffs(
    results: Results, tables: Sequence[Floats], grid: NDArray[np.int64]
) -> Floats | None:
    """Return payoffs by point and replicate, shape (2, rows, columns, points, replicates).

    Replicates in which a run is missing are left out; None if none is whole.
    """
    blocks = np.stack([table[grid] for table in tables])
    clusters = results.clusters_of(np.arange(results.points))
    if clusters is not None:
        # Points that share coordinates are drawn together: their mean stands for them.
        parts = [blocks[:, :, :, members].mean(axis=3) for members in clusters.members]
        blocks = np.stack(parts, axis=3)
        if not clusters.common:
            # The runs of a point have chance of their own, so points alone are drawn.
            blocks = blocks.mean(axis=4, keepdims=True)
    whole = np.isfinite(blocks).all(axis=(0, 1, 2, 3))
    return blocks[..., whole] if whole.any() else None


def _batched(blocks: Floats) -> tuple[Floats, Floats]:
    """Return payoffs summed over batches of successive replicates, and the size of each batch."""
    replicates = blocks.shape[-1]
    edges = np.linspace(0, replicates, min(MOST_BATCHES, replicates) + 1).astype(int)
    return np.add.reduceat(blocks, edges[:-1], axis=-1), np.diff(edges).astype(float)


def _resampled(sums: Floats, sizes: Floats, rng: np.random.Generator, resamples: int) -> Floats:
    """Return mean payoffs of resamples: batches of replicates, and points, drawn whole.

    sums, sizes: as `_batched` gives them; batches count by their size.

    Returns shape (resamples, 2, rows, columns).
    """
    points, batches = sums.shape[-2:]
    drawn = rng.multinomial(batches, np.full(batches, 1 / batches), resamples)
    of_batches = drawn / (drawn @ sizes)[:, np.newaxis]
    of_points = rng.multinomial(points, np.full(points, 1 / points), resamples) / points
    asked = "srcpb,p,b->src"
    path = np.einsum_path(asked, sums, of_points[0], of_batches[0], optimize=True)[0]
    found = [
        np.einsum(asked, sums, p, b, optimize=path)
        for p, b in zip(of_points, of_batches, strict=True)
    ]
    return np.stack(found)


def _solve(
    context: str,
    labels: Sequence[tuple[str, ...]],
    payoffs: Floats,
    again: Floats,
    told: Floats,
) -> Played:
    """Solve one game, and solve it again on resamples, as `_resampled` gives them."""
    low, high = np.quantile(again, ENDS, axis=0)
    solution = equilibria.nash_equilibria(*payoffs)
    sides = (payoffs[0], again[:, 0]), (payoffs[1].T, np.swapaxes(again[:, 1], 1, 2))
    return Played(
        context=context,
        rows=labels[0],
        columns=labels[1],
        payoffs=payoffs,
        told=told,
        low=low,
        high=high,
        pure=equilibria.pure_equilibria(again[:, 0], again[:, 1]).mean(axis=0),
        solution=solution,
        found_again=tuple(_found_again(entry, again) for entry in solution.equilibria),
        dominated=tuple(
            [(entry, _dominates(entry, games)) for entry in equilibria.dominated(own)]
            for own, games in sides
        ),
    )


def _found_again(entry: Equilibrium, games: Floats) -> float:
    rows, columns = (np.tile(side, (len(games), 1)) for side in entry.support)
    _, _, holds = equilibria.equilibria_on(games[:, 0], games[:, 1], rows, columns)
    return float(holds.mean())


def _dominates(entry: Dominance, games: Floats) -> float:
    better = np.einsum("k,gkc->gc", entry.by, games) > games[:, entry.strategy]
    return float(better.all(axis=1).mean())


def _notes(games: Sequence[Played], resamples: int, incomplete: int) -> Iterator[str]:
    yield "Payoffs are what stood at the end of the run is worth to each side, by its own scale."
    yield (
        f"Equilibria and dominance were found again on {resamples} resamples of whole replicates; "
        "an equilibrium that few resamples share is a matter of luck."
    )
    if any(game.solution.degenerate for game in games):
        yield (
            "Some strategies do equally well, so there can be further equilibria that mix them; "
            "listed are those with as many strategies on either side."
        )
    partial = [game.solution.largest for game in games if not game.solution.complete]
    if partial:
        yield (
            f"In large games equilibria were looked for with up to {min(partial)} strategies on "
            "either side."
        )
    if incomplete:
        yield f"{incomplete} games lack some pairs of strategies and are left out."
