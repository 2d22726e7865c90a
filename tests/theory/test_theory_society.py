"""Cascades and opinions."""

import pytest

from sim.theory import Oracle, judge, of_reference


@pytest.mark.theory("Granovetter1978")
@pytest.mark.parametrize("oracle", of_reference("Granovetter1978"), ids=lambda oracle: oracle.name)
def test_threshold_cascades(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("DeGroot1974")
@pytest.mark.parametrize("oracle", of_reference("DeGroot1974"), ids=lambda oracle: oracle.name)
def test_consensus(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("FriedkinJohnsen1990")
@pytest.mark.parametrize(
    "oracle", of_reference("FriedkinJohnsen1990"), ids=lambda oracle: oracle.name
)
def test_lasting_disagreement(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"


@pytest.mark.theory("HegselmannKrause2002")
@pytest.mark.parametrize(
    "oracle", of_reference("HegselmannKrause2002"), ids=lambda oracle: oracle.name
)
def test_opinion_clusters(oracle: Oracle) -> None:
    verdict = judge(oracle)
    assert verdict.passed, f"expected {oracle.expected}, got {verdict.got}"
