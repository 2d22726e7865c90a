"""A sweep's results, servers of the page in processes of their own, and a browser."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from sim import sweep

ROOT = Path(__file__).parents[2]
LINE = "agenda=single_undertaking,interim_allowed strategy@armenia=linear horizon=90 seed=3"
REPLICATES = 12
"""The sweep whose runs are listed and replayed."""

WATCH_NETWORK = """
import os, sys
def note(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        place = args[1] if event in ("socket.connect", "socket.sendto") else args[0]
        with open(os.environ["SIM_TEST_NETWORK"], "a") as file:
            print(event, place, file=file)
sys.addaudithook(note)
note("socket.getaddrinfo", ["127.0.0.1 is where this begins"])
"""
"""A sitecustomize that writes down every address that the process looks up or connects to."""

RAISER = '''
"""A strategy that raises in its third week."""

from sim.model.plugins import plugin


@plugin("concession", "raiser", family="faulty", reference="none", uses=("clock",))
def raiser(params, state, shocks, side):
    """Demand everything, then raise."""
    if state.week >= 3:
        raise ValueError("the raiser raised <b>this</b>")
    return 1.0
'''


class Server:
    """`sim view` in a process of its own.

    Parameters
    ----------
    words : sequence of str
        What follows `sim view`.
    folder : Path
        Where it is started; what it looks up and connects to is written there.
    variables : str
        Further environment variables.
    """

    def __init__(self, words: Sequence[str], folder: Path, **variables: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sitecustomize.py").write_text(WATCH_NETWORK, "utf-8")
        self.network = folder / "network.txt"
        self.errors = folder / "errors.txt"
        path = os.pathsep.join([str(folder), str(ROOT)])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sim.commands.cli", "view", "--no-browser", *words],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "SIM_TEST_NETWORK": str(self.network),
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=self.errors.open("w"),
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Watch the talks at "), self.errors.read_text()
        self.url = line.split()[4]

    def stop(self) -> int:
        """Interrupt the server as Ctrl-C does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have machine code for what the page plays, compiled by one worker while others wait."""
    lock = tmp_path_factory.getbasetemp().parent / "compile.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "sim.commands.cli",
                "run",
                "--driver",
                "mesa",
                "horizon=2",
                "--json",
            ],
            check=True,
            capture_output=True,
            cwd=ROOT,
        )


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sweep of two cells."""
    folder = tmp_path_factory.mktemp("results") / "two-cells"
    sweep(f"{LINE} replicates={REPLICATES}", folder=folder)
    return folder


@pytest.fixture(scope="session")
def server(
    compiled: None, results: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve the default talks and the sweep."""
    started = Server([str(results)], tmp_path_factory.mktemp("server"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def faulty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve with a plug-in that raises and a scenario with an error.

    The rules are not compiled: a plug-in would have all of them compiled anew.
    """
    folder = tmp_path_factory.mktemp("faulty")
    for group, name, content in (
        ("strategy", "raiser", "strategy: {name: raiser}"),
        ("scenario", "broken", "defaults: [september_2024]\nstart: someday"),
    ):
        file = folder / "mine" / group / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n", "utf-8")
    (folder / "raiser.py").write_text(RAISER, "utf-8")
    words = ["--config-dir", "mine", "plugins=[raiser.py]", "public=none"]
    started = Server(words, folder, NUMBA_DISABLE_JIT="1")
    yield started
    started.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return an empty page of 1280 pixels in a context of its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()
