"""Two sweeps side by side: what differs in their plans, and their cells compared.

Cells are matched by the values of the keys that both sweeps have. If the two met the same shocks
they are compared run by run, else as independent samples (Newcombe 1998).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
import polars as pl

from sim.analysis.charts import MOST_LINES, Figure, Result, thinned
from sim.analysis.paired import PRECISION, difference_plot, difference_shown, mean_change, moved
from sim.analysis.results import Floats, NotInResults, Results, word
from sim.runs.intervals import NOTHING, Clusters, Estimate, estimate, spread
from sim.sweeps.columns import DERIVED, is_share
from sim.sweeps.overrides import Value
from sim.sweeps.plan import flat, paths_apart

Negotiation = tuple[tuple[str, ...], tuple[str, ...]]
"""The parties, and the articles in the order of their ids."""
Freedom = tuple[float | None, float | None]
Blocks = list[tuple[Floats, Floats]]
"""Outcomes of the cells that belong together, each of shape (points, replicates)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Match:
    """A combination of the first sweep and the one of the second that is like it."""

    values: dict[str, Value]  # values of the keys that both sweeps have
    # one, other: combinations of the first and of the second sweep
    one: int
    other: int
    differs: tuple[str, ...]  # paths of their configurations that differ, with both values

    @property
    def label(self) -> str:
        """The shared values, one after the other."""
        return " · ".join(word(v) for v in self.values.values()) or "the one cell in common"


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair(Match):
    """Two combinations that belong together, and how their outcomes differ."""

    # before, after: outcome in the first and in the second
    before: Estimate
    after: Estimate
    difference: Estimate  # second less first; run by run if they share their chance
    # more, less: runs in which the second has more, and less
    more: int
    less: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(Result):
    """Two sweeps compared."""

    outcome: str
    name: str  # what the other of the two is called, e.g. ``"second"``
    plans: pl.DataFrame  # `what`, `first`, `second`: in what the plans differ
    pairs: tuple[Pair, ...]  # combinations in common
    # whether runs were compared one by one: same seed, and same points if any were drawn.
    # Horizons and settings may differ: a longer horizon repeats the shorter one's weeks
    paired: bool
    # difference averaged over those pairs of cells that have outcomes in both sweeps. Run by
    # run if paired, else that of two samples in which cells share their shocks
    overall: Estimate
    # degrees of freedom of the mean of the first and of the second sweep over these cells, or twice
    # that of the difference if paired; None where runs are independent, those of one cell
    freedom: Freedom

    @property
    def used(self) -> list[Pair]:
        """The pairs of cells that have outcomes to compare."""
        return [pair for pair in self.pairs if np.isfinite(pair.difference.value)]

    def records(self) -> Iterator[dict[str, object]]:
        """Return one line a pair of cells: outcome in both, and the difference.

        `more`, `less` and `pairs` count runs that were compared one by one, if any were.
        """
        for pair in self.pairs:
            counts = {"more": pair.more, "less": pair.less, "pairs": pair.difference.runs}
            yield {
                **{key: word(v) for key, v in pair.values.items()},
                "first": pair.before.value,
                self.name: pair.after.value,
                **pair.difference.columns("difference"),
                **(counts if self.paired else {}),
                "differs_in": "; ".join(pair.differs) or "nothing",
            }

    def figure(self) -> Figure:
        """Return the differences with their intervals, one line a pair of cells.

        Raises `NotInResults` if no pair of cells has outcomes in both sweeps.
        """
        pairs = sorted(self.used, key=lambda p: -p.difference.value)
        if not pairs:
            raise NotInResults("no pair of cells has outcomes in both sweeps")
        how = "run by run" if self.paired else "unpaired"
        title = f"{self.name.capitalize()} sweep less the first, {how}"
        if len(pairs) > MOST_LINES:
            title += f" ({MOST_LINES} of {len(pairs)} cells)"
        found = [(pairs[n].label, pairs[n].difference) for n in thinned(len(pairs))]
        return difference_plot(found, title, self.outcome)


class Measure(NamedTuple):
    """What a run's number is, see `estimate`."""

    share: bool
    most: float | None

    @property
    def precision(self) -> float:
        """Half-width that is wanted of a difference."""
        return PRECISION * (self.most or 1.0)


def compare(
    one: Results, other: Results, outcome: str = "signed", name: str = "second"
) -> Comparison:
    """Compare two sweeps in an outcome, see `Results.outcome`; `name` is what the other is called.

    Combinations are matched by the values of the keys that both have; where several of the second
    fit, the one whose whole configuration differs least is taken. Raises `NotInResults` if no
    combination of one is like one of the other, or they play different negotiations.
    """
    matches = matched(one, other)
    paired = _share_chance(one, other)
    horizon = common_horizon(one, other)
    first, second = (side.by_combination(side.outcome(outcome, horizon)) for side in (one, other))
    blocks = [(first[match.one], second[match.other]) for match in matches]
    share = is_share(outcome)
    number = outcome in DERIVED and not share
    measure = Measure(share, DERIVED[outcome].most(horizon) if number else None)
    pairs = tuple(
        _pair(match, block, (one, other), paired, measure)
        for match, block in zip(matches, blocks, strict=True)
    )
    known = [bool(np.isfinite(pair.difference.value)) for pair in pairs]
    used = list(compress(blocks, known))
    only = (
        len(one.plan.combinations) - len(pairs),
        len(other.plan.combinations) - len({pair.other for pair in pairs}),
    )
    overall = Overall(NOTHING)
    if used:
        over_all = overall_paired if paired else overall_unpaired
        overall = over_all(used, one, other, measure)
    apart = settings_apart(one, other)
    needed = overall.still_needed
    notes = (*_left_out(only, len(pairs) - len(used), name), *overall.notes)
    if needed:
        wanted = difference_shown(outcome)[0] * measure.precision
        unit = f" {DERIVED[outcome].points}" if outcome in DERIVED else ""
        more = f"{needed:,} more replicates of each cell are needed."
        notes = (*notes, f"For an interval of ±{wanted:g}{unit} {more}")
    return Comparison(
        outcome=outcome,
        name=name,
        plans=_plans(one, other, apart),
        pairs=pairs,
        paired=paired,
        overall=overall.mean,
        freedom=overall.freedom,
        notes=(*notes, *_notes(one, other, paired, [path for path, _, _ in apart])),
    )


def common_horizon(one: Results, other: Results) -> int:
    """Return the weeks that every cell of both is played for, unless its talks end."""
    return min(one.plan.common_horizon, other.plan.common_horizon)


def _pair(
    match: Match, block: tuple[Floats, Floats], sides: tuple[Results, Results], paired: bool,
    measure: Measure,
) -> Pair:  # fmt: skip
    if paired:
        # What is compared run by run is shown of the same runs, however many more there are.
        common = min(values.shape[1] for values in block)
        block = block[0][:, :common], block[1][:, :common]
    before, after = (
        _estimate(values, side.clusters_of(np.arange(side.points)), measure)
        for values, side in zip(block, sides, strict=True)
    )
    difference, (more, less) = unpaired(before, after), (0, 0)
    if paired:
        change = _change(*block)
        difference = mean_change(change[np.newaxis], sides[0], measure.share).mean
        more, less = moved(change)
    return Pair(
        **vars(match), before=before, after=after, difference=difference, more=more, less=less
    )


def _share_chance(one: Results, other: Results) -> bool:
    """Return whether replicate and point numbers mean the same shocks and numbers in both.

    Points are kept as the numbers that were drawn, so other ranges give other points. The weeks
    of a longer horizon begin with those of a shorter one.
    """
    first, second = (
        (
            p.seed,
            p.points,
            p.point_keys,
            p.design.get("kind"),
            p.common_chance,
            p.versions.get("numpy"),
        )
        for p in (one.plan, other.plan)
    )
    return first == second


def matched(one: Results, other: Results) -> list[Match]:
    """Return which combinations belong together, the values they share and how they differ.

    Raises `NotInResults` if there are none.
    """
    shared = [key for key in one.chosen_keys if key in other.chosen_keys]
    if not shared and one.chosen_keys and other.chosen_keys:
        raise NotInResults(
            "the two sweeps have no swept key in common, so no cell of one belongs to one of the "
            f"other: {', '.join(one.chosen_keys)} against {', '.join(other.chosen_keys)}"
        )
    by_values: dict[tuple[str, ...], list[int]] = {}
    for number, entry in enumerate(other.plan.combinations):
        by_values.setdefault(tuple(word(entry.values[k]) for k in shared), []).append(number)
    configs = [other.config_of(number) for number in range(len(other.plan.combinations))]
    flattened = [flat(config) for config in configs]
    talks = [_negotiation(config) for config in configs]
    found: list[Match] = []
    strangers: set[tuple[Negotiation, Negotiation]] = set()
    for number, entry in enumerate(one.plan.combinations):
        values = {key: entry.values[key] for key in shared}
        alike = by_values.get(tuple(word(value) for value in values.values()), [])
        config = one.config_of(number)
        own = _negotiation(config)
        strangers |= {(own, talks[c]) for c in alike if talks[c] != own}
        mine = flat(config)
        apart = {c: _differences(mine, flattened[c]) for c in alike if talks[c] == own}
        if apart:
            best = min(apart, key=lambda c: len(apart[c]))
            found.append(Match(values=values, one=number, other=best, differs=apart[best]))
    if not found:
        raise NotInResults(_nothing_in_common(strangers))
    return found


def _nothing_in_common(strangers: set[tuple[Negotiation, Negotiation]]) -> str:
    if not strangers:
        return "the two sweeps have no cell in common: no values of the keys that both have agree"
    first, second = (" and ".join(parties) for parties, _ in min(strangers))
    what = f"of {first}, and of {second}" if first != second else "over other provisions"
    return f"the two sweeps play different negotiations: {what}"


def _negotiation(config: Mapping[str, object]) -> Negotiation:
    scenario = config["scenario"]
    assert isinstance(scenario, Mapping)
    return tuple(scenario["parties"]), tuple(sorted(scenario["articles"]))


def _differences(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths in which two configurations differ, with both values."""
    return tuple(
        f"{path}: {one.get(path, 'none')} → {other.get(path, 'none')}"
        for path in paths_apart(one, other)
    )


def settings_apart(one: Results, other: Results) -> list[tuple[str, object, object]]:
    """Return the settings that neither sweep moved and that differ: path and both values."""
    swept = _moved_settings(one) | _moved_settings(other)
    first, second = flat(one.config_of(0)), flat(other.config_of(0))
    return [
        (path, first.get(path), second.get(path))
        for path in paths_apart(first, second)
        if not any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in swept)
    ]


def _moved_settings(results: Results) -> set[str]:
    plan = results.plan
    changes = [entry.changes for entry in plan.combinations]
    paths = {path for change in changes for path in change}
    found = {p for p in paths if any(c.get(p) != changes[0].get(p) for c in changes)}
    first, *others = (flat(base) for base in plan.bases)
    return found.union(plan.point_keys, *(paths_apart(first, base) for base in others))


def _change(first: Floats, second: Floats) -> Floats:
    """Return the differences run by run, over the replicates that both have."""
    replicates = min(first.shape[1], second.shape[1])
    change: Floats = second[:, :replicates] - first[:, :replicates]
    return change


def unpaired(before: Estimate, after: Estimate) -> Estimate:
    """Return a difference of independent estimates (Newcombe's 1998 hybrid interval)."""
    value = after.value - before.value
    low = value - np.hypot(after.value - after.low, before.high - before.value)
    high = value + np.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, float(low), float(high), min(before.runs, after.runs))


class Overall(NamedTuple):
    """The difference over all cells in common, see the fields of `Comparison`."""

    mean: Estimate
    freedom: Freedom = (None, None)
    still_needed: int = 0
    notes: tuple[str, ...] = ()


def overall_paired(blocks: Blocks, one: Results, other: Results, measure: Measure) -> Overall:
    """Return the mean difference run by run."""
    changes = np.array([_change(*block) for block in blocks])
    found = mean_change(changes, one, measure.share, measure.precision)
    freedom = (found.freedom, found.freedom)
    notes = _incomplete([changes.mean(axis=0)])
    return Overall(found.mean, freedom, found.needed, notes)


def overall_unpaired(blocks: Blocks, one: Results, other: Results, measure: Measure) -> Overall:
    """Return the difference of two samples of cells.

    The cells of a sweep share their shocks, so each mean has an interval that knows of that, and
    the difference that of Newcombe (1998) from the two.
    """
    (before, first, one_total), (after, second, other_total) = (
        _mean_of_cells(np.stack(cells), results, measure)
        for cells, results in zip(zip(*blocks, strict=True), (one, other), strict=True)
    )
    notes = _incomplete([one_total, other_total])
    return Overall(unpaired(before, after), freedom=(first, second), notes=notes)


def _estimate(values: Floats, points: Clusters | None, measure: Measure) -> Estimate:
    return estimate(values, points, share=measure.share, most=measure.most)


def _mean_of_cells(
    cells: Floats, results: Results, measure: Measure
) -> tuple[Estimate, float | None, Floats]:
    """Return the mean over replicates complete in all cells, its degrees of freedom, and which.

    `cells` has shape (cells, points, replicates); the last of the three is NaN where a replicate
    of a point is not complete.
    """
    whole = np.isfinite(cells).all(axis=0)
    values = np.where(whole, cells, np.nan).reshape(-1, cells.shape[2])
    clusters = results.clusters_of(np.arange(results.points))
    points = clusters and clusters._replace(number=np.tile(clusters.number, len(cells)))
    alone = measure.share and points is None and len(cells) == 1
    freedom = None if alone else spread(values, points).freedom
    return _estimate(values, points, measure), freedom, np.where(whole, 0.0, np.nan)


def _incomplete(totals: list[Floats]) -> tuple[str, ...]:
    if all(np.isfinite(total).all() for total in totals):
        return ()
    if not all(np.isfinite(total).any() for total in totals):
        return ("No replicate is complete in all cells in common, so their mean is unknown.",)
    return ("The mean over all cells rests on the replicates that are complete in all of them.",)


def _plans(one: Results, other: Results, apart: list[tuple[str, object, object]]) -> pl.DataFrame:
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
        *apart,
    ]
    rows = [{"what": what, "first": str(x), "second": str(y)} for what, x, y in told if x != y]
    return pl.DataFrame(rows, {"what": pl.String, "first": pl.String, "second": pl.String})


def _left_out(only: tuple[int, int], empty: int, name: str) -> Iterator[str]:
    if any(only):
        yield (
            f"{only[0]} cells of the first sweep and {only[1]} of the {name} have no counterpart "
            "and are left out."
        )
    if empty:
        yield (
            f"{empty} of the pairs of cells in common have no outcomes to compare, because their "
            "runs failed or are missing; the mean is over the others."
        )


def _notes(one: Results, other: Results, paired: bool, apart: list[str]) -> Iterator[str]:
    if not paired:
        yield (
            "Seeds or drawn points differ, so runs cannot be compared one by one; the difference "
            "is that of independent samples."
        )
    if one.plan.model != other.plan.model:
        yield (
            "The rules of the model differ between the two: differences mix what was swept with "
            "what was reprogrammed."
        )
    if "horizon" in apart:
        yield "The horizons differ, so one of the two had more weeks to sign in."
    scenario = [path for path in apart if path.startswith("scenario.")]
    if scenario:
        yield (
            f"The scenarios differ, in {len(scenario)} places from '{scenario[0]}' on: differences "
            "mix what was swept with what the scenarios say."
        )
