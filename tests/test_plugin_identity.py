"""The identity of a plug-in covers the values and modules that its rules reach."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGIN = """
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import helper
from helper import scaled
from sim.model.plugins import plugin

RATE = float((pathlib.Path(__file__).parent / "rate.txt").read_text())
UNUSED = id(object())


@plugin("concession", "mine", family="test", reference="none")
def mine(params, state, shocks, side):
    return RATE * helper.LEVELS[0] + scaled(helper.TABLE[0])
"""
HELPER = """
import numba
import numpy as np

LEVELS = (0.5, 0.25)
TABLE = np.array([0.125])
FACTOR = 2.0


@numba.njit
def scaled(x):
    return x * FACTOR
"""
TELL = """
import sys
from pathlib import Path
from numba import config
from sim.model.plugins import plugin_digest, registry

registry()
print(plugin_digest(Path(sys.argv[1])), config.CACHE_DIR)
"""


def identity(folder: Path) -> str:
    file = str(folder / "mine.py")
    done = subprocess.run(
        [sys.executable, "-B", "-c", TELL, file],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIM_PLUGINS": file},
        capture_output=True,
        text=True,
        check=True,
    )
    digest, cache = done.stdout.split()
    return digest + Path(cache).name


def test_values_from_files_and_helpers_are_part_of_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "rate.txt").write_text("0.5")
    first = identity(tmp_path)
    (tmp_path / "mine.py").write_text(PLUGIN + "# a comment\n")
    assert identity(tmp_path) == first
    (tmp_path / "rate.txt").write_text("0.75")
    found = [first, identity(tmp_path)]
    for old, new in (("0.5,", "0.6,"), ("0.125", "0.25"), ("= 2.0", "= 3.0"), ("x *", "x +")):
        (tmp_path / "helper.py").write_text(HELPER.replace(old, new))
        found.append(identity(tmp_path))
    assert len(set(found)) == len(found)
    assert all(one[:32] != other[:32] for one, other in pairwise(found))


def test_plugins_are_fixed_by_the_rules_that_are_made_of_them(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("")
    code = (
        "import sys; import sim.model.rules.bid; from sim.config.settings import use_plugins; "
        "use_plugins([sys.argv[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "SIM_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "the rules of this process are compiled with no plug-ins; start a new one" in done.stderr


def test_machine_code_in_use_is_kept_however_old_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sim.model import compiled

    known = vars(compiled.nb.config)
    monkeypatch.setitem(known, "CACHE_DIR", known["CACHE_DIR"])
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path)
    compiled.use_cache_folder()
    used = Path(known["CACHE_DIR"])
    used.mkdir()
    os.utime(used, (1.0, 1.0))
    for number in range(20):
        (tmp_path / f"rules-{number}").mkdir()
    compiled.use_cache_folder()
    assert used.is_dir()
    assert len(list(tmp_path.iterdir())) == compiled._KEPT
