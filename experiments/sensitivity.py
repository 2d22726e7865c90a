"""Global sensitivity: which of the assumptions matter, and how much rests on them."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from experiments.figures import per_cent, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results, boosted_importance, sobol_indices

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
    means = signed.mean(axis=1)
    noise = float((means * (1.0 - means)).mean() / (signed.shape[1] - 1))
    between = max(float(means.var(ddof=1)) - noise, 0.0)
    total = between + float((means * (1.0 - means)).mean()) * signed.shape[1] / (
        signed.shape[1] - 1
    )
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
            f"Over the ranges of all {len(screening.plan.point_keys)} assumptions something is "
            f"signed in {per_cent(share(signed, np.arange(len(signed))))} of the runs, and "
            f"{100 * (between / total):.0f} % of the variance of that outcome lies between points, "
            f"that is, in the assumptions; the input that matters most is {first['input']}, with a "
            f"total Sobol index of {first['total']}."
        ),
        sentences=(
            f"The {MATTER} that matter, by total index: {names}.",
            f"By themselves the inputs explain {alone:.2f} of the variance between points; the "
            "rest is interaction.",
            "The screening model, fitted to means over replicates, predicts points that it has "
            f"not seen with an R² of {told['signed']} for a signature and "
            f"{told['in_force_at_end']} for a deal that stands.",
            "Weights and ideals on single articles hardly matter for whether a treaty is signed: "
            "patience, the type of the demand and the public do. They matter for its terms.",
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
