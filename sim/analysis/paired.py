"""Differences between two values of a swept key on common random numbers.

Each replicate meets the same shocks under both values, so the two are compared run by run: the
spread of the differences is what counts, not that of the outcomes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
import polars as pl
from scipy.special import stdtrit

from sim.analysis.charts import MOST_LINES, Figure, Result, dot_plot
from sim.analysis.results import Floats, NotInResults, Results, word
from sim.runs.intervals import LEVEL, Estimate, estimate, paired_shares, spread
from sim.runs.outcomes import OUTCOME_COLUMNS
from sim.sweeps.columns import DERIVED, is_share
from sim.sweeps.overrides import Value

PRECISION = 0.02
"""Half-width of an interval that a report asks for by default: two percentage points."""
MOST_PAIRS = 66
"""If a key has more pairs of values than this, its first value is compared with the others only."""
MOST_RANKED, RESAMPLES, MOST_UNITS = 200, 1000, 400
"""Most combinations of which the best are looked for, resamples that it takes, and batches of
replicates where there are more."""
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
    # further ones for the precision asked for; 0 if it is reached. In a sampled design whose
    # points share their chance the other kind must grow by the same factor
    still_needed: int
    freedom: float  # degrees of freedom of the variance

    @property
    def estimate(self) -> Estimate:
        """The difference with its interval."""
        return Estimate(self.difference, self.low, self.high, self.pairs)

    def clear_among(self, comparisons: int) -> bool:
        """Return whether it differs from 0, as one of so many comparisons (Bonferroni).

        The interval is stretched by the ratio of Student's quantiles.
        """
        tail = (1 - LEVEL) / 2
        own, each = (float(stdtrit(max(self.freedom, 1.0), x)) for x in (tail, tail / comparisons))
        low = self.difference - (self.difference - self.low) * each / own
        high = self.difference + (self.high - self.difference) * each / own
        return low > 0.0 or high < 0.0


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
        found = [
            (f"{entry.key}: {word(entry.value)} instead of {word(entry.than)}", entry.estimate)
            for entry in self.everywhere()[:MOST_LINES]
        ]
        wide = is_share(self.outcome) and any(each.high - each.low > 0.06 for _, each in found)
        title, shown = "Differences run by run, same shocks", ".0f" if wide else ""
        return difference_plot(found, title, self.outcome, shown)


def difference_shown(outcome: str) -> tuple[float, str, str]:
    """Return the factor of a difference where it is shown, what its axis says, and its format."""
    if outcome not in DERIVED:
        return 1.0, f"difference in {outcome}", ".3f"
    kind = DERIVED[outcome]
    return kind.scale, kind.difference, ".1f"


def difference_plot(
    found: Iterable[tuple[str, Estimate]], title: str, outcome: str, format: str = ""
) -> Figure:
    """Return labelled differences of an outcome with their intervals, in its unit and format."""
    scale, axis, shown = difference_shown(outcome)
    rows = [
        {"label": label, **{name: scale * end for name, end in each.columns().items()}}
        for label, each in found
    ]
    return dot_plot(rows, title, axis, format=format or shown, mark=0.0)


def paired_differences(
    results: Results,
    keys: Sequence[str] | None = None,
    outcome: str = "signed",
    precision: float = PRECISION,
    contexts: bool = True,
) -> Differences:
    """Compare the values of swept keys (default: all) on common random numbers.

    `precision` is the half-width of the 95 % interval that is wanted, of weeks as a share of the
    horizon; for `outcome` see `Results.outcome`. Each pair of values is compared once over all
    cells that agree in the other keys, and once for each such pair of cells. Differences of shares
    have the adjusted Wald interval of Bonett and Price (2012) with as many pairs as the runs are
    worth, see `paired_shares`; others have Student's over replicates (and points, if sampled).
    Raises `NotInResults` if no key has two values.
    """
    chosen = results.chosen_keys if keys is None else list(keys)
    results.check_keys(chosen)
    values = results.outcome(outcome)
    found: list[Difference] = []
    for key in chosen:
        options = results.options[key]
        pairs = list(combinations(options, 2))
        if len(pairs) > MOST_PAIRS:
            pairs = [(options[0], other) for other in options[1:]]
        apart = _contexts(results, key)
        for than, value in pairs:
            told = (key, value, than)
            changes = _changes(results, told, apart, values)
            found += _compared(results, told, changes, outcome, precision, contexts)
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
    results: Results,
    told: tuple[str, Value, Value],
    changes: Sequence[tuple[str, Floats]],
    outcome: str,
    precision: float,
    contexts: bool,
) -> list[Difference]:
    """Return how a key's value differs from another one: over all contexts, and in each."""
    if not changes:
        return []
    if outcome in DERIVED:
        precision *= DERIVED[outcome].most(results.plan.common_horizon)
    key, value, than = told

    def difference(context: str, parts: Floats) -> Difference:
        found = mean_change(parts, results, is_share(outcome), precision)
        more, less = moved(parts)
        return Difference(
            key=key,
            value=value,
            than=than,
            context=context,
            cells=len(parts),
            pairs=found.clusters,
            difference=found.mean.value,
            low=found.mean.low,
            high=found.mean.high,
            more=more,
            less=less,
            still_needed=found.needed,
            freedom=found.freedom,
        )

    average = difference(EVERYWHERE, np.array([change for _, change in changes]))
    if not contexts or len(changes) < 2:
        return [average]
    return [average, *(difference(context, change[np.newaxis]) for context, change in changes)]


Contexts: TypeAlias = Sequence[tuple[str, Mapping[tuple[Value, ...], int]]]
"""Values of all keys but one in words, and the combination of each value of that key."""


def _contexts(results: Results, key: str) -> Contexts:
    return [
        (" · ".join(word(value) for value in others), by)
        for others, by in results.apart_in([key]).items()
    ]


def _changes(
    results: Results,
    told: tuple[str, Value, Value],
    apart: Contexts,
    values: Floats,
    others: Floats | None = None,
) -> list[tuple[str, Floats]]:
    """Return the differences run by run in each context that has runs of both values.

    `others` are the outcomes under the second value, those under the first by default.
    """
    _, value, than = told
    more = results.by_combination(values)
    less = more if others is None else results.by_combination(others)
    changes = [
        (context, more[by[value,]] - less[by[than,]])
        for context, by in apart
        if (value,) in by and (than,) in by
    ]
    return [(context, change) for context, change in changes if np.isfinite(change).any()]


def worst_case(results: Results, key: str, values: tuple[Value, Value]) -> tuple[float, float]:
    """Return between what a difference in signing lies whatever runs without outcome had come to.

    Lost runs count as signed under one value and not under the other (Manski 1990).
    """
    signed, apart = results.outcome("signed"), _contexts(results, key)
    ends = []
    for lost in ((0.0, 1.0), (1.0, 0.0)):
        one, other = (np.where(np.isfinite(signed), signed, filling) for filling in lost)
        pairs = _changes(results, (key, *values), apart, one, other)
        ends.append(float(np.mean([change.mean() for _, change in pairs])))
    return ends[0], ends[1]


def best_set(results: Results, outcome: str = "signed", seed: int = 1) -> list[int]:
    """Return the combinations that cannot be told from the one with the highest mean.

    Those that no other is clearly above: differences run by run between all pairs, against the
    95 % quantile of the largest of them on resamples of replicates, or of drawn parts (a max-t
    bootstrap; the set is Hsu's (1984) of multiple comparisons with the best). Empty where there are
    more than `MOST_RANKED` combinations, or too few replicates to tell.
    """
    count, values = len(results.plan.combinations), results.by_combination(results.outcome(outcome))
    clusters = results.clusters_of(np.arange(results.points))
    if clusters is not None and not clusters.common:
        units = np.stack([values[:, part].mean(axis=(1, 2)) for part in clusters.members], axis=1)
    else:
        units = values.mean(axis=1)
    units = units[:, np.isfinite(units).all(axis=0)]
    if units.shape[1] > 2 * MOST_UNITS:
        size = units.shape[1] // MOST_UNITS
        units = units[:, : size * MOST_UNITS].reshape(count, MOST_UNITS, size).mean(axis=2)
    number = units.shape[1]
    if not 1 < count <= MOST_RANKED or number < 3:
        return []
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(number, np.full(number, 1 / number), RESAMPLES) / number
    means, moments = units.mean(axis=1), units @ units.T / number
    apart = means[:, np.newaxis] - means
    squares = np.diag(moments)[:, np.newaxis] + np.diag(moments) - 2 * moments
    # As many units that change either way are added as in the interval of one difference.
    floor = 2.0 / (number + 2) ** 2
    error = np.sqrt(np.maximum(squares - apart**2, 0.0) / (number - 1) + floor)
    drawn = weights @ (units - means[:, np.newaxis]).T
    largest = [float((np.abs(row[:, np.newaxis] - row) / error).max()) for row in drawn]
    limit = float(np.quantile(largest, LEVEL))
    beaten = (apart / error > limit).any(axis=0)
    return np.flatnonzero(~beaten).tolist()


def moved(change: Floats) -> tuple[int, int]:
    """Return in how many runs the outcome became more, and in how many less."""
    return int(np.count_nonzero(change > 0)), int(np.count_nonzero(change < 0))


class MeanChange(NamedTuple):
    """A mean of differences run by run, and what it rests on."""

    mean: Estimate
    clusters: int  # independent replicates behind it, or points if these are fewer
    needed: int  # how many more an interval of the precision asked for takes
    freedom: float  # degrees of freedom of its variance


def mean_change(
    changes: Floats, results: Results, share: bool, precision: float = PRECISION
) -> MeanChange:
    """Return the mean of differences run by run over replicates complete in all contexts.

    `changes` are NaN where a run is missing, and -1, 0 or 1 if `share`; shape (contexts, points,
    replicates).
    """
    clusters = results.clusters_of(np.arange(results.points))
    if share:
        pairs = paired_shares(changes, clusters)
        return MeanChange(pairs.estimate(), pairs.clusters, pairs.needed(precision), pairs.freedom)
    complete = changes.mean(axis=0)
    mean, found = estimate(complete, clusters), spread(complete, clusters)
    half = (mean.high - mean.low) / 2
    wanted = int(np.ceil(found.clusters * (half / precision) ** 2)) if np.isfinite(half) else 0
    return MeanChange(mean, found.clusters, max(0, wanted - found.clusters), found.freedom)


# --- values that change nothing


class SameRuns(NamedTuple):
    """Values of a swept key under which every run came to the very same, all else equal."""

    key: str
    values: tuple[Value, ...]

    def sentence(self, name: str) -> str:
        """Return what there is to say of them; `name` is that of the key."""
        *most, last = (word(value).replace("_", " ") for value in self.values)
        return (
            f"{name}: {', '.join(most)} and {last} gave identical runs, so nothing here tells them "
            "apart."
        )


def same_runs(results: Results) -> list[SameRuns]:
    """Return for each chosen key the values whose runs agree in every outcome column.

    Two values are compared wherever the other keys agree, replicate by replicate, so this holds of
    the shocks that were played, not of all. A cell without a usable run agrees with none.
    """
    found = []
    cheap = _agreeing(results, _weeks_of_cells(results))
    if cheap:
        found = _agreeing(results, _digests_of_cells(results))
    return found


def _agreeing(results: Results, marks: Sequence[object]) -> list[SameRuns]:
    """Return the values whose cells have equal marks in all contexts that they share."""
    found = []
    for key in results.chosen_keys:
        contexts: dict[Value, dict[tuple[Value, ...], Sequence[object]]] = {}
        for others, by in results.apart_in([key]).items():
            for (value,), number in by.items():
                cells = slice(number * results.points, (number + 1) * results.points)
                contexts.setdefault(value, {})[others] = marks[cells]
        classes: list[list[Value]] = []
        for value, own in contexts.items():
            for same in classes:
                shared = own.keys() & contexts[same[0]].keys()
                if shared and all(own[other] == contexts[same[0]][other] for other in shared):
                    same.append(value)
                    break
            else:
                classes.append([value])
        found += [SameRuns(key, tuple(same)) for same in classes if len(same) > 1]
    return found


def _weeks_of_cells(results: Results) -> list[object]:
    """Return for each cell when its texts closed and its papers were signed."""
    weeks = [results.codes(name) for name in ("text_week", "signed_week") if results.has(name)]
    there = np.asarray((results.signed_codes >= 0).any(axis=1))
    return [
        b"".join(column[cell].tobytes() for column in weeks) if there[cell] else object()
        for cell in range(results.plan.cells)
    ]


def _digests_of_cells(results: Results) -> list[object]:
    """Return for each cell a digest of all outcomes of its runs, whatever the order of the rows."""
    columns = [column.name for column in OUTCOME_COLUMNS if results.has(column.name)]
    digests = (
        pl.scan_parquet(list(results.files), glob=False)
        .select("cell", pl.struct("replicate", *columns).hash().alias("digest"))
        .group_by("cell")
        .agg(pl.len(), pl.col("digest").bitwise_xor())
        .collect(engine="streaming")
    )
    of_cell = {cell: (runs, digest) for cell, runs, digest in digests.iter_rows()}
    there = np.asarray((results.signed_codes >= 0).any(axis=1))
    return [of_cell[cell] if there[cell] else object() for cell in range(results.plan.cells)]
