"""What a sweep moved, and where among it an outcome is common.

A number of the scenario is sourced, derived from sources, or assumed with a range; strategies,
rules of the talks and settings are choices.

The boxes are the leaves of a small regression tree. The tree (Breiman et al. 1984, by scikit-learn)
is grown on one half of what is independent, the replicates of a grid or the drawn points of a
design, and its leaves are measured on the other half (honest estimation, Athey and Imbens 2016). So
a leaf's share is not flattered by the search for it, its interval holds, and a leaf that cannot be
told from all other cells is not reported. Leaves do not overlap: what a box says holds within its
limits, and nothing else was taken out before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t

from sim.analysis.charts import Figure, Rows, TableResult, dot_plot
from sim.analysis.results import Floats, NotInResults, Results, over, short, word
from sim.config.number import ASSUMPTION, DERIVED, SETTING
from sim.runs.intervals import LEVEL, Clusters, Estimate, estimate, spread
from sim.sweeps.columns import DERIVED as OUTCOMES
from sim.sweeps.columns import is_share
from sim.sweeps.plan import at

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

MOST_CELLS = 20_000
"""Most cells that a model is fitted to, or boxes are looked for in."""

Ground: TypeAlias = Literal["assumption", "derived", "sourced", "setting", "choice", "reading"]

GROUND_WORDS: Mapping[Ground, str] = {
    "assumption": "assumed",  # with a range
    "derived": "derived",  # from sources
    "sourced": "sourced",
    "setting": "set on the line",  # sourced, but replaced by a value of the line
    "choice": "choice",  # conduct, a rule of the talks or a setting of the run
    "reading": "whole reading",  # many numbers and rules at once
}


@dataclass(frozen=True)
class Input:
    """One thing that a sweep moved."""

    key: str  # as it was swept
    ground: Ground
    basis: str  # key of the source, where there is one
    stated: float | None  # the scenario's own value of a drawn number
    swept: str  # values, or the ends of the interval, that the sweep gave it
    drawn: bool  # whether a sampled design drew it


def inputs(results: Results) -> list[Input]:
    """Return what the sweep moved, in the order of its columns."""
    config = results.config_of(0)
    return [_input(results, config, key) for key in results.plan.swept]


def _input(results: Results, config: Mapping[str, object], key: str) -> Input:
    number = at(config, key.removesuffix(".value")) if key.startswith("scenario.") else None
    fields = number if isinstance(number, Mapping) else {}
    (ground, basis), value = _ground(key, fields), fields.get("value")
    drawn = key in results.plan.point_keys
    return Input(
        key=key,
        ground=ground,
        basis=basis,
        stated=float(value) if drawn and isinstance(value, (int, float)) else None,
        swept=_swept(results, key),
        drawn=drawn,
    )


def _ground(key: str, number: Mapping[str, object]) -> tuple[Ground, str]:
    if key in ("scenario", "preset"):
        return "reading", ""
    if not number:
        return "choice", ""
    basis = str(number.get("basis", ""))
    if basis == ASSUMPTION:
        return "assumption", ""
    if basis == DERIVED:
        sources = number.get("from", [])
        return "derived", ", ".join(str(s) for s in sources) if isinstance(sources, list) else ""
    return ("setting", "") if basis == SETTING else ("sourced", basis)


def _swept(results: Results, key: str) -> str:
    plan = results.plan
    if key in plan.point_keys:
        place = plan.point_keys.index(key)
        low, high = plan.design.get("low"), plan.design.get("high")
        if isinstance(low, list) and isinstance(high, list):
            return f"{low[place]:g} to {high[place]:g}"
    return ", ".join(dict.fromkeys(word(entry.values[key]) for entry in plan.combinations))


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
    return over(np.where(there, values, 0.0).sum(axis=1), there.sum(axis=1))


def drawn_cells(cells: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return all cells, or `MOST_CELLS` of them drawn at random."""
    if len(cells) <= MOST_CELLS:
        return cells
    return np.sort(rng.choice(cells, MOST_CELLS, replace=False))


# --- where an outcome is common

MOST_LEAVES = 5
LEAST_MASS = 0.05
"""Smallest share of the cells that a leaf holds."""

Mask = NDArray[np.bool_]


def boxes(results: Results, outcome: str = "signed") -> TableResult:
    """Find the boxes in which the mean of an outcome clearly differs from elsewhere, most first.

    Of the time to the first signature, or of an outcome in [0, 1]. One line a box: its condition,
    the mean in the half that the tree has not seen, the difference from all other cells (as one of
    all leaves), and `mass`, the share of the cells that lie in it.

    Raises NotInResults if there are too few cells or replicates, or no box can be told apart.
    """
    values = results.outcome(outcome)
    cells = np.flatnonzero(np.isfinite(values).any(axis=1))
    if len(cells) < 4 or not results.plan.swept:
        raise NotInResults("boxes need at least four cells")
    cells = drawn_cells(cells, np.random.default_rng(1))
    values = values[cells]
    most = OUTCOMES[outcome].most(results.plan.common_horizon) if outcome in OUTCOMES else 1.0
    if np.nanmin(values) < 0.0 or np.nanmax(values) > most:
        raise NotInResults(f"boxes need an outcome between 0 and 1, and '{outcome}' is none")
    points = results.clusters_of(cells)
    table = table_of(results, cells)
    seen, unseen = halves(values, points)
    leaf, limits = grown(table, cell_means(seen))
    held = {number: leaf == number for number in limits}
    found = [
        (limits[n], share, difference, float(held[n].mean()))
        for n, (share, difference) in measured(unseen, held, points, most).items()
        if difference.low > 0.0 or difference.high < 0.0
    ]
    if not found:
        raise NotInResults("no box can be told from all other cells, in runs not used to find it")
    found.sort(key=lambda box: -box[1].value)
    rows = [
        {"box": _condition(told, str), **share.columns("mean")}
        | {**difference.columns("difference", "difference_"), "mass": mass}
        for told, share, difference, mass in found
    ]
    lines = [{"label": _condition(told, short), **share.columns()} for told, share, *_ in found]
    unit = "drawn points" if points is not None else "replicates"
    notes = (
        f"A tree of at most {MOST_LEAVES} leaves was grown on half of the {unit} and measured on "
        f"the other half. Listed are leaves that differ from all other cells ({len(found)} of "
        f"{len(limits)}); mass is the share of the cells.",
    )
    draw = partial(_drawn, lines, outcome)
    return TableResult(frame=pl.DataFrame(rows), draw=draw, outcome=outcome, notes=notes)


def _condition(limits: Iterable[tuple[str, str]], named: Callable[[str], str]) -> str:
    """Return limits in words, e.g. ``agenda is interim_allowed and beta at most 0.6``."""
    return " and ".join(f"{named(key)} {limit}" for key, limit in limits)


def _drawn(lines: Rows, outcome: str, _: pl.DataFrame) -> Figure:
    """Draw the mean outcome in each box, with its interval."""
    if outcome in OUTCOMES and not is_share(outcome):
        kind = OUTCOMES[outcome]
        shown = ".1f" if kind.weeks else ".0%"
        return dot_plot(lines, "Where it is much, or little", kind.axis, format=shown)
    title = "Where it is common, and where it is rare"
    return dot_plot(lines, title, "share of runs in the box", domain=(0.0, 1.0))


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
    values: Floats, held: Mapping[int, Mask], points: Clusters | None, most: float = 1.0
) -> dict[int, tuple[Estimate, Estimate]]:
    """Return the mean in each box, and its difference from the mean of all other cells.

    `most` is the greatest value of a run.
    The interval of the difference is one of as many as there are boxes (Bonferroni). Its variance
    is that of a difference of two ratios, linearised over the clusters.
    """
    there = np.isfinite(values)
    is_event = bool(np.isin(values[there], (0.0, 1.0)).all())
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
        inside_only = np.where(own, values, np.nan)
        found[number] = (
            estimate(inside_only, points, share=is_event, most=most),
            Estimate(share - other, share - other - half, share - other + half, int(own.sum())),
        )
    return found
