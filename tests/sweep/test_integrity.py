"""A folder of results that was copied, mixed or damaged gives the right numbers or says so."""

import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.analysis import load
from sim.errors import ConfigError, SimError
from sim.runs.files import Seal, seal_of
from sim.sweeps.execute import Outcome, Quiet, execute
from sim.sweeps.planning import Request, make_plan
from sim.sweeps.play import Player
from sim.sweeps.store import compact
from tests.analysis.conftest import runs_of
from tests.sweep.test_faults import KILLS

Play = Callable[..., Outcome]

SMALL = ["public=none", "horizon=30"]
LINE = "agenda=single_undertaking,interim_allowed strategy@armenia=linear,firm replicates=400"
FLIPS = 200
"""Bits that are flipped, one at a time, in each run of the suite."""
TRUNCATIONS = 40
"""Files that are cut short, one at a time."""
SEED = 20_241
"""Of the places of the flips; change it to try others."""
BEFORE = Path(__file__).parents[1] / "golden" / "sweep_before"
"""A folder that the version before digests has written."""


class Heard(Quiet):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)


def files(folder: Path) -> list[Path]:
    """Return plan, table, shards and traces."""
    return sorted(p for p in folder.rglob("*") if p.suffix in (".parquet", ".json"))


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "shards").glob("*.parquet"))


def again(play: Play, line: str, name: str = "results") -> tuple[Outcome, list[str]]:
    """Play the same line once more; return what came out and what was said."""
    heard = Heard()
    return play(line, name, heard), heard.lines


def repeat(request: Request, folder: Path) -> tuple[bytes, list[str]]:
    """Play a composed line once more; return the table's bytes and what was said."""
    heard = Heard()
    return execute(request, folder, heard).store.runs_file.read_bytes(), heard.lines


def test_shards_and_tables_state_plan_and_piece_and_are_sealed(play: Play) -> None:
    done = play(f"{LINE} trace=sample")
    for file in files(done.store.folder):
        if file.suffix == ".parquet":
            assert seal_of(file) is Seal.WHOLE, file
            assert pl.read_parquet_metadata(file)["plan"] == done.plan.hash
    for shard in shards(done.store.folder):
        assert pl.read_parquet_metadata(shard)["chunk"] == shard.stem


def test_a_shard_of_another_seed_is_played_again(play: Play) -> None:
    whole = play(LINE).store.runs_file.read_bytes()
    other = play(f"{LINE} seed=2", "other")
    mine = play(LINE).store
    foreign = shards(other.store.folder)[0]
    shutil.copyfile(foreign, mine.folder / "shards" / foreign.name)
    mine.runs_file.unlink()
    done, said = again(play, LINE)
    assert done.played > 0
    assert done.store.runs_file.read_bytes() == whole
    assert any(foreign.name in line and "another sweep" in line for line in said)


def test_two_shards_swapped_are_played_again(play: Play) -> None:
    line = "horizon=4 replicates=8000"
    done = play(line)
    whole = done.store.runs_file.read_bytes()
    one, two = shards(done.store.folder)[:2]
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    done.store.runs_file.unlink()
    done, said = again(play, line)
    assert done.played > 0
    assert done.store.runs_file.read_bytes() == whole
    assert {file.name for file in (one, two)} <= {line.split()[0] for line in said}


def test_two_folders_merged_are_told_apart(play: Play) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    other = play(f"{LINE} seed=2", "other")
    for file in shards(other.store.folder):
        shutil.copyfile(file, done.store.folder / "shards" / file.name)
    shutil.copyfile(other.store.runs_file, done.store.runs_file)
    done, said = again(play, LINE)
    assert done.store.runs_file.read_bytes() == whole
    assert said


def test_a_table_is_made_only_of_all_cells_and_replicates(play: Play) -> None:
    done = play(LINE)
    whole = done.store.runs_file.read_bytes()
    first, *others = done.store.chunks()
    columns = Player(done.plan).columns
    for chunks in (others, [first, first, *others]):
        with pytest.raises(SimError, match=r"shards, they hold [\d,]+ runs of cells 0 to 3 where"):
            compact(done.store, done.plan, chunks, columns)
    assert done.store.runs_file.read_bytes() == whole


def test_plan_of_another_folder_is_seen(play: Play) -> None:
    done = play(LINE)
    other = play(f"{LINE} seed=2", "other")
    shutil.copyfile(other.store.folder / "plan.json", done.store.folder / "plan.json")
    with pytest.raises(ConfigError):
        play(LINE)
    with pytest.raises(ConfigError, match="another sweep"):
        load(done.store.folder)


@pytest.mark.slow
def test_no_flipped_bit_changes_a_number_without_a_word(tmp_path: Path) -> None:
    """One bit of one file at a time, then the same line once more, and the folder opened."""
    request = make_plan([*LINE.split(), "trace=sample", *SMALL])
    folder, pristine = tmp_path / "results", tmp_path / "pristine"
    whole, _ = repeat(request, folder)
    shutil.copytree(folder, pristine)
    rows = pl.read_parquet(folder / "runs.parquet")
    chance = random.Random(SEED)
    for n in range(FLIPS):
        file = chance.choice(files(folder))
        content = bytearray(file.read_bytes())
        bit = chance.randrange(len(content) * 8)
        content[bit // 8] ^= 1 << bit % 8
        file.write_bytes(content)
        where = f"seed {SEED}, flip {n}: bit {bit} of {file.relative_to(folder)}"
        try:
            opened = load(folder)
        except SimError:
            pass
        else:
            same = runs_of(opened).sort("cell", "replicate")
            assert opened.notes or same.select(rows.columns).equals(rows), where
        try:
            table, said = repeat(request, folder)
        except SimError:
            assert file.name == "plan.json", where
        else:
            assert table == whole, where
            assert said or file.read_bytes() == (pristine / file.relative_to(folder)).read_bytes()
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)


@pytest.mark.slow
def test_truncated_files_are_found(tmp_path: Path) -> None:
    request = make_plan([*LINE.split(), "trace=sample", *SMALL])
    folder, pristine = tmp_path / "results", tmp_path / "pristine"
    whole, _ = repeat(request, folder)
    shutil.copytree(folder, pristine)
    chance = random.Random(SEED)
    for _ in range(TRUNCATIONS):
        file = chance.choice([f for f in files(folder) if f.suffix == ".parquet"])
        content = file.read_bytes()
        file.write_bytes(content[: chance.randrange(len(content))])
        table, said = repeat(request, folder)
        assert table == whole
        assert said
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)


def test_a_folder_of_before_is_read_and_its_missing_digests_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "before"
    shutil.copytree(BEFORE, folder)
    opened = load(folder)
    assert runs_of(opened).height == 40
    assert any("digest" in note for note in opened.notes)


def test_the_page_on_reliability_states_these_counts() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text("utf-8")
    assert f"| one bit flipped, anywhere in any file | {FLIPS}: " in page
    assert f"| a file cut short at a random byte | {TRUNCATIONS}: " in page
    assert f"gone on with | {KILLS} times in a row |" in page


PLUGIN = """
from pathlib import Path
from sim.model.plugins import plugin

RATE = float((Path(__file__).parent / "rate.txt").read_text())

@plugin("concession", "mine", family="test", reference="none")
def mine(params, state, shocks, side):
    return RATE
"""


@pytest.mark.slow
def test_a_sweep_is_not_extended_with_a_plugin_whose_data_has_changed(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN, "utf-8")
    preset = tmp_path / "own" / "strategy" / "mine.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text("strategy: {name: mine}\n", "utf-8")

    def swept(rate: str, replicates: int, out: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "rate.txt").write_text(rate, "utf-8")
        words = ["plugins=[mine.py]", "strategy@armenia=mine", *SMALL, f"replicates={replicates}"]
        return command(*words, "--config-dir", "own", "--out", out, NUMBA_DISABLE_JIT="1")

    assert swept("0.9", 1, "results").returncode == 0
    table = tmp_path / "results" / "runs.parquet"
    before = table.read_bytes()
    other = swept("0.1", 2, "results")
    assert other.returncode == 2
    assert "results: holds the results of another sweep, made with other plug-ins" in other.stderr
    assert table.read_bytes() == before
    assert swept("0.9", 2, "results").returncode == 0
    assert pl.read_parquet(table).height == 2
