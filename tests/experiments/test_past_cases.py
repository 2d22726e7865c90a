"""Answers, null models and scores of the past cases, by hand."""

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from experiments.validation import CASES, STUDY
from sim.analysis import nulls
from sim.analysis.nulls import base_rates, item_hazard
from sim.analysis.past_cases import (
    CHANGES,
    CLOSED,
    DEADLINES,
    EXCHANGED,
    IN_FORCE,
    INTERIM,
    RATIFIED,
    SIGNED,
    UNCHANGED,
    WEEKS,
    Case,
    Ended,
    Forecast,
    answers,
    line_of,
    rank_correlation,
    told,
    weeks_to_close,
    zipped_of,
)
from sim.analysis.scoring import accepted, brier, crps
from sim.commands.theory import chosen_cases
from sim.config import config_folder
from sim.config.compose import compose
from sim.config.scenario import Scenario
from sim.errors import ConfigError
from sim.model.codes import Article
from sim.model.records import STATE

FLAT = np.linspace(0.0, 0.5, WEEKS + 1)


def case(
    came: Mapping[str, bool],
    says: Mapping[str, list[float]] | None = None,
    signed: float = np.inf,
    name: str = "beagle_1980",
) -> Case:
    """Return a case with these answers and what three combinations say."""
    given = {question: np.array((says or {}).get(question, [0.5] * 3)) for question in came}
    return Case(name, scenario(name), came, given, np.tile(FLAT, (3, 1)), signed, {})


def scenario(name: str) -> Scenario:
    """Return the scenario of a case."""
    return compose([f"scenario={name}"]).scenario


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_answers_and_says_what_it_cannot(name: str) -> None:
    found = scenario(name)
    assert found.parties == CASES[name]
    assert found.record is not None
    assert found.record.cannot
    asked = answers(found)
    assert set(SIGNED) <= set(asked)
    assert len([q for q in asked if q.startswith("demand unmet")]) == len(found.preconditions)


def test_five_of_the_twelve_failed_or_were_not_signed_in_time() -> None:
    assert len(CASES) == 12
    signed = [answers(scenario(name))["signed within 3 years"] for name in CASES]
    assert 5 <= signed.count(True) <= 7


def test_answers_of_one_case_by_hand() -> None:
    assert answers(scenario("colombia_2014")) == {
        "signed within 1 year": False,
        "signed within 2 years": False,
        "signed within 3 years": True,
        INTERIM: False,
        CLOSED: False,
        RATIFIED: False,
        IN_FORCE: True,
    }


def test_what_the_record_does_not_reach_is_not_asked() -> None:
    found = scenario("colombia_2014")
    assert found.record is not None
    record = found.record.model_copy(
        update={"until": date(2015, 6, 1), "signed": None, "closed": None, "in_force": None}
    )
    asked = answers(found.model_copy(update={"record": record}))
    assert asked == {"signed within 1 year": False, INTERIM: False, CLOSED: False}


def test_what_a_run_says_of_each_question() -> None:
    """One run signs after 40 weeks and is in force after 60 more; one never signs."""
    weeks = {"full": [40.0, -1.0], "ratified": [100.0, -1.0], "interim": [50.0, 20.0]}
    arrays = {key: np.array(value) for key, value in weeks.items()}
    found = told(
        Ended(**arrays, text=np.array([30.0, 60.0]), unmet={"x": np.array([0.0, 1.0])}, places={})
    )
    assert found["signed within 1 year"].tolist() == [1.0, 0.0]
    assert found[INTERIM].tolist() == [0.0, 1.0]
    assert found[CLOSED].tolist() == [1.0, 0.0]
    assert found[RATIFIED][0] == 1.0
    assert np.isnan(found[RATIFIED][1])
    assert found[IN_FORCE][0] == 1.0
    assert found["demand unmet: x"].tolist() == [0.0, 1.0]


def test_base_rates_know_the_other_cases_only() -> None:
    others = [case({INTERIM: True}, signed=10.0), case({INTERIM: False}), case({INTERIM: False})]
    found = base_rates(case({INTERIM: True, CLOSED: True}), others)
    assert found.says[INTERIM] == pytest.approx(1.5 / 4)
    assert found.says[CLOSED] == 0.5
    assert found.curve[9] == pytest.approx(0.5 / 4)
    assert found.curve[10] == pytest.approx(1.5 / 4)


def test_hazard_of_one_item_is_events_by_exposure() -> None:
    rate = nulls._item_rate([(1, 52.0, WEEKS), (1, np.inf, WEEKS)])
    assert rate == pytest.approx(1 / (52 + WEEKS), rel=0.01)


def test_a_record_that_ends_early_counts_for_as_long_as_it_was_looked_at() -> None:
    rate = nulls._item_rate([(1, 52.0, 52.0), (1, np.inf, 26.0)])
    assert rate == pytest.approx(1 / (52 + 26), rel=0.01)
    short = case({CLOSED: False})
    record = short.scenario.record
    assert record is not None
    until = short.scenario.start + timedelta(weeks=26)
    cut = short.scenario.model_copy(update={"record": record.model_copy(update={"until": until})})
    short = replace(short, scenario=cut)
    wrong = Forecast({CLOSED: 0.5}, np.ones(WEEKS + 1))
    assert crps(short, wrong) == pytest.approx(26 * 7 / 365)
    # Of two others one signs in week 52, and one is out of sight from week 26 on.
    found = base_rates(case({CLOSED: True}), [case({CLOSED: True}, signed=52.0), short])
    assert found.curve[51] == pytest.approx(0.5 / 3)
    assert found.curve[52] == pytest.approx(2.5 / 3)


def test_order_of_closing_by_hand() -> None:
    history = np.zeros(4, STATE)
    history["article"][:] = Article.OPEN
    history["article"][1:, 0] = Article.AGREED
    history["article"][[0, 2, 3], 1] = Article.AGREED  # reopened in week 1
    history["article"][:, 2] = Article.AGREED
    assert weeks_to_close(history)[:4].tolist() == [1.0, 2.0, 0.0, np.inf]
    assert rank_correlation([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]) == 1.0
    assert rank_correlation([3.0, 2.0, 1.0], [0.0, 1.0, 2.0]) == -1.0
    assert rank_correlation([2.0, 2.0, 2.0], [0.0, 1.0, 2.0]) == 0.0  # all at once say nothing
    # One tie in the record: 2 of 3 pairs differ and agree, 2 / sqrt(3 * 2).
    assert rank_correlation([1.0, 2.0, 3.0], [0.0, 0.0, 1.0]) == pytest.approx(2 / 6**0.5)


def test_more_items_take_longer_at_the_same_hazard() -> None:
    training = [case({CLOSED: False}, signed=80.0)]
    few = item_hazard(case({CLOSED: False}, name="estonia_russia_1996"), training)
    many = item_hazard(case({CLOSED: False}, name="iran_2013"), training)
    assert np.all(few.curve[1:] > many.curve[1:])


def test_the_closest_combinations_are_kept() -> None:
    training = [case({CLOSED: True}, {CLOSED: [0.2, 0.9, 0.5]})]
    assert accepted(training, 1 / 3).tolist() == [1]
    assert accepted(training, 2 / 3).tolist() == [1, 2]


def test_scores_by_hand() -> None:
    one = case({CLOSED: True, INTERIM: False}, signed=52.0)
    perfect = Forecast({CLOSED: 1.0, INTERIM: 0.0}, (np.arange(WEEKS + 1) >= 52).astype(float))
    assert brier(one, perfect) == 0.0
    assert crps(one, perfect) == 0.0
    never = Forecast({CLOSED: 0.5, INTERIM: 0.5}, np.zeros(WEEKS + 1))
    assert brier(one, never) == 0.25
    assert crps(one, never) == pytest.approx((WEEKS + 1 - 52) * 7 / 365)


def test_payoffs_are_exchanged_and_made_alike() -> None:
    settings = compose(["scenario=syria_israel_2000"])
    first, second = settings.scenario.parties
    before = settings.scenario
    after = CHANGES[EXCHANGED](settings).scenario
    assert after.articles["settlers"].weights[first] == before.articles["settlers"].weights[second]
    assert after.preconditions["line"].ideals == before.preconditions["line"].ideals
    assert after.status_quo[first] == before.status_quo[second]
    alike = CHANGES[DEADLINES](settings).scenario
    assert {w.value for entry in alike.articles.values() for w in entry.weights.values()} == {1.0}
    assert CHANGES[UNCHANGED](settings) is settings


def test_both_sides_of_each_case_share_their_conduct() -> None:
    assert list(STUDY.parts) == list(CASES)
    for name, parties in CASES.items():
        for party, keys in zip(
            parties, zip(*(z.split(",") for z in zipped_of(parties)), strict=True), strict=True
        ):
            assert all(party in key for key in keys)
        keys = [entry.partition("=")[0] for entry in line_of(name, parties)]
        assert {key for pair in zipped_of(parties) for key in pair.split(",")} <= set(keys)


def test_names_that_are_no_cases_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        chosen_cases(["beagle_1981", "march_2025", "iran_2013"], None)
    first, second = caught.value.problems
    assert first.startswith("validate: no case 'beagle_1981'; did you mean 'beagle_1980'")
    assert second == "validate: no case 'march_2025': it has no record of what became of it"


def test_each_case_needs_others() -> None:
    with pytest.raises(ConfigError, match="from the others, so 3 at least"):
        chosen_cases(["beagle_1980", "iran_2013"], None)


def test_a_case_of_the_users_own_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "scenario").mkdir()
    text = (config_folder() / "scenario" / "syria_israel_2000.yaml").read_text("utf-8")
    (tmp_path / "scenario" / "mine.yaml").write_text(text.replace("id: syria", "id: mine"), "utf-8")
    found = chosen_cases([], str(tmp_path))
    assert found["mine"] == ("syria", "israel")
    assert set(found) == {*CASES, "mine"}


def test_the_page_of_evidence_is_up_to_date() -> None:
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("evidence", root / "docs" / "make_evidence.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    for file, content in made.written().items():
        assert file.read_text("utf-8") == content, f"{file.name}: run `make docs`"
