"""Twelve past negotiations: forecasts from their start beside what came and beside null models."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.past_cases import (
    CASES,
    DEADLINES,
    EXCHANGED,
    NULLS,
    UNCHANGED,
    Case,
    Forecast,
    accepted,
    base_rates,
    brier,
    case_of,
    changed_forecasts,
    crps,
    logarithmic,
    losses,
    of_combinations,
)
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results
from sim.config import config_folder

Floats = NDArray[np.float64]
KEPT = 0.125
"""Share of the combinations that the calibration keeps."""
RESAMPLES = 4000
PRIOR = "the model, before any case"
FITTED = "the model, fitted on the others"
BY_REGION = "the model, fitted on other regions"
SHARED = {
    "strategy@": "strategy of both sides",
    "bargaining": "bargaining",
    "holdout_odds": "odds of a hold-out, both",
    "reply_days": "days for an answer, both",
    "tolerance": "gap at which an article closes",
}
"""Part of a swept key, and what the parameter is called that all cases share."""
SCORES: Mapping[str, Callable[[Case, Forecast], float]] = {
    "Brier": brier,
    "log": logarithmic,
    "CRPS, years": crps,
}


def line_of(case: str) -> tuple[str, ...]:
    """Return what the sweep of a case adds to the experiment: scenario and keys of both sides."""
    found = [f"scenario={case}"]
    for party in CASES[case]:
        found.append(f"strategy@{party}=linear,boulware,conceder,tit_for_tat")
        found.append(f"scenario.holdout_odds.{party}.value=0,0.3")
        found.append(f"scenario.drafts.reply_days.{party}.value=14,45")
    return tuple(found)


def zipped_of(case: str) -> tuple[str, ...]:
    """Return the keys of both sides that go together."""
    first, second = CASES[case]
    return tuple(
        f"{key.format(first)},{key.format(second)}"
        for key in (
            "strategy@{}",
            "scenario.holdout_odds.{}.value",
            "scenario.drafts.reply_days.{}.value",
        )
    )


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


def forecasts(cases: Sequence[Case]) -> dict[str, list[Forecast]]:
    """Return each forecaster's forecast of each case; none has seen the case itself."""
    count = losses(cases[0]).size
    found: dict[str, list[Forecast]] = {}
    for case in cases:
        others = [other for other in cases if other is not case]
        elsewhere = [other for other in cases if other.region != case.region]
        made = {
            PRIOR: of_combinations(case, np.arange(count)),
            FITTED: of_combinations(case, accepted(others, KEPT)),
            BY_REGION: of_combinations(case, accepted(elsewhere, KEPT)),
            **{name: null(case, others) for name, null in NULLS.items()},
        }
        for name, forecast in made.items():
            found.setdefault(name, []).append(forecast)
    return found


def interval(values: Floats, draws: NDArray[np.int64], sign: str = "") -> str:
    """Return the mean over cases with its 95 % interval by bootstrap over cases."""
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return f"{values.mean():{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def score_table(
    cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]], draws: NDArray[np.int64]
) -> pl.DataFrame:
    """Return the mean scores of each forecaster, the case as the unit."""
    rows = []
    for name, forecast in made.items():
        row: dict[str, object] = {"forecaster": name}
        for title, score in SCORES.items():
            values = np.array([score(c, f) for c, f in zip(cases, forecast, strict=True)])
            row[title] = interval(values, draws)
        rows.append(row)
    return pl.DataFrame(rows)


def skill_table(
    cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]], draws: NDArray[np.int64]
) -> pl.DataFrame:
    """Return Brier scores of the model less those of each rival; below 0 the model is better."""
    each = {
        name: np.array([brier(c, f) for c, f in zip(cases, forecast, strict=True)])
        for name, forecast in made.items()
    }
    rows = []
    for name in NULLS:
        row: dict[str, object] = {"less": name}
        for model in (PRIOR, FITTED, BY_REGION):
            gap = each[model] - each[name]
            error = gap.std(ddof=1) / np.sqrt(gap.size)
            row[model] = (
                f"{interval(gap, draws, '+')}, s.e. {error:.3f}, better in {int((gap < 0).sum())}"
            )
        rows.append(row)
    return pl.DataFrame(rows)


def question_table(cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]) -> pl.DataFrame:
    """Return every question of every case with its answer and the forecasts."""
    names = {
        PRIOR: "before",
        FITTED: "fitted",
        "(a) hazard an item": "(a)",
        "(b) hazard model, six covariates": "(b)",
        "(c) base rates of the other cases": "(c)",
    }
    return pl.DataFrame(
        [
            {
                "case": case.name,
                "question": question,
                "came": came,
                **{
                    short: f"{100 * made[name][at].says[question]:.0f}"
                    for name, short in names.items()
                },
            }
            for at, case in enumerate(cases)
            for question, came in case.came.items()
        ]
    )


def reliability_table(cases: Sequence[Case], made: Sequence[Forecast]) -> pl.DataFrame:
    """Return how often what was given some chance came."""
    pairs = np.array(
        [
            (f.says[q], came)
            for case, f in zip(cases, made, strict=True)
            for q, came in case.came.items()
        ]
    )
    rows = []
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        held = (pairs[:, 0] >= low) & (pairs[:, 0] < high)
        rows.append(
            {
                "forecast": f"{100 * low:.0f} to {100 * min(high, 1.0):.0f} %",
                "questions": int(held.sum()),
                "mean forecast": float(pairs[held, 0].mean()) if held.any() else None,
                "came": float(pairs[held, 1].mean()) if held.any() else None,
            }
        )
    return pl.DataFrame(rows)


def terms_table(cases: Sequence[Case]) -> tuple[pl.DataFrame, Floats]:
    """Return whose wording articles took, by article, and mean errors by case."""
    rows, errors = [], []
    for case in cases:
        own = []
        for key, (place, found, rival) in case.terms.items():
            model = float(found.mean())
            own.append([abs(model - place), abs(rival - place), abs(0.5 - place)])
            rows.append(
                {
                    "case": case.name,
                    "article": key,
                    "record": place,
                    "the model": model,
                    "(d) compromise": rival,
                }
            )
        if own:
            errors.append(np.mean(own, axis=0))
    return pl.DataFrame(rows), np.array(errors)


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


def change_table(
    cases: Sequence[Case],
    made: Sequence[Mapping[str, Forecast]],
    draws: NDArray[np.int64],
) -> pl.DataFrame:
    """Return what each change does to the Brier score and the time; above 0 it makes them worse."""
    rows = []
    for name in made[0]:
        row: dict[str, object] = {"the model": name}
        for title, score in (("Brier", brier), ("CRPS, years", crps)):
            values = np.array([score(c, f[name]) for c, f in zip(cases, made, strict=True)])
            own = np.array([score(c, f[UNCHANGED]) for c, f in zip(cases, made, strict=True)])
            row[title] = float(values.mean())
            row[f"{title}: less unchanged"] = interval(values - own, draws, "+")
        rows.append(row)
    return pl.DataFrame(rows)


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


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return scores of the model and of its rivals on the twelve cases."""
    cases = [case_of(name, results[name]) for name in CASES]
    values = shared_values(results[next(iter(CASES))])
    assert all(shared_values(found) == values for found in results.values())
    made = forecasts(cases)
    draws = np.random.default_rng(1).integers(0, len(cases), (RESAMPLES, len(cases)))
    scores = score_table(cases, made, draws)
    of = {row["forecaster"]: row for row in scores.iter_rows(named=True)}
    terms, errors = terms_table(cases)
    otherwise = [changed_forecasts(results[case.name], case) for case in cases]
    changes = change_table(cases, otherwise, draws)
    gap = {row["the model"]: row["Brier: less unchanged"] for row in changes.iter_rows(named=True)}
    own = np.random.default_rng(1).integers(0, len(errors), (RESAMPLES, len(errors)))
    asked = sum(len(case.came) for case in cases)
    right = sum(
        (made[FITTED][at].says[q] > 0.5) == came
        for at, case in enumerate(cases)
        for q, came in case.came.items()
    )
    by_base = sum(
        (base_rates(case, [c for c in cases if c is not case]).says[q] > 0.5) == came
        for case in cases
        for q, came in case.came.items()
    )
    return Findings(
        main=(
            f"Twelve past negotiations, {asked} questions; Brier scores, smaller is better, the "
            f"case as the unit: the model before any case {of[PRIOR]['Brier']}, fitted on the "
            f"other eleven {of[FITTED]['Brier']}; a hazard an item "
            f"{of['(a) hazard an item']['Brier']}, a hazard model "
            f"{of['(b) hazard model, six covariates']['Brier']}, base rates of the other cases "
            f"{of['(c) base rates of the other cases']['Brier']}, a coin 0.250."
        ),
        sentences=(
            f"With a chance above one half taken for yes, the fitted model is right on {right} of "
            f"{asked} questions, base rates on {by_base}.",
            verdict(cases, made),
            f"Fitted on the cases of other regions only, the Brier score is "
            f"{of[BY_REGION]['Brier']}; where that lies above the score before any case, what "
            "fitting gains does not carry to another region.",
            "Time to a signature, continuous ranked probability score over three years: the "
            f"fitted model {of[FITTED]['CRPS, years']}, base rates "
            f"{of['(c) base rates of the other cases']['CRPS, years']}, a hazard an item "
            f"{of['(a) hazard an item']['CRPS, years']}.",
            f"Terms, {terms.height} articles of {len(errors)} cases: mean distance of the model "
            f"from the record {interval(errors[:, 0], own)}, of the salience-weighted compromise "
            f"{interval(errors[:, 1], own)}, of the middle {interval(errors[:, 2], own)}.",
            f"With payoffs exchanged between the sides the Brier score of the model changes by "
            f"{gap[EXCHANGED]}, with nothing left but deadlines by {gap[DEADLINES]}; below 0 the "
            "model would be the better for it, and 0 means that payoffs told it nothing.",
            "Fitted is approximate Bayesian computation by rejection on a kept design: the same "
            "combinations of shared parameters are played in every case, and those whose "
            "answers lie closest to the other cases' are kept. With five parameters and runs "
            "that are kept, rejection needs neither a regression nor a library, and every case "
            "that is left out uses the same runs.",
            "Twelve famous cases show gross failure only; they cannot show that a forecaster is "
            "calibrated.",
        ),
        tables=(
            Table("Mean scores with 95 % intervals by bootstrap over cases.", scores),
            Table(
                "Brier score of the model less that of each rival, with bootstrap interval, "
                "standard error over cases and the number of cases in which the model is better.",
                skill_table(cases, made, draws),
            ),
            Table("Forecasts in per cent, and what came.", question_table(cases, made)),
            Table("Reliability of the fitted model.", reliability_table(cases, made[FITTED])),
            Table("Whose wording, 0 the first party's, 1 the second's; before any case.", terms),
            Table(
                "Mean Brier score by value of each shared parameter, and how many of the "
                "combinations that all twelve cases would keep have it.",
                parameter_table(cases, values),
            ),
            Table(
                "The model before any case with something changed in every run, on the same "
                "chance.",
                changes,
            ),
            Table("The cases as they were played.", digest_table()),
        ),
    )


def verdict(cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]) -> str:
    """Return which nulls the fitted model beats, or loses to, by more than one standard error."""
    own = np.array([brier(c, f) for c, f in zip(cases, made[FITTED], strict=True)])
    words: dict[str, list[str]] = {"beats": [], "loses to": [], "cannot be told from": []}
    for name in NULLS:
        gap = own - [brier(c, f) for c, f in zip(cases, made[name], strict=True)]
        error = gap.std(ddof=1) / np.sqrt(gap.size)
        told = "beats" if gap.mean() < -error else "loses to" if gap.mean() > error else ""
        words[told or "cannot be told from"].append(name)
    parts = [f"{told} {', '.join(names)}" for told, names in words.items() if names]
    return f"By one standard error over cases the fitted model {'; it '.join(parts)}."


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
            "validation", ("samples=2", "replicates=1"), line=line_of(case), zipped=zipped_of(case)
        )
        for case in CASES
    },
    analyse=analyse,
    overturn=(
        "A second coder who reads the same sources otherwise; other cases: the choice of famous "
        "ones is no sample. More than five shared parameters, or other values of them."
    ),
    caveat=(
        "The cases were chosen and coded by somebody who knew how they ended, once; no second "
        "coding has been made. Questions of a case hang together, so that the case is the unit, "
        "and twelve are few."
    ),
    reading=(
        "Brier (1950); Matheson and Winkler (1976); Pritchard et al. (1999); Gneiting and "
        "Raftery (2007).",
    ),
)
