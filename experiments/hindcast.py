"""Hindcast: what the model would have said, before and after calibration, and its scores."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, per_cent, share
from experiments.record import (
    END,
    FINAL_POSITION,
    QUESTIONS,
    TEXT_CLOSED,
    believed_hazard,
)
from experiments.scores import (
    HAZARD_LATER,
    OWN_BELIEF,
    later_scores,
    null,
    of_score,
    score_table,
    verdict,
)
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results, estimate, salience_compromise

Floats = NDArray[np.float64]
READINGS = ("none", "yerevan", "baku", "opposition", "washington")
NAMED = ("position_VII", "position_XV")
WORDING = (0.7, 1.0)
"""Positions that count as the wording that Armenia accepted on 13 March 2025."""
TOLERANCES = (4, 8, 13)
"""Weeks by which the text may close sooner or later than it did, in the calibration."""
CHOSEN = 8


def by(weeks: Floats, start: date, day: date) -> Floats:
    """Return 1 where an event of some week has come by a day, else 0."""
    return ((weeks >= 0) & (weeks <= (day - start).days // 7)).astype(float)


def answers(results: Results) -> dict[str, Floats]:
    """Return which questions each run answers with yes, arrays of cells by replicates."""
    start = results.scenario.start
    full, interim = results.outcome("full_week"), results.outcome("interim_week")
    text = results.outcome("text_week")
    days = {question.key: question.by for question in QUESTIONS}

    def is_word(column: str, wanted: str) -> Floats:
        words = list(results.schema[column].categories)  # type: ignore[attr-defined]
        yes: Floats = (results.codes(column) == words.index(wanted)).astype(float)
        return yes

    found = {
        "H5a": by(full, start, days["H5a"]),
        "H5b": by(full, start, days["H5b"]),
        "H6": by(results.outcome("initialled_week"), start, END),
        "H7": is_word("precondition_minsk_group", "met"),
        "H8": is_word("precondition_constitution", "met"),
        "H10": is_word("end_reason", "escalation"),
        "H11": 1.0 - results.outcome("government_fell"),
    }
    if results.has(*NAMED):
        found |= {
            "H1": by(interim, start, days["H1"]),
            "H2a": by(text, start, days["H2a"]),
            "H2b": by(text, start, days["H2b"]),
            "H3": np.prod([results.outcome(c) > 0.5 for c in NAMED], axis=0).astype(float),
        }
    if results.has("article_unnamed"):
        closed = {k: is_word(f"article_{k}", "agreed") for k in ("unnamed", "VII", "XV")}
        found["H4"] = closed["unnamed"] * (1.0 - closed["VII"]) * (1.0 - closed["XV"])
    return found


def of_horizon(results: Results, longest: bool) -> dict[str, NDArray[np.int64]]:
    """Return the cells of each reading at the longest or the shortest horizon."""
    keys = ["preset", "horizon"] if "horizon" in results.chosen_keys else ["preset"]
    found: dict[str, NDArray[np.int64]] = {}
    pick = max if longest else min
    wanted = pick(int(str(g.values.get("horizon", 0))) for g in results.groups(keys))
    for group in results.groups(keys):
        if int(str(group.values.get("horizon", 0))) == wanted:
            found[str(group.values["preset"])] = group.cells
    return found


def forecasts(results: Results) -> dict[str, dict[str, Estimate]]:
    """Return the probability of each question by reading, and ``pooled`` over all alike."""
    told = answers(results)
    long, short = of_horizon(results, True), of_horizon(results, False)
    found: dict[str, dict[str, Estimate]] = {}
    for key, values in told.items():
        cells = short if key == "H4" else long
        pooled = np.concatenate(list(cells.values()))
        of = {reading: cells[reading] for reading in READINGS} | {"pooled": pooled}
        found[key] = {name: share(values[own], own % results.points) for name, own in of.items()}
    return found


def accepted(results: Results, tolerance: int) -> NDArray[np.bool_]:
    """Return which runs agree with the events up to 13 March 2025, cells of the long horizon only.

    Rejection (Tavaré et al. 1997; Pritchard et al. 1999): nothing signed and nothing broken off by
    that day, the text closed within `tolerance` weeks of it, and the mean of both named articles
    between 0.7 and 1.
    """
    start = results.scenario.start
    week = (TEXT_CLOSED - start).days // 7
    text = results.outcome("text_week")
    place = np.mean([results.outcome(c) for c in NAMED], axis=0)
    ended = results.outcome("ended_week")
    open_then = (by(results.outcome("signed_week"), start, TEXT_CLOSED) == 0) & (
        (ended < 0) | (ended > week)
    )
    fits = (text >= 0) & (np.abs(text - week) <= tolerance)
    held = open_then & fits & (place >= WORDING[0]) & (place <= WORDING[1])
    long = np.concatenate(list(of_horizon(results, True).values()))
    inside = np.zeros(len(held), bool)
    inside[long] = True
    found: NDArray[np.bool_] = held & inside[:, np.newaxis]
    return found


def calibrated(results: Results, tolerance: int) -> tuple[dict[str, Estimate], int]:
    """Return the probability of each later question among accepted runs, and their number."""
    held = accepted(results, tolerance)
    told = answers(results)
    ids = np.arange(len(held)) % results.points
    rows = np.flatnonzero(held.any(axis=1))
    found = {}
    for question in QUESTIONS:
        if not question.after_text:
            continue
        values = np.where(held, told[question.key], np.nan)[rows]
        found[question.key] = (
            estimate(values, ids[rows], share=True)
            if rows.size
            else Estimate(float("nan"), float("nan"), float("nan"), 0)
        )
    return found, int(held.sum())


def kept_by_reading(results: Results, tolerance: int) -> dict[str, int]:
    """Return how many accepted runs come from each reading."""
    held = accepted(results, tolerance)
    return {r: int(held[cells].sum()) for r, cells in of_horizon(results, True).items()}


def question_table(
    told: Mapping[str, Mapping[str, Estimate]], posterior: Mapping[str, Estimate], start: date
) -> pl.DataFrame:
    """Return each question, its answer and what each forecaster says."""
    rows = []
    for question in QUESTIONS:
        if question.key not in told:
            continue
        hazard = null(question, start)
        rows.append(
            {
                "": question.key,
                "question": question.asks,
                "came": question.came,
                "pooled": per_cent(told[question.key]["pooled"]),
                **{
                    reading: f"{100 * told[question.key][reading].value:.0f} %"
                    for reading in READINGS
                },
                "calibrated": per_cent(posterior[question.key])
                if question.key in posterior
                else "-",
                "constant hazard": "-" if hazard is None else f"{100 * hazard:.0f} %",
                "base rate": "-"
                if question.base_rate is None
                else f"{100 * question.base_rate:.0f} %",
            }
        )
    return pl.DataFrame(rows)


def positions(results: Results) -> tuple[pl.DataFrame, str, str]:
    """Return final positions of the named articles against the compromise, with mean errors.

    The errors are told for the record as it is read, and for the ends of that reading.
    """
    cells = np.concatenate(list(of_horizon(results, True).values()))
    closed = results.outcome("text_week")[cells] >= 0
    frame = salience_compromise(results).to_frame()
    rows, errors, rivals = [], [], []
    for key, column in (("VII", "position_VII"), ("XV", "position_XV")):
        values = np.where(closed, results.outcome(column)[cells], np.nan)
        model = estimate(values, cells % results.points)
        entry = frame.filter(pl.col("article").str.starts_with(f"{key} ")).row(0, named=True)
        errors.append(model.value)
        rivals.append(float(entry["compromise"]))
        rows.append(
            {
                "article": key,
                "model, text closed": number(model),
                "salience-weighted compromise": float(entry["compromise"]),
                "record, read as": FINAL_POSITION,
            }
        )
    return pl.DataFrame(rows), _error(errors), _error(rivals)


def _error(places: Sequence[float]) -> str:
    """Return the mean distance from the record, and its values at both ends of its reading."""
    at = [float(np.mean(np.abs(np.array(places) - r))) for r in (FINAL_POSITION, *WORDING)]
    return (
        f"{at[0]:.2f} ({at[1]:.2f} if the record is read as {WORDING[0]:g}, {at[2]:.2f} if as "
        f"{WORDING[1]:g})"
    )


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return forecasts, calibration and scores from all three starts."""
    september = results["september"]
    start = september.scenario.start
    told = forecasts(september)
    posterior, kept = calibrated(september, CHOSEN)
    long = np.concatenate(list(of_horizon(september, True).values()))
    runs = long.size * september.plan.replicates
    weeks = [belief.value for belief in september.scenario.settlement_weeks.values()]
    own_belief = believed_hazard(float(np.mean(weeks)))
    table = score_table(told, posterior, kept, start, READINGS, own_belief)
    places, error, rival = positions(september)
    tolerance = pl.DataFrame(
        [
            {
                "tolerance, weeks": t,
                "accepted runs": n,
                "of": runs,
                **{k: per_cent(p) for k, p in found.items() if k in ("H5b", "H6", "H8", "H11")},
            }
            for t in TOLERANCES
            for found, n in [calibrated(september, t)]
        ]
    )
    later, later_rows = [], []
    for name in ("december", "march"):
        own = forecasts(results[name])
        begun = results[name].scenario.start
        later_rows += later_scores(begun.isoformat(), own, begun)
        later.append(
            {
                "start": begun.isoformat(),
                **{
                    q.key: per_cent(own[q.key]["pooled"])
                    for q in QUESTIONS
                    if q.after_text and q.key in own
                },
            }
        )
    everything, after, few, closing = "all that", "after 13", "base rates", "closing of"
    of = {
        (who, where): f"{of_score(table, who, where):.3f}"
        for who in (
            "pooled",
            "constant hazard",
            HAZARD_LATER,
            OWN_BELIEF,
            "calibrated",
            "base rates",
            "a coin",
        )
        for where in (everything, after, few, closing)
    }
    readings = kept_by_reading(september, CHOSEN)
    from_readings = ", ".join(
        f"`{r}` {n:,}" for r, n in sorted(readings.items(), key=lambda item: -item[1])
    )
    return Findings(
        main=(
            "Brier scores, smaller is better. All questions that both answer: the model "
            f"{of['pooled', everything]}, a constant hazard {of['constant hazard', everything]}, a "
            f"coin {of['a coin', everything]}. Events after 13 March 2025: the model "
            f"{of['pooled', after]}, a constant hazard {of['constant hazard', after]}; knowing the "
            f"events up to that day, the model {of['calibrated', after]}, a constant hazard "
            f"{of[HAZARD_LATER, after]}. The three questions on which base rates speak: the "
            f"model {of['pooled', few]}, base rates {of['base rates', few]}."
        ),
        sentences=(
            f"Over all questions the model {verdict(table, everything, 'a coin')} a coin and "
            f"{verdict(table, everything, 'constant hazard')} the constant hazard; where base "
            f"rates speak it {verdict(table, few, 'base rates')} them. In brackets in the table: "
            "between what a score lies if any one question is left out.",
            f"On the closing of the articles alone: the model {of['pooled', closing]}, a constant "
            f"hazard {of['constant hazard', closing]}, what the sides themselves believe about the "
            f"closing of what is open ({', '.join(f'{w:g}' for w in weeks)} weeks) "
            f"{of[OWN_BELIEF, closing]}.",
            f"The accepted runs come from these readings: {from_readings}. What calibration "
            "changes is mostly which reading is kept.",
            f"Calibration keeps {kept:,} of {runs:,} runs: those in which nothing was signed or "
            f"broken off by 13 March 2025 and the text closed within {CHOSEN} weeks of that day "
            f"in wordings between {WORDING[0]:g} and {WORDING[1]:g}. Closed on that "
            f"day in the record, the text is closed by 30 June 2025 in "
            f"{per_cent(told['H2b']['pooled'])} of all runs.",
            f"A full treaty is signed by 8 June 2026 in {per_cent(told['H5b']['pooled'])} of the "
            f"runs before calibration and in {per_cent(posterior['H5b'])} after it; in the record "
            "it was not.",
            f"The named articles end {error} from where they did on the mean, and the "
            f"salience-weighted compromise {rival}.",
            "A dozen answers to one course of events cannot tell a good forecaster from a lucky "
            "one; the scores are printed because they can embarrass the model.",
        ),
        tables=(
            Table(
                "Questions, answers and forecasts from 17 September 2024; pooled with 95 % "
                "intervals over points and replicates.",
                question_table(told, posterior, start),
            ),
            Table("Mean scores, smaller is better.", table),
            Table("The calibration, by tolerance.", tolerance),
            Table("Final positions, 0 Armenia's wording, 1 Azerbaijan's.", places),
            Table("Pooled forecasts from the later starts, to 8 June 2026.", pl.DataFrame(later)),
            Table(
                "Scores of the later starts, on what was still open on 13 March 2025.",
                pl.DataFrame(later_rows),
            ),
        ),
    )


STUDY = Study(
    name="hindcast",
    title="Hindcast: what the model would have said in September 2024",
    question=(
        "Started in September 2024, December 2024 and March 2025, what would the model have said "
        "about what came by 8 June 2026, before and after calibration on events up to 13 March "
        "2025, and does it beat a constant hazard, base rates and the salience-weighted compromise?"
    ),
    design=(
        "Prior prediction: five readings of equal weight, all assumptions drawn over their ranges "
        "(Latin hypercube), chance by replicates. Calibration: approximate Bayesian computation by "
        "rejection on events up to 13 March 2025 only, stated in full in the findings. Scores: "
        "Brier and logarithmic, on the questions of the record on which the model speaks, beside "
        "null models that use nothing from after the start. No default was changed after the "
        "scores were seen."
    ),
    parts={
        "september": Part("hindcast", ("samples=64", "replicates=4")),
        "december": Part("hindcast_december", ("samples=16", "replicates=2")),
        "march": Part("hindcast_march", ("samples=16", "replicates=2")),
    },
    analyse=analyse,
    overturn=(
        "Other ranges: prior predictions are averages over what the scenario calls possible, and "
        "widen or shift with it. Another calibration target would keep other runs."
    ),
    caveat=(
        "One case. The scenario was written by people who knew the record, although no number was "
        "tuned to it; the questions are not independent, and a score on three to eleven of them "
        "is an anecdote."
    ),
    reading=(
        "Tavaré, Balding, Griffiths and Donnelly (1997); Brier (1950); Gneiting and Raftery "
        "(2007).",
    ),
)
