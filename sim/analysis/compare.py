"""Two sweeps side by side: what differs in their plans, and their cells compared run by run."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.intervals import NOTHING, Estimate, estimate
from sim.analysis.matching import matched, settings_apart, share_chance
from sim.analysis.result import Result
from sim.analysis.results import DERIVED, NotInResults, Results, word
from sim.analysis.sweep_difference import (
    change_of,
    mean_change,
    overall_paired,
    overall_unpaired,
    unpaired,
)
from sim.sweeps.overrides import Value

if TYPE_CHECKING:
    from sim.analysis.result import Chart


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """One combination of the first sweep beside the one of the second that is like it.

    Attributes
    ----------
    values : dict
        Values of the keys that both sweeps have.
    one, other : int
        Combinations of the first and of the second sweep.
    differs : tuple of str
        Paths of their configurations that differ, with both values.
    before, after : Estimate
        Outcome in the first and in the second.
    difference : Estimate
        Second less first; run by run if they share their chance.
    more, less : int
        Runs in which the second has more, and less.
    """

    values: dict[str, Value]
    one: int
    other: int
    differs: tuple[str, ...]
    before: Estimate
    after: Estimate
    difference: Estimate
    more: int
    less: int

    @property
    def label(self) -> str:
        """The shared values, one after the other."""
        return " · ".join(word(v) for v in self.values.values()) or "the one cell in common"


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Result):
    """Two sweeps compared.

    Attributes
    ----------
    names : tuple of str
        Folders of the first and of the second.
    outcome : str
    plans : polars.DataFrame
        `what`, `first`, `second`: in what the plans differ.
    pairs : tuple of Pair
        Combinations in common.
    only : tuple of int
        Combinations of the first, and of the second, without counterpart.
    paired : bool
        Whether runs were compared one by one: same seed, and same points if any were drawn. Other
        horizons or settings do no harm: a longer horizon repeats the shorter one's weeks.
    overall : Estimate
        Difference averaged over those pairs of cells that have outcomes in both sweeps. Run by
        run if paired, else that of two samples in which cells share their shocks.
    freedom : tuple of two floats or None
        Degrees of freedom of the mean of the first and of the second sweep over these cells, if
        not paired; None where runs are independent, those of one cell.
    still_needed : int
        Further replicates for two percentage points, 0 if reached or not paired.
    """

    names: tuple[str, str]
    outcome: str
    plans: pl.DataFrame
    pairs: tuple[Pair, ...]
    only: tuple[int, int]
    paired: bool
    overall: Estimate
    freedom: tuple[float | None, float | None]
    still_needed: int

    @property
    def used(self) -> list[Pair]:
        """The pairs of cells that have outcomes to compare."""
        return [pair for pair in self.pairs if np.isfinite(pair.difference.value)]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a pair of cells: outcome in both, and the difference.

        `more`, `less` and `pairs` count runs that were compared one by one; without such they are
        not there.
        """
        frame = pl.DataFrame(
            [
                {key: word(v) for key, v in pair.values.items()}
                | {
                    "first": pair.before.value,
                    "second": pair.after.value,
                    "difference": pair.difference.value,
                    "low": pair.difference.low,
                    "high": pair.difference.high,
                    "more": pair.more,
                    "less": pair.less,
                    "pairs": pair.difference.runs,
                    "differs_in": "; ".join(pair.differs) or "nothing",
                }
                for pair in self.pairs
            ],
            infer_schema_length=None,
        )
        return frame if self.paired else frame.drop("more", "less", "pairs")

    def plot(self) -> "Chart":
        """Return the differences with their intervals, one line a pair of cells.

        Raises
        ------
        NotInResults
            If no pair of cells has outcomes in both sweeps.
        """
        from sim.analysis.charts import MOST_LINES, dots, thinned

        pairs = sorted(self.used, key=lambda p: -p.difference.value)
        if not pairs:
            raise NotInResults("no pair of cells has outcomes in both sweeps")
        rows = [
            {
                "label": pairs[n].label,
                "value": pairs[n].difference.value,
                "low": pairs[n].difference.low,
                "high": pairs[n].difference.high,
            }
            for n in thinned(len(pairs))
        ]
        title = "Second sweep less the first, " + ("run by run" if self.paired else "unpaired")
        if len(pairs) > MOST_LINES:
            title += f" ({MOST_LINES} of {len(pairs)} cells)"
        largest = max(abs(pair.difference.value) for pair in pairs)
        shown = (".0%" if largest > 0.05 else ".1%") if self.outcome in DERIVED else ".3f"
        return dots(rows, title, f"difference in {self.outcome}", format=shown, mark=0.0)


def compare(one: Results, other: Results, outcome: str = "signed") -> Comparison:
    """Compare two sweeps.

    Combinations are matched by the values of the keys that both have; where several of the second
    fit, the one whose whole configuration differs least is taken.

    Parameters
    ----------
    one, other : Results
    outcome : str
        See `Results.outcome`.

    Raises
    ------
    NotInResults
        If no combination of one is like one of the other, or they play different negotiations.
    """
    together = matched(one, other)
    paired = share_chance(one, other)
    values = one.outcome(outcome), other.outcome(outcome)
    share = outcome in DERIVED
    pairs, blocks = [], []
    for a, b, shared, differs in together:
        first, second = (
            table[number * side.points + np.arange(side.points)]
            for table, number, side in zip(values, (a, b), (one, other), strict=True)
        )
        before, after = (
            estimate(block, side.clusters_of(np.arange(side.points)), share)
            for block, side in zip((first, second), (one, other), strict=True)
        )
        difference, more, less = unpaired(before, after), 0, 0
        if paired:
            change = change_of(first, second)
            difference = mean_change(change, one, share)
            more, less = int((change > 0).sum()), int((change < 0).sum())
        if np.isfinite(difference.value):
            blocks.append((first, second))
        pairs.append(
            Pair(
                values=shared,
                one=a,
                other=b,
                differs=differs,
                before=before,
                after=after,
                difference=difference,
                more=more,
                less=less,
            )
        )
    only = (
        len(one.plan.combinations) - len(pairs),
        len(other.plan.combinations) - len({pair.other for pair in pairs}),
    )
    notes = _left_out(only, len(pairs) - len(blocks))
    needed = 0
    freedom: tuple[float | None, float | None] = (None, None)
    if not blocks:
        overall = NOTHING
    elif paired:
        overall, needed, told = overall_paired(blocks, one, share)
        notes += told
    else:
        overall, freedom, told = overall_unpaired(blocks, one, other, share)
        notes += told
    return Comparison(
        names=(str(one.folder), str(other.folder)),
        outcome=outcome,
        plans=_plans(one, other),
        pairs=tuple(pairs),
        only=only,
        paired=paired,
        overall=overall,
        freedom=freedom,
        still_needed=needed,
        notes=(*notes, *_notes(one, other, paired, needed)),
    )


def _plans(one: Results, other: Results) -> pl.DataFrame:
    """Return in what two plans differ."""
    a, b = one.plan, other.plan
    told = [
        ("line", " ".join(a.line), " ".join(b.line)),
        ("seed", a.seed, b.seed),
        ("replicates", a.replicates, b.replicates),
        ("cells", a.cells, b.cells),
        ("design", a.design.get("kind"), b.design.get("kind")),
        ("swept keys", ", ".join(a.swept), ", ".join(b.swept)),
        ("rules of the model", a.model[:10], b.model[:10]),
        ("plug-ins", len(a.plugins), len(b.plugins)),
        *(
            (f"version of {name}", a.versions.get(name), b.versions.get(name))
            for name in dict.fromkeys([*a.versions, *b.versions])
        ),
    ]
    told += settings_apart(one, other)
    rows = [{"what": what, "first": str(x), "second": str(y)} for what, x, y in told if x != y]
    return pl.DataFrame(rows, {"what": pl.String, "first": pl.String, "second": pl.String})


def _left_out(only: tuple[int, int], empty: int) -> tuple[str, ...]:
    """Return which cells take no part in the comparison."""
    notes: tuple[str, ...] = ()
    if any(only):
        notes += (
            f"{only[0]} cells of the first sweep and {only[1]} of the second have no counterpart "
            "and are left out.",
        )
    if empty:
        notes += (
            f"{empty} of the pairs of cells in common have no outcomes to compare, because their "
            "runs failed or are missing; the mean is over the others.",
        )
    return notes


def _notes(one: Results, other: Results, paired: bool, needed: int) -> tuple[str, ...]:
    """Return what a reader must know of the comparison."""
    notes = []
    if needed:
        notes.append(
            f"For an interval of ±2 percentage points {needed:,} more replicates of each cell are "
            "needed."
        )
    if not paired:
        notes.append(
            "Seeds or drawn points differ, so runs cannot be compared one by one; the difference "
            "is that of independent samples."
        )
    if one.plan.model != other.plan.model:
        notes.append(
            "The rules of the model differ between the two: differences mix what was swept with "
            "what was reprogrammed."
        )
    apart = [path for path, _, _ in settings_apart(one, other)]
    if "horizon" in apart:
        notes.append("The horizons differ, so one of the two had more weeks to sign in.")
    apart = [path for path in apart if path.startswith("scenario.")]
    if apart:
        notes.append(
            f"The scenarios differ, in {len(apart)} places from '{apart[0]}' on: differences mix "
            "what was swept with what the scenarios say."
        )
    return tuple(notes)
