"""CONTRIBUTING.md says what is so: its map, and each recipe carried out as it stands there.

A recipe's blocks are edits of a copy of the repository, and commands with what they print:

- ```text file=NAME writes a new file; after=LINE puts the block after that line of the file, and
  instead=LINE in its place; with ~~~ the line may hold backticks;
- ```console run as in `test_docs_examples.py`, but a command that states no output prints nothing.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_docs_examples import commands, fits, plain
from tests.test_house import LEFT_OF

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^(```|~~~)(\w+) +([^\n]+)\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
RECIPES = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", TEXT, re.DOTALL | re.MULTILINE))
ROOMS = re.findall(r"^\| `sim/(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
COPIED = ("sim", "configs", "docs", "tests", "pyproject.toml")


class Step(NamedTuple):
    """One marked block of a recipe."""

    language: str
    file: str
    mark: str  # after, instead, or empty for a new file
    line: str  # the line that the block goes after or stands for
    body: str


def steps(recipe: str) -> list[Step]:
    """Return the marked blocks of a recipe in their order."""
    found = []
    for _, language, info, body in FENCE.findall(recipe):
        file, _, rest = info.removeprefix("file=").partition(" ")
        mark, _, line = rest.partition("=")
        assert (mark in ("", "after", "instead")) if info.startswith("file=") else info == "run"
        found.append(Step(language, file, mark, line, body))
    return found


def edits(recipe: str) -> list[Step]:
    """Return the blocks of a recipe that change a file."""
    return [step for step in steps(recipe) if step.language != "console"]


def edit(folder: Path, step: Step) -> None:
    """Write a new file, or put a block where its mark says."""
    file = folder / step.file
    assert file.resolve().is_relative_to(folder.resolve())
    if not step.mark:
        assert not file.exists()
        file.write_text(step.body, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").split("\n")
    assert lines.count(step.line) == 1, f"{step.file}: {lines.count(step.line)} x {step.line!r}"
    at = lines.index(step.line)
    lines[at : at + 1] = [
        *([step.line] if step.mark == "after" else []),
        *step.body.split("\n")[:-1],
    ]
    file.write_text("\n".join(lines), encoding="utf-8")


def carry_out(folder: Path, step: Step) -> None:
    """Run the commands of a block and compare what they print with the text."""
    env = os.environ | {"PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1"}
    for command, wanted in commands(step.body):
        words = shlex.split(command)
        assert words[0] in ("sim", "python")
        words[:1] = [sys.executable, *(["-m", "sim.commands.cli"] if words[0] == "sim" else [])]
        if "pytest" in words:
            words += ["-n", "0", "-p", "no:cacheprovider"]
        done = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        assert fits(wanted, plain(done.stdout)), f"{command}: {done.stdout}"


def play(folder: Path, name: str, left_out: Step | None = None) -> None:
    """Copy the source, make the edits of a recipe but for one, then run its commands."""
    for part in COPIED:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)  # with what Python has compiled
        else:
            shutil.copy(ROOT / part, folder / part)
    for step in edits(RECIPES[name]):
        if step != left_out:
            edit(folder, step)
    try:
        for step in steps(RECIPES[name]):
            if step.language == "console":
                carry_out(folder, step)
    except AssertionError as error:
        raise RecipeError(str(error)) from error


class RecipeError(Exception):
    """A command of a recipe fails, or prints something else."""


EDITS = [
    pytest.param(name, step, id=f"{name}: {number} {step.file}")
    for name, recipe in RECIPES.items()
    for number, step in enumerate(edits(recipe), 1)
]
TABLES = {
    ("Add a gate of the ledger", "sim/runs/story.py"): "NO_MEDIATOR of Gate",
    ("Add a gate of the ledger", "sim/runs/outcomes.py"): "NO_MEDIATOR of Gate",
    ("Add a route of a demand", "sim/model/rules/preconditions.py"): "PARLIAMENTARY of Route",
    ("Add a route of a demand", "sim/config/treaty.py"): "PARLIAMENTARY of Route",
    ("Add a route of a demand", "sim/view/board/path.py"): "PARLIAMENTARY of Route",
}
"""Places that fail at import if they are forgotten, and what they are told to lack."""


def test_the_six_recipes_are_there() -> None:
    assert [name.split()[0] for name in RECIPES] == ["Add"] * 5 + ["Move"]
    assert all(any(step.language == "console" for step in steps(r)) for r in RECIPES.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name: str, tmp_path: Path) -> None:
    play(tmp_path, name)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "left_out"), EDITS)
def test_a_recipe_fails_without_one_of_its_edits(name: str, left_out: Step, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as failure:
        play(tmp_path, name, left_out)
    if lacks := TABLES.get((name, left_out.file)):
        assert f"a table lacks {lacks}" in str(failure.value)


def test_edits_go_where_the_mark_says(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("a\nb\nd\n", encoding="utf-8")
    (step,) = steps("```text file=f.txt after=b\nc\n```\n")
    edit(tmp_path, step)
    (step,) = steps("~~~text file=f.txt instead=d\n`e`\n~~~\n")
    edit(tmp_path, step)
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == "a\nb\nc\n`e`\n"
    (step,) = steps("```text file=f.txt after=lost\nc\n```\n")
    with pytest.raises(AssertionError, match="0 x 'lost'"):
        edit(tmp_path, step)


def test_the_map_has_the_rooms_and_arrows_that_are_checked() -> None:
    rooms = [name for name in LEFT_OF if name not in ("errors", "__main__")]
    assert [room for room, *_ in ROOMS] == rooms
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^sim/(\w+) ", readme, re.MULTILINE) == [room for room, *_ in ROOMS]
    for at, (room, _, imports, _) in enumerate(ROOMS):
        above = {name for name, *_ in ROOMS[:at]}
        stated = above if imports == "all" else set(re.findall(r"`(\w+)`", imports))
        assert stated == LEFT_OF[room] - {"errors"}


@pytest.mark.parametrize(("room", "stated"), [(room, late) for room, _, _, late in ROOMS])
def test_the_map_names_the_packages_that_are_imported_late(room: str, stated: str) -> None:
    late = {
        package
        for file in (ROOT / "sim" / room).rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for package in packages(function)
    }
    assert late - sys.stdlib_module_names - {"sim"} == set(re.findall(r"`(\w+)`", stated))


def packages(tree: ast.AST) -> set[str]:
    """Return the packages that are imported anywhere in a tree."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found
