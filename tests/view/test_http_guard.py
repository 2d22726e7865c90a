"""What stands before Solara: the empty page at once, other sites' pages never, the rest later."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from sim.view.server import (
    LOOPBACK,
    NEEDED,
    POLICIES,
    Guard,
    flaw_of,
    hosts_of,
    page_file,
    read_page,
    same_origin,
    script_folder,
    static_file,
    static_folders,
)

HTML = "<!doctype html><html><body>the page</body></html>"


class Answer(NamedTuple):
    """What a request got: the status, or the code that closed it; headers; body."""

    status: int
    headers: dict[str, str]
    text: str


def ask(guard: Guard, path: str, kind: str = "http", method: str = "GET", **headers: str) -> Answer:
    """Send one request through the guard, in a thread with a loop of its own."""
    address, _, query = path.partition("?")
    named = {"host": "me"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": kind,
        "method": method,
        "path": unquote(address),
        "raw_path": address.encode(),
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in named.items()],
        "http_version": "1.1",
        "scheme": "http",
    }
    sent: list[dict[str, object]] = []

    asked: list[str] = []

    async def receive() -> dict[str, object]:
        if asked:  # the client stays and says no more
            await asyncio.sleep(60)
        asked.append("request")
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def carried_out() -> None:
        await guard(scope, receive, send)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, carried_out()).result(timeout=30)
    body = b"".join(m.get("body", b"") for m in sent)  # type: ignore[misc]
    first = sent[0]
    found = {k.decode(): v.decode() for k, v in first.get("headers", [])}  # type: ignore[attr-defined]
    return Answer(int(str(first.get("status", first.get("code")))), found, body.decode())


async def index(request: Request) -> Response:
    return HTMLResponse(HTML)


async def other(request: Request) -> Response:
    return PlainTextResponse(request.url.path)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


def opened(guard: Guard) -> Guard:
    page = Starlette(routes=[Route("/", index), Route("/{path:path}", other)])
    guard.open(page, lambda: None)
    guard.ready.set()
    return guard


def test_requests_are_passed_on_once_all_is_there() -> None:
    guard = opened(Guard())
    assert ask(guard, "/").text == HTML
    assert ask(guard, "/anything").text == "/anything"


def test_the_page_is_kept_for_the_next_start() -> None:
    assert read_page(page_file()) is None
    ask(opened(Guard()), "/")
    assert read_page(page_file()) == HTML.encode()
    early = ask(Guard(), "/?seed=4")
    assert early.text == HTML
    assert "solara-session-id=" in early.headers["set-cookie"]


def test_what_is_not_there_yet_is_waited_for() -> None:
    guard = Guard()
    threading.Timer(0.3, opened, (guard,)).start()
    assert ask(guard, "/anything").text == "/anything"


def test_a_page_that_could_not_be_made_is_refused() -> None:
    guard = Guard()
    guard.ready.set()
    assert ask(guard, "/anything").status == 503


def test_scripts_and_styles_are_served_at_once() -> None:
    guard = Guard()
    script = ask(guard, f"/_solara/cdn/{NEEDED}")
    assert script.status == 200
    assert "immutable" in script.headers["cache-control"]
    assert "--paper" in ask(guard, "/static/assets/custom.css?v=1").text
    assert ask(guard, "/static/main-vuetify.js").status == 200
    assert ask(guard, "/jupyter/nbextensions/jupyter-vue/nodeps.js").status == 200


def test_the_page_is_left_when_the_server_ends() -> None:
    left: list[str] = []
    guard = Guard()
    guard.open(Starlette(), lambda: left.append("left"))
    asked = iter(["lifespan.startup", "lifespan.shutdown"])
    answered: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": next(asked)}

    async def send(message: dict[str, str]) -> None:
        answered.append(message["type"])

    async def carried_out() -> None:
        await guard({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, carried_out()).result(timeout=30)
    assert answered == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert left == ["left"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../pyproject.toml",
        "/static/assets/../session.py",
        "/_solara/cdn/../../../../etc/passwd",
        "/_solara/cdn//etc/passwd",
        "/static/",
        "/elsewhere",
    ],
)
def test_no_other_file_is_served(path: str) -> None:
    assert static_file(path, static_folders()) is None


def test_scripts_come_from_the_installation() -> None:
    assert (script_folder() / NEEDED).is_file()


@pytest.mark.parametrize(
    ("origin", "verdict"),
    [
        (None, True),
        (b"http://127.0.0.1:8765", True),
        (b"http://evil.example", False),
        (b"http://127.0.0.1:9999", False),
        (b"null", False),
    ],
)
def test_only_its_own_pages_may_talk_to_it(origin: bytes | None, verdict: bool) -> None:
    headers = {b"host": b"127.0.0.1:8765"} | ({b"origin": origin} if origin else {})
    assert same_origin(headers) is verdict


def test_pages_of_other_sites_are_refused() -> None:
    guard = opened(Guard())
    assert ask(guard, "/anything", origin="http://evil.example").status == 403
    assert ask(guard, "/anything", kind="websocket", origin="http://evil.example").status == 1008
    assert ask(guard, "/anything", origin="http://me").text == "/anything"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_for_loopback_is_refused(kind: str) -> None:
    """A site can have its own name lead to this machine (DNS rebinding)."""
    guard = opened(Guard(hosts_of("127.0.0.1")))
    closed = 1008 if kind == "websocket" else 403
    for host in ("evil.example:8765", "evil.example", "", "127.0.0.1.evil.example", "x@localhost"):
        assert ask(guard, "/", kind, host=host).status == closed, host
        assert ask(guard, "/", kind, host=host, origin=f"http://{host}").status == closed, host


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765", "[::1]", "127.0.0.1"]
)
def test_the_names_of_loopback_are_answered(host: str) -> None:
    assert ask(opened(Guard(hosts_of("127.0.0.1"))), "/", host=host).text == HTML


def test_only_loopback_has_names_that_are_known() -> None:
    assert hosts_of("::1") == LOOPBACK
    assert hosts_of("127.0.0.2") == LOOPBACK | {"127.0.0.2"}
    assert hosts_of("192.168.1.4") is None


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/%zz", "GET", 400),
        ("/%", "GET", 400),
        ("/%ff", "GET", 400),
        ("/static/%00", "GET", 400),
        ("/a%0d%0ab", "GET", 400),
        ("/" + "a" * 256, "GET", 414),
        ("/a" * 2_000, "GET", 414),
        ("/anything", "POST", 405),
        ("/", "PUT", 405),
        ("/static/main-vuetify.js", "DELETE", 405),
        ("/", "BREW", 405),
        ("/_solara/api/close/one", "POST", 400),
        ("/_solara/api/close/one?session_id=", "POST", 400),
        ("/_solara/api/evict/one", "POST", 405),
    ],
)
def test_broken_requests_are_refused(path: str, method: str, status: int) -> None:
    answer = ask(opened(Guard()), path, method=method)
    assert answer.status == status
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/jupyter/api/kernels/one/channels",
        "/jupyter/api/kernels/one/channels?session_id=",
        "/jupyter/api/kernels/one/other?session_id=two",
        "/jupyter/api/kernels/a%20b/channels?session_id=two",
        "/anything?session_id=two",
    ],
)
def test_broken_websockets_are_closed(path: str) -> None:
    assert ask(opened(Guard()), path, "websocket").status == 1008


def test_huge_and_odd_headers_are_refused() -> None:
    guard = opened(Guard())
    assert ask(guard, "/anything", cookie="a" * 40_000).status == 431
    for host in ("[::1", "me:99999999", "me/there", "me you"):
        assert ask(guard, "/anything", host=host).status == 400, host
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
    assert flaw_of({**scope, "headers": [(b"host", b"me"), (b"host", b"you")]}) == 400
    assert flaw_of({**scope, "headers": [(b"host", b"me")]}) is None


def test_what_a_proxy_would_say_does_not_reach_the_page() -> None:
    """Solara would look up the port of an unknown scheme, and fail."""

    async def told(request: Request) -> Response:
        return PlainTextResponse(" ".join(sorted(request.headers)))

    guard = Guard()
    guard.open(Starlette(routes=[Route("/{path:path}", told)]), lambda: None)
    guard.ready.set()
    answer = ask(guard, "/a", x_forwarded_proto="gopher", x_forwarded_host="x", script_name="/b")
    assert answer.text == "host"


def test_policies_are_sent_with_every_answer() -> None:
    guard = opened(Guard())
    for path in ("/", "/anything", "/static/main-vuetify.js", "/%zz"):
        found = ask(guard, path).headers
        assert {name.decode(): found[name.decode()] for name, _ in POLICIES} == {
            name.decode(): value.decode() for name, value in POLICIES
        }
