"""PRIM: boxes of inputs in which an outcome is common, or rare (Friedman and Fisher 1999).

Peeling takes away the slice whose loss raises the mean most for what it costs in mass; pasting
puts slices back where that does not lower it. Quasi-p-values are Bryant and Lempert's (2010).
`prim_boxes` looks for the boxes of a sweep: signed when ... and ...
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.charts import Figure, Result, Schema, drawn
from sim.analysis.inputs import Table, cell_means, drawn_cells, table_of
from sim.analysis.results import Floats, NotInResults, Results, word

Mask = NDArray[np.bool_]

STEP = 0.05
"""Share of the rows that a peel takes away, or pasting puts back."""
MOST_BOXES = 2


@dataclass(frozen=True, eq=False)
class Limits:
    """A box: for each restricted input a closed range, or a set of words' places."""

    # lowest and highest value inside, by the input's place; infinite where it is open
    ranges: dict[int, tuple[float, float]]
    sets: dict[int, frozenset[float]]  # places of the words inside

    @property
    def restricted(self) -> list[int]:
        """Places of the restricted inputs."""
        return sorted([*self.ranges, *self.sets])

    def without(self, place: int) -> "Limits":
        """Return the box with one input set free."""
        return Limits(
            {k: v for k, v in self.ranges.items() if k != place},
            {k: v for k, v in self.sets.items() if k != place},
        )

    def within(self, place: int, low: float, high: float) -> "Limits":
        """Return the box with another range of one input."""
        free = low == -np.inf and high == np.inf
        ranges = {k: v for k, v in self.ranges.items() if k != place}
        return Limits(ranges if free else ranges | {place: (low, high)}, self.sets)

    def inside(self, values: Floats) -> Mask:
        """Return which rows lie in the box."""
        held: Mask = np.ones(len(values), bool)
        for place, (low, high) in self.ranges.items():
            held &= (values[:, place] >= low) & (values[:, place] <= high)
        for place, words in self.sets.items():
            held &= np.isin(values[:, place], list(words))
        return held


@dataclass(frozen=True, eq=False)
class Box:
    """A box and how good it is."""

    limits: Limits
    mass: float  # share of all rows that lie in it
    density: float  # mean outcome in it
    coverage: float  # share of the whole outcome that lies in it


def box_of(limits: Limits, held: Mask, outcome: Floats) -> Box:
    """Return a box with its mass, density and coverage; `held` says which rows lie in it."""
    total, inside = float(outcome.sum()), outcome[held]
    return Box(
        limits,
        mass=float(held.mean()),
        density=float(inside.mean()) if len(inside) else 0.0,
        coverage=float(inside.sum() / total) if total > 0 else 0.0,
    )


def peel(
    values: Floats, outcome: Floats, words: Mapping[int, list[str]], least: float = 0.05
) -> list[Box]:
    """Return the boxes of one peeling, from all rows to the last that raises the mean.

    values: shape (rows, inputs).
    outcome: in [0, 1], shape (rows,).
    words: words of each input that is no number, by its place.
    least: smallest mass of a box.
    """
    limits = Limits({}, {})
    held: Mask = np.ones(len(values), bool)
    path = [box_of(limits, held, outcome)]
    floor = max(1, int(np.ceil(least * len(values))))
    while True:
        mean, count = float(outcome[held].mean()), int(held.sum())
        best, gain = None, 1e-12
        for candidate, kept in _peels(limits, held, values, words):
            size = int(kept.sum())
            if floor <= size < count:
                # Gain of the mean for each row given up (Kwakkel and Jaxa-Rozen 2016).
                found = (float(outcome[kept].mean()) - mean) / (count - size)
                if found > gain:
                    best, gain = (candidate, kept), found
        if best is None:
            return path
        limits, held = best
        path.append(box_of(limits, held, outcome))


def _peels(
    limits: Limits, held: Mask, values: Floats, words: Mapping[int, list[str]]
) -> Iterator[tuple[Limits, Mask]]:
    """Yield the boxes that one peel of any input leaves, with the rows in them."""
    for place in range(values.shape[1]):
        column = values[held, place]
        if place in words:
            there = np.unique(column)
            for one in there if len(there) > 1 else []:
                rest = frozenset(float(other) for other in there if other != one)
                sets = {**limits.sets, place: rest}
                yield Limits(limits.ranges, sets), held & (values[:, place] != one)
            continue
        low, high = limits.ranges.get(place, (-np.inf, np.inf))
        above = column[column > np.quantile(column, STEP, method="lower")]
        below = column[column < np.quantile(column, 1 - STEP, method="higher")]
        if len(above):
            edge = float(above.min())
            yield limits.within(place, edge, high), held & (values[:, place] >= edge)
        if len(below):
            edge = float(below.max())
            yield limits.within(place, low, edge), held & (values[:, place] <= edge)


def paste(box: Box, values: Floats, outcome: Floats) -> Box:
    """Return a box with slices put back as long as that does not lower its mean."""
    while True:
        grown = box
        for limits in _pastes(box, values):
            wider = box_of(limits, limits.inside(values), outcome)
            if wider.density >= box.density and wider.mass > grown.mass:
                grown = wider
        if grown is box:
            return box
        box = grown


def _pastes(box: Box, values: Floats) -> Iterator[Limits]:
    """Yield the boxes with one slice put back at one end of a range."""
    count = max(1, int(STEP * box.mass * len(values)))
    for place, (low, high) in box.limits.ranges.items():
        free = box.limits.without(place).inside(values)
        column = values[:, place]
        under = np.sort(column[free & (column < low)])
        over = np.sort(column[free & (column > high)])
        if len(under):
            yield box.limits.within(place, float(under[-min(count, len(under))]), high)
        if len(over):
            yield box.limits.within(place, low, float(over[min(count, len(over)) - 1]))


def simplified(box: Box, values: Floats, outcome: Floats, slack: float = 0.1) -> Box:
    """Return a box without the restrictions that add next to nothing.

    Restrictions are set free, the least telling first, as long as that costs at most `slack` of
    what the box gains over the mean of all rows.
    """
    floor = box.density - slack * (box.density - float(outcome.mean()))
    while len(box.limits.restricted) > 1:
        looser = [_freed(box, place, values, outcome) for place in box.limits.restricted]
        best = max(looser, key=lambda found: found.density)
        if best.density < floor:
            return box
        box = best
    return box


def _freed(box: Box, place: int, values: Floats, outcome: Floats) -> Box:
    limits = box.limits.without(place)
    return box_of(limits, limits.inside(values), outcome)


def quasi_p_values(box: Box, values: Floats, outcome: Floats) -> dict[int, float]:
    """Return for each restricted input how well its restriction could be luck.

    The probability that as many rows, drawn at random from the box without that restriction, have
    as much of the outcome (Bryant and Lempert 2010, *Technological Forecasting and Social Change*
    77). It is called quasi since the box was looked for.
    """
    held = box.limits.inside(values)
    count, hits = int(held.sum()), round(float(outcome[held].sum()))
    found = {}
    for place in box.limits.restricted:
        wider = box.limits.without(place).inside(values)
        rate = float(outcome[wider].mean())
        found[place] = float(stats.binom.sf(hits - 1, count, rate))
    return found


def without_luck(box: Box, values: Floats, outcome: Floats, most: float = 0.1) -> Box:
    """Return a box without the restrictions that could well be luck, the likeliest set free first.

    Restrictions with a quasi-p-value of up to `most` are kept, and one in any case. Rows are to be
    independent cases.
    """
    while len(box.limits.restricted) > 1:
        found = quasi_p_values(box, values, outcome)
        worst = max(found, key=lambda place: found[place])
        if found[worst] <= most:
            break
        box = _freed(box, worst, values, outcome)
    return box


def chosen(path: list[Box], ambition: float = 0.75) -> Box:
    """Return the box of a peeling to show: wide enough to matter, dense enough to tell.

    The first, and so the widest, that gains at least `ambition` of what the densest box gains over
    the mean of all rows.
    """
    start, top = path[0].density, max(box.density for box in path)
    return next(box for box in path if box.density >= start + ambition * (top - start) - 1e-12)


@dataclass(frozen=True, eq=False, kw_only=True)
class Scenario:
    """One box in words."""

    box: Box
    # restricted input, what it is restricted to, and the restriction's quasi-p-value
    limits: tuple[tuple[str, str, float], ...]
    path: tuple[Box, ...]  # the peeling that led to it

    @property
    def words(self) -> str:
        """The box as a condition, e.g. ``agenda is interim_allowed and beta at most 0.6``."""
        return " and ".join(f"{key} {limit}" for key, limit, _ in self.limits) or "always"


@dataclass(frozen=True, eq=False, kw_only=True)
class Boxes(Result):
    """Boxes of one outcome, each found among what the ones before left over."""

    schema: ClassVar[Schema] = {
        "box": pl.Int64,
        "input": pl.String,
        "limit": pl.String,
        **dict.fromkeys(("quasi_p", "density", "coverage", "mass"), pl.Float64),
    }

    outcome: str
    absent: bool  # whether the boxes are those in which the outcome is rare
    share: float  # mean outcome of all cells, or one less it if `absent`
    found: tuple[Scenario, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a box and restriction, with the box's density, coverage and mass."""
        for n, scenario in enumerate(self.found, start=1):
            for key, limit, p in scenario.limits:
                yield {
                    "box": n,
                    "input": key,
                    "limit": limit,
                    "quasi_p": p,
                    "density": scenario.box.density,
                    "coverage": scenario.box.coverage,
                    "mass": scenario.box.mass,
                }

    def figure(self) -> Figure:
        """Return coverage against density along the peelings, the chosen boxes marked."""
        what = "no deal" if self.absent else "a deal"
        title = f"Boxes of {what}: how common inside, how much of it inside"
        names = [f"box {n + 1}" for n in range(len(self.found))]
        return Figure(drawn("boxes", list(self._drawn()), boxes=names), title, 280)

    def _drawn(self) -> Iterator[Mapping[str, object]]:
        for n, scenario in enumerate(self.found, start=1):
            for box in (*scenario.path, scenario.box):
                shown = box is scenario.box
                yield {
                    "box": f"box {n}",
                    "coverage": box.coverage,
                    "density": box.density,
                    "mass": box.mass,
                    "restricted": len(box.limits.restricted),
                    "shown": shown,
                    "told": scenario.words if shown else "",
                }


def prim_boxes(
    results: Results, outcome: str = "signed", absent: bool = False, most: int = MOST_BOXES
) -> Boxes:
    """Find the boxes in which the mean by cell of an outcome in [0, 1] is high, or low if `absent`.

    At most `most` boxes, each found among the cells that the ones before left over.

    Raises NotInResults if there are too few cells, or the outcome is the same in all.
    """
    means = cell_means(results.outcome(outcome))
    cells = results.independent_cells()
    cells = cells[np.isfinite(means[cells])]
    if len(cells) < 4 or not results.plan.swept:
        raise NotInResults("boxes need at least four cells")
    cells = drawn_cells(cells, np.random.default_rng(1))
    mean = 1.0 - means[cells] if absent else means[cells]
    if np.ptp(mean) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so no box can be told apart")
    if mean.min() < 0.0 or mean.max() > 1.0:
        raise NotInResults(f"boxes need an outcome between 0 and 1, and '{outcome}' is none")
    table = table_of(results, cells)
    left = np.ones(len(cells), bool)
    found: list[Scenario] = []
    while len(found) < most:
        scenario = _next_box(table, mean, left, results.sampled)
        if scenario is None:
            break
        found.append(scenario)
        left &= ~scenario.box.limits.inside(table.values)
    if not found:
        raise NotInResults("no box is denser than all cells together")
    share = float(mean.mean())
    return Boxes(
        outcome=outcome,
        absent=absent,
        share=share,
        found=tuple(found),
        notes=_notes(found, absent, share),
    )


def _next_box(table: Table, mean: Floats, left: Mask, sampled: bool) -> Scenario | None:
    """Return the box found among the cells that are left, None if none is dense enough."""
    values, outcome = table.values[left], mean[left]
    if len(values) < 4 or np.ptp(outcome) == 0.0:
        return None
    path = peel(values, outcome, table.words)
    if len(path) == 1:
        return None
    best = paste(simplified(chosen(path), values, outcome), values, outcome)
    if sampled:
        best = without_luck(best, values, outcome)
    if best.density <= float(mean.mean()):
        return None
    # Coverage and mass of all cells; density and luck of those that were left.
    whole = box_of(best.limits, best.limits.inside(table.values) & left, mean)
    p_values = quasi_p_values(best, values, outcome)
    limits = tuple(
        (table.keys[place], _limit(table, best, place), p_values[place])
        for place in best.limits.restricted
    )
    return Scenario(box=whole, limits=limits, path=tuple(path))


def _limit(table: Table, box: Box, place: int) -> str:
    if place in box.limits.sets:
        names = [table.words[place][int(n)] for n in sorted(box.limits.sets[place])]
        return f"is {' or '.join(names)}"
    low, high = box.limits.ranges[place]
    if low == -np.inf:
        return f"at most {word(high)}"
    if high == np.inf:
        return f"at least {word(low)}"
    return f"between {word(low)} and {word(high)}"


def _notes(found: list[Scenario], absent: bool, share: float) -> tuple[str, ...]:
    what = "no deal" if absent else "a deal"
    boxes = [
        f"Box {n}: {scenario.words}. There is {what} in {100 * scenario.box.density:.0f} % of "
        f"runs, against {100 * share:.0f} % in all cells."
        for n, scenario in enumerate(found, start=1)
    ]
    return (
        *boxes,
        "Density is the mean outcome in the box, coverage the share of the whole outcome that the "
        "box holds, mass its share of the cells. Boxes are looked for, so their density is a "
        "little flattered; quasi-p-values count cells as independent cases.",
    )
