"""What is kept on disk between starts: read only if it is whole and nothing has changed."""

import json
from pathlib import Path

import pytest

from sim.config.compose import compose, compose_plain
from sim.errors import ConfigError
from sim.view import choices as choices_module
from sim.view.choices import (
    Choices,
    Start,
    composition_file,
    keep_composition,
    read_composition,
    settings_of,
)
from sim.view.server import keep_page, page_file, read_page

HTML = "<!doctype html><html><body>the page</body></html>"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_a_kept_composition_gives_the_same_settings(own_cache: Path) -> None:
    choices = Choices({"preset": "washington", "seed": "91"})
    choices_module._composed.cache_clear()  # of what another test may have composed
    first = settings_of(Start(), choices)
    (file,) = (own_cache / "compositions").glob("*.json")
    choices_module._composed.cache_clear()
    assert settings_of(Start(), choices) == first == compose(["preset=washington", "seed=91"])
    # numbers are put in afterwards, so that another seed is not another composition
    assert json.loads(file.read_text()) == compose_plain(["preset=washington"])


def test_another_configuration_is_composed_anew(own_cache: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "strategy").mkdir(parents=True)
    file = mine / "strategy" / "own.yaml"
    file.write_text("strategy: {name: polynomial, beta: 2.0, kappa: 0.0}\n")
    before = composition_file(["strategy@armenia=own"], "config", str(mine))
    assert before == composition_file(["strategy@armenia=own"], "config", str(mine))
    file.write_text("strategy: {name: polynomial, beta: 3.0, kappa: 0.0}\n")
    assert before != composition_file(["strategy@armenia=own"], "config", str(mine))
    assert before != composition_file(["strategy@armenia=firm"], "config", str(mine))


def test_a_broken_kept_composition_is_not_read(own_cache: Path) -> None:
    file = own_cache / "compositions" / "x.json"
    keep_composition(file, {"seed": 1})
    assert read_composition(file) == {"seed": 1}
    file.write_text("{")
    assert read_composition(file) is None
    assert read_composition(file.with_name("none.json")) is None


def test_faulty_settings_are_not_kept(own_cache: Path) -> None:
    with pytest.raises(ConfigError):
        settings_of(Start(), Choices({"seed": "null"}))
    assert not list(own_cache.rglob("*.json"))


def test_a_page_that_is_not_whole_is_not_used() -> None:
    file = page_file()
    keep_page(file, b"<!doctype html><html><bo")
    assert read_page(file) is None
    keep_page(file, HTML.encode())
    assert read_page(file) == HTML.encode()


def test_older_pages_are_removed(own_cache: Path) -> None:
    file = page_file()
    keep_page(file.with_name("older.html"), HTML.encode())
    keep_page(file, HTML.encode())
    assert [f.name for f in (own_cache / "page").iterdir()] == [file.name]
