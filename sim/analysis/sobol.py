"""Sobol indices of a Saltelli design: which of the drawn numbers move an outcome, and how much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from sim.analysis.charts import Figure, Result, dot_plot
from sim.analysis.inputs import GROUND_WORDS, cell_means, inputs
from sim.analysis.results import Floats, NotInResults, Results, short
from sim.errors import SimError
from sim.runs.shares import Z

RESAMPLES = 400
"""Of the bootstrap."""
SHOWN = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Indices:
    """Sobol indices of one combination of the chosen values."""

    label: str
    first: Floats  # shape (inputs,)
    total: Floats
    # half-widths of 95 % bootstrap intervals, over blocks of the design and replicates
    first_half: Floats
    total_half: Floats
    blocks: int  # base points of the design that were used


@dataclass(frozen=True, eq=False, kw_only=True)
class SobolIndices(Result):
    """Sobol indices by combination of the chosen values."""

    outcome: str
    keys: tuple[str, ...]  # drawn inputs
    grounds: tuple[str, ...]  # on what ground each stands
    combinations: tuple[Indices, ...]

    def records(self) -> Iterator[Mapping[str, object]]:
        """Return one line a combination and input, largest total index first."""
        for found in self.combinations:
            for n in np.argsort(-found.total):
                yield {
                    "cells": found.label,
                    "input": self.keys[n],
                    "ground": self.grounds[n],
                    **_columns("first", found.first[n], found.first_half[n]),
                    **_columns("total", found.total[n], found.total_half[n]),
                }

    def figure(self, combination: int = 0) -> Figure:
        """Return first-order and total indices of one combination, largest first."""
        label = self.combinations[combination].label
        frame = self.to_frame().filter(pl.col("cells") == label).head(SHOWN)
        rows = [
            {
                "label": short(row["input"]),
                "series": words,
                "value": row[name],
                "low": row[f"{name}_low"],
                "high": row[f"{name}_high"],
            }
            for row in frame.iter_rows(named=True)
            for name, words in (("total", "total, with interactions"), ("first", "by itself"))
        ]
        title = "Sobol indices"
        if len(self.keys) > SHOWN:
            title += f": the {SHOWN} largest of {len(self.keys)}"
        if len(self.combinations) > 1:
            title += f" ({label})"
        axis = "share of the variance between points"
        return dot_plot(rows, title, axis, format=".2f", mark=0.0, series="index")


def _columns(name: str, index: float, half: float) -> dict[str, float]:
    ends = float(index - half), float(index + half)
    return {name: float(index), f"{name}_low": ends[0], f"{name}_high": ends[1]}


def sobol_indices(results: Results, outcome: str = "signed", seed: int = 1) -> SobolIndices:
    """Return the Sobol indices of an outcome's mean over replicates.

    Bootstrap intervals are over blocks of the design and over replicates; with a single replicate
    over blocks only. `seed` is that of the bootstrap.

    Raises NotInResults if the design is not Saltelli's, runs are missing in too many of its blocks,
    or the outcome is the same at all points.
    """
    if results.plan.design.get("kind") != "saltelli":
        raise NotInResults(
            "Sobol indices need a Saltelli design: sim sweep design=saltelli samples=256 "
            "'assumptions=[\"discount_rate.*\"]' ..."
        )
    names = results.plan.point_keys
    values = results.outcome(outcome)
    found, dropped = [], 0
    for number, group in enumerate(results.groups()):
        points = values[number * results.points + np.arange(results.points)]
        blocks = points.reshape(-1, results.block, points.shape[1])
        whole = np.isfinite(cell_means(points).reshape(-1, results.block)).all(axis=1)
        dropped += int((~whole).sum())
        kept = blocks[whole].reshape(-1, points.shape[1])
        if whole.sum() < 2 or np.ptp(cell_means(kept)) == 0.0:
            continue
        indices = analyse(names, kept, seed)
        found.append(Indices(label=group.label, blocks=int(whole.sum()), **indices))
    if not found:
        raise NotInResults("the outcome is the same at all points, or too few of them have runs")
    ground = {entry.key: GROUND_WORDS[entry.ground] for entry in inputs(results)}
    return SobolIndices(
        outcome=outcome,
        keys=tuple(names),
        grounds=tuple(ground[name] for name in names),
        combinations=tuple(found),
        notes=_notes(results.plan.replicates, dropped),
    )


def _notes(replicates: int, dropped: int) -> tuple[str, ...]:
    cover = (
        "With one replicate the intervals cannot know of chance."
        if replicates == 1
        else "The intervals are over the drawn points and over the replicates."
    )
    note = (
        "Indices are shares of the variance of the mean over replicates between the drawn points; "
        f"chance is averaged over first. All points meet the same shocks. {cover}"
    )
    if not dropped:
        return (note,)
    gaps = (
        f"{dropped} blocks of the design lack runs and are left out: an index from a design "
        "with gaps would be wrong."
    )
    return note, gaps


def analyse(names: list[str], outcome: Floats, seed: int = 1) -> dict[str, Floats]:
    """Return first-order and total indices with the half-widths of their 95 % intervals.

    The indices are those of the mean over replicates, by SALib. The intervals come from a
    bootstrap that draws blocks of the design and, if there are several, replicates (Owen 2007), so
    that they cover which points were drawn and which chance was met.

    outcome: in the order of Saltelli's design without second order (Saltelli et al. 2010). NaN
        where a run is missing; each point must have one, else `SimError`: SALib would return zeros,
        shape (blocks * (inputs + 2).

    Returns `first`, `total`, `first_half`, `total_half`, arrays of shape (inputs,).
    """
    runs = np.asarray(outcome, float)
    runs = runs[:, np.newaxis] if runs.ndim == 1 else runs
    means = cell_means(runs)
    if not np.isfinite(means).all():
        missing = int((~np.isfinite(means)).sum())
        raise SimError(f"{missing} of {len(means)} outcomes are not finite: no Sobol indices")
    from SALib.analyze import sobol

    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    found = sobol.analyze(problem, means, calc_second_order=False, num_resamples=2, seed=seed)
    first_half, total_half = _half_widths(runs, means, len(names), seed)
    return {
        "first": np.asarray(found["S1"], float),
        "total": np.asarray(found["ST"], float),
        "first_half": first_half,
        "total_half": total_half,
    }


def _half_widths(runs: Floats, means: Floats, inputs: int, seed: int) -> tuple[Floats, Floats]:
    """Return half-widths of 95 % intervals of first-order and total indices.

    The means of all runs stand in for a point where no replicate that was drawn has a run.
    """
    rng = np.random.default_rng(seed)
    replicates = runs.shape[1]
    there = np.isfinite(runs)
    filled, counted = np.where(there, runs, 0.0), there.astype(float)
    drawn = []
    for _ in range(RESAMPLES):
        outcome = means
        if replicates > 1:
            weight = np.bincount(rng.integers(0, replicates, replicates), minlength=replicates)
            sizes = counted @ weight
            outcome = means.copy()
            np.divide(filled @ weight, sizes, out=outcome, where=sizes > 0)
        blocks = outcome.reshape(-1, inputs + 2)
        indices = _indices(blocks[rng.integers(0, len(blocks), len(blocks))])
        if indices is not None:
            drawn.append(indices)
    if len(drawn) < 2:
        unknown = np.full(inputs, np.nan)
        return unknown, unknown
    first, total = Z * np.std(drawn, axis=0, ddof=1)
    return first, total


def _indices(blocks: Floats) -> tuple[Floats, Floats] | None:
    """Return first-order and total indices of a design; None if its outcome does not vary.

    The estimators of Saltelli et al. (2010) that SALib uses, for a resample of blocks: outcomes at
    A, at A with each input from B, and at B.
    """
    centred = blocks - blocks.mean()
    a, mixed, b = centred[:, :1], centred[:, 1:-1], centred[:, -1:]
    variance = float(np.concatenate([a, b]).var())
    if variance <= 1e-18:
        return None
    first: Floats = (b * (mixed - a)).mean(axis=0) / variance
    total: Floats = 0.5 * ((a - mixed) ** 2).mean(axis=0) / variance
    return first, total
