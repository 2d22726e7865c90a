"""Null models, which know no strategy: one of the terms, one of the timing.

In the salience-weighted compromise each open article ends at the mean of the sides' ideals,
weighted by how much the article matters to each (Schneider, Finke and Bailer 2010). In the
constant hazard each first event is as likely in one week as in another. Below stand those of past
cases, which know nothing but other cases.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize
from scipy.special import gammaincinv

from sim.analysis.charts import Figure, TableResult, dot_plot, drawn, table
from sim.analysis.incidence import (
    EVENTS,
    curves_of,
    first_events,
    groups_played,
    weekly_counts,
)
from sim.analysis.outcomes import article_label
from sim.analysis.past_cases import (
    CLOSED,
    SIGNED,
    SLACK,
    WEEKS,
    Case,
    Forecast,
    record_of,
    share,
    weeks_until,
)
from sim.analysis.past_cases import YEAR as DAYS
from sim.analysis.results import Floats, NotInResults, Results
from sim.config.scenario import Scenario
from sim.runs.intervals import LEVEL, Estimate, estimate

YEAR = 52
"""Weeks of a year, as in the model's conversions of rates."""


def salience_compromise(results: Results) -> TableResult:
    """Return the salience-weighted compromise for each article that was open.

    A side's salience is the weight of the article among all its weights; both sides have the same
    capability. `with_mediator` takes the mediator, if any, in as a third of equal capability.
    Beside it stand the sides' ideals, the mean final position of deals that stood (`in_runs`, with
    its 95 % interval), and the `lowest` and `highest` of its means by cell.
    Raises `NotInResults` if no article was open.
    """
    scenario = results.scenario
    first, second = scenario.parties
    everybody = [first, second, *([scenario.mediator.id] if scenario.mediator else [])]
    stood = results.codes("in_force") > 0 if results.has("in_force") else None
    rows = []
    for key, entry in scenario.provisions.items():
        if entry.status == "agreed":
            continue
        ideals = {who: entry.ideals[who].value for who in (first, second)}
        told: dict[str, object] = {
            "article": article_label(entry),
            "ideal_first": ideals[first],
            "ideal_second": ideals[second],
            "compromise": compromise(scenario, key, [first, second]),
            "with_mediator": compromise(scenario, key, everybody),
        }
        rows.append(told | _ended(results, f"position_{key}", stood))
    if not rows:
        raise NotInResults("no article was open at the start, so there is nothing to compromise on")
    notes = (
        "The compromise takes the scenario's stated weights and ideals, and knows no strategy, "
        "rule, precondition or status quo.",
    )
    names = (scenario.actors[first].name, scenario.actors[second].name)
    draw = partial(_beside, names)
    return TableResult(parties=names, frame=table(rows), draw=draw, notes=notes)


def _beside(parties: tuple[str, str], frame: pl.DataFrame) -> Figure:
    """Draw ideals, compromise and where the runs ended, one line an article."""
    first, second = parties
    told = {
        "ideal_first": f"{first}'s ideal",
        "ideal_second": f"{second}'s ideal",
        "compromise": "compromise",
        "in_runs": "in the runs",
    }
    rows = [
        {
            "label": row["article"],
            "series": words,
            "value": row[name],
            "low": row["low"] if name == "in_runs" else row[name],
            "high": row["high"] if name == "in_runs" else row[name],
        }
        for row in frame.iter_rows(named=True)
        for name, words in told.items()
        if row[name] is not None
    ]
    axis = f"position: 0 {first}'s wording, 1 {second}'s"
    title = "Open articles: ideals, salience-weighted compromise, runs"
    return dot_plot(rows, title, axis, format=".2f", domain=(0, 1), series="position")


def _ended(results: Results, column: str, stood: NDArray[np.bool_] | None) -> dict[str, object]:
    """Return where an article ended in deals that stood: mean, and extremes over the cells."""
    nothing: dict[str, object] = dict.fromkeys(("in_runs", "low", "high", "lowest", "highest"))
    if stood is None or not results.has(column):
        return nothing
    values = np.where(stood, results.numbers(column), np.nan)
    mean = estimate(values, results.clusters_of(np.arange(results.plan.cells)))
    by_group = [estimate(values[group.cells]).value for group in results.groups()]
    known = [value for value in by_group if np.isfinite(value)]
    if not known:
        return nothing
    return {**mean.columns("in_runs"), "lowest": min(known), "highest": max(known)}


def compromise(scenario: Scenario, provision: str, actors: Sequence[str]) -> float | None:
    """Return the mean of some actors' ideals on a provision, weighted by salience.

    All have the same capability (Schneider, Finke and Bailer 2010, *Political Studies* 58). None if
    the provision matters to none of them, or one of them has no ideal on it.
    """
    entry = scenario.provisions[provision]
    if any(who not in entry.weights or who not in entry.ideals for who in actors):
        return None
    every = [item.weights for item in scenario.provisions.values()]
    every += [item.weights for item in scenario.preconditions.values()]
    salience = []
    for who in actors:
        total = sum(weights[who].value for weights in every if who in weights)
        salience.append(entry.weights[who].value / total if total > 0 else 0.0)
    if sum(salience) <= 0.0:
        return None
    ideals = [entry.ideals[who].value for who in actors]
    return float(np.average(ideals, weights=salience))


def constant_hazard(results: Results, by: Sequence[str] | None = None) -> TableResult:
    """Fit a constant hazard of each event to the run-weeks without event.

    Cells are told apart by the values of some keys, by default all. One line a group and event: the
    hazard a year with its interval; incidence at the horizon in the runs, by the constant hazard,
    and by one fitted to the first half of the weeks; the largest gap of the curves. Raises
    `NotInResults` if the table lacks one of the columns that say what happened.
    """
    firsts = first_events(results)
    groups = groups_played(results, firsts, by)
    counts = [weekly_counts(firsts.of(group.cells)) for group in groups]
    rows = [
        {"cells": group.label, **row}
        for group, own in zip(groups, counts, strict=True)
        for row in _hazards(own)
    ]
    notes = (
        "Fitted to all weeks, a constant hazard comes near the share at the horizon by making; "
        "what it cannot show is the timing. Fitted to the first half it foretells the second. "
        "Intervals take run-weeks as independent.",
    )
    draw = partial(_drawn_hazard, groups[0].label, counts[0])
    return TableResult(frame=table(rows), draw=draw, notes=notes)


def _drawn_hazard(label: str, counts: Floats, _: pl.DataFrame) -> Figure:
    """Draw both curves of a deal, interim or full."""
    curves = {
        "in the runs": curves_of(counts).incidence,
        "constant hazard": fit_hazard(counts)[1],
    }
    rows = [
        {"week": week, "model": told, "share": float(curve[:2, week].sum())}
        for week in range(0, len(counts), 2)
        for told, curve in curves.items()
    ]
    return Figure(drawn("hazard", rows), f"A deal by week, {label}", 240)


def _hazards(counts: Floats) -> Iterator[dict[str, object]]:
    """Give the line of each event, from `weekly_counts`."""
    weekly, foreseen = fit_hazard(counts)
    _, first_half = fit_hazard(counts, until=max(1, len(counts) // 2))
    incidence = curves_of(counts).incidence
    for kind, event in enumerate(EVENTS):
        rates = weekly[kind].columns("yearly", "yearly_")
        yield {
            "event": event,
            **{name: 1 - (1 - min(rate, 1.0)) ** YEAR for name, rate in rates.items()},
            "in_runs": float(incidence[kind, -1]),
            "by_hazard": float(foreseen[kind, -1]),
            "by_first_half": float(first_half[kind, -1]),
            "largest_gap": float(np.abs(incidence[kind] - foreseen[kind]).max()),
        }


def fit_hazard(counts: Floats, until: int | None = None) -> tuple[tuple[Estimate, ...], Floats]:
    """Fit constant weekly hazards of competing events, to the weeks before `until` only if given.

    `counts` are the runs censored, and those with each event first, by week (shape (weeks,
    1 + events)). Returns weekly hazards (events by run-weeks, with Garwood's exact Poisson interval
    of 1936; `runs` counts the run-weeks), and the cumulative incidence that they give, shape
    (events, weeks).
    """
    leaving = counts.sum(axis=1)
    at_risk = leaving[::-1].cumsum()[::-1]
    upto = len(counts) if until is None else until
    exposure = float(at_risk[:upto].sum())
    events = counts[:upto, 1:].sum(axis=0)
    weekly = tuple(_poisson_rate(float(count), exposure) for count in events)
    rates = np.array([found.value for found in weekly])
    total = min(float(rates.sum()), 1.0)
    weeks = np.arange(1, len(counts) + 1)
    happened = 1 - (1 - total) ** weeks
    share = rates / total if total > 0 else np.zeros(len(rates))
    return weekly, np.outer(share, happened)


def _poisson_rate(count: float, exposure: float) -> Estimate:
    tail = (1 - LEVEL) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    high = float(gammaincinv(count + 1, 1 - tail))
    return Estimate(count / exposure, low / exposure, high / exposure, int(exposure))


# --- of a past case, from other cases alone


def _kind(question: str) -> str:
    return question.partition(":")[0]


def base_rates(case: Case, training: Sequence[Case]) -> Forecast:
    """Return how often each question was answered with yes, and by when they had signed.

    The latter by Kaplan and Meier (1958), as talks may be on record for less than three years.
    """
    seen: dict[str, list[bool]] = {}
    for other in training:
        for question, came in other.came.items():
            seen.setdefault(_kind(question), []).append(came)
    says = {q: share(np.array(seen.get(_kind(q), []), dtype=float)) for q in case.came}
    when = [min(other.signed, other.seen) for other in training]
    open_yet = [bool(np.isinf(other.signed)) for other in training]
    known = stats.ecdf(stats.CensoredData.right_censored(when, open_yet))
    by = len(training) * known.cdf.evaluate(np.arange(WEEKS + 1))
    return Forecast(says, (by + SLACK) / (len(training) + 2 * SLACK))


def item_hazard(case: Case, training: Sequence[Case]) -> Forecast:
    """Return what a constant hazard an item says of closing and signing; base rates of the rest.

    The text is closed when the last of n items is, each with the same hazard; so is it signed,
    with a hazard of its own. Both are fitted by maximum likelihood.
    """
    base = base_rates(case, training)
    found = dict(base.says)
    rate = _item_rate([(other.open_items, other.signed, other.seen) for other in training])
    curve = (1.0 - np.exp(-rate * np.arange(WEEKS + 1))) ** case.open_items
    for question, years in SIGNED.items():
        if question in found:
            found[question] = float(curve[int(years * DAYS / 7)])
    if CLOSED in found:
        closed = _item_rate([(o.open_items, _closing(o), o.seen) for o in training])
        found[CLOSED] = float((1.0 - np.exp(-closed * DAYS / 7)) ** case.open_items)
    return Forecast(found, curve)


def _closing(case: Case) -> float:
    record = record_of(case.scenario)
    return weeks_until(record.closed or record.signed, case.scenario)


def _item_rate(known: Sequence[tuple[int, float, float]]) -> float:
    """Return the most likely weekly hazard of an item, from items, week of the last, weeks seen.

    The week is infinite if some are open still.
    """
    rates = np.geomspace(1e-4, 1.0, 2000)
    likelihood = np.zeros_like(rates)
    for items, week, seen in known:
        if np.isfinite(week):
            gone = 1.0 - np.exp(-rates * max(week, 1.0))
            likelihood += np.log(items * rates) - rates * week + (items - 1) * np.log(gone)
        else:
            gone = 1.0 - np.exp(-rates * seen)
            likelihood += np.log(np.maximum(1.0 - gone**items, 1e-300))
    return float(rates[int(np.argmax(likelihood))])


def covariates(case: Case) -> Floats:
    """Six that a statistical model may know: see `hazard_model`."""
    scenario, record = case.scenario, record_of(case.scenario)
    first, second = (scenario.discount_rate[party].value for party in scenario.parties)
    deadline = scenario.deadline_weeks[scenario.first]
    return np.array(
        [
            case.open_items,
            float(bool(scenario.preconditions)),
            float(scenario.mediator is not None),
            record.capability,
            float(min(first, second) > 0.1),  # both leaders may lose office at elections
            float(deadline is not None and deadline.value < 100.0),
        ],
        dtype=float,
    )


def hazard_model(case: Case, training: Sequence[Case]) -> Forecast:
    """Return what proportional hazards and logits on six covariates say.

    Covariates are standardised, coefficients have a standard normal prior (a ridge), intercepts
    none: with eleven cases nothing else can be fitted. The hazard is constant in time.
    """
    raw = np.array([covariates(other) for other in training])
    scale = np.where(raw.std(axis=0) > 0, raw.std(axis=0), 1.0)
    known, own = (raw - raw.mean(axis=0)) / scale, (covariates(case) - raw.mean(axis=0)) / scale

    def hazard(weeks: Sequence[float]) -> float:
        ended = np.isfinite(weeks)
        time = np.maximum(np.where(ended, weeks, [other.seen for other in training]), 1.0)
        fit = _ridge(known, lambda eta: -(ended * eta - np.exp(eta) * time).sum(), -5.0)
        return float(np.exp(fit[0] + own @ fit[1:]))

    rate, closing = hazard([o.signed for o in training]), hazard([_closing(o) for o in training])
    curve = 1.0 - np.exp(-rate * np.arange(WEEKS + 1))
    found = dict(base_rates(case, training).says)
    for question in found:
        if question in SIGNED:
            found[question] = float(curve[int(SIGNED[question] * DAYS / 7)])
        elif question == CLOSED:
            found[question] = float(1.0 - np.exp(-closing * DAYS / 7))
        else:
            found[question] = _logit(question, known, own, training)
    return Forecast(found, curve)


def _logit(question: str, known: Floats, own: Floats, training: Sequence[Case]) -> float:
    rows = [
        (at, came)
        for at, other in enumerate(training)
        for asked, came in other.came.items()
        if _kind(asked) == _kind(question)
    ]
    if len({came for _, came in rows}) < 2:
        return share(np.array([came for _, came in rows], dtype=float))
    x = known[[at for at, _ in rows]]
    y = np.array([came for _, came in rows], dtype=float)
    fit = _ridge(x, lambda eta: (np.logaddexp(0.0, eta) - y * eta).sum(), 0.0)
    return float(1.0 / (1.0 + np.exp(-(fit[0] + own @ fit[1:]))))


def _ridge(x: Floats, loss: Callable[[Floats], float], start: float) -> Floats:
    """Return intercept and coefficients that make a loss of the linear predictor least."""

    def penalised(beta: Floats) -> float:
        return float(loss(beta[0] + x @ beta[1:]) + 0.5 * (beta[1:] ** 2).sum())

    first = np.zeros(x.shape[1] + 1)
    first[0] = start
    found: Floats = minimize(penalised, first, method="BFGS").x
    return found


def a_coin(case: Case, training: Sequence[Case]) -> Forecast:
    """Return a half for everything; a time that is uniform over three years or later alike."""
    del training
    return Forecast(dict.fromkeys(case.came, 0.5), np.linspace(0.0, 0.5, WEEKS + 1))


HAZARD, COVARIATES = "(a) hazard an item", "(b) hazard model, six covariates"
RATES = "(c) base rates of the other cases"
NULLS: Mapping[str, Callable[[Case, Sequence[Case]], Forecast]] = {
    HAZARD: item_hazard,
    COVARIATES: hazard_model,
    RATES: base_rates,
    "a coin": a_coin,
}
