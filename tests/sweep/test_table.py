"""The table of runs: common random numbers, single runs again, columns that explain themselves."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import norm
from scipy.stats import t as student_t
from statsmodels.stats.proportion import proportion_confint

from sim import load, sweep
from sim import sweeps as api
from sim.errors import ConfigError
from sim.runs.intervals import clustered, wilson
from sim.runs.outcomes import outcomes
from sim.runs.play import play_one
from sim.runs.summary import scenario_outcomes
from sim.sweeps import run, summary
from sim.sweeps.cells import CellSettings
from sim.sweeps.execute import Outcome
from sim.sweeps.summary import by_value, cell_label

Play = Callable[..., Outcome]
Table = Callable[[Outcome], pl.DataFrame]
LINE = "strategy@armenia=linear,interim_first agenda=single_undertaking,interim_allowed"


def test_rows_are_those_of_single_runs(play: Play, table: Table) -> None:
    done = play(f"{LINE} replicates=40 seed=3")
    rows = table(done)
    for cell, replicate in ((0, 0), (1, 17), (3, 39)):
        settings = CellSettings(done.plan)(cell)
        record = play_one(settings.model_copy(update={"replicate": replicate}))
        single = outcomes(record.params, record.final)
        single |= scenario_outcomes(settings.scenario, record.final)
        row = rows.filter(pl.col("cell") == cell, pl.col("replicate") == replicate)
        for name, value in single.items():
            kind = row.schema[name]
            found = row[name].to_physical() if isinstance(kind, pl.Enum) else row[name]
            assert found.item() == value[0].item(), name


def test_with_a_public_rows_are_those_of_single_runs(tmp_path: Path) -> None:
    rows = sweep(
        "horizon=20 replicates=3 public=friedkin_johnsen,none", folder=tmp_path / "out"
    ).to_frame()
    from sim.config.compose import compose

    for public in ("friedkin_johnsen", "none"):
        record = play_one(compose(["horizon=20", "replicate=2", f"public={public}"]))
        row = rows.filter(pl.col("public") == public, pl.col("replicate") == 2)
        assert row["opinion"].item() == float(record.final.opinion[0])
        assert row["approval"].item() == float(record.final.approval[0])


def test_shocks_depend_on_seed_and_replicate_alone(play: Play, table: Table) -> None:
    keys = ["strategy@armenia", "agenda", "replicate"]
    one = table(play(f"{LINE} replicates=40", "one"))
    turned = "agenda=interim_allowed,single_undertaking strategy@armenia=firm,interim_first,linear"
    other = table(play(f"{turned} replicates=20", "other"))
    shared = other.filter(pl.col("strategy@armenia") != "firm").sort(keys).drop("cell")
    fewer = one.filter(pl.col("replicate") < 20).sort(keys).drop("cell")
    assert_frame_equal(fewer, shared.select(fewer.columns))


def test_another_seed_gives_other_runs(play: Play, table: Table) -> None:
    one, two = (table(play(f"replicates=20 seed={seed}", f"seed{seed}")) for seed in (1, 2))
    assert not one["approval"].equals(two["approval"])


def test_more_replicates_play_only_those(play: Play, table: Table) -> None:
    first = play(f"{LINE} replicates=40", "grown")
    before = {p: p.stat().st_mtime_ns for p in (first.store.folder / "shards").iterdir()}
    again = play(f"{LINE} replicates=100", "grown")
    assert again.played == 4 * 60
    for path, time in before.items():
        assert path.stat().st_mtime_ns == time
    straight = play(f"{LINE} replicates=100", "straight")
    assert straight.store.runs_file.read_bytes() == again.store.runs_file.read_bytes()
    fewer = play(f"{LINE} replicates=10", "grown")
    assert fewer.played == 0
    assert len(table(fewer)) == 400


def test_a_finished_sweep_is_left_as_it_is(play: Play) -> None:
    done = play("replicates=5")
    before = done.store.runs_file.stat().st_mtime_ns
    again = play("replicates=5")
    assert again.played == 0
    assert again.store.runs_file.stat().st_mtime_ns == before


def test_every_column_is_described_in_the_file(play: Play, table: Table) -> None:
    done = play(f"{LINE} replicates=3 armenia.acceptance.a=0.9,1")
    rows = table(done)
    told = json.loads(pl.read_parquet_metadata(done.store.runs_file)["columns"])
    assert [column["name"] for column in told] == rows.columns
    assert all(column["unit"] and column["meaning"] for column in told)
    assert rows.schema["armenia.acceptance.a"] == pl.Float64
    assert rows.schema["agenda"] == pl.String
    assert rows.select(pl.sum_horizontal(pl.selectors.starts_with("ledger_"))).to_series().round(
        12
    ).unique().to_list() == [1.0]
    assert rows.null_count().sum_horizontal().item() == len(rows)  # only `error` is null
    assert rows.sort("cell", "replicate").equals(rows)


def test_columns_of_another_scenario_are_null(play: Play, table: Table) -> None:
    rows = table(play("scenario=september_2024,march_2025 replicates=3"))
    for scenario, open_then in (("september_2024", True), ("march_2025", False)):
        part = rows.filter(pl.col("scenario") == scenario)
        assert (part["article_VII"].null_count() == 0) is open_then
        assert part["precondition_constitution"].null_count() == 0


@pytest.mark.parametrize(("trace", "replicates"), [("none", 0), ("sample", 4), ("all", 6)])
def test_traces(trace: str, replicates: int, play: Play, table: Table) -> None:
    done = play(f"agenda=glob(*) replicates=6 trace={trace}")
    files = list((done.store.folder / "traces").iterdir())
    if not replicates:
        assert files == []
        return
    weekly = pl.read_parquet(files)
    runs = table(done)
    last = weekly.group_by("cell", "replicate").agg(pl.len().alias("played"), pl.last("approval"))
    assert len(last) == 3 * replicates
    joined = last.join(runs, on=["cell", "replicate"], suffix="_run")
    assert joined["played"].to_list() == joined["weeks"].to_list()
    assert joined["approval"].to_list() == joined["approval_run"].to_list()
    described = json.loads(pl.read_parquet_metadata(files[0])["columns"])
    assert [column["name"] for column in described] == weekly.columns
    assert all(column["unit"] and column["meaning"] for column in described)


# --- the summary's intervals


@pytest.mark.parametrize(("count", "size"), [(0, 10), (3, 10), (500, 1000), (10, 10)])
def test_wilson(count: int, size: int) -> None:
    expected = proportion_confint(count, size, method="wilson")
    assert wilson(count / size, size) == pytest.approx(expected, abs=1e-12)


def test_replicates_of_one_run_each_give_the_plain_interval() -> None:
    counts = np.array([1.0, 0.0, 1.0, 1.0] * 2)
    share = clustered(counts, np.ones(8))
    assert (share.low, share.high) == pytest.approx(proportion_confint(6, 8, method="wilson"))


def test_few_replicates_make_the_interval_wider() -> None:
    """Korn and Graubard (1998): the effective size shrinks by the quantiles' ratio."""
    counts = np.array([30.0, 20.0, 25.0, 10.0, 35.0, 28.0, 22.0, 30.0])
    share = clustered(counts, np.full(8, 50.0))
    shrunk = (norm.ppf(0.975) / student_t.ppf(0.975, 7)) ** 2
    variance = (counts / 50).var(ddof=1) / 8
    size = 0.5 * 0.5 / variance * shrunk
    low, high = wilson(0.5, size)
    assert (share.low, share.high) == pytest.approx((float(low), float(high)))


def test_the_summarys_intervals_cover_the_truth() -> None:
    """Fifty cells that share the chance of eight replicates."""
    rng = np.random.default_rng(3)
    cells = np.linspace(-1.0, 1.0, 50)
    truth = float(norm.sf(0.5, cells, 2**0.5).mean())
    covered = 0
    for _ in range(300):
        latent = cells[:, np.newaxis] + rng.normal(size=(1, 8)) + rng.normal(size=(50, 8))
        share = clustered((latent > 0.5).sum(axis=0).astype(float), np.full(8, 50.0))
        covered += share.low <= truth <= share.high
    assert covered / 300 >= 0.93


def test_runs_that_repeat_each_other_add_nothing() -> None:
    counts = np.array([1.0, 0.0, 2.0, 1.0] * 50)
    once, tenfold = (clustered(n * counts, np.full(200, 2.0 * n)) for n in (1, 10))
    assert (once.low, once.high) == pytest.approx((tenfold.low, tenfold.high))


def test_summary_counts(play: Play, table: Table) -> None:
    done = play(f"{LINE} replicates=50")
    rows = table(done)
    for line in by_value(pl.scan_parquet(done.store.runs_file), done.plan, "agenda"):
        part = rows.filter(pl.col("agenda") == line.label)
        assert line.runs == len(part) == 100
        signed, full = line.shares
        assert signed.estimate == pytest.approx((part["signed"] != "none").mean())
        assert full.estimate == pytest.approx((part["signed"] == "full").mean())
        assert signed.low <= signed.estimate <= signed.high


def test_summary_does_not_depend_on_how_many_replicates_are_counted_at_once(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = play(f"{LINE} replicates=50")
    runs = pl.scan_parquet(done.store.runs_file).filter(
        ~((pl.col("agenda") == "interim_allowed") & (pl.col("replicate") % 7 == 3))
    )
    at_once = by_value(runs, done.plan, "agenda")
    assert [line.runs for line in at_once] == [100, 86]
    monkeypatch.setattr(summary, "TOGETHER", 8)
    assert by_value(runs, done.plan, "agenda") == at_once


def test_summary_keeps_the_order_of_the_line(play: Play) -> None:
    line = "strategy@armenia=linear,firm,conceder horizon=30,9,100"
    done = play(f"{line} replicates=2")
    runs = pl.scan_parquet(done.store.runs_file)
    labels = [line.label for line in by_value(runs, done.plan, "strategy@armenia")]
    assert labels == ["linear", "firm", "conceder"]
    assert [line.label for line in by_value(runs, done.plan, "horizon")] == ["30", "9", "100"]


def test_summary_shows_many_numbers_in_parts_of_their_range(play: Play) -> None:
    done = play("horizon=range(20,40) agenda=glob(s*) replicates=3")
    lines = by_value(pl.scan_parquet(done.store.runs_file), done.plan, "horizon")
    assert [line.runs for line in lines] == [15, 15, 15, 15]
    assert lines[0].label == "20 to 24.75"


def test_a_cell_with_many_values_is_told_in_short() -> None:
    assert (
        cell_label({"a": 1, "b": 0.123456789, "c": None, "d": True})
        == "a=1 b=0.123457 c=null d=true"
    )
    assert cell_label({f"k{n}": n for n in range(9)}).endswith("k5=5 and 3 more")


# --- from Python


def test_sweep_returns_what_its_folder_holds(tmp_path: Path) -> None:
    line = "public=none horizon=20 agenda=glob(*)"
    found = sweep(f"{line} replicates=4", folder=tmp_path / "out")
    assert (found.plan, found.usable) == (load(tmp_path / "out").plan, 12)
    assert_frame_equal(found.to_frame(), pl.read_parquet(tmp_path / "out" / "runs.parquet"))
    # The folder has more than is asked for, and nothing is hidden.
    assert sweep(f"{line} replicates=2", folder=tmp_path / "out").usable == 12


def test_calls_are_found_in_the_package() -> None:
    import sim

    assert sim.run is run
    with pytest.raises(AttributeError):
        sim.swep  # noqa: B018


def test_run_is_a_function_of_named_parameters(tmp_path: Path) -> None:
    found = run(
        seed=4,
        replicates=6,
        public="none",
        horizon=40,
        armenia__strategy__beta=0.9,
        strategy__at__armenia="linear",
    )
    line = "strategy@armenia=linear armenia.strategy.beta=0.9 public=none horizon=40"
    rows = sweep(f"{line} seed=4 replicates=6", folder=tmp_path / "out").to_frame()
    assert found["approval"] == pytest.approx(rows["approval"].mean())
    assert found["signed"] == pytest.approx((rows["signed"] != "none").mean())
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    named = {"armenia.strategy.beta": 0.9, "strategy@armenia": "linear", "public": "none"}
    assert run(seed=4, replicates=6, horizon=40, **named) == found


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"horizn": 3}, "did you mean 'horizon'"),
        ({"horizon": 1.5}, "whole number"),
        ({"strategy__at__armenia": "linea"}, "did you mean 'linear'"),
        ({"preset": "baku,none"}, "one run takes one value"),
        ({"replicate": 2}, "set replicates"),
        ({"replicates": 0}, "at least 1"),
        ({"scenario.politics.approval.value": 0.9}, "outside its stated range"),
    ],
)
def test_bad_parameters(parameters: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        run(seed=1, **parameters)  # type: ignore[arg-type]


def test_run_composes_choices_once(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[object] = []
    right = api.compose_plain

    def counting(*given: object) -> dict[str, object]:
        composed.append(given)
        return right(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(api, "compose_plain", counting)
    api._composed.cache_clear()
    some = {"public": "none", "horizon": 10}
    for seed in range(3):
        numbers = {
            "scenario.discount_rate.armenia.value": 0.05 + 0.01 * seed,
            "scenario.channels.0.calls_per_year.value": 5.0 + seed,
        }
        run(seed=seed, **some, **numbers)  # type: ignore[arg-type]
    assert len(composed) == 1


def test_run_follows_references(tmp_path: Path) -> None:
    linear = {"strategy@armenia": "linear", "strategy@azerbaijan": "linear", "public": "none"}
    beta = {"armenia.strategy.beta": 0.5, "azerbaijan.strategy.beta": "${armenia.strategy.beta}"}
    same = {"armenia.strategy.beta": 0.5, "azerbaijan.strategy.beta": 0.5}
    assert run(seed=1, horizon=80, **linear, **beta) == run(seed=1, horizon=80, **linear, **same)  # type: ignore[arg-type]
