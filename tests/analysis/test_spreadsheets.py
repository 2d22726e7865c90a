"""CSV files that a spreadsheet opens without carrying anything out."""

import csv
from pathlib import Path

import polars as pl
import pytest

from sim.analysis.page.content import Part, Report, Section
from sim.analysis.page.write import harmless, write_tables

FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "-")


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_quoted(text: str) -> None:
    for kind in (pl.String, pl.Enum([text]), pl.Categorical):
        assert harmless(pl.DataFrame({"a": [text]}, {"a": kind}))["a"].to_list() == [f"'{text}"]


@pytest.mark.parametrize(
    "text", ["-0.5", "+3", "-1e-5", "-.5", "words", "", "a=b", "\u22121", None]
)
def test_numbers_and_words_stay(text: str | None) -> None:
    frame = pl.DataFrame({"a": [text], "n": [-0.5]}, {"a": pl.String, "n": pl.Float64})
    assert harmless(frame).write_csv() == frame.write_csv()


def test_files_of_a_report_hold_no_formula(tmp_path: Path) -> None:
    frame = pl.DataFrame({"strategy": ["=HYPERLINK(1)"], "change": [-0.25]})
    part = Part("one", "=A title", frame, None, None, ())
    section = Section("section", "A section", "", (part,))
    write_tables(Report("", "", (), (), (), "", (), (section,)), tmp_path, "csv")
    rows = [row for file in tmp_path.glob("*.csv") for row in csv.reader(file.open())]
    assert ["'=HYPERLINK(1)", "-0.25"] in rows
    assert any("'=A title" in row for row in rows)
