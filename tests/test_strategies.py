"""Traces of the strategies against scripted opponents, as far as they can be done by hand."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest

from sim.model.compiled import rule
from sim.model.records import Numbers
from sim.model.rules.opening import mean_of
from sim.theory.minimal_talks import (
    OPPONENTS,
    demands_against,
    minimal_talks,
    play_talks,
    quiet_tape,
    set_articles,
    set_rule,
)

STILL = (0.0,) * 6
STEPS = (0.0, 0.1, 0.2, 0.3, 0.3, 0.3)

TRACES: list[tuple[str, Mapping[str, float], Sequence[float], Sequence[float]]] = [
    ("firm", {}, STEPS, [1.0] * 7),
    ("interim_first", {"patience_weeks": 100.0}, STEPS, [1.0] * 7),
    ("hold_out", {"patience_weeks": 4.0, "beta": 1.0}, STILL, [1, 1, 1, 0.5, 0, 0, 0]),
    # The clock of a deadline of 12 weeks, two weeks a draft.
    ("polynomial", {"beta": 1.0}, STILL, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]),
    ("polynomial", {"beta": 0.5}, STILL[:3], [1, 35 / 36, 32 / 36, 27 / 36]),
    ("exponential", {"kappa": 0.25, "beta": 1.0}, STILL[:3], [0.75, None, None, 0.5]),
    ("dynamic_deadline", {"mu": 80.0}, STILL[:3], [1.0, 0.95, 0.8, 0.55]),
    ("message_count", {"stock": 2.0}, STILL[:1], [1.0, 1 - 2.718281828459045**-1]),
    # Own loss .1, in the proportion in which the other's offers lose less: 1, .9, .8, .7.
    ("relative_tit_for_tat", {}, STEPS[:3], [0.9, 0.9, 1 - 0.1 / 0.9, 1 - 0.1 / 0.9 / 0.8 * 0.9]),
    ("averaged_tit_for_tat", {"window": 2.0}, STEPS[:3], [0.9, 0.9, 0.9, 1 - 0.1 / 0.8]),
    ("random_tit_for_tat", {"swing": 0.0}, STEPS, [0.9, 0.9, 0.8, 0.7, 0.6, 0.6, 0.6]),
    ("random_tit_for_tat", {"swing": 0.02}, STEPS[:3], [0.9, 0.9, 0.79, 0.68]),
    ("random_tit_for_tat", {"swing": 0.0}, (0.0, 0.2, 0.1), [0.9, 0.9, 0.7, 0.8]),
    # Levels 1, .8, .6, ...; a step for each offer that is new.
    ("micro", {"levels": 6.0}, STEPS, [1.0, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2]),
    ("micro", {"levels": 6.0}, (0.0, 0.1, 0.0, 0.1), [1.0, 0.8, 0.6, 0.6, 0.6]),
    # Three steps of .05 unanswered, then stillness.
    ("grit", {}, STILL, [0.95, 0.9, 0.85, 0.85, 0.85, 0.85, 0.85]),
    ("grit", {}, STEPS[:3], [0.95, 0.9, 0.8, 0.7]),
    ("grit", {"initiatives": 1.0}, (0.0, 0.0, 0.01, 0.01), [0.95, 0.95, 0.95, 0.94, 0.94]),
    ("grit", {}, (0.0, 0.2, 0.1), [0.95, 0.9, 0.7, 0.8]),
    # Rate (.02 x 4 + moves) / (4 + moves seen): .02, .02, .18 / 5, .28 / 6.
    ("learner", {}, STEPS[:3], [0.88, 0.86, 0.824, 0.824 - 0.28 / 6]),
    ("mixture", {"imitation": 0.0}, STILL, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]),
    ("mixture", {"time": 0.0}, STEPS[:2], [0.9, 0.9, 1 - 0.1 / 0.9]),
    ("mixture", {"time": 0.0}, (0.0, 0.2, 0.1), [0.9, 0.9, 1 - 0.1 / 0.8, 1 - 0.1 / 0.8]),
]


@pytest.mark.parametrize(
    ("strategy", "values", "script", "wanted"), TRACES, ids=lambda x: x if type(x) is str else ""
)
def test_trace(
    strategy: str,
    values: Mapping[str, float],
    script: Sequence[float],
    wanted: Sequence[float | None],
) -> None:
    got = demands_against(script, strategy, values, deadline=12.0)
    assert len(got) == len(wanted)
    for mine, by_hand in zip(got, wanted, strict=True):
        if by_hand is not None:
            assert mine == pytest.approx(by_hand, abs=1e-12)


def test_the_ratchet_never_raises_a_demand_and_without_it_the_mixture_does() -> None:
    script = OPPONENTS["gives and takes back"]
    held = demands_against(script, "mixture", {"time": 0.0, "ratchet": 1.0})
    free = demands_against(script, "mixture", {"time": 0.0, "ratchet": 0.0})
    assert all(b <= a for a, b in pairwise(held))
    assert any(b > a for a, b in pairwise(free))


def accepted_week(condition: str, values: Mapping[str, float], offers: str) -> int:
    """Return when a firm second side takes the drafts of a first side that concedes so."""
    params = minimal_talks(horizon=80)
    params.deadline[:] = [80.0, 40.0]
    set_rule(params, 0, "concession", "polynomial", {"beta": 1.0 if offers == "steady" else 0.2})
    set_rule(params, 1, "acceptance", condition, values)
    return int(play_talks(params).state.text_week)


@pytest.mark.parametrize(
    ("condition", "values", "week"),
    [
        # The first side's draft of week w (even) gives w / 80.
        ("ac_const", {"level": 0.19}, 16),
        ("ac_const", {"level": 0.21}, 18),
        ("ac_next", {"a": 2.0}, 40),
        ("ac_next", {"b": 0.5}, 40),
        ("ac_time", {"time": 0.5}, 20),
        ("ac_time", {"time": 0.95}, 38),
        # Offers only rise, so the best of the last ones is always beaten.
        ("ac_combi", {"time": 0.75}, 30),
    ],
)
def test_acceptance(condition: str, values: Mapping[str, float], week: int) -> None:
    assert accepted_week(condition, values, "steady") == week


def test_ac_combi_waits_for_an_offer_as_good_as_the_last_ones() -> None:
    """An opponent who has taken back what it offered is refused until the window has passed it."""
    from sim.model.records import STATE
    from sim.model.rules.bid import condition_accepts

    params = minimal_talks(deadline=40.0)
    set_rule(params, 0, "acceptance", "ac_combi", {"time": 0.5})
    state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
    shocks = quiet_tape(40).weekly.view(np.recarray)[0]
    state.received[0, :11] = [0.3, 0.1, 0.1, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    state.n_received[0] = 11
    code = params.acceptance[0]

    def accepts(week: int) -> bool:
        state.week = week
        return bool(condition_accepts(code, params, state, shocks, 0, 0.3, 0.9) > 0.0)

    assert not accepts(10), "before its time"
    assert not accepts(24), "the .6 lies within the last 10 x 16 / 24 drafts"
    assert accepts(34), "only the last two count"
    assert accepts(40)


@pytest.mark.parametrize("model", ["frequency", "bayesian"])
def test_an_opponent_model_learns_the_order_of_the_weights(model: str) -> None:
    """It starts from the opposite of the truth and is told nothing but drafts."""

    params = minimal_talks(horizon=40, deadline=60.0)
    set_articles(params, [0.25] * 4, [0.55, 0.25, 0.15, 0.05])
    set_rule(params, 1, "concession", "polynomial", {"beta": 1.0})
    set_rule(params, 0, "opponent_model", model)

    tape = quiet_tape(40)
    params.opponent_error[0] = 1.0
    true = np.array([0.55, 0.25, 0.15, 0.05])
    tape.errors[0, 0, :4] = np.log(0.25 / true)
    state = play_talks(params, tape=tape).state
    inferred = true * np.exp(state.error[0, :4])
    assert inferred.sum() == pytest.approx(1.0)
    assert inferred[0] > inferred[3] + 0.02
    before = np.abs(0.25 - true).sum()
    assert np.abs(inferred - true).sum() < before


def test_without_a_model_nothing_is_learnt_and_facilitation_still_corrects() -> None:

    from sim.model.rules.opponent import seen_weight

    params = minimal_talks(horizon=10)
    set_articles(params, [0.5, 0.5], [0.5, 0.5])
    params.opponent_error[0] = 1.0
    tape = quiet_tape(10)
    tape.errors[0, 0, 0] = 1.0
    state = play_talks(params, tape=tape).state
    assert seen_weight(state, 0, 0) == pytest.approx(0.5 * np.e)
    state.error_scale[0] = 0.0
    assert seen_weight(state, 0, 0) == pytest.approx(0.5)


def test_a_rule_has_numpys_linear_algebra() -> None:
    """numba is loaded as if SciPy's BLAS were missing; a rule that uses it finds it."""

    @rule
    def solved(matrix: Numbers, ahead: Numbers) -> float:
        return float(np.dot(np.linalg.solve(matrix, ahead), ahead))

    assert solved(2.0 * np.eye(2), np.array([3.0, 4.0])) == 12.5


def test_a_rule_of_a_plug_in_makes_arrays_and_hands_them_on() -> None:
    """The rules of the package count no references; the array of a plug-in outlives the call."""

    @rule
    def mean_of_squares(size: int) -> float:
        squares = np.arange(size) ** 2.0
        return mean_of(squares) + squares[size - 1]

    assert [mean_of_squares(size) for size in (1, 2, 3)] * 200 == [0.0, 1.5, 5 / 3 + 4.0] * 200
