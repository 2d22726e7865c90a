"""Sobol indices of a Saltelli design: which of the drawn numbers move an outcome, and how much."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.inputs import GROUND_WORDS, inputs
from sim.analysis.result import Result
from sim.analysis.results import Floats, NotInResults, Results, short
from sim.errors import SimError

if TYPE_CHECKING:
    from sim.analysis.result import Chart

RESAMPLES = 200
SHOWN = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class Indices:
    """Sobol indices of one combination of the chosen values.

    Attributes
    ----------
    label : str
    first, total : array, shape (inputs,)
    first_half, total_half : array, shape (inputs,)
        Half-widths of 95 % bootstrap intervals.
    blocks : int
        Base points of the design that were used.
    """

    label: str
    first: Floats
    total: Floats
    first_half: Floats
    total_half: Floats
    blocks: int


@dataclass(frozen=True, eq=False, kw_only=True)
class SobolIndices(Result):
    """Sobol indices by combination of the chosen values.

    Attributes
    ----------
    outcome : str
    keys : tuple of str
        Drawn inputs.
    grounds : tuple of str
        On what ground each stands.
    combinations : tuple of Indices
    """

    outcome: str
    keys: tuple[str, ...]
    grounds: tuple[str, ...]
    combinations: tuple[Indices, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a combination and input, largest total index first."""
        return pl.DataFrame(
            [
                {
                    "cells": found.label,
                    "input": self.keys[n],
                    "ground": self.grounds[n],
                    "first": float(found.first[n]),
                    "first_low": float(found.first[n] - found.first_half[n]),
                    "first_high": float(found.first[n] + found.first_half[n]),
                    "total": float(found.total[n]),
                    "total_low": float(found.total[n] - found.total_half[n]),
                    "total_high": float(found.total[n] + found.total_half[n]),
                }
                for found in self.combinations
                for n in np.argsort(-found.total)
            ]
        )

    def plot(self, combination: int = 0) -> "Chart":
        """Return first-order and total indices of one combination, largest first."""
        from sim.analysis.charts import dots

        label = self.combinations[combination].label
        frame = self.to_frame().filter(pl.col("cells") == label).head(SHOWN)
        rows = [
            {
                "label": short(row["input"]),
                "series": word,
                "value": row[name],
                "low": row[f"{name}_low"],
                "high": row[f"{name}_high"],
            }
            for row in frame.iter_rows(named=True)
            for name, word in (("total", "total, with interactions"), ("first", "by itself"))
        ]
        title = "Sobol indices"
        if len(self.keys) > SHOWN:
            title += f": the {SHOWN} largest of {len(self.keys)}"
        if len(self.combinations) > 1:
            title += f" ({label})"
        axis = "share of the variance between points"
        return dots(rows, title, axis, format=".2f", mark=0.0, series="index")


def sobol_indices(results: Results, outcome: str = "signed", seed: int = 1) -> SobolIndices:
    """Return the Sobol indices of an outcome's mean over replicates.

    Parameters
    ----------
    results : Results
        Of a sweep with ``design=saltelli``.
    outcome : str
        See `Results.outcome`.
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    NotInResults
        If the design is another one, runs are missing in too many of its blocks, or the outcome
        is the same at all points.
    """
    if results.plan.design.get("kind") != "saltelli":
        raise NotInResults(
            "Sobol indices need a Saltelli design: sim sweep design=saltelli samples=256 "
            "'assumptions=[\"discount_rate.*\"]' ..."
        )
    names = results.plan.point_keys
    values = results.outcome(outcome)
    there = np.isfinite(values)
    sizes = there.sum(axis=1)
    means = np.full(len(values), np.nan)
    np.divide(np.where(there, values, 0.0).sum(axis=1), sizes, out=means, where=sizes > 0)
    found, dropped = [], 0
    for number, group in enumerate(results.groups()):
        points = means[number * results.points + np.arange(results.points)]
        blocks = points.reshape(-1, len(names) + 2)
        whole = np.isfinite(blocks).all(axis=1)
        dropped += int((~whole).sum())
        if whole.sum() < 2 or np.ptp(blocks[whole]) == 0.0:
            continue
        found.append(_indices(group.label, names, blocks[whole], seed))
    if not found:
        raise NotInResults("the outcome is the same at all points, or too few of them have runs")
    notes = [
        "Indices are shares of the variance of the mean over replicates between the drawn points; "
        "chance is averaged over first. All points meet the same shocks.",
    ]
    if dropped:
        notes.append(
            f"{dropped} blocks of the design lack runs and are left out: an index from a design "
            "with gaps would be wrong."
        )
    ground = {entry.key: GROUND_WORDS[entry.ground] for entry in inputs(results)}
    return SobolIndices(
        outcome=outcome,
        keys=tuple(names),
        grounds=tuple(ground[name] for name in names),
        combinations=tuple(found),
        notes=tuple(notes),
    )


def _indices(label: str, names: list[str], blocks: Floats, seed: int) -> Indices:
    """Return the indices of one complete design."""
    found = analyse(names, blocks.ravel(), seed)
    return Indices(label=label, blocks=len(blocks), **found)


def analyse(names: list[str], outcome: Floats, seed: int = 1) -> dict[str, Floats]:
    """Return first-order and total indices with the half-widths of their 95 % intervals.

    Parameters
    ----------
    names : list of str
        Inputs.
    outcome : array, shape (blocks * (inputs + 2),)
        In the order of Saltelli's design without second order (Saltelli et al. 2010).
    seed : int
        Seed of the bootstrap.

    Raises
    ------
    SimError
        If a value is not finite: SALib would return zeros without a word.
    """
    if not np.isfinite(outcome).all():
        missing = int((~np.isfinite(outcome)).sum())
        raise SimError(f"{missing} of {len(outcome)} outcomes are not finite: no Sobol indices")
    from SALib.analyze import sobol

    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    found = sobol.analyze(
        problem, outcome, calc_second_order=False, num_resamples=RESAMPLES, seed=seed
    )
    return {
        "first": np.asarray(found["S1"], float),
        "total": np.asarray(found["ST"], float),
        "first_half": np.asarray(found["S1_conf"], float),
        "total_half": np.asarray(found["ST_conf"], float),
    }
