"""Bargaining solutions and logrolling."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Nash1950")
@pytest.mark.parametrize("oracle", of_reference("Nash1950"), ids=lambda oracle: oracle.name)
def test_nash_point(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("KalaiSmorodinsky1975")
@pytest.mark.parametrize(
    "oracle", of_reference("KalaiSmorodinsky1975"), ids=lambda oracle: oracle.name
)
def test_kalai_smorodinsky_point(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("Raiffa1982")
@pytest.mark.parametrize("oracle", of_reference("Raiffa1982"), ids=lambda oracle: oracle.name)
def test_logrolling(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
