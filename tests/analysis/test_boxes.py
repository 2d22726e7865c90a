"""Boxes: known ones are found, luck is not reported, what is measured was not used to search."""

import numpy as np
import pytest

from sim.analysis import NotInResults, Results, boxes
from sim.analysis.inputs import Table, cell_means, grown, halves, measured
from sim.runs.intervals import Clusters


def test_a_known_box_is_found() -> None:
    values = np.random.default_rng(4).random((4000, 4))
    inside = (values[:, 0] > 0.6) & (values[:, 2] > 0.6)
    table = Table(("a", "b", "c", "d"), values, {})
    leaf, limits = grown(table, inside.astype(float))
    numbers, counts = np.unique(leaf[inside], return_counts=True)
    assert counts.max() > 0.9 * inside.sum()
    told = dict(limits[int(numbers[counts.argmax()])])
    assert set(told) == {"a", "c"}
    for limit in told.values():
        assert float(limit.removeprefix("above ")) == pytest.approx(0.6, abs=0.02)


def test_words_are_named() -> None:
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.integers(0, 3, 900), rng.integers(0, 2, 900)]).astype(float)
    outcome = ((values[:, 0] == 1) & (values[:, 1] == 0)).astype(float)
    table = Table(("k", "l"), values, {0: ["a", "b", "c"], 1: ["x", "y"]})
    leaf, limits = grown(table, outcome)
    (number,) = {int(n) for n in leaf[outcome == 1.0]}
    assert dict(limits[number]) == {"k": "is b", "l": "is x"}


def test_leaves_do_not_overlap_and_their_shares_are_those_within_their_limits(
    factorial: Results,
) -> None:
    """A share holds within the limits that are stated: nothing else was taken out before."""
    found = boxes(factorial).to_frame()
    assert len(found)
    assert found["mass"].sum() <= 1.0 + 1e-9
    _, unseen = halves(factorial.outcome("signed"), None)
    frame = factorial.values_frame()
    for box in found.iter_rows(named=True):
        held = np.ones(factorial.plan.cells, bool)
        for condition in box["box"].split(" and "):
            key, _, words = condition.partition(" is ")
            held &= frame[key].cast(str).is_in(words.split(" or ")).to_numpy()
        block = unseen[held]
        assert box["mean"] == pytest.approx(block[np.isfinite(block)].mean())
        assert box["difference_low"] > 0.0 or box["difference_high"] < 0.0


def test_no_box_is_an_answer(factorial: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where inputs do nothing, at most one in twenty sweeps shows a box."""
    rng, shown = np.random.default_rng(3), 0
    for _ in range(40):
        outcome = (rng.random((12, 24)) < 0.4).astype(float)
        monkeypatch.setattr(Results, "outcome", lambda self, name="signed", o=outcome: o)
        try:
            boxes(factorial)
            shown += 1
        except NotInResults:
            continue
    assert shown <= 5


def test_a_point_counts_once_for_all_levers() -> None:
    """Two levers at the same drawn points are no two draws: both halves keep points together."""
    points = Clusters(np.tile(np.arange(50), 2), common=False)
    values = np.random.default_rng(5).integers(0, 2, (100, 3)).astype(float)
    seen, unseen = halves(values, points)
    assert (np.isnan(seen) ^ np.isnan(unseen)).all()
    half = np.isfinite(seen).all(axis=1)
    assert (half[:50] == half[50:]).all()


def test_differences_of_boxes_cover_the_truth() -> None:
    """Two boxes whose shares differ by .2; points vary by themselves."""
    rng, covered = np.random.default_rng(6), 0
    for _ in range(300):
        own = np.clip(np.repeat([0.3, 0.5], 60)[:, None] + 0.1 * rng.normal(size=(120, 1)), 0, 1)
        values = (rng.random((120, 4)) < own).astype(float)
        held = {1: np.arange(120) >= 60}
        points = Clusters(np.arange(120), common=False)
        _, apart = measured(values, held, points)[1]
        covered += apart.low <= 0.2 <= apart.high
    assert covered / 300 >= 0.92


def test_boxes_need_cells(one_cell: Results) -> None:
    with pytest.raises(NotInResults, match="four cells"):
        boxes(one_cell)


def test_means_of_the_search_are_those_of_its_half() -> None:
    values = np.arange(8.0).reshape(1, 8)
    seen, unseen = halves(values, None)
    assert cell_means(seen)[0] == np.mean([0, 2, 4, 6])
    assert cell_means(unseen)[0] == np.mean([1, 3, 5, 7])
