"""Files that would take a machine's time or memory, or cannot be read, are refused at once."""

import time
from pathlib import Path

import pytest

from sim.config import config_folder
from sim.config.compose import check_file, compose
from sim.config.sources import MOST_BYTES
from sim.errors import ConfigError
from sim.sweeps.planning import make_plan

GOOD = (config_folder() / "scenario" / "september_2024.yaml").read_text(encoding="utf-8")
NINE = "[" + ",".join("x" * 9) + "]"
BOMB = f"a0: &a0 {NINE}\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)

HOSTILE = {
    "flow lists": ("a: " + "[" * 200 + "]" * 200, "line 1: is nested more than 50 deep"),
    "very deep lists": ("a: " + "[" * 5000 + "]" * 5000, "is nested more than 50 deep"),
    "mappings": ("a: " + "{a: " * 300 + "1" + "}" * 300, "is nested more than 50 deep"),
    "blocks": ("\n".join(" " * n + "a:" for n in range(300)), "line 51: is nested more"),
    "alias bomb": (BOMB, "with its aliases it holds more than 50,000 values"),
    "an alias of itself": ("a: &a [*a]\n", "line 1: *a stands inside of what it stands for"),
    "a long text": ("a: " + "x" * 10_000_000, "has 10.0 MB, a configuration 1 MB at most"),
    "many values": ("a: [" + "1," * 400_000 + "]", "holds more than 50,000 values"),
    "control character": (GOOD + "x: a\x1bb\n", "holds the control character U+001B"),
}


def refusal(folder: Path, content: bytes) -> str:
    """Return the one line with which a scenario file is refused, within a second."""
    file = folder / "mine.yaml"
    file.write_bytes(content)
    start = time.perf_counter()
    lines = check_file(file)
    assert time.perf_counter() - start < 1.0
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_file_is_refused_at_once(text: str, said: str, tmp_path: Path) -> None:
    line = refusal(tmp_path, text.encode())
    assert line.startswith("mine.yaml: ")
    assert said in line
    assert len(line) < 100


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("latin-1", "is not in UTF-8 but probably in latin-1, see line 1; save it as UTF-8"),
        ("utf-16", "is in UTF-16; save it as UTF-8"),
        ("utf-16-le", "is in UTF-16; save it as UTF-8"),
        ("utf-16-be", "is in UTF-16; save it as UTF-8"),
    ],
)
def test_foreign_encoding_is_named(encoding: str, said: str, tmp_path: Path) -> None:
    text = "# Arménie: scénario\n" + "".join(c for c in GOOD if ord(c) < 128)
    assert refusal(tmp_path, text.encode(encoding)) == f"mine.yaml: {said}"


def test_mark_of_utf_8_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD, encoding="utf-8-sig")
    assert check_file(tmp_path / "mine.yaml") == []


@pytest.mark.parametrize("group", ["strategy", "experiment", "scenario", "config"])
def test_hostile_file_of_any_group_is_refused(group: str, tmp_path: Path) -> None:
    name = "config.yaml" if group == "config" else f"{group}/mine.yaml"
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"x" * (MOST_BYTES + 1))
    line = {"config": [], "strategy": ["strategy@armenia=mine,firm"]}.get(group, [f"{group}=mine"])
    with pytest.raises(ConfigError, match=r"yaml: has 1.0 MB, a configuration 1 MB at most"):
        make_plan([*line, "replicates=1"], "config", tmp_path)
    if group in ("scenario", "config"):
        with pytest.raises(ConfigError, match="1 MB at most"):
            compose(line, config_dir=tmp_path)
