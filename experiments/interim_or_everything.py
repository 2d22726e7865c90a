"""The interim offer: when it is signed, who refuses it, and what becomes of the full treaty."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, paired_share, per_cent, points, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results, estimate, paired_estimate

Floats = NDArray[np.float64]
SHIFT = "scenario.articles.VII.weights.armenia.value"
"""One of the weights that are shifted together; 6 in the scenario as it stands."""
FLOW = "scenario.status_quo.azerbaijan.value"
DISCOUNT = "scenario.discount_rate.azerbaijan.value"
LASTING = "scenario.lapse.interim_per_year.value=0.112"
"""Interim deals that lapse at the scenario's rate of full treaties."""
QUO = "status quo of Azerbaijan, a year"
EDGES = (0.0, 0.8, 0.9, 1.0, 1.1, 1.25, 9.9)
"""Classes of the ratio of the two sides' worth of the agreed part."""


def agreed_worth(results: Results) -> Floats:
    """Return what the agreed part is worth to each side at each point, shape (points, 2).

    Additive utility of the agreed provisions at their positions, over the weights of all provisions
    and of the demands that are not dormant: the scale on which the whole treaty is worth 1.
    """
    scenario = results.scenario
    drawn = {key: n for n, key in enumerate(results.plan.point_keys)}
    values = np.array(results.plan.points)

    def number_at(path: str, stated: float) -> Floats:
        column = drawn.get(f"scenario.{path}.value")
        return np.full(len(values), stated) if column is None else values[:, column]

    worth = np.zeros((len(values), 2))
    total = np.zeros((len(values), 2))
    for side, party in enumerate(scenario.parties):
        for key, provision in scenario.provisions.items():
            path = key if key == "preamble" else f"articles.{key}"
            weight = number_at(f"{path}.weights.{party}", provision.weights[party].value)
            total[:, side] += weight
            if provision.position is None or provision.status != "agreed":
                continue
            ideal = number_at(f"{path}.ideals.{party}", provision.ideals[party].value)
            position = number_at(f"{path}.position", provision.position.value)
            power = scenario.curvature[party].value
            lost = (np.abs(position - ideal) / np.maximum(ideal, 1.0 - ideal)) ** power
            worth[:, side] += weight * (1.0 - lost)
        for entry in scenario.preconditions.values():
            if entry.status != "dormant":
                total[:, side] += entry.weights[party].value
    found: Floats = worth / total
    return found


def refusals(sweep: Results) -> pl.DataFrame:
    """Return who refuses as what is open weighs more to Armenia and less to Azerbaijan."""
    gains = [sweep.outcome(f"interim_gain_{side}") for side in ("first", "second")]
    weighed = (gains[0] != 0) | (gains[1] != 0)
    signed = (sweep.outcome("interim_week") >= 0).astype(float)
    rows = []
    for group in sweep.groups([FLOW, SHIFT]):
        cells = group.cells
        refused = [np.where(weighed, gain < 0, np.nan).astype(float)[cells] for gain in gains]
        rows.append(
            {
                QUO: float(str(group.values[FLOW])),
                "open part weighs to Armenia": f"{float(str(group.values[SHIFT])) / 6:g} times",
                "Armenia refuses": per_cent(share(refused[0])),
                "Azerbaijan refuses": per_cent(share(refused[1])),
                "interim deal signed": per_cent(share(signed[cells])),
            }
        )
    return pl.DataFrame(rows)


def at_both_ends(shifted: pl.DataFrame, flow: float) -> str:
    """Return who refuses at either end of the shift, at one worth of the status quo."""
    ends = shifted.filter(pl.col(QUO) == flow)
    low, high = ends.row(0, named=True), ends.row(-1, named=True)
    return (
        f"With a status quo worth {flow:g} a year to Azerbaijan: where what is open weighs "
        f"{low['open part weighs to Armenia']} as much to Armenia and the inverse to Azerbaijan, "
        f"Azerbaijan refuses in {low['Azerbaijan refuses']} and Armenia in "
        f"{low['Armenia refuses']}; at {high['open part weighs to Armenia']} as much, in "
        f"{high['Azerbaijan refuses']} and {high['Armenia refuses']}."
    )


def for_the_full_treaty(sweep: Results) -> tuple[Estimate, Estimate]:
    """Return what interim deals change of P(full treaty), same shocks and same points.

    In the runs in which one is signed, and over all runs.
    """
    allowed, single = (g.cells for g in sweep.groups(["agenda"]))
    ids = np.arange(sweep.points)
    full = sweep.outcome("signed_full")
    change = full[allowed] - full[single]
    signed = sweep.outcome("interim_week")[allowed] >= 0
    return (
        paired_estimate(np.where(signed, change, np.nan), ids),
        paired_estimate(change, ids),
    )


def refusals_with(
    refused: NDArray[np.float64], discount: NDArray[np.float64], ratio: NDArray[np.float64]
) -> str:
    """Return in words what Azerbaijan's refusals go with over the points at which it was asked."""
    if not refused.size or refused.std() == 0.0:
        return "Azerbaijan's answer is the same at all points at which it was asked"
    patience, weight = (float(np.corrcoef(drawn, refused)[0, 1]) for drawn in (discount, ratio))
    decides = "patience" if abs(patience) > abs(weight) else "the ratio"
    return (
        f"Azerbaijan's refusals correlate at {patience:.2f} with its discount rate and at "
        f"{weight:.2f} with that ratio: of the two, {decides} goes with them more closely"
    )


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return who refuses at what worth, and what interim deals do to the full treaty."""
    sweep = results["sweep"]
    allowed, single = (g.cells for g in sweep.groups(["agenda"]))
    gains = [sweep.outcome(f"interim_gain_{side}")[allowed] for side in ("first", "second")]
    weighed = (gains[0] != 0) | (gains[1] != 0)
    interim = (sweep.outcome("interim_week")[allowed] >= 0).astype(float)
    size = sweep.points
    ids = np.arange(size)
    worth = agreed_worth(sweep)
    ratio = worth[:, 0] / worth[:, 1]
    first_no = np.where(weighed, gains[0] < 0, np.nan).astype(float)
    second_no = np.where(weighed, gains[1] < 0, np.nan).astype(float)
    rows = []
    for low, high in pairwise(EDGES):
        held = (ratio >= low) & (ratio < high)
        if not held.any():
            continue
        inside = np.flatnonzero(held)
        rows.append(
            {
                "worth to Armenia over worth to Azerbaijan": f"{low:g} to {high:g}"
                if high < 9
                else f"{low:g} and more",
                "points": int(held.sum()),
                "Armenia refuses": per_cent(share(first_no[inside], ids[: inside.size])),
                "Azerbaijan refuses": per_cent(share(second_no[inside], ids[: inside.size])),
                "interim deal signed": per_cent(share(interim[inside], ids[: inside.size])),
            }
        )
    full = sweep.outcome("signed_full")
    standing, lapsed = sweep.outcome("in_force_at_end"), sweep.outcome("lapsed")
    weeks = sweep.outcome("weeks_in_force")
    signed_interim = interim > 0
    stands = np.where(signed_interim, standing[allowed] - standing[single], np.nan)
    longer = np.where(signed_interim, weeks[allowed] - weeks[single], np.nan)
    turn = np.corrcoef(ratio, np.nanmean(gains[0] - gains[1], axis=1))[0, 1]
    refused = np.nanmean(second_no, axis=1)
    asked = np.isfinite(refused)
    discount = np.array(sweep.plan.points)[:, list(sweep.plan.point_keys).index(DISCOUNT)]
    once, always = for_the_full_treaty(sweep)
    once_if_lasting, always_if_lasting = for_the_full_treaty(results["lasting"])
    ends_with = paired_share(standing[allowed], standing[single], ids)
    table = pl.DataFrame(
        [
            {
                "agenda": name,
                "P(anything signed)": per_cent(share(sweep.outcome("signed")[cells], ids)),
                "P(full treaty)": per_cent(share(full[cells], ids)),
                "P(a deal stands at the end)": per_cent(share(standing[cells], ids)),
                "P(a deal lapsed)": per_cent(share(lapsed[cells], ids)),
                "weeks in force": number(estimate(weeks[cells], ids), 1),
            }
            for name, cells in (("interim_allowed", allowed), ("single_undertaking", single))
        ]
    )
    shifted = refusals(results["worth"])
    return Findings(
        main=(
            "Where it may be signed alone, the agreed part is signed in "
            f"{per_cent(share(interim, ids))} of the runs over the assumption ranges. When it was "
            f"last asked, Azerbaijan refused in {per_cent(share(second_no, ids))} and Armenia in "
            f"{per_cent(share(first_no, ids))}."
        ),
        sentences=(
            *(at_both_ends(shifted, flow) for flow in sorted(set(shifted[QUO]))),
            "Within the assumption ranges the ratio of its worth to the two sides correlates at "
            f"{turn:.2f} with how much more Armenia than Azerbaijan gains by signing it; "
            f"{refusals_with(refused[asked], discount[asked], ratio[asked])} "
            "(correlations over the points, each the mean of its replicates).",
            "In runs in which the agreed part is signed, the chance of a full treaty differs from "
            f"that of the same runs under single undertaking by {points(once)}, the chance that a "
            f"deal stands at the end by {points(paired_estimate(stands, ids))}, and the weeks in "
            f"force by {number(estimate(longer, ids), 1)}.",
            "Over all runs, allowing interim deals changes the chance of a full treaty by "
            f"{points(always)} and the chance that a deal stands at the end by "
            f"{points(ends_with)}: interim deals come sooner and lapse at the higher rate of "
            "partial agreements.",
            "If interim deals lapsed no faster than full treaties, these differences in the chance "
            f"of a full treaty would be {points(once_if_lasting)} in the runs in which the agreed "
            f"part is signed and {points(always_if_lasting)} over all runs: the rate of lapses is "
            "not all that there is to it.",
        ),
        tables=(
            Table(
                "Who refuses, by what the agreed part is worth to Armenia over what it is worth to "
                "Azerbaijan, on each side's own scale.",
                pl.DataFrame(rows),
            ),
            Table(
                "Who refuses as the agreed part's worth is shifted between the sides, beyond the "
                "ranges.",
                shifted,
            ),
            Table("What becomes of the treaty under each agenda.", table),
        ),
    )


STUDY = Study(
    name="interim_or_everything",
    title="The interim offer: who refuses, and what becomes of the full treaty",
    question=(
        "When does the interim offer get signed, which side refuses it as the agreed part's worth "
        "shifts between them, and does an interim deal make the full one more or less likely and "
        "lasting?"
    ),
    design=(
        "Yerevan's reading, in which no demand outside the text stands in the way, under two "
        "agendas; weights, ideals and agreed positions of all four actors, patience, status quo "
        "and the believed delay of the rest are drawn together over their assumption ranges (Latin "
        "hypercube). The same once more with interim deals that lapse no faster than full "
        "treaties, and the agreed part's worth shifted beyond the ranges."
    ),
    parts={
        "sweep": Part("interim_or_everything", ("samples=64", "replicates=4")),
        "lasting": Part(
            "interim_or_everything",
            ("samples=64", "replicates=4"),
            line=(LASTING,),
        ),
        "worth": Part("interim_worth", ("replicates=20",)),
    },
    analyse=analyse,
    overturn=(
        "A gain in trust from a first signature, which would make the rest easier: the model has "
        "none. Or other lapse rates: interim deals lapse here at the rate of partial agreements in "
        "civil wars, an upper bound for two states."
    ),
    caveat=(
        "Sides judge the interim deal as a hostage for the rest, with both sides' worth of the "
        "agreed part known exactly; what a half-signed peace changes in the world is not in the "
        "model."
    ),
    reading=("Fershtman (1990); Lax and Sebenius (1986), ch. 5.",),
)
