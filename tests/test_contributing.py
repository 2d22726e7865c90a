"""Each recipe of CONTRIBUTING.md, carried out as it stands there in a copy of the source."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) +([^\n]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RECIPES = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^### |\Z)", TEXT, re.DOTALL | re.MULTILINE))
COPIED = ("sim", "configs", "docs")


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
    for language, info, body in FENCE.findall(recipe):
        file, _, rest = info.removeprefix("file=").partition(" ")
        mark, _, line = rest.partition("=")
        found.append(Step(language, file, mark, line, body))
    return found


def edit(folder: Path, step: Step) -> None:
    """Write a new file, or put a block where its mark says."""
    file = folder / step.file
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
    """Run the commands of a block and compare what they print where the text says it."""
    env = os.environ | {"PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1"}
    body = step.body.replace("\\\n", " ")
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        words = shlex.split(command)
        words[:1] = [sys.executable, *(["-m", "sim.commands.cli"] if words[0] == "sim" else [])]
        done = subprocess.run(
            words, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if wanted.strip():
            assert done.stdout.strip() == wanted.strip()


def test_the_six_recipes_are_there() -> None:
    assert [name.split()[0] for name in RECIPES] == ["Add"] * 5 + ["Move"]
    assert all(any(step.language == "console" for step in steps(r)) for r in RECIPES.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_recipe(name: str, tmp_path: Path) -> None:
    for part in COPIED:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for step in steps(RECIPES[name]):
        if step.language == "console":
            carry_out(tmp_path, step)
        else:
            edit(tmp_path, step)
