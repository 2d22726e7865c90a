"""Null models and scores of the hindcast, by hand."""

import math
from datetime import date

import pytest

from experiments.record import (
    BEFORE_WEEKS,
    END,
    QUESTIONS,
    START,
    WHOLE_TREATY,
    Question,
    base_rate,
    believed_hazard,
    only_the_minor,
    rate,
    text_complete,
)
from experiments.scores import scores


def question(**changes: object) -> Question:
    """Return a question that came true within ten weeks of the start."""
    fields = {"key": "Q", "asks": "?", "came": True, "by": date(2024, 11, 26), "after_text": True}
    return Question(**(fields | changes))  # type: ignore[arg-type]


def test_rate_adds_half_an_event() -> None:
    assert rate(0) == pytest.approx(0.5 / BEFORE_WEEKS)
    assert rate(3, 10.0) == pytest.approx(0.35)


def test_believed_hazard_closes_the_last_of_the_articles_when_it_is_believed_to() -> None:
    """Integral of the chance that some of them is still open."""
    hazard = believed_hazard(29.0, 3)
    left = [1.0 - (1.0 - math.exp(-hazard * week / 10.0)) ** 3 for week in range(20_000)]
    assert sum(left) / 10.0 == pytest.approx(29.0, abs=0.1)


def test_constant_hazard_of_an_event_and_of_its_absence() -> None:
    assert question(hazard=0.02).constant_hazard(START) == pytest.approx(1 - math.exp(-0.2))
    stays = question(hazard=0.02, certain_without=True)
    assert stays.constant_hazard(START) == pytest.approx(math.exp(-0.2))
    assert question().constant_hazard(START) is None


def test_articles_close_one_by_one() -> None:
    day = date(2024, 12, 31)
    one = text_complete(day, still_open=1)
    assert text_complete(day) == pytest.approx(one**3)
    assert only_the_minor(day) == pytest.approx(one * (1 - one) ** 2)


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2025, 9, 17), 0.0), (date(2026, 9, 17), 0.04), (date(2030, 1, 1), 0.04)],
)
def test_base_rate_is_interpolated_and_then_stays(day: date, expected: float) -> None:
    assert base_rate(WHOLE_TREATY, day) == pytest.approx(expected, abs=2e-4)


def test_scores_by_hand() -> None:
    keys = [q.key for q in QUESTIONS][:2]
    assert [q.came for q in QUESTIONS][:2] == [False, False]
    brier, logs = scores(dict.fromkeys(keys, 0.25), keys, 0.0)
    assert brier == pytest.approx(0.0625)
    assert logs == pytest.approx(-math.log(0.75))


def test_what_never_happened_in_a_sample_has_no_infinite_score() -> None:
    came = next(q for q in QUESTIONS if q.came)
    brier, logs = scores({came.key: 0.0}, [came.key], 99.0)
    assert brier == pytest.approx(0.995**2)
    assert logs == pytest.approx(-math.log(0.005))


def test_calibration_is_scored_on_what_came_after_it_only() -> None:
    assert {q.key for q in QUESTIONS if q.after_text} == {
        "H5a",
        "H5b",
        "H6",
        "H7",
        "H8",
        "H10",
        "H11",
    }
    assert all(q.by > date(2025, 3, 13) for q in QUESTIONS if q.after_text)
    assert max(q.by for q in QUESTIONS) == END
