"""On what terms deals are made, what they are worth, and whether they last."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import Estimate, estimate
from sim.analysis.results import Floats, Group, Results, word

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

WORTH = ("utility_first", "utility_second", "dignity", "share_first", "share_second")
"""Columns that say what the deal that stood at the end is worth."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Measure:
    """One thing that a deal is described by."""

    name: str  # column, or ``durability``
    words: str  # the same with the parties' names
    group: Group
    mean: Estimate  # over the runs in which it can be said
    quartiles: tuple[float, float, float]  # lower quartile, median, upper quartile


@dataclass(frozen=True, eq=False, kw_only=True)
class Terms(Result):
    """Terms of the deals, by group of cells."""

    keys: tuple[str, ...]  # keys whose values tell the groups apart
    parties: tuple[str, str]  # names of the first and the second party
    measures: tuple[Measure, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a group and measure: mean, 95 % interval, quartiles, runs."""
        rows = [
            {key: word(v) for key, v in m.group.values.items()}
            | {
                "measure": m.name,
                "meaning": m.words,
                "mean": m.mean.value,
                "low": m.mean.low,
                "high": m.mean.high,
                "lower_quartile": m.quartiles[0],
                "median": m.quartiles[1],
                "upper_quartile": m.quartiles[2],
                "runs": m.mean.runs,
            }
            for m in self.measures
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def of(self, name: str) -> list[Measure]:
        """Return one measure of all groups that have it."""
        return [m for m in self.measures if m.name == name and m.mean.runs]

    def plot(self) -> "Chart":
        """Return final positions of what was open, one point a group of cells and article."""
        from sim.analysis.charts import MOST_LINES, dots, thinned

        found = [m for m in self.measures if m.name.startswith("position_") and m.mean.runs]
        labels = list(dict.fromkeys(m.group.label for m in found))
        shown = {labels[n] for n in thinned(len(labels), MOST_LINES // 2)}
        rows = [_point(m, series=m.words) for m in found if m.group.label in shown]
        first, second = self.parties
        axis = f"final position: 0 {first}'s wording, 1 {second}'s"
        title = "Where the open articles ended, in deals that stood"
        return dots(rows, title, axis, format=".2f", domain=(0, 1), series="article")

    def plot_worth(self, name: str = "dignity") -> "Chart":
        """Return one measure with its interval, one line a group of cells."""
        from sim.analysis.charts import dots, thinned

        found = sorted(self.of(name), key=lambda m: -m.mean.value)
        rows = [_point(found[n]) for n in thinned(len(found))]
        words = found[0].words if found else name
        return dots(rows, words[:1].upper() + words[1:], words, format=".2f")


def _point(measure: Measure, **more: str) -> dict[str, object]:
    mean = measure.mean
    return {
        "label": measure.group.label,
        "value": mean.value,
        "low": mean.low,
        "high": mean.high,
        **more,
    }


def terms(results: Results, by: Sequence[str] | None = None) -> Terms:
    """Return on what terms deals are made.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all by default.

    Returns
    -------
    Terms
        For deals that stood at the end: utilities on the scale on which the whole treaty at a
        side's own ideals is worth 1, dignity (the smaller of the sides' shares of their greatest
        possible gain over the status quo), the shares won of what was open, and the final
        positions of the articles that were open; for all signed deals `durability`, the share
        that stood at the end.

    Raises
    ------
    NotInResults
        If the table lacks what stood at the end.
    """
    in_force = results.codes("in_force")
    first, second = (results.scenario.actors[p].name for p in results.scenario.parties)
    words = {
        "utility_first": f"worth of the deal to {first}",
        "utility_second": f"worth of the deal to {second}",
        "dignity": "dignity: the worse-off side's share of its possible gain",
        "share_first": f"share won by {first} of what was open",
        "share_second": f"share won by {second} of what was open",
    }
    for combination in range(len(results.plan.combinations)):
        scenario = results.scenario_of(combination)
        for key, entry in scenario.provisions.items():
            if entry.status != "agreed" and results.has(f"position_{key}"):
                title = entry.title.split(";")[0].split(":")[0]
                words.setdefault(f"position_{key}", f"{entry.number} {title}".strip())
        if not results.chosen_keys or "scenario" not in results.chosen_keys:
            break
    groups = results.groups(by)
    measures: list[Measure] = []
    stood = np.where(results.signed_codes > 0, in_force > 0, np.nan)
    told = "durability: share of signed deals that stood at the end"
    measures += [_measure(results, "durability", told, g, stood, share=True) for g in groups]
    missing = [name for name in WORTH if not results.has(name)]
    for name, meaning in words.items():
        if name in missing:
            continue
        values = np.where(in_force > 0, results.numbers(name), np.nan)
        measures += [_measure(results, name, meaning, group, values) for group in groups]
    notes = [
        "Means over the deals that stood at the end. Cells sign in different circumstances, so "
        "terms of two cells also differ by which runs came to a deal.",
        f"Utility counts the whole treaty at a side's own ideals as 1; {first} and {second} are "
        "not comparable with each other.",
    ]
    notes += [f"The table of runs lacks the column '{name}'." for name in missing]
    return Terms(
        keys=tuple(groups[0].values),
        parties=(first, second),
        measures=tuple(measures),
        notes=tuple(notes),
    )


def _measure(
    results: Results, name: str, words: str, group: Group, values: Floats, share: bool = False
) -> Measure:
    block = values[group.cells]
    points = results.clusters_of(group.cells)
    found = block[np.isfinite(block)]
    low, middle, high = (
        (float(q) for q in np.quantile(found, (0.25, 0.5, 0.75)))
        if len(found)
        else (float("nan"),) * 3
    )
    return Measure(
        name=name,
        words=words,
        group=group,
        mean=estimate(block, points, share),
        quartiles=(low, middle, high),
    )
