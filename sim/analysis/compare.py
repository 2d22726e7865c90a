"""Two sweeps side by side: what differs in their plans, and their cells compared run by run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.intervals import Estimate, estimate
from sim.analysis.paired import PRECISION, bonett_price
from sim.analysis.result import Result
from sim.analysis.results import DERIVED, Floats, NotInResults, Results, word
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
        Whether runs were compared one by one: same seed, horizon and points.
    overall : Estimate
        Difference averaged over the pairs.
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
    still_needed: int

    def to_frame(self) -> pl.DataFrame:
        """Return one line a pair of cells: outcome in both, and the difference."""
        return pl.DataFrame(
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

    def plot(self) -> "Chart":
        """Return the differences with their intervals, one line a pair of cells."""
        from sim.analysis.charts import MOST_LINES, dots, thinned

        pairs = sorted(self.pairs, key=lambda p: -p.difference.value)
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
        If no combination of one is like one of the other.
    """
    matched = _matched(one, other)
    if not matched:
        raise NotInResults(
            "the two sweeps have no cell in common: no values of the keys that both have agree"
        )
    paired = _share_chance(one, other)
    values = one.outcome(outcome), other.outcome(outcome)
    share = outcome in DERIVED
    pairs, total = [], None
    for a, b, shared, differs in matched:
        blocks = tuple(
            table[number * side.points + np.arange(side.points)]
            for table, number, side in zip(values, (a, b), (one, other), strict=True)
        )
        before, after = (
            estimate(block, side.clusters_of(np.arange(side.points)), share)
            for block, side in zip(blocks, (one, other), strict=True)
        )
        change, moved = _change(blocks, one, share) if paired else (None, (0, 0))
        if paired:
            replicates = min(block.shape[1] for block in blocks)
            apart = blocks[1][:, :replicates] - blocks[0][:, :replicates]
            total = apart if total is None else total + apart
        pairs.append(
            Pair(
                values=shared,
                one=a,
                other=b,
                differs=differs,
                before=before,
                after=after,
                difference=change or _unpaired(before, after),
                more=moved[0],
                less=moved[1],
            )
        )
    overall, needed = _overall(pairs, total, one)
    only = (
        len(one.plan.combinations) - len(pairs),
        len(other.plan.combinations) - len({pair.other for pair in pairs}),
    )
    return Comparison(
        names=(str(one.folder), str(other.folder)),
        outcome=outcome,
        plans=_plans(one, other),
        pairs=tuple(pairs),
        only=only,
        paired=paired,
        overall=overall,
        still_needed=needed,
        notes=_notes(one, other, paired, needed, only),
    )


Match = tuple[int, int, dict[str, Value], tuple[str, ...]]


def _matched(one: Results, other: Results) -> list[Match]:
    """Return which combinations belong together, the values they share and how they differ."""
    shared = [key for key in one.chosen_keys if key in other.chosen_keys]
    by_values: dict[tuple[str, ...], list[int]] = {}
    for number, entry in enumerate(other.plan.combinations):
        by_values.setdefault(tuple(word(entry.values[k]) for k in shared), []).append(number)
    flat = [_flat(other.config_of(number)) for number in range(len(other.plan.combinations))]
    found = []
    for number, entry in enumerate(one.plan.combinations):
        candidates = by_values.get(tuple(word(entry.values[k]) for k in shared), [])
        if not candidates:
            continue
        own = _flat(one.config_of(number))
        differences = {c: _differences(own, flat[c]) for c in candidates}
        best = min(candidates, key=lambda c: len(differences[c]))
        values = {key: entry.values[key] for key in shared}
        found.append((number, best, values, differences[best]))
    return found


def _flat(node: object, path: str = "") -> dict[str, object]:
    """Return a configuration as dotted paths and values, without seed and replicate."""
    if isinstance(node, Mapping):
        parts = [_flat(v, f"{path}.{k}" if path else str(k)) for k, v in node.items()]
    elif isinstance(node, list):
        parts = [_flat(v, f"{path}[{n}]") for n, v in enumerate(node)]
    else:
        return {path: node}
    return {
        key: value
        for part in parts
        for key, value in part.items()
        if key not in ("seed", "replicate")
    }


def _differences(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths in which two configurations differ, with both values."""
    return tuple(
        f"{path}: {one.get(path, 'none')} → {other.get(path, 'none')}"
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    )


def _share_chance(one: Results, other: Results) -> bool:
    """Return whether replicate and point numbers mean the same shocks and numbers in both."""
    a, b = one.plan, other.plan
    keys = [
        (p.seed, p.points, p.point_keys, p.design.get("kind"), p.versions.get("numpy"))
        for p in (a, b)
    ]
    return keys[0] == keys[1]


def _change(
    blocks: tuple[Floats, ...], results: Results, share: bool
) -> tuple[Estimate, tuple[int, int]]:
    """Return the mean of the differences run by run, and how many runs have more and less."""
    replicates = min(block.shape[1] for block in blocks)
    change = blocks[1][:, :replicates] - blocks[0][:, :replicates]
    moved = int((change > 0).sum()), int((change < 0).sum())
    found = estimate(change, results.clusters_of(np.arange(results.points)))
    if share and not results.sampled and found.runs:
        found = Estimate(found.value, *bonett_price(*moved, found.runs), found.runs)
    return found, moved


def _unpaired(before: Estimate, after: Estimate) -> Estimate:
    """Return a difference of independent estimates (Newcombe's 1998 hybrid interval)."""
    value = after.value - before.value
    low = value - np.hypot(after.value - after.low, before.high - before.value)
    high = value + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, float(low), float(high), min(before.runs, after.runs))


def _overall(pairs: list[Pair], total: Floats | None, one: Results) -> tuple[Estimate, int]:
    """Return the difference averaged over the pairs, and the replicates still needed."""
    if total is None:
        known = [p.difference for p in pairs if np.isfinite(p.difference.value)]
        value = float(np.mean([d.value for d in known]))
        half = float(np.sqrt(np.sum([((d.high - d.low) / 2) ** 2 for d in known]))) / len(known)
        return Estimate(value, value - half, value + half, sum(d.runs for d in known)), 0
    found = estimate(total / len(pairs), one.clusters_of(np.arange(one.points)))
    count = int(np.isfinite(total).any(axis=0).sum())
    half = (found.high - found.low) / 2
    wanted = int(np.ceil(count * (half / PRECISION) ** 2)) if np.isfinite(half) else 0
    return found, max(0, wanted - count)


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
    first, second = _flat(a.bases[0]), _flat(b.bases[0])
    told += [
        (path, first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if path not in a.swept and path not in b.swept
    ]
    rows = [{"what": what, "first": str(x), "second": str(y)} for what, x, y in told if x != y]
    return pl.DataFrame(rows, {"what": pl.String, "first": pl.String, "second": pl.String})


def _notes(
    one: Results, other: Results, paired: bool, needed: int, only: tuple[int, int]
) -> tuple[str, ...]:
    """Return what a reader must know of the comparison."""
    notes = []
    if any(only):
        notes.append(
            f"{only[0]} cells of the first sweep and {only[1]} of the second have no counterpart "
            "and are left out."
        )
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
    if one.plan.bases[0].get("horizon") != other.plan.bases[0].get("horizon"):
        notes.append("The horizons differ, so one of the two had more weeks to sign in.")
    return tuple(notes)
