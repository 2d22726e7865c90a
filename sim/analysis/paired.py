"""Differences between two values of a swept key on common random numbers.

Each replicate meets the same shocks under both values, so the two are compared run by run: the
spread of the differences is what counts, not that of the outcomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import estimate, paired_estimate, spread
from sim.analysis.results import DERIVED, Floats, NotInResults, Results, word
from sim.sweeps.overrides import Value

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

PRECISION = 0.02
"""Half-width of an interval that a report asks for by default: two percentage points."""
MOST_PAIRS = 66
"""If a key has more pairs of values than this, its first value is compared with the others only."""
EVERYWHERE = "all others equal, mean"
"""Context of a difference that is averaged over the cells that agree in all other keys."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Difference:
    """An outcome under one value of a key less that under another, all else equal."""

    key: str
    # value, than: the two values; a positive difference means more under `value`
    value: Value
    than: Value
    context: str  # values of the other keys, or `EVERYWHERE`
    cells: int  # pairs of cells that are averaged in each replicate
    pairs: int  # independent replicates that the interval rests on, or points if these are fewer
    difference: float
    low: float
    high: float
    # more, less: runs in which the outcome is greater, or smaller, under `value`
    more: int
    less: int
    # further ones for the precision asked for; 0 if it is reached. In a sampled design the
    # other kind must grow by the same factor
    still_needed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Differences(Result):
    """Paired differences of one outcome."""

    outcome: str
    precision: float  # half-width that `still_needed` refers to
    differences: tuple[Difference, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a difference."""
        return pl.DataFrame(
            [
                {
                    "key": d.key,
                    "value": word(d.value),
                    "than": word(d.than),
                    "context": d.context,
                    "difference": d.difference,
                    "low": d.low,
                    "high": d.high,
                    "more": d.more,
                    "less": d.less,
                    "pairs": d.pairs,
                    "still_needed": d.still_needed,
                }
                for d in self.differences
            ],
            infer_schema_length=None,
        )

    def everywhere(self) -> list[Difference]:
        """Return the differences averaged over all contexts, largest first."""
        averaged = [d for d in self.differences if d.context == EVERYWHERE]
        found = [d for d in averaged if np.isfinite(d.difference)]
        return sorted(found, key=lambda d: -abs(d.difference))

    def plot(self) -> "Chart":
        """Return the averaged differences with their intervals, largest first."""
        from sim.analysis.charts import MOST_LINES, dots

        rows = [
            {
                "label": f"{d.key}: {word(d.value)} instead of {word(d.than)}",
                "value": d.difference,
                "low": d.low,
                "high": d.high,
            }
            for d in self.everywhere()[:MOST_LINES]
        ]
        words = {"signed": "P(signed)", "signed_full": "P(signed in full)"}
        axis = f"difference in {words.get(self.outcome, self.outcome)}, same shocks"
        largest = max(abs(d.difference) for d in self.everywhere())
        shown = (".0%" if largest > 0.05 else ".2%") if self.outcome in DERIVED else ".3f"
        return dots(rows, "Differences run by run", axis, format=shown, mark=0.0)


def paired_differences(
    results: Results,
    keys: Sequence[str] | None = None,
    outcome: str = "signed",
    precision: float = PRECISION,
) -> Differences:
    """Compare the values of swept keys on common random numbers.

    Parameters
    ----------
    results : Results
    keys : sequence of str, optional
        Keys whose values are compared; all by default.
    outcome : str
        See `Results.outcome`.
    precision : float
        Half-width of the 95 % interval that is wanted.

    Returns
    -------
    Differences
        For each pair of values, once averaged over all cells that agree in the other keys, and
        once for each such pair of cells. Differences of shares have the adjusted Wald interval
        of Bonett and Price (2012) with the replicate as the pair, see `paired_estimate`; others
        have Student's over replicates (and points, if sampled).

    Raises
    ------
    NotInResults
        If no key has two values.
    """
    chosen = results.chosen_keys if keys is None else list(keys)
    results.check_keys(chosen)
    values = results.outcome(outcome)
    found: list[Difference] = []
    for key in chosen:
        options = list(dict.fromkeys(c.values[key] for c in results.plan.combinations))
        pairs = list(combinations(options, 2))
        if len(pairs) > MOST_PAIRS:
            pairs = [(options[0], other) for other in options[1:]]
        for than, value in pairs:
            found += _compare(results, values, key, value, than, outcome in DERIVED, precision)
    if not found:
        raise NotInResults(
            "no two cells differ in one swept key alone, so there is nothing to compare run by run"
        )
    notes = (
        "Each interval is for one comparison; the largest of many differences is partly luck.",
        "Averages weigh all values of the other keys equally, over replicates that are complete in "
        "all of them.",
    )
    return Differences(outcome=outcome, precision=precision, differences=tuple(found), notes=notes)


def _compare(
    results: Results,
    values: Floats,
    key: str,
    value: Value,
    than: Value,
    share: bool,
    precision: float,
) -> list[Difference]:
    by_context: dict[tuple[Value, ...], dict[Value, int]] = {}
    for number, entry in enumerate(results.plan.combinations):
        if entry.values[key] in (value, than):
            others = tuple(v for k, v in entry.values.items() if k != key)
            by_context.setdefault(others, {})[entry.values[key]] = number
    points = np.arange(results.points)
    found: list[Difference] = []
    total = np.zeros((results.points, values.shape[1]))
    more = less = contexts = 0
    for context, by in by_context.items():
        if len(by) < 2:
            continue
        change = (
            values[by[value] * results.points + points] - values[by[than] * results.points + points]
        )
        if not np.isfinite(change).any():
            # Cells without runs take no part in the average.
            continue
        contexts += 1
        total += change
        up, down = int((change > 0).sum()), int((change < 0).sum())
        more, less = more + up, less + down
        label = " · ".join(word(v) for v in context)
        told = (key, value, than, label, 1)
        found.append(_difference(told, change, (up, down), share, precision, results))
    if not contexts:
        return []
    told = (key, value, than, EVERYWHERE, contexts)
    average = _difference(told, total / contexts, (more, less), share, precision, results)
    return [average, *(found if contexts > 1 else [])]


def _difference(
    told: tuple[str, Value, Value, str, int],
    change: Floats,
    moved: tuple[int, int],
    share: bool,
    precision: float,
    results: Results,
) -> Difference:
    """Return a mean difference with its interval.

    Parameters
    ----------
    told : tuple
        Key, value, the other value, context, number of pairs of cells.
    change : array, shape (points, replicates)
        Differences, NaN where a run is missing.
    moved : tuple of int
        Runs with more, and with less.
    share : bool
        Whether the differences are those of shares, from -1 to 1.
    """
    clusters = results.clusters_of(np.arange(results.points))
    mean = paired_estimate(change, clusters) if share else estimate(change, clusters)
    count = spread(change, clusters).clusters
    half = (mean.high - mean.low) / 2
    wanted = int(np.ceil(count * (half / precision) ** 2)) if np.isfinite(half) else 0
    key, value, than, context, cells = told
    return Difference(
        key=key,
        value=value,
        than=than,
        context=context,
        cells=cells,
        pairs=count,
        difference=mean.value,
        low=mean.low,
        high=mean.high,
        more=moved[0],
        less=moved[1],
        still_needed=max(0, wanted - count),
    )
