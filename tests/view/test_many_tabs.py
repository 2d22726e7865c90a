"""A class at once: many tabs of one server, driven over websockets without a browser."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from threading import Event, Thread
from urllib.parse import unquote

import pytest

from benchmarks.bench_view import resident
from benchmarks.tabs import BOARD, Tab
from sim.view.choices import Start
from sim.view.page import Precedence
from sim.view.session import Session
from tests.view.conftest import Server

TABS = 25
WEEKS, HORIZON = 6, 12
A_SECOND = 3.0
"""Weeks a second that each tab asks for."""
SETTINGS = ("public=none", f"horizon={HORIZON}")
MOST_LEFT = 4.0
"""MB that a run may leave behind while caches fill; test_watch asks that it is let go of at all."""


@pytest.fixture(scope="module")
def busy(compiled: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve talks without a public, which are quickly played."""
    started = Server(SETTINGS, tmp_path_factory.mktemp("busy"))
    yield started
    started.stop()


async def opened(stack: AsyncExitStack, url: str, seeds: Sequence[int]) -> list[Tab]:
    """Return a tab for each seed, open as long as the stack.

    The first has all machine code read from the disk before the others come at once.
    """
    first, *rest = (Tab(url, f"?seed={seed}") for seed in seeds)
    await stack.enter_async_context(first)
    await first.until(lambda: "How 200 courses end" in str(first.shown(BOARD)["panels"]))
    await asyncio.gather(*(stack.enter_async_context(tab) for tab in rest))
    return [first, *rest]


def test_a_class_plays_each_its_own_run(busy: Server) -> None:
    left: list[float] = []

    async def play() -> list[tuple[int, tuple[object, object], object]]:
        async with AsyncExitStack() as stack:
            tabs = await opened(stack, busy.url, range(TABS))
            for _ in range(2):
                await asyncio.gather(*(tab.play(WEEKS, 1 / A_SECOND) for tab in tabs))
                left.append(resident(busy.process.pid))
                shown = [
                    (
                        tab.week,
                        (tab.now("address"), tab.now("sentence")),
                        tab.shown(BOARD)["panels"],
                    )
                    for tab in tabs
                ]
                await asyncio.gather(*(tab.reset() for tab in tabs))
            return shown

    for seed, (week, now, panels) in enumerate(asyncio.run(play())):
        session = Session(Start(SETTINGS), f"?seed={seed}")
        session.go(WEEKS)
        assert week == session.watch.now.played
        assert week > 0
        assert now == (session.address, session.sentence)
        assert isinstance(panels, dict)
        assert panels["moves"] == session.panels()["moves"]
        session.close()
    assert left[1] - left[0] < TABS * MOST_LEFT
    assert busy.errors.read_text() == ""


def test_a_setting_is_shown_and_nothing_is_lost_beside_playing_tabs(busy: Server) -> None:
    async def play() -> tuple[list[int], object, int]:
        async with AsyncExitStack() as stack:
            *players, setter = await opened(stack, busy.url, range(10))
            playing = asyncio.gather(*(tab.play(WEEKS, 0.0) for tab in players))
            await setter.set("strategy@armenia", "linear")
            await setter.reset()
            address = setter.now("address")
            await playing
            return [tab.week for tab in players], address, setter.week

    weeks, address, week = asyncio.run(play())
    assert min(weeks) >= 4
    assert "strategy@armenia=linear" in unquote(str(address))
    assert week == 0
    assert busy.errors.read_text() == ""


def test_weeks_take_turns_and_wait_for_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Precedence, "LONGEST", 60.0)  # a machine that stalls lets no week in early
    precedence = Precedence()
    held, begun, order = Event(), Event(), []

    def play(name: str) -> None:
        with precedence.later():
            order.append(name)
            begun.set()
            held.wait(10)

    with precedence.first():
        one = Thread(target=play, args=("a week",))
        one.start()
        one.join(0.05)
        order.append("what is set")
    assert begun.wait(10)
    other = Thread(target=play, args=("another week",))
    other.start()
    other.join(0.05)
    assert order == ["what is set", "a week"]
    with precedence.first():
        order.append("set meanwhile")  # does not wait for the week that is being played
    held.set()
    one.join()
    other.join()
    assert order == ["what is set", "a week", "set meanwhile", "another week"]


def test_a_week_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Precedence, "LONGEST", 0.01)
    precedence = Precedence()
    with precedence.first(), precedence.later(), precedence.later():
        pass
