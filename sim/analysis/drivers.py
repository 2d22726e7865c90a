"""Which of the drawn numbers move an outcome: Sobol indices, and models fitted to the points.

`sobol_indices` are those of a Saltelli design. `boosted_importance` measures how much a boosted
model loses when an input is shuffled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Figure, TableResult, dot_plot
from sim.analysis.inputs import GROUND_WORDS, Table, cell_means, drawn_cells, inputs, table_of
from sim.analysis.results import Floats, NotInResults, Results, short
from sim.errors import SimError
from sim.runs.intervals import Z
from sim.sweeps.plan import Plan

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

RESAMPLES = 400
"""Of the bootstrap."""
SHOWN = 20
FOLDS = 5
REPEATS = 5  # how often each input is shuffled in each fold
MOST_VALUES = 4_000_000  # of tables with shuffled columns that a model is asked about at once


def _columns(found: Mapping[str, Floats], name: str, place: int) -> Iterator[tuple[str, float]]:
    """Give an index of an input with the ends of its interval."""
    index, half = found[name][place], found[f"{name}_half"][place]
    yield name, float(index)
    yield f"{name}_low", float(index - half)
    yield f"{name}_high", float(index + half)


def sobol_indices(results: Results, outcome: str = "signed", seed: int = 1) -> TableResult:
    """Return the Sobol indices of an outcome's mean over replicates, by combination of choices.

    One line a combination and drawn number, with its ground: `first` (by itself) and `total` (with
    interactions), the largest first. Bootstrap intervals are over blocks of the design and over
    replicates; with a single replicate over blocks only. `seed` is that of the bootstrap.

    Raises NotInResults if the design is not Saltelli's, runs are missing in too many of its blocks,
    or the outcome is the same at all points.
    """
    if results.plan.design.get("kind") != "saltelli":
        raise NotInResults(
            "Sobol indices need a Saltelli design: sim sweep design=saltelli samples=256 "
            "'assumptions=[\"discount_rate.*\"]' ..."
        )
    names = results.plan.point_keys
    ground = {entry.key: GROUND_WORDS[entry.ground] for entry in inputs(results)}
    rows, dropped = [], 0
    values = results.by_combination(results.outcome(outcome))
    for group, points in zip(results.groups(), values, strict=True):
        blocks = points.reshape(-1, results.plan.block, points.shape[1])
        whole = np.isfinite(cell_means(points).reshape(blocks.shape[:2])).all(axis=1)
        dropped += int((~whole).sum())
        kept = blocks[whole].reshape(-1, points.shape[1])
        if whole.sum() < 2 or np.ptp(cell_means(kept)) == 0.0:
            continue
        if not results.plan.common_chance:
            # Each block has chance of its own, so that blocks alone are drawn.
            kept = cell_means(kept)
        found = analyse(names, kept, seed)
        rows += [
            {"cells": group.label, "input": names[n], "ground": ground[names[n]]}
            | {key: x for name in ("first", "total") for key, x in _columns(found, name, n)}
            for n in np.argsort(-found["total"])
        ]
    if not rows:
        raise NotInResults("the outcome is the same at all points, or too few of them have runs")
    notes = tuple(_notes(results.plan, dropped))
    return TableResult(frame=pl.DataFrame(rows), draw=_drawn_indices, outcome=outcome, notes=notes)


def _drawn_indices(frame: pl.DataFrame) -> Figure:
    """Draw first-order and total indices of the first combination, largest first."""
    labels = frame["cells"].unique(maintain_order=True)
    first = frame.filter(pl.col("cells") == labels[0])
    rows = [
        {
            "label": short(row["input"]),
            "series": words,
            "value": row[name],
            "low": row[f"{name}_low"],
            "high": row[f"{name}_high"],
        }
        for row in first.head(SHOWN).iter_rows(named=True)
        for name, words in (("total", "total, with interactions"), ("first", "by itself"))
    ]
    title = f"The largest Sobol indices of {len(first)} numbers"
    if len(labels) > 1:
        title += f" ({labels[0]})"
    axis = "share of the variance between points"
    return dot_plot(rows, title, axis, format=".2f", mark=0.0, series="index")


def _notes(plan: Plan, dropped: int) -> Iterator[str]:
    yield (
        "Indices are shares of the variance of the mean over replicates between the drawn points; "
        "chance is averaged over first."
    )
    if not plan.common_chance:
        yield "Each block of points has chance of its own; the intervals are over blocks."
    elif plan.replicates == 1:
        yield "All points meet the same shocks, of which one replicate's intervals cannot know."
    else:
        yield "All points meet the same shocks; the intervals are over blocks and replicates."
    if dropped:
        yield (
            f"{dropped} blocks of the design lack runs and are left out: an index from a design "
            "with gaps would be wrong."
        )


def analyse(names: list[str], outcome: Floats, seed: int = 1) -> dict[str, Floats]:
    """Return first-order and total indices with the half-widths of their 95 % intervals.

    The indices are those of the mean over replicates, by SALib. The intervals come from a
    bootstrap that draws blocks of the design and, if there are several, replicates (Owen 2007), so
    that they cover which points were drawn and which chance was met.

    outcome: in the order of Saltelli's design without second order (Saltelli et al. 2010). NaN
        where a run is missing; each point must have one, else `SimError`: SALib would return zeros,
        shape (blocks * (inputs + 2).

    Returns `first`, `total`, `first_half`, `total_half`, arrays of shape (inputs,).
    """
    runs = np.asarray(outcome, float)
    runs = runs[:, np.newaxis] if runs.ndim == 1 else runs
    means = cell_means(runs)
    if not np.isfinite(means).all():
        missing = int((~np.isfinite(means)).sum())
        raise SimError(f"{missing} of {len(means)} outcomes are not finite: no Sobol indices")
    from SALib.analyze import sobol

    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    found = sobol.analyze(problem, means, calc_second_order=False, num_resamples=2, seed=seed)
    first_half, total_half = _half_widths(runs, means, len(names), seed)
    return {
        "first": np.asarray(found["S1"], float),
        "total": np.asarray(found["ST"], float),
        "first_half": first_half,
        "total_half": total_half,
    }


def _half_widths(runs: Floats, means: Floats, inputs: int, seed: int) -> tuple[Floats, Floats]:
    """Return half-widths of 95 % intervals of first-order and total indices.

    The means of all runs stand in for a point where no replicate that was drawn has a run.
    """
    rng = np.random.default_rng(seed)
    replicates = runs.shape[1]
    there = np.isfinite(runs)
    filled, counted = np.where(there, runs, 0.0), there.astype(float)
    drawn = []
    for _ in range(RESAMPLES):
        outcome = means
        if replicates > 1:
            weight = np.bincount(rng.integers(0, replicates, replicates), minlength=replicates)
            sizes = counted @ weight
            outcome = means.copy()
            np.divide(filled @ weight, sizes, out=outcome, where=sizes > 0)
        blocks = outcome.reshape(-1, inputs + 2)
        indices = _indices(blocks[rng.integers(0, len(blocks), len(blocks))])
        if indices is not None:
            drawn.append(indices)
    if len(drawn) < 2:
        unknown = np.full(inputs, np.nan)
        return unknown, unknown
    first, total = Z * np.std(drawn, axis=0, ddof=1)
    return first, total


def _indices(blocks: Floats) -> tuple[Floats, Floats] | None:
    """Return first-order and total indices of a design; None if its outcome does not vary.

    The estimators of Saltelli et al. (2010) that SALib uses, for a resample of blocks: outcomes at
    A, at A with each input from B, and at B.
    """
    centred = blocks - blocks.mean()
    a, mixed, b = centred[:, :1], centred[:, 1:-1], centred[:, -1:]
    variance = float(np.concatenate([a, b]).var())
    if variance <= 1e-18:
        return None
    first: Floats = (b * (mixed - a)).mean(axis=0) / variance
    total: Floats = 0.5 * ((a - mixed) ** 2).mean(axis=0) / variance
    return first, total


@dataclass(frozen=True, eq=False, kw_only=True)
class Importance(TableResult):
    """Permutation importance of a boosted model, measured out of sample.

    Columns: `input`, `importance` (drop of R^2 if it is shuffled), `low` and `high` (of folds).
    """

    score: float  # out-of-sample R^2 of the cells' means, mean over the folds
    # worst, best: lowest and highest R^2 of a fold
    worst: float
    best: float


def boosted_importance(results: Results, outcome: str = "signed", seed: int = 1) -> Importance:
    """Return how much a boosted model of an outcome's mean by cell loses when an input is shuffled.

    Scored on points that the model has not seen. `seed` is that of folds and shuffling.

    Raises NotInResults if the design is not sampled, there are too few points, or nothing varies.
    """
    clusters = results.clusters_of(np.arange(results.plan.cells))
    if clusters is None:
        raise NotInResults(
            "importance is that of drawn numbers, and this sweep has chosen values only"
        )
    means = cell_means(results.outcome(outcome))
    known = np.flatnonzero(np.isfinite(means))
    if len(known) < 2 or np.ptp(means[known]) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so nothing drives it")
    rng = np.random.default_rng(seed)
    cells = drawn_cells(known, rng)
    table, own, part = table_of(results, cells), means[cells], clusters.number[cells]
    # The cells of a cluster stay together.
    fold = rng.integers(0, FOLDS, int(part.max()) + 1)[part]
    scored = [
        _score(table, own, fold == n, seed)
        for n in range(FOLDS)
        if (fold != n).sum() > 1 and len(np.unique(own[fold == n])) > 1
    ]
    if not scored:
        raise NotInResults("importance needs at least two points")
    scores, drops = zip(*scored, strict=True)
    ends = {"low": np.min(drops, axis=0), "high": np.max(drops, axis=0)}
    frame = pl.DataFrame({"input": table.keys, "importance": np.mean(drops, axis=0), **ends})
    score = float(np.mean(scores))
    note = (
        f"The model foresees the means of points that it had not seen with R² = "
        f"{score:.2f} ({min(scores):.2f} to {max(scores):.2f} over {len(scores)} folds); "
        "where that is low, these numbers rank nothing. Inputs that act together are each "
        "shuffled alone."
    )
    return Importance(
        outcome=outcome,
        score=score,
        worst=min(scores),
        best=max(scores),
        frame=frame.sort("importance", descending=True),
        draw=partial(_drawn_importance, score),
        notes=(note,),
    )


def _drawn_importance(score: float, frame: pl.DataFrame) -> Figure:
    rows = [
        {"label": short(name), "value": importance, "low": low, "high": high}
        for name, importance, low, high in frame.head(SHOWN).iter_rows()
    ]
    title = f"Importance in a boosted model (R² out of sample {score:.2f})"
    return dot_plot(rows, title, "drop of R² when shuffled", format=".2f", mark=0.0)


def _score(table: Table, means: Floats, test: NDArray[np.bool_], seed: int) -> tuple[float, Floats]:
    """Return R^2 on the cells to test on, and its drop when each input is shuffled."""
    from threadpoolctl import threadpool_limits

    seen, outcome = table.values[test], means[test]
    # One thread: several wait for each other longer than they work on tables of this size.
    with threadpool_limits(1):
        model = boosted_model(list(table.words), int((~test).sum()), seed)
        model.fit(table.values[~test], means[~test])
        score = float(model.score(seen, outcome))
        # Where all inputs are numbers the trees alone are asked: encoding takes as long as they do.
        asked = model if table.words else model[-1]
        return score, drops_when_shuffled(asked, seen, outcome, seed)


def drops_when_shuffled(model: "BaseEstimator", values: Floats, means: Floats, seed: int) -> Floats:
    """Return by how much R^2 drops when a column is shuffled, mean of `REPEATS`; shape (columns,).

    Shuffled as `sklearn.inspection.permutation_importance` does, but many columns are asked about
    in one call, which takes a small part of the time on tables of this size.
    """
    rows, columns = values.shape
    draws = np.random.RandomState(np.random.RandomState(seed).randint(2**31))
    order, orders = np.arange(rows), [np.arange(rows)]
    for _ in range(REPEATS):
        draws.shuffle(order)
        orders.append(orders[-1][order])
    without = np.square(model.predict(values) - means).sum()
    errors = np.empty(columns)
    at_once = max(1, MOST_VALUES // (REPEATS * values.size))
    for first in range(0, columns, at_once):
        chosen = np.arange(first, min(first + at_once, columns))
        asked = np.tile(values, (len(chosen), REPEATS, 1, 1))
        for place, column in enumerate(chosen):
            asked[place, ..., column] = values[np.array(orders[1:]), column]
        told = model.predict(asked.reshape(-1, columns)).reshape(len(chosen), REPEATS, rows)
        errors[chosen] = (np.square(told - means).sum(axis=2) - without).mean(axis=1)
    total = float(np.square(means - means.mean()).sum())
    return errors / total


def boosted_model(words: Sequence[int], rows: int, seed: int) -> "Pipeline":
    """Return a boosted model of trees to be fitted to so many rows.

    `words` are the places of inputs that are no numbers; each of their words becomes a column.
    """
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((encoder, list(words)), remainder="passthrough"),
        HistGradientBoostingRegressor(
            max_iter=80,
            learning_rate=0.15,
            max_leaf_nodes=16,
            min_samples_leaf=20 if rows >= 400 else 1,
            random_state=seed,
        ),
    )
