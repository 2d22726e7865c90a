"""`sim report` and `sim run --out` as a user calls them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from sim.commands import report as command
from sim.commands.cli import main

ROOT = Path(__file__).resolve().parents[2]
Capture = pytest.CaptureFixture[str]


def failed(capsys: Capture, *words: str) -> str:
    """Run a command that cannot be used and return its one line of error."""
    assert main(list(words)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    (line,) = err.strip().splitlines()
    assert line.startswith("sim: ")
    return line


def test_a_sweep(factorial_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "answer.html"
    assert main(["report", str(factorial_folder), "--out", str(target)]) == 0
    out, _ = capsys.readouterr()
    assert "- Something was signed in" in out
    assert out.strip().endswith(f"report: {target}")
    assert target.stat().st_size > 500_000
    assert [p.name for p in tmp_path.iterdir()] == ["answer.html"]


def test_the_folder_is_the_default_place_and_nothing_is_overwritten(
    one_cell_folder: Path, capsys: Capture
) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in one_cell_folder.rglob("*") if p.is_file()}
    for name in ("report.md", "report-2.md"):
        assert main(["report", str(one_cell_folder), "--format", "md"]) == 0
        assert capsys.readouterr().out.strip().endswith(name)
    after = {p.name: p.stat().st_mtime_ns for p in one_cell_folder.rglob("*") if p.is_file()}
    assert set(after) - set(before) == {"report.md", "report-2.md"}
    assert all(after[name] == time for name, time in before.items())
    one, two = (one_cell_folder / name for name in ("report.md", "report-2.md"))
    assert one.read_bytes() == two.read_bytes()
    one.unlink()
    two.unlink()


def test_a_single_run(run_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["report", str(run_folder), "--out", str(tmp_path / "run.html")]) == 0
    out, _ = capsys.readouterr()
    assert "weeks" in out
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    moves = pl.read_parquet(run_folder / "moves.parquet")
    assert moves["said"][0] in page


def test_two_sweeps(
    factorial_folder: Path, one_cell_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    target = tmp_path / "cmp.html"
    words = ["report", str(factorial_folder), str(one_cell_folder), "--out", str(target)]
    assert main(words) == 0
    assert "cells in common" in capsys.readouterr().out


def test_tables(factorial_folder: Path, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "tables"
    words = ["report", str(factorial_folder), "--format", "parquet", "--out", str(target)]
    assert main(words) == 0
    assert "signing_rates.parquet" in {p.name for p in target.iterdir()}
    assert pl.read_parquet(target / "contents.parquet")["file"].is_unique().all()


def test_what_is_missing_is_told_on_standard_error(
    factorial_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    import shutil

    folder = Path(shutil.copytree(factorial_folder, tmp_path / "copied"))
    (folder / "runs.parquet").unlink()
    next((folder / "shards").iterdir()).unlink()
    assert main(["report", str(folder), "--format", "md"]) == 0
    err = capsys.readouterr().err
    assert "not finished" in err
    assert "planned runs are stored" in err
    assert "What is missing" in (folder / "report.md").read_text(encoding="utf-8")


def test_the_inverse_question_from_elsewhere(
    factorial_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    target = tmp_path / "r.md"
    words = ["report", str(factorial_folder), "--format", "md", "--out", str(target)]
    words += ["--start", "strategy@armenia=tit_for_tat", "--start", "agenda=interim_allowed"]
    assert main(words) == 0
    text = target.read_text(encoding="utf-8").replace("\\", "")
    assert "Starting from strategy@armenia=tit_for_tat" in text


def test_a_start_that_was_not_swept_is_refused(factorial_folder: Path, capsys: Capture) -> None:
    assert main(["report", str(factorial_folder), "--start", "agneda=interim_allowed"]) == 2
    assert "was not swept; did you mean 'agenda'" in capsys.readouterr().err


def test_a_start_at_a_value_that_was_not_swept_is_refused(
    factorial_folder: Path, hypercube_folder: Path, capsys: Capture
) -> None:
    words = ["report", str(factorial_folder), "--start", "strategy@armenia=boulwar"]
    assert main(words) == 2
    assert "is none of the values that were swept; did you mean 'boulware'?" in (
        capsys.readouterr().err
    )
    key = "scenario.discount_rate.armenia.value"
    assert main(["report", str(hypercube_folder), "--start", f"{key}=high"]) == 2
    assert f"--start {key}=high: is no number" in capsys.readouterr().err


def test_input_that_cannot_be_used(
    factorial_folder: Path, run_folder: Path, tmp_path: Path, capsys: Capture
) -> None:
    sweep, run = str(factorial_folder), str(run_folder)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.html").write_text("")
    for words, message in (
        ([str(tmp_path / "empty")], "is empty"),
        ([str(tmp_path / "nothing")], "no such folder"),
        ([sweep] * 9, "compares at most 8 sweeps, and got 9"),
        ([sweep, sweep, "--outcome", "signed_ful"], "did you mean 'signed_full'"),
        ([sweep, run], "holds a single run; sweeps can be compared"),
        ([sweep, "--format", "docx"], "unknown choice 'docx'"),
        ([sweep, "--outcome", "signed_ful"], "did you mean 'signed_full'"),
        ([sweep, "--out", str(tmp_path / "there.html")], "is not overwritten"),
        ([sweep, "--out", str(tmp_path / "no" / "x.html")], "no such folder"),
        ([sweep, "--open", "--format", "csv"], "shows HTML only"),
        ([sweep, "--start", "agenda"], "KEY=VALUE"),
        ([sweep, sweep, "--start", "agenda=x"], "of one sweep"),
        ([run, "--start", "agenda=x"], "no levers"),
        ([sweep, "--fromat=md"], "did you mean '--format'?"),
    ):
        assert message in failed(capsys, "report", *words)


def test_without_the_extra_it_is_said_what_to_install(
    factorial_folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "altair" else real(name, *a)
    )
    line = failed(capsys, "report", str(factorial_folder))
    assert "pip install 'peace-talks-sim[report]'" in line


def test_open_shows_the_page(
    one_cell_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import webbrowser

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    target = tmp_path / "r.html"
    assert main(["report", str(one_cell_folder), "--out", str(target), "--open"]) == 0
    assert opened == [target.as_uri()]


def test_a_disk_that_refuses_leaves_nothing_behind(
    one_cell_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(part: Path, target: Path) -> Path:
        assert part.exists()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert main(["report", str(one_cell_folder), "--out", str(tmp_path / "r.html")]) == 1
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_help_teaches_by_example(capsys: Capture) -> None:
    assert main(["report", "--help"]) == 0
    out, _ = capsys.readouterr()
    for example in ("sim report results/", "--format md", "--open", "--start"):
        assert example in out
    assert command.DESCRIPTION.count("\n  sim report") >= 5


# --- what a report loads


def test_a_report_loads_no_rules_and_no_numba(one_cell_folder: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from sim.commands.cli import main; "
        f"main(['report', {str(one_cell_folder)!r}, '--out', {str(tmp_path / 'r.html')!r}]); "
        "print([m for m in sys.modules if m == 'numba' or m == 'mesa' or m in ('sim.model.engine', "
        "'sim.runs.mesa_model') or m.startswith('sim.model.rules')])"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "file",
    sorted((ROOT / "sim" / "analysis").rglob("*.py")),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_analysis_reads_files_and_plays_nothing(file: Path) -> None:
    forbidden = (
        *(
            "sim.model.engine",
            "sim.runs.mesa_model",
            "sim.model.rules",
            "sim.runs.play",
            "sim.runs.opening",
        ),
        *("sim.sweeps.play", "sim.sweeps.execute", "pickle", "marshal", "shelve"),
    )
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert not any(name == f or name.startswith(f"{f}.") for f in forbidden), name


# --- sim run --out


def test_run_out_writes_the_whole_run(tmp_path: Path, capsys: Capture) -> None:
    line = ["horizon=30", "public=none", "seed=4"]
    assert main(["run", *line, "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    folder = tmp_path / "talks"
    assert main(["run", *line, "--out", str(folder), "--trace", str(tmp_path / "t.parquet")]) == 0
    told = capsys.readouterr().out
    assert {p.name for p in folder.iterdir()} == {"run.json", "weeks.parquet", "moves.parquet"}
    content = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert {key: content[key] for key in expected} == expected
    assert content["settings"]["scenario"]["title"]
    assert (folder / "weeks.parquet").read_bytes() == (tmp_path / "t.parquet").read_bytes()
    moves = pl.read_parquet(folder / "moves.parquet")
    assert moves.columns == ["week", "date", "actor", "move", "said", "why"]
    assert all(said in " ".join(told.split()) for said in moves["said"])
    assert {p.name for p in tmp_path.iterdir()} == {"talks", "t.parquet"}


def test_run_out_takes_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "talks").mkdir()
    assert main(["run", "horizon=4", "public=none", "--out", str(tmp_path / "talks")]) == 0
    assert (tmp_path / "talks" / "run.json").is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["talks"]


def test_run_out_overwrites_nothing(tmp_path: Path, capsys: Capture) -> None:
    full, file = tmp_path / "full", tmp_path / "file"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    file.write_text("mine")
    for target, message in (
        (full, "is not empty"),
        (file, "is a file"),
        (tmp_path / "no" / "talks", "no such folder"),
    ):
        line = failed(capsys, "run", "horizon=4", "--out", str(target))
        assert message in line
    assert (full / "mine.txt").read_text() == file.read_text() == "mine"


def test_run_out_leaves_nothing_behind_when_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from sim.runs import files

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_trace", full)
    words = ["run", "horizon=4", "public=none", "--out", str(tmp_path / "talks")]
    assert main(words) == 1
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_the_locale_cannot_read_is_said(
    factorial_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a plain ASCII locale a folder named in another alphabet is no text."""
    odd = os.fsdecode(bytes(tmp_path) + b"/r\xff")
    for words in ([odd], [str(factorial_folder), "--out", odd]):
        assert main(["report", *words, "--format", "csv"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith("its name must be UTF-8; in a locale that is not, set PYTHONUTF8=1")
