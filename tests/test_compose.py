"""Composition: the user's files win, nothing is shared with other hosts, and what is kept holds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.singleton import Singleton
from hydra.core.utils import JobRuntime
from hydra.version import getbase
from hypothesis import given, settings
from hypothesis import strategies as st

import sim.model.compiled  # noqa: F401 - finds its folder before the fixture `kept` takes it away
from sim.config import compose as composing
from sim.config import config_folder
from sim.config.compose import compose, compose_plain, mark_settings
from sim.config.sources import files_read, search_folders
from sim.config.with_hydra import composed
from sim.errors import ConfigError
from sim.model.identity import digest, file_digest
from sim.sweeps import run
from sim.sweeps.plan import SHIPPED, Plan
from sim.sweeps.planning import make_plan

SEPTEMBER = config_folder() / "scenario" / "september_2024.yaml"
TITLE = "title: Armenia and Azerbaijan, September 2024"


def write(folder: Path, name: str, text: str) -> None:
    """Write one configuration file of the user's."""
    file = folder / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep compositions in a folder that is empty at first, so that Hydra makes each test's."""
    folder = tmp_path_factory.mktemp("kept")
    monkeypatch.setattr("sim.model.identity.cache_folder", lambda: folder)
    return folder / "compositions"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Return a folder with a strategy and a scenario of shipped names, and no `config.yaml`."""
    own = SEPTEMBER.read_text(encoding="utf-8").replace(TITLE, "title: My own September")
    write(tmp_path, "scenario/september_2024", own)
    write(tmp_path, "strategy/linear", "strategy: {name: polynomial, beta: 0.7, kappa: 0.0}\n")
    return tmp_path


def test_compose_takes_the_users_file_of_a_shipped_name(mine: Path) -> None:
    settings = compose(["strategy@armenia=linear"], config_dir=mine)
    assert settings.parties["armenia"].strategy.parameters["beta"] == 0.7
    assert settings.scenario.title == "My own September"


def test_compose_takes_the_users_primary_configuration(mine: Path) -> None:
    write(mine, "config", "defaults:\n  - /prespa_2018\n  - _self_\nhorizon: 7\n")
    assert compose([], config_dir=mine).horizon == 7


def test_plan_takes_the_users_file_of_a_shipped_name(mine: Path) -> None:
    words = ["strategy@armenia=linear,firm", "public=none", "horizon=4", "replicates=2"]
    plan = make_plan(words, "config", str(mine)).plan
    first = plan.plain(0)["armenia"]
    assert isinstance(first, dict)
    assert first["strategy"]["beta"] == 0.7


def test_experiment_of_the_user_wins(mine: Path) -> None:
    write(mine, "experiment/screening", "title: Mine\nsweep: {replicates: 3}\n")
    assert make_plan(["experiment=screening"], "config", str(mine)).plan.replicates == 3


def test_compose_from_threads_at_once() -> None:
    def horizon(n: int) -> int:
        return compose([f"horizon={n}"]).horizon

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(horizon, range(3, 11))) == list(range(3, 11))


def test_run_from_threads_at_once() -> None:
    def weeks(n: int) -> float:
        return run(seed=1, replicates=1, public="none", horizon=n)["weeks"]

    with ThreadPoolExecutor(2) as threads:
        assert max(threads.map(weeks, range(3, 9))) <= 8


def test_compose_inside_another_application_of_hydra(tmp_path: Path) -> None:
    write(tmp_path, "theirs", "a: 1\n")
    with initialize_config_dir(config_dir=str(tmp_path), version_base="1.3"):
        assert compose(["horizon=6"]).horizon == 6
        assert hydra_compose("theirs").a == 1


def test_compose_tells_of_scenarios_that_name_each_other(mine: Path) -> None:
    text = "defaults:\n  - /scenario/december_2024@_here_\n  - _self_\n"
    write(mine, "scenario/september_2024", text)
    with pytest.raises(ConfigError, match="in a circle"):
        compose([], config_dir=mine)


def test_plan_states_the_users_files_that_were_read(mine: Path) -> None:
    write(mine, "strategy/conceder", "strategy: {name: firm}\n")
    write(mine, "experiment/screening", "sweep: {strategy@armenia: [linear, firm]}\n")
    line = ["experiment=screening", "public=none", "horizon=4", "replicates=2"]
    plan = make_plan(line, "config", str(mine)).plan
    read = ["experiment/screening.yaml", "scenario/september_2024.yaml", "strategy/linear.yaml"]
    assert [file for file in plan.files if not file.startswith(SHIPPED)] == read
    assert plan.files[read[0]] == file_digest(mine / read[0])
    assert Plan.from_json(plan.to_json()).files == plan.files


def test_plan_states_the_shipped_files_beside_the_users(mine: Path) -> None:
    line = ["strategy@armenia=linear,firm", "public=none", "horizon=4", "replicates=2"]
    files = make_plan(line, "config", str(mine)).plan.files
    assert {"strategy/linear.yaml", f"{SHIPPED}config.yaml"} <= set(files)
    assert files[f"{SHIPPED}strategy/firm.yaml"] == file_digest(
        config_folder() / "strategy/firm.yaml"
    )
    assert not {f"{SHIPPED}strategy/linear.yaml", "strategy/firm.yaml"} & set(files)
    shipped = make_plan(line).plan.files
    assert f"{SHIPPED}strategy/linear.yaml" in shipped
    assert all(name.startswith(SHIPPED) for name in shipped)


def test_plan_of_before_states_no_files(mine: Path) -> None:
    content = json.loads(make_plan(["public=none", "horizon=4"]).plan.to_json())
    del content["files"], content["checksum"]
    content["checksum"] = digest(content)
    assert Plan.from_json(json.dumps(content)).files == {}


def test_compose_gives_back_all_of_hydras_state(tmp_path: Path) -> None:
    write(tmp_path, "theirs", "name: ${hydra:job.name}\n")
    with initialize_config_dir(str(tmp_path), version_base="1.1", job_name="theirs"):
        before = dict(Singleton._instances)
        compose(["horizon=6"])
        assert Singleton._instances[GlobalHydra] is before[GlobalHydra]
        assert JobRuntime.instance().get("name") == "theirs"
        assert str(getbase()) == "1.1"
    compose(["horizon=6"])
    assert not GlobalHydra.instance().is_initialized()


HOST = """
import hydra
from sim.config.compose import compose
from hydra.core.hydra_config import HydraConfig

@hydra.main(config_path=None, version_base="1.3")
def main(config):
    assert compose(["horizon=6"]).horizon == 6
    print(HydraConfig.get().job.name)

main()
"""


def test_compose_inside_hydra_main(tmp_path: Path) -> None:
    write(tmp_path, "unused", "")
    (tmp_path / "host.py").write_text(HOST, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "host.py"],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "host\n"), done.stderr


# --- what is kept


def without_hydra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every composition fail that Hydra has to make."""

    def refuse(*given: object) -> None:
        raise AssertionError(f"composed again: {given}")

    monkeypatch.setattr(composing, "_by_hydra", refuse)


def by_hydra(overrides: list[str], config_dir: Path | None = None) -> dict[str, object]:
    plain = composed(search_folders("config", config_dir), "config", overrides)
    mark_settings(plain, overrides)
    return plain


def test_a_choice_is_composed_once_and_values_are_set_without_hydra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = ["public=none", "strategy@armenia=boulware"]
    values = [
        *("seed=7", "armenia.strategy.beta=0.5", "scenario.discount_rate.armenia.value=0.25"),
        *("scenario.title=word", "replicate=0", "scenario.start=null"),
    ]
    wanted = by_hydra([*line, *values])
    compose_plain(line)
    without_hydra(monkeypatch)
    found = compose_plain([*line, *values])
    assert json.dumps(found) == json.dumps(wanted)
    assert compose_plain([*line, "seed=8"])["seed"] == 8


@settings(deadline=None, derandomize=True, database=None)
@given(st.text("0123456789.+-_eaInflNUutrxs", min_size=1, max_size=6))
def test_a_value_is_read_as_hydra_reads_it(text: str) -> None:
    found = composing._VALUE.fullmatch(text)
    if found is None:
        return
    wanted = OverridesParser.create().parse_override(f"key={text}").value()
    read = composing._read(found)
    assert (type(read), repr(read)) == (type(wanted), repr(wanted))


@pytest.mark.parametrize("text", ["1e3", "007", "+5", "nan", "-inf", "1_000", "a-b", "[1]", "'x'"])
def test_a_value_that_could_be_read_otherwise_is_left_to_hydra(text: str) -> None:
    assert composing._VALUE.fullmatch(text) is None


def test_all_unknown_keys_are_told_at_once_and_as_hydra_has_them() -> None:
    with pytest.raises(ConfigError) as found:
        compose(["horizn=3", "scenario.polics.approval.value=0.5", "seed=2"])
    each = []
    for override in ("horizn=3", "scenario.polics.approval.value=0.5"):
        with pytest.raises(ConfigError) as alone:
            by_hydra([override])
        each += alone.value.problems
    assert found.value.problems == each


def change_a_value(mine: Path) -> None:
    write(mine, "strategy/linear", "strategy: {name: polynomial, beta: 0.9, kappa: 0.0}\n")


def take_a_file_away(mine: Path) -> None:
    (mine / "strategy/linear.yaml").unlink()


def put_a_file_before_another(mine: Path) -> None:
    write(mine, "agenda/single_undertaking", "agenda: {name: interim_allowed}\n")


def start_from_another_configuration(mine: Path) -> None:
    own = (config_folder() / "config.yaml").read_text("utf-8").replace("seed: 1", "seed: 2")
    write(mine, "config", own)


@pytest.mark.parametrize(
    "change",
    [
        change_a_value,
        take_a_file_away,
        put_a_file_before_another,
        start_from_another_configuration,
    ],
)
def test_what_is_kept_ends_with_any_file_it_depends_on(
    change: Callable[[Path], None], mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["strategy@armenia=linear", "agenda=single_undertaking"]
    before = compose_plain(line, config_dir=mine)
    change(mine)
    assert compose_plain(line, config_dir=mine) == by_hydra(line, mine) != before


def test_references_and_damaged_files_are_composed_each_time(
    mine: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_of = "seed: ${oc.decode:${oc.env:SIM_SEED}}"
    write(mine, "config", f"defaults:\n  - /prespa_2018\n  - _self_\n{seed_of}\n")
    for seed in ("3", "4"):
        monkeypatch.setenv("SIM_SEED", seed)
        assert compose(["horizon=5"], config_dir=mine).seed == int(seed)
    assert not kept.exists()
    compose(["horizon=5"])
    (entry,) = kept.iterdir()
    for damaged in (entry.read_bytes()[:-9], b"", b"no zlib"):
        entry.write_bytes(damaged)
        assert compose(["horizon=6"]).horizon == 6


def test_files_of_a_kept_composition_are_noted(mine: Path) -> None:
    noted = []
    for _ in range(2):
        with files_read() as read:
            compose_plain(["strategy@armenia=linear"], config_dir=mine)
        noted.append(list(read.items()))
    assert noted[0] == noted[1]
    assert (mine / "strategy/linear.yaml", file_digest(mine / "strategy/linear.yaml")) in noted[0]
