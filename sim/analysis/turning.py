"""The inverse question: the smallest change of named levers that takes P(signed) across a line.

On a factorial grid the answer is read off the cells: how many keys differ, and by how many steps.
On a sampled design it is asked of a model fitted to the points, whose score on points that it has
not seen is stated; see `sim.analysis.surrogate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import DERIVED, NotInResults, Results, short, word
from sim.sweeps.overrides import Value

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

LINE = 0.5
MOST_CHANGES = 25


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

    outcome: str
    line: float
    start: str  # where the changes start from
    at_start: Estimate
    changes: tuple[Change, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a change: levers, size, outcome before and after."""
        rows = [
            {
                "change": c.words,
                "levers": len(c.levers),
                "size": c.size,
                "before": c.before.value,
                "after": c.after.value,
                "after_low": c.after.low,
                "after_high": c.after.high,
                "sure": c.sure,
            }
            for c in self.changes
        ]
        figures = dict.fromkeys(("size", "before", "after", "after_low", "after_high"), pl.Float64)
        kinds = {"change": pl.String, "levers": pl.Int64, **figures, "sure": pl.Boolean}
        return pl.DataFrame(rows, kinds)

    def plot(self) -> "Chart":
        """Return the outcome at the start and after each change, smallest change first.

        Raises
        ------
        NotInResults
            If no change takes it across.
        """
        from sim.analysis.charts import dots

        if not self.changes:
            raise NotInResults("no change within the sweep takes the outcome across the line")
        rows: list[dict[str, object]] = [_row("at the start", self.at_start)]
        rows += [_row(change.short_words, change.after) for change in self.changes[:15]]
        axis = f"mean of {self.outcome}, and the line at {self.line:g}"
        title = "Smallest changes that take it across the line"
        if self.outcome in DERIVED:
            return dots(rows, title, axis, mark=self.line, domain=(0.0, 1.0))
        return dots(rows, title, axis, mark=self.line, format=".2f")


def _row(label: str, found: Estimate) -> dict[str, object]:
    return {"label": label, "value": found.value, "low": found.low, "high": found.high}


def turning_points(
    results: Results,
    start: Mapping[str, Value] | None = None,
    outcome: str = "signed",
    line: float = LINE,
) -> TurningPoints:
    """Return the smallest changes of levers that take an outcome's mean across a line.

    Parameters
    ----------
    results : Results
    start : mapping, optional
        Values of swept keys to start from. Others are the first value of the sweep's line, or,
        where a sampled design draws them, the scenario's stated value (the middle of an interval).
    outcome : str
        See `Results.outcome`.
    line : float
        One half by default.

    Raises
    ------
    NotInResults
        If nothing was swept, the start is no cell, or a sampled design has too few points.
    """
    if not results.plan.swept:
        raise NotInResults("nothing was swept, so there are no levers to change")
    given = dict(start or {})
    for key in given:
        if key not in results.plan.swept:
            known = ", ".join(results.plan.swept)
            raise NotInResults(f"'{key}' was not swept, so nothing starts from it; swept: {known}")
    if results.sampled:
        from sim.analysis.surrogate import turning_points_of_points

        return turning_points_of_points(results, given, outcome, line)
    return _on_grid(results, given, outcome, line)


def _on_grid(
    results: Results, given: Mapping[str, Value], outcome: str, line: float
) -> TurningPoints:
    combinations = results.plan.combinations
    options = {
        key: list(dict.fromkeys(entry.values[key] for entry in combinations))
        for key in results.chosen_keys
    }
    wanted = {**combinations[0].values, **{k: _known(k, v, options[k]) for k, v in given.items()}}
    number = next((n for n, e in enumerate(combinations) if dict(e.values) == wanted), None)
    if number is None:
        told = " ".join(f"{key}={word(value)}" for key, value in wanted.items())
        raise NotInResults(f"no cell has the values {told}")
    values = results.outcome(outcome)
    share = outcome in DERIVED
    found = [estimate(values[n : n + 1], share=share) for n in range(len(combinations))]
    here = found[number]
    if not here.runs:
        raise NotInResults("the cell to start from has no runs")
    places = {
        key: {v: n for n, v in enumerate(_ordered(values_of))} for key, values_of in options.items()
    }
    changes = []
    for n, entry in enumerate(combinations):
        if not found[n].runs or (found[n].value >= line) == (here.value >= line):
            continue
        differing = [key for key in wanted if entry.values[key] != wanted[key]]
        steps = sum(
            abs(places[key][entry.values[key]] - places[key][wanted[key]])
            if _is_scale(options[key])
            else 1
            for key in differing
        )
        clear = found[n].low > line > here.high or found[n].high < line < here.low
        levers = tuple((k, word(wanted[k]), word(entry.values[k])) for k in differing)
        changes.append(
            Change(levers=levers, size=float(steps), before=here, after=found[n], sure=clear)
        )
    changes.sort(key=lambda c: (len(c.levers), c.size, -abs(c.after.value - line)))
    notes = [
        "Few levers come before many, then few steps before many; a word is one step, a number one "
        "step for each value of the sweep in between.",
    ]
    if not changes:
        side = "at or above" if here.value >= line else "below"
        notes.append(f"In every cell of the sweep the outcome stays {side} {line:g}.")
    return TurningPoints(
        outcome=outcome,
        line=line,
        start=" ".join(f"{key}={word(value)}" for key, value in wanted.items()),
        at_start=here,
        changes=tuple(_smallest(changes)[:MOST_CHANGES]),
        notes=tuple(notes),
    )


def _smallest(changes: list[Change]) -> list[Change]:
    kept: list[Change] = []
    for change in changes:
        parts = [k for k in kept if set(k.levers) < set(change.levers)]
        if not any(part.sure or not change.sure for part in parts):
            kept.append(change)
    return kept


def _known(key: str, value: Value, options: list[Value]) -> Value:
    """Return the swept value that was meant.

    Raises
    ------
    NotInResults
        If it was not swept.
    """
    for option in options:
        if option == value or word(option) == word(value):
            return option
    known = ", ".join(word(option) for option in options)
    raise NotInResults(f"{key}={word(value)} was not swept; values: {known}")


def _is_scale(options: list[Value]) -> bool:
    return all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in options)


def _ordered(options: list[Value]) -> list[Value]:
    if not _is_scale(options):
        return options
    return sorted(options, key=lambda v: float(v) if isinstance(v, (int, float)) else np.inf)
