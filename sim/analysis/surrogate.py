"""Turning points of a sampled design, by way of a model fitted to its points.

Two models are tried, a logistic one with squares and products and a boosted one; the one that
foresees the means of unseen points better is used, and its score is stated. Distances are in shares
of each lever's range.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.analysis.importance import FOLDS, Table, boosted_model, cell_means
from sim.analysis.intervals import Estimate
from sim.analysis.results import NotInResults, Results, word
from sim.analysis.turning import MOST_CHANGES, Change, TurningPoints
from sim.sweeps.overrides import Value
from sim.sweeps.plan import at

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]

FEWEST_POINTS = 30
REFITS = 20
MOST_REFITTED = 3000
"""Points that each refit draws at most."""
GRID = 41
PAIR_GRID = 25
PAIRED_LEVERS = 6
"""Levers that are also changed two at a time: those that move the outcome most."""


class Model(Protocol):
    """What foresees the mean outcome of points, given in shares of the levers' ranges."""

    name: str

    def fit(self, points: Floats, means: Floats) -> None:
        """Fit to points and their mean outcomes."""
        ...

    def predict(self, points: Floats) -> Floats:
        """Return the foreseen mean outcomes."""
        ...


class Logistic:
    """Logistic regression on the levers, and their squares and products if there are few."""

    def __init__(self, levers: int) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        degree = 2 if levers <= 20 else 1
        self.name = f"logistic regression of degree {degree}"
        self._model: Pipeline = make_pipeline(
            PolynomialFeatures(degree, include_bias=False),
            StandardScaler(),
            LogisticRegression(max_iter=2000),
        )

    def fit(self, points: Floats, means: Floats) -> None:
        """Fit to points and their mean outcomes, each a signed and an unsigned share."""
        both = np.concatenate([points, points])
        label = np.repeat([1, 0], len(points))
        weight = np.clip(np.concatenate([means, 1 - means]), 1e-6, 1.0)
        self._model.fit(both, label, logisticregression__sample_weight=weight)

    def predict(self, points: Floats) -> Floats:
        """Return the foreseen probabilities."""
        return np.asarray(self._model.predict_proba(points)[:, 1], float)


class Boosted:
    """Boosted trees on the levers."""

    name = "boosted trees"

    def __init__(self, levers: int) -> None:
        table = Table(tuple(f"x{n}" for n in range(levers)), np.zeros((0, levers)), {})
        self._make: Callable[[int], Pipeline] = lambda rows: boosted_model(table, rows, 1)
        self._model: Pipeline | None = None

    def fit(self, points: Floats, means: Floats) -> None:
        """Fit to points and their mean outcomes."""
        self._model = self._make(len(points))
        self._model.fit(points, means)

    def predict(self, points: Floats) -> Floats:
        """Return the foreseen means, within [0, 1]."""
        assert self._model is not None
        foreseen: Floats = np.clip(np.asarray(self._model.predict(points), float), 0.0, 1.0)
        return foreseen


@dataclass(frozen=True)
class Lever:
    """A drawn number and its range."""

    key: str
    low: float
    high: float

    def value(self, share: float) -> float:
        """Return the number at a share of the range."""
        return self.low + share * (self.high - self.low)

    def share(self, value: float) -> float:
        """Return where in the range a number lies."""
        return (value - self.low) / (self.high - self.low)


def turning_points_of_points(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    """Return the smallest changes of one or two drawn numbers that take the outcome across.

    Parameters and errors are those of `sim.analysis.turning.turning_points`.
    """
    from threadpoolctl import threadpool_limits

    number = _combination(results, given)
    points = number * results.points + np.arange(results.points)
    means = cell_means(results.outcome(outcome)[points])
    levers = _levers(results)
    cube = np.array(
        [[lever.share(x) for lever, x in zip(levers, p, strict=True)] for p in results.plan.points]
    )
    there = np.isfinite(means)
    clusters = results.clusters_of(np.arange(results.points))
    assert clusters is not None
    if there.sum() < FEWEST_POINTS:
        raise NotInResults(f"the inverse question needs at least {FEWEST_POINTS} points with runs")
    if np.nanmin(means) < 0.0 or np.nanmax(means) > 1.0:
        raise NotInResults(f"the inverse question needs an outcome in [0, 1], not '{outcome}'")
    if np.ptp(means[there]) == 0.0:
        raise NotInResults("the outcome is the same at all points, so no lever moves it")
    with threadpool_limits(1):
        kind, score = _better(cube[there], means[there], clusters[there])
        model = kind(len(levers))
        model.fit(cube[there], means[there])
        refits = _refits(kind, cube[there], means[there], clusters[there])
        begin = np.array([_begin(results, lever, given) for lever in levers])
        here = float(model.predict(begin[np.newaxis])[0])
        crossing = _one_lever(model, begin, here, line) + _two_levers(model, begin, here, line)
        at_start = _estimate(model, refits, begin, int(there.sum()))
        changes = [_change(model, refits, levers, begin, end, at_start, line) for end in crossing]
    changes.sort(key=lambda c: (len(c.levers), c.size))
    chosen = results.plan.combinations[number].values
    told = [f"{key}={word(value)}" for key, value in chosen.items()]
    told += [f"{key}={word(given[key])}" for key in results.plan.point_keys if key in given]
    told.append("all other drawn numbers as stated (intervals: in the middle)")
    notes = [
        f"Read off {kind(len(levers)).name} fitted to {there.sum():,} points; on points that it "
        f"had not seen it foresees their means with R² = {score:.2f}. Sizes are in shares of each "
        f"lever's range; intervals and certainty come from {REFITS} refits to resampled points.",
        "One lever is changed at a time, and two of those that move the outcome most.",
    ]
    if score < 0.5:
        notes.append("That is a poor model: take these changes as hints, and sweep them directly.")
    if not changes:
        side = "at or above" if here >= line else "below"
        notes.append(f"With one or two levers changed the model stays {side} {line:g}.")
    return TurningPoints(
        outcome=outcome,
        line=line,
        start=", ".join(told),
        at_start=at_start,
        changes=tuple(changes[:MOST_CHANGES]),
        notes=tuple(notes),
    )


def _combination(results: Results, given: Mapping[str, Value]) -> int:
    chosen = {key: value for key, value in given.items() if key in results.chosen_keys}
    for number, entry in enumerate(results.plan.combinations):
        if all(word(entry.values[key]) == word(value) for key, value in chosen.items()):
            return number
    told = " ".join(f"{key}={word(value)}" for key, value in chosen.items())
    raise NotInResults(f"no cell has the values {told}")


def _levers(results: Results) -> list[Lever]:
    low, high = results.plan.design["low"], results.plan.design["high"]
    assert isinstance(low, list)
    assert isinstance(high, list)
    return [Lever(k, *ends) for k, *ends in zip(results.plan.point_keys, low, high, strict=True)]


def _begin(results: Results, lever: Lever, given: Mapping[str, Value]) -> float:
    value: object = given.get(lever.key)
    assumed = results.plan.design.get("assumed", [])
    if value is None and isinstance(assumed, list) and lever.key in assumed:
        value = at(results.config_of(0), lever.key)
    if not isinstance(value, (int, float)):
        return 0.5
    return float(np.clip(lever.share(float(value)), 0.0, 1.0))


def _better(
    points: Floats, means: Floats, clusters: NDArray[np.int64]
) -> tuple[Callable[[int], Model], float]:
    fold = np.random.default_rng(1).integers(0, FOLDS, int(clusters.max()) + 1)[clusters]
    scores: list[tuple[float, Callable[[int], Model]]] = []
    for kind in (Logistic, Boosted):
        foreseen = np.full(len(means), np.nan)
        for n in range(FOLDS):
            held = fold == n
            if held.any() and np.ptp(means[~held]) > 0.0:
                model = kind(points.shape[1])
                model.fit(points[~held], means[~held])
                foreseen[held] = model.predict(points[held])
        seen = np.isfinite(foreseen)
        error = float(((means - foreseen)[seen] ** 2).sum())
        scores.append((1.0 - error / float(((means - means.mean())[seen] ** 2).sum()), kind))
    score, best = max(scores, key=lambda found: found[0])
    return best, score


def _refits(
    kind: Callable[[int], Model], points: Floats, means: Floats, clusters: NDArray[np.int64]
) -> list[Model]:
    rng = np.random.default_rng(1)
    numbers = np.unique(clusters)
    members = [np.flatnonzero(clusters == number) for number in numbers]
    found = []
    for _ in range(REFITS):
        drawn = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        drawn = drawn[:MOST_REFITTED]
        if np.ptp(means[drawn]) == 0.0:
            continue
        model = kind(points.shape[1])
        model.fit(points[drawn], means[drawn])
        found.append(model)
    return found


def _one_lever(model: Model, begin: Floats, here: float, line: float) -> list[Floats]:
    found = []
    grid = np.linspace(0.0, 1.0, GRID)
    for n in range(len(begin)):
        moved = np.tile(begin, (GRID, 1))
        moved[:, n] = grid
        across = (model.predict(moved) >= line) != (here >= line)
        if across.any():
            best = np.argmin(np.where(across, np.abs(grid - begin[n]), np.inf))
            found.append(moved[best])
    return found


def _two_levers(model: Model, begin: Floats, here: float, line: float) -> list[Floats]:
    alone = {int(np.argmax(end != begin)) for end in _one_lever(model, begin, here, line)}
    strength = [_strength(model, begin, n) for n in range(len(begin))]
    strongest = sorted(np.argsort(strength)[::-1][:PAIRED_LEVERS].tolist())
    grid = np.linspace(0.0, 1.0, PAIR_GRID)
    one, other = (side.ravel() for side in np.meshgrid(grid, grid))
    found = []
    for a, b in combinations(strongest, 2):
        if a in alone or b in alone:
            continue
        moved = np.tile(begin, (len(one), 1))
        moved[:, a], moved[:, b] = one, other
        across = (model.predict(moved) >= line) != (here >= line)
        if across.any():
            size = np.hypot(one - begin[a], other - begin[b])
            found.append(moved[np.argmin(np.where(across, size, np.inf))])
    return found


def _strength(model: Model, begin: Floats, lever: int) -> float:
    moved = np.tile(begin, (GRID, 1))
    moved[:, lever] = np.linspace(0.0, 1.0, GRID)
    return float(np.ptp(model.predict(moved)))


def _estimate(model: Model, refits: Sequence[Model], point: Floats, points: int) -> Estimate:
    again = [float(refit.predict(point[np.newaxis])[0]) for refit in refits]
    value = float(model.predict(point[np.newaxis])[0])
    if len(again) < 2:
        return Estimate(value, float("nan"), float("nan"), points)
    low, high = (float(q) for q in np.quantile(again, (0.025, 0.975)))
    return Estimate(value, min(low, value), max(high, value), points)


def _change(
    model: Model,
    refits: Sequence[Model],
    levers: Sequence[Lever],
    begin: Floats,
    end: Floats,
    before: Estimate,
    line: float,
) -> Change:
    after = _estimate(model, refits, end, before.runs)
    agree = np.mean(
        [
            (refit.predict(end[np.newaxis])[0] >= line) == (after.value >= line)
            and (refit.predict(begin[np.newaxis])[0] >= line) == (before.value >= line)
            for refit in refits
        ]
    )
    moved = [n for n in range(len(levers)) if end[n] != begin[n]]
    return Change(
        levers=tuple(
            (
                levers[n].key,
                word(levers[n].value(float(begin[n]))),
                word(levers[n].value(float(end[n]))),
            )
            for n in moved
        ),
        size=float(np.linalg.norm(end - begin)),
        before=before,
        after=after,
        sure=bool(agree >= 0.9),
    )
