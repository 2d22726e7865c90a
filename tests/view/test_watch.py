"""The watched run: the same as any other, kept week by week, and quick to go back over."""

import dataclasses
import gc
import weakref

import mesa
import pytest

from sim.config.settings import Settings
from sim.errors import FaultyPluginError
from sim.model.codes import Treaty
from sim.runs.mesa_model import NegotiationModel
from sim.runs.opening import check_fault
from sim.runs.play import run_engine
from sim.view.choices import Choices, Start, settings_of
from sim.view.session import Session
from sim.view.watch import Watch


@pytest.fixture(scope="module")
def settings() -> Settings:
    return settings_of(Start(), Choices({"seed": "2", "horizon": "80"}))


def test_the_watched_run_is_the_engines_run(settings: Settings) -> None:
    watch = Watch(settings)
    watch.play_to_end()
    engine = run_engine(settings)
    record = watch.record()
    assert record.history.tobytes() == engine.history.tobytes()
    assert record.events.tobytes() == engine.events.tobytes()


def test_snapshots_are_the_weeks_of_the_history(settings: Settings) -> None:
    watch = Watch(settings)
    watch.play_to_end()
    history = watch.record().history
    for week, state in enumerate(history):
        watch.go(week + 1)
        now = watch.now
        assert (now.played, now.week) == (week + 1, week)
        assert now.status == Treaty(int(state["status"]))
        assert now.homes[0].approval == state["approval"][0]
        assert now.ledger == tuple(state["ledger"])
        assert [p.offers for p in now.provisions] == [
            (state["offer"][0, i], state["offer"][1, i]) for i in range(len(now.provisions))
        ]
        assert now.homes[0].protest == pytest.approx(now.public.protesting.mean())


def test_back_and_forth_plays_nothing_twice(settings: Settings) -> None:
    watch = Watch(settings)
    watch.go(10)
    kept = watch.now
    watch.go(watch.now.played - 1)
    watch.go(watch.now.played - 1)
    assert (watch.now.played, watch.played, watch.model.tick) == (8, 10, 10)
    watch.go(watch.now.played + 1)
    watch.go(watch.now.played + 1)
    assert watch.now is kept
    watch.go(watch.now.played + 1)
    assert (watch.now.played, watch.model.tick) == (11, 11)


def test_it_stays_within_the_weeks_there_are(settings: Settings) -> None:
    watch = Watch(settings)
    watch.go(watch.now.played - 1)
    assert watch.now.played == 0
    watch.go(10_000)
    assert watch.at_end
    end = watch.now.played
    watch.go(watch.now.played + 1)
    assert watch.now.played == end <= settings.horizon


def test_snapshots_cannot_be_changed(settings: Settings) -> None:
    watch = Watch(settings)
    watch.go(watch.now.played + 1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        watch.now.played = 5  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        watch.now.public.opinion[0] = 1.0


def test_what_was_not_weighed_is_not_shown() -> None:
    """At the opening of closed talks nothing has been weighed yet."""
    watch = Watch(settings_of(Start(), Choices({"scenario": "march_2025"})))
    assert watch.now.status == Treaty.TEXT_AGREED
    for party in watch.now.parties:
        assert (party.target, party.offered, party.now, party.wait) == (None, None, None, None)
    watch.go(watch.now.played + 1)
    state = watch.record().final
    for side, party in enumerate(watch.now.parties):
        assert party.now == state.value_now[side]
        assert party.wait == state.value_wait[side]


class Raising:
    """Stands in for a phase of the week whose rule raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self) -> None:
        raise self.error


def test_a_rule_that_raises_ends_the_run_and_leaves_what_was_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(settings)
    watch.go(5)
    agent = next(iter(watch.model.in_charge.values()))
    monkeypatch.setattr(agent, "offer", Raising(ValueError("no such offer")), raising=False)
    watch.go(watch.now.played + 1)
    assert watch.failure == "in week 5 the rules raised ValueError: no such offer"
    assert (watch.now.played, watch.played) == (5, 5)
    assert watch.over
    watch.go(watch.now.played - 1)
    assert watch.now.played == 4
    watch.go(100)
    assert watch.now.played == 5


def test_mesa_forgets_a_run_that_is_closed(settings: Settings) -> None:
    """Mesa 3.3 keeps a counter for every model that it ever met."""
    counters = getattr(mesa.Agent, "_ids", None)
    watch = Watch(settings)
    if isinstance(counters, dict):
        assert watch.model in counters
    watch.close()
    watch.close()
    if isinstance(counters, dict):
        assert watch.model not in counters


def test_a_run_that_is_replaced_is_let_go_of_at_once() -> None:
    """Mesa's model, agents and wrapped step hold each other; the collector may come too late."""
    session = Session(Start(("public=none", "horizon=9")))
    session.go(3)
    model = weakref.ref(session.watch.model)
    gc.disable()
    try:
        session.reset({"seed": "2"})
        assert model() is None
    finally:
        gc.enable()
    assert not session.messages
    session.close()


def test_a_fault_is_told_with_the_week_in_which_it_happened() -> None:
    """The week has been counted by then: after week 7, `state.week` is 8."""
    settings = settings_of(Start(), Choices({"public": "none", "horizon": "9"}))
    model = NegotiationModel(settings=settings)
    for _ in range(8):
        model.step()
    model.talks.state.fault = 1
    with pytest.raises(FaultyPluginError, match=r"armenia: .* in week 7$"):
        check_fault(settings, model.talks.state)
