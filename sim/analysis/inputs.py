"""What a sweep moved: on what ground each input stands, and its values as rows of numbers.

A number of the scenario is sourced, derived from sources, or assumed with a range; strategies,
rules of the talks and settings are choices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.results import Floats, Results, over, word
from sim.config.number import ASSUMPTION, DERIVED, SETTING
from sim.sweeps.plan import at

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
    low: float | None  # low, high: its stated range
    high: float | None
    swept: str  # values, or the ends of the interval, that the sweep gave it
    drawn: bool  # whether a sampled design drew it


def inputs(results: Results) -> list[Input]:
    """Return what the sweep moved, in the order of its columns."""
    config = results.config_of(0)
    return [_input(results, config, key) for key in results.plan.swept]


def _input(results: Results, config: Mapping[str, object], key: str) -> Input:
    number = at(config, key.removesuffix(".value")) if key.startswith("scenario.") else None
    fields = number if isinstance(number, Mapping) else {}
    ground, basis = _ground(key, fields)
    drawn = key in results.plan.point_keys
    return Input(
        key=key,
        ground=ground,
        basis=basis,
        stated=_number(fields.get("value")) if drawn else None,
        low=_number(fields.get("low")),
        high=_number(fields.get("high")),
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


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


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
