"""Small sweeps and a run, played once; copies of them with something changed; a browser."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.analysis import Results, load
from sim.runs.files import parquet_bytes
from sim.sweeps.execute import Quiet, execute
from sim.sweeps.planning import make_plan
from sim.sweeps.store import PLAN, RUNS
from tests.as_a_whole import AS_A_WHOLE

FACTORIAL = (
    "strategy@armenia=linear,boulware,tit_for_tat strategy@azerbaijan=hold_out,firm "
    "agenda=single_undertaking,interim_allowed replicates=24 trace=sample"
)
SALTELLI = (
    "design=saltelli samples=8 agenda=single_undertaking,interim_allowed replicates=4 trace=none "
    'assumptions=["discount_rate.*","holdout_odds.azerbaijan"]'
)
HYPERCUBE = (
    "design=latin_hypercube samples=40 replicates=3 trace=none "
    'assumptions=["discount_rate.*","status_quo.azerbaijan"] armenia.strategy.beta=interval(0.2,2)'
)


CONDITIONS = ("public=none", *AS_A_WHOLE)


def inner_path(word: str) -> str:
    """Return the path of an override as a list of assumptions names it."""
    return word.partition("=")[0].removeprefix("scenario.").removesuffix(".value")


def play(line: str, folder: Path) -> Path:
    """Play a sweep without a public, of drafts answered as a whole, and return its folder."""
    conditions = [word for word in CONDITIONS if inner_path(word) not in line]
    execute(make_plan([*line.split(), *conditions]), folder, Quiet())
    return folder


def runs_of(results: Results) -> pl.DataFrame:
    """The table of runs, failed ones left out."""
    return pl.read_parquet(results.files).filter(pl.col("run_status") == "ok")


@pytest.fixture(scope="session")
def factorial_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(FACTORIAL, tmp_path_factory.mktemp("factorial") / "results")


@pytest.fixture(scope="session")
def saltelli_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(SALTELLI, tmp_path_factory.mktemp("saltelli") / "results")


@pytest.fixture(scope="session")
def hypercube_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(HYPERCUBE, tmp_path_factory.mktemp("hypercube") / "results")


@pytest.fixture(scope="session")
def one_cell_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play("replicates=12", tmp_path_factory.mktemp("one") / "results")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a single run that signs."""
    from sim.config.compose import compose
    from sim.runs.files import write_run
    from sim.runs.play import play_one
    from sim.runs.summary import summarise

    line = ["public=none", "strategy@armenia=conceder", "precondition=none", "seed=3"]
    record = play_one(compose(line))
    folder = tmp_path_factory.mktemp("run") / "talks"
    write_run(record, summarise(record, line), folder, line)
    return folder


@pytest.fixture
def factorial(factorial_folder: Path) -> Results:
    return load(factorial_folder)


@pytest.fixture
def saltelli(saltelli_folder: Path) -> Results:
    return load(saltelli_folder)


@pytest.fixture
def hypercube(hypercube_folder: Path) -> Results:
    return load(hypercube_folder)


@pytest.fixture
def one_cell(one_cell_folder: Path) -> Results:
    return load(one_cell_folder)


Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture
def altered(tmp_path: Path) -> Callable[[Path, Change], Path]:
    """Copy a sweep's folder with another table of runs, without shards."""

    def copy(folder: Path, change: Change) -> Path:
        target = tmp_path / "altered"
        target.mkdir()
        shutil.copy(folder / PLAN, target / PLAN)
        metadata = pl.read_parquet_metadata(folder / RUNS)
        metadata.pop("ARROW:schema", None)
        changed = change(pl.read_parquet(folder / RUNS))
        (target / RUNS).write_bytes(parquet_bytes(changed, metadata))
        return target

    return copy
