"""`until`: as many replicates as put each cell's share within so much of what is told."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim import sweep
from sim.errors import ConfigError
from sim.runs.intervals import runs_for, wilson
from sim.sweeps.execute import Quiet, execute_until
from sim.sweeps.planning import make_plan
from sim.sweeps.summary import widest_interval

LINE = "public=none horizon=40 strategy@armenia=linear,firm replicates=16"


class Telling(Quiet):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize("half_width", [0.02, 0.05, 0.1, 0.3])
def test_so_many_runs_are_always_enough(half_width: float) -> None:
    runs = runs_for(half_width)
    hits = np.arange(runs + 1)
    low, high = wilson(hits / runs, np.full(runs + 1, runs))
    assert (high - low).max() / 2 <= half_width
    low, high = wilson(0.5, runs - 1)
    assert (high - low) / 2 > half_width


def test_it_plays_on_until_the_widest_interval_is_narrow(tmp_path: Path) -> None:
    telling = Telling()
    request = make_plan([*LINE.split(), "until=0.09"])
    done = execute_until(request, tmp_path / "out", telling, "ratified")
    held = done.plan.replicates
    runs = pl.scan_parquet(done.store.runs_file)
    half, cell = widest_interval(runs, done.plan, "ratified")
    assert half <= 0.09
    assert held in (16, 32, 64, runs_for(0.09))
    assert len(telling.lines) == [16, 32, 64, runs_for(0.09)].index(held) > 0
    assert done.played == done.plan.runs == len(runs.collect())
    # One look before, it was wider.
    before = runs.filter(pl.col("replicate") < (held // 2 if held != runs_for(0.09) else 64))
    assert widest_interval(before, done.plan, "ratified")[0] > 0.09
    assert 0 <= cell < done.plan.cells
    # The same line finds it all; the same plan without it is the same sweep.
    assert execute_until(request, tmp_path / "out", telling, "ratified").played == 0
    words = LINE.replace("replicates=16", f"replicates={held}").split()
    assert make_plan(words).plan.hash == done.plan.hash


def test_a_call_from_python_returns_all_that_was_played(tmp_path: Path) -> None:
    results = sweep(f"{LINE} until=0.2", folder=tmp_path / "out")
    table = results.to_frame()
    assert set(table["replicate"].unique()) == set(range(len(table) // 2))
    half, _ = widest_interval(table.lazy(), results.plan)
    assert half <= 0.2


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("until=0.5", "until: must be less than 0.5, got 0.5"),
        ("until=-1", "until: must be"),
        ("until=few", "until: "),
        ("until=0.1,0.2", "until=0.1,0.2: until cannot be swept"),
        ("until=0.1 design=sobol samples=4 assumptions=[discount_rate.*]", "until: is for listed"),
    ],
)
def test_what_is_refused(words: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_plan(["public=none", *words.split()])
    assert any(line.startswith(problem) for line in refused.value.problems), refused.value


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.5])
def test_intervals_cover_though_the_rule_has_looked_before(share: float) -> None:
    rng = np.random.default_rng(7)
    looks = [100, 200, 400, 800, 1600, runs_for(0.02)]
    hits = (rng.random((4000, looks[-1])) < share).cumsum(axis=1)[:, np.array(looks) - 1]
    low, high = wilson(hits / looks, np.broadcast_to(looks, hits.shape))
    narrow = (high - low) / 2 <= 0.02
    at = narrow.argmax(axis=1)
    rows = np.arange(len(hits))
    covered = ((low <= share) & (share <= high))[rows, at].mean()
    assert narrow[:, -1].all()
    # 95 % but for two standard errors of the simulation and what looking costs, below one point.
    assert covered >= 0.935, covered
