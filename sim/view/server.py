"""The server of the page: Solara on uvicorn, on loopback unless told otherwise.

Solara would fetch missing scripts from a public network, count its users and look for newer
versions. Here scripts come from the installed package only, and nothing else is asked for. Before
it stands a guard, which sends the empty page and its scripts at once, and other sites' pages never:
a browser takes most of a second to load the scripts, and Solara as long to be imported; served
from here, both happen at once. Whatever else is asked for waits until Solara is there. Nothing
heavy is imported at the top of this module.
"""

import asyncio
import errno
import gc
import logging
import os
import re
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sim.errors import ConfigError, SimError
from sim.view.choices import cache_file, keep_whole

VIEW = Path(__file__).parent
PORT = 8765
TRIED = 20
"""Ports that are tried from `PORT` on if none was named."""
LAST_PORT = 65_535
PAGE = "sim.view.page"
NEEDED = "requirejs@2.3.6/require.js"
"""One of the installed scripts, to see whether they are there."""
CUT_OFF = ("uvicorn.error", "solara.server.kernel", "asyncio")
"""Loggers that would call it an error that a page was being sent something at the end."""
FIRST_DRAWN = 0.7
"""Seconds after which the first page has been drawn."""

_SILENT = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_TELEMETRY_SERVER_USER_ID": "none",
    "SOLARA_MODE": "production",
    "SOLARA_KERNEL_CULL_TIMEOUT": "30m",
    "SOLARA_GC_FREEZE": "False",
    "SOLARA_SERVER_HTTP_GZIP": "False",
    "SOLARA_THEME_LOADER": "sim",
    "SOLARA_THEME_TITLE": "Peace talks simulator",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "False",
}
"""Solara's settings, read from the environment when it is imported."""


def open_socket(host: str, port: int | None) -> socket.socket:
    """Return a bound socket; without a port, on the first free one from `PORT` on.

    Raises `ConfigError` if the port is no port or taken, or the host is not an address of this
    machine. Raises `SimError` if no port was named and none is free.
    """
    if port is not None and not 0 <= port <= LAST_PORT:
        raise ConfigError([f"--port: must be from 0 to {LAST_PORT}, got {port}"])
    for number in range(PORT, PORT + TRIED) if port is None else (port,):
        bound = _bound(host, number)
        if bound is not None:
            return bound
    if port is None:
        raise SimError(f"--port: {PORT} to {PORT + TRIED - 1} are all taken; name another one")
    raise ConfigError([f"--port: {port} is taken; name another one"])


def _bound(host: str, port: int) -> socket.socket | None:
    """Return a listening socket, None if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        if isinstance(error, socket.gaierror):
            raise ConfigError([f"--host: there is no host '{host}'"]) from error
        if isinstance(error, PermissionError):
            raise ConfigError([f"--port: {port} may not be used by this user"]) from error
        if error.errno == errno.EADDRNOTAVAIL:
            raise ConfigError([f"--host: '{host}' is no address of this machine"]) from error
        return None
    return bound


def address_of(bound: socket.socket) -> str:
    """Return the address under which a browser finds the page."""
    host, port = bound.getsockname()[:2]
    shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(bound: socket.socket) -> None:
    """Serve the page until interrupted; raises `SimError` if its scripts are not installed."""
    from uvicorn import Config, Server

    scripts = script_folder()
    if not (scripts / NEEDED).is_file():
        raise SimError(
            f"view: the scripts of the page are missing in {scripts}; "
            "pip install 'peace-talks-sim[view]'",
            exit_code=2,
        )
    guard = Guard(hosts_of(bound.getsockname()[0]))
    config = Config(
        guard,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        loop="asyncio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    threading.Thread(target=prepare, args=(guard, address_of(bound)), daemon=True).start()
    server = Server(config)
    for name in CUT_OFF:
        logging.getLogger(name).addFilter(lambda _: not server.should_exit)
    server.run(sockets=[bound])


def prepare(guard: "Guard", address: str) -> None:
    """Import Solara and the model while the browser loads its scripts, and let requests through.

    Until then two threads work at once; the one that serves gets its turn ten times as often.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        open_page(guard, address)
        from sim.view.choices import started
        from sim.view.session import Session

        session = Session(started())
    finally:
        guard.ready.set()
        sys.setswitchinterval(usual)
        # What has been imported stays; the collector need not look at it again.
        gc.freeze()
        gc.enable()
    # The first page is drawn first; then a week is played, so that nobody waits for compiling.
    time.sleep(FIRST_DRAWN)
    session.go(1)
    session.close()


def open_page(guard: "Guard", address: str) -> None:
    """Import Solara, set up to be silent, and put the page behind the guard."""
    os.environ.update(_SILENT)
    from solara.server import app as solara_app
    from solara.server import settings, starlette
    from solara.widgets import Navigator
    from starlette.applications import Starlette

    settings.main.root_path = ""
    settings.main.base_url = address
    # Solara wants cookies that another site's page could send; here none may.
    warnings.filterwarnings("ignore", "Cookies with samesite=none", UserWarning)
    # Solara's own breaks with a warning at each load, and writes over the state of the history.
    Navigator.template_file = str(Path(__file__).parent / "templates" / "navigator.vue")
    solara_app.apps["__default__"] = solara_app.AppScript(PAGE)
    starlette.on_startup()
    # Solara's own route to scripts would fetch what is missing; the guard serves what there is.
    routes = [
        route
        for route in starlette.routes
        if not getattr(route, "path", "").startswith("/_solara/cdn")
    ]
    page = Starlette(routes=routes, middleware=list(starlette.middleware))
    guard.open(page, starlette.on_shutdown)


def can_show_browser() -> bool:
    """Return whether a browser window could be seen by somebody."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


# --- what stands before Solara

IMMUTABLE = "public, max-age=31536000, immutable"
"""Scripts' addresses name a version or a digest of their content, so browsers may keep them."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""Names under which a browser finds a server that listens on loopback."""
SESSION_COOKIE = "solara-session-id"
POLICIES = (
    (
        b"content-security-policy",
        # Vue compiles the page's templates in the browser, which is what 'unsafe-eval' is for.
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' "
        b"'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; "
        b"base-uri 'self'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
"""Sent with every answer."""
LONGEST_PATH, LONGEST_NAME, LARGEST_HEADERS = 2_048, 255, 32_768
"""Most bytes of a path, of a name between its slashes, and of all headers."""
DRAWN_BY = ("solara-server", "solara-ui", "solara-assets", "ipyvue", "ipyvuetify", "ipywidgets")
"""Distributions that the page's HTML depends on, beside this package's templates and styles."""
_PROXY = (b"x-forwarded-", b"forwarded", b"script-name", b"x-script-name")
"""Headers that a proxy would set. There is none, and Solara would believe them."""
_HOST = re.compile(rb"(\[[0-9a-f:.%]+\]|[\w.-]*)(:\d{1,5})?", re.IGNORECASE)
_NO_PATH = re.compile(rb"%(?![0-9a-f]{2})|%[01][0-9a-f]|%7f", re.IGNORECASE)
_KERNEL = re.compile(r"/jupyter/api/kernels/[\w-]{1,64}/channels")
_CLOSE = re.compile(r"/_solara/api/close/[\w-]{1,64}")


def page_file() -> Path:
    """Return where the page's HTML is kept, or would be."""
    parts = [" ".join([sys.prefix, *(version(name) for name in DRAWN_BY)]).encode()]
    for file in sorted([*VIEW.glob("templates/*"), *VIEW.glob("assets/*")]):
        parts += [file.name.encode(), file.read_bytes()]
    return cache_file("page", parts, ".html")


def read_page(file: Path) -> bytes | None:
    """Return the kept HTML, None if there is none that is whole."""
    try:
        html = file.read_bytes()
    except OSError:
        return None
    return html if html.rstrip().endswith(b"</html>") else None


def keep_page(file: Path, html: bytes) -> None:
    """Keep the page's HTML in place of older ones."""
    keep_whole(file, html, most=1)


def script_folder() -> Path:
    """Return the folder with the installed scripts."""
    named = os.environ.get("SOLARA_ASSETS_PROXY_CACHE_DIR")
    return Path(named) if named else Path(sys.prefix) / "share" / "solara" / "cdn"


def static_folders() -> dict[str, list[Path]]:
    """Return which folders answer for which beginnings of a path, the longest first."""
    found = find_spec("solara")
    solara = Path(found.origin).parent / "server" if found and found.origin else VIEW
    return {
        "/static/assets/": [VIEW / "assets", solara / "assets"],
        "/static/": [solara / "static"],
        "/_solara/cdn/": [script_folder()],
        "/jupyter/nbextensions/": [Path(sys.prefix) / "share" / "jupyter" / "nbextensions"],
    }


def static_file(path: str, folders: dict[str, list[Path]]) -> Path | None:
    """Return the file in `static_folders` that an address's path stands for, None if none."""
    for prefix, places in folders.items():
        if not path.startswith(prefix):
            continue
        for place in places:
            file = (place / path.removeprefix(prefix)).resolve()
            if file.is_relative_to(place.resolve()) and file.is_file():
                return file
    return None


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
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host", b"")


def flaw_of(scope: Scope) -> int | None:
    """Return the status that refuses a request which Solara would stumble over, None if none."""
    path, headers = scope["path"], scope["headers"]
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or not all(_HOST.fullmatch(host) for host in hosts):
        return 400
    if sum(len(name) + len(value) for name, value in headers) > LARGEST_HEADERS:
        return 431
    raw = scope.get("raw_path") or path.encode()
    if len(raw) > LONGEST_PATH or max(map(len, path.encode().split(b"/"))) > LONGEST_NAME:
        return 414
    if _NO_PATH.search(raw) or "\ufffd" in path:
        return 400
    names_page = b"session_id" in parse_qs(scope["query_string"])
    if scope["type"] == "websocket":
        return None if _KERNEL.fullmatch(path) and names_page else 404
    if scope["method"] == "POST" and _CLOSE.fullmatch(path):
        return None if names_page else 400
    return None if scope["method"] in ("GET", "HEAD") else 405


def with_policies(send: Send) -> Send:
    """Return `send`, adding `POLICIES` to the head of an answer."""

    async def passing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *POLICIES]
        await send(message)

    return passing


class Guard:
    """The ASGI application that the server runs.

    `hosts` are those, without port, that requests may be sent to; None for any. `ready` is set
    once Solara can be used, or could not be started.
    """

    def __init__(self, hosts: frozenset[str] | None = None) -> None:
        self.ready = threading.Event()
        self._hosts = hosts
        self._app: ASGIApp | None = None
        self._shut_down: Callable[[], None] | None = None
        self._folders = static_folders()
        self._page_file = page_file()
        self._page = read_page(self._page_file)

    def open(self, app: ASGIApp, shut_down: Callable[[], None]) -> None:
        """Let requests through to `app`; `shut_down` is called when the server ends."""
        self._app, self._shut_down = app, shut_down

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, pass it on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._follow_server(receive, send)
            return
        send = with_policies(send)
        kept = [(name, value) for name, value in scope["headers"] if not name.startswith(_PROXY)]
        scope = {**scope, "headers": kept}
        if not self._may_ask(dict(kept)):
            await _refuse(scope, receive, send)
        elif (status := flaw_of(scope)) is not None:
            await _refuse(scope, receive, send, status)
        elif scope["type"] == "http" and (early := self._early(scope)) is not None:
            await early(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    def _may_ask(self, headers: dict[bytes, bytes]) -> bool:
        known = self._hosts is None or host_of(headers) in self._hosts
        return known and same_origin(headers)

    def _early(self, scope: Scope) -> Response | None:
        """Return what can be answered without Solara, None if it is needed."""
        if scope["method"] == "POST":
            return None
        if scope["path"] == "/" and self._page is not None:
            response = HTMLResponse(self._page, headers={"Cache-Control": "no-cache"})
            response.set_cookie(SESSION_COOKIE, uuid4().hex, samesite="lax")
            return response
        file = static_file(scope["path"], self._folders)
        return None if file is None else FileResponse(file, headers={"Cache-Control": IMMUTABLE})

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
        """Return `send`, keeping the body of a good answer."""
        parts: list[bytes] = []
        good = False

        async def passing(message: Message) -> None:
            nonlocal good
            if message["type"] == "http.response.start":
                good = message["status"] == 200
            elif good:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    self._page = b"".join(parts)
                    keep_page(self._page_file, self._page)
            await send(message)

        return passing

    async def _follow_server(self, receive: Receive, send: Send) -> None:
        """Acknowledge the server's start and end."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._shut_down is not None:
            self._shut_down()
        await send({"type": "lifespan.shutdown.complete"})


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int = 403) -> None:
    """Close a connection without an answer."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        allowed = {"Allow": "GET, HEAD"} if status == 405 else None
        await Response(status_code=status, headers=allowed)(scope, receive, send)
