"""The package as a user gets it: wheel, lock files, dependencies, citation."""

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import sim
from sim.config import config_folder

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCKS = ("requirements.lock", "requirements-run.lock")
WAIT_SECONDS = 240
PYTHONS = ("3.11.7", "3.12.1", "3.13.0")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    given = [str(part) for part in command]
    return subprocess.run(
        given, cwd=cwd, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS
    )


def all_requirements() -> list[str]:
    """Every requirement of pyproject.toml, those of the build and of the extras among them."""
    found = [*PROJECT["dependencies"], *PYPROJECT["build-system"]["requires"]]
    for group in (
        *PROJECT["optional-dependencies"].values(),
        *PYPROJECT["dependency-groups"].values(),
    ):
        found += [text for text in group if Requirement(text).name != PROJECT["name"]]
    return found


def locked(name: str) -> list[tuple[Requirement, str]]:
    """Return each pin of a lock file with the text of its block, hashes included."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    return [
        (Requirement(block.split("\\\n")[0].strip()), block) for block in blocks if block.strip()
    ]


def applies(pin: Requirement, python: str) -> bool:
    environment = {**default_environment(), "python_full_version": python}
    environment["python_version"] = python.rsplit(".", 1)[0]
    return pin.marker is None or pin.marker.evaluate(environment)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None and not os.environ.get("SIM_CI"):
        pytest.skip("hatchling is not installed, so no wheel can be built without a network")
    folder = tmp_path_factory.mktemp("wheel")
    built = run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--wheel-dir", folder, ROOT,
        cwd=folder,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_carries_every_module_template_and_config(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sim").rglob("*.py")}
    configs = {
        f"sim/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "configs").rglob("*.yaml")
    }
    assert configs, "the checkout has no configs"
    data = {
        path.relative_to(ROOT).as_posix()
        for kind in ("yaml", "j2", "html", "css", "js", "vue", "svg")
        for path in (ROOT / "sim").rglob(f"*.{kind}")
    }
    assert {"sim/analysis/figures.yaml", "sim/view/board/board.html.j2"} <= data
    assert modules | configs | data | {"sim/py.typed"} <= inside
    top_level = {name.split("/")[0] for name in inside}
    assert top_level == {"sim", f"peace_talks_sim-{PROJECT['version']}.dist-info"}


def test_installed_wheel_finds_its_own_configs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    installed = run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
        "--target", target, wheel,
        cwd=elsewhere,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "from sim.config import config_folder; print(config_folder())"
    )
    asked = run(sys.executable, "-I", "-c", code, target, cwd=elsewhere)
    assert asked.returncode == 0, asked.stderr
    assert Path(asked.stdout.strip()).resolve() == (target / "sim" / "configs").resolve()


def packed_again(name: str, folder: Path) -> None:
    """Write an installed distribution as a wheel, from the list of its files without its tests."""
    distribution = importlib.metadata.distribution(name)
    tags = re.findall(r"^Tag: (\S+)$", distribution.read_text("WHEEL") or "", re.MULTILINE)
    split = [tag.split("-") for tag in tags]
    tag = "-".join(".".join(dict.fromkeys(part)) for part in zip(*split, strict=True))
    stem = f"{distribution.metadata['Name'].replace('-', '_')}-{distribution.version}"
    kept = [
        file
        for file in distribution.files or ()
        if not {"..", "__pycache__", "tests"} & {*file.parts}
        if file.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    ]
    (record,) = (file for file in distribution.files or () if file.name == "RECORD")
    listed = "".join(f"{file},,\n" for file in [*kept, record])
    with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w", strict_timestamps=False) as wheel:
        for file in kept:
            wheel.write(file.locate(), str(file))
        wheel.writestr(str(record), listed)


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """A folder that does not stay until later sessions: a gigabyte is put into it."""
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        yield Path(folder)


def test_uv_runs_the_wheel_with_what_the_lock_names(wheel: Path, large: Path) -> None:
    """`uvx` as a user calls it, of the packages that are installed here, without a network."""
    wheels = large / "wheels"
    wheels.mkdir()
    for pin, _ in locked("requirements-run.lock"):
        if applies(pin, "{}.{}.{}".format(*sys.version_info[:3])):
            packed_again(pin.name, wheels)
    uv = [
        Path(sys.executable).with_name("uv"), "tool", "run", "--no-index", "--offline",
        "--find-links", wheels, "--python", sys.executable, "--cache-dir", large / "cache",
        "--from", wheel, "sim",
    ]  # fmt: skip
    told = run(*uv, "--version", cwd=large)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"sim {PROJECT['version']}\n")
    assert "altair is not installed" in told.stdout
    played = run(*uv, "run", "-q", "public=none", "horizon=4", cwd=large)
    assert played.returncode == 0, played.stderr
    assert re.fullmatch("[a-z ]+ after 4 weeks, .+\n", played.stdout)


def test_checkout_uses_its_top_level_configs() -> None:
    if Path(sim.__file__).resolve().parents[1] != ROOT:
        pytest.skip("the package under test is not this checkout")
    assert config_folder() == ROOT / "configs"


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys; before = set(sys.modules); import sim; print(*(set(sys.modules) - before))"
    asked = run(sys.executable, "-c", code, cwd=ROOT)
    assert asked.returncode == 0, asked.stderr
    loaded = {name.split(".")[0] for name in asked.stdout.split()}
    assert loaded - set(sys.stdlib_module_names) == {"sim"}


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_with_hashes_and_names_no_place(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for place in ("://", "file:", "--index", "--extra-index", "--find-links", "-e ", " @ "):
        assert place not in text
    pins = locked(name)
    assert len(pins) > len(PROJECT["dependencies"])
    for pin, block in pins:
        assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), pin
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), f"{pin.name} has no hash"


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_every_requirement_on_each_python(python: str) -> None:
    pins = {
        canonicalize_name(pin.name): pin
        for pin, _ in locked("requirements.lock")
        if applies(pin, python)
    }
    for text in all_requirements():
        wanted = Requirement(text)
        pin = pins[canonicalize_name(wanted.name)]
        (version,) = (specifier.version for specifier in pin.specifier)
        assert wanted.specifier.contains(version), f"{text}, but {version} is locked"


@pytest.mark.parametrize(
    ("python", "series"), list(zip(PYTHONS, ("3.3", "3.5", "3.5"), strict=True))
)
def test_lock_takes_mesa_by_python(python: str, series: str) -> None:
    for name in LOCKS:
        (pin,) = (pin for pin, _ in locked(name) if pin.name == "mesa" and applies(pin, python))
        assert str(pin.specifier).startswith(f"=={series}.")


def test_run_lock_is_part_of_the_whole_lock() -> None:
    whole = {(pin.name, str(pin.specifier)): block for pin, block in locked("requirements.lock")}
    for pin, block in locked("requirements-run.lock"):
        hashes = set(re.findall(r"sha256:\w+", block))
        assert hashes == set(re.findall(r"sha256:\w+", whole[pin.name, str(pin.specifier)])), pin


@pytest.mark.parametrize("text", all_requirements())
def test_requirement_stops_before_a_later_major_version(text: str) -> None:
    operators = {specifier.operator for specifier in Requirement(text).specifier}
    assert ">=" in operators
    assert "<" in operators, f"{text} has no upper bound"


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, flags=re.MULTILINE)
    assert newest is not None
    assert sim.__version__ == PROJECT["version"] == citation["version"] == newest.group(1)
    assert citation["license"] == PROJECT["license"] == "Apache-2.0"
