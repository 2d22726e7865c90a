"""The report: each number is found again by its query; formats, titles from YAML, bad lines."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from sim.analysis.page.content import Report
from sim.analysis.page.html import html
from sim.analysis.page.markdown import markdown
from sim.analysis.page.write import make_report, write_report
from sim.cli import main
from sim.errors import ConfigError
from tests.analysis.conftest import play

HOSTILE = "<script>alert(1)</script> & 'quoted'"


def answered(query: str) -> dict[str, Any]:
    """Return the single row of a query by the names of its columns."""
    found = duckdb.sql(query)
    rows = found.limit(2).fetchall()
    assert len(rows) == 1
    return dict(zip(found.columns, rows[0], strict=True))


def quiet(words: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep whose scenario has markup for a title."""
    line = "agenda=single_undertaking,interim_allowed replicates=6"
    folder = tmp_path_factory.mktemp("hostile") / "results"
    from sim.sweeps.execute import Quiet, execute
    from sim.sweeps.planning import make_plan

    title = "scenario.title='" + HOSTILE.replace("'", r"\'") + "'"
    execute(make_plan([*line.split(), title, "public=none"]), folder, Quiet())
    return folder


@pytest.mark.parametrize(
    "folder", ["factorial_folder", "saltelli_folder", "hypercube_folder", "one_cell_folder"]
)
def test_each_number_of_the_answer_is_found_by_its_query(
    folder: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    place: Path = request.getfixturevalue(folder)
    report = make_report([place], quiet)
    monkeypatch.chdir(place)
    asked = [s for s in report.statements if s.query]
    assert len(asked) >= 4
    for statement in asked:
        assert "\n" not in statement.query
        row = answered(statement.query)
        for name, number in statement.numbers.items():
            found = row[name]
            if isinstance(number.value, str):
                assert str(found) == number.value, (statement.text, name)
            else:
                assert float(found) == pytest.approx(float(number.value), abs=1e-9), (
                    statement.text,
                    name,
                )


def test_statements_of_two_sweeps_are_found_by_their_queries(
    factorial_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = play(
        "strategy@armenia=linear,boulware,tit_for_tat strategy@azerbaijan=hold_out,firm "
        "agenda=single_undertaking,interim_allowed replicates=24 precondition=none",
        tmp_path / "other",
    )
    report = make_report([factorial_folder, other], quiet)
    monkeypatch.chdir(tmp_path)
    asked = [s for s in report.statements if s.query]
    assert asked
    for statement in asked:
        row = answered(statement.query)
        for name, number in statement.numbers.items():
            if not isinstance(number.value, str):
                assert float(row[name]) == pytest.approx(float(number.value), abs=1e-9)


@pytest.fixture(scope="module")
def report(factorial_folder: Path) -> Report:
    return make_report([factorial_folder], quiet)


def test_every_part_has_a_table_or_says_why_not(report: Report) -> None:
    parts = [p for section in report.sections for p in section.parts]
    assert len(parts) > 15
    for part in parts:
        assert part.missing or (part.table is not None and part.table.height > 0), part.key
    keys = [p.key for p in parts]
    assert len(set(keys)) == len(keys)


def test_page_asks_for_no_address(report: Report) -> None:
    page = html(report)
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//""", page)
    assert not re.findall(r"@import|url\(\s*['\"]?(?:https?:)?//", page)


def test_page_is_the_same_again(report: Report, factorial_folder: Path) -> None:
    assert html(report) == html(make_report([factorial_folder], quiet))


def test_text_from_yaml_is_escaped(hostile_folder: Path) -> None:
    report = make_report([hostile_folder], quiet)
    page = html(report)
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in markdown(report)


@pytest.mark.parametrize("kind", ["md", "csv", "parquet"])
def test_other_formats_hold_the_same_tables(report: Report, kind: str, tmp_path: Path) -> None:
    target = tmp_path / f"report-{kind}"
    write_report(report, target, kind)  # type: ignore[arg-type]
    if kind == "md":
        text = target.read_text("utf-8")
        assert all(statement.text[:20] in text for statement in report.statements)
        return
    read = pl.read_csv if kind == "csv" else pl.read_parquet
    for part in report.parts:
        assert part.frame is not None
        assert read(target / f"{part.key}.{kind}").height == part.frame.height, part.key
    assert not list(tmp_path.glob(".*.part"))


def test_the_story_of_a_single_run(run_folder: Path) -> None:
    told = make_report([run_folder], quiet)
    assert "signed" in told.statements[0].text
    assert {part.key for part in told.parts} >= {
        "wants",
        "text",
        "demands",
        "ledger_over_time",
        "home",
    }
    assert "<script" in html(told)


COMMANDS = {
    "no folder": (["nowhere"], "no such folder"),
    "three folders": (["a", "b", "c"], "takes one folder, or two"),
    "a place that is taken": (["RESULTS", "--out", "RESULTS/plan.json"], "not overwritten"),
    "a place in no folder": (["RESULTS", "--out", "nowhere/report.html"], "no such folder"),
    "open without HTML": (["RESULTS", "--format", "md", "--open"], "shows HTML only"),
    "an unknown format": (["RESULTS", "--format", "htlm"], "did you mean 'html'"),
    "a start that is none": (["RESULTS", "--start", "agenda"], "KEY=VALUE"),
    "a start that was not swept": (["RESULTS", "--start", "agneda=x"], "agneda"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_bad_lines(name: str, factorial_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, message = COMMANDS[name]
    line = [word.replace("RESULTS", str(factorial_folder)) for word in words]
    assert main(["report", *line]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1


def test_a_report_is_never_overwritten(one_cell_folder: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "results"
    shutil.copytree(one_cell_folder, folder)
    assert main(["report", str(folder)]) == 0
    first = (folder / "report.html").read_bytes()
    assert main(["report", str(folder)]) == 0
    assert (folder / "report.html").read_bytes() == first
    assert (folder / "report-2.html").exists()


def test_one_run_and_a_sweep_cannot_be_compared(run_folder: Path, one_cell_folder: Path) -> None:
    with pytest.raises(ConfigError, match="two sweeps can be compared"):
        make_report([one_cell_folder, run_folder], quiet)


def test_reports_load_no_rule_of_the_model(one_cell_folder: Path, tmp_path: Path) -> None:
    """Analysis reads files and never plays: neither numba nor Mesa is even imported."""
    target = str(tmp_path / "report.html")
    program = (
        "import sys; from sim.cli import main; "
        f"code = main(['report', {str(one_cell_folder)!r}, '--out', {target!r}]); "
        "print(code, sorted(m for m in ('numba', 'mesa', 'sim.engine', 'sim.model') "
        "if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=os.environ
    )
    assert done.stdout.strip().splitlines()[-1] == "0 []", done.stderr[-2000:]
