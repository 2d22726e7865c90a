"""The inverse question: the smallest change of named levers that takes P(signed) across a line.

On a factorial grid the answer is read off the cells: how many keys differ, and by how many steps. A
change is listed where both sides are clear of the line, as one of all cells, and each of its levers
makes a difference. On a sampled design changes are proposed only: each comes with the line of a
sweep that plays it, whose report says whether it holds.
"""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from sim.analysis.charts import Figure, Result, Schema, dot_plot
from sim.analysis.results import Floats, NotInResults, Results, short, word
from sim.errors import did_you_mean
from sim.runs.intervals import LEVEL, Clusters, Estimate, Z, estimate, paired_estimate
from sim.sweeps.columns import DERIVED, is_share
from sim.sweeps.overrides import Value

LINE = 0.5
CONFIRMING = 1000
"""Replicates of the sweep that plays a proposal."""
DESIGN_KEYS = ("design", "samples", "assumptions", "common_chance", "replicates", "trace")
"""Words of a sampled design's line that a sweep of the proposal has no use for."""
MOST_CHANGES = 25


@dataclass(frozen=True, eq=False, kw_only=True)
class Change:
    """A change of levers that takes the outcome across the line."""

    levers: tuple[tuple[str, str, str], ...]  # key, value before, value after
    size: float  # steps on the grid (a word is one step); for a proposal a share of the range
    # before, after: outcome on either side
    before: Estimate
    after: Estimate
    sure: bool  # whether it was played and holds; a proposal is not
    played_by: str = ""  # line of the sweep that plays a proposal

    def words(self, named: Callable[[str], str] = str) -> str:
        """Return the change, e.g. ``agenda: single_undertaking → interim_allowed``."""
        return ", ".join(f"{named(key)}: {before} → {after}" for key, before, after in self.levers)


@dataclass(frozen=True, eq=False, kw_only=True)
class TurningPoints(Result):
    """Changes that take an outcome's mean across a line, smallest first."""

    schema: ClassVar[Schema] = {
        "change": pl.String,
        "levers": pl.Int64,
        **dict.fromkeys(("size", "before", "after", "after_low", "after_high"), pl.Float64),
        "sure": pl.Boolean,
        "played_by": pl.String,
    }

    outcome: str
    line: float
    at_start: Estimate
    changes: tuple[Change, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a change: levers, size, outcome before and after."""
        for change in self.changes:
            yield {
                "change": change.words(),
                "levers": len(change.levers),
                "size": change.size,
                "before": change.before.value,
                **change.after.columns("after", "after_"),
                "sure": change.sure,
                "played_by": change.played_by,
            }

    def figure(self) -> Figure:
        """Return the outcome at the start and after each change, smallest change first.

        Raises `NotInResults` if no change takes it across.
        """
        if not self.changes:
            raise NotInResults("no change within the sweep takes the outcome across the line")
        found = [("at the start", self.at_start)]
        found += [(change.words(short), change.after) for change in self.changes[:15]]
        rows = [{"label": label, **outcome.columns()} for label, outcome in found]
        axis = f"mean of {self.outcome}, and the line at {self.line:g}"
        played = all(change.sure for change in self.changes)
        title = "Smallest changes that take it across the line"
        title += "" if played else ": proposals, not played"
        if is_share(self.outcome):
            return dot_plot(rows, title, axis, mark=self.line, domain=(0.0, 1.0))
        return dot_plot(rows, title, axis, mark=self.line, format=".2f")


def turning_points(
    results: Results,
    start: Mapping[str, Value] | None = None,
    outcome: str = "signed",
    line: float | None = None,
) -> TurningPoints:
    """Return the smallest changes of levers that take an outcome's mean across a line.

    `start` gives values of swept keys to start from. Others are the first value of the sweep's
    line. `line` is one half for a share of runs; for other outcomes there is none by itself.

    Raises NotInResults if nothing was swept, the start is no cell, it has no runs, or no line is
    given where there is none.
    """
    if line is None:
        if outcome in DERIVED and not is_share(outcome):
            raise NotInResults(
                "the smallest change is looked for across one half of the runs, and "
                f"{DERIVED[outcome].words} is no share of runs; from Python, give a line"
            )
        line = LINE
    if not results.plan.swept:
        raise NotInResults("nothing was swept, so there are no levers to change")
    given = dict(start or {})
    for key, value in given.items():
        if problem := start_problem(results, key, value):
            raise NotInResults(problem)
    across = _on_points if results.sampled else _on_grid
    return across(results, given, outcome, line)


def start_problem(results: Results, key: str, value: Value) -> str:
    """Return why the inverse question cannot start from a value of a key; empty if it can."""
    if key not in results.plan.swept:
        return f"{key}: was not swept{did_you_mean(key, results.plan.swept)}"
    if key in results.plan.point_keys:
        number = isinstance(value, (int, float)) and math.isfinite(value)
        return "" if number else f"{key}={word(value)}: is no number"
    known = [word(option) for option in results.options[key]]
    if word(value) in known:
        return ""
    near = did_you_mean(word(value), known)
    return f"{key}={word(value)}: is none of the values that were swept{near}"


def _side(found: Estimate, line: float) -> str:
    return "at or above" if found.value >= line else "below"


def _on_grid(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    cells, number = results.plan.combinations, _combination(results, given)
    start = " ".join(_values(results, number))
    values, share = results.outcome(outcome), is_share(outcome)
    found = [estimate(values[n : n + 1], share=share) for n in range(len(cells))]
    here = found[number]
    if not here.runs:
        raise NotInResults("the cell to start from has no runs")
    crossing = [
        n for n, after in enumerate(found) if after.runs and _side(after, line) != _side(here, line)
    ]
    clear = [n for n in (number, *crossing) if _beyond(found[n], line, len(cells))]
    needed = partial(_needed, results, values, share, number)
    sure = [n for n in crossing if {n, number} <= {*clear} and needed(n)]
    changes = [_change_of_cell(results, (number, n), (here, found[n])) for n in sure]
    changes.sort(key=lambda c: (len(c.levers), c.size, -abs(c.after.value - line)))
    notes = [
        f"Both sides are clear of the line, as one of {len(cells)} cells, and each lever makes a "
        "difference by itself. Few levers come before many, then few steps before many; a word is "
        "one step, a number one step for each value of the sweep in between."
    ]
    if not crossing:
        notes.append(f"In every cell of the sweep the outcome stays {_side(here, line)} {line:g}.")
    elif len(crossing) > len(sure):
        notes.append(
            f"{len(crossing) - len(sure)} more cells lie across the line, but within error, or "
            "with a lever that changes nothing; more replicates tell."
        )
    return TurningPoints(
        outcome=outcome,
        line=line,
        at_start=here,
        changes=tuple(_smallest(changes)[:MOST_CHANGES]),
        notes=(f"Starting from {start}.", *notes),
    )


def _beyond(found: Estimate, line: float, cells: int) -> bool:
    """Return whether a mean is clear of the line, as one of so many (Bonferroni)."""
    arm = found.value - found.low if found.value >= line else found.high - found.value
    quantile = float(norm.isf((1 - LEVEL) / 2 / cells))
    return abs(found.value - line) * Z > arm * quantile


def _needed(results: Results, values: Floats, share: bool, start: int, number: int) -> bool:
    """Return whether each changed lever makes a difference, where the cell without it is."""
    there, here = (results.plan.combinations[n].values for n in (number, start))
    for key, value in here.items():
        back = results.combination_of.get(tuple({**there, key: value}.values()))
        if there[key] == value or back is None:
            continue
        change = values[[number]] - values[[back]]
        found = paired_estimate(change) if share else estimate(change)
        if found.low <= 0.0 <= found.high:
            return False
    return True


def _change_of_cell(
    results: Results, cells: tuple[int, int], outcomes: tuple[Estimate, Estimate]
) -> Change:
    here, there = (results.plan.combinations[n].values for n in cells)
    differing = [key for key in here if there[key] != here[key]]
    steps = sum(_steps(here[key], there[key], results.options[key]) for key in differing)
    return Change(
        levers=tuple((key, word(here[key]), word(there[key])) for key in differing),
        size=float(steps),
        before=outcomes[0],
        after=outcomes[1],
        sure=True,
    )


def _steps(before: Value, after: Value, options: list[Value]) -> int:
    """Return how many values of the sweep a number moves by; 1 for a word."""
    scale = sorted(v for v in options if isinstance(v, (int, float)) and not isinstance(v, bool))
    if len(scale) < len(options):
        return 1
    places: dict[Value, int] = {value: n for n, value in enumerate(scale)}
    return abs(places[after] - places[before])


def _smallest(changes: list[Change]) -> list[Change]:
    """Return the changes of which no part is a change that is listed."""
    kept: list[Change] = []
    for change in changes:
        if not any(set(k.levers) < set(change.levers) for k in kept):
            kept.append(change)
    return kept


def _on_points(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    """Propose drawn numbers whose ends lie on different sides of the line.

    The ends are the lowest and the highest third of the drawn values, all else as drawn.
    """
    number = _combination(results, given)
    start = ", ".join([*_values(results, number), "all drawn numbers as drawn"])
    values = results.by_combination(results.outcome(outcome))[number]
    clusters = results.clusters_of(np.arange(results.points))
    if not np.isfinite(values).any():
        raise NotInResults("the cell to start from has no runs")
    share = is_share(outcome)
    drawn = np.array(results.plan.points)
    fixed = _fixed(results, number)
    changes = []
    for n, key in enumerate(results.plan.point_keys):
        low, high = np.quantile(drawn[:, n], (1 / 3, 2 / 3))
        masks = drawn[:, n] <= low, drawn[:, n] >= high
        ends = [
            (float(np.median(drawn[mask, n])), _estimate(values, clusters, mask, share))
            for mask in masks
        ]
        if _side(ends[0][1], line) != _side(ends[1][1], line):
            changes.append(_proposed(key, ends, fixed))
    changes.sort(key=lambda change: -abs(change.after.value - change.before.value))
    here = estimate(values, clusters, share)
    notes = [
        "These are proposals and no findings: the mean lies on one side of the line where the "
        "number is in the lowest third of its range and on the other where it is in the highest, "
        "all others as drawn. Whether the number does it is told by the sweep beside it, which "
        "plays both values with all else as stated.",
    ]
    if not changes:
        notes.append(f"Between the ends of no drawn number does the mean cross {line:g}.")
    return TurningPoints(
        outcome=outcome,
        line=line,
        at_start=here,
        changes=tuple(changes[:MOST_CHANGES]),
        notes=(f"Starting from {start}.", *notes),
    )


def _estimate(
    values: Floats, clusters: Clusters | None, mask: NDArray[np.bool_], share: bool
) -> Estimate:
    own = clusters and clusters._replace(number=clusters.number[mask])
    return estimate(values[mask], own, share)


def _combination(results: Results, given: Mapping[str, Value]) -> int:
    """Return the combination with these values, the others as in the first one where it is so."""
    cells = results.plan.combinations
    drawn = [key for key in given if key not in results.chosen_keys]
    if drawn:
        raise NotInResults(f"'{drawn[0]}' was drawn, so the inverse question starts from no value")
    chosen = {key: word(value) for key, value in given.items()}
    fitting = [
        number
        for number, entry in enumerate(cells)
        if all(word(entry.values[key]) == value for key, value in chosen.items())
    ]
    if not fitting:
        values = " ".join(f"{key}={value}" for key, value in chosen.items())
        raise NotInResults(f"no cell has the values {values}")
    first = cells[0].values
    return max(fitting, key=lambda n: sum(cells[n].values[k] == v for k, v in first.items()))


def _values(results: Results, number: int) -> list[str]:
    values = results.plan.combinations[number].values
    return [f"{key}={word(value)}" for key, value in values.items()]


def _fixed(results: Results, number: int) -> list[str]:
    """Return the words of a line that plays a combination: without the design, all else stated.

    Drawn numbers are as the scenario states them; those of an interval in its middle.
    """
    plan = results.plan
    middle = dict(zip(plan.point_keys, np.median(plan.points, axis=0).tolist(), strict=True))
    words: list[str] = []
    for before, text in zip(["", *plan.line], plan.line, strict=False):
        key = text.partition("=")[0]
        sweeping = key in (*DESIGN_KEYS, *plan.swept, "--zip", "--filter")
        if not sweeping and before not in ("--zip", "--filter"):
            words.append(text)
    words += [f"{key}={word(x)}" for key, x in middle.items() if key not in plan.assumed]
    return [*words, *_values(results, number), *plan.options]


def _proposed(key: str, ends: list[tuple[float, Estimate]], fixed: Sequence[str]) -> Change:
    (low, before), (high, after) = ends
    words = [text for text in fixed if text.partition("=")[0] != key]
    told = word(low), word(high)
    words += [f"{key}={','.join(told)}", f"replicates={CONFIRMING}"]
    return Change(
        levers=((key, *told),),
        size=2 / 3,
        before=before,
        after=after,
        sure=False,
        played_by=shlex.join(["sim", "sweep", *words]),
    )
