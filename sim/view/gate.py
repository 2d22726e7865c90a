"""What stands before Solara: serves the empty page at once, holds the rest until all is there.

Pages of other sites are refused: they could otherwise talk to the server through a visitor's
browser. So is, on loopback, a host of another name: a site could have its own name lead here. And
while one thread imports what the model needs, no other may look at the same modules, as Solara
does when it draws; so a page's connection waits until everything has been imported.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

from starlette.responses import FileResponse, HTMLResponse, Response

from sim.view.first_page import IMMUTABLE, folders, keep, kept, kept_file, static_file

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names under which a browser finds a server that listens on loopback."""
SESSION_COOKIE = "solara-session-id"


class Gate:
    """The application that the server runs.

    Parameters
    ----------
    hosts : set of str or None
        Hosts, without port, that requests may be sent to; None for any.

    Attributes
    ----------
    ready : threading.Event
        Set once the page behind the gate can be used, or could not be made.
    """

    def __init__(self, hosts: frozenset[str] | None = None) -> None:
        self._hosts = hosts
        self.ready = threading.Event()
        self._app: App | None = None
        self._leave: Callable[[], None] | None = None
        self._folders = folders()
        self._kept_file = kept_file()
        self._kept = kept(self._kept_file)

    def open(self, app: App, leave: Callable[[], None]) -> None:
        """Let requests through to the page.

        Parameters
        ----------
        app : ASGI application
        leave : callable
            Called when the server ends.
        """
        self._app, self._leave = app, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, pass it on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif not self._may_ask(dict(scope["headers"])):
            await _refuse(scope, receive, send)
        elif scope["type"] == "http" and (early := self._early(scope)) is not None:
            await early(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    def _may_ask(self, headers: dict[bytes, bytes]) -> bool:
        """Return whether a request is for this server and from its own page."""
        known = self._hosts is None or host_of(headers) in self._hosts
        return known and same_origin(headers)

    def _early(self, scope: Scope) -> Response | None:
        """Return what can be answered without Solara."""
        if scope["method"] not in ("GET", "HEAD"):
            return None
        path = scope["path"]
        if path == "/" and self._kept is not None:
            response = HTMLResponse(self._kept, headers={"Cache-Control": "no-cache"})
            response.set_cookie(SESSION_COOKIE, uuid4().hex, samesite="lax")
            return response
        file = static_file(path, self._folders)
        if file is not None:
            return FileResponse(file, headers={"Cache-Control": IMMUTABLE})
        return None

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until Solara can answer, and keep the page's HTML for the next start."""
        if not self.ready.is_set():
            await asyncio.to_thread(self.ready.wait)
        if self._app is None:
            await _refuse(scope, receive, send, status=503)
            return
        if scope["type"] == "http" and scope["path"] == "/":
            send = self._keeping(send)
        await self._app(scope, receive, send)

    def _keeping(self, send: Send) -> Send:
        """Return a `send` that keeps a whole page as it passes."""
        parts: list[bytes] = []
        good = False

        async def passing(message: Message) -> None:
            nonlocal good
            if message["type"] == "http.response.start":
                good = message["status"] == 200
            elif good:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    self._kept = b"".join(parts)
                    keep(self._kept_file, self._kept)
            await send(message)

        return passing

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the server's start and end."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._leave is not None:
                    self._leave()
                await send({"type": "lifespan.shutdown.complete"})
                return


def hosts_of(address: str) -> frozenset[str] | None:
    """Return the hosts that a server at an IP address answers to, None for any.

    Only on loopback are all of its names known.
    """
    if not ip_address(address).is_loopback:
        return None
    return LOOPBACK | {f"[{address}]" if ":" in address else address}


def host_of(headers: dict[bytes, bytes]) -> str:
    """Return the host that a request was sent to, in small letters and without its port."""
    return re.sub(r":\d*$", "", headers.get(b"host", b"").decode("latin-1").lower())


def same_origin(headers: dict[bytes, bytes]) -> bool:
    """Return whether a request's origin, if it names one, is the host that it was sent to."""
    origin = headers.get(b"origin")
    if origin is None:
        return True
    return origin.partition(b"://")[2] == headers.get(b"host", b"")


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int = 403) -> None:
    """Close a connection without an answer."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await Response(status_code=status)(scope, receive, send)
