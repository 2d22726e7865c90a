"""The record of talks that are over: what is checked of it, and that no rule reads it."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from sim.config.compose import compose, compose_plain
from sim.config.scenario import build_scenario
from sim.config.settings import build_settings
from sim.errors import ConfigError
from sim.runs.opening import Cells

RECORD: dict[str, Any] = {
    "region": "caucasus",
    "until": "2026-06-08",
    "sources": ["S1"],
    "capability": 2,
    "closed": "2025-03-13",
    "preconditions": {},
    "terms": {"VII": 0.75},
    "cannot": ["Corridors outside of the text."],
}


def past(**changes: object) -> dict[str, Any]:
    """Return the first scenario as a past case, every source known by its start."""
    plain: dict[str, Any] = deepcopy(dict(compose_plain([])["scenario"]))  # type: ignore[call-overload]
    for source in plain["sources"].values():
        source["known"] = "2024-09-17"
    first = next(iter(plain["sources"]))
    answers = dict.fromkeys(plain["preconditions"], "blocking")
    plain["record"] = RECORD | {"sources": [first], "preconditions": answers} | changes
    return plain


def problems(plain: dict[str, Any]) -> list[str]:
    """Return what is wrong with a scenario, one line a problem."""
    with pytest.raises(ConfigError) as caught:
        build_scenario(plain)
    return caught.value.problems


def test_a_whole_record_is_taken() -> None:
    record = build_scenario(past()).record
    assert record is not None
    assert record.closed == date(2025, 3, 13)
    assert record.signed is None


def test_no_rule_reads_the_record() -> None:
    with_one = build_scenario(past())
    without = with_one.model_copy(update={"record": None})
    settings = compose([])
    params = [
        Cells.of(range(1), [(settings.model_copy(update={"scenario": each}), 1)]).params.tobytes()
        for each in (with_one, without)
    ]
    assert params[0] == params[1]
    assert build_settings(compose_plain([])).scenario.record is None


def test_a_precondition_without_an_answer_is_told() -> None:
    plain = past(preconditions={})
    keys = list(plain["preconditions"])
    assert problems(plain) == [
        f"record.preconditions.{key}: has no answer; write met, waived or blocking" for key in keys
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"signed": "2024-09-17"}, "record.signed: 2024-09-17 must lie after 2024-09-17"),
        ({"closed": "2026-06-09"}, "record.closed: 2026-06-09 must lie after 2024-09-17"),
        ({"in_force": "2025-12-01"}, "record.signed: is missing"),
        ({"first_ratification": False}, "record.signed: is missing"),
        ({"terms": {"VIII": 0.5, "V11": 0.1}}, "record.terms.V11: the scenario has none"),
        ({"order": [["VII"], ["V11"]]}, "record.order.V11: the scenario has none"),
        ({"order": [["VII"], ["XV", "VII"]]}, "record.order.VII: stands in it more than once"),
        ({"sources": ["nowhere"]}, "record.sources: unknown source 'nowhere'"),
    ],
)
def test_answers_fit_the_case(changes: dict[str, object], told: str) -> None:
    assert [line for line in problems(past(**changes)) if line.startswith(told)]


def test_answers_are_asked_for() -> None:
    plain = past()
    del plain["record"]["until"], plain["record"]["cannot"]
    assert {line.partition(":")[0] for line in problems(plain)} >= {
        "record.until",
        "record.cannot",
    }


@pytest.mark.parametrize(
    ("day", "late"),
    [("2024-09-18", True), ("2024-10", True), ("2025", True), ("2024-09", False), ("2024", False)],
)
def test_a_source_from_after_the_start_is_told_where_rules_read_it(day: str, late: bool) -> None:
    plain = past()
    plain["sources"]["after"] = {"title": "Later", "date": day, "reliability": "A"}
    build_scenario(plain)  # nothing that a rule reads rests on it
    plain["politics"]["approval"] = {"value": 0.5, "basis": "after"}
    if late:
        (line,) = problems(plain)
        assert line.startswith(f"sources.after: is from {day}, after the start, and politics")
    else:
        build_scenario(plain)


def test_a_source_without_a_date_is_told_and_a_known_day_counts() -> None:
    plain = past()
    plain["sources"]["law"] = {"title": "Law", "reliability": "A"}
    plain["calendar"] = [{"date": "2026-06-07", "kind": "note", "title": "Due", "basis": "law"}]
    assert problems(plain) == [
        "sources.law.date: is missing, and calendar[0] of a past case rests on it"
    ]
    plain["sources"]["law"] |= {"date": "2030-01-01", "known": "1995-07-05"}
    build_scenario(plain)
