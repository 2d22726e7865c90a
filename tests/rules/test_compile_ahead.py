"""The second process compiles just what the first one will ask for."""

import os
from pathlib import Path

import pytest

from sim import compile_ahead
from sim.compile_ahead import compiling, later_phases
from sim.compose import compose
from sim.rules import compiled, responses
from sim.run import play_one


def test_types_are_those_that_the_drivers_call_with() -> None:
    play_one(compose(["horizon=2"]), "mesa")
    phases = later_phases()
    assert phases[0][0] is responses.respond
    assert len(phases) > 10
    for rule, types in phases:
        assert types in rule.signatures


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the lines of the processes that were started, each a short one in the test."""
    lines: list[list[str]] = []
    start = compile_ahead.subprocess.Popen

    def instead(line: list[str], **options: int) -> object:
        lines.append(line)
        return start([line[0], "-c", "import time; time.sleep(60)"], **options)

    monkeypatch.setattr(compile_ahead.subprocess, "Popen", instead)
    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    return lines


def test_a_second_process_helps_and_ends(
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(vars(compiled.nb.config), "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with pytest.raises(KeyboardInterrupt), compiling():
        raise KeyboardInterrupt
    assert len(started) == 1
    assert "this happens once" in capsys.readouterr().err


def test_one_processor_has_no_second_process(
    started: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(vars(compiled.nb.config), "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with compiling():
        pass
    assert started == []


def test_no_room_for_a_second_process_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    monkeypatch.setitem(vars(compiled.nb.config), "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(compile_ahead.subprocess, "Popen", refused)
    with compiling():
        pass


def test_compiled_rules_need_no_word(
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(vars(compiled.nb.config), "CACHE_DIR", str(tmp_path))
    (tmp_path / "engine.play-10.py311.nbi").touch()
    with compiling("engine.play"):
        pass
    assert (started, capsys.readouterr().err) == ([], "")
