"""Holding out, and the agreed part as a hostage."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Chow1971")
@pytest.mark.parametrize("oracle", of_reference("Chow1971"), ids=lambda oracle: oracle.name)
def test_holding_out_for_concessions(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("LaxSebenius1986")
@pytest.mark.parametrize("oracle", of_reference("LaxSebenius1986"), ids=lambda oracle: oracle.name)
def test_agreed_part_as_hostage(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
