"""Every example in the docs that is marked to be run does what the page says.

A page's marked blocks are played in order in an empty folder:

- ```yaml file=NAME and ```csv file=NAME write the block to that file;
- ```console run carries out its lines that start with `$ `, and compares what is printed with the
  lines below each; a line `...` stands for any lines and `...` in a line for any words, blanks at
  line ends and runs of blanks do not count; ```console run exit=2 expects that exit code of each
  command;
- ```python run carries the block out as a program of its own; one that starts with `>>>` is checked
  as a doctest.

Blocks without a mark are left alone.
"""

import math
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w+) +([^\n]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
KNOWN = {("console", "run"), ("yaml", "file"), ("csv", "file"), ("python", "run")}


class Block(NamedTuple):
    """One marked example of a page."""

    language: str
    marks: dict[str, str]
    body: str


def marked_blocks(page: str) -> list[Block]:
    """Return the marked examples of a page in their order."""
    found = []
    for language, info, body in FENCE.findall(page):
        marks = dict((*word.split("=", 1), "")[:2] for word in info.split())
        assert (language, next(iter(marks))) in KNOWN, f"unknown mark: ```{language} {info}"
        found.append(Block(language, marks, body))
    return found


PAGES = sorted(
    path for path in DOCS.rglob("*.md") if marked_blocks(path.read_text(encoding="utf-8"))
)


def plain(text: str) -> list[str]:
    """Return lines without needless blanks; empty ones dropped."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def fits(wanted: list[str], printed: list[str]) -> bool:
    """Return whether the printed lines are the wanted ones, `...` standing for any."""
    if not wanted:
        return not printed
    if wanted[0] == "...":
        return any(fits(wanted[1:], printed[n:]) for n in range(len(printed) + 1))
    return bool(printed) and alike(wanted[0], printed[0]) and fits(wanted[1:], printed[1:])


def alike(wanted: str, printed: str) -> bool:
    """Return whether a printed line is the wanted one, `...` standing for any words."""
    pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(pattern, printed) is not None


def commands(body: str) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the output it should give."""
    assert body.startswith("$ "), "a console example starts with a command"
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    found = []
    for part in parts:
        command, _, output = re.sub(r"\\\n\s*", " ", part).partition("\n")
        found.append((command, plain(output)))
    return found


def call(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one program in `folder` and return what it printed, errors among it."""
    env = os.environ | {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        words,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def play_console(block: Block, folder: Path) -> None:
    """Carry out a console block."""
    expected = int(block.marks.get("exit", "0"))
    for command, wanted in commands(block.body):
        words = shlex.split(command)
        if words[0] == "sim":
            words[:1] = [sys.executable, "-m", "sim.commands.cli"]
        elif words[0] == "python":
            words[0] = sys.executable
        done = call(words, folder)
        assert done.returncode == expected, f"$ {command}\n{done.stdout}"
        printed = [
            line for line in plain(done.stdout) if not line.startswith("sim: compiling the rules")
        ]
        printed = [line for line in printed if line != "minute"]
        assert fits(wanted, printed), f"$ {command}\n{done.stdout}\nis not\n" + "\n".join(wanted)


def play_python(block: Block, folder: Path) -> None:
    """Carry out a Python block, as a doctest if it is written as one."""
    example = folder / "example.txt"
    example.write_text(block.body, encoding="utf-8")
    check = ["-m", "doctest"] if block.body.startswith(">>>") else []
    done = call([sys.executable, *check, example.name], folder)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(DOCS).as_posix())
def test_examples_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    for block in marked_blocks(page.read_text(encoding="utf-8")):
        if "file" in block.marks:
            target = tmp_path / block.marks["file"]
            assert target.resolve().is_relative_to(tmp_path.resolve())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.body, encoding="utf-8")
        elif block.language == "console":
            play_console(block, tmp_path)
        else:
            play_python(block, tmp_path)


def test_a_scenario_begun_anew_takes_few_commands_and_numbers() -> None:
    """From `sim scenario new` to a report of 2,000 runs; what is typed into the file counts too."""
    page = (DOCS / "how-to" / "from-a-spreadsheet.md").read_text(encoding="utf-8")
    blocks = marked_blocks(page[page.index("## Without a spreadsheet") :])
    consoles = [block.body for block in blocks if block.language == "console"]
    typed = [command for body in consoles for command, _ in commands(body)]
    (file,) = (block.body for block in blocks if block.language == "yaml")
    assert typed[0].startswith("sim scenario new")
    assert typed[-1].startswith("sim report")
    assert len(typed) <= 8
    words = " ".join([*typed, file])
    assert len(re.findall(r"(?<![\w.-])-?\d[\d.-]*", words)) <= 40
    assert len(re.findall(r"title: .*status: ", file)) == 11
    (sweep,) = (command for command in typed if command.startswith("sim sweep"))
    values = [word.partition("=")[2].split(",") for word in sweep.split() if "=" in word]
    replicates = int(re.search(r"replicates=(\d+)", sweep)[1])  # type: ignore[index]
    assert math.prod(map(len, values)) * replicates == 2000


def test_pages_with_examples_were_found() -> None:
    names = {page.relative_to(DOCS).as_posix() for page in PAGES}
    assert {"how-to/run-one.md", "how-to/write-a-scenario.md"} <= names


@pytest.mark.parametrize(
    ("wanted", "printed", "verdict"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "c"], True),
        (["..."], [], True),
        (["a ... d"], ["a b c d"], True),
        (["a ... d"], ["a b c"], False),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        (["...", "d"], ["a", "b", "c"], False),
        ([], ["a"], False),
    ],
)
def test_output_is_compared_line_by_line(
    wanted: list[str], printed: list[str], verdict: bool
) -> None:
    assert fits(wanted, printed) is verdict


def test_a_wrong_example_is_noticed(tmp_path: Path) -> None:
    page = '```console run\n$ python -c "print(1)"\n2\n```\n'
    (block,) = marked_blocks(page)
    with pytest.raises(AssertionError, match="is not"):
        play_console(block, tmp_path)


def test_an_unknown_mark_is_noticed() -> None:
    with pytest.raises(AssertionError, match="unknown mark"):
        marked_blocks("```console rnu\n$ sim run\n```\n")


@pytest.mark.parametrize(
    "page",
    sorted(DOCS.rglob("*.md")),
    ids=lambda p: p.relative_to(DOCS).as_posix(),
)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.name)
def test_every_page_is_on_the_map(page: Path) -> None:
    if page.name == "index.md":
        return
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert f"]({page.relative_to(DOCS).as_posix()})" in index


def test_no_page_has_a_gap_left_to_fill() -> None:
    root = DOCS.parent
    pages = [*DOCS.rglob("*.md"), *root.glob("*.md"), *root.glob("experiments/**/*.md")]
    assert len(pages) > 20
    gaps = {page.name: re.findall(r"@[A-Z_]+@", page.read_text("utf-8")) for page in pages}
    assert {name: found for name, found in gaps.items() if found} == {}
