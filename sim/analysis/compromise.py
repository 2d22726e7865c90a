"""A null model of the terms: the salience-weighted compromise.

Each open article ends at the mean of the sides' ideals, weighted by how much the article matters to
each (Schneider, Finke and Bailer 2010). It knows no strategy, no rule and no status quo.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.intervals import estimate
from sim.analysis.result import Result
from sim.analysis.results import NotInResults, Results
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.analysis.result import Chart


@dataclass(frozen=True, eq=False, kw_only=True)
class Compromise(Result):
    """The salience-weighted compromise beside where the open articles ended.

    Attributes
    ----------
    parties : tuple of str
        Names of the sides.
    articles : polars.DataFrame
        `article`, `ideal_first`, `ideal_second`, `compromise`, `with_mediator`, `in_runs`, `low`,
        `high` (mean final position of deals that stood, 95 %), `lowest`, `highest` (of the means
        by cell).
    """

    parties: tuple[str, str]
    articles: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """Return one line an open article."""
        return self.articles

    def plot(self) -> "Chart":
        """Return ideals, compromise and where the runs ended, one line an article."""
        from sim.analysis.charts import dots

        first, second = self.parties
        told = {
            "ideal_first": f"{first}'s ideal",
            "ideal_second": f"{second}'s ideal",
            "compromise": "compromise",
            "in_runs": "in the runs",
        }
        rows = [
            {
                "label": row["article"],
                "series": words,
                "value": row[name],
                "low": row["low"] if name == "in_runs" else row[name],
                "high": row["high"] if name == "in_runs" else row[name],
            }
            for row in self.articles.iter_rows(named=True)
            for name, words in told.items()
            if row[name] is not None
        ]
        axis = f"position: 0 {first}'s wording, 1 {second}'s"
        title = "Open articles: ideals, salience-weighted compromise, runs"
        return dots(rows, title, axis, format=".2f", domain=(0, 1), series="position")


def salience_compromise(results: Results) -> Compromise:
    """Return the salience-weighted compromise for each article that was open.

    A side's salience is the weight of the article among all its weights; both sides have the same
    capability. A second column takes the mediator in as a third of equal capability.

    Raises
    ------
    NotInResults
        If no article was open.
    """
    scenario = results.scenario
    first, second = scenario.parties
    stood = results.codes("in_force") > 0 if results.has("in_force") else None
    rows = []
    for key, entry in scenario.provisions.items():
        if entry.status == "agreed":
            continue
        ideals = {who: entry.ideals[who].value for who in (first, second)}
        told: dict[str, object] = {
            "article": f"{entry.number} {entry.title.split(';')[0].split(':')[0]}".strip(),
            "ideal_first": ideals[first],
            "ideal_second": ideals[second],
            "compromise": compromise(scenario, key, [first, second]),
            "with_mediator": compromise(scenario, key, [first, second, scenario.mediator.id]),
        }
        rows.append(told | _ended(results, f"position_{key}", stood))
    if not rows:
        raise NotInResults("no article was open at the start, so there is nothing to compromise on")
    notes = (
        "The compromise takes the scenario's stated weights and ideals, and knows no strategy, "
        "rule, precondition or status quo.",
    )
    names = (scenario.actors[first].name, scenario.actors[second].name)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return Compromise(parties=names, articles=frame, notes=notes)


def _ended(results: Results, column: str, stood: NDArray[np.bool_] | None) -> dict[str, object]:
    """Return the mean final position of the deals that stood, over all and by cell."""
    nothing = dict.fromkeys(("in_runs", "low", "high", "lowest", "highest"))
    if stood is None or not results.has(column):
        return dict(nothing)
    values = np.where(stood, results.numbers(column), np.nan)
    mean = estimate(values, results.clusters_of(np.arange(results.plan.cells)))
    by_group = [estimate(values[group.cells]).value for group in results.groups()]
    known = [value for value in by_group if np.isfinite(value)]
    if not known:
        return dict(nothing)
    return {
        "in_runs": mean.value,
        "low": mean.low,
        "high": mean.high,
        "lowest": min(known),
        "highest": max(known),
    }


def compromise(scenario: Scenario, provision: str, actors: Sequence[str]) -> float | None:
    """Return the mean of some actors' ideals on a provision, weighted by salience.

    Parameters
    ----------
    scenario : Scenario
    provision : str
        Its id.
    actors : sequence of str
        Ids; all of the same capability.

    Returns
    -------
    float or None
        None if the provision matters to none of them, or one of them has no ideal on it.

    References
    ----------
    Schneider, Finke and Bailer (2010), *Political Studies* 58.
    """
    entry = scenario.provisions[provision]
    if any(who not in entry.weights or who not in entry.ideals for who in actors):
        return None
    every = [item.weights for item in scenario.provisions.values()]
    every += [item.weights for item in scenario.preconditions.values()]
    salience = []
    for who in actors:
        total = sum(weights[who].value for weights in every if who in weights)
        salience.append(entry.weights[who].value / total if total > 0 else 0.0)
    if sum(salience) <= 0.0:
        return None
    ideals = [entry.ideals[who].value for who in actors]
    return float(np.average(ideals, weights=salience))
