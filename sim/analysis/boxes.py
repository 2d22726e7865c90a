"""Where an outcome is common and where it is rare: leaves of a small regression tree.

The tree (Breiman et al. 1984, by scikit-learn) is grown on one half of what is independent, the
replicates of a grid or the drawn points of a design, and its leaves are measured on the other half
(honest estimation, Athey and Imbens 2016). So a leaf's share is not flattered by the search for it,
its interval holds, and a leaf that cannot be told from all other cells is not reported. Leaves do
not overlap: what a box says holds within its limits, and nothing else was taken out before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t

from sim.analysis.charts import Figure, Result, Schema, dot_plot
from sim.analysis.inputs import Table, cell_means, drawn_cells, table_of
from sim.analysis.intervals import Clusters, Estimate, estimate, spread
from sim.analysis.results import Floats, NotInResults, Results, short, word
from sim.runs.shares import LEVEL

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

MOST_LEAVES = 5
LEAST_MASS = 0.05
"""Smallest share of the cells that a leaf holds."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Box:
    """One leaf."""

    limits: tuple[tuple[str, str], ...]  # restricted input, and what it is restricted to
    share: Estimate  # mean outcome inside, in the half that the tree has not seen
    difference: Estimate  # the same less that of all other cells, as one of all leaves
    mass: float  # share of the cells that lie in it

    @property
    def words(self) -> str:
        """The box as a condition, e.g. ``agenda is interim_allowed and beta at most 0.6``."""
        return " and ".join(f"{short(key)} {limit}" for key, limit in self.limits)


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes(Result):
    """Boxes in which an outcome is clearly more or less common than elsewhere, most first."""

    schema: ClassVar[Schema] = {
        "box": pl.String,
        **dict.fromkeys(("mean", "low", "high"), pl.Float64),
        **dict.fromkeys(("difference", "difference_low", "difference_high", "mass"), pl.Float64),
    }

    outcome: str
    found: tuple[Box, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a box: its condition, mean, and difference from all other cells."""
        for box in self.found:
            yield {
                "box": " and ".join(f"{key} {limit}" for key, limit in box.limits),
                **box.share.columns("mean"),
                **box.difference.columns("difference", "difference_"),
                "mass": box.mass,
            }

    def figure(self) -> Figure:
        """Return the mean outcome in each box, with its interval."""
        rows = [{"label": box.words, **box.share.columns()} for box in self.found]
        title = "Where it is common, and where it is rare"
        return dot_plot(rows, title, "share of runs in the box", domain=(0.0, 1.0))


def boxes(results: Results, outcome: str = "signed") -> Boxes:
    """Find the boxes in which the mean of an outcome in [0, 1] clearly differs from elsewhere.

    Raises NotInResults if there are too few cells or replicates, or no box can be told apart.
    """
    values = results.outcome(outcome)
    cells = np.flatnonzero(np.isfinite(values).any(axis=1))
    if len(cells) < 4 or not results.plan.swept:
        raise NotInResults("boxes need at least four cells")
    cells = drawn_cells(cells, np.random.default_rng(1))
    values = values[cells]
    known = values[np.isfinite(values)]
    if known.min() < 0.0 or known.max() > 1.0:
        raise NotInResults(f"boxes need an outcome between 0 and 1, and '{outcome}' is none")
    points = results.clusters_of(cells)
    table = table_of(results, cells)
    seen, unseen = halves(values, points)
    leaf, limits = grown(table, cell_means(seen))
    held = {number: leaf == number for number in limits}
    found = [
        Box(limits=limits[n], share=share, difference=difference, mass=float(held[n].mean()))
        for n, (share, difference) in measured(unseen, held, points).items()
        if difference.low > 0.0 or difference.high < 0.0
    ]
    if not found:
        raise NotInResults("no box can be told from all other cells, in runs not used to find it")
    found.sort(key=lambda box: -box.share.value)
    unit = "drawn points" if points is not None else "replicates"
    notes = (
        f"A tree of at most {MOST_LEAVES} leaves was grown on half of the {unit} and measured on "
        f"the other half. Listed are leaves that differ from all other cells ({len(found)} of "
        f"{len(limits)}); mass is the share of the cells.",
    )
    return Boxes(outcome=outcome, found=tuple(found), notes=notes)


def halves(values: Floats, points: Clusters | None) -> tuple[Floats, Floats]:
    """Return outcomes to search in and to measure on, NaN where a run is in the other half.

    Every other replicate, or half of the parts of a sampled design, drawn at random since low
    discrepancy sequences alternate.
    """
    if points is None:
        if values.shape[1] < 4:
            raise NotInResults("boxes need at least four replicates, or drawn points")
        first = np.broadcast_to(np.arange(values.shape[1]) % 2 == 0, values.shape)
    else:
        order = np.random.default_rng(1).permutation(int(points.number.max()) + 1)
        first = np.broadcast_to((order[points.number] % 2 == 0)[:, np.newaxis], values.shape)
    return np.where(first, values, np.nan), np.where(first, np.nan, values)


def grown(
    table: Table, means: Floats
) -> tuple[NDArray[np.int64], dict[int, tuple[tuple[str, str], ...]]]:
    """Return the leaf of each cell, and the limits of each leaf that has any.

    `means` are those of the cells, NaN where the search has no run.
    """
    from sklearn.tree import DecisionTreeRegressor

    there = np.isfinite(means)
    columns, meanings = _columns(table)
    if not there.any() or np.ptp(means[there]) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so no box can be told apart")
    tree = DecisionTreeRegressor(
        max_leaf_nodes=MOST_LEAVES,
        min_samples_leaf=max(1, int(np.ceil(LEAST_MASS * there.sum()))),
        random_state=1,
    ).fit(columns[there], means[there])
    leaf = tree.apply(columns).astype(np.int64)
    return leaf, {number: told for number, told in _limits(tree, table, meanings) if told}


def _columns(table: Table) -> tuple[Floats, list[tuple[int, int]]]:
    """Return inputs with one column a word, and of each column the input and the word or -1."""
    columns, meanings = [], []
    for place in range(len(table.keys)):
        own = table.values[:, place]
        words = range(len(table.words[place])) if place in table.words else [-1]
        columns += [own if one < 0 else (own == one).astype(float) for one in words]
        meanings += [(place, one) for one in words]
    return np.column_stack(columns), meanings


def _limits(
    tree: "DecisionTreeRegressor", table: Table, meanings: list[tuple[int, int]]
) -> Iterator[tuple[int, tuple[tuple[str, str], ...]]]:
    """Give each leaf's number and limits."""
    grown = tree.tree_
    waiting: list[tuple[int, dict[int, tuple[float, float]], dict[int, set[int]]]] = [(0, {}, {})]
    while waiting:
        node, ranges, sets = waiting.pop()
        if grown.children_left[node] < 0:
            yield node, tuple(_told(table, ranges, sets))
            continue
        place, one = meanings[grown.feature[node]]
        edge = float(grown.threshold[node])
        low, high = ranges.get(place, (-np.inf, np.inf))
        left = sets.get(place, set(range(len(table.words.get(place, ())))))
        for child, span, kept in (
            (grown.children_left[node], (low, min(high, edge)), left - {one}),
            (grown.children_right[node], (max(low, edge), high), {one}),
        ):
            if one < 0:
                waiting.append((int(child), {**ranges, place: span}, sets))
            else:
                waiting.append((int(child), ranges, {**sets, place: kept}))


def _told(
    table: Table, ranges: Mapping[int, tuple[float, float]], sets: Mapping[int, set[int]]
) -> Iterator[tuple[str, str]]:
    for place, (low, high) in ranges.items():
        above = f"above {word(low)}" if low > -np.inf else ""
        most = f"at most {word(high)}" if high < np.inf else ""
        yield table.keys[place], " and ".join(filter(None, (above, most)))
    for place, kept in sets.items():
        yield table.keys[place], f"is {' or '.join(table.words[place][n] for n in sorted(kept))}"


def measured(
    values: Floats, held: Mapping[int, Mask], points: Clusters | None
) -> dict[int, tuple[Estimate, Estimate]]:
    """Return the mean in each box, and its difference from the mean of all other cells.

    The interval of the difference is one of as many as there are boxes (Bonferroni). Its variance
    is that of a difference of two ratios, linearised over the clusters.
    """
    there = np.isfinite(values)
    found = {}
    for number, inside in held.items():
        own, rest = there & inside[:, np.newaxis], there & ~inside[:, np.newaxis]
        if not own.any() or not rest.any():
            continue
        share, other = float(values[own].mean()), float(values[rest].mean())
        pull = np.where(own, (values - share) / own.sum(), 0.0)
        pull -= np.where(rest, (values - other) / rest.sum(), 0.0)
        apart = spread(np.where(there, pull * there.sum(), np.nan), points)
        quantile = float(t.isf((1 - LEVEL) / 2 / len(held), max(apart.freedom, 1.0)))
        half = quantile * apart.variance**0.5
        found[number] = (
            estimate(np.where(own, values, np.nan), points, share=_is_share(values)),
            Estimate(share - other, share - other - half, share - other + half, int(own.sum())),
        )
    return found


def _is_share(values: Floats) -> bool:
    return bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())
