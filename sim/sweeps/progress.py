"""How far a sweep is: a bar on a terminal, plain lines where the output is piped."""

import sys
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from sim.runs.terminal import console, counted, duration
from sim.sweeps.execute import Reporter
from sim.sweeps.play import Receipt

LINE_SECONDS = 5.0
"""Least time between two plain lines."""


def reporter() -> Reporter:
    """Return the reporter that suits standard error."""
    return Bar() if sys.stderr.isatty() else Lines()


class _Count:
    """Counts runs and measures their rate."""

    def __init__(self) -> None:
        self.total = self.done = self.before = self.failed = 0
        self.note = ""
        self.began = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Begin to count."""
        self.total, self.done, self.before = total, done, done
        self.began = time.monotonic()

    def add(self, receipt: Receipt) -> None:
        """Count one chunk."""
        self.done += receipt.chunk.runs
        self.failed += receipt.failed

    @property
    def rate(self) -> float:
        """Runs a second since the start."""
        return (self.done - self.before) / max(time.monotonic() - self.began, 1e-9)

    @property
    def told(self) -> str:
        """Rate, remaining time, failures, and what is waited for."""
        left = (self.total - self.done) / self.rate if self.rate > 0 else float("inf")
        text = f"{self.rate:,.0f} runs/s"
        if left not in (0.0, float("inf")):
            text += f", {duration(left)} left"
        if self.failed:
            text += f", {self.failed:,} failed"
        return f"{text}; {self.note}" if self.note else text


class Bar:
    """A progress bar with rate and remaining time."""

    def __init__(self) -> None:
        self._count = _Count()
        self._progress = Progress(
            TextColumn("sweep"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            console=console(error=True),
        )
        self._task: TaskID | None = None

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(f"sim: {line}", markup=False)

    def start(self, total: int, done: int, where: str) -> None:
        """Show the bar."""
        self._count.start(total, done)
        self._task = self._progress.add_task("sweep", total=total, completed=done, told="")
        self._progress.start()

    def advance(self, receipt: Receipt) -> None:
        """Move the bar."""
        self._count.add(receipt)
        self._show()

    def note(self, text: str) -> None:
        """Show what is waited for beside the bar."""
        self._count.note = text
        self._show()

    def _show(self) -> None:
        if self._task is not None:
            told = self._count.told
            self._progress.update(self._task, completed=self._count.done, told=told)

    def stop(self) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()


class Lines:
    """A plain line every few seconds."""

    def __init__(self) -> None:
        self._count = _Count()
        self._last = 0.0

    def say(self, line: str) -> None:
        """Print a line."""
        print(f"sim: {line}", file=sys.stderr, flush=True)

    def start(self, total: int, done: int, where: str) -> None:
        """Say how much there is to do."""
        self._count.start(total, done)
        self._last = time.monotonic()
        stored = f", {done:,} of them stored already" if done else ""
        self.say(f"{counted(total, 'run')}{stored}; {where}")

    def advance(self, receipt: Receipt) -> None:
        """Print a line if the last one is some seconds old."""
        self._count.add(receipt)
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._print()

    def note(self, text: str) -> None:
        """Print a line at once if there is something new to wait for."""
        self._count.note = text
        if text:
            self._print()

    def _print(self) -> None:
        self._last = time.monotonic()
        share = self._count.done / self._count.total
        self.say(f"{counted(self._count.done, 'run')}, {share:.0%}, {self._count.told}")

    def stop(self) -> None:
        """Say how many runs are stored, if any has been played."""
        if self._count.done > self._count.before:
            done = counted(self._count.done, "run")
            self.say(f"{done} stored, {self._count.rate:,.0f} runs/s")
