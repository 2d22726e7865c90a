"""Differences between two values of a swept key on common random numbers.

Each replicate meets the same shocks under both values, so the two are compared run by run: the
spread of the differences is what counts, not that of the outcomes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sim.analysis.charts import MOST_LINES, Figure, Result, dot_plot
from sim.analysis.intervals import Estimate, estimate, paired_estimate, spread
from sim.analysis.results import DERIVED, Floats, NotInResults, Results, word
from sim.sweeps.overrides import Value

PRECISION = 0.02
"""Half-width of an interval that a report asks for by default: two percentage points."""
MOST_PAIRS = 66
"""If a key has more pairs of values than this, its first value is compared with the others only."""
EVERYWHERE = "all others equal, mean"
"""Context of a difference that is averaged over the cells that agree in all other keys."""
COLUMNS = ("key", "value", "than", "context", "difference", "low", "high", "more", "less", "pairs",
           "still_needed")  # fmt: skip
"""Columns of the table; one difference a line."""


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

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a difference."""
        for entry in self.differences:
            row = vars(entry) | {"value": word(entry.value), "than": word(entry.than)}
            yield {name: row[name] for name in COLUMNS}

    def everywhere(self) -> list[Difference]:
        """Return the differences averaged over all contexts, largest first."""
        averaged = [d for d in self.differences if d.context == EVERYWHERE]
        found = [d for d in averaged if np.isfinite(d.difference)]
        return sorted(found, key=lambda d: -abs(d.difference))

    def figure(self) -> Figure:
        """Return the averaged differences with their intervals, largest first."""
        found = self.everywhere()
        rows = [
            {
                "label": f"{entry.key}: {word(entry.value)} instead of {word(entry.than)}",
                "value": entry.difference,
                "low": entry.low,
                "high": entry.high,
            }
            for entry in found[:MOST_LINES]
        ]
        words = {"signed": "P(signed)", "signed_full": "P(signed in full)"}
        axis = f"difference in {words.get(self.outcome, self.outcome)}, same shocks"
        shown = ".3f"
        if self.outcome in DERIVED:
            wide = any(abs(entry.difference) > 0.05 for entry in found)
            shown = ".0%" if wide else ".2%"
        return dot_plot(rows, "Differences run by run", axis, format=shown, mark=0.0)


def paired_differences(
    results: Results,
    keys: Sequence[str] | None = None,
    outcome: str = "signed",
    precision: float = PRECISION,
) -> Differences:
    """Compare the values of swept keys (default: all) on common random numbers.

    `precision` is the half-width of the 95 % interval that is wanted; for `outcome` see
    `Results.outcome`. Each pair of values is compared once over all cells that agree in the other
    keys, and once for each such pair of cells. Differences of shares have the adjusted Wald
    interval of Bonett and Price (2012) with the replicate as the pair, see `paired_estimate`;
    others have Student's over replicates (and points, if sampled). Raises `NotInResults` if no
    key has two values.
    """
    chosen = results.chosen_keys if keys is None else list(keys)
    results.check_keys(chosen)
    found: list[Difference] = []
    for key in chosen:
        options = results.options[key]
        pairs = list(combinations(options, 2))
        if len(pairs) > MOST_PAIRS:
            pairs = [(options[0], other) for other in options[1:]]
        for than, value in pairs:
            found += _compared(results, (key, value, than), outcome, precision)
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


def _compared(
    results: Results, told: tuple[str, Value, Value], outcome: str, precision: float
) -> list[Difference]:
    """Return how a key's value differs from another one: over all contexts, and in each."""
    changes = _changes(results, told, results.outcome(outcome))
    if not changes:
        return []
    key, value, than = told

    def difference(context: str, parts: Sequence[Floats]) -> Difference:
        mean_of_cells = sum(parts, np.zeros(())) / len(parts)
        share = outcome in DERIVED
        mean, pairs, needed = mean_change(mean_of_cells, results, share, precision)
        more, less = moved(np.array(parts))
        return Difference(
            key=key,
            value=value,
            than=than,
            context=context,
            cells=len(parts),
            pairs=pairs,
            difference=mean.value,
            low=mean.low,
            high=mean.high,
            more=more,
            less=less,
            still_needed=needed,
        )

    apart = [difference(context, [change]) for context, change in changes]
    average = difference(EVERYWHERE, [change for _, change in changes])
    return [average, *(apart if len(apart) > 1 else [])]


def _changes(
    results: Results, told: tuple[str, Value, Value], values: Floats
) -> list[tuple[str, Floats]]:
    """Return the differences run by run in each context that has runs of both values."""
    key, value, than = told
    by_context: dict[tuple[Value, ...], dict[Value, int]] = {}
    for number, entry in enumerate(results.plan.combinations):
        if entry.values[key] in (value, than):
            others = tuple(v for k, v in entry.values.items() if k != key)
            by_context.setdefault(others, {})[entry.values[key]] = number
    points = np.arange(results.points)
    changes = [
        (
            " · ".join(word(v) for v in context),
            values[by[value] * results.points + points]
            - values[by[than] * results.points + points],
        )
        for context, by in by_context.items()
        if len(by) == 2
    ]
    return [(context, change) for context, change in changes if np.isfinite(change).any()]


def moved(change: Floats) -> tuple[int, int]:
    """Return in how many runs the outcome became more, and in how many less."""
    return int((change > 0).sum()), int((change < 0).sum())


def mean_change(
    change: Floats, results: Results, share: bool, precision: float = PRECISION
) -> tuple[Estimate, int, int]:
    """Return the mean of differences run by run, what it rests on, and what it lacks.

    `change` is NaN where a run is missing, and from -1 to 1 if `share`; shape (points, replicates).
    Returns the mean with its interval; independent replicates behind it, or points if these are
    fewer; and how many more an interval of half-width `precision` needs.
    """
    clusters = results.clusters_of(np.arange(results.points))
    mean = paired_estimate(change, clusters) if share else estimate(change, clusters)
    count = spread(change, clusters).clusters
    half = (mean.high - mean.low) / 2
    wanted = int(np.ceil(count * (half / precision) ** 2)) if np.isfinite(half) else 0
    return mean, count, max(0, wanted - count)
