"""Which inputs a boosted model needs to foresee the outcome of cells it has not seen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Result
from sim.analysis.results import Floats, NotInResults, Results, short

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from sim.analysis.charts import Chart

FOLDS = 5
REPEATS = 5
MOST_CELLS = 20_000
SHOWN = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Importance(Result):
    """Permutation importance of a boosted model, measured out of sample."""

    outcome: str
    score: float  # out-of-sample R^2 of the cells' means, mean over the folds
    # worst, best: lowest and highest R^2 of a fold
    worst: float
    best: float
    # `input`, `importance` (drop of R^2 when the input is shuffled), `low`, `high` (of folds)
    inputs: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """Return one line an input, most important first."""
        return self.inputs

    def plot(self) -> "Chart":
        """Return the drop of R^2 by input, largest first."""
        from sim.analysis.charts import dots

        rows = [
            {"label": short(row["input"]), **{k: row[v] for k, v in _SHOWN_AS.items()}}
            for row in self.inputs.head(SHOWN).iter_rows(named=True)
        ]
        title = f"Importance in a boosted model (R² out of sample {self.score:.2f})"
        return dots(rows, title, "drop of R² when shuffled", format=".2f", mark=0.0)


_SHOWN_AS = {"value": "importance", "low": "low", "high": "high"}


@dataclass(frozen=True, eq=False)
class Table:
    """Cells as rows of numbers, for models that know nothing of sweeps."""

    keys: tuple[str, ...]
    # numbers as they are, all else as the place among the key's words; shape (cells, keys)
    values: Floats
    words: dict[int, list[str]]  # words of each key that is no number, by the key's place


def table_of(results: Results, cells: NDArray[np.int64]) -> Table:
    """Return the swept values of some cells as numbers."""
    frame = results.values_frame().drop("cell")[cells.tolist()]
    columns, words = [], {}
    for n, key in enumerate(frame.columns):
        series = frame[key]
        if series.dtype.is_numeric():
            columns.append(series.cast(pl.Float64).to_numpy())
            continue
        texts = series.cast(pl.String).fill_null("none")
        words[n] = texts.unique(maintain_order=True).to_list()
        columns.append(np.array([words[n].index(text) for text in texts], float))
    return Table(tuple(frame.columns), np.column_stack(columns), words)


def cell_means(values: Floats) -> Floats:
    """Return the mean of each cell over its runs, NaN where there is none."""
    there = np.isfinite(values)
    means: Floats = np.full(len(values), np.nan)
    sums = np.where(there, values, 0.0).sum(axis=1)
    np.divide(sums, there.sum(axis=1), out=means, where=there.any(axis=1))
    return means


def boosted_importance(results: Results, outcome: str = "signed", seed: int = 1) -> Importance:
    """Return how much a boosted model loses when an input is shuffled.

    Parameters
    ----------
    results : Results
    outcome : str
        See `Results.outcome`; the model is of its mean by cell.
    seed : int
        Seed of folds and shuffling.

    Returns
    -------
    Importance
        Scored on points that the model has not seen (sampled design), or on replicates that it
        has not seen (factorial design, whose cells are all there is; less the mean of all cells).

    Raises
    ------
    NotInResults
        If there are too few cells or replicates, or nothing varies.
    """
    from sklearn.inspection import permutation_importance
    from threadpoolctl import threadpool_limits

    means = cell_means(results.outcome(outcome))
    cells = np.flatnonzero(np.isfinite(means))
    if len(cells) < 2 or not results.plan.swept:
        raise NotInResults("importance needs at least two cells with runs")
    if np.ptp(means[cells]) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so nothing drives it")
    rng = np.random.default_rng(seed)
    thinned = len(cells) > MOST_CELLS
    if thinned:
        cells = np.sort(rng.choice(cells, MOST_CELLS, replace=False))
    table = table_of(results, cells)
    scores, drops = [], []
    for train, test in _folds(results, outcome, cells, rng):
        seen, truth = table.values[test.rows], test.means
        if np.ptp(truth) == 0.0:
            continue
        # One thread: several wait for each other longer than they work on tables of this size.
        with threadpool_limits(1):
            model = boosted_model(table, len(train.rows), seed)
            model.fit(table.values[train.rows], train.means)
            scores.append(float(model.score(seen, truth)))
            found = permutation_importance(
                model, seen, truth, n_repeats=REPEATS, random_state=seed, scoring="r2"
            )
        drops.append(np.asarray(found.importances_mean))
    if not scores:
        raise NotInResults("importance needs at least two replicates or two points")
    mean = np.mean(drops, axis=0)
    frame = pl.DataFrame(
        {
            "input": list(table.keys),
            "importance": mean,
            "low": np.min(drops, axis=0),
            "high": np.max(drops, axis=0),
        }
    ).sort("importance", descending=True)
    unseen = "points" if results.sampled else "replicates"
    notes = [
        f"Scored on {unseen} that the model had not seen, in {len(scores)} folds, of which "
        "the lowest and the highest are given. Inputs that act together are each shuffled alone.",
    ]
    if thinned:
        notes.append(f"Fitted to {MOST_CELLS:,} cells drawn at random.")
    return Importance(
        outcome=outcome,
        score=float(np.mean(scores)),
        worst=min(scores),
        best=max(scores),
        inputs=frame,
        notes=tuple(notes),
    )


def boosted_model(table: Table, rows: int, seed: int) -> "Pipeline":
    """Return a boosted model of trees for a table, not yet fitted; words become columns."""
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    return make_pipeline(
        make_column_transformer((encoder, list(table.words)), remainder="passthrough"),
        HistGradientBoostingRegressor(
            max_iter=80,
            learning_rate=0.15,
            max_leaf_nodes=16,
            min_samples_leaf=20 if rows >= 400 else 1,
            random_state=seed,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Rows of the table of cells, and the mean outcome of each."""

    rows: NDArray[np.int64]
    means: Floats


def _folds(
    results: Results, outcome: str, cells: NDArray[np.int64], rng: np.random.Generator
) -> list[tuple[_Part, _Part]]:
    if results.sampled:
        means = cell_means(results.outcome(outcome))[cells]
        clusters = results.clusters_of(cells)
        assert clusters is not None
        fold = rng.integers(0, FOLDS, int(clusters.max()) + 1)[clusters]
        rows = np.arange(len(cells))
        parts = [(rows[fold != n], rows[fold == n]) for n in range(FOLDS)]
        return [
            (_Part(a, means[a]), _Part(b, means[b])) for a, b in parts if len(a) > 1 and len(b) > 1
        ]
    batches = results.batches(outcome, FOLDS)[cells]
    found = []
    for n in range(batches.shape[1]):
        inside, outside = cell_means(np.delete(batches, n, axis=1)), batches[:, n]
        if batches.shape[1] < 2:
            break
        a, b = np.flatnonzero(np.isfinite(inside)), np.flatnonzero(np.isfinite(outside))
        if len(a) > 1 and len(b) > 1:
            # Shocks that all cells share move all means alike; what differs is to be foreseen.
            found.append(
                (
                    _Part(a, inside[a] - inside[a].mean()),
                    _Part(b, outside[b] - outside[b].mean()),
                )
            )
    return found
