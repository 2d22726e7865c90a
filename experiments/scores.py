"""Scores of forecasts beside null models: the constant hazard, base rates and a coin."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import log

import numpy as np
import polars as pl

from experiments.record import ARTICLE_HAZARD, BY_HAND, QUESTIONS, TEXT_CLOSED, Question
from sim.analysis import Estimate

HAZARD_LATER = "constant hazard from 13 March 2025"
OWN_BELIEF = "the sides' own belief about closing"


def null(question: Question, start: date) -> float | None:
    """Return the constant hazard's probability of a question."""
    if question.key in BY_HAND:
        return BY_HAND[question.key](ARTICLE_HAZARD)
    return question.constant_hazard(start)


def scores(
    probabilities: Mapping[str, float], keys: Sequence[str], runs: float
) -> tuple[float, float]:
    """Return mean Brier and mean logarithmic score; smaller is better for both.

    A share of runs becomes a probability with half a run added to either side, so that no score is
    infinite because something never happened in a sample.
    """
    came = {question.key: question.came for question in QUESTIONS}
    brier, logs = [], []
    for key in keys:
        p = (probabilities[key] * runs + 0.5) / (runs + 1.0) if runs else probabilities[key]
        p = min(max(p, 1e-3), 1.0 - 1e-3)
        brier.append((p - came[key]) ** 2)
        logs.append(-log(p if came[key] else 1.0 - p))
    return float(np.mean(brier)), float(np.mean(logs))


def score_table(
    told: Mapping[str, Mapping[str, Estimate]],
    posterior: Mapping[str, Estimate],
    kept: int,
    start: date,
    readings: Sequence[str],
    believed: float,
) -> pl.DataFrame:
    """Return the scores of each forecaster on the questions that both it and its rivals answer.

    Parameters
    ----------
    told : mapping of str to mapping of str to Estimate
        Forecast of each question by reading, and ``pooled``.
    posterior : mapping of str to Estimate
        Calibrated forecasts of the questions still open on 13 March 2025.
    kept : int
        Runs that the calibration accepted.
    start : date
    readings : sequence of str
    believed : float
        Weekly hazard of one article's closing that the sides' own belief at the start implies.
    """
    answered = [q for q in QUESTIONS if q.key in told]
    nulls = {q.key: p for q in answered if (p := null(q, start)) is not None}
    bases = {q.key: q.base_rate for q in answered if q.base_rate is not None}
    sets = {
        "all that the constant hazard answers": list(nulls),
        "after 13 March 2025": [q.key for q in answered if q.after_text],
        "closing of the articles": [q.key for q in answered if q.key in BY_HAND],
        "base rates answer": list(bases),
    }
    rows = []
    for name, keys in sets.items():
        if not keys:
            continue
        forecasters: dict[str, tuple[Mapping[str, float], float]] = {
            reading: ({k: told[k][reading].value for k in keys}, told[keys[0]][reading].runs)
            for reading in ("pooled", *readings)
        }
        forecasters["constant hazard"] = ({k: nulls[k] for k in keys}, 0.0)
        if name == "closing of the articles":
            forecasters[OWN_BELIEF] = ({k: BY_HAND[k](believed) for k in keys}, 0.0)
        if name == "base rates answer":
            forecasters["base rates"] = (bases, 0.0)
        if name == "after 13 March 2025":
            # What the calibrated model knows, its rival should know too.
            later = {q.key: null(q, TEXT_CLOSED) for q in answered if q.key in keys}
            told_later = {k: p for k, p in later.items() if p is not None}
            forecasters[HAZARD_LATER] = (told_later, 0.0)
            if kept:
                forecasters["calibrated"] = ({k: posterior[k].value for k in keys}, kept)
        forecasters["a coin"] = (dict.fromkeys(keys, 0.5), 0.0)
        for who, (probabilities, runs) in forecasters.items():
            rows.append(
                {
                    "questions": f"{name} ({len(keys)})",
                    "forecaster": who,
                    **scored(probabilities, keys, runs),
                }
            )
    return pl.DataFrame(rows)


def scored(
    probabilities: Mapping[str, float], keys: Sequence[str], runs: float
) -> dict[str, object]:
    """Return both scores, and between what the first lies if any one question is left out."""
    brier, logs = scores(probabilities, keys, runs)
    without = [scores(probabilities, [k for k in keys if k != key], runs)[0] for key in keys]
    return {
        "Brier": brier,
        "leaving one out": f"{min(without):.3f} to {max(without):.3f}",
        "log": logs,
    }


def later_scores(
    name: str, told: Mapping[str, Mapping[str, Estimate]], start: date
) -> list[dict[str, object]]:
    """Return the scores of one later start, beside the constant hazard from there and a coin."""
    keys = [q.key for q in QUESTIONS if q.after_text and q.key in told]
    hazards = {q.key: null(q, start) for q in QUESTIONS if q.key in keys}
    keys = [key for key in keys if hazards[key] is not None]
    forecasters: dict[str, tuple[Mapping[str, float], float]] = {
        "the model": ({k: told[k]["pooled"].value for k in keys}, told[keys[0]]["pooled"].runs),
        "constant hazard from there": ({k: p for k, p in hazards.items() if p is not None}, 0.0),
        "a coin": (dict.fromkeys(keys, 0.5), 0.0),
    }
    return [
        {"start": f"{name} ({len(keys)} questions)", "forecaster": who, **scored(*given)}
        for who, (probabilities, runs) in forecasters.items()
        for given in [(probabilities, keys, runs)]
    ]


def of_score(table: pl.DataFrame, who: str, questions: str) -> float:
    """Return the Brier score of a forecaster on some questions."""
    found = table.filter(
        (pl.col("forecaster") == who) & pl.col("questions").str.starts_with(questions)
    )
    return float(found["Brier"][0]) if found.height else float("nan")


def verdict(table: pl.DataFrame, questions: str, rival: str) -> str:
    """Return whether the model's Brier score is better or worse than a rival's, in a word."""
    own, other = of_score(table, "pooled", questions), of_score(table, rival, questions)
    return "does better than" if own < other else "does worse than"
