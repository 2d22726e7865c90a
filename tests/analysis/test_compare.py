"""Two sweeps: what differs, matched cells, paired differences."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sim.analysis import NotInResults, Results, compare, load
from tests.analysis.conftest import play

LINE = "strategy@armenia=boulware,tit_for_tat strategy@azerbaijan=firm,hold_out trace=none "


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    place = tmp_path_factory.mktemp("pair")
    one = play(f"{LINE} agenda=single_undertaking replicates=20", place / "one")
    two = play(f"{LINE} precondition=none agenda=single_undertaking replicates=30", place / "two")
    return load(one), load(two)


def test_cells_are_matched_and_compared_run_by_run(pair: tuple[Results, Results]) -> None:
    one, two = pair
    found = compare(one, two)
    assert found.paired
    assert len(found.pairs) == 4
    assert found.only == (0, 0)
    for number, entry in enumerate(found.pairs):
        assert (entry.one, entry.other) == (number, number)
        assert entry.differs == ("precondition.rule: before_signing → none",)
        change = two.outcome("signed")[number, :20] - one.outcome("signed")[number]
        assert entry.difference.value == pytest.approx(change.mean())
        assert entry.more == (change > 0).sum()
    change = (two.outcome("signed")[:, :20] - one.outcome("signed")).mean(axis=0)
    expected = stats.t.interval(0.95, 19, change.mean(), stats.sem(change))
    assert (found.overall.low, found.overall.high) == pytest.approx(expected)


def test_the_plans_differences_are_listed(pair: tuple[Results, Results]) -> None:
    found = compare(*pair).plans
    told = {row["what"]: (row["first"], row["second"]) for row in found.iter_rows(named=True)}
    assert told["precondition.rule"] == ("before_signing", "none")
    assert told["replicates"] == ("20", "30")
    assert "seed" not in told


def test_other_seeds_are_compared_as_independent_samples(
    pair: tuple[Results, Results], tmp_path: Path
) -> None:
    other = load(play(f"{LINE} agenda=single_undertaking replicates=20 seed=2", tmp_path / "o"))
    found = compare(pair[0], other)
    assert not found.paired
    assert any("cannot be compared one by one" in note for note in found.notes)
    first = found.pairs[0]
    value = first.after.value - first.before.value
    assert first.difference.value == pytest.approx(value)
    half = np.hypot(first.after.value - first.after.low, first.before.high - first.before.value)
    assert first.difference.low == pytest.approx(value - half)


def test_a_key_that_only_one_has(pair: tuple[Results, Results], factorial: Results) -> None:
    """The three-key sweep is matched by the two keys in common, at the nearest agenda."""
    found = compare(pair[0], factorial)
    assert {tuple(p.values) for p in found.pairs} == {("strategy@armenia", "strategy@azerbaijan")}
    assert all(p.differs == () for p in found.pairs)
    assert found.only[1] == 12 - 4
    assert any("no counterpart" in note for note in found.notes)


def test_sweeps_without_a_cell_in_common(pair: tuple[Results, Results], tmp_path: Path) -> None:
    other = load(play("strategy@armenia=micro,grit replicates=2", tmp_path / "other"))
    with pytest.raises(NotInResults, match="no cell in common"):
        compare(pair[0], other)
