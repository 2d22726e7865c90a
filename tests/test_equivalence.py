"""The Mesa model and the engine play the same run, week by week and bit for bit."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.model.codes import Agenda, PreconditionRule, PublicRule, Solution, Style
from sim.model.plugins import registry
from sim.runs.mesa_model import NegotiationModel
from tests.random_talks import DEFAULT, open_case, play_in_engine, random_case

CASES = 600
LEAST = 500

seen = Counter()


def play_in_mesa(case):
    """Return history and events of random talks played agent by agent."""
    model = NegotiationModel(settings=DEFAULT, talks=open_case(case))
    while model.running:
        model.step()
    record = model.run_record()
    return record.history, record.events


def count(params):
    """Note which rules these talks are played by."""
    seen["cases"] += 1
    seen[Agenda(params.agenda)] += 1
    seen[PreconditionRule(params.precondition_rule)] += 1
    seen[Style(params.style)] += 1
    seen[Solution(params.solution)] += 1
    seen[PublicRule(params.public_rule)] += 1
    for side in range(2):
        seen["concession", int(params.strategy[side])] += 1
        seen["acceptance", int(params.acceptance[side])] += 1
        seen["opponent_model", int(params.opponent_model[side])] += 1


@pytest.fixture(scope="module", autouse=True)
def _fresh_count():
    seen.clear()


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(0, 2**32 - 1))
def test_both_drivers_play_the_same_run(seed):
    case = random_case(seed)
    history, events = play_in_engine(case)
    watched, told = play_in_mesa(case)
    assert len(history) == len(watched) >= 1
    for week in range(len(history)):
        assert history[week].tobytes() == watched[week].tobytes(), f"week {week}"
    assert events.tobytes() == told.tobytes()
    count(case.params)


def test_enough_cases_and_every_rule_among_them():
    """Runs after the property; with another order it plays the cases itself."""
    if seen["cases"] < LEAST:
        seen.clear()
        test_both_drivers_play_the_same_run()
    assert seen["cases"] >= LEAST
    for codes in (Agenda, PreconditionRule, Style, Solution, PublicRule):
        for code in codes:
            assert seen[code] > 0, code
    for kind in ("concession", "acceptance", "opponent_model"):
        for entry in registry().of(kind):
            assert seen[kind, entry.code] > 0, entry.name
