"""The server of the page: Solara on uvicorn, on loopback unless told otherwise.

Solara would fetch missing scripts from a public network, count its users and look for newer
versions. Here scripts come from the installed package only, and nothing else is asked for.
"""

import errno
import gc
import os
import socket
import sys
import threading
import time
import warnings
from pathlib import Path

from sim.errors import ConfigError, SimError
from sim.view.http_guard import Guard, hosts_of, script_folder

PORT = 8765
TRIED = 20
"""Ports that are tried from `PORT` on if none was named."""
LAST_PORT = 65_535
PAGE = "sim.view.page"
NEEDED = "requirejs@2.3.6/require.js"
"""One of the installed scripts, to see whether they are there."""
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
    Server(config).run(sockets=[bound])


def prepare(guard: Guard, address: str) -> None:
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
    session.forth()
    session.close()


def open_page(guard: Guard, address: str) -> None:
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
