"""The table of outcomes: complete, typed, never NaN, and in agreement with the rules."""

import numpy as np
import pytest

from sim.config.compose import compose
from sim.model.codes import Article, Gate, Precondition, Reason, Treaty
from sim.runs.opening import RunRecord
from sim.runs.outcomes import (
    CODES,
    LEDGER_COLUMNS,
    OUTCOME_COLUMNS,
    Signature,
    codes_of,
    outcomes,
    word,
)
from sim.runs.play import play_one
from sim.runs.summary import scenario_columns, scenario_outcomes

SETTINGS: list[list[str]] = [
    [],
    ["preset=yerevan"],
    ["preset=baku", "seed=5"],
    ["preset=opposition"],
    ["preset=washington", "seed=2"],
    ["scenario=march_2025"],
    ["horizon=1"],
    ["preset=washington", "seed=3", "horizon=30"],
    ["preset=yerevan", "seed=3", "horizon=30"],
]


@pytest.fixture(scope="module")
def records() -> list[RunRecord]:
    return [play_one(compose(overrides)) for overrides in SETTINGS]


@pytest.fixture
def default(records: list[RunRecord]) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and final state of the default run, as arrays of one that may be changed."""
    record = records[0]
    return np.atleast_1d(record.params).copy(), np.atleast_1d(record.final).copy()


def stacked(records: list[RunRecord]) -> tuple[np.ndarray, np.ndarray]:
    params = np.concatenate([np.atleast_1d(record.params) for record in records])
    final = np.concatenate([np.atleast_1d(record.final) for record in records])
    return params, final


def test_columns_are_what_the_table_says(records: list[RunRecord]) -> None:
    """Names, order and types are those of the table; every column is explained."""
    found = outcomes(*stacked(records))
    assert list(found) == [column.name for column in OUTCOME_COLUMNS]
    for column in OUTCOME_COLUMNS:
        assert found[column.name].dtype == np.dtype(column.dtype)
        assert found[column.name].shape == (len(records),)
        assert column.unit
        assert column.meaning
        assert (column.unit == "code") == (column.name in CODES)
    assert len({column.name for column in OUTCOME_COLUMNS}) == len(OUTCOME_COLUMNS)


def test_nothing_is_nan(records: list[RunRecord]) -> None:
    for name, values in outcomes(*stacked(records)).items():
        assert np.isfinite(values.astype(float)).all(), name


def test_ledger_shares_sum_to_one(records: list[RunRecord]) -> None:
    found = outcomes(*stacked(records))
    assert len(LEDGER_COLUMNS) == len(Gate)
    total = sum(found[name] for name in LEDGER_COLUMNS)
    assert total == pytest.approx(np.ones(len(records)), abs=1e-12)


def test_many_runs_at_once_equal_one_at_a_time(records: list[RunRecord]) -> None:
    """The batch, with cells given in any order, says of each run what the run alone says."""
    params, final = stacked(records)
    order = np.array([3, 0, 5, 1, 1])
    together = outcomes(params, final[order], cell=order)
    for n, run in enumerate(order):
        alone = outcomes(records[run].params, records[run].final)
        for name, values in alone.items():
            assert values[0] == together[name][n], name


def test_one_parameter_record_serves_all_runs(default: tuple[np.ndarray, np.ndarray]) -> None:
    params, final = default
    found = outcomes(params, np.concatenate([final, final, final]))
    assert (found["utility_first"] == found["utility_first"][0]).all()


def test_rows_must_fit(records: list[RunRecord]) -> None:
    params, final = stacked(records)
    with pytest.raises(ValueError, match="2 cells given for 9 runs"):
        outcomes(params, final, cell=[0, 1])
    with pytest.raises(ValueError, match="9 parameter records for 2 runs"):
        outcomes(params, final[:2])


def test_full_deal_is_worth_what_the_rules_say(records: list[RunRecord]) -> None:
    """Utility of a full deal equals the value that the signing rule keeps in the state."""
    checked = 0
    for record in records:
        final = record.final
        found = outcomes(record.params, final)
        if found["in_force"][0] == Signature.FULL and not final.stale:
            for side, name in enumerate(("utility_first", "utility_second")):
                assert found[name][0] == pytest.approx(final.deal[side], abs=1e-12)
            checked += 1
    assert checked >= 2


def test_no_deal_is_worth_the_status_quo(default: tuple[np.ndarray, np.ndarray]) -> None:
    params, final = default
    final["status"] = Treaty.OPEN
    for field in ("text_week", "initialled_week", "interim_week", "signed_week", "ratified_week"):
        final[field] = -1
    found = outcomes(params, final)
    for side, name in enumerate(("utility_first", "utility_second")):
        expected = params["flow"][0, side] / (1.0 - params["discount"][0, side])
        assert found[name][0] == pytest.approx(expected, abs=1e-12)
    assert word("status", found["status"][0]) == "stalled"
    assert word("highest_status", found["highest_status"][0]) == "open"
    assert word("signed", found["signed"][0]) == "none"
    assert found["signed_week"][0] == -1
    assert found["dignity"][0] == 0.0
    assert found["weeks_in_force"][0] == 0


def test_interim_deal_counts_its_part_and_the_status_quo_on_the_rest(
    default: tuple[np.ndarray, np.ndarray],
) -> None:
    """With two articles covered: their utility, and the status quo on the other weights."""
    params, final = default
    final["status"] = Treaty.SIGNED_INTERIM
    final["interim_week"], final["signed_week"], final["ratified_week"] = 40, -1, -1
    final["ended"], final["ended_week"] = 0, -1
    final["interim_part"] = 0
    final["interim_part"][0, [1, 2]] = 1
    found = outcomes(params, final)
    for side, name in enumerate(("utility_first", "utility_second")):
        quo = params["flow"][0, side] / (1.0 - params["discount"][0, side])
        expected, rest = 0.0, 1.0
        for i in (1, 2):
            ideal = params["ideal"][0, side, i]
            distance = abs(final["position"][0, i] - ideal) / max(ideal, 1.0 - ideal)
            expected += params["weight"][0, side, i] * (
                1.0 - distance ** params["curvature"][0, side]
            )
            rest -= params["weight"][0, side, i]
        assert found[name][0] == pytest.approx(expected + rest * quo, abs=1e-12)
    assert word("signed", found["signed"][0]) == "interim"
    assert found["signed_week"][0] == 40
    assert found["weeks_in_force"][0] == final["week"][0] - 40


def test_first_signature_comes_first(default: tuple[np.ndarray, np.ndarray]) -> None:
    """An interim deal that the full one followed: full, dated by the interim signature."""
    params, final = default
    final["interim_week"], final["signed_week"], final["status"] = 20, 60, Treaty.SIGNED_FULL
    found = outcomes(params, final)
    assert found["signed_week"][0] == 20
    assert found["full_week"][0] == 60
    assert found["signed"][0] == Signature.FULL


@pytest.mark.parametrize(
    ("reason", "lapsed"),
    [
        (Reason.BASE_HAZARD, True),
        (Reason.NOT_WORTH_KEEPING, True),
        (Reason.RATIFIER_SHARE, False),
        (Reason.NO_MAJORITY, False),
    ],
)
def test_a_deal_that_broke_down(
    default: tuple[np.ndarray, np.ndarray], reason: Reason, lapsed: bool
) -> None:
    """It stays signed, stands no more, and is worth the status quo; ratifiers do not lapse it."""
    params, final = default
    final["status"], final["end_reason"] = Treaty.COLLAPSED, reason
    final["interim_week"], final["signed_week"] = -1, 50
    final["week"], final["ended"], final["ended_week"] = 91, 1, 90
    found = outcomes(params, final)
    assert found["signed"][0] == Signature.FULL
    assert found["in_force"][0] == Signature.NONE
    assert found["lapsed"][0] == lapsed
    assert found["weeks_in_force"][0] == 40
    assert found["dignity"][0] == 0.0
    assert found["ended_week"][0] == 90


def test_highest_status_follows_the_ladder(default: tuple[np.ndarray, np.ndarray]) -> None:
    params, final = default
    rungs = ["text_week", "initialled_week", "interim_week", "signed_week", "ratified_week"]
    for field in rungs:
        final[field] = -1
    climbed = []
    for field in rungs:
        final[field] = 3
        climbed.append(word("highest_status", outcomes(params, final)["highest_status"][0]))
    assert climbed == ["text_agreed", "initialled", "signed_interim", "signed_full", "ratified"]


def test_shares_of_what_was_open(default: tuple[np.ndarray, np.ndarray]) -> None:
    """All at one side's ideals is 1 for it and 0 for the other; nothing open is one half."""
    params, final = default
    for side, expected in ((0, (1.0, 0.0)), (1, (0.0, 1.0))):
        final["position"] = params["ideal"][:, side]
        found = outcomes(params, final)
        assert found["share_first"][0] == pytest.approx(expected[0], abs=1e-12)
        assert found["share_second"][0] == pytest.approx(expected[1], abs=1e-12)
    params["start_status"] = Article.AGREED
    found = outcomes(params, final)
    assert found["share_first"][0] == found["share_second"][0] == 0.5


def test_dignity_is_the_smaller_share_of_the_possible_gain(
    default: tuple[np.ndarray, np.ndarray],
) -> None:
    params, final = default
    final["status"], final["signed_week"] = Treaty.SIGNED_FULL, 10
    final["banked"] = final["given"] = 0.0
    found = outcomes(params, final)
    shares = []
    for side, name in enumerate(("utility_first", "utility_second")):
        quo = params["flow"][0, side] / (1.0 - params["discount"][0, side])
        # Weights sum to 1 over what is not dormant, so everything at the own ideals is worth 1.
        shares.append((found[name][0] - quo) / (1.0 - quo))
    assert found["dignity"][0] == pytest.approx(min(shares), abs=1e-9)
    assert 0.0 < found["dignity"][0] < 1.0


def test_preconditions_are_counted(default: tuple[np.ndarray, np.ndarray]) -> None:
    params, final = default
    final["precondition"] = Precondition.DORMANT
    final["precondition"][0, :2] = [Precondition.MET, Precondition.FAILED]
    found = outcomes(params, final)
    assert found["preconditions_met"][0] == 1
    assert found["preconditions_failed"][0] == 1
    assert found["preconditions_waived"][0] == 0


def test_scenario_columns_have_the_scenarios_ids(records: list[RunRecord]) -> None:
    """What was open and the preconditions, by id; what was agreed at the start is left out."""
    record = records[0]
    scenario = record.settings.scenario
    found = scenario_outcomes(scenario, record.final)
    assert list(found) == [column.name for column in scenario_columns(scenario)]
    assert "position_VII" in found
    assert "position_I" not in found
    assert "precondition_constitution" in found
    index = list(scenario.provisions).index("VII")
    assert found["position_VII"][0] == record.final.position[index]
    for column in scenario_columns(scenario):
        assert found[column.name].dtype == np.dtype(column.dtype)
        assert (codes_of(column.name) is None) == (column.dtype == "f8")


def test_words_of_codes() -> None:
    assert word("status", 5) == "ratified"
    assert word("article_VII", 1) == "half"
    assert word("precondition_x", 8) == "waived"
    with pytest.raises(KeyError):
        word("approval", 1)
