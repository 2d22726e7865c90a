"""The page as a file: self-contained, escaped, complete, the same each time, readable colours."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from sim.analysis import load
from sim.analysis.charts import CATEGORY, CATEGORY_DARK, theme
from sim.analysis.page.content import (
    Column,
    Number,
    Part,
    Report,
    Section,
    Statement,
    in_words,
    part,
    shown,
)
from sim.analysis.page.sweep_page import facts, sweep_report
from sim.analysis.page.write import (
    STYLE,
    cell,
    cells,
    escaped,
    html,
    markdown,
    write_report,
    write_tables,
)
from sim.analysis.results import NotInResults

ATTACK = "<script>window.attacked = true</script>\"'&"


@pytest.fixture(scope="module")
def report(factorial_folder: Path) -> Report:
    return sweep_report(load(factorial_folder), lambda words: None)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return html(report)


def hostile() -> Report:
    """A report whose every text comes from somebody who means harm."""
    frame = pl.DataFrame({ATTACK: [ATTACK], "n": [1.5]})
    chart = {"data": {"values": [{"x": ATTACK}]}, "mark": "point", "title": ATTACK, "params": []}
    pieces = (
        Part("piece", ATTACK, frame, frame, chart, (ATTACK,)),
        Part("gone", ATTACK, missing=ATTACK),
    )
    return Report(
        title=ATTACK,
        subtitle=ATTACK,
        facts=((ATTACK, ATTACK),),
        gaps=(ATTACK,),
        lead=(Statement("Found {n}.", {"n": Number(ATTACK)}, f"SELECT '{ATTACK}'"),),
        where=ATTACK,
        limits=(ATTACK,),
        sections=(Section("section", ATTACK, ATTACK, pieces),),
    )


class Outline(HTMLParser):
    """The elements of a page, and what they would fetch."""

    FETCHED = ("src", "srcset", "href", "action", "data", "poster", "background")

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in self.FETCHED]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    return found


def test_nothing_is_fetched(page: str) -> None:
    found = outline(page)
    assert found.addresses
    assert all(address.startswith("#") for address in found.addresses)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(found.tags)
    css = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert css is not None
    assert "url(" not in css[1]
    assert "@import" not in css[1]


def test_the_page_forbids_itself_to_fetch(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]
    assert "http" not in policy[1]


def test_every_section_has_figures_and_tables(report: Report, page: str) -> None:
    assert [s.key for s in report.sections] == ["often", "when", "terms", "way", "referees"]
    assert [s.closed for s in report.sections] == [False] * 4 + [True]
    drawn = {p.key for p in report.parts if p.chart}
    assert drawn >= {
        "picture", "signing_rates", "incidence", "terms", "terms_by_cell", "ledger_pooled",
        "ledger_over_time", "differences", "game_payoffs", "boxes", "variance_shares",
        "constant_hazard", "compromise",
    }  # fmt: skip
    assert not drawn & {"importance", "game_replicator"}
    for key in drawn:
        assert f'id="chart-{key}"' in page
    for piece in report.parts:
        assert piece.table is not None
        if piece.key != "picture":
            assert f'id="{piece.key}"' in page


def test_figures_are_json_without_schema_addresses(page: str) -> None:
    specs = re.findall(r'<script type="application/json" class="spec"[^>]*>(.*?)</script>', page)
    assert specs
    for text in specs:
        assert "http" not in text
        assert json.loads(text)["height"]


def test_the_first_screen_has_every_sentence_and_its_query(report: Report, page: str) -> None:
    plain = " ".join("".join(outline(page).text).split())
    for statement in report.statements:
        assert " ".join(report.named(statement.text).split()) in plain
        assert " ".join(statement.query.split()) in plain


def test_the_page_says_the_whole_command(factorial_folder: Path, page: str) -> None:
    said = unescape(page)
    told = dict(facts(load(factorial_folder)))
    assert told["command"].startswith("sim sweep ")
    for name in ("command", "scenarios", "seed"):
        assert told[name] in said


def test_texts_are_escaped() -> None:
    page = html(hostile())
    found = outline(page)
    own = outline(html(Report("", "", (), (), (), "", (), ())))
    # One more script element for the figure's data, and no other.
    assert found.tags.count("script") == own.tags.count("script") + 1
    assert "<script>window.attacked" not in page
    assert "&lt;script&gt;window.attacked" in page


def test_markdown_is_escaped() -> None:
    text = markdown(hostile())
    assert "<script>" not in text.split("```sql")[0]
    assert escaped("a|b\n<c>") == "a\\|b &lt;c&gt;"


def test_the_same_results_give_the_same_page(factorial_folder: Path, page: str) -> None:
    again = html(sweep_report(load(factorial_folder), lambda words: None))
    assert again == page


def test_talks_in_which_nothing_is_signed_have_a_page(tmp_path: Path) -> None:
    from .conftest import play

    line = "strategy@armenia=firm,linear strategy@azerbaijan=firm horizon=30 replicates=6"
    report = sweep_report(load(play(line, tmp_path / "results")), lambda words: None)
    assert load(tmp_path / "results").signed_codes.max() == 0
    terms = next(section for section in report.sections if section.key == "terms")
    assert [piece.missing for piece in terms.parts] == [
        "no deal stood at the end of any run, so there are no terms to show"
    ]
    assert "ledger" in {piece.key for piece in report.parts}
    assert "no deal stood" in html(report)


def test_a_long_table_says_that_it_is_cut() -> None:
    frame = pl.DataFrame({"n": range(500)})
    piece = Part("long", "Long", frame, frame)
    page = html(Report("t", "", (), (), (), "", (), (Section("s", "S", "", (piece,)),)))
    assert "the first 200 of 500 lines" in page
    assert page.split("</table>")[0].count("<tr>") == 201


def test_tables_hold_all_data(report: Report, tmp_path: Path) -> None:
    for kind, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        folder = tmp_path / kind
        folder.mkdir()
        write_tables(report, folder, kind)
        contents = read(folder / f"contents.{kind}")
        assert set(contents["file"]) == {p.name for p in folder.iterdir()} - {f"contents.{kind}"}
        for piece in report.parts:
            frame = read(folder / f"{piece.key}.{kind}")
            assert piece.frame is not None
            assert frame.columns == piece.frame.columns
            assert len(frame) == len(piece.frame)
        assert read(folder / f"answer.{kind}")["query"][0] == report.statements[0].query


def test_markdown_has_the_answer_and_the_tables(report: Report) -> None:
    text = markdown(report)
    assert escaped(report.named(report.statements[0].text)) in text
    assert report.statements[0].query in text
    assert text.count("\n## ") >= len(report.sections)
    assert "Armenia's strategy" in text


def test_writing_is_utf8(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_report(Report("Հայաստան, Azərbaycan", "", (), (), (), "", (), ()), target, "html")
    assert "Հայաստան, Azərbaycan" in target.read_text(encoding="utf-8")


def test_a_part_that_cannot_be_made_says_why() -> None:
    def make() -> object:
        raise NotInResults("no such thing was swept.")

    found = part("key", "Title", make)  # type: ignore[type-var]
    assert found.missing == "no such thing was swept"
    page = html(Report("t", "", (), (), (), "", (), (Section("s", "S", "", (found,)),)))
    assert "no such thing was swept." in page


@pytest.mark.parametrize(
    ("value", "format", "text"),
    [
        (0.4904, ".1%", "49.0 %"),
        (-0.00001, ".1%", "0.0 %"),
        (-0.25, "percent", "−25.0"),
        (-0.0, ".2f", "0.00"),
        (4800, ",", "4,800"),
        (float("nan"), ".1%", "unknown"),
        ("24 March 2026", "", "24 March 2026"),
    ],
)
def test_numbers_are_shown(value: float | str, format: str, text: str) -> None:
    assert shown(value, format) == text


def test_an_interval_is_one_column() -> None:
    frame = pl.DataFrame({"key": ["a", "b"], "x": [0.5, None], "x_low": [0.4, None],
                          "x_high": [0.6, None], "n": [3, 0]})  # fmt: skip
    found = in_words(frame, {"x": Column("x, %", ".1%", "x_")})
    assert found.columns == ["key", "x, %", "n"]
    assert found["x, %"].to_list() == ["50.0 [40.0, 60.0]", "-"]


def test_cells_are_set_by_what_they_hold() -> None:
    frame = pl.DataFrame({"a": ["12.5 %", "−3"], "b": ["1.0 [0.5, 2.0]", "-"], "c": ["x", "2024"],
                          "d": ["2024-09-17", "2025-01-01"]})  # fmt: skip
    assert [kind for _, kind in cells(frame)[0]] == ["n", "i", "", "i"]
    assert cell(None) == cell(float("nan")) == "-"
    assert cell(-1234.5678) == "−1235"
    assert cell(12345) == "12,345"


# --- colours


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colours(dark: bool) -> dict[str, str]:
    """The page's colours by name."""
    from importlib.resources import files

    text = (files("sim.analysis.page") / "files" / STYLE).read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1 if dark else 0]))


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out(dark: bool) -> None:
    named = colours(dark)
    for paper in ("paper", "tint", "warn-paper"):
        for ink in ("ink", "muted", "accent"):
            assert contrast(named[ink], named[paper]) >= 4.5, (ink, paper)
    axis = theme(dark)["axis"]
    assert isinstance(axis, dict)
    assert contrast(axis["labelColor"], named["paper"]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_marks_stand_out(dark: bool) -> None:
    """Three to one against the page, but for the last colour, of weeks after the talks' end."""
    paper = colours(dark)["paper"]
    for colour in (CATEGORY_DARK if dark else CATEGORY)[:-1]:
        assert contrast(colour, paper) >= 3.0, colour


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("place", [n / 50 for n in range(51)])
def test_numbers_in_a_heat_map_stand_out(dark: bool, place: float) -> None:
    """Black or white as `sim.analysis.charts.readable_ink` chooses."""
    from sim.analysis.charts import RAMP, RAMP_DARK

    ends = RAMP_DARK if dark else RAMP
    channels = [
        round(int(ends[0][n : n + 2], 16) * (1 - place) + int(ends[1][n : n + 2], 16) * place)
        for n in (1, 3, 5)
    ]
    box = "#" + "".join(f"{c:02x}" for c in channels)
    white = place < 0.55 if dark else place > 0.745
    assert contrast("#ffffff" if white else "#000000", box) >= 4.5
