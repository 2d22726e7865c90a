"""Stored runs: listed with intervals, replayed to the last bit, refused where they must be."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sim.errors import ConfigError
from sim.model.identity import digest
from sim.runs.files import parquet_bytes
from sim.runs.intervals import wilson
from sim.runs.outcomes import OUTCOME_COLUMNS
from sim.sweeps.plan import UNSEALED_FORMAT
from sim.sweeps.store import Store
from sim.view.choices import Choices, Start, settings_of
from sim.view.session import Session
from sim.view.stored import (
    KINDS,
    Listing,
    StoredSweep,
    cell_rows,
    differences,
    largest_gates,
    run_rows,
    sorted_cells,
)
from sim.view.watch import Watch

from .conftest import REPLICATES


@pytest.fixture(scope="module")
def stored(results: Path) -> StoredSweep:
    return StoredSweep(str(results))


def copied(results: Path, folder: Path) -> Path:
    return Path(shutil.copytree(results, folder / "copy"))


def rewrite_plan(folder: Path, **changes: object) -> None:
    """Change a plan and its checksum, as another version of the program would have written it."""
    plan = json.loads((folder / "plan.json").read_text())
    del plan["checksum"]
    plan |= changes
    (folder / "plan.json").write_text(json.dumps({"checksum": digest(plan), **plan}))
    rewrite_runs(folder, [], plan=Store(folder).load_plan().hash)


def test_cells_have_wilson_intervals(stored: StoredSweep, results: Path) -> None:
    table = pl.read_parquet(results / "runs.parquet")
    assert [cell.values for cell in stored.cells] == [
        {"agenda": "single_undertaking"},
        {"agenda": "interim_allowed"},
    ]
    for cell in stored.cells:
        rows = table.filter(pl.col("cell") == cell.number)
        share = rows["signed"].cast(pl.String).is_in(["interim", "full"]).mean()
        assert cell.runs == len(rows) == REPLICATES
        assert cell.share == share
        assert (cell.low, cell.high) == wilson(float(share), REPLICATES)  # type: ignore[arg-type]


def test_cells_are_listed_by_the_outcome_that_is_asked_for(results: Path) -> None:
    table = pl.read_parquet(results / "runs.parquet")
    stored = StoredSweep(str(results), "in_force_at_end")
    shares = [cell.share for cell in stored.cells]
    for cell, share in enumerate(shares):
        rows = table.filter(pl.col("cell") == cell)
        assert share == (rows["in_force"].cast(pl.String) != "none").mean()
    assert [cell.share for cell in sorted_cells(stored.cells, "least")] == sorted(
        map(float, shares)
    )


def rewrite_runs(folder: Path, change: pl.Expr | list[pl.Expr], **stated_too: str) -> None:
    """Change columns of the table of runs, and seal it again."""
    file = folder / "runs.parquet"
    stated = pl.read_parquet_metadata(file)
    stated.pop("ARROW:schema", None)
    stated |= stated_too
    file.write_bytes(parquet_bytes(pl.read_parquet(file).with_columns(change), stated))


def test_failed_runs_of_a_cell_are_told(results: Path, tmp_path: Path) -> None:
    """Two runs are left of twelve: that ten failed stands beside their share."""
    folder = copied(results, tmp_path)
    kind = pl.read_parquet_schema(folder / "runs.parquet")["run_status"]
    failing = (pl.col("replicate") > 1) | (pl.col("cell") == 1)
    rewrite_runs(
        folder,
        pl.when(failing).then(pl.lit("failed", kind)).otherwise("run_status").alias("run_status"),
    )
    one = StoredSweep(str(folder))
    rows = cell_rows(one, one.cells)
    assert [row["runs"] for row in rows] == ["2 (+ 10 failed)", "0 (+ 12 failed)"]
    assert rows[1]["share"] == "no outcome"
    assert [row["failed"] for row in rows] == [10, 12]


@pytest.mark.parametrize("cell", [0, 1])
@pytest.mark.parametrize("replicate", [0, 3, REPLICATES - 1])
def test_a_replay_is_its_record_in_every_outcome(
    stored: StoredSweep, cell: int, replicate: int
) -> None:
    watch = Watch(stored.settings(cell, replicate))
    watch.play_to_end()
    row = stored.row(cell, replicate)
    assert differences(watch.record(), row) == []
    assert {column.name for column in OUTCOME_COLUMNS} <= set(row)


def test_another_run_differs_from_the_record(stored: StoredSweep) -> None:
    """The comparison would notice: the next replicate is another run."""
    watch = Watch(stored.settings(0, 0))
    watch.play_to_end()
    assert "approval" in differences(watch.record(), stored.row(0, 1))
    row = stored.row(0, 0)
    assert differences(watch.record(), {**row, "opinion": None}) == ["opinion"]


def test_a_stored_run_has_a_line_of_its_own(stored: StoredSweep) -> None:
    choices = stored.choices(Start(), 1, 4)
    assert choices is not None
    assert choices.values["agenda"] == "interim_allowed"
    assert choices.values["replicate"] == "4"
    assert settings_of(Start(), choices) == stored.settings(1, 4)


def test_runs_are_listed_by_kind_and_part(stored: StoredSweep) -> None:
    everything, total = stored.runs_of(0, "all", 0, 100)
    assert total == len(everything) == REPLICATES
    counts = {kind: stored.runs_of(0, kind, 0, 100)[1] for kind in KINDS}
    assert counts["signed"] + counts["not signed"] + counts["failed to run"] == counts["all"]
    part, total = stored.runs_of(0, "all", 5, 3)
    assert total == REPLICATES
    assert [run.replicate for run in part] == [5, 6, 7]


GATES = {
    "no_zone": "no zone of agreement",
    "terms_open": "terms open",
    "first_waits": "Armenia waits",
    "second_waits": "Azerbaijan waits",
    "precondition": "precondition unmet",
    "home_politics": "politics at home",
    "no_channel": "no channel",
}
"""Gates of the ledger in the words of the scenario."""


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"first_waits": 0.4, "second_waits": 0.4}, "Armenia waits, Azerbaijan waits"),
        ({"first_waits": 0.4, "second_waits": 0.3999}, "Armenia waits, Azerbaijan waits"),
        ({"first_waits": 0.3, "second_waits": 0.4}, "Azerbaijan waits"),
        ({}, "nothing"),
    ],
)
def test_gates_that_are_tied_are_all_named(
    stored: StoredSweep, shares: dict[str, float], told: str
) -> None:
    ledger = {f"ledger_{gate}": shares.get(gate, 0.0) for gate in GATES}
    run = replace(stored.runs_of(0, "all", 0, 1)[0][0], gates=largest_gates(ledger))
    assert run_rows(stored, 0, [run])[0]["gate"] == told


def test_rows_say_what_stood_most_in_the_way(stored: StoredSweep, results: Path) -> None:
    runs, _ = stored.runs_of(0, "all", 0, 100)
    rows = run_rows(stored, 0, runs)
    table = pl.read_parquet(results / "runs.parquet").filter(pl.col("cell") == 0)
    for row, record in zip(rows, table.iter_rows(named=True), strict=True):
        assert row["status"] == record["status"].replace("_", " ")
        ledger = {gate: record[f"ledger_{gate}"] for gate in GATES}
        most = max(ledger.values())
        tied = [words for gate, words in GATES.items() if ledger[gate] > most - 1e-9]
        assert set(tied) <= set(str(row["gate"]).split(", "))
        signed = record["signed"] in ("interim", "full")
        assert ("fail" in str(row["question"])) == (not signed)


def test_cells_can_be_sorted(stored: StoredSweep) -> None:
    by_share = [cell.share for cell in sorted_cells(stored.cells, "most")]
    assert by_share == sorted(by_share, key=lambda share: -(share or 0.0))
    assert [c.number for c in sorted_cells(stored.cells, "cell")] == [0, 1]
    assert len(cell_rows(stored, stored.cells)) == 2


def test_a_session_replays_and_explains(stored: StoredSweep) -> None:
    session = Session(Start(), None, stored)
    session.show_listing(Listing(cell=1))
    session.replay(1, 2)
    assert session.messages == []
    assert session.watch.now.played == 0
    assert session.replayed is not None
    assert session.replayed.same
    assert "to the last bit" in session.replayed.verdict
    assert session.address == "?cell=1&replicate=2"
    session.replay(1, 2, explained=True)
    assert session.watch.at_end
    assert "Outcome: " in session.panels()["why"]
    again = Session(Start(), session.address, stored)
    assert again.watch.settings == session.watch.settings
    session.choose("mediator", "none")
    session.reset()
    assert session.replayed is None
    assert session.watch.settings.mediator.style == "none"
    assert session.watch.settings.replicate == 2


@pytest.mark.parametrize(("cell", "replicate"), [(9, 0), (-1, 0), (0, 999), (0, -1)])
def test_a_run_that_is_not_stored_is_said(stored: StoredSweep, cell: int, replicate: int) -> None:
    session = Session(Start(), None, stored)
    shown = session.watch
    session.replay(cell, replicate)
    assert len(session.messages) == 1
    assert session.watch is shown
    assert session.replayed is None


def test_changed_rules_are_said(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    assert StoredSweep(str(folder)).warnings == []
    rewrite_plan(folder, model="0" * 32)
    (warning,) = StoredSweep(str(folder)).warnings
    assert "rules of the model have changed" in warning


def test_plugins_of_a_plan_are_not_run(results: Path, tmp_path: Path) -> None:
    """A folder of results could name any file; only the command line may name code."""
    folder = copied(results, tmp_path)
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    plan = json.loads((folder / "plan.json").read_text())
    bases = [{**base, "plugins": [str(trap)]} for base in plan["bases"]]
    rewrite_plan(folder, bases=bases, plugins={str(trap): "0" * 32})
    sweep = StoredSweep(str(folder))
    assert "plug-ins" in sweep.warnings[0]
    assert len(sweep.cells) == 2
    assert run_rows(sweep, 0, sweep.runs_of(0, "all", 0, 2)[0])
    with pytest.raises(ConfigError, match="command line"):
        sweep.settings(0, 0)
    session = Session(Start(), "?cell=0&replicate=0", sweep)
    assert "command line" in session.messages[0]
    assert not (tmp_path / "sprung").exists()


def test_plugins_hidden_in_a_plan_are_not_run_either(results: Path, tmp_path: Path) -> None:
    """The plan's list of plug-ins may be empty and its configurations may still name one."""
    folder = copied(results, tmp_path)
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    plan = json.loads((folder / "plan.json").read_text())
    rewrite_plan(folder, bases=[{**base, "plugins": [str(trap)]} for base in plan["bases"]])
    sweep = StoredSweep(str(folder))
    assert sweep.settings(0, 0).plugins == []
    session = Session(Start(), "?cell=0&replicate=0", sweep)
    assert session.replayed is not None
    assert session.replayed.same
    assert not (tmp_path / "sprung").exists()


def test_an_unfinished_sweep_is_read_from_its_shards(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    (folder / "runs.parquet").unlink()
    sweep = StoredSweep(str(folder))
    assert sweep.runs == 2 * REPLICATES
    assert sweep.row(1, 2)["replicate"] == 2


def flip(file: Path) -> None:
    """Change one bit in the middle of a file's values."""
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)


def test_a_changed_table_is_named_and_its_shards_are_shown(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    flip(folder / "runs.parquet")
    sweep = StoredSweep(str(folder))
    assert sweep.runs == 2 * REPLICATES
    (warning,) = sweep.warnings
    assert warning.startswith("runs.parquet is damaged, its digest does not fit")


def test_a_changed_shard_is_named_and_not_shown(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    (folder / "runs.parquet").unlink()
    for shard in (folder / "shards").glob("*.parquet"):
        flip(shard)
    with pytest.raises(ConfigError, match="its digest does not fit; its runs are not shown"):
        StoredSweep(str(folder))


def test_the_table_of_another_sweep_is_refused(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    rewrite_runs(folder, [], plan="0" * 32)
    with pytest.raises(ConfigError, match="belongs to another sweep"):
        StoredSweep(str(folder))


def test_files_without_digests_are_said_not_to_be_checked(results: Path, tmp_path: Path) -> None:
    folder = copied(results, tmp_path)
    rewrite_plan(folder, format=UNSEALED_FORMAT)
    pl.read_parquet(folder / "runs.parquet").write_parquet(folder / "runs.parquet")
    (warning,) = StoredSweep(str(folder)).warnings
    assert "has not been checked" in warning


@pytest.mark.parametrize("damage", ["no plan", "no runs", "broken runs", "no folder", "not JSON"])
def test_a_folder_that_cannot_be_read_is_said_in_one_line(
    results: Path, tmp_path: Path, damage: str
) -> None:
    folder = copied(results, tmp_path)
    if damage == "no plan":
        (folder / "plan.json").unlink()
    elif damage == "no runs":
        (folder / "runs.parquet").unlink()
        shutil.rmtree(folder / "shards")
    elif damage == "broken runs":
        (folder / "runs.parquet").write_bytes(b"PAR1 nothing")
        shutil.rmtree(folder / "shards")
    elif damage == "not JSON":
        (folder / "plan.json").write_text("{")
    else:
        shutil.rmtree(folder)
    with pytest.raises(ConfigError) as raised:
        StoredSweep(str(folder))
    assert len(raised.value.problems) == 1
    assert raised.value.exit_code == 2


def test_nothing_in_the_folder_is_changed(results: Path, stored: StoredSweep) -> None:
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    session = Session(Start(), "?cell=0&replicate=1", stored)
    session.explain(True)
    session.panels()
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == before


def test_choices_of_a_visitor_have_nothing_to_do_with_the_sweep(stored: StoredSweep) -> None:
    session = Session(Start(("seed=8",)), None, stored)
    assert session.running.choices == Choices({"seed": "8"})
