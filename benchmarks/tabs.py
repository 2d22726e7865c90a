"""Tabs of the page without a browser: Solara's own protocol over a websocket.

A browser draws a week in tens of milliseconds and takes 100 MB a tab; a client like this one does
neither, so that many of them load the server and not the machine.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PATIENCE = 200.0
"""Seconds after which what does not come is an error."""
TRANSPORT, CONTROLS, BOARD = "now", "groups", "tick"
"""Each names a component of the page by one of the values that only it is sent."""


class Tab:
    """One visitor's page, open while the context is.

    Parameters
    ----------
    address : str
        Of the server, with the slash at its end.
    query : str
        What follows it, such as ``?seed=3``.
    """

    def __init__(self, address: str, query: str = "") -> None:
        host = address.removeprefix("http://")
        self._where = f"ws://{host}jupyter/api/kernels/{uuid4()}/channels?session_id={uuid4()}"
        self._query = query
        self._models: dict[str, dict[str, object]] = {}
        self._changed = asyncio.Event()
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Open the page and wait until its board has been sent."""
        cookie = {"Cookie": f"solara-session-id={uuid4().hex}"}
        self._socket = await connect(
            self._where,
            additional_headers=cookie,
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=PATIENCE,
        )
        self._reader = asyncio.create_task(self._read())
        control = uuid4().hex
        await self._send("comm_open", control, {}, target_name="solara.control")
        asked = {"path": f"/{self._query}", "themes": {}, "dark": False}
        await self._send("comm_msg", control, {"method": "run", "args": asked})
        await self.until(lambda: all(map(self._with, (TRANSPORT, BOARD, CONTROLS))))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close the page."""
        await self._socket.close()
        await self._reader

    def shown(self, component: str) -> dict[str, object]:
        """Return what a component shows now."""
        return self._models[self._with(component)]

    @property
    def week(self) -> int:
        """Weeks played until the week that is shown."""
        return int(str(self.shown(BOARD)["tick"]))

    async def fire(self, component: str, event: str, data: object) -> None:
        """Do what a visitor does to a component."""
        message = {"method": "custom", "content": {"event": event, "data": data}}
        await self._send("comm_msg", self._with(component), message)

    async def until(self, holds: Callable[[], bool]) -> float:
        """Wait until something holds of what is shown, and return the seconds that it took.

        Raises `TimeoutError` after `PATIENCE`.
        """
        begun = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
        return time.perf_counter() - begun

    async def play(self, weeks: int, interval: float) -> float:
        """Play weeks as the page does: each is asked for once the one before has been sent.

        Returns the seconds from the first that was asked for to the last that came.
        """
        begun = time.perf_counter()
        for _ in range(weeks):
            asked = time.perf_counter()
            run, week = self.now("run"), self.week + 1
            await self.fire(TRANSPORT, "go", {"run": run, "played": week})
            await self.until(lambda week=week: self.week == week == self.now("at"))
            if self.now("at_end"):
                break
            await asyncio.sleep(max(0.0, asked + interval - time.perf_counter()))
        return time.perf_counter() - begun

    async def set(self, key: str, value: str) -> float:
        """Set a value, and return the seconds until the page shows that it waits for Reset."""
        answered = self.shown(CONTROLS)["answered"]
        await self.fire(CONTROLS, "choose", {"key": key, "value": value})
        return await self.until(lambda: self.shown(CONTROLS)["answered"] != answered)

    async def reset(self) -> float:
        """Press Reset, and return the seconds until the new run's opening is shown."""
        run = self.now("run")
        await self.fire(CONTROLS, "reset", {"held": {}, "others": None})
        return await self.until(lambda: self.now("run") != run and self.week == 0)

    def now(self, name: str) -> object:
        """Return one of the values in the head of the page."""
        now = self.shown(TRANSPORT)["now"]
        assert isinstance(now, dict)
        return now[name]

    def _with(self, value: str) -> str:
        """Return the id of the component that is sent a value, empty if there is none yet."""
        return next((number for number, shown in self._models.items() if value in shown), "")

    async def _send(self, kind: str, comm: str, data: object, **more: str) -> None:
        header = {
            "msg_id": uuid4().hex,
            "msg_type": kind,
            "username": "",
            "session": "",
            "date": "",
        }
        message = {
            "header": header | {"version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "channel": "shell",
            "buffers": [],
            "content": {"comm_id": comm, "data": data, **more},
        }
        await self._socket.send(json.dumps(message))

    async def _read(self) -> None:
        """Keep what the page is sent until the connection ends."""
        with suppress(ConnectionClosed):
            async for message in self._socket:
                if not isinstance(message, str):
                    continue  # pictures and other bytes; the page sends none
                read = json.loads(message)
                content, kind = read["content"], read["header"]["msg_type"]
                if kind == "comm_open":
                    self._models[content["comm_id"]] = dict(content["data"].get("state", {}))
                elif kind == "comm_msg" and content["data"].get("method") == "update":
                    model = self._models.setdefault(content["comm_id"], {})
                    model.update(content["data"]["state"])
                elif kind == "comm_close":
                    self._models.pop(content["comm_id"], None)
                self._changed.set()
