"""PRIM: boxes of inputs in which an outcome is common (Friedman and Fisher 1999).

Peeling takes away the slice whose loss raises the mean most for what it costs in mass; pasting
puts slices back where that does not lower it. Quasi-p-values are Bryant and Lempert's (2010).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Limits:
    """A box: for each restricted input a closed range, or a set of words' places.

    Attributes
    ----------
    ranges : dict of int to tuple of float
        Lowest and highest value inside, by the input's place; infinite where it is open.
    sets : dict of int to frozenset of float
        Places of the words inside.
    """

    ranges: dict[int, tuple[float, float]]
    sets: dict[int, frozenset[float]]

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
    """A box and how good it is.

    Attributes
    ----------
    limits : Limits
    mass : float
        Share of all rows that lie in it.
    density : float
        Mean outcome in it.
    coverage : float
        Share of the whole outcome that lies in it.
    """

    limits: Limits
    mass: float
    density: float
    coverage: float


def peel(
    values: Floats, outcome: Floats, words: dict[int, list[str]], step: float = 0.05,
    least: float = 0.05,
) -> list[Box]:  # fmt: skip
    """Return the boxes of one peeling, from all rows to the last that raises the mean.

    Parameters
    ----------
    values : array, shape (rows, inputs)
    outcome : array, shape (rows,)
        In [0, 1].
    words : dict
        Words of each input that is no number, by its place.
    step : float
        Share of the rows that a peel takes away.
    least : float
        Smallest mass of a box.
    """
    limits = Limits({}, {})
    held: Mask = np.ones(len(values), bool)
    path = [box_of(limits, held, outcome)]
    floor = max(1, int(np.ceil(least * len(values))))
    while True:
        mean, count = float(outcome[held].mean()), int(held.sum())
        best, gain = None, 1e-12
        for candidate, kept in _peels(limits, held, values, words, step):
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
    limits: Limits, held: Mask, values: Floats, words: dict[int, list[str]], step: float
) -> Iterator[tuple[Limits, Mask]]:
    """Yield the boxes that take one slice off, and the rows that they hold."""
    for place in range(values.shape[1]):
        column = values[held, place]
        if place in words:
            there = np.unique(column)
            for word in there if len(there) > 1 else []:
                rest = frozenset(float(w) for w in there if w != word)
                sets = {**limits.sets, place: rest}
                yield Limits(limits.ranges, sets), held & (values[:, place] != word)
            continue
        low, high = limits.ranges.get(place, (-np.inf, np.inf))
        above = column[column > np.quantile(column, step, method="lower")]
        below = column[column < np.quantile(column, 1 - step, method="higher")]
        if len(above):
            edge = float(above.min())
            yield limits.within(place, edge, high), held & (values[:, place] >= edge)
        if len(below):
            edge = float(below.max())
            yield limits.within(place, low, edge), held & (values[:, place] <= edge)


def paste(box: Box, values: Floats, outcome: Floats, step: float = 0.05) -> Box:
    """Return a box with slices put back as long as that does not lower its mean."""
    while True:
        count = max(1, int(step * box.mass * len(values)))
        grown = box
        for place, (low, high) in box.limits.ranges.items():
            free = box.limits.without(place).inside(values)
            column = values[:, place]
            under, over = (
                np.sort(column[free & (column < low)]),
                np.sort(column[free & (column > high)]),
            )
            ends = [(float(under[-min(count, len(under))]), high)] if len(under) else []
            ends += [(low, float(over[min(count, len(over)) - 1]))] if len(over) else []
            for low_end, high_end in ends:
                limits = box.limits.within(place, low_end, high_end)
                wider = box_of(limits, limits.inside(values), outcome)
                if wider.density >= box.density and wider.mass > grown.mass:
                    grown = wider
        if grown is box:
            return box
        box = grown


def simplified(box: Box, values: Floats, outcome: Floats, slack: float = 0.1) -> Box:
    """Return a box without the restrictions that add next to nothing.

    Restrictions are set free, the least telling first, as long as that costs at most `slack` of
    what the box gains over the mean of all rows.
    """
    floor = box.density - slack * (box.density - float(outcome.mean()))
    while len(box.limits.restricted) > 1:
        looser = [box.limits.without(place) for place in box.limits.restricted]
        best = max(
            (box_of(limits, limits.inside(values), outcome) for limits in looser),
            key=lambda found: found.density,
        )
        if best.density < floor:
            return box
        box = best
    return box


def box_of(limits: Limits, held: Mask, outcome: Floats) -> Box:
    """Return a box with its mass, density and coverage."""
    total, inside = float(outcome.sum()), outcome[held]
    return Box(
        limits,
        mass=float(held.mean()),
        density=float(inside.mean()) if len(inside) else 0.0,
        coverage=float(inside.sum() / total) if total > 0 else 0.0,
    )


def quasi_p_values(box: Box, values: Floats, outcome: Floats) -> dict[int, float]:
    """Return for each restricted input how well its restriction could be luck.

    The probability that as many rows, drawn at random from the box without that restriction, have
    as much of the outcome. It is called quasi since the box was looked for.

    References
    ----------
    Bryant and Lempert (2010), *Technological Forecasting and Social Change* 77.
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

    Parameters
    ----------
    box : Box
    values, outcome : array
        Rows that are independent cases.
    most : float
        Largest quasi-p-value of a restriction that is kept; one restriction is always kept.
    """
    while len(box.limits.restricted) > 1:
        found = quasi_p_values(box, values, outcome)
        worst = max(found, key=lambda place: found[place])
        if found[worst] <= most:
            break
        limits = box.limits.without(worst)
        box = box_of(limits, limits.inside(values), outcome)
    return box


def chosen(path: list[Box], ambition: float = 0.75) -> Box:
    """Return the box of a peeling to show: wide enough to matter, dense enough to tell.

    The first, and so the widest, that gains at least `ambition` of what the densest box gains over
    the mean of all rows.
    """
    start, top = path[0].density, max(box.density for box in path)
    return next(box for box in path if box.density >= start + ambition * (top - start) - 1e-12)
