"""The server of the page: Solara on uvicorn, on loopback unless told otherwise, nothing outward.

Solara would fetch scripts that are missing from a public network, count its users and look for
newer versions. Here scripts come from the installed package only, and nothing else is asked for.
"""

import asyncio
import gc
import os
import socket
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SimError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.staticfiles import StaticFiles
    from starlette.types import Receive, Scope, Send

PORT = 8765
TRIED = 20
"""Ports that are tried from `PORT` on if none was named."""
PAGE = "sim.view.page.app"
NEEDED = "requirejs@2.3.6/require.js"
"""One of the scripts that come with the package, to see whether they are there."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

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
    """Return a bound socket.

    Parameters
    ----------
    host : str
    port : int or None
        None for the first free one from `PORT` on.

    Raises
    ------
    ConfigError
        If the port is taken or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(PORT, PORT + TRIED) if port is None else (port,)
    for number in ports:
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, number))
            bound.listen(128)
        except socket.gaierror as error:
            bound.close()
            raise ConfigError([f"--host: there is no host '{host}'"]) from error
        except PermissionError as error:
            bound.close()
            raise ConfigError([f"--port: {number} may not be used by this user"]) from error
        except OSError as error:
            bound.close()
            if error.errno == 99:  # EADDRNOTAVAIL
                raise ConfigError([f"--host: '{host}' is no address of this machine"]) from error
            continue
        return bound
    if port is None:
        raise SimError(f"--port: {PORT} to {PORT + TRIED - 1} are all taken; name another one")
    raise ConfigError([f"--port: {port} is taken; name another one"])


def address_of(bound: socket.socket) -> str:
    """Return the address under which a browser finds the page."""
    host, port = bound.getsockname()[:2]
    shown = "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared only
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(bound: socket.socket) -> None:
    """Serve the page until the process is interrupted.

    Raises
    ------
    SimError
        If the scripts of the page are not installed.
    """
    app = make_app()
    # Solara wants cookies that another site's page could send; here none may.
    warnings.filterwarnings("ignore", "Cookies with samesite=none", UserWarning)
    from uvicorn import Config, Server

    config = Config(
        app,
        log_level="warning",
        access_log=False,
        loop="asyncio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    threading.Thread(target=prepare, args=(app.ready,), daemon=True).start()
    Server(config).run(sockets=[bound])


def prepare(ready: threading.Event) -> None:
    """Import the model and play a week of it, while the browser loads its scripts.

    Until then two threads work at once; the one that serves gets its turn ten times as often.

    Parameters
    ----------
    ready : threading.Event
        Set once everything has been imported.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        from sim.view.session import Session
        from sim.view.start import started

        session = Session(started())
        ready.set()
        session.forth()
        session.close()
    finally:
        ready.set()
        sys.setswitchinterval(usual)
        # What has been imported lasts: the collector need not look at it again.
        gc.freeze()
        gc.enable()


def make_app() -> "Guard":
    """Return the page as an application, with Solara set up to be silent.

    Raises
    ------
    SimError
        If the scripts of the page are not installed.
    """
    os.environ.update(_SILENT)
    from solara.server import app as solara_app
    from solara.server import settings, starlette
    from starlette.applications import Starlette
    from starlette.routing import Mount

    scripts = Path(settings.assets.proxy_cache_dir)
    if not (scripts / NEEDED).is_file():
        raise SimError(
            f"view: the scripts of the page are missing in {scripts}; "
            "pip install 'peace-talks-sim[view]'",
            exit_code=2,
        )
    solara_app.apps["__default__"] = solara_app.AppScript(PAGE)
    # Solara's own mount fetches what it does not have; this one only serves what is installed.
    local = Mount("/_solara/cdn", app=_scripts(scripts))
    routes = [local, *(route for route in starlette.routes if not _is_proxy(route))]
    app = Starlette(
        routes=routes, lifespan=starlette.lifespan, middleware=list(starlette.middleware)
    )
    return Guard(app)


def _scripts(folder: Path) -> "StaticFiles":
    """Return the installed scripts; their paths name their versions, so browsers may keep them."""
    from starlette.staticfiles import StaticFiles

    class Scripts(StaticFiles):
        def file_response(self, *args: object, **kwargs: object) -> "Response":
            response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
            return response

    return Scripts(directory=folder)


def _is_proxy(route: object) -> bool:
    """Return whether a route is the one that fetches scripts from elsewhere."""
    return getattr(route, "path", "").startswith("/_solara/cdn")


class Guard:
    """Lets only its own pages talk to the server, and only once the model is there.

    Pages of other sites could otherwise talk to it through a visitor's browser. And while one
    thread imports what the model needs, no other may look at the same modules, as Solara does.

    Parameters
    ----------
    app : ASGI application

    Attributes
    ----------
    ready : threading.Event
        Set once the model has been imported.
    """

    def __init__(self, app: "Starlette") -> None:
        self.app = app
        self.ready = threading.Event()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass a request on, or close it if it comes from a page of another host."""
        kind = scope["type"]
        if kind in ("http", "websocket") and not same_origin(dict(scope["headers"])):
            if kind == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"another site's page"})
            return
        if kind == "websocket" and not self.ready.is_set():
            await asyncio.to_thread(self.ready.wait)
        await self.app(scope, receive, send)


def same_origin(headers: dict[bytes, bytes]) -> bool:
    """Return whether a request's origin, if it names one, is the host that it was sent to."""
    origin = headers.get(b"origin")
    if origin is None:
        return True
    return origin.partition(b"://")[2] == headers.get(b"host", b"")


def can_show_browser() -> bool:
    """Return whether a browser window could be seen by somebody."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
