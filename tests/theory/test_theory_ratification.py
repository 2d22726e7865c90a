"""Ratifiers and referendums."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Schelling1960")
@pytest.mark.parametrize("oracle", of_reference("Schelling1960"), ids=lambda oracle: oracle.name)
def test_weak_ratifier_gets_better_terms(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("Article207")
@pytest.mark.parametrize("oracle", of_reference("Article207"), ids=lambda oracle: oracle.name)
def test_referendum_quorum(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
