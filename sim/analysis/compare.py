"""Which cells of two sweeps belong together, in what they differ, and whether they share chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.analysis.charts import Result
from sim.analysis.intervals import NOTHING, Estimate, estimate, paired_estimate, spread
from sim.analysis.paired import PRECISION
from sim.analysis.results import DERIVED, Floats, NotInResults, Results, word
from sim.sweeps.overrides import Value

if TYPE_CHECKING:
    from sim.analysis.charts import Chart

Names = tuple[str, ...]
Match = tuple[int, int, dict[str, Value], tuple[str, ...]]


def matched(one: Results, other: Results) -> list[Match]:
    """Return which combinations belong together, the values they share and how they differ.

    Raises
    ------
    NotInResults
        If there are none.
    """
    shared = [key for key in one.chosen_keys if key in other.chosen_keys]
    by_values: dict[tuple[str, ...], list[int]] = {}
    for number, entry in enumerate(other.plan.combinations):
        by_values.setdefault(tuple(word(entry.values[k]) for k in shared), []).append(number)
    configs = [other.config_of(number) for number in range(len(other.plan.combinations))]
    flat = [flat_config(config) for config in configs]
    talks = [_negotiation(config) for config in configs]
    found, strangers = [], set()
    for number, entry in enumerate(one.plan.combinations):
        candidates = by_values.get(tuple(word(entry.values[k]) for k in shared), [])
        config = one.config_of(number)
        own = _negotiation(config)
        strangers |= {(own, talks[c]) for c in candidates if talks[c] != own}
        candidates = [c for c in candidates if talks[c] == own]
        if not candidates:
            continue
        mine = flat_config(config)
        apart = {c: differences(mine, flat[c]) for c in candidates}
        best = min(candidates, key=lambda c: len(apart[c]))
        values = {key: entry.values[key] for key in shared}
        found.append((number, best, values, apart[best]))
    if not found and strangers:
        first, second = (" and ".join(side[0]) for side in min(strangers))
        what = f"of {first}, and of {second}" if first != second else "over other provisions"
        raise NotInResults(f"the two sweeps play different negotiations: {what}")
    if not found:
        raise NotInResults(
            "the two sweeps have no cell in common: no values of the keys that both have agree"
        )
    return found


def _negotiation(config: Mapping[str, object]) -> tuple[Names, Names]:
    scenario = config.get("scenario")
    if not isinstance(scenario, Mapping):
        return (), ()
    parties, articles = scenario.get("parties"), scenario.get("articles")
    return (
        tuple(str(party) for party in parties) if isinstance(parties, list) else (),
        tuple(sorted(articles)) if isinstance(articles, Mapping) else (),
    )


def flat_config(node: object, path: str = "") -> dict[str, object]:
    """Return a configuration as dotted paths and values, without seed and replicate."""
    if isinstance(node, Mapping):
        parts = [flat_config(v, f"{path}.{k}" if path else str(k)) for k, v in node.items()]
    elif isinstance(node, list):
        parts = [flat_config(v, f"{path}[{n}]") for n, v in enumerate(node)]
    else:
        return {path: node}
    return {
        key: value
        for part in parts
        for key, value in part.items()
        if key not in ("seed", "replicate")
    }


def settings_apart(one: Results, other: Results) -> list[tuple[str, object, object]]:
    """Return the settings that neither sweep moved and that differ: path and both values."""
    moved = _moved(one) | _moved(other)
    first, second = flat_config(one.config_of(0)), flat_config(other.config_of(0))
    return [
        (path, first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if first.get(path) != second.get(path)
        and not any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in moved)
    ]


def _moved(results: Results) -> set[str]:
    plan = results.plan
    moved = set(plan.point_keys)
    changes = [entry.changes for entry in plan.combinations]
    for path in dict.fromkeys(path for change in changes for path in change):
        if any(change.get(path) != changes[0].get(path) for change in changes):
            moved.add(path)
    first, *others = (flat_config(base) for base in plan.bases)
    for base in others:
        moved |= {path for path in {*first, *base} if first.get(path) != base.get(path)}
    return moved


def differences(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths in which two configurations differ, with both values."""
    return tuple(
        f"{path}: {one.get(path, 'none')} → {other.get(path, 'none')}"
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    )


def share_chance(one: Results, other: Results) -> bool:
    """Return whether replicate and point numbers mean the same shocks and numbers in both.

    Points are kept as the numbers that were drawn, so other ranges give other points. The weeks
    of a longer horizon begin with those of a shorter one.
    """
    a, b = one.plan, other.plan
    keys = [
        (p.seed, p.points, p.point_keys, p.design.get("kind"), p.versions.get("numpy"))
        for p in (a, b)
    ]
    return keys[0] == keys[1]


# ---- The difference between two sweeps over the cells in common, run by run or of two samples.

Blocks = list[tuple[Floats, Floats]]
"""Outcomes of the cells that belong together, each of shape (points, replicates)."""


def change_of(first: Floats, second: Floats) -> Floats:
    """Return the differences run by run, over the replicates that both have."""
    replicates = min(first.shape[1], second.shape[1])
    change: Floats = second[:, :replicates] - first[:, :replicates]
    return change


def mean_change(change: Floats, results: Results, share: bool) -> Estimate:
    """Return the mean of differences run by run with its interval."""
    clusters = results.clusters_of(np.arange(results.points))
    return paired_estimate(change, clusters) if share else estimate(change, clusters)


def unpaired(before: Estimate, after: Estimate) -> Estimate:
    """Return a difference of independent estimates (Newcombe's 1998 hybrid interval)."""
    value = after.value - before.value
    low = value - np.hypot(after.value - after.low, before.high - before.value)
    high = value + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, float(low), float(high), min(before.runs, after.runs))


def overall_paired(
    blocks: Blocks, one: Results, share: bool
) -> tuple[Estimate, int, tuple[str, ...]]:
    """Return the mean difference run by run, the replicates still needed, and what to say."""
    total = sum((change_of(*block) for block in blocks), np.zeros(())) / len(blocks)
    found = mean_change(total, one, share)
    count = spread(total, one.clusters_of(np.arange(one.points))).clusters
    half = (found.high - found.low) / 2
    wanted = int(np.ceil(count * (half / PRECISION) ** 2)) if np.isfinite(half) else 0
    return found, max(0, wanted - count), _incomplete([total])


def overall_unpaired(
    blocks: Blocks, one: Results, other: Results, share: bool
) -> tuple[Estimate, tuple[float | None, float | None], tuple[str, ...]]:
    """Return the difference of two samples of cells, and the degrees of freedom of each mean.

    The cells of a sweep share their shocks, so each mean has an interval that knows of that, and
    the difference that of Newcombe (1998) from the two.
    """
    found, freedom, totals = [], [], []
    for side, results in enumerate((one, other)):
        cells = np.stack([block[side] for block in blocks])
        whole = np.isfinite(cells).all(axis=0)
        values = np.where(whole, cells, np.nan).reshape(-1, cells.shape[2])
        clusters = results.clusters_of(np.arange(results.points))
        points = None if clusters is None else np.tile(clusters, len(blocks))
        found.append(estimate(values, points, share))
        alone = points is None and len(blocks) == 1
        freedom.append(None if alone else spread(values, points).freedom)
        totals.append(np.where(whole, 0.0, np.nan))
    before, after = found
    return unpaired(before, after), (freedom[0], freedom[1]), _incomplete(totals)


def _incomplete(totals: list[Floats]) -> tuple[str, ...]:
    if all(np.isfinite(total).all() for total in totals):
        return ()
    if not all(np.isfinite(total).any() for total in totals):
        return ("No replicate is complete in all cells in common, so their mean is unknown.",)
    return ("The mean over all cells rests on the replicates that are complete in all of them.",)


# ---- Two sweeps side by side: what differs in their plans, and their cells compared run by run.


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair:
    """One combination of the first sweep beside the one of the second that is like it."""

    values: dict[str, Value]  # values of the keys that both sweeps have
    # one, other: combinations of the first and of the second sweep
    one: int
    other: int
    differs: tuple[str, ...]  # paths of their configurations that differ, with both values
    # before, after: outcome in the first and in the second
    before: Estimate
    after: Estimate
    difference: Estimate  # second less first; run by run if they share their chance
    # more, less: runs in which the second has more, and less
    more: int
    less: int

    @property
    def label(self) -> str:
        """The shared values, one after the other."""
        return " · ".join(word(v) for v in self.values.values()) or "the one cell in common"


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Result):
    """Two sweeps compared."""

    names: tuple[str, str]  # folders of the first and of the second
    outcome: str
    plans: pl.DataFrame  # `what`, `first`, `second`: in what the plans differ
    pairs: tuple[Pair, ...]  # combinations in common
    only: tuple[int, int]  # combinations of the first, and of the second, without counterpart
    # whether runs were compared one by one: same seed, and same points if any were drawn.
    # Other horizons or settings do no harm: a longer horizon repeats the shorter one's weeks
    paired: bool
    # difference averaged over those pairs of cells that have outcomes in both sweeps. Run by
    # run if paired, else that of two samples in which cells share their shocks
    overall: Estimate
    # degrees of freedom of the mean of the first and of the second sweep over these cells, if
    # not paired; None where runs are independent, those of one cell
    freedom: tuple[float | None, float | None]
    still_needed: int  # further replicates for two percentage points, 0 if reached or not paired

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
