"""Drawn points have chance of their own by default; the cells of one point share it."""

from pathlib import Path

import numpy as np
import polars as pl

from sim.runs.play import play_one
from sim.runs.summary import summarise
from sim.sweeps.cells import CellSettings
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.plan import Plan
from sim.sweeps.planning import make_plan
from sim.sweeps.store import RUNS

LINE = (
    "design=saltelli samples=4 agenda=single_undertaking,interim_allowed replicates=3 public=none "
    'horizon=60 assumptions=["discount_rate.*"]'
)


def plan_of(more: str = "") -> Plan:
    return make_plan([*LINE.split(), *more.split()]).plan


def test_blocks_have_chance_of_their_own_and_levers_share_it() -> None:
    plan = plan_of()
    chance = plan.chance_of(np.arange(plan.cells), range(3))
    points, block = len(plan.points), plan.block
    assert (block, points) == (4, 16)
    np.testing.assert_array_equal(chance[:points], chance[points:])
    by_block = chance[:points].reshape(4, block, 3)
    assert (by_block == by_block[:, :1]).all()
    assert len(np.unique(by_block[:, 0])) == 4 * 3


def test_more_replicates_leave_those_of_before_what_they_were() -> None:
    plan = plan_of()
    cells = np.arange(plan.cells)
    longer = plan.extended(9).chance_of(cells, range(9))
    np.testing.assert_array_equal(longer[:, :3], plan.chance_of(cells, range(3)))


def test_common_chance_can_be_asked_for_and_grids_have_it() -> None:
    common = plan_of("common_chance=true")
    assert common.common_chance
    assert "chance" not in common.design
    assert common.hash != plan_of().hash
    assert (common.chance_of(np.arange(5), range(2, 4)) == [2, 3]).all()
    assert make_plan(["agenda=glob(*)", "replicates=2"]).plan.common_chance


def test_each_run_is_that_of_its_chance(tmp_path: Path) -> None:
    """A row of the table is what `sim run` plays with the replicate that the plan names."""
    request = make_plan(LINE.split())
    execute(request, tmp_path / "results", Quiet())
    table = pl.read_parquet(tmp_path / "results" / RUNS)
    settings = CellSettings(request.plan)
    chance = request.plan.chance_of(np.arange(request.plan.cells), range(3))
    for cell, replicate in ((0, 0), (7, 2), (21, 1), (31, 2)):
        own = settings(cell).model_copy(
            update={"seed": request.plan.seed, "replicate": int(chance[cell, replicate])}
        )
        told = summarise(play_one(own, "engine")).plain()
        here = (pl.col("cell") == cell) & (pl.col("replicate") == replicate)
        row = table.filter(here).row(0, named=True)
        assert row["signed"] == told["signed"]
        assert row["weeks"] == told["weeks"]
        ledger = told["ledger"]
        assert isinstance(ledger, dict)
        assert row["ledger_first_waits"] == list(ledger.values())[2]
