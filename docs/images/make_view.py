"""Draw the pictures of the page anew: ``python docs/images/make_view.py``; needs Chromium.

The week is one at which much stands in the way at once: the text is closed, one party waits, two
demands are unmet, an incident has closed the direct channel, and the first citizens protest.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent
RUN = "?preset=opposition&seed=4"
PICTURES = (
    ("view.png", 1280, 1290, "light", 100),
    ("view-dark.png", 1280, 1290, "dark", 100),
    ("view-phone.png", 390, 1500, "light", 96),
)
"""File, width and height of the window, theme, weeks played."""


def draw(
    browser: Browser, address: str, name: str, width: int, height: int, theme: str, week: int
) -> None:
    """Open the page at a week and store its picture."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(f"{address}{RUN}&week={week}")
    page.wait_for_selector(f'main[data-tick="{week}"]', timeout=120_000)
    page.wait_for_selector('.courses h3:has-text("200")', timeout=300_000)
    page.wait_for_timeout(500)
    page.screenshot(path=FOLDER / name)
    context.close()


def main() -> None:
    """Serve the page, draw the pictures, stop."""
    command = [sys.executable, "-m", "sim.commands.cli", "view", "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[4]
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            for picture in PICTURES:
                draw(browser, address, *picture)
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
