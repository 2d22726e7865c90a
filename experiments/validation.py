"""Past negotiations: forecasts from their start beside what came and beside null models."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from scipy.stats import rankdata

from experiments.hindcast import READINGS
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results
from sim.analysis.past_cases import (
    Case,
    cases,
    easiest_first,
    line_of,
    rank_correlation,
    weeks_to_close,
    zipped_of,
)
from sim.analysis.scoring import (
    KEPT,
    accepted,
    losses,
    validate,
)
from sim.config import config_folder
from sim.config.compose import compose
from sim.runs.play import play_one
from sim.sweeps.play import played_again

CASES = cases()
SHARED = {
    "strategy@": "strategy of both sides",
    "bargaining": "bargaining",
    "holdout_odds": "odds of a hold-out, both",
    "reply_days": "days for an answer, both",
    "tolerance": "gap at which an article closes",
}
"""Part of a swept key, and what the parameter is called that all cases share."""


def shared_values(results: Results) -> list[dict[str, str]]:
    """Return the shared parameters of each combination, by what they are called."""
    found = []
    for group in results.groups():
        values = {
            name: str(value)
            for mark, name in SHARED.items()
            for key, value in group.values.items()
            if mark in key
        }
        found.append(values)
    return found


def parameter_table(cases: Sequence[Case], values: Sequence[Mapping[str, str]]) -> pl.DataFrame:
    """Return the mean Brier score with each value of each shared parameter, over all else."""
    loss = np.mean([losses(case) for case in cases], axis=0)
    kept = np.zeros(loss.size, bool)
    kept[accepted(cases, KEPT)] = True
    return pl.DataFrame(
        [
            {
                "parameter": name,
                "value": value,
                "Brier": float(loss[held].mean()),
                "of those kept": int((kept & held).sum()),
            }
            for name in SHARED.values()
            for value in dict.fromkeys(entry[name] for entry in values)
            for held in [np.array([entry[name] == value for entry in values])]
        ]
    )


def digest_table() -> pl.DataFrame:
    """Return the first digits of the SHA-256 of each case's file."""
    folder = config_folder() / "scenario"
    return pl.DataFrame(
        [
            {
                "case": name,
                "SHA-256": hashlib.sha256((folder / f"{name}.yaml").read_bytes()).hexdigest()[:16],
            }
            for name in CASES
        ]
    )


def own_order() -> str:
    """Return how the order of closing of the first scenario is told, of which its record is sure.

    The minor article closed before both named ones, which closed on one day. The runs are the
    readings of the hindcast with ten courses of chance each.
    """
    keys, recorded = ("unnamed", "VII", "XV"), (0.0, 1.0, 1.0)
    ranks = []
    for reading in READINGS:
        settings = compose([f"preset={reading}", "public=none"])
        at = [list(settings.scenario.provisions).index(key) for key in keys]
        for replicate in range(10):
            run = play_one(settings.model_copy(update={"replicate": replicate}))
            ranks.append(rankdata(weeks_to_close(run.history)[at]))
    own = rank_correlation(np.mean(ranks, axis=0), recorded)
    rival = rank_correlation(easiest_first(settings.scenario, keys), recorded)
    return (
        f"The order of the first scenario, {keys[0]} before {keys[1]} and {keys[2]}, stands apart: "
        f"tau-b {own:+.2f} over {len(ranks)} runs, of the same rival {rival:+.2f}."
    )


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return scores of the model and of its rivals on the cases."""
    values = shared_values(results[next(iter(CASES))])
    assert all(shared_values(found) == values for found in results.values())
    found = validate(results, played_again)
    return Findings(
        main=found.main(),
        sentences=(
            *found.sentences(),
            own_order(),
            "Fitted is approximate Bayesian computation by rejection on a kept design: the same "
            "combinations of shared parameters are played in every case, and those whose "
            "answers lie closest to the other cases' are kept. With five parameters and runs "
            "that are kept, rejection needs neither a regression nor a library, and every case "
            "that is left out uses the same runs.",
            "Twelve famous cases show gross failure only; they cannot show that a forecaster is "
            "calibrated.",
        ),
        tables=(
            *(Table(f"{title}.", frame) for title, frame in found.tables().items()),
            Table(
                "Mean Brier score by value of each shared parameter, and how many of the "
                "combinations that all cases would keep have it.",
                parameter_table(found.cases, values),
            ),
            Table("The cases as they were played.", digest_table()),
        ),
    )


STUDY = Study(
    name="validation",
    title="Validation: twelve past negotiations",
    question=(
        "What would the model have said of twelve past negotiations from what was known at their "
        "start, and does it beat hazards, base rates and the salience-weighted compromise?"
    ),
    design=(
        "Twelve cases, coded by a rule that was written first (docs/coding.md) and written "
        "before any was played. In each, 64 combinations of five behavioural parameters that "
        "all cases share (strategy, bargaining, tolerance, pace, hold-out), each on the same "
        "draws of all other assumptions (Latin hypercube). Before any case: the mean over all "
        "combinations. Fitted: the eighth of them that does best on the other eleven cases, or "
        "on the other regions. Null models are fitted on the same eleven."
    ),
    parts={
        case: Part(
            "validation",
            ("samples=2", "replicates=1"),
            line=line_of(case, sides),
            zipped=zipped_of(sides),
        )
        for case, sides in CASES.items()
    },
    analyse=analyse,
    overturn=(
        "A second coder who reads the same sources otherwise; other cases: the choice of famous "
        "ones is no sample. More than five shared parameters, or other values of them."
    ),
    caveat=(
        "The cases were chosen and coded by somebody who knew how they ended. A second coding of "
        "five agrees on what matters most and on what was open, and hardly on how far a side had "
        "moved (docs/evidence.md). Questions of a case hang together, so that the case is the "
        "unit, and twelve are few."
    ),
    reading=(
        "Brier (1950); Matheson and Winkler (1976); Pritchard et al. (1999); Gneiting and "
        "Raftery (2007).",
    ),
)
