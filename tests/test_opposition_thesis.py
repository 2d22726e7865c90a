"""The opposition's thesis appears and vanishes with the yearly discount rate.

The thesis: Baku will not sign while it can wring concessions from Yerevan. In the rules it is the
comparison of signing with waiting one week, ``V >= f + d (V + p c)``: with the belief p and the
worth c of further concessions given, it turns at the yearly rate at which the cost of delay,
``(1 - d) V``, is as large as ``f + d p c``. The talks start here from the closed text of March
2025 and without preconditions, so that nothing but this comparison can stand in the way. Nothing
is tuned to where it turns: the test computes that from the records.
"""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from sim.config.compose import compose
from sim.config.parameters import parameters
from sim.runs.play import play_batch

RUNS = 300
HORIZON = 52


def settings(rate):
    """Return the opposition's reading at a yearly discount rate of Azerbaijan."""
    path = "scenario.discount_rate.azerbaijan"
    return compose(
        [
            "scenario=march_2025",
            "preset=opposition",
            "precondition=none",
            f"horizon={HORIZON}",
            f"{path}.low=0.001",
            f"{path}.high=5",
            f"{path}.value={rate}",
        ]
    )


def share_signed(rate, within):
    """Return the Wilson interval of the share signed within so many weeks."""
    state = play_batch([settings(rate)], range(RUNS))[0]
    hits = (state.signed_week >= 0) & (state.signed_week < within)
    return binomtest(int(hits.sum()), RUNS).proportion_ci(method="wilson")


def turning_rate():
    """Return the yearly rate at which week 0 turns from waiting to signing."""
    one = settings(0.1)
    params = parameters(one)
    state = play_batch([compose_horizon_one(one)], range(1))[0, 0]
    value = state.value_now[1]
    belief = params.belief_a[1] / (params.belief_a[1] + params.belief_b[1])
    concession = belief * params.outside_worth[0]
    discount = (value - params.flow[1]) / (value + concession)
    return -52 * math.log(discount)


def compose_horizon_one(one):
    """Return the same settings for a single week."""
    return one.model_copy(update={"horizon": 1})


def test_a_patient_side_waits_and_an_impatient_one_signs():
    patient, impatient = share_signed(0.02, 26), share_signed(2.0, 26)
    assert patient.high < 0.05
    assert impatient.low > 0.8


@pytest.mark.parametrize(("factor", "signs"), [(0.8, False), (1.25, True)])
def test_it_turns_where_the_rule_says(factor, signs):
    turn = turning_rate()
    assert 0.001 < turn / 1.25 < turn * 1.25 < 5
    state = play_batch([settings(turn * factor)], range(RUNS))[0]
    first_week = np.mean(state.signed_week == 0)
    assert first_week > 0.8 if signs else first_week == 0


def test_without_further_concessions_even_the_patient_side_signs():
    one = settings(0.02)
    alone = one.scenario.unilateral["armenia"]
    none = alone.outside.model_copy(update={"value": 0.0, "low": 0.0})
    unilateral = {
        **one.scenario.unilateral,
        "armenia": alone.model_copy(update={"outside": none}),
    }
    quo = one.scenario.status_quo["azerbaijan"].model_copy(update={"value": 0.0, "low": 0.0})
    status_quo = {**one.scenario.status_quo, "azerbaijan": quo}
    scenario = one.scenario.model_copy(update={"unilateral": unilateral, "status_quo": status_quo})
    state = play_batch([one.model_copy(update={"scenario": scenario})], range(RUNS))[0]
    signed = state.signed_week >= 0
    assert binomtest(int(signed.sum()), RUNS).proportion_ci(method="wilson").low > 0.8
