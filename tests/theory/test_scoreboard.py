"""The oracles themselves: enough of them, each with its reference, and able to fail."""

import dataclasses
import re
from pathlib import Path

import pytest

from sim.theory import ORACLES, REFERENCES, Verdict, judge
from sim.theory.bargaining import bargain, share_of_strategies
from sim.theory.minimal_talks import play_sample

HERE = Path(__file__).parent


def test_there_are_at_least_35_and_each_has_a_name_of_its_own() -> None:
    names = [oracle.name for oracle in ORACLES]
    assert len(names) >= 35
    assert len(set(names)) == len(names)


def test_every_reference_is_used_and_tested() -> None:
    used = {oracle.reference for oracle in ORACLES}
    assert used == set(REFERENCES)
    marked = {
        key
        for file in HERE.glob("test_theory_*.py")
        for key in re.findall(r'mark\.theory\("(\w+)"\)', file.read_text(encoding="utf-8"))
    }
    assert marked == used


@pytest.mark.parametrize(
    "oracle",
    [o for o in ORACLES if o.reference in ("Faratin1998", "Chow1971", "DeGroot1974")],
    ids=lambda oracle: oracle.name,
)
def test_a_wrong_expectation_fails(oracle) -> None:
    wrong = dataclasses.replace(
        oracle, expected=tuple(x + 10.0 * oracle.tolerance + 1e-6 for x in oracle.expected)
    )
    assert not judge(wrong).passed


@pytest.mark.parametrize("got", [(), (float("nan"),), (0.0, 0.0)])
def test_a_missing_or_broken_value_fails(got) -> None:
    oracle = next(o for o in ORACLES if o.expected == (0.0,))
    assert not Verdict(oracle, got).passed


def test_the_talks_of_the_symmetries_do_bargain() -> None:
    """Their zone of agreement is real: without it the symmetries would hold of nothing."""
    signed = share_of_strategies(
        lambda name: bool((play_sample(bargain(name), 20, 11)["signed_week"] >= 0).any())
    )
    assert signed[0] > 0.8
