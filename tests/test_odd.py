"""The ODD page and the code never disagree on what can be compared."""

import importlib.util
import re
from enum import IntEnum
from pathlib import Path

import pytest

from sim.model import codes
from sim.model.records import PARAMS_FIELDS, STATE_FIELDS
from sim.model.rules.week import PHASES
from sim.model.shocks import SHOCK_FIELDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "odd.md").read_text(encoding="utf-8")
spec = importlib.util.spec_from_file_location("odd_tables", ROOT / "docs" / "make_odd_tables.py")
assert spec is not None
assert spec.loader is not None
tables = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tables)

WRITTEN = tables.MARK.sub("", PAGE)
"""The page without the tables that are made from the code."""
SECTIONS = (
    "Purpose and patterns",
    "Entities, state variables and scales",
    "Process overview and scheduling",
    "Design concepts",
    "Initialization",
    "Input data",
    "Submodels",
)
CONCEPTS = (
    "Basic principles",
    "Emergence",
    "Adaptation",
    "Objectives",
    "Learning",
    "Prediction",
    "Sensing",
    "Interaction",
    "Stochasticity",
    "Collectives",
    "Observation",
)
MADE = (codes.Move, codes.Reason)
"""Enumerations listed in a table made from the code; all others are explained by hand."""
ENUMERATIONS = [
    value
    for value in vars(codes).values()
    if isinstance(value, type) and issubclass(value, IntEnum) and value is not IntEnum
]


def section(title: str) -> str:
    """Return the hand-written text of one of the seven sections."""
    parts = re.split(r"^## \d\. ", WRITTEN, flags=re.MULTILINE)
    (found,) = [part for part in parts if part.startswith(title)]
    return found


def test_tables_are_up_to_date() -> None:
    assert tables.filled(PAGE) == PAGE, "docs/odd.md is stale, run `make docs`"


def test_a_changed_table_is_noticed() -> None:
    first_row = f"| `{PARAMS_FIELDS[0].name}` |"
    assert first_row in PAGE
    assert tables.filled(PAGE.replace(first_row, "| `changed_by_hand` |")) == PAGE


def test_a_lost_mark_is_noticed() -> None:
    without = tables.MARK.sub("", PAGE, count=1)
    with pytest.raises(KeyError, match="parameters"):
        tables.filled(without)


def test_the_seven_sections_stand_in_their_order() -> None:
    found = re.findall(r"^## \d\. (.+)$", PAGE, flags=re.MULTILINE)
    assert tuple(found) == SECTIONS


def test_all_eleven_design_concepts_are_discussed_in_order() -> None:
    found = re.findall(r"^\*\*([\w ]+)\.\*\*", section("Design concepts"), flags=re.MULTILINE)
    assert tuple(found) == CONCEPTS


@pytest.mark.parametrize(
    "rule",
    sorted({f"{p.rule.__module__.rsplit('.', 1)[1]}.{p.rule.__name__}" for p in PHASES}),
)
def test_every_phase_is_described_under_submodels(rule: str) -> None:
    assert f"`{rule}`" in section("Submodels")


@pytest.mark.parametrize(
    ("enumeration", "name"),
    [(e.__name__, member.name.lower()) for e in ENUMERATIONS for member in e],
)
def test_every_code_is_on_the_page(enumeration: str, name: str) -> None:
    made = any(enumeration == e.__name__ for e in MADE)
    assert f"`{name}`" in (PAGE if made else WRITTEN)


def test_codes_were_found() -> None:
    assert {codes.Treaty, codes.Gate, codes.Agenda, codes.Style, codes.Move} <= set(ENUMERATIONS)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "sim" / "model" / "rules").glob("*.py")), ids=lambda p: p.stem
)
def test_every_file_of_rules_is_named(path: Path) -> None:
    if path.stem in ("__init__", "week"):
        return
    text = section("Initialization") + section("Submodels")
    assert f"`{path.name}`" in text or f"`{path.stem}." in text


def test_every_field_is_on_the_page() -> None:
    shocks = [field for _, _, field in SHOCK_FIELDS]
    missing = [
        f.name for f in (*PARAMS_FIELDS, *STATE_FIELDS, *shocks) if f"`{f.name}`" not in PAGE
    ]
    assert missing == []


def test_links_inside_the_page_and_to_files_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, flags=re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (ROOT / "docs" / target).exists(), target
