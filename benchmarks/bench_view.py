"""The page of `sim view`: command to usable, click to drawn, weeks a second, memory.

In Chromium on this machine, the default talks with 300 citizens. A page is usable when its board
shows the opening and Step can be pressed; a step is drawn when the frame after the change of the
board has been painted.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import SkipTest

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.figures import Figure

STEP = 'button.step:not([aria-disabled="true"])'
WATCHED_STEPS = """async (count) => {
  const board = document.querySelector("main[data-tick]");
  const button = document.querySelector("button.step");
  const bar = document.querySelector(".transport");
  // The buttons follow the board: only then do they say whether there is a week more.
  const followed = async () => {
    for (let frame = 0; bar.dataset.at !== board.dataset.tick && frame < 600; frame++)
      await new Promise(requestAnimationFrame);
  };
  const times = [];
  while (times.length < count && button.getAttribute("aria-disabled") !== "true") {
    const begun = performance.now();
    const before = board.dataset.tick;
    await new Promise((done, fail) => {
      setTimeout(() => fail(new Error("the step was not drawn within 20 s")), 20000);
      const seen = new MutationObserver(() => {
        if (board.dataset.tick === before) return;
        seen.disconnect();
        requestAnimationFrame(() => setTimeout(done, 0));
      });
      seen.observe(board, { attributes: true });
      button.click();
    });
    times.push(performance.now() - begun);
    await followed();
  }
  return times;
}"""
"""Steps up to `count` weeks and returns the milliseconds from each click to its drawn frame."""


@contextmanager
def served(port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve the page in a process of its own; yields it and the page's address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim.commands.cli", "view", "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[4]
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a port that nothing listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium() -> str:
    """Return the browser on the path.

    Raises
    ------
    unittest.SkipTest
        If there is none; where everything must be there, FileNotFoundError.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    missing = "Chromium is not installed: make browser"
    raise FileNotFoundError(missing) if os.environ.get("SIM_CI") else SkipTest(missing)


def start_times(browser: Browser, rounds: int) -> list[float]:
    """Return the seconds from the command to a usable page, round by round.

    The browser runs already and has the page's scripts from the round before, as on a machine
    on which the page has been opened before.
    """
    port = free_port()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = []
    for _ in range(rounds + 1):
        page = context.new_page()
        begun = time.perf_counter()
        with served(port) as (_process, address):
            page.goto(address)
            page.wait_for_selector(STEP, timeout=120_000)
            found.append(time.perf_counter() - begun)
            page.close()
    context.close()
    return found[1:]


def opening(page: Page) -> None:
    """Go back to the opening."""
    page.get_by_role("button", name="To the opening").click()
    page.wait_for_selector('main[data-tick="0"]')


def weeks_a_second(page: Page, seconds: float) -> float:
    """Return how fast it plays at the interval of 100 ms."""
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_selector('.transport[data-played="0"]')
    page.select_option(".speed select", "100")
    page.click(".transport button.main")
    page.wait_for_selector('main:not([data-tick="0"])')
    begun, first = time.perf_counter(), tick(page)
    time.sleep(seconds)
    last, ended = tick(page), time.perf_counter()
    page.click(".transport button.main")
    return (last - first) / (ended - begun)


def tick(page: Page) -> int:
    """Return the weeks that are shown as played."""
    return int(page.get_attribute("main", "data-tick") or 0)


def resident(pid: int) -> float:
    """Return a process's resident memory in MB; Linux only."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth(page: Page, pid: int, steps: int) -> tuple[float, float]:
    """Return resident memory after a first run, and after `steps` weeks more, in MB.

    Each run is stepped week by week to its end, then reset with another seed.
    """
    run_to_end(page, 1)
    before = resident(pid)
    done, seed = 0, 2
    while done < steps:
        done += run_to_end(page, seed)
        seed += 1
    return before, resident(pid)


def run_to_end(page: Page, seed: int) -> int:
    """Reset with a seed, step to the end and return the number of weeks."""
    page.locator('[data-key="seed"] input').fill(str(seed))
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_selector(f'.conduct:has-text("seed {seed},")')
    page.wait_for_selector('.transport[data-played="0"]')
    return len(page.evaluate(WATCHED_STEPS, 10_000))


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        One start, a few steps, no measure of memory over thousands.
    """
    rounds, clicks, seconds, steps = (1, 5, 1.0, 20) if tiny else (7, 100, 10.0, 2000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        starts = start_times(browser, rounds)
        with served(free_port()) as (process, address):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{address}?horizon={15 if tiny else 156}")
            page.wait_for_selector(STEP, timeout=120_000)
            times = page.evaluate(WATCHED_STEPS, clicks)
            opening(page)
            speed = weeks_a_second(page, seconds)
            lines = [
                _line("command to usable page, best", min(starts), "s", f"of {rounds} starts"),
                _line("command to usable page, median", statistics.median(starts), "s", ""),
                _line("click on Step to drawn, median", statistics.median(times), "ms", ""),
                _line("click on Step to drawn, slowest of 20", worst(times), "ms", "95th per cent"),
                _line("weeks a second at 100 ms", speed, "weeks/s", "300 citizens"),
            ]
            if Path(f"/proc/{process.pid}/statm").exists():
                before, after = growth(page, process.pid, steps)
                note = f"{before:.0f} MB after one run, {after:.0f} MB after {steps:,} weeks more"
                lines.append(
                    _line("memory of the server, after / before", after / before, "x", note)
                )
        browser.close()
    return lines


def worst(times: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _line(what: str, figure: float, unit: str, note: str) -> Figure:
    """Return one line of the table."""
    return {"what": what, "figure": figure, "unit": unit, "note": note}
