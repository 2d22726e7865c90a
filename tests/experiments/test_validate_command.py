"""`sim validate` without `deu`: what it prints, and what it refuses."""

import json
from pathlib import Path

import pytest

from sim.commands.cli import main
from sim.config import config_folder

THREE = ("cyprus_2002", "iran_2013", "mine")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a case of the user's own, beside which runs are kept."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "own" / "scenario"
    folder.mkdir(parents=True)
    text = (config_folder() / "scenario" / "syria_israel_2000.yaml").read_text("utf-8")
    (folder / "mine.yaml").write_text(text.replace("id: syria_israel_2000", "id: mine"), "utf-8")
    return folder.parent


def test_scores_stand_beside_all_nulls(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [word for name in THREE for word in ("--case", name)]
    line = ["validate", *names, "--config-dir", str(mine), "--samples", "1", "--out", "kept"]
    assert main([*line, "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    tables = list(found["tables"].values())
    forecasters = [row["forecaster"] for row in tables[0]]
    nulls = [name[:3] for name in forecasters if name.startswith("(")]
    assert nulls == ["(a)", "(b)", "(c)", "(e)", "(f)"]
    text = json.dumps(found)
    assert all(mark in text for mark in ("(d) compromise", "payoffs exchanged", "deadlines alone"))
    assert {row["case"] for row in tables[2]} == set(THREE)
    assert "mine, 3 of 3 cases" in said.err
    assert found["said"][0].startswith("3 past negotiations, ")
    # Again from what is kept, as tables, and the same numbers.
    assert main([*line, "-q"]) == 0
    again = capsys.readouterr()
    assert again.err == ""
    assert found["said"][1] in again.out
    assert "None" not in again.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--case", "march_2025"], ["validate: no case 'march_2025': it has no record"]),
        (["--case", "cyprus"], ["validate: no case 'cyprus'; did you mean 'cyprus_2002'?"]),
        (["--case", "cyprus_2002"], ["validate: each case is forecast from the others, so 3"]),
        (["--samples", "0"], ["--samples: must be a whole number from 1 on, got 0"]),
        (["--config-dir", "nowhere"], ["--config-dir: no such folder: nowhere"]),
        (["dei"], ["validate: deu: unknown choice 'dei'; did you mean 'deu'?"]),
        (["--cases", "x"], ["validate: "]),
    ],
)
def test_wrong_input_is_one_line(
    words: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(told)
    assert all(line.startswith(f"sim: {start}") for line, start in zip(lines, told, strict=True))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{line: blocking}", "{}", "mine: scenario.record.preconditions.line: has no answer"),
        ("until: 2005", "untl: 2005", "mine: scenario.record.untl: unknown key 'untl'"),
        (
            "syria: [0.086, 0.044, 0.129]",
            "syria: {value: 0.086, basis: jta}",
            "mine: scenario.sources.jta: is from 2000-03, after the start",
        ),
    ],
)
def test_what_is_wrong_with_a_case_is_told_with_its_name(
    mine: Path, before: str, after: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = mine / "scenario" / "mine.yaml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    names = [word for name in THREE for word in ("--case", name)]
    assert main(["validate", *names, "--config-dir", str(mine)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if line.startswith(f"sim: {told}")]
    assert all(line.startswith("sim: mine: ") for line in lines)
