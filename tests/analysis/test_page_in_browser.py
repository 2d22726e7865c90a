"""The report in a real browser with the network off: every figure draws, nothing is asked for."""

from pathlib import Path
from typing import Any

import pytest

from sim.analysis.page.write import make_report, write_report

pytestmark = pytest.mark.browser

KINDS = ("factorial_folder", "saltelli_folder", "run_folder")


@pytest.fixture(scope="module")
def pages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A report of each kind of results."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for kind in KINDS:
        target = folder / f"{kind}.html"
        report = make_report([request.getfixturevalue(kind)], lambda words: None)
        write_report(report, target, "html")
        found[kind] = target
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_figure_draws_offline(
    chromium: Any, pages: dict[str, Path], kind: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_offline(True)
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(pages[kind].as_uri())
    figures = page.locator(".chart").count()
    assert figures >= 3
    page.wait_for_function(
        f"document.querySelectorAll('.chart svg, .chart canvas').length >= {figures}",
        timeout=30_000,
    )
    drawn = page.eval_on_selector_all(
        ".chart",
        "all => all.map(f => f.querySelectorAll('svg path, svg text, canvas').length)",
    )
    assert min(drawn) > 0
    assert not errors
    assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("table").count() >= figures
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe(chromium: Any, pages: dict[str, Path], scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context(color_scheme=scheme)
    context.set_offline(True)
    page = context.new_page()
    page.goto(pages["factorial_folder"].as_uri())
    page.wait_for_selector(".chart svg, .chart canvas")
    found = Axe().run(page).response["violations"]
    serious = [v["id"] for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, [v for v in found if v["impact"] in ("serious", "critical")]
    context.close()
