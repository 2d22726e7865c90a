"""The empty page and its scripts, served before Solara has been imported.

A browser takes most of a second to load the scripts, and Solara as long to be imported; this way
both happen at once. The page's HTML, which Solara makes from a template, is the same each time, so
it is kept on disk under a digest of everything that it is made of.
"""

import asyncio
import contextlib
import hashlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.metadata import version
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.responses import FileResponse, HTMLResponse, Response

VIEW = Path(__file__).parent
MADE_BY = ("solara-server", "solara-ui", "solara-assets", "ipyvue", "ipyvuetify", "ipywidgets")
"""Distributions that the page depends on, beside the templates and styles of this package."""
IMMUTABLE = "public, max-age=31536000, immutable"
"""Scripts' addresses name a version or a digest of their content, so browsers may keep them."""


def script_folder() -> Path:
    """Return the folder with the installed scripts."""
    named = os.environ.get("SOLARA_ASSETS_PROXY_CACHE_DIR")
    return Path(named) if named else Path(sys.prefix) / "share" / "solara" / "cdn"


def folders() -> dict[str, list[Path]]:
    """Return which folders answer for which paths, the longest path first."""
    found = find_spec("solara")
    solara = Path(found.origin).parent / "server" if found and found.origin else VIEW
    return {
        "/static/assets/": [VIEW / "assets", solara / "assets"],
        "/static/": [solara / "static"],
        "/_solara/cdn/": [script_folder()],
        "/jupyter/nbextensions/": [Path(sys.prefix) / "share" / "jupyter" / "nbextensions"],
    }


def static_file(path: str, known: dict[str, list[Path]]) -> Path | None:
    """Return the file that a path of the page stands for, None if there is none.

    Parameters
    ----------
    path : str
        Of the address, without the query.
    known : dict
        Of `folders`.
    """
    for prefix, places in known.items():
        if not path.startswith(prefix):
            continue
        for place in places:
            file = (place / path.removeprefix(prefix)).resolve()
            if file.is_relative_to(place.resolve()) and file.is_file():
                return file
    return None


def kept_file() -> Path:
    """Return where the page's HTML is kept, or would be."""
    from sim.model.compiled import cache_folder

    digest = hashlib.blake2b(digest_size=16)
    digest.update(" ".join([sys.prefix, *(version(name) for name in MADE_BY)]).encode())
    for file in sorted([*VIEW.glob("templates/*"), *VIEW.glob("assets/*")]):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return cache_folder() / "page" / f"{digest.hexdigest()}.html"


def keep(file: Path, html: bytes) -> None:
    """Keep the page's HTML in the place of older ones; a full disk is let be."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
            part.write(html)
        os.replace(part.name, file)
        for other in file.parent.glob("*.html"):
            if other != file:
                other.unlink(missing_ok=True)


def kept(file: Path) -> bytes | None:
    """Return the kept HTML, None if there is none that is whole."""
    try:
        html = file.read_bytes()
    except OSError:
        return None
    return html if html.rstrip().endswith(b"</html>") else None


# ---- What stands before Solara: serves the empty page at once, holds the rest until all is ther

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
        known = self._hosts is None or host_of(headers) in self._hosts
        return known and same_origin(headers)

    def _early(self, scope: Scope) -> Response | None:
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
