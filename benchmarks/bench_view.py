"""The page of `sim view`: command to usable, click to drawn, weeks a second, memory, a class.

In Chromium on this machine, the default talks with 300 citizens. A page is usable when its board
shows the opening and Step can be pressed; a step is drawn when the frame after the change of the
board has been painted. Many tabs at once are websocket clients, see `benchmarks.tabs`; they are
told what a browser would be told, and draw nothing.
"""

import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from unittest import SkipTest

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.figures import Figure
from benchmarks.tabs import BOARD, Tab

PLAYED = 3.0
"""Weeks a second that a tab asks for, as at the page's usual speed."""
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


async def opened(stack: AsyncExitStack, address: str, count: int) -> list[Tab]:
    """Return tabs with different seeds, their courses played, open as long as the stack."""
    tabs = [await stack.enter_async_context(Tab(address, f"?seed={n}")) for n in range(count)]
    for tab in tabs:
        await courses(tab, "How 200 courses end")
    return tabs


async def courses(tab: Tab, words: str) -> float:
    """Wait until the board tells of so many courses, and return the seconds."""
    return await tab.until(lambda: words in str(tab.shown(BOARD)["panels"]))


async def pace(address: str, count: int, weeks: int) -> float:
    """Return the weeks a second that each of so many tabs plays, of those asked for."""
    async with AsyncExitStack() as stack:
        tabs = await opened(stack, address, count)
        times = await asyncio.gather(*(tab.play(weeks, 1 / PLAYED) for tab in tabs))
        played = [tab.week / seconds for tab, seconds in zip(tabs, times, strict=True)]
        return statistics.median(played) / PLAYED


async def settings_shown(address: str, beside: int, rounds: int) -> list[float]:
    """Return the seconds until a setting is shown, and a Reset, beside tabs that play."""
    async with AsyncExitStack() as stack:
        setter, *players = await opened(stack, address, 1 + beside)
        playing = [asyncio.create_task(tab.play(1000, 1 / PLAYED)) for tab in players]
        times = []
        for n in range(rounds):
            times.append(await setter.set("strategy@armenia", ("boulware", "linear")[n % 2]))
            times.append(await setter.reset())
            await courses(setter, "How 200 courses end")
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
        return times


async def courses_shown(address: str, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds from the opening to the first bands of courses, and to all courses."""
    first, every = [], []
    async with Tab(address) as tab:
        await courses(tab, "How 200 courses end")
        for _ in range(rounds):
            await tab.reset()
            first.append(await courses(tab, "How 40 courses end"))
            every.append(first[-1] + await courses(tab, "How 200 courses end"))
    return first, every


def together(address: str, *, tiny: bool) -> list[Figure]:
    """Return the figures of tabs beside each other."""
    tabs, beside, weeks, rounds = (2, 1, 3, 1) if tiny else (25, 9, 20, 8)
    first, every = asyncio.run(courses_shown(address, rounds))
    alone = asyncio.run(settings_shown(address, 0, rounds))
    shown = asyncio.run(settings_shown(address, beside, rounds))
    kept_up = asyncio.run(pace(address, tabs, weeks))
    median, slow = statistics.median, worst(shown)
    ratio = median(shown) / median(alone)
    what = "setting or Reset to shown"
    return [
        _line("opening to first bands of courses", median(first), "s", "40 courses"),
        _line("opening to all courses", median(every), "s", "200 courses"),
        _line(f"{what}, alone", median(alone), "s", "median"),
        _line(f"{what}, beside others", median(shown), "s", f"median; {beside} tabs play"),
        _line(f"{what}, beside others, slowest", slow, "s", f"95th per cent; {beside} tabs play"),
        _line(f"{what}, beside others / alone", ratio, "x", f"medians; {beside} tabs play"),
        _line("pace of a class, played / asked for", kept_up, "x", f"{tabs} tabs, 3 weeks/s each"),
    ]


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
            # Whole drafts keep the talks going for as long as they are watched.
            page.goto(f"{address}?bargaining=packages&horizon={15 if tiny else 156}")
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
    with served(free_port()) as (_process, address):
        return lines + together(address, tiny=tiny)


def worst(times: list[float]) -> float:
    """Return the 95th percentile."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


def _line(what: str, figure: float, unit: str, note: str) -> Figure:
    """Return one line of the table."""
    return {"what": what, "figure": figure, "unit": unit, "note": note}
