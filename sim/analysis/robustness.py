"""What to choose where nobody knows which reading is true, and which number to find out next.

Worlds are what is not chosen: readings, assumptions, and parts of the range of drawn numbers. A
choice is judged by its regret in each (Savage 1951) and by the share of worlds in which it is good
enough (Lempert, Groves, Popper and Bankes 2006); a number by what the best choice would gain if it
were known (the expected value of partial perfect information, Strong, Oakley and Brennan 2014).
What is best is looked for in one half of what is independent, and measured on the other.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Figure, TableResult, dot_plot
from sim.analysis.inputs import halves, inputs
from sim.analysis.results import Floats, NotInResults, Results, short, word
from sim.runs.intervals import estimate

PARTS = 3
"""Parts of the range of a drawn number that make worlds."""
NO_GAIN = 1e-9
GOOD_ENOUGH = 0.5
"""Share of runs from which on a choice is good enough in a world."""
FEWEST_RUNS = 16
"""Runs of a choice that a world needs."""
MOST_OPTIONS, MOST_SHOWN = 60, 15
"""Choices that are compared at most, and numbers that a figure shows."""


class Worlds(NamedTuple):
    """Outcomes of each choice in each world."""

    options: list[str]
    names: list[str]
    # cells of each option in each world, by their places
    cells: list[list[NDArray[np.int64]]]
    flips_by: tuple[str, ...]  # drawn numbers whose parts are worlds


def robustness(results: Results, outcome: str = "signed") -> TableResult:
    """Return how each combination of choices does over the worlds of a sweep, least regret first.

    Worlds are the values of swept readings and assumptions and, in a sampled design, the parts of
    the ranges of the two drawn numbers that are most worth knowing. The best choice of a world is
    found in one half of the runs, and regrets are measured on the other.

    Raises NotInResults if there are not two choices and two worlds with enough runs.
    """
    values = results.outcome(outcome)
    seen, unseen = halves(values, results.clusters_of(np.arange(len(values))))
    worlds = _worlds(results, outcome)
    found, measured = (
        np.array([[_mean(half, cells) for cells in row] for row in worlds.cells])
        for half in (seen, unseen)
    )
    # A world all of whose drawn points lie in one half tells nothing.
    known = np.isfinite(found).all(axis=0) & np.isfinite(measured).all(axis=0)
    if known.sum() < 2:
        raise NotInResults("which choice holds up needs runs of it in two worlds or more")
    found, measured = found[:, known], measured[:, known]
    names = [name for name, there in zip(worlds.names, known, strict=True) if there]
    best = found.argmax(axis=0)
    at_best = measured[best, np.arange(measured.shape[1])]
    regret = np.maximum(at_best - measured, 0.0)
    front = _front(results, worlds)
    frame = pl.DataFrame(
        {
            "choice": worlds.options,
            "mean": measured.mean(axis=1),
            "worst": measured.min(axis=1),
            "highest": measured.max(axis=1),
            "regret": regret.max(axis=1),
            "satisfactory": (measured >= GOOD_ENOUGH).mean(axis=1),
            "best": [float((best == n).mean()) for n in range(len(found))],
            "not_dominated": ["yes" if n in front else "" for n in range(len(found))],
        }
    ).sort("regret")
    notes = [
        f"{len(names)} worlds: {', '.join(names[:12])}" + (" and more." if names[12:] else "."),
        "Regret is what a choice gives away against the best of that world; its largest value over "
        "many worlds is partly chance. Not dominated: no other choice is at least as good in "
        "signing, dignity and durability, and better in one.",
    ]
    if len(set(best.tolist())) > 1:
        by = f" It depends on {' and '.join(worlds.flips_by)}." if worlds.flips_by else ""
        notes.insert(0, f"The best choice is not the same in all worlds.{by}")
    return TableResult(frame=frame, draw=_over_worlds, outcome=outcome, notes=tuple(notes))


def _over_worlds(frame: pl.DataFrame) -> Figure:
    """Draw for each choice its mean over the worlds, from the worst to the best world."""
    rows = frame.select(label="choice", value="mean", low="worst", high="highest").to_dicts()
    title = "Each choice over the worlds: mean, worst and best world"
    return dot_plot(rows, title, "share of runs", domain=(0.0, 1.0), mark=GOOD_ENOUGH)


def _mean(values: Floats, cells: NDArray[np.int64]) -> float:
    block = values[cells]
    return float(block[np.isfinite(block)].mean()) if np.isfinite(block).any() else float("nan")


def _options(results: Results) -> tuple[list[str], NDArray[np.int64], list[str], NDArray[np.int64]]:
    """Return choices and the choice of each combination, other values and those of each."""
    choices = {entry.key for entry in inputs(results) if entry.ground == "choice"}
    words: tuple[list[str], list[str]] = [], []
    for entry in results.plan.combinations:
        own = {key: word(value) for key, value in entry.values.items()}
        for told, chosen in zip(words, (True, False), strict=True):
            told.append(" · ".join(v for k, v in own.items() if (k in choices) == chosen))
    numbered = [np.unique(told, return_inverse=True) for told in words]
    (options, option), (others, other) = numbered
    return options.tolist(), option, others.tolist(), other


def _worlds(results: Results, outcome: str) -> Worlds:
    options, option, others, other = _options(results)
    if not 1 < len(options) <= MOST_OPTIONS:
        raise NotInResults("which choice holds up needs two chosen values or more to compare")
    names, parts, by = [""], [np.ones(results.points, bool)], ()
    if results.sampled:
        told = _gains(results, outcome)[0]["number"].to_list()[:2]
        by = tuple(told)
        names, parts = _parts(results, by)
    grid = np.arange(results.plan.cells).reshape(-1, results.points)
    cells = [
        [
            grid[(option == n) & (other == m)][:, part].ravel()
            for m in range(len(others))
            for part in parts
        ]
        for n in range(len(options))
    ]
    worlds = [" · ".join(filter(None, (one, name))) for one in others for name in names]
    if len(worlds) < 2:
        raise NotInResults(
            "which choice holds up needs several worlds: sweep presets or assumptions as well, "
            "e.g. 'preset=glob(*)'"
        )
    least = min(len(c) for row in cells for c in row) * results.plan.replicates
    if least < FEWEST_RUNS:
        raise NotInResults(f"which choice holds up needs {FEWEST_RUNS} runs of it in each world")
    return Worlds(options, worlds, cells, by)


def _parts(results: Results, keys: Sequence[str]) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """Return the parts of the ranges of some drawn numbers, crossed, and the points in each."""
    names, masks = [""], [np.ones(results.points, bool)]
    for key in keys:
        part, edges = _thirds(results, key)
        told = [f"{short(key)} {a:.3g} to {b:.3g}" for a, b in pairwise(edges)]
        names = [", ".join(filter(None, (n, t))) for n in names for t in told]
        masks = [mask & (part == k) for mask in masks for k in range(PARTS)]
    return names, masks


def _thirds(results: Results, key: str) -> tuple[NDArray[np.int64], list[float]]:
    """Return in which part of its range each point's number lies, and the edges of the parts."""
    numbers = np.array(results.plan.points)[:, results.plan.point_keys.index(key)]
    edges = np.quantile(numbers, np.linspace(0, 1, PARTS + 1))
    return np.searchsorted(edges[1:-1], numbers, side="right"), edges.tolist()


def _front(results: Results, worlds: Worlds) -> set[int]:
    """Return the choices that no other dominates in signing, dignity and durability."""
    signed = results.outcome("signed")
    goals = [signed]
    if results.has("in_force", "dignity"):
        stood = results.codes("in_force") > 0
        goals.append(np.where(stood, results.numbers("dignity"), np.nan))
        goals.append(np.where(signed > 0, stood, np.nan))
    table = np.array([[_mean(goal, np.concatenate(row)) for goal in goals] for row in worlds.cells])
    table = np.nan_to_num(table, nan=-1.0)
    better = (table[:, np.newaxis] >= table).all(axis=2) & (table[:, np.newaxis] > table).any(
        axis=2
    )
    return set(np.flatnonzero(~better.any(axis=0)).tolist())


def information(results: Results, outcome: str = "signed") -> TableResult:
    """Return what the best choice would gain if a drawn number were known, most first.

    The best choice by third of the number's range, less the best choice overall, both found in one
    half of the points and measured on the other; so it may come out below 0, which is nothing. The
    interval is over the drawn points and replicates.

    Raises NotInResults if no number was drawn, or there are not two choices.
    """
    frame, best = _gains(results, outcome)
    if not any(abs(gain) > NO_GAIN for gain in frame["gain"]):
        raise NotInResults("no drawn number changes which choice is best, so none is worth knowing")
    notes = (
        f"Without knowing any number the best choice is {best}. A number whose "
        "interval begins at or below 0 changes no choice that this sweep can tell.",
    )
    return TableResult(frame=frame, draw=_worth_knowing, outcome=outcome, notes=notes)


def _worth_knowing(frame: pl.DataFrame) -> Figure:
    rows = [
        {"label": short(number), "value": 100 * gain, "low": 100 * low, "high": 100 * high}
        for number, gain, low, high in frame.head(MOST_SHOWN).iter_rows()
    ]
    title = "What knowing a number would be worth to the best choice"
    return dot_plot(rows, title, "percentage points", format=".1f", mark=0.0)


def _gains(results: Results, outcome: str) -> tuple[pl.DataFrame, str]:
    """Return the worth of knowing each drawn number, and the best choice without it."""
    if not results.sampled:
        raise NotInResults("the worth of knowing a number needs a sampled design that draws it")
    options, option, _, _ = _options(results)
    if not 1 < len(options) <= MOST_OPTIONS:
        raise NotInResults("the worth of knowing a number needs two chosen values or more")
    values = results.outcome(outcome)
    points = results.clusters_of(np.arange(results.points))
    by_option = np.stack(
        [
            np.nanmean(results.by_combination(values)[option == n], axis=0)
            for n in range(len(options))
        ]
    )
    seen, unseen = zip(*(halves(own, points) for own in by_option), strict=True)
    search, measure = np.stack(seen), np.stack(unseen)
    overall = int(np.nanmean(search, axis=(1, 2)).argmax())
    rows = []
    for key in results.plan.point_keys:
        part, _ = _thirds(results, key)
        chosen = np.array(
            [int(np.nanmean(search[:, part == k], axis=(1, 2)).argmax()) for k in range(PARTS)]
        )
        gained = measure[chosen[part], np.arange(results.points)] - measure[overall]
        rows.append({"number": key, **estimate(gained, points).columns("gain")})
    return pl.DataFrame(rows).sort("gain", descending=True), options[overall]
