"""Composition: the user's files win, and nothing is shared between threads or with other hosts."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.singleton import Singleton
from hydra.core.utils import JobRuntime
from hydra.version import getbase

from sim.config import config_folder
from sim.config.compose import compose
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
        [sys.executable, "host.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "host\n"), done.stderr
