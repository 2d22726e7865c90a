"""The inverse question: the smallest change of named levers that takes P(signed) across a line.

On a factorial grid the answer is read off the cells: how many keys differ, and by how many steps.
On a sampled design it is asked of a model fitted to the points (`sim.analysis.surrogate`), whose
score on points that it has not seen is stated; distances are in shares of each lever's range.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, NamedTuple

import numpy as np
import polars as pl

from sim.analysis.charts import Figure, Result, Schema, dot_plot
from sim.analysis.inputs import cell_means
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import DERIVED, Floats, NotInResults, Results, short, word
from sim.analysis.surrogate import REFITS, Model, better_kind, refits
from sim.sweeps.overrides import Value
from sim.sweeps.plan import at

LINE = 0.5
MOST_CHANGES = 25
FEWEST_POINTS = 30
GRID = 41
PAIR_GRID = 25
PAIRED_LEVERS = 6
"""Levers that are also changed two at a time: those that move the outcome most."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """A change of levers that takes the outcome across the line."""

    levers: tuple[tuple[str, str, str], ...]  # key, value before, value after
    # steps on the grid (a word is one step), or distance in shares of the levers' ranges
    size: float
    # before, after: outcome on either side
    before: Estimate
    after: Estimate
    # whether the intervals lie on different sides of the line; for a sampled design, whether
    # nine of ten refitted models agree
    sure: bool

    @property
    def words(self) -> str:
        """The change, e.g. ``agenda: single_undertaking → interim_allowed``."""
        return ", ".join(f"{key}: {before} → {after}" for key, before, after in self.levers)

    @property
    def short_words(self) -> str:
        """The change with the keys as figures name them."""
        return ", ".join(f"{short(key)}: {before} → {after}" for key, before, after in self.levers)


@dataclass(frozen=True, eq=False, kw_only=True)
class TurningPoints(Result):
    """Changes that take an outcome's mean across a line, smallest first."""

    schema: ClassVar[Schema] = {
        "change": pl.String,
        "levers": pl.Int64,
        **dict.fromkeys(("size", "before", "after", "after_low", "after_high"), pl.Float64),
        "sure": pl.Boolean,
    }

    outcome: str
    line: float
    start: str  # where the changes start from
    at_start: Estimate
    changes: tuple[Change, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a change: levers, size, outcome before and after."""
        for change in self.changes:
            yield {
                "change": change.words,
                "levers": len(change.levers),
                "size": change.size,
                "before": change.before.value,
                **change.after.columns("after", "after_"),
                "sure": change.sure,
            }

    def figure(self) -> Figure:
        """Return the outcome at the start and after each change, smallest change first.

        Raises `NotInResults` if no change takes it across.
        """
        if not self.changes:
            raise NotInResults("no change within the sweep takes the outcome across the line")
        found = [("at the start", self.at_start)]
        found += [(change.short_words, change.after) for change in self.changes[:15]]
        rows = [{"label": label, **outcome.columns()} for label, outcome in found]
        axis = f"mean of {self.outcome}, and the line at {self.line:g}"
        title = "Smallest changes that take it across the line"
        if self.outcome in DERIVED:
            return dot_plot(rows, title, axis, mark=self.line, domain=(0.0, 1.0))
        return dot_plot(rows, title, axis, mark=self.line, format=".2f")


def turning_points(
    results: Results,
    start: Mapping[str, Value] | None = None,
    outcome: str = "signed",
    line: float = LINE,
) -> TurningPoints:
    """Return the smallest changes of levers that take an outcome's mean across a line.

    `start` gives values of swept keys to start from. Others are the first value of the sweep's
    line, or, where a sampled design draws them, the scenario's stated value (the middle of an
    interval).

    Raises NotInResults if nothing was swept, the start is no cell, or a sampled design has too few
    points.
    """
    swept = results.plan.swept
    if not swept:
        raise NotInResults("nothing was swept, so there are no levers to change")
    given = dict(start or {})
    for key in given:
        if key not in swept:
            raise NotInResults(
                f"'{key}' was not swept, so nothing starts from it; swept: {', '.join(swept)}"
            )
    across = _on_points if results.sampled else _on_grid
    return across(results, given, outcome, line)


def _side(value: float, line: float) -> str:
    return "at or above" if value >= line else "below"


def _on_grid(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    cells, options = results.plan.combinations, results.options
    wanted = {**cells[0].values, **{k: _known(k, v, options[k]) for k, v in given.items()}}
    start = " ".join(f"{key}={word(value)}" for key, value in wanted.items())
    number = next((n for n, entry in enumerate(cells) if dict(entry.values) == wanted), None)
    if number is None:
        raise NotInResults(f"no cell has the values {start}")
    values = results.outcome(outcome)
    found = [estimate(values[n : n + 1], share=outcome in DERIVED) for n in range(len(cells))]
    here = found[number]
    if not here.runs:
        raise NotInResults("the cell to start from has no runs")
    changes = [
        _change_of_cell(wanted, entry.values, options, (here, after), line)
        for entry, after in zip(cells, found, strict=True)
        if after.runs and (after.value >= line) != (here.value >= line)
    ]
    changes.sort(key=lambda c: (len(c.levers), c.size, -abs(c.after.value - line)))
    notes = [
        "Few levers come before many, then few steps before many; a word is one step, a number one "
        "step for each value of the sweep in between."
    ]
    if not changes:
        side = _side(here.value, line)
        notes.append(f"In every cell of the sweep the outcome stays {side} {line:g}.")
    return TurningPoints(
        outcome=outcome,
        line=line,
        start=start,
        at_start=here,
        changes=tuple(_smallest(changes)[:MOST_CHANGES]),
        notes=tuple(notes),
    )


def _known(key: str, value: Value, options: list[Value]) -> Value:
    """Return the swept value that was meant; `NotInResults` if it was not swept."""
    for option in options:
        if option == value or word(option) == word(value):
            return option
    known = ", ".join(word(option) for option in options)
    raise NotInResults(f"{key}={word(value)} was not swept; values: {known}")


def _change_of_cell(
    wanted: Mapping[str, Value],
    values: Mapping[str, Value],
    options: Mapping[str, list[Value]],
    outcomes: tuple[Estimate, Estimate],
    line: float,
) -> Change:
    before, after = outcomes
    differing = [key for key in wanted if values[key] != wanted[key]]
    steps = sum(_steps(wanted[key], values[key], options[key]) for key in differing)
    return Change(
        levers=tuple((key, word(wanted[key]), word(values[key])) for key in differing),
        size=float(steps),
        before=before,
        after=after,
        sure=after.low > line > before.high or after.high < line < before.low,
    )


def _steps(before: Value, after: Value, options: list[Value]) -> int:
    """Return how many values of the sweep a number moves by; 1 for a word."""
    scale = sorted(v for v in options if isinstance(v, (int, float)) and not isinstance(v, bool))
    if len(scale) < len(options):
        return 1
    places: dict[Value, int] = {value: n for n, value in enumerate(scale)}
    return abs(places[after] - places[before])


def _smallest(changes: list[Change]) -> list[Change]:
    """Return the changes of which no part is a change that is as sure."""
    kept: list[Change] = []
    for change in changes:
        parts = [k for k in kept if set(k.levers) < set(change.levers)]
        if not any(part.sure or not change.sure for part in parts):
            kept.append(change)
    return kept


class Lever(NamedTuple):
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


def _on_points(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    """Return the smallest changes of one or two drawn numbers that take the outcome across."""
    from threadpoolctl import threadpool_limits

    number = _combination(results, given)
    points = np.arange(results.points)
    means = cell_means(results.outcome(outcome)[number * results.points + points])
    _check_means(means, outcome)
    levers = _levers(results)
    cube = np.array(
        [[lever.share(x) for lever, x in zip(levers, p, strict=True)] for p in results.plan.points]
    )
    clusters = results.clusters_of(points)
    assert clusters is not None
    there = np.isfinite(means)
    seen = cube[there], means[there]
    begin = np.array([_begin(results, lever, given) for lever in levers])
    with threadpool_limits(1):
        kind, score = better_kind(*seen, clusters[there])
        fit = Fit(kind(*seen), refits(kind, *seen, clusters[there]), len(seen[0]), line)
        at_start = fit.estimate(begin)
        crossing = [*fit.one_lever(begin), *fit.two_levers(begin)]
        changes = [_change(fit, levers, begin, end, at_start) for end in crossing]
    changes.sort(key=lambda c: (len(c.levers), c.size))
    notes = [
        f"Read off {fit.model.name} fitted to {fit.points:,} points; on points that it "
        f"had not seen it foresees their means with R² = {score:.2f}. Sizes are in shares of each "
        f"lever's range; intervals and certainty come from {REFITS} refits to resampled points.",
        "One lever is changed at a time, and two of those that move the outcome most.",
    ]
    if score < 0.5:
        notes.append("That is a poor model: take these changes as hints, and sweep them directly.")
    if not changes:
        side = _side(at_start.value, line)
        notes.append(f"With one or two levers changed the model stays {side} {line:g}.")
    return TurningPoints(
        outcome=outcome,
        line=line,
        start=_start(results, number, given),
        at_start=at_start,
        changes=tuple(changes[:MOST_CHANGES]),
        notes=tuple(notes),
    )


def _check_means(means: Floats, outcome: str) -> None:
    known = means[np.isfinite(means)]
    if len(known) < FEWEST_POINTS:
        raise NotInResults(f"the inverse question needs at least {FEWEST_POINTS} points with runs")
    if known.min() < 0.0 or known.max() > 1.0:
        raise NotInResults(f"the inverse question needs an outcome in [0, 1], not '{outcome}'")
    if np.ptp(known) == 0.0:
        raise NotInResults("the outcome is the same at all points, so no lever moves it")


def _combination(results: Results, given: Mapping[str, Value]) -> int:
    chosen = {key: word(value) for key, value in given.items() if key in results.chosen_keys}
    for number, entry in enumerate(results.plan.combinations):
        if all(word(entry.values[key]) == value for key, value in chosen.items()):
            return number
    values = " ".join(f"{key}={value}" for key, value in chosen.items())
    raise NotInResults(f"no cell has the values {values}")


def _start(results: Results, number: int, given: Mapping[str, Value]) -> str:
    values = dict(results.plan.combinations[number].values)
    values |= {key: given[key] for key in results.plan.point_keys if key in given}
    shown = [f"{key}={word(value)}" for key, value in values.items()]
    return ", ".join([*shown, "all other drawn numbers as stated (intervals: in the middle)"])


def _levers(results: Results) -> list[Lever]:
    low, high = results.plan.design["low"], results.plan.design["high"]
    assert isinstance(low, list)
    assert isinstance(high, list)
    return [Lever(*lever) for lever in zip(results.plan.point_keys, low, high, strict=True)]


def _begin(results: Results, lever: Lever, given: Mapping[str, Value]) -> float:
    """Return where in a lever's range the changes start."""
    value: object = given.get(lever.key)
    assumed = results.plan.design.get("assumed", [])
    if value is None and isinstance(assumed, list) and lever.key in assumed:
        value = at(results.config_of(0), lever.key)
    if not isinstance(value, (int, float)):
        return 0.5
    return float(np.clip(lever.share(float(value)), 0.0, 1.0))


class Fit(NamedTuple):
    """A model of the outcome, the same refitted to resampled points, and the line to cross."""

    model: Model
    refits: Sequence[Model]
    points: int  # points that it was fitted to
    line: float

    def foreseen(self, point: Floats) -> float:
        """Return the outcome that the model foresees at a point."""
        return float(self.model.predict(point[np.newaxis])[0])

    def estimate(self, point: Floats) -> Estimate:
        """Return the same with the 95 % interval of the refits."""
        value = self.foreseen(point)
        again = [float(refit.predict(point[np.newaxis])[0]) for refit in self.refits]
        if len(again) < 2:
            return Estimate(value, float("nan"), float("nan"), self.points)
        low, high = (float(q) for q in np.quantile(again, (0.025, 0.975)))
        return Estimate(value, min(low, value), max(high, value), self.points)

    def nearest_across(self, begin: Floats, moved: Floats) -> Floats | None:
        """Return which of some points is the nearest on the other side of the line, if any is."""
        across = (self.model.predict(moved) >= self.line) != (self.foreseen(begin) >= self.line)
        if not across.any():
            return None
        distance = np.hypot.reduce(moved - begin, axis=1)
        nearest: Floats = moved[np.argmin(np.where(across, distance, np.inf))]
        return nearest

    def one_lever(self, begin: Floats) -> list[Floats]:
        """Return for each lever the nearest point across the line that it alone leads to."""
        found = [self.nearest_across(begin, _moved(begin, n)) for n in range(len(begin))]
        return [end for end in found if end is not None]

    def two_levers(self, begin: Floats) -> list[Floats]:
        """Return the same for pairs of the strongest levers that do not lead across alone."""
        alone = {int(np.argmax(end != begin)) for end in self.one_lever(begin)}
        strength = [np.ptp(self.model.predict(_moved(begin, n))) for n in range(len(begin))]
        strongest = sorted(np.argsort(strength)[::-1][:PAIRED_LEVERS].tolist())
        grid = np.linspace(0.0, 1.0, PAIR_GRID)
        one, other = (side.ravel() for side in np.meshgrid(grid, grid))
        found = []
        for a, b in combinations([n for n in strongest if n not in alone], 2):
            moved = np.tile(begin, (len(one), 1))
            moved[:, a], moved[:, b] = one, other
            found.append(self.nearest_across(begin, moved))
        return [end for end in found if end is not None]


def _moved(begin: Floats, lever: int) -> Floats:
    """Return points that differ from the start in one lever, over its whole range."""
    moved = np.tile(begin, (GRID, 1))
    moved[:, lever] = np.linspace(0.0, 1.0, GRID)
    return moved


def _change(
    fit: Fit, levers: Sequence[Lever], begin: Floats, end: Floats, before: Estimate
) -> Change:
    after = fit.estimate(end)
    ends = np.stack([begin, end])
    across = np.array([before.value, after.value]) >= fit.line
    agree = [((refit.predict(ends) >= fit.line) == across).all() for refit in fit.refits]
    return Change(
        levers=tuple(
            (lever.key, word(lever.value(float(begin[n]))), word(lever.value(float(end[n]))))
            for n, lever in enumerate(levers)
            if end[n] != begin[n]
        ),
        size=float(np.linalg.norm(end - begin)),
        before=before,
        after=after,
        sure=bool(np.mean(agree) >= 0.9),
    )
