"""Two sweeps: what differs, matched cells, paired differences."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.analysis import NotInResults, Results, compare, load
from sim.analysis.compare import Measure, overall_unpaired, unpaired
from sim.runs.intervals import estimate, paired_shares
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
    assert not any("no counterpart" in note for note in found.notes)
    for number, entry in enumerate(found.pairs):
        assert (entry.one, entry.other) == (number, number)
        assert entry.differs == ("precondition.rule: before_signing → none",)
        change = two.outcome("signed")[number, :20] - one.outcome("signed")[number]
        assert entry.difference.value == pytest.approx(change.mean())
        assert entry.more == (change > 0).sum()
    change = two.outcome("signed")[:, np.newaxis, :20] - one.outcome("signed")[:, np.newaxis]
    expected = paired_shares(change).estimate()
    assert (found.overall.low, found.overall.high) == pytest.approx((expected.low, expected.high))
    assert {"more", "less", "pairs"} <= set(found.to_frame().columns)


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
    before, after = (estimate(side.outcome("signed"), share=True) for side in (pair[0], other))
    assert found.overall == unpaired(before, after)
    assert not {"more", "less", "pairs"} & set(found.to_frame().columns)


def test_a_key_that_only_one_has(pair: tuple[Results, Results], factorial: Results) -> None:
    """The three-key sweep is matched by the two keys in common, at the nearest agenda."""
    found = compare(pair[0], factorial)
    assert {tuple(p.values) for p in found.pairs} == {("strategy@armenia", "strategy@azerbaijan")}
    assert all(p.differs == () for p in found.pairs)
    assert any(f"and {12 - 4} of the second have no counterpart" in note for note in found.notes)


def test_sweeps_without_a_cell_in_common(pair: tuple[Results, Results], tmp_path: Path) -> None:
    other = load(play("strategy@armenia=micro,grit replicates=2", tmp_path / "other"))
    with pytest.raises(NotInResults, match="no cell in common"):
        compare(pair[0], other)


SHARE = Measure(share=True, most=None)


def test_the_difference_of_two_samples_covers_the_truth(factorial: Results) -> None:
    """Cells of a sweep share their shocks: taken as independent they cover the truth too seldom."""
    rng = np.random.default_rng(11)
    covered = apart = 0
    own = rng.normal(scale=0.3, size=(30, 1, 1))
    for _ in range(300):
        first, second = (
            (own + rng.normal(size=(1, 1, 12)) + rng.normal(size=(30, 1, 12)) > 0.0).astype(float)
            for _ in range(2)
        )
        blocks = list(zip(first, second, strict=True))
        found = overall_unpaired(blocks, factorial, factorial, SHARE).mean
        covered += found.low <= 0.0 <= found.high
        cells = [unpaired(*(estimate(b, share=True) for b in block)) for block in blocks]
        half = np.sqrt(sum((c.high - c.low) ** 2 for c in cells)) / 2 / len(cells)
        apart += abs(np.mean([c.value for c in cells])) <= half
    assert covered / 300 >= 0.93
    assert apart / 300 < 0.8


def test_a_cell_without_outcomes_is_left_out_and_told(
    pair: tuple[Results, Results], altered: Callable[..., Path], tmp_path: Path
) -> None:
    from tests.analysis.test_loading import fail_cells

    one, two = pair
    lacking = load(altered(two.folder, fail_cells([2])))
    other = load(play(f"{LINE} agenda=single_undertaking replicates=20 seed=2", tmp_path / "o"))
    kept = [0, 1, 3]
    for first, paired in ((one, True), (other, False)):
        found = compare(first, lacking)
        assert found.paired is paired
        assert len(found.used) == 3
        assert any("1 of the pairs of cells" in note for note in found.notes)
        a, b = first.outcome("signed")[kept], lacking.outcome("signed")[kept]
        assert found.overall.value == pytest.approx(b[:, : 20 if paired else 30].mean() - a.mean())
        assert np.isfinite(found.overall.low)
        assert found.plot()


def test_replicates_that_lack_a_cell_are_left_out_of_the_mean(
    pair: tuple[Results, Results], altered: Callable[..., Path]
) -> None:
    one, two = pair
    gone = altered(
        two.folder, lambda runs: runs.filter(~((runs["cell"] == 2) & (runs["replicate"] > 9)))
    )
    found = compare(one, load(gone))
    change = two.outcome("signed")[:, :10] - one.outcome("signed")[:, :10]
    assert found.overall.value == pytest.approx(change.mean())
    assert any("complete in all of them" in note for note in found.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parties": ["greece", "north_macedonia"]}, "of armenia and azerbaijan, and of greece"),
        ({"articles": {"I": {}}}, "over other provisions"),
    ],
)
def test_two_negotiations_are_not_compared(
    change: dict[str, object], message: str, pair: tuple[Results, Results]
) -> None:
    one, two = pair
    (base,) = two.plan.bases
    scenario = base["scenario"]
    assert isinstance(scenario, dict)
    bases = [{**base, "scenario": {**scenario, **change}}]
    other = replace(two, plan=replace(two.plan, bases=bases))
    with pytest.raises(NotInResults, match=f"different negotiations: {message}") as raised:
        compare(one, other)
    assert raised.value.exit_code == 2


def test_other_horizons_and_numbers_are_told(pair: tuple[Results, Results], tmp_path: Path) -> None:
    """The weeks of a longer horizon begin with those of a shorter one: runs stay comparable."""
    number = "scenario.discount_rate.armenia.value=0.2"
    line = f"{LINE} agenda=single_undertaking replicates=20 horizon=100 {number}"
    found = compare(pair[0], load(play(line, tmp_path / "other")))
    assert found.paired
    told = found.plans["what"].to_list()
    assert {"horizon", "scenario.discount_rate.armenia.value"} <= set(told)
    assert any("horizons differ" in note for note in found.notes)
    assert any("'scenario.discount_rate.armenia" in note for note in found.notes)
