"""Draw the README's pictures of a report anew: ``python docs/images/make_report.py RESULTS``.

RESULTS is the folder of the README's sweep. Needs Chromium, which is kept off the network.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 1280, 880


def draw(browser: Browser, report: Path, theme: str, name: str) -> None:
    """Store a picture of the first screen and one of the curves of first events."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        color_scheme=theme,  # type: ignore[arg-type]
        offline=True,
    )
    page = context.new_page()
    page.goto(report.as_uri())
    curves = page.locator("#when figure").first
    curves.locator("svg, canvas").first.wait_for()
    page.screenshot(path=FOLDER / f"{name}.png")
    curves.screenshot(path=FOLDER / f"{name.replace('report', 'report-when')}.png")
    context.close()


def main() -> None:
    """Write the report to a temporary folder and draw it in both themes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        command = [
            sys.executable,
            "-m",
            "sim.commands.cli",
            "report",
            sys.argv[1],
            "--out",
            str(report),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            draw(browser, report, "light", "report")
            draw(browser, report, "dark", "report-dark")
            browser.close()


if __name__ == "__main__":
    main()
