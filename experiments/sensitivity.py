"""Global sensitivity: which of the assumptions matter, and how much rests on them."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import per_cent, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results, assumption_ledger, boosted_importance, sobol_indices
from sim.analysis.assumptions import ASSUMPTIONS

SHOWN = 20
MATTER = 10
OUTCOMES = {"signed": "anything is signed", "in_force_at_end": "a deal stands at the end"}


def short(key: str) -> str:
    """Return an input's path without what all paths share."""
    return key.removeprefix("scenario.").removesuffix(".value")


def screened(results: Results, outcome: str) -> tuple[pl.DataFrame, str]:
    """Return the inputs that a boosted model needs most, and how well it predicts."""
    found = boosted_importance(results, outcome)
    table = found.to_frame().head(SHOWN)
    told = f"{found.score:.2f} [{found.worst:.2f}, {found.best:.2f} over the folds]"
    return (
        pl.DataFrame(
            [
                {
                    "input": short(row["input"]),
                    "drop of R²": round(row["importance"], 3) + 0.0,
                    "lowest fold": round(row["low"], 3) + 0.0,
                    "highest fold": round(row["high"], 3) + 0.0,
                }
                for row in table.iter_rows(named=True)
            ]
        ),
        told,
    )


def indices(results: Results, outcome: str) -> pl.DataFrame:
    """Return Sobol indices with their intervals, largest total index first."""
    frame = sobol_indices(results, outcome).to_frame()

    def told(row: Mapping[str, float], name: str) -> str:
        """Return one index with its interval."""
        return f"{row[name]:.2f} [{row[f'{name}_low']:.2f}, {row[f'{name}_high']:.2f}]"

    return pl.DataFrame(
        [
            {
                "input": short(row["input"]),
                "first order": told(row, "first"),
                "total": told(row, "total"),
                "by itself": round(row["first"], 4),
                "with interactions": round(row["total"], 4),
            }
            for row in frame.iter_rows(named=True)
        ]
    )


def left_of_chance(values: NDArray[np.float64]) -> float:
    """Return what part of the variance between the points' means is chance of few replicates.

    Parameters
    ----------
    values : array, shape (points, replicates)
        The residual of points by replicates (two-way analysis of variance, one run a cell) over
        the number of replicates, as a share of the variance of the means.
    """
    points, replicates = values.shape
    means = values.mean(axis=1)
    residual = values - means[:, np.newaxis] - values.mean(axis=0) + values.mean()
    square = float((residual**2).sum()) / ((points - 1) * (replicates - 1))
    return float(square / replicates / means.var(ddof=1))


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return the inputs that matter, by two methods."""
    screening, sobol = results["screening"], results["sobol"]
    tables, told = [], {}
    for outcome, words in OUTCOMES.items():
        table, told[outcome] = screened(screening, outcome)
        tables.append(
            Table(f"Screening, {words}: drop of R² out of sample when an input is shuffled.", table)
        )
    by_outcome = {outcome: indices(sobol, outcome) for outcome in OUTCOMES}
    signed = screening.outcome("signed")
    resting = assumption_ledger(screening).shares[ASSUMPTIONS]
    noise = left_of_chance(sobol.outcome("signed"))
    leading = by_outcome["signed"].head(MATTER)
    first = leading.row(0, named=True)
    names = ", ".join(leading["input"].to_list())
    alone = float(by_outcome["signed"]["by itself"].sum())
    for outcome, words in OUTCOMES.items():
        tables.append(
            Table(
                f"Sobol indices, {words}: share of the variance between points, 95 % bootstrap "
                "intervals.",
                by_outcome[outcome].drop("by itself", "with interactions"),
            )
        )
    return Findings(
        main=(
            f"Over the ranges of the {len(screening.plan.point_keys)} assumptions that have one, "
            f"something is signed in {per_cent(share(signed, np.arange(len(signed))))} of the "
            f"runs, and {per_cent(resting)} of the variance of that outcome rests on the "
            f"assumptions, the rest is chance; the input that matters most is {first['input']}, "
            f"with a total Sobol index of {first['total']}."
        ),
        sentences=(
            f"The {MATTER} with the largest total indices: {names}. Their intervals overlap, so "
            "their order is not settled.",
            f"By themselves the inputs explain {alone:.2f} of the variance between the points' "
            f"means; of the rest, {noise:.2f} is what {sobol.plan.replicates} replicates leave of "
            "chance, and interaction takes what remains.",
            "The screening model, fitted to means over replicates, predicts points that it has "
            f"not seen with an R² of {told['signed']} for a signature and "
            f"{told['in_force_at_end']} for a deal that stands.",
            "Weights and ideals on single articles hardly matter for whether a treaty is signed: "
            "patience, the type of the demand, force and the public do. They matter for its terms.",
        ),
        tables=tuple(tables),
    )


STUDY = Study(
    name="sensitivity",
    title="Sensitivity: which assumptions matter",
    question="Which of the assumptions of the default scenario matter, and how much rests on them?",
    design=(
        "In two steps. All assumptions drawn at once over their ranges (Latin hypercube), and a "
        "boosted model fitted to the means of the points, whose inputs are shuffled one by one out "
        "of sample. Then Saltelli's design over the leading ones, for first-order and total Sobol "
        "indices."
    ),
    parts={
        "screening": Part("screening", ("samples=64", "replicates=4")),
        "sobol": Part("sensitivity", ("samples=16", "replicates=4")),
    },
    analyse=analyse,
    overturn=(
        "Other ranges. An index is a share of the variance over the ranges that the scenario "
        "states; an input with a narrow range cannot matter, however important it is."
    ),
    caveat=(
        "Indices say what the model's answer depends on, not what the talks depended on; rules "
        "that are fixed here (agenda, strategies, mediator) are not among the inputs."
    ),
    reading=("Saltelli et al. (2010); Breiman (2001) on permutation importance.",),
)
