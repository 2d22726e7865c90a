"""Forecasts of past negotiations, of the model and of null models, and their scores.

No forecast has seen the case that it is of: what is fitted is fitted on others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.nulls import COVARIATES, HAZARD, NULLS, RATES
from sim.analysis.past_cases import (
    CHANGES,
    DEADLINES,
    EXCHANGED,
    UNCHANGED,
    WEEKS,
    YEAR,
    Case,
    Floats,
    Forecast,
    PlayAgain,
    case_of,
    changed_forecasts,
    easiest_first,
    mean_ranks,
    rank_correlation,
    record_of,
)
from sim.analysis.results import Results
from sim.runs.terminal import counted

KEPT = 0.125
"""Share of the combinations that the calibration keeps."""
RESAMPLES = 4000
PRIOR = "the model, before any case"
FITTED = "the model, fitted on the others"
BY_REGION = "the model, fitted on other regions"
RIVALS = (*NULLS, EXCHANGED, DEADLINES)
"""Set beside the model; the last two beside it unchanged, before any case, on the same runs."""

# --- the model, before and after it has seen the other cases


def of_combinations(case: Case, kept: NDArray[np.int64]) -> Forecast:
    """Return the mean over some combinations of shared parameters."""
    says = {question: float(values[kept].mean()) for question, values in case.says.items()}
    return Forecast(says, case.curve[kept].mean(axis=0))


def losses(case: Case) -> Floats:
    """Return the mean Brier score of each combination over the questions of a case."""
    found: Floats = np.mean([(case.says[q] - came) ** 2 for q, came in case.came.items()], axis=0)
    return found


def accepted(training: Sequence[Case], share: float) -> NDArray[np.int64]:
    """Return the combinations whose answers lie closest to those of the training cases.

    Approximate Bayesian computation by rejection: the distance is the mean Brier score with the
    case as the unit, and the closest share of the design is kept.
    """
    distance = np.mean([losses(case) for case in training], axis=0)
    count = max(1, round(share * distance.size))
    found: NDArray[np.int64] = np.sort(np.argsort(distance, kind="stable")[:count])
    return found


# --- scores


def brier(case: Case, forecast: Forecast) -> float:
    """Return the mean Brier score over the questions of a case; 0 is perfect, 0.25 a coin's."""
    return float(np.mean([(forecast.says[q] - came) ** 2 for q, came in case.came.items()]))


def logarithmic(case: Case, forecast: Forecast) -> float:
    """Return the mean logarithmic score, probabilities held between 0.01 and 0.99."""
    given = [forecast.says[q] if came else 1.0 - forecast.says[q] for q, came in case.came.items()]
    return float(-np.log(np.clip(given, 0.01, 0.99)).mean())


def crps(case: Case, forecast: Forecast) -> float:
    """Return the continuous ranked probability score of the time to a signature, in years.

    Over the first three years; talks that end otherwise never sign, so that the curve is a
    cumulative incidence among competing risks. Where the record ends before with nothing signed,
    what came later is not known and the score is of the weeks up to then (censoring).
    """
    came = (np.arange(WEEKS + 1) >= case.signed).astype(float)
    known = WEEKS if np.isfinite(case.signed) else int(case.seen)
    return float(((forecast.curve - came) ** 2)[1 : known + 1].sum() * 7 / YEAR)


def off_terms(case: Case, forecast: Forecast) -> float:
    """Return the mean distance of terms from the record's; nan where it states none."""
    off = [abs(forecast.terms[key] - place) for key, (place, _, _) in case.terms.items()]
    return float(np.mean(off)) if off else float("nan")


Score = Callable[[Case, Forecast], float]
SCORES: Mapping[str, Score] = {"Brier": brier, "log": logarithmic, "CRPS, years": crps}


def scored(cases: Sequence[Case], made: Sequence[Forecast], score: Score = brier) -> Floats:
    """Return the score of each case's forecast."""
    return np.array([score(case, forecast) for case, forecast in zip(cases, made, strict=True)])


def gap_to(
    rival: str, model: str, cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]
) -> tuple[Floats, float]:
    """Return the Brier scores of a model less a rival's, and their mean's standard error.

    Rivals that are no null models are set beside the unchanged model on the same runs.
    """
    own = made[model if rival in NULLS else UNCHANGED]
    gap = scored(cases, own) - scored(cases, made[rival])
    return gap, float(gap.std(ddof=1) / np.sqrt(gap.size))


def forecasts(cases: Sequence[Case]) -> dict[str, list[Forecast]]:
    """Return each forecaster's forecast of each case; none has seen the case itself."""
    everything = np.arange(losses(cases[0]).size)
    found: dict[str, list[Forecast]] = {}
    for case in cases:
        others = [other for other in cases if other is not case]
        elsewhere = [other for other in cases if other.region != case.region]
        kept = accepted(elsewhere, KEPT) if elsewhere else everything
        made = {
            PRIOR: of_combinations(case, everything),
            FITTED: of_combinations(case, accepted(others, KEPT)),
            BY_REGION: of_combinations(case, kept),
            **{name: null(case, others) for name, null in NULLS.items()},
        }
        for name, forecast in made.items():
            found.setdefault(name, []).append(forecast)
    return found


def resamples(count: int) -> NDArray[np.int64]:
    """Return which cases each draw of the bootstrap takes, shape (draws, cases)."""
    return np.random.default_rng(1).integers(0, count, (RESAMPLES, count))


def interval(values: Floats, draws: NDArray[np.int64], sign: str = "") -> str:
    """Return the mean over cases with its 95 % interval by bootstrap over cases."""
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return f"{values.mean():{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def score_table(
    cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]], draws: NDArray[np.int64]
) -> pl.DataFrame:
    """Return the mean scores of each forecaster, the case as the unit."""
    return pl.DataFrame(
        [
            {"forecaster": name}
            | {title: interval(scored(cases, own, by), draws) for title, by in SCORES.items()}
            for name, own in made.items()
        ]
    )


def skill_table(
    cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]], draws: NDArray[np.int64]
) -> pl.DataFrame:
    """Return Brier scores of the model less those of each rival; below 0 the model is better."""
    rows = []
    for name in RIVALS:
        row: dict[str, object] = {"less": name}
        for model in (PRIOR, FITTED, BY_REGION) if name in NULLS else (PRIOR,):
            gap, error = gap_to(name, model, cases, made)
            row[model] = (
                f"{interval(gap, draws, '+')}, s.e. {error:.3f}, better in {int((gap < 0).sum())}"
            )
        rows.append(row)
    return pl.DataFrame(rows)


def question_table(cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]) -> pl.DataFrame:
    """Return every question of every case with its answer and the forecasts."""
    names = {PRIOR: "before", FITTED: "fitted", HAZARD: "(a)", COVARIATES: "(b)", RATES: "(c)"}
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


def reliability_table(
    cases: Sequence[Case], made: Sequence[Forecast], draws: NDArray[np.int64]
) -> pl.DataFrame:
    """Return how often what was given some chance came, with 95 % by bootstrap over cases."""
    said, came, of = np.array(
        [
            (f.says[q], came, at)
            for at, (case, f) in enumerate(zip(cases, made, strict=True))
            for q, came in case.came.items()
        ]
    ).T
    rows = []
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        held = (said >= low) & (said < high)
        asked, yes = (np.bincount(of.astype(int), w * held, len(cases)) for w in (held, came))
        some = asked[draws].sum(axis=1) > 0
        shares = yes[draws].sum(axis=1)[some] / asked[draws].sum(axis=1)[some]
        ends = np.quantile(shares, (0.025, 0.975)) if held.any() else (None, None)
        rows.append(
            {
                "forecast": f"{100 * low:.0f} to {100 * min(high, 1.0):.0f} %",
                "questions": int(held.sum()),
                "mean forecast": float(said[held].mean()) if held.any() else None,
                "came": float(came[held].mean()) if held.any() else None,
                "low": ends[0],
                "high": ends[1],
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


def change_table(cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]) -> pl.DataFrame:
    """Return what each change does to Brier score, time and terms; above 0 it makes them worse."""
    rows = []
    for name, forecast in made.items():
        row: dict[str, object] = {"the model": name}
        for title, score in (("Brier", brier), ("CRPS, years", crps), ("terms", off_terms)):
            values = scored(cases, forecast, score)
            own = scored(cases, made[UNCHANGED], score)
            gap = (values - own)[known := np.isfinite(values)]
            if gap.size:
                row[title] = float(values[known].mean())
                row[f"{title}: less unchanged"] = interval(gap, resamples(gap.size), "+")
        rows.append(row)
    return pl.DataFrame(rows)


def order_table(
    cases: Sequence[Case], results: Mapping[str, Results], play: PlayAgain
) -> pl.DataFrame:
    """Return the rank correlation of predicted and recorded order of closing, where one is known.

    The rival lets what is half agreed close first, and of the rest what weighs less to both.
    """
    rows = []
    for case in cases:
        order = record_of(case.scenario).order
        if len(order) < 2:
            continue
        keys = [key for together in order for key in together]
        recorded = [float(at) for at, together in enumerate(order) for _ in together]
        easy = easiest_first(case.scenario, keys)
        rows.append(
            {
                "case": case.name,
                "record": ", then ".join(" and ".join(together) for together in order),
                "the model": rank_correlation(mean_ranks(results[case.name], keys, play), recorded),
                "half agreed, then lighter first": rank_correlation(easy, recorded),
            }
        )
    return pl.DataFrame(rows)


@dataclass(frozen=True)
class Validation:
    """Forecasts of past cases and their scores."""

    cases: Sequence[Case]
    made: Mapping[str, Sequence[Forecast]]
    draws: NDArray[np.int64]  # of the bootstrap over cases
    scores: pl.DataFrame
    terms: pl.DataFrame
    term_errors: Floats  # of the model, the compromise and the middle, one row a case
    changes: pl.DataFrame
    orders: pl.DataFrame

    @property
    def asked(self) -> int:
        """Questions with an answer."""
        return sum(len(case.came) for case in self.cases)

    def right(self, name: str) -> int:
        """Return on how many a forecaster is right, if more than a half is taken for yes."""
        return sum(
            (forecast.says[q] > 0.5) == came
            for case, forecast in zip(self.cases, self.made[name], strict=True)
            for q, came in case.came.items()
        )

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the scores as tables, by what they show."""
        skill = skill_table(self.cases, self.made, self.draws)
        tables = {
            "Mean scores with 95 % intervals by bootstrap over cases": self.scores,
            "Brier score of the model less that of each rival, with bootstrap interval, standard "
            "error over cases and the number of cases in which the model is better": skill,
            "Forecasts in per cent, and what came": question_table(self.cases, self.made),
            "Reliability of the fitted model, with 95 % by bootstrap over cases": reliability_table(
                self.cases, self.made[FITTED], self.draws
            ),
            "Whose wording, 0 the first party's, 1 the second's; before any case": self.terms,
            "Order of closing: Kendall's tau-b of the predicted order with the record's, 1 the "
            "same, -1 the reverse; before any case": self.orders,
            "The model before any case with something changed in every run, on the same chance": (
                self.changes
            ),
        }
        return {title: frame for title, frame in tables.items() if frame.height}

    def main(self) -> str:
        """Return the Brier scores in one sentence."""
        of = dict(zip(self.scores["forecaster"], self.scores["Brier"], strict=True))
        return (
            f"{len(self.cases)} past negotiations, {self.asked} questions; Brier scores, smaller "
            f"is better, the case as the unit: the model before any case {of[PRIOR]}, fitted on "
            f"the others {of[FITTED]}; a hazard an item {of[HAZARD]}, a hazard model "
            f"{of[COVARIATES]}, base rates of the other cases {of[RATES]}, a coin 0.250."
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what else came of it."""
        of = {row["forecaster"]: row for row in self.scores.iter_rows(named=True)}
        time = "CRPS, years"
        found = [
            "With a chance above one half taken for yes, the fitted model is right on "
            f"{self.right(FITTED)} of {self.asked} questions, base rates on {self.right(RATES)}.",
            verdict(self.cases, self.made),
            f"Fitted on the cases of other regions only, the Brier score is "
            f"{of[BY_REGION]['Brier']}; where that lies above the score before any case, what "
            "fitting gains does not carry to another region.",
            f"Time to a signature, continuous ranked probability score over three years: the "
            f"fitted model {of[FITTED][time]}, base rates {of[RATES][time]}, a hazard an item "
            f"{of[HAZARD][time]}.",
            costs(self.changes),
        ]
        return (*found, *self._of_text())

    def _of_text(self) -> Iterator[str]:
        if errors := len(self.term_errors):
            draws = resamples(errors)
            model, rival, middle = (interval(column, draws) for column in self.term_errors.T)
            yield (
                f"Terms, {counted(self.terms.height, 'article')} of {counted(errors, 'case')}: "
                f"mean distance of the model from the record {model}, of the salience-weighted "
                f"compromise {rival}, of the middle {middle}."
            )
        if self.orders.height:
            own, easy = (float(self.orders[:, at].to_numpy().mean()) for at in (2, 3))
            yield (
                f"Order of closing, {counted(self.orders.height, 'case')} whose record knows it: "
                f"Kendall's tau-b {own:+.2f} on the mean, where what is half agreed goes first "
                f"and then what weighs less {easy:+.2f}; too few for an interval."
            )


def validate(results: Mapping[str, Results], play: PlayAgain) -> Validation:
    """Return forecasts and scores of cases, from the sweep of each; `play` plays some again."""
    cases = [case_of(name, found) for name, found in results.items()]
    by_case = [changed_forecasts(results[case.name], case, play) for case in cases]
    changed = {name: [found[name] for found in by_case] for name in CHANGES}
    made = forecasts(cases) | {name: changed[name] for name in (UNCHANGED, EXCHANGED, DEADLINES)}
    draws = resamples(len(cases))
    terms, errors = terms_table(cases)
    return Validation(
        cases=cases,
        made=made,
        draws=draws,
        scores=score_table(cases, made, draws),
        terms=terms,
        term_errors=errors,
        changes=change_table(cases, changed),
        orders=order_table(cases, results, play),
    )


def costs(changes: pl.DataFrame) -> str:
    """Return which part of the model its forecasts would be better without, before any case."""
    of = {row["the model"]: row for row in changes.iter_rows(named=True)}
    gap, told, said = "Brier: less unchanged", [], ""
    for title, what in (("Brier", "the Brier score"), ("terms", "the distance of terms")):
        if title in changes.columns:
            key = f"{title}: less unchanged"
            worst = min(
                (name for name in of if name.startswith("without")),
                key=lambda name: float(of[name][key].split()[0]),
            )
            clear = float(of[worst][key].rstrip("]").rpartition(" ")[2]) < 0
            judged = "costs it most" if clear else "comes closest to costing it, not beyond chance"
            told.append(f"for {what} '{worst}' {judged}: it changes by {of[worst][key]}")
    swapped, alone = of[EXCHANGED], of[DEADLINES]
    if (far := "terms: less unchanged") in changes.columns:
        said = f" Terms then lie farther off by {swapped[far]} and {alone[far]}."
    return (
        f"Of what can be switched off, one at a time, {'; '.join(told)}. With payoffs exchanged "
        f"between the sides the Brier score changes by {swapped[gap]}, with nothing left but "
        f"deadlines by {alone[gap]}; below 0 the model would be the better for it, and 0 means "
        f"that payoffs told it nothing.{said}"
    )


def verdict(cases: Sequence[Case], made: Mapping[str, Sequence[Forecast]]) -> str:
    """Return which nulls the fitted model beats, or loses to, by more than one standard error."""
    words: dict[str, list[str]] = {"beats": [], "loses to": [], "cannot be told from": []}
    needed = []
    for name in RIVALS:
        gap, error = gap_to(name, FITTED, cases, made)
        told = "beats" if gap.mean() < -error else "loses to" if gap.mean() > error else ""
        words[told or "cannot be told from"].append(name)
        if not told and gap.mean():
            needed.append(f"{int(np.ceil(gap.var(ddof=1) / gap.mean() ** 2)):,} from {name}")
    parts = [f"{told} {', '.join(names)}" for told, names in words.items() if names]
    more = f" At these differences it would take as many cases to tell it: {'; '.join(needed)}."
    judged = f"By one standard error over cases the fitted model {'; it '.join(parts)}."
    return judged + more * bool(needed)
