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
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of the many commands compiles all of sim
LONG = (
    *("tests/test_docs_examples.py", "tests/test_golden.py", "tests/experiments/test_studies.py"),
    *("tests/test_benchmarks.py", "tests/test_equivalence.py", "tests/test_contributing.py"),
    *("tests/sweep/test_slurm.py", "tests/test_no_idle_number.py", "tests/sweep/test_faults.py"),
    *("tests/sweep/test_integrity.py", "tests/analysis/test_notebook.py"),
)
"""Files with the longest tests, which come first: no worker is left with one of them at the end."""
COMPILED_FIRST = (
    "from sim import sweep; from sim.config.compose import compose; "
    "from sim.runs.play import play_one; play_one(compose(['horizon=1'])); "
    "sweep('horizon=1 replicates=1', folder='compiled')",
    "from sim.config.compose import compose; from sim.runs.play import play_one; "
    "play_one(compose(['horizon=1']), 'mesa')",
    "from sim.theory.minimal_talks import minimal_talks, play_talks; "
    "play_talks(minimal_talks(horizon=1), drive='phases')",
)
"""What compiles the engine, and each phase for the Mesa driver and for the talks of the theory."""


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with the longest tests first, in the same order on every worker."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONG)))


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
