"""What a line means: cells, designs, what is refused and how it is told."""

import json
from pathlib import Path

import numpy as np
import pytest

from sim.config import config_folder
from sim.config.number import Number
from sim.config.scenario import value_problems
from sim.config.settings import build_settings
from sim.errors import ConfigError
from sim.model.identity import DECIDES, PACKAGE, source_files
from sim.runs.opening import Cells
from sim.sweeps.cells import CellSettings, is_whole, with_values
from sim.sweeps.plan import Chunk, Plan, Shape, missing, shape_for
from sim.sweeps.planning import make_plan

TOLERANCE = "scenario.drafts.tolerance.high=0.9 scenario.drafts.tolerance.value=interval(0.1,0.9)"
"""Above what counts as half agreed at some points."""


def plan(line: str, **more: object) -> Plan:
    return make_plan(line.split(), **more).plan  # type: ignore[arg-type]


def values(made: Plan) -> list[tuple[object, ...]]:
    return [tuple(made.values(cell).values()) for cell in range(made.cells)]


def test_cells_in_the_order_of_the_line() -> None:
    made = plan("agenda=single_undertaking,interim_allowed horizon=range(10,31,10)")
    assert made.swept == ["agenda", "horizon"]
    assert values(made) == [
        (agenda, weeks)
        for agenda in ("single_undertaking", "interim_allowed")
        for weeks in (10, 20, 30)
    ]


def test_the_line_of_the_documentation_has_24_cells() -> None:
    made = plan(
        "strategy@armenia=boulware,linear,conceder,tit_for_tat "
        "strategy@azerbaijan=firm,hold_out,linear "
        "agenda=single_undertaking,interim_allowed replicates=500"
    )
    assert (made.cells, made.runs) == (24, 12_000)


def test_zip() -> None:
    made = plan(
        "strategy@armenia=firm,linear horizon=10,20 strategy@azerbaijan=linear,firm",
        zipped=[["strategy@armenia", "strategy@azerbaijan"]],
    )
    assert values(made) == [
        ("firm", 10, "linear"),
        ("firm", 20, "linear"),
        ("linear", 10, "firm"),
        ("linear", 20, "firm"),
    ]


def test_filter() -> None:
    line = "strategy@armenia=firm,linear strategy@azerbaijan=firm,linear horizon=9,10,20"
    same = plan(line, filters=["strategy@armenia == strategy@azerbaijan"])
    assert len(values(same)) == 6
    assert all(one == other for one, other, _ in values(same))
    # As numbers: as text 9 would not lie below 10.
    late = plan(line, filters=["horizon < 10 or horizon >= 20"])
    assert {weeks for *_, weeks in values(late)} == {9, 20}


def test_experiment_with_a_key_of_the_line(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "experiment"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(
        "title: A question\n"
        "sweep:\n  agenda: [issue_by_issue, single_undertaking]\n  horizon: 10,20\n"
        "  replicates: 7\n"
        "filter: ['agenda != issue_by_issue or horizon == 10']\n",
        "utf-8",
    )
    made = plan("experiment=mine horizon=10,30", config_dir=tmp_path / "own")
    assert made.name == "mine"
    assert made.replicates == 7
    assert values(made) == [
        ("issue_by_issue", 10),
        ("single_undertaking", 10),
        ("single_undertaking", 30),
    ]


def test_the_grid_has_a_cell_for_each_pair_of_strategies_and_agenda() -> None:
    strategies = {f.stem for f in (config_folder() / "strategy").glob("*.yaml")} - {"polynomial"}
    assert plan("experiment=concession_grid").cells == len(strategies) ** 2 * 3


def test_a_cell_is_what_its_single_run_would_be() -> None:
    from sim.config.compose import compose

    made = plan("preset=baku,none strategy@armenia=linear,firm horizon=10,20")
    for cell in (0, 3, 6):
        single = compose([f"{key}={value}" for key, value in made.values(cell).items()])
        assert CellSettings(made)(cell) == single


# --- sampled designs


def test_latin_hypercube_has_one_point_in_each_slice() -> None:
    made = plan(
        'design=latin_hypercube samples=50 assumptions=["discount_rate.*"] '
        "azerbaijan.strategy.beta=interval(0.1,2.1) agenda=glob(*)"
    )
    assert made.cells == 150
    drawn = np.array(made.points)
    low, high = np.array(made.design["low"]), np.array(made.design["high"])
    slices = np.sort(np.floor((drawn - low) / (high - low) * 50), axis=0)
    assert np.array_equal(slices, np.tile(np.arange(50.0)[:, np.newaxis], (1, drawn.shape[1])))
    # Every combination meets the same points.
    assert (
        made.values(3)["azerbaijan.strategy.beta"] == made.values(103)["azerbaijan.strategy.beta"]
    )
    assert CellSettings(made)(103).parties["azerbaijan"].strategy.parameters["beta"] == drawn[3][0]


def test_saltelli_has_salib_s_size_and_order() -> None:
    from SALib.sample import sobol

    made = plan('design=saltelli samples=16 assumptions=["discount_rate.*"] seed=5')
    problem = {
        "num_vars": len(made.point_keys),
        "names": made.point_keys,
        "bounds": list(zip(made.design["low"], made.design["high"], strict=True)),  # type: ignore[call-overload]
    }
    expected = sobol.sample(problem, 16, calc_second_order=False, seed=5)
    assert len(made.points) == 16 * (len(made.point_keys) + 2)
    np.testing.assert_allclose(made.points, expected, rtol=1e-12)


def test_whole_numbers_of_an_interval() -> None:
    made = plan("design=latin_hypercube samples=40 horizon=int(interval(5,8))")
    drawn = [made.values(cell)["horizon"] for cell in range(40)]
    assert sorted(set(drawn)) == [5, 6, 7, 8]
    assert all(isinstance(weeks, int) for weeks in drawn)
    assert CellSettings(made)(3).horizon == drawn[3]
    assert Plan.from_json(made.to_json()).hash == made.hash


def test_a_sampled_design_follows_no_reference() -> None:
    line = "design=sobol samples=4 armenia.strategy.beta=interval(0.1,1)"
    with pytest.raises(ConfigError, match="must not refer to others"):
        plan(line + " azerbaijan.strategy.beta=${armenia.strategy.beta}")


def test_designs_depend_on_the_seed_alone() -> None:
    line = 'design=sobol samples=8 assumptions=["politics.*"]'
    assert plan(line).points == plan(line).points
    assert plan(line).points != plan(f"{line} seed=2").points


def test_every_assumption_can_be_varied_at_once() -> None:
    made = plan('design=latin_hypercube samples=3 assumptions=["*"]')
    settings = CellSettings(made)
    for cell in range(3):
        assert settings(cell) == build_settings(made.plain(cell))
    whole = [key for key in made.point_keys if is_whole(key.removeprefix("scenario.")[:-6])]
    assert "scenario.politics.fall_weeks.value" in whole
    assert all(
        made.values(cell)[key] == int(made.values(cell)[key]) for cell in range(3) for key in whole
    )  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        "preset=none,yerevan",
        "scenario=colombia_2014",
        "public=none scenario.public.rewiring.value=interval(0.02,0.4)",
        "scenario.public.citizens.value=int(interval(100,300))",
        "armenia.strategy.beta=interval(0.5,2) strategy@armenia=linear",
    ],
)
def test_all_points_at_once_have_the_records_of_each(line: str) -> None:
    made = plan(f'{line} design=latin_hypercube samples=6 assumptions=["*"]')
    settings = CellSettings(made)
    every = range(made.cells)
    at_once = Cells.of(every, settings.parts(every))
    one_by_one = Cells.of(every, [(settings(cell), 1) for cell in every])
    assert at_once.params.tobytes() == one_by_one.params.tobytes()
    assert at_once.societies == one_by_one.societies
    some = range(2, made.cells - 1)
    assert Cells.of(some, settings.parts(some)).params.tobytes() == at_once.params[2:-1].tobytes()


def test_values_that_do_not_fit_each_other_are_told() -> None:
    with pytest.raises(ConfigError, match=r"scenario\.drafts\.half_tolerance: must not lie below"):
        plan(f"design=latin_hypercube samples=8 {TOLERANCE}")
    together = CellSettings(plan("seed=1"))(0).scenario
    assert isinstance(together.drafts.tolerance, Number)
    column = np.array([0.1, 0.9])
    wrong = with_values(together, {"drafts.tolerance": column, "drafts.half_tolerance": 0.2})
    assert value_problems(wrong) == ["drafts.half_tolerance: must not lie below drafts.tolerance"]


# --- what is refused


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("strategy@armenia=boulwar,firm", "did you mean 'boulware'"),
        ("strategy@armeni=firm,linear", "did you mean 'strategy@armenia'"),
        ("replicats=3", "did you mean 'replicates'"),
        ("horizn=3,4", "did you mean 'horizon'"),
        ("replicates=0", "replicates: must be greater than or equal to 1"),
        ("replicates=many", "replicates: must be a whole number"),
        ("seed=1,2", "seed: is not swept"),
        ("replicate=3", "set replicates=NUMBER"),
        ("agenda=glob(x*)", "matches nothing"),
        ("agenda=single_undertaking agenda=glob(*)", "agenda: is given twice"),
        ("horizon=10,10", "names 10 twice"),
        ("horizon=shuffle(10,20)", "no shuffle"),
        ("horizon=10, ", "KEY=VALUE"),
        ("executor=dsk", "did you mean 'dask'"),
        ("executor.workers=x", "workers: must be a whole number"),
        ("experiment=consession_grid", "did you mean 'concession_grid'"),
        ("design=sobol samples=100 assumptions=[*]", "power of 2"),
        ("design=sobol samples=8", "give intervals or assumptions"),
        ("design=saltelli", "samples: design=saltelli needs their number"),
        ("design=sobol samples=8 assumptions=[discount_rte.*]", "matches no assumption"),
        ("armenia.strategy.beta=interval(0.1,1)", "an interval needs design="),
        ("samples=8", "samples: need design="),
        ("trace=some", "did you mean"),
        ("hydra.job.name=x", "Hydra's own settings have no effect here"),
        ("horizon=interval(5,8) design=sobol samples=4", "must be a whole number"),
        ("design=sobol samples=100 assumptions=[*]", "such as 64 or 128"),
    ],
)
def test_bad_lines(line: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as raised:
        plan(line)
    assert any(wanted in problem for problem in raised.value.problems), raised.value.problems
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("zipped", "filters", "wanted"),
    [
        ([["agenda", "horizon"]], [], "agenda has 2, horizon has 3"),
        ([["agenda", "horizn"]], [], "did you mean 'horizon'"),
        ([["agenda", "horizon"], ["horizon"]], [], "zipped twice"),
        ([], ["agenda = x"], "write KEY OP"),
        ([], ["agendum == x"], "did you mean 'agenda'"),
        ([], ["agenda < horizon"], "have no order"),
        ([], ["agenda != interm_allowed"], "did you mean 'interim_allowed'"),
        ([], ["horizon > 99"], "no cell is left"),
    ],
)
def test_bad_zips_and_filters(zipped: list[list[str]], filters: list[str], wanted: str) -> None:
    line = "agenda=single_undertaking,interim_allowed horizon=10,20,30"
    with pytest.raises(ConfigError) as raised:
        plan(line, zipped=zipped, filters=filters)
    assert any(wanted in problem for problem in raised.value.problems)


def test_all_bad_cells_are_listed_before_the_first_run() -> None:
    with pytest.raises(ConfigError) as raised:
        plan("armenia.strategy.beta=0.2,0.5,200 strategy@armenia=boulware,firm,linear")
    missing_key, too_large = raised.value.problems
    assert "unknown key 'beta'" in missing_key
    assert "cells 1, 4, 7 of 9, all with strategy@armenia=firm" in missing_key
    assert "200 must lie between" in too_large
    assert "cells 6, 8 of 9, all with armenia.strategy.beta=200" in too_large


def test_bad_cells_that_differ_in_the_refused_value_share_a_line() -> None:
    with pytest.raises(ConfigError) as raised:
        plan("horizon=range(1030,1060)")
    assert raised.value.problems == [
        "horizon: must be less than or equal to 1040, got 1041, 1042 .. 1059 (19 values) "
        "(cells 11-29 of 30)"
    ]


def test_the_only_cell_is_not_counted() -> None:
    with pytest.raises(ConfigError) as raised:
        plan("horizon=0")
    assert raised.value.problems == ["horizon: must be greater than or equal to 1, got 0"]


def test_the_plan_states_the_whole_line() -> None:
    made = plan("agenda=glob(s*) horizon=10,20", filters=["horizon > 10"])
    assert made.line == ["agenda=glob(s*)", "horizon=10,20", "--filter", "horizon > 10"]


def test_a_problem_of_the_whole_line_is_told_once() -> None:
    with pytest.raises(ConfigError) as raised:
        plan("+armenia.strategy.bta=1 strategy@armenia=boulware,linear agenda=glob(*)")
    assert len(raised.value.problems) == 1
    assert "did you mean 'beta'" in raised.value.problems[0]


# --- the plan as a file


def test_plan_survives_its_file() -> None:
    made = plan('design=sobol samples=4 assumptions=["discount_rate.*"] agenda=glob(*)')
    read = Plan.from_json(made.to_json())
    assert read == made
    assert read.hash == made.hash


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content.update(replicates=9),
        lambda content: content.update(seed=2),
        lambda content: content["bases"][0].update(horizon=99),
        lambda content: content["combinations"][0]["values"].update(agenda="x"),
        lambda content: content.update(checksum="0"),
    ],
)
def test_a_plan_edited_by_hand_is_refused(edit: object) -> None:
    content = json.loads(plan("agenda=glob(*)").to_json())
    edit(content)  # type: ignore[operator]
    with pytest.raises(ConfigError, match="was changed after"):
        Plan.from_json(json.dumps(content))


def test_hash_leaves_out_replicates_and_tells_everything_else() -> None:
    made = plan("agenda=glob(*)")
    assert made.extended(1000).hash == made.hash
    others = ["agenda=glob(*) seed=2", "agenda=glob(s*)", "agenda=glob(*) horizon=9"]
    others += ["agenda=glob(*) trace=all", "agenda=glob(*) preset=baku"]
    assert made.hash not in [plan(line).hash for line in others]


def test_the_model_s_digest_covers_what_prepares_a_run() -> None:
    files = {file.relative_to(PACKAGE).as_posix() for file in source_files(DECIDES)}
    assert {"model/engine.py", "model/rules/opening.py", "runs/play.py", "runs/trace.py"} <= files
    assert {"sweeps/cells.py", "sweeps/play.py"} <= files


# --- chunks


@pytest.mark.parametrize(
    ("cells", "replicates"), [(1, 1), (24, 500), (540, 200), (7, 33), (1, 9999)]
)
def test_chunks_cover_every_run_once(cells: int, replicates: int) -> None:
    chunks = missing(cells, replicates, shape_for(cells, replicates), [])
    runs = [(cell, r) for chunk in chunks for cell in chunk.cells for r in chunk.replicates]
    assert len(runs) == len(set(runs)) == cells * replicates
    assert all(chunk.runs <= 4096 for chunk in chunks)


def test_only_what_is_missing_is_a_chunk() -> None:
    shape = Shape(2, 32)
    first = missing(5, 40, shape, [])
    assert missing(5, 40, shape, first) == []
    more = missing(5, 70, shape, first)
    assert {c.replicates for c in more} == {range(40, 64), range(64, 70)}
    done = [c for c in first if c != Chunk(2, 4, 0, 32)]
    assert missing(5, 40, shape, done) == [Chunk(2, 4, 0, 32)]


def test_a_chunk_is_found_by_its_name() -> None:
    chunk = Chunk(3, 9, 32, 64)
    assert Chunk.from_name(chunk.name) == chunk
    assert Chunk.from_name("anything") is None
