"""A real browser opens the page with the network off, and every figure draws."""

from pathlib import Path
from typing import Any

import pytest

from sim.analysis import load, load_run
from sim.analysis.page.content import Report
from sim.analysis.page.run_page import run_report
from sim.analysis.page.sweep_page import comparison_report, sweep_report
from sim.analysis.page.write import write_report
from tests.analysis.test_page import hostile

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MARKS = """elements => elements.map(e => [e.id, e.dataset.drawn,
    e.querySelectorAll('svg .mark-symbol path, svg .mark-rect path, svg .mark-line path, ' +
                       'svg .mark-area path, svg .mark-rule line').length,
    e.getBoundingClientRect().width, e.querySelector('svg').getBoundingClientRect().width])"""


def quiet(words: str) -> None:
    """Tell nothing."""


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory,
    factorial_folder: Path,
    saltelli_folder: Path,
    one_cell_folder: Path,
    run_folder: Path,
) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("pages")
    reports: dict[str, Report] = {
        "sweep": sweep_report(load(factorial_folder), quiet),
        "design": sweep_report(load(saltelli_folder), quiet),
        "comparison": comparison_report([load(factorial_folder), load(one_cell_folder)], quiet),
        "run": run_report(load_run(run_folder), quiet),
    }
    for name, report in reports.items():
        write_report(report, place / f"{name}.html", "html")
    return {name: place / f"{name}.html" for name in reports}


class Visit:
    """A page opened without network, with what went wrong on it."""

    def __init__(self, browser: Any, file: Path, width: int, scheme: str = "light") -> None:
        self.problems: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.context.set_offline(True)
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.problems.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.problems.append(f"error: {e}"))
        self.page.on("dialog", lambda d: self.problems.append(f"dialog: {d.message}"))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("body[data-ready=yes]", timeout=60_000)

    def _answer(self, route: Any) -> None:
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            self.problems.append(f"request: {route.request.url}")
            route.abort()

    def charts(self) -> list[list[Any]]:
        found: list[list[Any]] = self.page.eval_on_selector_all(".chart", MARKS)
        return found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("name", ["sweep", "design", "comparison", "run"])
def test_every_figure_draws(
    name: str, width: int, scheme: str, pages: dict[str, Path], chromium: object
) -> None:
    visit = Visit(chromium, pages[name], width, scheme)
    charts = visit.charts()
    assert charts
    for key, drawn, marks, room, drawn_width in charts:
        assert drawn == "yes", key
        assert marks > 0, key
        assert drawn_width <= room + 1, key
    assert visit.problems == []
    # Nothing makes the page itself scroll sideways.
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.context.close()


def test_a_list_changes_the_figure(pages: dict[str, Path], chromium: object) -> None:
    visit = Visit(chromium, pages["sweep"], 1280)
    before = visit.page.inner_html("#chart-incidence svg")
    visit.page.select_option("#chart-incidence select", index=2)
    visit.page.wait_for_function(
        "before => document.querySelector('#chart-incidence svg').innerHTML !== before", arg=before
    )
    assert visit.problems == []
    visit.context.close()


def test_a_query_can_be_opened_and_copied(pages: dict[str, Path], chromium: object) -> None:
    visit = Visit(chromium, pages["sweep"], 1280)
    visit.page.click("details.query summary >> nth=0")
    assert "SELECT" in visit.page.inner_text("details.query pre >> nth=0")
    visit.page.click("details.query button >> nth=0")
    assert visit.page.inner_text("details.query button >> nth=0") in (
        "Copied",
        "Selected: copy it now",
    )
    visit.context.close()


def test_figures_follow_the_colour_scheme(pages: dict[str, Path], chromium: object) -> None:
    visit = Visit(chromium, pages["run"], 1280)
    light = visit.page.inner_html("#chart-ledger_over_time svg")
    visit.page.emulate_media(color_scheme="dark")
    visit.page.wait_for_function(
        "before => document.querySelector('#chart-ledger_over_time svg')?.innerHTML !== before",
        arg=light,
    )
    assert visit.problems == []
    visit.context.close()


def test_hostile_texts_do_nothing(chromium: object, tmp_path: Path) -> None:
    target = tmp_path / "hostile.html"
    write_report(hostile(), target, "html")
    visit = Visit(chromium, target, 1280)
    assert visit.page.evaluate("window.attacked") is None
    assert visit.page.inner_text("h1").startswith("<script>")
    visit.context.close()


def test_the_page_is_accessible(pages: dict[str, Path], chromium: object) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        visit = Visit(chromium, pages["sweep"], 1280, scheme)
        found = Axe().run(visit.page).response["violations"]
        serious = [
            (entry["id"], [node["target"] for node in entry["nodes"]][:3])
            for entry in found
            if entry["impact"] in ("serious", "critical")
        ]
        assert serious == []
        visit.context.close()
