"""PRIM: boxes of inputs in which an outcome is common (Friedman and Fisher 1999).

Peeling takes away the slice whose loss raises the mean most for what it costs in mass; pasting
puts slices back where that does not lower it. Quasi-p-values are Bryant and Lempert's (2010).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from sim.analysis.charts import Result
from sim.analysis.importance import MOST_CELLS, Table, cell_means, table_of
from sim.analysis.results import NotInResults, Results, word

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


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


# ---- Signed when ... and ...: boxes of inputs in which a deal, or none, is common.

MOST_BOXES = 2


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

    outcome: str
    absent: bool  # whether the boxes are those in which the outcome is rare
    share: float  # mean outcome of all cells, or one less it if `absent`
    found: tuple[Scenario, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a box and restriction, with the box's density, coverage and mass."""
        rows = [
            {
                "box": n + 1,
                "input": key,
                "limit": limit,
                "quasi_p": p,
                "density": scenario.box.density,
                "coverage": scenario.box.coverage,
                "mass": scenario.box.mass,
            }
            for n, scenario in enumerate(self.found)
            for key, limit, p in scenario.limits
        ]
        kinds = {"box": pl.Int64, "input": pl.String, "limit": pl.String}
        figures = dict.fromkeys(("quasi_p", "density", "coverage", "mass"), pl.Float64)
        return pl.DataFrame(rows, {**kinds, **figures})

    def plot(self) -> "Chart":
        """Return coverage against density along the peelings, the chosen boxes marked."""
        import altair as alt

        from sim.analysis.charts import data, finished

        rows = []
        for n, scenario in enumerate(self.found):
            rows += [
                {
                    "box": f"box {n + 1}",
                    "coverage": box.coverage,
                    "density": box.density,
                    "mass": box.mass,
                    "restricted": len(box.limits.restricted),
                    "shown": box is scenario.box,
                    "told": scenario.words if box is scenario.box else "",
                }
                for box in (*scenario.path, scenario.box)
            ]
        axis = alt.Axis(format=".0%")
        x = alt.X("coverage:Q", axis=axis, scale=alt.Scale(domain=[0, 1]),
                  title="coverage: share of all such runs that lie in the box")  # fmt: skip
        y = alt.Y("density:Q", axis=axis, scale=alt.Scale(domain=[0, 1]),
                  title="density: share of runs in the box")  # fmt: skip
        tips = [alt.Tooltip("box:N"), alt.Tooltip("told:N"), alt.Tooltip("restricted:Q")]
        tips += [alt.Tooltip(f"{k}:Q", format=".0%") for k in ("coverage", "density", "mass")]
        names = [f"box {n + 1}" for n in range(len(self.found))]
        scale = alt.Scale(domain=names)
        base = alt.Chart(data(rows)).encode(
            x=x, y=y, color=alt.Color("box:N", title="peeling", scale=scale)
        )
        lines = base.mark_line(strokeWidth=1.5).encode(
            strokeDash=alt.StrokeDash("box:N", title="peeling", scale=scale),
            order=alt.Order("mass:Q"),
        )
        points = base.mark_point(size=35, filled=True, opacity=0.9).encode(
            shape=alt.Shape("box:N", title="peeling", scale=scale), tooltip=tips
        )
        marked = (
            base.transform_filter("datum.shown")
            .mark_point(size=260, strokeWidth=2)
            .encode(shape=alt.Shape("box:N", title="peeling", scale=scale))
        )
        what = "no deal" if self.absent else "a deal"
        title = f"Boxes of {what}: how common inside, how much of it inside"
        return finished(alt.layer(lines, points, marked), title, 280)


def prim_boxes(
    results: Results, outcome: str = "signed", absent: bool = False, most: int = MOST_BOXES
) -> Boxes:
    """Find where an outcome is common, or rare.

    Parameters
    ----------
    results : Results
    outcome : str
        An outcome in [0, 1], see `Results.outcome`; its mean by cell is used.
    absent : bool
        Look for where it is rare.
    most : int
        How many boxes, each among the cells that the ones before left over.

    Raises
    ------
    NotInResults
        If there are too few cells, or the outcome is the same in all.
    """
    means = cell_means(results.outcome(outcome))
    cells = results.independent_cells()
    cells = cells[np.isfinite(means[cells])]
    if len(cells) < 4 or not results.plan.swept:
        raise NotInResults("boxes need at least four cells")
    if len(cells) > MOST_CELLS:
        cells = np.sort(np.random.default_rng(1).choice(cells, MOST_CELLS, replace=False))
    mean = 1.0 - means[cells] if absent else means[cells]
    if np.ptp(mean) == 0.0:
        raise NotInResults("the outcome is the same in all cells, so no box can be told apart")
    if mean.min() < 0.0 or mean.max() > 1.0:
        raise NotInResults(f"boxes need an outcome between 0 and 1, and '{outcome}' is none")
    table = table_of(results, cells)
    left = np.ones(len(cells), bool)
    found: list[Scenario] = []
    for _ in range(most):
        if left.sum() < 4 or np.ptp(mean[left]) == 0.0:
            break
        path = peel(table.values[left], mean[left], table.words)
        if len(path) == 1:
            break
        best = simplified(chosen(path), table.values[left], mean[left])
        best = paste(best, table.values[left], mean[left])
        if results.sampled:
            best = without_luck(best, table.values[left], mean[left])
        if best.density <= float(mean.mean()):
            break
        held = best.limits.inside(table.values)
        # Coverage and mass of all cells; density and luck of those that were left.
        whole = box_of(best.limits, held & left, mean)
        p_values = quasi_p_values(best, table.values[left], mean[left])
        limits = tuple(
            (table.keys[place], _limit(table, best, place), p_values[place])
            for place in best.limits.restricted
        )
        found.append(Scenario(box=whole, limits=limits, path=tuple(path)))
        left &= ~held
    if not found:
        raise NotInResults("no box is denser than all cells together")
    what = "no deal" if absent else "a deal"
    told = [
        f"Box {n}: {scenario.words}. There is {what} in {100 * scenario.box.density:.0f} % of "
        f"runs, against {100 * mean.mean():.0f} % in all cells."
        for n, scenario in enumerate(found, start=1)
    ]
    notes = (
        *told,
        "Density is the mean outcome in the box, coverage the share of the whole outcome that the "
        "box holds, mass its share of the cells. Boxes are looked for, so their density is a "
        "little flattered; quasi-p-values count cells as independent cases.",
    )
    return Boxes(
        outcome=outcome,
        absent=absent,
        share=float(mean.mean()),
        found=tuple(found),
        notes=notes,
    )


def _limit(table: Table, box: Box, place: int) -> str:
    if place in box.limits.sets:
        names = [table.words[place][int(n)] for n in sorted(box.limits.sets[place])]
        return f"is {' or '.join(names)}"
    low, high = box.limits.ranges[place]
    if low == -np.inf:
        return f"at most {word(float(high))}"
    if high == np.inf:
        return f"at least {word(float(low))}"
    return f"between {word(float(low))} and {word(float(high))}"
