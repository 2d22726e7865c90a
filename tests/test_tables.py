"""Tables of positions and saliences: read into a scenario, and written from one."""

import sys
from pathlib import Path

import pytest

from sim.commands.cli import main
from sim.config import config_folder
from sim.config.compose import compose, load_scenario
from sim.config.scenario import Scenario

Capture = pytest.CaptureFixture[str]

LONG = """\
Article;Title;Status;Unit;From;To;Actor;Position;Salience
quota;Yearly quota;open;t;100;900;North;150;90
quota;;;;;;South;800;70
season;Closed season;half;;;;North;70;40
season;;;;;;South;20;60
police;Fishery police;agreed;;;;North;40;10
police;;;;;;South;60;20
"""
WIDE = """\
issue,north position,north salience,south position,south salience
First thing,0.2,1,0.9,3
second,0.8,2,0.1,2
"""


def importing(text: str, folder: Path, *words: str) -> int:
    file = folder / "talks.csv"
    file.write_text(text, encoding="utf-8")
    where = ["--config-dir", str(folder / "mine"), "--start", "2030-01-07"]
    return main(["scenario", "import", str(file), *where, *words])


def made(folder: Path, name: str = "talks") -> Scenario:
    return load_scenario(folder / "mine" / "scenario" / f"{name}.yaml")


def test_a_row_a_pair(tmp_path: Path, capsys: Capture) -> None:
    assert importing(LONG, tmp_path) == 0
    assert "3 articles" in capsys.readouterr().out
    scenario = made(tmp_path)
    quota, season, police = scenario.articles.values()
    assert scenario.parties == ("north", "south")
    assert scenario.actors["north"].name == "North"
    assert (quota.title, quota.unit, quota.ends) == ("Yearly quota", "t", (100, 900))
    assert quota.ideals["north"].value == 0.0625
    assert quota.ideals["south"].value == 0.875
    assert (quota.weights["north"].value, quota.weights["south"].value) == (90, 70)
    # The first party's end comes first, whichever is higher.
    assert (season.status, season.ends) == ("half", (100, 0))
    assert season.ideals["north"].value == 0.3
    assert season.ideals["south"].value == 0.8
    # Nothing says how it was agreed: in the middle, between both.
    assert police.position is not None
    assert (police.position.value, police.position.low, police.position.high) == (0.5, 0.4, 0.6)


def test_a_row_an_article(tmp_path: Path) -> None:
    assert importing(WIDE, tmp_path, "--parties", "south,north") == 0
    scenario = made(tmp_path)
    assert scenario.parties == ("south", "north")
    assert [item.title for item in scenario.articles.values()] == ["First thing", "Second"]
    first, second = scenario.articles.values()
    assert (first.ends, second.ends) == ((1, 0), None)
    assert first.ideals["south"].value == pytest.approx(0.1)
    assert second.ideals["north"].value == 0.8


def test_an_imported_scenario_plays_as_it_is(tmp_path: Path) -> None:
    text = LONG + "quota;;;;;;Union;900;50\nquota;;;;;;Board;500;5\n"
    words = ["--mediator", "board", "--opposition", "union@south"]
    assert importing(text, tmp_path, *words) == 0
    settings = compose(["scenario=talks"], config_dir=tmp_path / "mine")
    assert settings.mediator.style == "facilitation"
    assert settings.scenario.articles["quota"].ideals["union"].value == 1.0
    assert settings.scenario.articles["season"].ideals["union"].value == 0.8


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("name", ["prespa_2018", "march_2025"])
def test_there_and_back(name: str, ending: str, tmp_path: Path, capsys: Capture) -> None:
    """What is exported can be imported again: positions, saliences, states, units."""
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
    file = tmp_path / f"table.{ending}"
    assert main(["scenario", "export", name, str(file)]) == 0
    assert main(["scenario", "export", name, str(file)]) == 2
    assert "nothing is overwritten" in capsys.readouterr().err
    before = load_scenario(config_folder() / "scenario" / f"{name}.yaml")
    assert before.mediator is not None
    assert before.opposition is not None
    words = ["--parties", ",".join(before.parties), "--mediator", before.mediator.id]
    words += ["--opposition", f"{before.opposition.id}@{before.opposition.home}"]
    words += ["--name", "again", "--config-dir", str(tmp_path / "mine")]
    assert main(["scenario", "import", str(file), *words]) == 0
    after = made(tmp_path, "again")
    assert list(after.articles) == list(before.articles)
    for key, item in before.articles.items():
        again = after.articles[key]
        assert (again.title, again.status, again.number) == (item.title, item.status, item.number)
        assert (again.position is None) == (item.position is None)
        for actor in before.actor_ids:
            assert again.weights[actor].value == item.weights[actor].value
            place = item.ideals[actor].value
            assert again.ideals[actor].value == pytest.approx(place, abs=1e-9)


def test_a_text_is_no_formula(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    text = LONG.replace("Yearly quota", '"=1+1"')
    assert importing(text, tmp_path) == 0
    source = str(tmp_path / "mine" / "scenario" / "talks.yaml")
    assert main(["scenario", "export", source, str(tmp_path / "t.xlsx")]) == 0
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]
    assert (sheet["C2"].value, sheet["C2"].data_type) == ("=1+1", "s")


def test_units_are_shown(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert importing(LONG, tmp_path) == 0
    assert main(["scenario", "show", str(tmp_path / "mine" / "scenario" / "talks.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "Yearly quota (t)" in shown
    assert "/ 800*" in shown


def test_excel_without_openpyxl(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert main(["scenario", "export", "march_2025", str(tmp_path / "t.xlsx")]) == 2
    assert "pip install 'peace-talks-sim[table]'" in capsys.readouterr().err


def row(number: int, text: str) -> str:
    lines = LONG.splitlines()
    lines[number - 1] = text
    return "\n".join(lines)


WRONG: list[tuple[str, str, list[str], tuple[str, ...]]] = [
    ("no article column", LONG.replace("Article", "Artikel"), [], ()),
    ("no columns at all", "", [], ("no column 'article'",)),
    ("no actors", "article,title\na,b\n", [], ("no column 'actor'",)),
    ("a column twice", LONG.replace("Unit", "Status"), [], ("'status' stands twice",)),
    (
        "text for a position",
        row(2, "quota;;;;;;North;much;9"),
        [],
        ("'much' is no number",),
    ),
    ("no position", row(2, "quota;;;;;;North;;9"), [], ("row 2: quota has no position of North",)),
    ("no salience", row(3, "quota;;;;;;South;800;"), [], ("row 3: quota has no salience",)),
    ("a negative salience", row(3, "quota;;;;;;South;800;-1"), [], ("row 3", "-1 lies below 0")),
    (
        "outside its ends",
        row(3, "quota;;;;;;South;990;1"),
        [],
        ("position 990 lies outside",),
    ),
    ("outside the scale", row(5, "season;;;;;;South;120;1"), [], ("--scale LOW,HIGH",)),
    ("one end", row(2, "quota;;;t;100;;North;150;9"), [], ("row 2: 'from' and 'to' need",)),
    ("ends alike", row(2, "quota;;;t;7;7;North;7;9"), [], ("'from' and 'to' are both 7",)),
    ("a state that is none", LONG.replace("half", "halv"), [], ("row 4", "did you mean 'half'")),
    ("two states", row(3, "quota;;agreed;;;;South;800;70"), [], ("row 3: status is agreed",)),
    ("a pair twice", LONG + "quota;;;;;;South;1;1\n", [], ("row 8: a second position of South",)),
    ("one party only", row(5, ""), [], ("season has no position of both parties",)),
    ("no article", row(2, ";;;;;;North;1;1"), [], ("row 2: has no article",)),
    ("a third actor", LONG + "quota;;;;;;Union;1;1\n", [], ("'union' is neither party",)),
    ("no such party", LONG, ["--parties", "north,soth"], ("did you mean 'south'",)),
    ("one party named", LONG, ["--parties", "north"], ("give two ids",)),
    ("the same twice", LONG, ["--parties", "north,north"], ("give two ids",)),
    ("a reserved id", LONG, ["--parties", "north,seed"], ("'seed' cannot be an id",)),
    ("half a scale", LONG, ["--scale", "5"], ("--scale: give two numbers",)),
    ("an empty scale", LONG, ["--scale", "5,5"], ("--scale: give two numbers",)),
    ("no date", LONG, ["--start", "soon"], ("'soon' is not a date",)),
    ("no name", LONG, ["--name", "a b"], ("'a b' is no name", "a_b")),
    ("an opposition nowhere", LONG, ["--opposition", "x@soth"], ("did you mean 'south'",)),
    ("two at one home", LONG, ["--opposition", "x@south", "--opposition", "y@south"], ("already",)),
    ("an unknown option", LONG, ["--shet", "a"], ("did you mean '--sheet'",)),
]


@pytest.mark.parametrize(
    ("text", "words", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_a_wrong_table_is_told(
    text: str, words: list[str], said: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    assert importing(text, tmp_path, *words) == 2
    told = capsys.readouterr().err
    assert told.startswith("sim: ")
    assert "Traceback" not in told
    for part in said:
        assert part in told
    assert not (tmp_path / "mine").exists()


def test_all_problems_are_told_at_once(tmp_path: Path, capsys: Capture) -> None:
    text = row(2, "quota;;;;;;North;much;-9").replace("half", "halv")
    assert importing(text, tmp_path, "--start", "soon") == 2
    assert len(capsys.readouterr().err.splitlines()) >= 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"article", "ends in .csv or .xlsx"),
        ("a.xlsx", b"no workbook", "is no Excel workbook"),
        ("a.csv", "Länder;".encode("latin-1"), "not in UTF-8"),
    ],
)
def test_files_that_are_no_tables(
    name: str, content: bytes, said: str, tmp_path: Path, capsys: Capture
) -> None:
    if name == "a.xlsx":
        pytest.importorskip("openpyxl")
    (tmp_path / name).write_bytes(content)
    assert main(["scenario", "import", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "talks.csv").write_text(LONG, encoding="utf-8")
    assert main(["scenario", "import", str(tmp_path / "talk.csv")]) == 2
    assert "did you mean 'talks.csv'" in capsys.readouterr().err
