"""Comparative statics: every sign as theory says, enough of them, and able to fail."""

import dataclasses

import pytest

from sim.theory import STATICS, judge_static


def name(static) -> str:
    """Return what a row is called in the report of the tests."""
    return f"{static.number}: {static.outcome}"


def test_there_are_enough_and_each_has_a_source() -> None:
    of_theory = [s for s in STATICS if s.source != "the rule itself"]
    assert len(of_theory) >= 24
    assert len({name(static) for static in STATICS}) == len(STATICS)


@pytest.mark.parametrize("static", STATICS, ids=name)
def test_the_sign_is_what_theory_says(static) -> None:
    verdict = judge_static(static)
    assert verdict.passed, (verdict.difference, verdict.half_width)


def test_a_wrong_sign_fails() -> None:
    static = next(s for s in STATICS if s.sign)
    assert not judge_static(dataclasses.replace(static, sign=-static.sign), runs=100).passed
    assert not judge_static(dataclasses.replace(static, sign=0), runs=100).passed
