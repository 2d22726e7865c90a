"""PRIM: boxes that are known beforehand, quasi-p-values by hand."""

import numpy as np
import pytest
from scipy import stats

from sim.analysis import NotInResults, Results, prim_boxes
from sim.analysis.boxes import (
    Limits,
    box_of,
    chosen,
    paste,
    peel,
    quasi_p_values,
    simplified,
    without_luck,
)

RNG = np.random.default_rng(1)


def cube(rows: int = 4000, inputs: int = 4) -> np.ndarray:
    return np.random.default_rng(4).random((rows, inputs))


def test_a_known_box_is_found() -> None:
    values = cube()
    inside = (values[:, 0] > 0.3) & (values[:, 0] < 0.7) & (values[:, 2] > 0.6)
    path = peel(values, inside.astype(float), {})
    box = paste(simplified(chosen(path, 1.0), values, inside.astype(float)), values, inside * 1.0)
    assert set(box.limits.restricted) == {0, 2}
    low, high = box.limits.ranges[0]
    assert (low, high) == pytest.approx((0.3, 0.7), abs=0.03)
    assert box.limits.ranges[2][0] == pytest.approx(0.6, abs=0.03)
    assert box.density > 0.95
    assert box.coverage > 0.9


def test_words_are_peeled_off() -> None:
    rng = np.random.default_rng(2)
    values = np.column_stack([rng.integers(0, 3, 900), rng.integers(0, 2, 900)]).astype(float)
    outcome = ((values[:, 0] == 1) & (values[:, 1] == 0)).astype(float)
    box = chosen(peel(values, outcome, {0: ["a", "b", "c"], 1: ["x", "y"]}), 1.0)
    assert box.limits.sets == {0: frozenset({1.0}), 1: frozenset({0.0})}
    assert box.density == box.coverage == 1.0


def test_peeling_stops_at_the_least_mass() -> None:
    values = cube(1000, 2)
    path = peel(values, values[:, 0], {}, least=0.2)
    assert path[-1].mass >= 0.2
    assert [box.density for box in path] == sorted(box.density for box in path)


def test_pasting_puts_back_what_was_peeled_too_far() -> None:
    values = cube(2000, 2)
    outcome = (values[:, 0] > 0.5).astype(float)
    limits = Limits({0: (0.7, np.inf)}, {})
    grown = paste(box_of(limits, limits.inside(values), outcome), values, outcome)
    assert grown.limits.ranges[0][0] < 0.53
    assert grown.density == 1.0


def test_quasi_p_value_is_binomial() -> None:
    values = np.column_stack([np.arange(20.0), np.zeros(20)])
    outcome = (values[:, 0] >= 12).astype(float)
    limits = Limits({0: (10.0, np.inf)}, {})
    box = box_of(limits, limits.inside(values), outcome)
    (p,) = quasi_p_values(box, values, outcome).values()
    assert p == pytest.approx(stats.binom.sf(7, 10, 8 / 20))


def test_restrictions_that_are_luck_are_dropped() -> None:
    values = cube(300, 3)
    outcome = (values[:, 0] > 0.5).astype(float)
    limits = Limits({0: (0.5, np.inf), 1: (0.03, np.inf)}, {})
    box = without_luck(box_of(limits, limits.inside(values), outcome), values, outcome)
    assert box.limits.restricted == [0]


def test_boxes_of_a_sweep(factorial: Results) -> None:
    found = prim_boxes(factorial)
    share = (factorial.signed_codes > 0).mean()
    assert found.share == pytest.approx(share)
    frame = factorial.values_frame()
    for scenario in found.found:
        assert scenario.box.density > share
        assert scenario.words
    rare = prim_boxes(factorial, absent=True)
    assert rare.share == pytest.approx(1 - share)
    assert set(found.to_frame()["input"]) <= set(frame.columns)
    assert found.plot().to_dict()["layer"]


def test_boxes_need_cells(one_cell: Results) -> None:
    with pytest.raises(NotInResults, match="four cells"):
        prim_boxes(one_cell)
