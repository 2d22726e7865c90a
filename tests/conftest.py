"""Ctrl-C as in a terminal, rules compiled once for all, and a real browser for tests of pages."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


ROOT = Path(__file__).parents[1]
os.environ["SIM_LEAN_RULES"] = "0"
"""Tests call inner rules from Python; commands that they start share the same machine code."""
COMPILED_FIRST = (
    "from sim import sweep; from sim.config.compose import compose; "
    "from sim.runs.play import play_one; play_one(compose(['horizon=1'])); "
    "sweep('horizon=1 replicates=1', folder='compiled')",
    "from sim.config.compose import compose; from sim.runs.play import play_one; "
    "play_one(compose(['horizon=1']), 'mesa')",
)
"""What compiles the engine, and what compiles each phase for the Mesa driver."""


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C be heard, and compile the rules before several workers do so each for itself.

    A suite that a script starts in the background has the signal ignored, and so would have every
    process that it starts, also those that a test interrupts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
            started = [
                subprocess.Popen(
                    [sys.executable, "-c", code], cwd=folder, env=os.environ | {"PYTHONPATH": path}
                )
                for code in COMPILED_FIRST
            ]
            for process in started:
                process.wait()


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """Start Chromium, which is looked for on the path and never fetched.

    Without it tests are skipped, but not in the CI. For one module only: while it runs, its event
    loop is the running one of this thread, and neither a second browser nor `asyncio.run` could
    start.
    """
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("SIM_CI"):
            pytest.fail("Chromium is not installed: make browser")
        pytest.skip("Chromium is not installed: make browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        started.close()
