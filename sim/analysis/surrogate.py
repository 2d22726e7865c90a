"""Models fitted to the cells of a sweep: which inputs they need, and what they foresee.

`boosted_importance` measures how much a boosted model loses when an input is shuffled. For the
inverse question (`sim.analysis.turning`) two models are tried, a logistic one with squares and
products and a boosted one; the one that foresees the means of unseen points better is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Figure, Result, dot_plot
from sim.analysis.inputs import MOST_CELLS, Table, cell_means, drawn_cells, table_of
from sim.analysis.results import Floats, NotInResults, Results, short

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FOLDS = 5
REPEATS = 5
"""How often each input is shuffled in each fold."""
SHOWN = 20
REFITS = 20
MOST_REFITTED = 3000
"""Points that each refit draws at most."""


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

    def records(self) -> pl.DataFrame:
        """Return one line an input, most important first."""
        return self.inputs

    def figure(self) -> Figure:
        """Return the drop of R^2 by input, largest first."""
        rows = [
            {"label": short(name), "value": importance, "low": low, "high": high}
            for name, importance, low, high in self.inputs.head(SHOWN).iter_rows()
        ]
        title = f"Importance in a boosted model (R² out of sample {self.score:.2f})"
        return dot_plot(rows, title, "drop of R² when shuffled", format=".2f", mark=0.0)


def boosted_importance(results: Results, outcome: str = "signed", seed: int = 1) -> Importance:
    """Return how much a boosted model of an outcome's mean by cell loses when an input is shuffled.

    Scored on points that the model has not seen (sampled design), or on replicates that it has not
    seen (factorial design, whose cells are all there is; less the mean of all cells). `seed` is
    that of folds and shuffling.

    Raises NotInResults if there are too few cells or replicates, or nothing varies.
    """
    means = cell_means(results.outcome(outcome))
    known = np.flatnonzero(np.isfinite(means))
    if len(known) < 2 or not results.plan.swept:
        raise NotInResults("importance needs at least two cells with runs")
    if np.ptp(means[known]) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so nothing drives it")
    rng = np.random.default_rng(seed)
    cells = drawn_cells(known, rng)
    table = table_of(results, cells)
    scored = [
        _score(table, train, test, seed)
        for train, test in _folds(results, outcome, cells, rng)
        if np.ptp(test.means) > 0.0
    ]
    if not scored:
        raise NotInResults("importance needs at least two replicates or two points")
    scores, drops = zip(*scored, strict=True)
    ends = {"low": np.min(drops, axis=0), "high": np.max(drops, axis=0)}
    frame = pl.DataFrame({"input": table.keys, "importance": np.mean(drops, axis=0), **ends})
    unseen = "points" if results.sampled else "replicates"
    note = (
        f"Scored on {unseen} that the model had not seen, in {len(scores)} folds, of which "
        "the lowest and the highest are given. Inputs that act together are each shuffled alone."
    )
    thinned = f"Fitted to {MOST_CELLS:,} cells drawn at random."
    return Importance(
        outcome=outcome,
        score=float(np.mean(scores)),
        worst=min(scores),
        best=max(scores),
        inputs=frame.sort("importance", descending=True),
        notes=(note, thinned) if len(cells) < len(known) else (note,),
    )


class _Part(NamedTuple):
    """Rows of the table of cells, and the mean outcome of each."""

    rows: NDArray[np.int64]
    means: Floats


def _score(table: Table, train: _Part, test: _Part, seed: int) -> tuple[float, Floats]:
    """Return R^2 on the test part, and its drop when each input is shuffled."""
    from sklearn.inspection import permutation_importance
    from threadpoolctl import threadpool_limits

    seen = table.values[test.rows]
    # One thread: several wait for each other longer than they work on tables of this size.
    with threadpool_limits(1):
        model = boosted_model(list(table.words), len(train.rows), seed)
        model.fit(table.values[train.rows], train.means)
        score = float(model.score(seen, test.means))
        found = permutation_importance(
            model, seen, test.means, n_repeats=REPEATS, random_state=seed, scoring="r2"
        )
    return score, np.asarray(found.importances_mean)


def _folds(
    results: Results, outcome: str, cells: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[_Part, _Part]]:
    """Yield parts to train on and to test on: other points, or other replicates."""
    clusters = results.clusters_of(cells)
    if clusters is not None:
        means = cell_means(results.outcome(outcome))[cells]
        fold = fold_of(clusters, rng)
        for n in range(FOLDS):
            train, test = np.flatnonzero(fold != n), np.flatnonzero(fold == n)
            if len(train) > 1 and len(test) > 1:
                yield _Part(train, means[train]), _Part(test, means[test])
        return
    batches = results.batches(outcome, FOLDS)[cells]
    for n in range(batches.shape[1] if batches.shape[1] > 1 else 0):
        inside, outside = cell_means(np.delete(batches, n, axis=1)), batches[:, n]
        train, test = (np.flatnonzero(np.isfinite(means)) for means in (inside, outside))
        if len(train) > 1 and len(test) > 1:
            # Shocks that all cells share move all means alike; what differs is to be foreseen.
            yield (
                _Part(train, inside[train] - inside[train].mean()),
                _Part(test, outside[test] - outside[test].mean()),
            )


def fold_of(clusters: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the fold of each case; the cases of a cluster stay together."""
    return rng.integers(0, FOLDS, int(clusters.max()) + 1)[clusters]


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


class Model(NamedTuple):
    """A fitted model: points of the shape (points, levers), in shares of the levers' ranges."""

    name: str
    predict: Callable[[Floats], Floats]  # gives the foreseen means, within [0, 1]


def logistic(points: Floats, means: Floats) -> Model:
    """Fit logistic regression on the levers, and their squares and products if there are few.

    Each point counts as a signed and an unsigned share of its mean outcome, which is in [0, 1].
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    degree = 2 if points.shape[1] <= 20 else 1
    model = make_pipeline(
        PolynomialFeatures(degree, include_bias=False),
        StandardScaler(),
        LogisticRegression(max_iter=2000),
    )
    both, label = np.concatenate([points, points]), np.repeat([1, 0], len(points))
    weight = np.clip(np.concatenate([means, 1 - means]), 1e-6, 1.0)
    model.fit(both, label, logisticregression__sample_weight=weight)
    name = f"logistic regression of degree {degree}"
    return Model(name, lambda seen: np.asarray(model.predict_proba(seen)[:, 1], float))


def boosted(points: Floats, means: Floats) -> Model:
    """Fit boosted trees on the levers."""
    model = boosted_model((), len(points), 1)
    model.fit(points, means)
    return Model("boosted trees", lambda seen: np.clip(model.predict(seen), 0.0, 1.0))


Kind: TypeAlias = Callable[[Floats, Floats], Model]


def better_kind(points: Floats, means: Floats, clusters: NDArray[np.int64]) -> tuple[Kind, float]:
    """Return the kind of model that foresees points of other folds better, and its R^2.

    `points` has the shape (points, levers); `clusters` says which points were drawn together.
    """
    fold = fold_of(clusters, np.random.default_rng(1))
    kinds: tuple[Kind, ...] = (logistic, boosted)
    scored = [(_score_of_kind(kind, points, means, fold), kind) for kind in kinds]
    score, best = max(scored, key=lambda found: found[0])
    return best, score


def _score_of_kind(kind: Kind, points: Floats, means: Floats, fold: NDArray[np.int64]) -> float:
    foreseen = np.full(len(means), np.nan)
    for n in range(FOLDS):
        held = fold == n
        if held.any() and np.ptp(means[~held]) > 0.0:
            foreseen[held] = kind(points[~held], means[~held]).predict(points[held])
    seen = np.isfinite(foreseen)
    error = float(((means - foreseen)[seen] ** 2).sum())
    return 1.0 - error / float(((means - means.mean())[seen] ** 2).sum())


def refits(kind: Kind, points: Floats, means: Floats, clusters: NDArray[np.int64]) -> list[Model]:
    """Return the model fitted again to bootstrap samples of whole clusters of points."""
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(clusters == number) for number in np.unique(clusters)]
    found = []
    for _ in range(REFITS):
        drawn = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        drawn = drawn[:MOST_REFITTED]
        if np.ptp(means[drawn]) > 0.0:
            found.append(kind(points[drawn], means[drawn]))
    return found
