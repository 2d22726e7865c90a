"""Cumulative incidence: against scikit-survival on its own data, and on small cases by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sksurv import nonparametric
from sksurv.datasets import load_bmt, load_cgvhd

from sim.analysis import Results, incidence, load
from sim.analysis.incidence import EVENTS, Curves, first_events, from_counts
from sim.runs.intervals import ratio_variance
from sim.sweeps.plan import Plan
from tests.analysis.conftest import runs_of


def aalen_johansen(time: np.ndarray, event: np.ndarray, kinds: int) -> Curves:
    """Return curves from the time of each run's first event (1 to `kinds`) or of censoring (0)."""
    times, place = np.unique(np.asarray(time, float), return_inverse=True)
    cell = place * (kinds + 1) + np.asarray(event, np.int64)
    counts = np.bincount(cell, minlength=len(times) * (kinds + 1)).reshape(len(times), -1)
    return from_counts(times, counts.astype(float))


@pytest.mark.parametrize("data", [load_bmt, load_cgvhd], ids=["bmt", "cgvhd"])
def test_incidence_is_that_of_scikit_survival(data: object) -> None:
    _, outcome = data()  # type: ignore[operator]
    event, time = (outcome[name] for name in outcome.dtype.names[:2])
    kinds = int(event.max())
    found = aalen_johansen(time, event, kinds)
    times, expected = nonparametric.cumulative_incidence_competing_risks(event, time)
    np.testing.assert_allclose(found.times, times)
    np.testing.assert_allclose(found.incidence, expected[1:], atol=1e-12)


@pytest.mark.parametrize("data", [load_bmt, load_cgvhd], ids=["bmt", "cgvhd"])
def test_variance_is_that_of_scikit_survival(data: object) -> None:
    """Its log-log intervals are turned back into variances."""
    _, outcome = data()  # type: ignore[operator]
    event, time = (outcome[name] for name in outcome.dtype.names[:2])
    found = aalen_johansen(time, event, int(event.max()))
    _, share, ends = nonparametric.cumulative_incidence_competing_risks(
        event, time, conf_type="log-log", var_type="Aalen"
    )
    # With z = 1.96 the ends are F ** exp(±z s / (F log F)); solved for s.
    value, high = share[1:], ends[1:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.log(np.log(high) / np.log(value))
        deviation = np.abs(inner * value * np.log(value)) / 1.959963984540054
    # The last time is left out: nobody is at risk after it, and the formulas differ in rounding.
    inside = (value > 1e-9) & np.isfinite(deviation) & (found.at_risk > 1)
    assert inside.sum() > 20
    np.testing.assert_allclose(
        np.sqrt(found.variance)[inside], deviation[inside], rtol=1e-6, atol=1e-9
    )


def test_without_censoring_incidence_is_the_share() -> None:
    time, event = np.array([1, 1, 2, 3, 3]), np.array([1, 2, 1, 1, 2])
    found = aalen_johansen(time, event, 2)
    np.testing.assert_allclose(found.incidence[:, -1], [3 / 5, 2 / 5])
    np.testing.assert_allclose(found.incidence[0], [1 / 5, 2 / 5, 3 / 5])


def test_censoring_takes_runs_out_of_the_risk_set() -> None:
    found = from_counts(np.array([1.0, 2.0]), np.array([[2.0, 1.0], [0.0, 1.0]]))
    np.testing.assert_allclose(found.incidence[0], [1 / 4, 1 / 4 + 3 / 4])


def test_firsts_of_a_sweep(factorial: Results) -> None:
    firsts = first_events(factorial)
    runs = runs_of(factorial)
    full = runs.filter((runs["full_week"] >= 0) & (runs["interim_week"] < 0))
    assert (firsts.event == 2).sum() == len(full)
    assert np.sort(firsts.week[firsts.event == 2]).tolist() == sorted(full["full_week"])
    assert (firsts.event == 0).sum() == (runs["status"] == "stalled").sum()


def test_curves_of_a_sweep_end_at_the_shares(factorial: Results) -> None:
    found = incidence(factorial)
    assert found.courses[0].group.label == "all cells"
    frame = found.to_frame()
    last = frame.filter(frame["week"] == frame["week"].max())
    for group in factorial.groups():
        rows = last.filter((last["cells"] == group.label) & (last["event"] == "full deal"))
        week = int(rows["week"][0]) if len(rows) else None
        share = (factorial.signed_codes[group.cells] == 2).mean()
        if week is not None:
            assert rows["incidence"].item() == pytest.approx(share)
            assert rows["low"].item() <= share <= rows["high"].item()
    assert set(frame["event"]) == set(EVENTS)


def test_replicates_that_were_not_played_do_not_make_bands_narrow(
    factorial_folder: Path, altered: Callable[..., Path]
) -> None:
    """At the horizon a curve is a share, and so is its variance that of the replicates played."""
    results = load(altered(factorial_folder, lambda runs: runs.filter(pl.col("replicate") < 6)))
    course = incidence(results).courses[0]
    firsts = first_events(results)
    sums, sizes = (firsts.event == 2).sum(axis=0), (firsts.event >= 0).sum(axis=0)
    expected = ratio_variance(sums.astype(float), sizes.astype(float))
    assert course.curves.variance[1, -1] == pytest.approx(expected)
    assert course.clusters == 6
    assert course.freedom == pytest.approx(5)


@pytest.mark.parametrize(("common", "clusters"), [(False, 40), (True, 3)])
def test_bands_of_a_design_count_the_fewer_clusters(
    hypercube: Results, monkeypatch: pytest.MonkeyPatch, common: bool, clusters: int
) -> None:
    """Points with chance of their own, or replicates, of which there are fewer."""
    monkeypatch.setattr(Plan, "common_chance", common)
    course = incidence(hypercube).courses[0]
    assert course.clusters == clusters
    low, high = course.intervals
    assert (low <= course.curves.incidence + 1e-12).all()
    assert (high >= course.curves.incidence - 1e-12).all()


def test_dates_are_those_of_the_talks(factorial: Results) -> None:
    frame = incidence(factorial).to_frame()
    assert frame["date"].min() == factorial.scenario.start
