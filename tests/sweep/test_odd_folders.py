"""Folders with unusual names, and folders that hold more than is asked for."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from sim import sweep
from sim.commands.cli import main
from sim.errors import ConfigError
from sim.sweeps.execute import Outcome, print_dry_run
from sim.sweeps.planning import make_plan
from sim.sweeps.store import Store

Play = Callable[..., Outcome]
SMALL = ["public=none", "horizon=20"]


@pytest.mark.parametrize("name", ["a[1]", "res[/red]z"])
def test_a_folder_s_name_is_no_pattern(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["sweep", *SMALL, "replicates=40", "--out", name, "agenda=glob(s*)"]
    for now in ("40 played now", "all stored"):
        assert main(line) == 0
        told = capsys.readouterr()
        assert now in told.out
        assert f"results: {name}/runs.parquet" in told.out
        assert "not whole" not in told.err
    assert main([*line, "--dry-run"]) == 0
    assert f"results would be kept in {name}\n" in capsys.readouterr().out
    assert list(tmp_path.rglob("*.broken")) == []
    assert sweep(line[1:4] + line[6:], folder=name).usable == 40


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/x\xff"))
    with pytest.raises(ConfigError, match="must be UTF-8") as raised:
        sweep([*SMALL, "replicates=2"], folder=folder)
    str(raised.value).encode()
    assert list(tmp_path.iterdir()) == []


def test_a_plan_that_cannot_be_used_is_told_with_its_folder(play: Play, tmp_path: Path) -> None:
    file = play("replicates=2").store.folder / "plan.json"
    file.write_text("{}", "utf-8")
    with pytest.raises(ConfigError) as raised:
        play("replicates=2")
    assert raised.value.problems == [f"{file}: is not the plan of a sweep"]


def test_a_plan_that_grows_states_the_line_that_it_grew_by(play: Play) -> None:
    play("agenda=glob(s*) replicates=2")
    stored = play("agenda=glob(s*) replicates=5").store.folder / "plan.json"
    assert "replicates=5" in json.loads(stored.read_text("utf-8"))["line"]
    play("agenda=glob(s*) replicates=3")
    assert "replicates=5" in json.loads(stored.read_text("utf-8"))["line"]


def test_fewer_replicates_than_are_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line = ["sweep", *SMALL, "--out", "results", "agenda=single_undertaking,interim_allowed"]
    assert main([*line, "replicates=4"]) == 0
    assert "the folder holds" not in capsys.readouterr().out
    assert main([*line, "replicates=1"]) == 0
    assert "the folder holds 4 replicates" in capsys.readouterr().out

    out = io.StringIO()
    request = make_plan([*line[1:3], line[-1], "replicates=1"])
    print_dry_run(request, Store("results"), Console(file=out, width=140))
    assert "2 cells x 1 replicate = 2 runs, 2 of them stored already" in out.getvalue()
    assert "the folder holds 4 replicates" in out.getvalue()


@pytest.mark.parametrize(
    ("executor", "wanted"),
    [
        (["executor=slurm"], "no Slurm on this machine"),
        (["executor=dask", "executor.address=tcp://127.0.0.1:9"], "no scheduler answers"),
    ],
)
def test_without_a_cluster_no_folder_is_made(
    executor: list[str], wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit" if "slurm" in executor[0] else "distributed")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr("sim.sweeps.executors.dask.CONNECT_SECONDS", 2)
    with pytest.raises(ConfigError, match=wanted):
        sweep([*SMALL, "replicates=2", *executor], folder=tmp_path / "results")
    assert not (tmp_path / "results").exists()
