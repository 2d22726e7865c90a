"""Paired differences: by hand on the runs, and their intervals by enumeration."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sim.analysis import NotInResults, Results, load, paired_differences
from sim.analysis.page.sweep_page import sweep_report
from sim.analysis.paired import EVERYWHERE, SameRuns, same_runs
from sim.runs.intervals import paired_shares
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.planning import make_plan
from tests.analysis.conftest import Change
from tests.analysis.test_intervals import bonett_price


def test_a_pair_of_cells_by_hand(factorial: Results) -> None:
    found = paired_differences(factorial, ["agenda"])
    apart = [d for d in found.differences if d.context != EVERYWHERE]
    assert len(apart) == 6
    signed = factorial.outcome("signed")
    first = apart[0]
    assert first.value == "interim_allowed"
    assert first.than == "single_undertaking"
    change = signed[1] - signed[0]
    assert first.difference == pytest.approx(change.mean())
    assert (first.more, first.less) == ((change > 0).sum(), (change < 0).sum())
    expected = bonett_price(first.more, first.less, 24)
    assert (first.low, first.high) == pytest.approx(expected)


def test_the_average_over_contexts_is_over_replicates(factorial: Results) -> None:
    found = paired_differences(factorial, ["strategy@armenia"])
    everywhere = {(d.value, d.than): d for d in found.differences if d.context == EVERYWHERE}
    difference = everywhere["tit_for_tat", "linear"]
    signed = factorial.outcome("signed")
    change = (signed[8:12] - signed[0:4])[:, np.newaxis]
    expected = paired_shares(change).estimate()
    assert difference.difference == pytest.approx(change.mean())
    assert (difference.low, difference.high) == pytest.approx((expected.low, expected.high))
    assert difference.cells == 4
    assert difference.pairs == 24


def test_runs_still_needed(factorial: Results) -> None:
    wide = paired_differences(factorial, precision=0.5).everywhere()
    narrow = paired_differences(factorial, precision=0.02).everywhere()
    assert all(d.still_needed == 0 for d in wide)
    signed = factorial.outcome("signed")
    d = next(d for d in narrow if d.key == "agenda")
    change = (signed[1::2] - signed[0::2])[:, np.newaxis]
    pairs = paired_shares(change)
    assert pairs.estimate().value == pytest.approx(abs(d.difference) * np.sign(change.mean()))
    enough = (24 + d.still_needed) / 24
    assert pairs.half_width(enough) <= 0.02 + 1e-9
    if d.still_needed:
        assert pairs.half_width(enough - 2 / 24) > 0.02


def test_common_chance_makes_intervals_shorter(factorial: Results) -> None:
    """The same two cells compared as independent samples would need a longer interval."""
    found = paired_differences(factorial, ["strategy@armenia"])
    signed = factorial.outcome("signed")
    d = next(d for d in found.differences if d.context != EVERYWHERE and d.value == "boulware")
    independent = 1.96 * np.sqrt((signed[0].var() + signed[4].var()) / 24)
    assert (d.high - d.low) / 2 < independent


@pytest.mark.parametrize(("up", "down"), [(0.3, 0.1), (0.5, 0.5), (0.05, 0.0), (0.2, 0.2)])
def test_bonett_price_covers_the_difference(up: float, down: float) -> None:
    """Exact coverage over all outcomes of 40 pairs."""
    pairs, covered = 40, 0.0
    for more, less in itertools.product(range(pairs + 1), repeat=2):
        if more + less > pairs:
            continue
        p = stats.multinomial.pmf(
            [more, less, pairs - more - less], pairs, [up, down, 1 - up - down]
        )
        low, high = bonett_price(more, less, pairs)
        covered += p * (low <= up - down <= high)
    assert covered > 0.93


def test_points_of_a_design_cluster_the_differences(saltelli: Results) -> None:
    found = paired_differences(saltelli)
    (difference,) = found.everywhere()
    assert difference.pairs == 8, "blocks of points, each with chance of its own"
    signed = saltelli.outcome("signed")
    points = saltelli.points
    assert difference.difference == pytest.approx((signed[points:] - signed[:points]).mean())


def test_one_cell_has_nothing_to_compare(one_cell: Results) -> None:
    with pytest.raises(NotInResults, match="nothing to compare"):
        paired_differences(one_cell)


def test_a_key_that_was_not_swept(factorial: Results) -> None:
    with pytest.raises(NotInResults, match="'mediator' was not swept"):
        paired_differences(factorial, ["mediator"])


STILL = (
    "strategy@armenia=linear,boulware,tit_for_tat strategy@azerbaijan=linear,firm public=none "
    "replicates=6 horizon=40 bargaining=packages trace=none scenario.deadline_weeks.armenia=null "
    + " ".join(f"scenario.calendar.{at}.closes=null" for at in range(3))
)
"""Armenia's clock never moves, so its strategies of time alone ask for the same."""


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("still") / "results"
    execute(make_plan(STILL.split()), folder, Quiet())
    return folder


def test_same_runs_names_values_that_change_nothing(still: Path) -> None:
    assert same_runs(load(still))[0] == SameRuns("strategy@armenia", ("linear", "boulware"))


def test_same_runs_needs_every_outcome_equal(
    still: Path, altered: Callable[[Path, Change], Path]
) -> None:
    """One number of one run tells two values apart."""

    def another(table: pl.DataFrame) -> pl.DataFrame:
        run = (pl.col("cell") == 2) & (pl.col("replicate") == 4)
        return table.with_columns(dignity=pl.when(run).then(0.125).otherwise("dignity"))

    same = same_runs(load(altered(still, another)))
    assert "strategy@armenia" not in {found.key for found in same}


def test_same_runs_finds_none_where_values_act(factorial: Results) -> None:
    assert same_runs(factorial) == []


def test_the_first_screen_names_idle_choices(still: Path) -> None:
    gaps = " ".join(sweep_report(load(still), lambda _: None).gaps)
    assert "strategy@armenia: polynomial goes by a clock that never moves" in gaps
    assert "Armenia's strategy: linear and boulware gave identical runs" in gaps
