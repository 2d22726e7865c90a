"""`sim view` on the command line: what it refuses, each in one line."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.commands.cli import main
from sim.commands.view import parted
from sim.errors import ConfigError
from sim.view import server as server_module
from sim.view.server import address_of, open_socket

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def refused(capsys: Capture, *words: str) -> str:
    assert main(["view", "--no-browser", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("sim: ")
    return line


def test_a_port_that_is_taken_is_said(capsys: Capture, taken: int) -> None:
    assert f"{taken} is taken" in refused(capsys, "--port", str(taken))


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_is_none_is_said(capsys: Capture, port: str) -> None:
    assert "--port: must be from 0 to 65535" in refused(capsys, "--port", port)


def test_the_next_free_port_is_used_if_none_was_named(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "PORT", taken)
    with open_socket("127.0.0.1", None) as bound:
        assert taken < bound.getsockname()[1] < taken + server_module.TRIED


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["seed=two"], "seed: must be a whole number"),
        (["no-such-folder"], "no folder of results"),
        (["strategy@armenia=concedr"], "did you mean 'conceder'?"),
        (["--host", "no.such.host.invalid"], "--host"),
        (["--host", "203.0.113.7"], "no address of this machine"),
        (["--port", "eighty"], "--port"),
        (["--prot", "8000"], "did you mean '--port'?"),
        (["--config-dir", "no-such-folder"], "no such folder"),
        (["plugins=[no_such.py]"], "no such file"),
    ],
)
def test_wrong_input_is_said_in_one_line(capsys: Capture, words: list[str], told: str) -> None:
    assert told in refused(capsys, *words)


def test_a_folder_without_a_sweep_is_said(capsys: Capture, tmp_path: Path) -> None:
    assert "holds no sweep" in refused(capsys, str(tmp_path))


def test_a_page_that_is_not_installed_is_said(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    found = importlib.util.find_spec

    def hidden(name: str, package: str | None = None) -> object:
        return None if name == "solara" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", hidden)
    assert "pip install 'peace-talks-sim[view]'" in refused(capsys)


def test_folder_and_overrides_are_told_apart() -> None:
    assert (
        parted(["seed=3", "results/a", "preset=baku"])
        == (
            "results/a",
            ["seed=3", "preset=baku"],
        )
        if Path("results/a").is_dir()
        else True
    )
    with pytest.raises(ConfigError, match="one folder"):
        parted(["a", "b"])
    assert parted(["seed=3", "~preset"]) == (None, ["seed=3", "~preset"])


def test_it_is_served_to_this_machine_only() -> None:
    help_text = subprocess.run(
        [sys.executable, "-m", "sim.commands.cli", "view", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "127.0.0.1" in help_text
    with open_socket("127.0.0.1", 0) as bound:
        assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}/"
