"""Krippendorff's alpha on published examples, and the two codings."""

import numpy as np
import pytest

from experiments.agreement import SCALES, agreement_table, all_units, alpha

# Krippendorff (2011), Computing Krippendorff's alpha-reliability: four observers, twelve units.
NONE = np.nan
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)


def test_published_example() -> None:
    assert alpha(EXAMPLE, ordinal=False) == pytest.approx(0.743, abs=5e-4)
    assert alpha(EXAMPLE, ordinal=True) == pytest.approx(0.815, abs=5e-4)


def test_two_observers_of_two_values() -> None:
    ratings = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]], float)
    assert alpha(ratings, ordinal=False) == pytest.approx(0.095, abs=5e-4)


def test_full_agreement_is_1_and_classes_that_are_all_alike_say_nothing() -> None:
    assert alpha(np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]), ordinal=True) == 1.0
    assert np.isnan(alpha(np.ones((2, 3)), ordinal=True))


def test_three_cases_at_least_are_coded_twice_and_by_known_classes() -> None:
    known = all_units()
    assert len({unit.case for unit in known}) >= 3
    assert all({unit.first, unit.second} <= set(SCALES[unit.kind]) for unit in known)
    assert agreement_table()["units"][:3].sum() == len(known)
