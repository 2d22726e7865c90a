"""The second process compiles just what the first one will ask for."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from numba import int64

from sim.config.compose import compose
from sim.model import compiled
from sim.model.compile_ahead import compiling, later_phases
from sim.model.engine import play
from sim.model.rules import responses
from sim.model.rules.week import ARGUMENTS, asked_for
from sim.runs.run import play_one


def test_types_are_those_that_the_mesa_driver_calls_with() -> None:
    play_one(compose(["horizon=2"]), "mesa")
    phases = later_phases()
    assert phases[0][0] is responses.respond
    assert len(phases) > 10
    for rule, types in phases:
        assert types in rule.signatures


def test_types_are_those_that_the_engine_hands_on() -> None:
    play_one(compose(["horizon=2"]))
    handed_on = [dict(zip(ARGUMENTS, given, strict=False)) for given in play.signatures]
    for rule, types in later_phases():
        wanted = [tuple(given.get(n, int64) for n in asked_for(rule)) for given in handed_on]
        assert types in wanted


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty folder of machine code, on a machine with two processors."""
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setitem(vars(compiled.nb.config), "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return tmp_path


@pytest.fixture
def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Return the processes that were started; each only sleeps."""
    found: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def instead(line: list[str], **options: int) -> subprocess.Popen[bytes]:
        found.append(start([line[0], "-c", "import time; time.sleep(60)"], **options))
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", instead)
    return found


def test_a_second_process_helps_and_ends(
    started: list[subprocess.Popen[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt), compiling():
        raise KeyboardInterrupt
    # By the signal, not by itself.
    assert [process.returncode for process in started] == [-signal.SIGTERM]
    assert "this happens once" in capsys.readouterr().err


def test_one_processor_has_no_second_process(
    started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with compiling():
        pass
    assert started == []


@pytest.mark.usefixtures("folder")
def test_no_room_for_a_second_process_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "Popen", refused)
    with compiling():
        pass


def test_compiled_rules_need_no_word(
    folder: Path, started: list[subprocess.Popen[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "engine.play-10.py311.nbi").touch()
    with compiling("engine.play"):
        pass
    assert (started, capsys.readouterr().err) == ([], "")
