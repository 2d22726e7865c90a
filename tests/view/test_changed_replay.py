"""Replays that are changed: the same chance under another rule, whatever the sweep varied."""

import shlex
from pathlib import Path

import pytest

from sim import sweep
from sim.config.compose import compose
from sim.view.choices import Start
from sim.view.session import Session
from sim.view.stored import StoredSweep

LINE = (
    "public.graph=small_world,scale_free preset=opposition strategy@armenia=conceder "
    "horizon=12 seed=5 replicates=2"
)
"""A sweep over a key that no control and no link can set."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredSweep:
    folder: Path = tmp_path_factory.mktemp("graphs") / "results"
    sweep(LINE, folder=folder)
    return StoredSweep(str(folder))


@pytest.fixture
def session(stored: StoredSweep) -> Session:
    found = Session(Start(), "?cell=1&replicate=1", stored)
    assert found.messages == []
    return found


def test_a_change_keeps_all_other_settings(session: Session) -> None:
    before = session.watch.settings
    session.choose("mediator", "none")
    session.reset()
    assert session.messages == []
    after = session.watch.settings
    assert after.mediator.style == "none"
    assert after.public.graph == "scale_free"
    assert after.model_copy(update={"mediator": before.mediator}) == before


def test_its_line_can_be_copied(session: Session) -> None:
    session.choose("mediator", "none")
    for _ in range(2):
        words = shlex.split(session.command)
        assert "public.graph=scale_free" in words
        assert compose(words[2:]) == session.watch.settings
        session.reset()


def test_its_address_opens_it_again(session: Session, stored: StoredSweep) -> None:
    session.choose("mediator", "none")
    session.reset()
    assert session.address.startswith("?cell=1&")
    again = Session(Start(), session.address, stored)
    assert again.messages == []
    assert again.watch.settings == session.watch.settings
    assert again.address == session.address


def test_a_preset_drops_what_the_sweep_set(session: Session, stored: StoredSweep) -> None:
    session.choose("preset", "baku")
    session.reset()
    assert session.watch.settings.public.graph == "small_world"
    assert "cell" not in session.address
    again = Session(Start(), session.address, stored)
    assert again.watch.settings == session.watch.settings


def test_settings_that_no_line_gives_cannot_be_changed(
    stored: StoredSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StoredSweep, "choices", lambda *_: None)
    session = Session(Start(), "?cell=1&replicate=1", stored)
    shown = session.watch
    assert session.replayed is not None
    assert "neither copied nor changed" in session.replayed.verdict
    session.choose("mediator", "none")
    assert "neither copied nor changed" in session.messages[0]
    session.reset()
    assert "neither copied nor changed" in session.messages[0]
    assert session.watch is shown
    assert session.command == ""


@pytest.mark.parametrize("replicate", ["abc", "-1", "1.5"])
def test_a_replicate_that_is_no_number_is_said(stored: StoredSweep, replicate: str) -> None:
    session = Session(Start(), f"?cell=0&replicate={replicate}", stored)
    assert session.messages == [f"replicate: must be a whole number, got {replicate}"]


def test_a_run_that_failed_and_plays_today_is_not_its_record(
    stored: StoredSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {**stored.row(0, 0), "run_status": "error", "error": "ValueError: once"}
    monkeypatch.setattr(stored, "row", lambda *_: row)
    session = Session(Start(), "?cell=0&replicate=0", stored)
    assert session.replayed is not None
    assert not session.replayed.same
    assert "failed (ValueError: once), today it is played" in session.replayed.verdict
