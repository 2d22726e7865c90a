"""Ctrl-C as in a terminal, and a real browser for the tests of pages."""

import os
import shutil
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def pytest_configure() -> None:
    """Let Ctrl-C be heard.

    A suite that a script starts in the background has the signal ignored, and so would have every
    process that it starts, also those that a test interrupts.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
