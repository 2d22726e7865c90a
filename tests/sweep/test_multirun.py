"""`sim run -m`: Hydra's multirun plays the same runs, and never over what exists."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.commands.cli import main
from sim.config.compose import compose
from sim.runs.play import play_one
from sim.runs.summary import summarise

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def multirun(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., tuple[int, str, str]]:
    """Run `sim run -m` in the test's folder to its end."""

    def played(*words: str, **variables: str) -> tuple[int, str, str]:
        process = start("-m", *words, subcommand="run", **variables)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    return played


@pytest.mark.slow
def test_each_job_writes_its_outcome(
    multirun: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    words = ["agenda=single_undertaking,interim_allowed", "seed=4", "public=none", "horizon=30"]
    code, out, err = multirun(*words, "hydra.sweep.dir=jobs", "--trace", "weeks.parquet")
    assert code == 0, err
    assert out.splitlines()[-1] == "2 outcomes, 0 failed: jobs"
    for number, agenda in enumerate(("single_undertaking", "interim_allowed")):
        job = tmp_path / "jobs" / str(number)
        line = [f"agenda={agenda}", *words[1:]]
        record = play_one(compose(line))
        assert (
            json.loads((job / "outcome.json").read_text("utf-8")) == summarise(record, line).plain()
        )
        assert len(pl.read_parquet(job / "weeks.parquet")) == 30
        assert (job / ".hydra" / "overrides.yaml").is_file()


PLUGIN = """
from sim.model.plugins import plugin

@plugin("concession", "raises", family="test", reference="none")
def raises(params, state, shocks, side):
    raise ValueError("nothing to concede")
"""


@pytest.mark.slow
def test_a_job_that_fails_is_told_and_the_others_go_on(
    multirun: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN, "utf-8")
    folder = tmp_path / "own" / "strategy"
    folder.mkdir(parents=True)
    (folder / "raises.yaml").write_text("strategy: {name: raises}\n", "utf-8")
    code, out, err = multirun(
        "plugins=[mine.py]",
        "strategy@armenia=raises,firm",
        "public=none",
        "horizon=60",
        "hydra.sweep.dir=jobs",
        "--config-dir",
        "own",
        NUMBA_DISABLE_JIT="1",
    )
    assert code == 3, err
    assert "Traceback" not in out + err
    assert out.splitlines()[-1] == "1 outcome, 1 failed: jobs"
    told = (tmp_path / "jobs" / "0" / "failed.txt").read_text("utf-8")
    assert told == "ValueError: nothing to concede\n"
    assert (tmp_path / "jobs" / "1" / "outcome.json").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["agenda=single_undertaking,interm_allowed"], "did you mean 'interim_allowed'?"),
        (["armenia.strategy.beta=0.5,200", "strategy@armenia=linear"], "(cell 1 of 2, armenia"),
        (["+armenia.strategy.bta=1,2"], "did you mean 'beta'? (in every cell)"),
        (["horizon=interval(1,3)"], "an interval needs sim sweep"),
        (["hydra.swep.dir=x"], "did you mean 'sweep'?"),
        (["hydra/launcher=jobli"], "no choice 'jobli'"),
        (["hydra.sweep.subdir=one"], "all jobs would write into one folder"),
        (["hydra.sweep.dir=taken"], "taken exists already and is not overwritten"),
        (["hydra.sweep.dir=taken/file/x"], "taken/file/x cannot be written to, not a directory"),
        (["--json"], "each job writes it as outcome.json"),
        (["--trace", "a/weeks.parquet"], "a file name that ends in .parquet"),
    ],
)
def test_bad_lines_play_nothing(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["run", "-m", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert all(line.startswith("sim: ") for line in err.splitlines())
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "taken"]


def test_a_read_only_folder_is_said_in_one_line(
    reader: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    done = reader("run", "-m", "seed=1,2")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot be written to, permission denied; name another folder" in line


def test_a_folder_with_one_job_s_outcome_is_not_written_into(tmp_path: Path) -> None:
    from sim.commands.multirun import _write_new
    from sim.errors import SimError

    (tmp_path / "outcome.json").write_text("kept", "utf-8")
    with pytest.raises(SimError, match="outcome"):
        _write_new(tmp_path / "outcome.json", "new")
    assert (tmp_path / "outcome.json").read_text("utf-8") == "kept"


def test_the_arguments_of_the_process_are_given_back() -> None:
    from sim.commands.multirun import _arguments

    before = sys.argv
    with _arguments(["sim run", "-m"]):
        assert sys.argv == ["sim run", "-m"]
    assert sys.argv is before
