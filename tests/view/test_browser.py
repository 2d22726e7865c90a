"""The page in Chromium: what a visitor sees, does, and is told when something goes wrong."""

import json
import re
import shlex
import socket
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from sim import sweep
from sim.commands.cli import main
from sim.model.codes import Treaty
from sim.runs.story import STATUS_WORDS, day_of, words_of
from sim.view.board.path import ENDINGS
from sim.view.choices import Choices, Start, settings_of
from sim.view.stored import StoredSweep, differences
from sim.view.watch import Watch

from .conftest import Server

pytestmark = pytest.mark.browser

STEP = "button.step"
PLAY = ".transport button.main"
LONG = "?bargaining=packages"
"""Talks that go on to the horizon, their text open, so that there are weeks and demands to show."""
ENOUGH = {"serious", "critical"}
"""Impacts of axe's findings that are not let pass."""


def opened(page: Page, server: Server, query: str = "") -> Page:
    """Open the page and wait until it can be used."""
    page.goto(server.url + query)
    expect(page.locator("main[data-tick]")).to_be_visible(timeout=60_000)
    return page


def tick(page: Page) -> int:
    return int(page.get_attribute("main", "data-tick") or -1)


def at(page: Page, played: int) -> None:
    """Wait until so many weeks are shown."""
    expect(page.locator(f'main[data-tick="{played}"]')).to_have_count(1)


def courses_played(page: Page) -> None:
    """Wait until all courses of the settings are counted, since the panels show what there is."""
    expect(page.locator(".courses h3")).to_have_text("How 200 courses end", timeout=60_000)


def set_field(page: Page, key: str, value: str) -> None:
    """Write a value into a field and leave it."""
    field = page.locator(f'[data-key="{key}"] input')
    field.fill(value)
    field.blur()
    expect(page.locator(f'[data-key="{key}"] .waiting')).to_be_visible()


def reset(page: Page) -> None:
    page.get_by_role("button", name="Reset", exact=True).click()


def alert(page: Page) -> str:
    box = page.get_by_role("alert").locator("li").first
    expect(box).to_be_visible()
    return page.get_by_role("alert").inner_text()


# --- the run


def test_it_loads_and_shows_the_opening(page: Page, server: Server) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    opened(page, server)
    expect(page).to_have_title("Armenia and Azerbaijan, September 2024 - peace talks simulator")
    assert page.get_attribute("html", "lang") == "en"
    expect(page.locator("h1")).to_have_text("Armenia and Azerbaijan, September 2024")
    expect(page.locator(".when .week")).to_have_text("Opening")
    assert tick(page) == 0
    for name in (
        "The treaty",
        "The text",
        "Preconditions",
        "The parties",
        "Channels",
        "The public",
    ):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    assert problems == []


BROKEN = (
    "GET /%zz HTTP/1.1",
    "GET /%00 HTTP/1.1",
    "GET /static/%ff HTTP/1.1",
    "GET /static/" + "a" * 300 + " HTTP/1.1",
    "GET / HTTP/1.1\r\nCookie: " + "a" * 40_000,
    "GET / HTTP/1.1\r\nHost: two",
    "GET /nowhere/at/all HTTP/1.1\r\nX-Forwarded-Proto: x\r\nX-Forwarded-Host: x",
    "GET /static/main-vuetify.js HTTP/1.1\r\nRange: bytes=9-1,x",
    "PUT / HTTP/1.1",
    "POST /_solara/api/close/x HTTP/1.1",
    "GET /jupyter/api/kernels/x/channels HTTP/1.1\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    "nonsense",
)
"""Heads of requests that nothing can be answered to."""


@pytest.mark.parametrize("head", BROKEN, ids=range(len(BROKEN)))
def test_broken_requests_get_an_answer_and_no_traceback(server: Server, head: str) -> None:
    place = server.url.removeprefix("http://").rstrip("/")
    connection = "Upgrade" if "Upgrade" in head else "close"
    with socket.create_connection(place.split(":"), timeout=20) as line:
        line.sendall(f"{head}\r\nHost: {place}\r\nConnection: {connection}\r\n\r\n".encode())
        status = int(line.recv(65_536).split()[1])
    assert 400 <= status < 500
    assert "Traceback" not in server.errors.read_text()


def test_step_shows_the_week_that_the_model_plays(page: Page, server: Server) -> None:
    opened(page, server, "?bargaining=packages")
    watch = Watch(settings_of(Start(), Choices({"bargaining": "packages"})))
    for week in range(1, 10):
        page.click(STEP)
        at(page, week)
        watch.go(watch.now.played + 1)
        expect(page.locator(".when .week")).to_have_text(f"Week {week - 1}")
        for side, party in enumerate(watch.now.parties):
            asked = f"asks for {100 * (party.target or 0):.0f} %"
            legend = page.locator(".party").nth(side).locator(".legend").first
            assert asked in " ".join(legend.inner_text().split())
    said = page.locator(".log").inner_text()
    for line in watch.now.lines:
        assert line.said in said


def test_back_and_forth_and_anywhere(page: Page, server: Server) -> None:
    opened(page, server, "?replicate=1&week=12")
    at(page, 12)
    courses_played(page)
    shown = page.locator("section.parties").inner_html()
    page.get_by_role("button", name="Back one week").click()
    at(page, 11)
    assert page.locator("section.parties").inner_html() != shown
    page.click(STEP)
    at(page, 12)
    assert page.locator("section.parties").inner_html() == shown
    page.get_by_role("button", name="To the opening").click()
    at(page, 0)
    page.get_by_role("button", name="Play to the end").click()
    at(page, 156)
    expect(page.locator(STEP)).to_be_disabled()
    page.locator(".weeks input").fill("40")
    at(page, 40)


def test_play_and_pause(page: Page, server: Server) -> None:
    opened(page, server)
    page.select_option(".speed select", "100")
    page.click(PLAY)
    expect(page.locator(PLAY)).to_have_text(re.compile("Pause"))
    page.wait_for_function("Number(document.querySelector('main').dataset.tick) >= 8")
    page.click(PLAY)
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
    page.wait_for_timeout(400)
    stopped = tick(page)
    page.wait_for_timeout(600)
    assert tick(page) == stopped


def test_play_stops_at_the_end(page: Page, server: Server) -> None:
    opened(page, server, "?horizon=20&week=16")
    page.select_option(".speed select", "100")
    page.click(PLAY)
    at(page, 20)
    expect(page.locator(PLAY)).to_be_disabled()
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))


def test_what_really_happened_stands_beside_the_run(page: Page, server: Server) -> None:
    opened(page, server, "?week=30")
    assert page.locator(".log .record").count() == 0
    page.get_by_label("What really happened").check()
    expect(page.locator(".log .record").first).to_be_visible()
    assert "Text concluded" in page.locator(".log").inner_text()
    assert page.locator("path.record").count() > 0
    page.get_by_label("What really happened").uncheck()
    expect(page.locator(".log .record")).to_have_count(0)


# --- settings


def test_a_setting_waits_for_reset_and_stands_in_the_address(page: Page, server: Server) -> None:
    opened(page, server, "?week=3")
    page.locator('[data-key="strategy@armenia"] select').select_option("conceder")
    expect(page.locator('[data-key="strategy@armenia"] .waiting')).to_have_text(
        re.compile("waits for Reset.*now interim_first")
    )
    expect(page.locator('[data-key="armenia.strategy.beta"] input')).to_have_value("5")
    slider = page.locator('[data-key="scenario.discount_rate.azerbaijan.value"]')
    slider.locator("input").fill("0.31")
    expect(slider.locator("output")).to_have_text("0.31")
    expect(slider.locator(".waiting")).to_be_visible()
    assert "interim first" in page.locator(".conduct").inner_text()
    assert tick(page) == 3
    reset(page)
    at(page, 0)
    expect(page.locator(".conduct")).to_contain_text("Armenia: conceder")
    expect(page.locator(".waiting")).to_have_count(0)
    address = page.url
    assert "strategy@armenia=conceder" in address
    assert "scenario.discount_rate.azerbaijan.value=0.31" in address
    other = page.context.new_page()
    other.goto(address)
    expect(other.locator(".conduct")).to_have_text(page.locator(".conduct").inner_text())
    expect(
        other.locator('[data-key="scenario.discount_rate.azerbaijan.value"] input')
    ).to_have_value("0.31")


def test_a_preset_sets_the_controls_below_it(page: Page, server: Server) -> None:
    opened(page, server)
    page.locator('[data-key="preset"] select').select_option("opposition")
    expect(page.locator('[data-key="strategy@azerbaijan"] select')).to_have_value("hold_out")
    expect(page.locator(".apply p")).to_have_text(re.compile(r"\d settings wait for Reset"))
    page.get_by_role("button", name="Discard").click()
    expect(page.locator('[data-key="strategy@azerbaijan"] select')).to_have_value("boulware")
    expect(page.locator(".waiting")).to_have_count(0)


def test_the_copied_line_gives_the_outcome_of_the_page(
    page: Page, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, server, "?preset=opposition&seed=4&scenario.discount_rate.azerbaijan.value=0.4")
    page.get_by_role("button", name="Copy the sim run line").click()
    expect(page.locator(".copied")).to_contain_text("was copied")
    line = page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("button", name="Play to the end").click()
    page.get_by_role("button", name="Why did it end so?").click()
    outcome = page.locator(".why .outcome")
    expect(outcome).to_be_visible()
    assert main([*shlex.split(line)[1:], "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    told = outcome.inner_text()
    assert f"{printed['status']} after {printed['weeks']} weeks" in told
    if printed["signed_date"]:
        assert printed["signed_date"] in told
    cells = page.locator(".why table").first.locator("tbody tr")
    for n, party in enumerate(("armenia", "azerbaijan")):
        row = cells.nth(n).inner_text()
        assert f"{printed['utilities'][party]:.3f}" in row
        assert f"{printed['status_quo'][party]:.3f}" in row
    ledger = page.locator(".why .columns").inner_text()
    for share in printed["ledger"].values():
        if share > 0.0:
            assert f"{100 * share:.1f}\u00a0%" in ledger


def test_a_shared_link_opens_at_its_week(page: Page, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, server, "?seed=5&week=33")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".copied")).to_have_text("The link was copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith("?seed=5&week=33")
    other = page.context.new_page()
    other.goto(link)
    at(other, 33)
    for each in (page, other):
        courses_played(each)
    assert other.locator("section.path").inner_html() == page.locator("section.path").inner_html()


def test_a_link_cannot_load_code(page: Page, server: Server) -> None:
    opened(page, server, "?plugins=%5Bevil.py%5D&seed=3")
    assert "a link cannot load code" in alert(page)
    expect(page.locator(".conduct")).to_contain_text("seed 3")


# --- results


def test_a_stored_run_is_replayed_and_equal_to_its_record(
    page: Page, server: Server, results: Path
) -> None:
    opened(page, server)
    page.locator(".cells tbody tr").nth(1).get_by_role("button").click()
    rows = page.locator(".runs tbody tr")
    expect(rows.first).to_be_visible()
    table = pl.read_parquet(results / "runs.parquet").filter(pl.col("cell") == 1)
    assert rows.count() == len(table)
    rows.nth(4).get_by_role("button", name=re.compile("^Replay")).click()
    verdict = page.locator("p.verdict")
    expect(verdict).to_contain_text("Cell 1, replicate 4")
    expect(verdict).to_contain_text("outcomes are those of its record, to the last bit")
    assert page.url.endswith("?cell=1&replicate=4")
    record = table.row(4, named=True)
    page.get_by_role("button", name="Play to the end").click()
    at(page, record["weeks"])
    stored = StoredSweep(str(results))
    watch = Watch(stored.settings(1, 4))
    watch.play_to_end()
    assert differences(watch.record(), record) == []
    status = page.locator(".when .status").inner_text()
    expected = "open" if record["status"] == "stalled" else record["status"].replace("_", " ")
    if record["status"] != "stalled" or record["highest_status"] == "open":
        assert status == expected
    if record["signed_week"] >= 0:
        signed = day_of(watch.settings.scenario, record["signed_week"])
        assert f'datetime="{signed.isoformat()}"' in page.locator(".ladder").first.inner_html()


def test_why_a_run_failed_is_one_click_from_the_table(
    page: Page, server: Server, results: Path
) -> None:
    opened(page, server)
    page.locator(".cells tbody tr").first.get_by_role("button").click()
    question = page.get_by_role("button", name=re.compile("Why did this one fail")).first
    question.click()
    why = page.locator("section.why")
    expect(why).to_be_visible()
    told = why.inner_text()
    assert "Outcome: " in told
    assert any(words in told for words in STATUS_WORDS.values())
    assert "waits" in told
    assert page.evaluate("document.activeElement.classList.contains('why')")


def test_cells_are_sorted_and_runs_are_filtered(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("button", name=re.compile("^P\\(signed\\)")).click()
    expect(page.get_by_role("button", name=re.compile("^P\\(signed\\).*↓"))).to_be_visible()
    shares = [
        float(text.partition("%")[0])
        for text in page.locator(".cells td:nth-child(4)").all_inner_texts()
    ]
    assert shares == sorted(shares, reverse=True)
    page.locator(".cells tbody tr").first.get_by_role("button").click()
    page.get_by_role("button", name="not signed", exact=True).click()
    expect(page.get_by_role("button", name="not signed", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    signed = page.locator(".runs tbody td:nth-child(3)").all_inner_texts()
    assert set(signed) <= {"none"}


# --- visitors apart, and errors


def test_two_visitors_have_two_runs(chromium: Browser, page: Page, server: Server) -> None:
    opened(page, server)
    context = chromium.new_context()
    other = opened(context.new_page(), server, "?seed=9")
    other.click(STEP)
    at(other, 1)
    other.click(STEP)
    at(other, 2)
    assert tick(page) == 0
    page.click(STEP)
    at(page, 1)
    assert tick(other) == 2
    assert "seed 9" in other.locator(".conduct").inner_text()
    assert "seed 1," in page.locator(".conduct").inner_text()
    context.close()


@pytest.mark.parametrize("seed", ["two", "99999999999999999999999"])
def test_a_wrong_seed_is_said_and_the_page_goes_on(page: Page, server: Server, seed: str) -> None:
    opened(page, server, "?week=2")
    set_field(page, "seed", seed)
    reset(page)
    assert "seed" in alert(page)
    beside = page.locator(".apply .alert")
    expect(beside).to_contain_text("seed")
    expect(beside).to_be_in_viewport()
    expect(page.locator('[data-key="seed"] input')).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    assert tick(page) == 2
    page.click(STEP)
    at(page, 3)
    set_field(page, "seed", "7")
    reset(page)
    at(page, 0)
    expect(page.locator(".conduct")).to_contain_text("seed 7")
    expect(page.get_by_role("alert").locator("li")).to_have_count(0)


def test_an_exception_in_a_rule_is_said_and_the_page_goes_on(
    page: Page, faulty_server: Server
) -> None:
    opened(page, faulty_server)
    page.locator('[data-key="strategy@armenia"] select').select_option("raiser")
    expect(page.locator('[data-key="strategy@armenia"] .waiting')).to_be_visible()
    reset(page)
    expect(page.locator(".conduct")).to_contain_text("raiser")
    page.select_option(".speed select", "100")
    page.click(PLAY)
    told = alert(page)
    assert "raised ValueError: the raiser raised <b>this</b>" in told
    played = tick(page)
    assert 0 < played < 10
    expect(page.locator(STEP)).to_be_disabled()
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
    page.get_by_role("button", name="Back one week").click()
    at(page, played - 1)
    page.locator('[data-key="strategy@armenia"] select').select_option("linear")
    expect(page.locator('[data-key="armenia.strategy.beta"]')).to_be_visible()
    reset(page)
    at(page, 0)
    page.click(STEP)
    at(page, 1)
    expect(page.get_by_role("alert").locator("li")).to_have_count(0)


def test_a_scenario_with_an_error_is_said_and_the_page_goes_on(
    page: Page, faulty_server: Server
) -> None:
    opened(page, faulty_server)
    page.locator('[data-key="scenario"] select').select_option("broken")
    assert "start: 'someday' is not a date" in alert(page)
    reset(page)
    assert "start: 'someday' is not a date" in alert(page)
    page.click(STEP)
    at(page, 1)
    page.locator('[data-key="scenario"] select').select_option("march_2025")
    expect(page.get_by_role("alert").locator("li")).to_have_count(0)
    reset(page)
    expect(page.locator("h1")).to_have_text("Armenia and Azerbaijan, March 2025")


# --- what leaves the machine


def test_no_request_leaves_the_machine(page: Page, server: Server) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    opened(page, server)
    page.click(STEP)
    at(page, 1)
    page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
    assert {urlsplit(url).scheme for url in asked} >= {"http", "ws"}
    assert failed == []
    for line in server.network.read_text().splitlines():
        assert "127.0.0.1" in line, line


def test_scripts_that_are_missing_are_not_fetched(page: Page, server: Server) -> None:
    answer = page.request.get(f"{server.url}_solara/cdn/nothing@1.0.0/dist/index.js")
    assert answer.status == 404
    assert "jsdelivr" not in server.network.read_text()


# --- readable by everybody


def findings(page: Page) -> list[str]:
    """Return axe's serious findings, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{entry['id']} ({entry['impact']}): {entry['nodes'][0]['html'][:200]} "
        f"{entry['nodes'][0].get('failureSummary', '')[:300]}"
        for entry in found
        if entry["impact"] in ENOUGH
    ]


def in_trouble(page: Page) -> None:
    """Bring up an alert and settings that wait."""
    set_field(page, "seed", "two")
    reset(page)
    alert(page)


def with_results(page: Page) -> None:
    """Open a cell's runs and say why one of them failed."""
    page.locator(".cells tbody tr").first.get_by_role("button").click()
    page.get_by_role("button", name=re.compile("Why did this one fail")).first.click()
    expect(page.locator("section.why")).to_be_visible()


def with_everything(page: Page) -> None:
    """Open the folds, and show the real talks and all moves."""
    page.get_by_label("What really happened").check()
    page.get_by_label("All moves since the opening").check()
    page.evaluate("window.dispatchEvent(new Event('sim-settings'))")
    for name in ("preconditions", "channels", "home", "public"):
        page.click(f'[data-fold="{name}"]')
        expect(page.locator(f'[data-fold="{name}"][aria-expanded="true"]')).to_be_visible()
    for fold in page.locator("summary").all():
        fold.click()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_has_no_serious_finding(page: Page, server: Server, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    opened(page, server, "?week=110")
    for bring_up in (with_everything, in_trouble, with_results):
        bring_up(page)
        assert findings(page) == [], bring_up.__name__


def test_the_theme_can_be_turned(page: Page, server: Server) -> None:
    opened(page, server)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    turn = page.get_by_role("button", name=re.compile("^Theme"))
    turn.click()
    assert page.evaluate(ground) == light
    turn.click()
    assert page.evaluate(ground) != light
    page.reload()
    expect(page.locator("main[data-tick]")).to_be_visible()
    assert page.evaluate(ground) != light


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(page: Page, server: Server, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, server, "?week=141")
    with_everything(page)
    page.locator(".cells tbody tr").first.get_by_role("button").click()
    expect(page.locator(".runs tbody tr").first).to_be_visible()
    wide = page.evaluate(
        """(width) => [...document.querySelectorAll('.sim-page *')]
            .filter((e) => !e.closest('.scroll, .skip, svg, .unseen'))
            .filter((e) => e.getBoundingClientRect().right > width + 1)
            .map((e) => e.className)""",
        width,
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_can_be_done_with_the_keyboard(page: Page, server: Server) -> None:
    opened(page, server, LONG)
    focused = "document.activeElement"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focused}.textContent") == "To the board"
    page.keyboard.press("Enter")
    assert page.evaluate(f"{focused}.id") == "board"
    # Shortcuts, where no control has the focus.
    page.keyboard.press("ArrowRight")
    at(page, 1)
    page.keyboard.press("ArrowLeft")
    at(page, 0)
    page.keyboard.press("End")
    at(page, 156)
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press("Space")
    page.wait_for_function("Number(document.querySelector('main').dataset.tick) >= 2")
    page.keyboard.press("Space")
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
    page.keyboard.press("Home")
    at(page, 0)
    # Every control is reached by Tab, shows that it is, and lets go again.
    seen = tabbed(page)
    for wanted in (
        "Step",
        "Play",
        "Copy link",
        "Reset",
        "c-seed",
        "c-strategy@armenia",
        "c-preset",
    ):
        assert any(wanted in name for name in seen), wanted
    assert len(seen) == len(set(seen)), "Tab is caught"


def test_a_button_that_cannot_be_used_any_more_keeps_the_focus(page: Page, server: Server) -> None:
    opened(page, server, "?horizon=9&week=8")
    page.locator(STEP).focus()
    page.keyboard.press("Enter")
    at(page, 9)
    expect(page.locator(STEP)).to_have_attribute("aria-disabled", "true")
    expect(page.locator(STEP)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(PLAY)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
    assert tick(page) == 9


def test_the_log_scrolls_with_the_keyboard_and_does_not_play(page: Page, server: Server) -> None:
    opened(page, server, f"{LONG}&week=120")
    log = page.locator(".moves-in")
    log.focus()
    # The browser glides, and forgets a key that is pressed just before it has come to rest.
    log.evaluate("(e) => e.addEventListener('scrollend', () => { window.rests = e.scrollTop; })")
    bottom = log.evaluate("(e) => e.scrollHeight - e.clientHeight")
    for key, where in (
        ("End", f"Math.abs(window.rests - {bottom}) < 1"),
        ("Home", "window.rests === 0"),
        ("Space", f"window.rests > 0 && window.rests < {bottom}"),
    ):
        page.keyboard.press(key)
        page.wait_for_function(f"() => {where}")
    expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
    assert tick(page) == 120


def test_what_was_copied_is_not_told_for_ever(page: Page, server: Server) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, server)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".copied")).to_have_text("The link was copied.")
    expect(page.locator(".copied")).to_be_empty(timeout=10_000)


def test_a_run_is_kept_beside_the_next_one(page: Page, server: Server) -> None:
    opened(page, server, "?preset=opposition&seed=4&replicate=2&week=12")
    page.get_by_role("button", name="Keep this run").click()
    beside = page.locator("section:has(#title-beside)")
    expect(beside).to_contain_text("Nothing is set differently yet")
    page.select_option("#c-precondition", "before_ratification")
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(beside).to_contain_text("before ratification")
    expect(beside).to_contain_text("Of the same 200 courses", timeout=60_000)
    page.keyboard.press("End")
    at(page, 156)
    expect(beside).to_contain_text("They part in week")
    told = beside.inner_text()
    page.goto(page.url)
    expect(beside).to_contain_text("Of the same 200 courses", timeout=60_000)
    assert beside.inner_text() == told
    page.go_back()
    page.get_by_role("button", name="Drop the run kept").click()
    expect(beside).to_have_count(0)
    assert "kept" not in page.url


def test_what_has_the_focus_keeps_it_when_the_panels_are_drawn_anew(
    page: Page, server: Server
) -> None:
    opened(page, server, LONG)
    told = "(document.activeElement.ariaLabel || document.activeElement.textContent).trim()"
    for selector in (".figure", "[data-take]", "[data-fold]"):
        held = page.locator(selector).last
        held.focus()
        name = page.evaluate(told)
        page.evaluate("document.activeElement.dataset.before = 'yes'")
        week = tick(page)
        page.evaluate(f"document.querySelector('{STEP}').click()")
        at(page, week + 1)
        assert name, selector
        assert page.evaluate(told) == name, selector
    assert page.locator("[data-before]").count() < 3, "nothing was drawn anew"
    # So does the week that is read in a chart.
    page.locator(".figure").last.focus()
    page.keyboard.press("ArrowLeft")
    read = page.locator(".read b").first.inner_text()
    week = tick(page)
    page.evaluate(f"document.querySelector('{STEP}').click()")
    at(page, week + 1)
    expect(page.locator(".read b").first).to_have_text(read)


def tabbed(page: Page) -> list[str]:
    """Walk through the page with Tab and return what had the focus, visibly."""
    page.reload()
    expect(page.locator("main[data-tick]")).to_be_visible()
    names: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        name, outline, width = page.evaluate(
            """() => {
                const e = document.activeElement, s = getComputedStyle(e);
                const name = [e.id, e.getAttribute('aria-label'), e.textContent.trim()];
                const place = [...document.querySelectorAll('*')].indexOf(e);
                return [name.filter(Boolean).join(' ').slice(0, 60) + ' #' + place,
                    s.outlineStyle, parseFloat(s.outlineWidth)];
            }"""
        )
        if page.evaluate("document.activeElement === document.body") or name in names[:1]:
            break
        assert outline != "none", name
        assert width >= 2, name
        names.append(name)
    return names


def test_settings_are_set_with_the_keyboard(page: Page, server: Server) -> None:
    opened(page, server)
    page.locator('[id="c-agenda"]').focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('[data-key="agenda"] .waiting')).to_be_visible()
    page.locator('[id="c-scenario.public.effort.value"]').focus()
    before = page.locator('[data-key="scenario.public.effort.value"] output').inner_text()
    page.keyboard.press("ArrowRight")
    shown = page.locator('[data-key="scenario.public.effort.value"] output')
    expect(shown).not_to_have_text(before)
    page.locator('[id="c-seed"]').focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(page.locator(".conduct")).to_contain_text("seed 12")
    expect(page.locator(".conduct")).to_contain_text("issue by issue")


def test_ctrl_c_ends_it_quietly_and_the_page_says_so(
    page: Page, compiled: None, tmp_path: Path
) -> None:
    ended = Server([], tmp_path / "short")
    opened(page, ended)
    page.select_option(".speed select", "100")
    page.click(".transport button.main")
    expect(page.locator('main[data-tick="0"]')).to_have_count(0)
    assert ended.stop() in (0, 130)
    told = page.locator(".server-ended")
    expect(told).to_be_visible()
    expect(told).to_contain_text("The server has ended. Start sim view again and reload this page.")
    colours = "(e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    for theme in ("light", "dark"):
        page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
        text, ground = told.evaluate(colours)
        assert {"light": "rgb(27, 34, 48)", "dark": "rgb(232, 234, 238)"}[theme] == text
        assert {"light": "rgb(255, 254, 251)", "dark": "rgb(24, 30, 40)"}[theme] == ground
    assert ended.errors.read_text() == ""


# --- faults that were found in the browser, each with what must be true instead


def test_the_transport_and_reset_stay_in_sight(page: Page, server: Server) -> None:
    opened(page, server, "?week=60")
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    for place in (page.locator(PLAY), page.get_by_role("button", name="Reset", exact=True)):
        expect(place).to_be_in_viewport(ratio=1)
    assert page.evaluate("window.scrollY") > 100


def test_the_page_is_no_longer_than_two_screens(page: Page, server: Server) -> None:
    opened(page, server, "?replicate=1&week=60")
    results = page.evaluate("document.querySelector('#results').offsetHeight")
    assert page.evaluate("document.documentElement.scrollHeight") - results <= 2 * 900


def test_what_cannot_be_used_stays_in_its_field(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_text("Any other number").click()
    line = "scenario.status_quo.azerbaijan.value=0.02"
    page.fill("#c-others", f"{line}\nnonsense=4")
    reset(page)
    assert "nonsense: cannot be set" in alert(page)
    expect(page.locator("#c-others")).to_have_value(f"{line}\nnonsense=4")
    expect(page.locator(".apply p")).not_to_contain_text("has these settings")
    page.fill("#c-others", line)
    reset(page)
    expect(page.get_by_role("alert").locator("li")).to_have_count(0)
    page.wait_for_url(f"**{line}*")


def test_reset_during_play_shows_the_opening(page: Page, server: Server) -> None:
    opened(page, server, "?horizon=100")
    page.select_option(".speed select", "100")
    for _ in range(3):
        page.click(PLAY)
        page.wait_for_function("Number(document.querySelector('main').dataset.tick) >= 3")
        reset(page)
        at(page, 0)
        expect(page.locator(PLAY)).to_have_text(re.compile("Play"))
        page.wait_for_timeout(500)
        assert tick(page) == 0


def test_the_keys_work_after_a_click_on_play(page: Page, server: Server) -> None:
    opened(page, server, "?week=5")
    page.click(PLAY)
    page.click(PLAY)
    page.wait_for_timeout(500)
    before = tick(page)
    page.keyboard.press("ArrowRight")
    at(page, before + 1)
    page.keyboard.press("ArrowLeft")
    at(page, before)


def test_reload_and_back_keep_the_week_and_what_waits(page: Page, server: Server) -> None:
    opened(page, server)
    page.click(STEP)
    at(page, 1)
    page.wait_for_url("**week=1")
    set_field(page, "seed", "9")
    page.wait_for_function("history.state && history.state.pending")
    page.reload()
    at(page, 1)
    expect(page.locator('[data-key="seed"] input')).to_have_value("9")
    expect(page.locator('[data-key="seed"] .waiting')).to_be_visible()
    reset(page)
    at(page, 0)
    expect(page.locator(".conduct")).to_contain_text("seed 9,")
    page.go_back()
    at(page, 1)
    expect(page.locator(".conduct")).to_contain_text("seed 1,")
    page.go_forward()
    at(page, 0)
    expect(page.locator(".conduct")).to_contain_text("seed 9,")


def test_a_move_is_gone_to_and_the_next_one_found(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("button", name="Next move").click()
    expect(page.locator(".log li").first).to_be_visible()
    first = tick(page)
    page.get_by_role("button", name="Next move").click()
    page.wait_for_function(f"Number(document.querySelector('main').dataset.tick) > {first}")
    marks = "".join(path.get_attribute("d") or "" for path in page.locator(".marks path").all())
    assert {f"M{first} 0V6", f"M{tick(page)} 0V6"} <= set(re.findall(r"M\d+ 0V6", marks))
    page.locator(".log .go").last.click()
    at(page, first)


def test_the_opening_asks_and_the_end_tells(page: Page, server: Server) -> None:
    opened(page, server, "?horizon=30")
    expect(page.locator(".sentence")).to_contain_text("Will they sign a peace treaty")
    expect(page.get_by_role("button", name="Why did it end so?")).to_have_count(0)
    page.get_by_role("button", name="Show how they end").click()
    at(page, 30)
    expect(page.locator(".cue")).to_contain_text("The end, after 30 weeks: ")
    page.get_by_role("button", name="Why did it end so?").click()
    expect(page.locator("section.why")).to_be_visible()


def test_a_replay_is_shown_and_cells_are_found(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_label("Go to cell").fill("1")
    page.get_by_label("Go to cell").press("Enter")
    expect(page.get_by_role("heading", name="Runs of cell 1")).to_be_visible()
    page.locator(".runs tbody tr").first.get_by_role("button", name=re.compile("^Replay")).click()
    expect(page.locator("section.path")).to_be_in_viewport(ratio=0.5)
    page.get_by_label("Only cells with agenda").select_option("interim_allowed")
    expect(page.locator(".cells tbody tr")).to_have_count(1)


def test_on_a_telephone_the_settings_are_one_tap_away(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server)
    press = page.get_by_role("button", name="Reset", exact=True)
    expect(press).not_to_be_visible()
    page.locator(".to-settings").click()
    expect(press).to_be_visible()
    expect(page.locator("#settings")).to_be_in_viewport()


def test_a_link_from_a_letter_opens_without_a_word(page: Page, server: Server) -> None:
    told: list[str] = []
    page.on("console", lambda m: told.append(m.text) if "module.exports" in m.text else None)
    opened(page, server, "?utm_source=letter&seed=3")
    expect(page.locator(".conduct")).to_contain_text("seed 3,")
    expect(page.get_by_role("alert").locator("li")).to_have_count(0)
    assert told == []


# --- many courses, and what can be taken away


def test_many_courses_are_those_of_a_sweep(page: Page, server: Server, tmp_path: Path) -> None:
    opened(page, server, "?horizon=90&seed=3&strategy@armenia=linear&agenda=interim_allowed")
    told = page.locator(".courses")
    expect(told).not_to_contain_text("Not played")
    expect(told.locator("h3")).to_have_text("How 200 courses end", timeout=240_000)
    line = "agenda=interim_allowed strategy@armenia=linear horizon=90 seed=3 replicates=200"
    runs = sweep(line, folder=tmp_path / "sweep").to_frame()
    counted = runs["status"].cast(pl.String).value_counts()
    expected = {ENDINGS[Treaty[s.upper()]]: n for s, n in counted.iter_rows()}
    shown = {
        row.locator("th").inner_text(): int(row.locator("td").first.inner_text())
        for row in told.locator("tbody tr").all()
    }
    assert shown == expected
    signed = runs.filter(pl.col("signed_week") >= 0)
    assert told.locator("circle").count() == len(signed)
    expect(page.locator("path.fan")).to_have_count(4)
    page.get_by_role("button", name="Play to the end").click()
    at(page, 90)
    here = runs.row(0, named=True)["status"]
    expect(page.locator(".cue")).to_contain_text(
        f"{expected[ENDINGS[Treaty[here.upper()]]]} of 200"
    )


def test_a_chart_tells_its_values_under_the_pointer_and_on_focus(
    page: Page, server: Server
) -> None:
    opened(page, server, f"{LONG}&week=30")
    watch = Watch(settings_of(Start(), Choices({"bargaining": "packages"})))
    watch.go(30)
    figure = page.locator(".party .figure").first
    figure.focus()
    told = page.locator(".read")
    expect(told).to_contain_text("Week 29")
    for steps in (0, 1):
        target = watch.all[30 - steps].parties[0].target
        assert target is not None
        expect(told).to_contain_text(f"asks for {round(target, 4):g}")
        page.keyboard.press("ArrowLeft")
    assert tick(page) == 30
    page.locator(".party .figure svg.chart").nth(1).hover()
    expect(told).to_contain_text("status quo")
    # The charts are drawn anew while one has the focus and the pointer is on another.
    page.locator(STEP).evaluate("button => button.click()")
    at(page, 31)
    expect(told).to_contain_text("status quo")


def test_charts_and_the_log_are_taken_away(page: Page, server: Server) -> None:
    opened(page, server, f"{LONG}&week=30")
    watch = Watch(settings_of(Start(), Choices({"bargaining": "packages"})))
    watch.go(30)
    taken = {}
    for kind in ("SVG", "PNG", "CSV"):
        page.locator(".party .take").first.focus()
        page.keyboard.press("Enter")
        with page.expect_download() as waited:
            page.get_by_role("button", name=kind, exact=True).click()
        assert waited.value.suggested_filename.endswith(kind.lower())
        taken[kind] = waited.value.path().read_bytes()
    assert taken["SVG"].startswith(b"<svg")
    assert b"stroke:rgb(" in taken["SVG"]
    assert taken["PNG"].startswith(b"\x89PNG")
    rows = taken["CSV"].decode().splitlines()
    assert rows[0] == 'weeks_played,"asks for","is offered","takes at least"'
    assert len(rows) == 32
    assert float(rows[-1].split(",")[1]) == pytest.approx(watch.now.parties[0].target, abs=1e-4)
    with page.expect_download() as waited:
        page.get_by_role("button", name="Save as text").click()
    text = waited.value.path().read_text()
    assert (
        text.splitlines()
        == words_of([line for snapshot in watch.shown for line in snapshot.lines]).splitlines()
    )


def test_the_tour_asks_first_and_leads_from_stop_to_stop(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("button", name="Tour: September 2024 in eight stops").click()
    for stop in ("1 of 8: Fourteen of seventeen", "2 of 8: The offer", "3 of 8: The refusal"):
        expect(page.locator("#title-tour")).to_have_text(stop)
        expect(page.locator(".tour [role=status]")).to_have_count(0)
        page.locator(".tour .answers button").nth(1).click()
        expect(page.locator(".tour [role=status]")).to_contain_text("In the record:")
        page.get_by_role("button", name="Next stop").click()
    at(page, 60)
    assert findings(page) == []
    page.get_by_role("button", name="Leave the tour").click()
    expect(page.locator(".tour")).to_have_count(0)
