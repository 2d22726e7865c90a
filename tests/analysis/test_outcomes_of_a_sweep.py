"""Signing rates, terms, ledger, turning points, null models: against plain queries of the table."""

import shlex

import numpy as np
import polars as pl
import pytest
from sklearn.inspection import permutation_importance
from statsmodels.stats.proportion import proportion_confint
from threadpoolctl import threadpool_limits

from sim.analysis import (
    NotInResults,
    Results,
    boosted_importance,
    constant_hazard,
    drivers,
    ledger,
    ledger_over_time,
    salience_compromise,
    signing_rates,
    turning_points,
)
from sim.analysis.nulls import compromise, fit_hazard
from sim.analysis.outcomes import terms
from sim.sweeps.planning import make_plan
from tests.analysis.conftest import CONDITIONS, SALTELLI, inner_path, runs_of


def test_signing_rates_of_cells(factorial: Results) -> None:
    frame = signing_rates(factorial).to_frame()
    runs = runs_of(factorial)
    assert len(frame) == 12
    for row in frame.iter_rows(named=True):
        part = runs.filter(*(pl.col(k) == row[k] for k in factorial.chosen_keys))
        for name, kept in (
            ("signed", part["signed"] != "none"),
            ("signed_full", part["signed"] == "full"),
        ):
            low, high = proportion_confint(kept.sum(), 24, method="wilson")
            assert row[name] == pytest.approx(kept.mean())
            assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high))


def test_signing_rates_by_one_key(factorial: Results) -> None:
    frame = signing_rates(factorial, ["agenda"]).to_frame()
    runs = runs_of(factorial)
    for row in frame.iter_rows(named=True):
        part = runs.filter(pl.col("agenda") == row["agenda"])
        assert row["runs"] == len(part) == 144
        assert row["signed"] == pytest.approx((part["signed"] != "none").mean())
        assert row["signed_low"] < row["signed"] < row["signed_high"]


def test_terms_are_means_of_deals_that_stood(factorial: Results) -> None:
    frame = terms(factorial, []).to_frame()
    runs = runs_of(factorial)
    stood = runs.filter(pl.col("in_force") != "none")
    told = {row["measure"]: row for row in frame.iter_rows(named=True)}
    for name in ("utility_first", "dignity", "share_second", "position_VII"):
        assert told[name]["mean"] == pytest.approx(stood[name].mean())
        assert told[name]["median"] == pytest.approx(stood[name].median())
    signed = runs.filter(pl.col("signed") != "none")
    assert told["durability"]["mean"] == pytest.approx(len(stood) / len(signed))


def test_ledger_shares_sum_to_one(factorial: Results) -> None:
    frame = ledger(factorial).to_frame()
    sums = frame.group_by(factorial.chosen_keys).agg(pl.col("share").sum())
    np.testing.assert_allclose(sums["share"], 1.0)
    first = ledger(factorial, []).to_frame().row(2, named=True)
    assert first["gate"] == "Armenia waits"
    assert first["share"] == pytest.approx(factorial.numbers("ledger_first_waits").mean())


def test_ledger_over_time_sums_to_one_each_week(factorial: Results) -> None:
    found = ledger_over_time(factorial)
    frame = found.to_frame()
    assert f"traces of {12 * 4} runs" in found.notes[0]
    assert len(frame) == 156
    np.testing.assert_allclose(frame.drop("week", "date").sum_horizontal(), 1.0)
    # In the last week, "signed in full" is what the runs say of themselves.
    runs = runs_of(factorial).filter(pl.col("replicate") < 4)
    full = (runs["full_week"] >= 0) & (runs["full_week"] < 155)
    assert frame["signed in full"][-1] == pytest.approx(full.mean())


def test_without_traces_it_is_said_how_to_get_them(saltelli: Results) -> None:
    with pytest.raises(NotInResults, match="trace=sample"):
        ledger_over_time(saltelli)


def test_importance_is_that_of_drawn_numbers(factorial: Results) -> None:
    with pytest.raises(NotInResults, match="chosen values only"):
        boosted_importance(factorial)


@pytest.mark.parametrize("words", [[], [3]])
@pytest.mark.parametrize("most", [1, 10**6])
def test_drops_are_those_of_permutation_importance(
    words: list[int], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "MOST_VALUES", most)
    rng = np.random.default_rng(2)
    values = rng.random((60, 6))
    values[:, words] = rng.integers(0, 3, (60, len(words)))
    means = values[:, 0] * 2 + values[:, 1] * values[:, 3]
    with threadpool_limits(1):
        model = drivers.boosted_model(words, 40, 1).fit(values[:40], means[:40])
    asked = model if words else model[-1]
    repeats = {"n_repeats": drivers.REPEATS, "random_state": 7, "scoring": "r2"}
    with threadpool_limits(1):
        found = drivers.drops_when_shuffled(asked, values[40:], means[40:], 7)
        wanted = permutation_importance(asked, values[40:], means[40:], **repeats)
    assert found == pytest.approx(wanted.importances_mean, abs=1e-12)
    assert found.max() > 0.1


def test_importance_of_drawn_numbers(hypercube: Results) -> None:
    found = boosted_importance(hypercube)
    assert set(found.to_frame()["input"]) == set(hypercube.plan.point_keys)
    assert f"R² = {found.score:.2f}" in found.notes[0]
    assert found.to_frame().equals(boosted_importance(hypercube).to_frame())


# --- the inverse question


def test_turning_points_on_a_grid(factorial: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed unless tit_for_tat meets firm: either lever takes it across, and no pair is listed."""
    never = [
        entry.values["strategy@armenia"] == "tit_for_tat"
        and entry.values["strategy@azerbaijan"] == "firm"
        for entry in factorial.plan.combinations
    ]
    rng = np.random.default_rng(2)
    outcome = (rng.random((12, 24)) < np.where(never, 0.0, 0.95)[:, np.newaxis]).astype(float)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    start = {"strategy@armenia": "tit_for_tat", "strategy@azerbaijan": "firm"}
    found = turning_points(factorial, start)
    assert found.at_start.value == 0.0
    assert {c.levers for c in found.changes} == {
        (("strategy@armenia", "tit_for_tat", "linear"),),
        (("strategy@armenia", "tit_for_tat", "boulware"),),
        (("strategy@azerbaijan", "firm", "hold_out"),),
    }
    for change in found.changes:
        assert change.sure
        assert change.after.low > 0.5 > change.before.high
    assert "→" in found.to_frame()["change"][0]


def test_a_lever_that_changes_nothing_is_not_listed(
    factorial: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agenda changes nothing here: it stands in no change, though its cells cross too."""
    rows = [entry.values["strategy@armenia"] == "linear" for entry in factorial.plan.combinations]
    outcome = np.repeat(np.array(rows, float)[:, np.newaxis], 24, axis=1)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    found = turning_points(factorial, {"strategy@armenia": "boulware"})
    assert [c.levers for c in found.changes] == [(("strategy@armenia", "boulware", "linear"),)]


def test_changes_within_error_are_counted_and_not_listed(
    factorial: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = np.random.default_rng(1).integers(0, 2, (12, 24)).astype(float)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    found = turning_points(factorial)
    assert not found.changes
    assert "within error" in found.notes[-1]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"mediator": "none"}, "mediator: was not swept"),
        ({"agenda": "issue_by_issue"}, "agenda=issue_by_issue: is none of the values"),
    ],
)
def test_a_start_that_is_no_cell(factorial: Results, start: dict[str, str], message: str) -> None:
    with pytest.raises(NotInResults, match=message):
        turning_points(factorial, start)


def test_a_change_of_drawn_numbers_waits_for_the_sweep_that_plays_it(
    hypercube: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome is 1 where one drawn number exceeds a value: a proposal, and its line."""
    place = hypercube.plan.point_keys.index("armenia.strategy.beta")
    beta = np.array([point[place] for point in hypercube.plan.points])
    outcome = np.repeat((beta > 1.1).astype(float)[:, None], 3, axis=1)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    found = turning_points(hypercube)
    (change,) = [c for c in found.changes if c.levers[0][0] == "armenia.strategy.beta"]
    assert not change.sure
    assert change.before.value < 0.5 < change.after.value
    words = shlex.split(change.played_by)
    assert words[:2] == ["sim", "sweep"]
    plan = make_plan(words[2:]).plan
    assert plan.cells == 2
    assert plan.replicates == 1000
    assert plan.plain(0)["public"] == hypercube.config_of(0)["public"]
    low, high = (entry.values["armenia.strategy.beta"] for entry in plan.combinations)
    assert 0.2 < low < 1.1 < high < 2.0


def test_the_line_of_a_proposal_keeps_what_was_chosen(saltelli: Results) -> None:
    from sim.analysis.turning import _fixed

    words = _fixed(saltelli, 1)
    kept = [word for word in CONDITIONS if inner_path(word) not in SALTELLI]
    assert words == [*kept, "agenda=interim_allowed"]


# --- null models


def test_constant_hazard_gives_the_published_probability() -> None:
    """Weekly hazards .02 and .005 over 104 weeks: P(deal) = .7425."""
    alive = 1e9
    counts = np.zeros((104, 3))
    for week in range(104):
        counts[week, 1:] = 0.02 * alive, 0.005 * alive
        alive *= 0.975
    counts[-1, 0] = alive
    weekly, foreseen = fit_hazard(counts)
    assert [w.value for w in weekly] == pytest.approx([0.02, 0.005])
    assert foreseen[0, -1] == pytest.approx(0.7425, abs=5e-5)


def test_hazard_is_events_by_run_weeks(factorial: Results) -> None:
    found = constant_hazard(factorial, []).to_frame().filter(pl.col("event") == "full deal")
    runs = runs_of(factorial)
    full = runs.filter(pl.col("full_week") >= 0)
    waited = runs.with_columns(
        pl.when(pl.col("full_week") >= 0).then(pl.col("full_week") + 1)
        .when(pl.col("ended_week") >= 0).then(pl.col("ended_week") + 1)
        .otherwise(pl.col("weeks")).alias("exposed")
    )  # fmt: skip
    yearly, low, high = found.select("yearly", "yearly_low", "yearly_high").row(0)
    assert yearly == pytest.approx(1 - (1 - len(full) / waited["exposed"].sum()) ** 52)
    assert low < yearly < high


def test_compromise_by_hand(factorial: Results) -> None:
    scenario = factorial.scenario
    first, second = scenario.parties
    parts = {}
    for party in (first, second):
        every = [*scenario.provisions.values(), *scenario.preconditions.values()]
        parts[party] = scenario.articles["VII"].weights[party].value / sum(
            item.weights[party].value for item in every
        )
    ideals = {p: scenario.articles["VII"].ideals[p].value for p in parts}
    expected = sum(parts[p] * ideals[p] for p in parts) / sum(parts.values())
    assert compromise(scenario, "VII", [first, second]) == pytest.approx(expected)
    frame = salience_compromise(factorial).to_frame()
    assert len(frame) == 3
    assert frame["compromise"][0] == pytest.approx(expected)
    assert frame["lowest"][0] <= frame["in_runs"][0] <= frame["highest"][0]
