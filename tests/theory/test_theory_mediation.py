"""Constant hazards and styles of mediation."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("CompetingRisks")
@pytest.mark.parametrize("oracle", of_reference("CompetingRisks"), ids=lambda oracle: oracle.name)
def test_constant_hazards(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("Beardsley2006")
@pytest.mark.parametrize("oracle", of_reference("Beardsley2006"), ids=lambda oracle: oracle.name)
def test_mediation_styles(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
