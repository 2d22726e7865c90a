"""Concession curves, imitation and MiCRO."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Faratin1998")
@pytest.mark.parametrize("oracle", of_reference("Faratin1998"), ids=lambda oracle: oracle.name)
def test_negotiation_decision_functions(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("deJonge2022")
@pytest.mark.parametrize("oracle", of_reference("deJonge2022"), ids=lambda oracle: oracle.name)
def test_micro_meets_in_the_middle(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
