"""Symmetries that hold for every strategy."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Invariance")
@pytest.mark.parametrize("oracle", of_reference("Invariance"), ids=lambda oracle: oracle.name)
def test_symmetries_for_every_strategy(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
