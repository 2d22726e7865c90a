"""`sim run -m`: Hydra's own multirun, one job a combination, by Hydra's own launchers.

The whole line is validated first, as a sweep's is, so that nothing is played if some job could
not be. Then Hydra takes over: it composes each job, makes its folder and calls `Job` in it.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
import yaml
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config.compose import plain_settings
from sim.config.settings import build_settings
from sim.config.sources import search_folders
from sim.config.with_hydra import (
    HYDRA_VERSION,
    CheckedSource,
    compose_with_hydra,
    composition_problems,
    plain,
    primary_folder,
)
from sim.errors import ConfigError, SimError
from sim.runs.files import reason

if TYPE_CHECKING:
    from sim.runs.opening import Driver

OUTCOME, FAILURE = "outcome.json", "failed.txt"
"""What a job leaves in its folder: the object of `sim run --json`, or why there is none."""
SOME_FAILED = 3

log = logging.getLogger("sim")


@dataclass(frozen=True)
class Job:
    """Plays one run and writes its outcome into the job's folder; Hydra's task function."""

    driver: "Driver"  # ``"engine"`` or ``"mesa"``
    trace: str | None = None  # name of the file that holds the weekly history

    def __call__(self, config: DictConfig) -> None:
        """Play the run that Hydra has composed."""
        job = HydraConfig.get()
        folder, overrides = Path(job.runtime.output_dir), list(job.overrides.task)
        try:
            self._play(config, folder, overrides)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; the jobs go on
            kind = "" if isinstance(error, SimError) else f"{type(error).__name__}: "
            _write_new(folder / FAILURE, f"{kind}{error}\n")
            log.error("%s%s", kind, error)

    def _play(self, config: DictConfig, folder: Path, overrides: list[str]) -> None:
        settings = build_settings(plain_settings(plain(config), overrides))

        from sim.runs.play import play_one
        from sim.runs.summary import summarise

        record = play_one(settings, self.driver)
        summary = summarise(record, overrides)
        if self.trace is not None:
            from sim.runs.trace import write_trace

            write_trace(record, folder / self.trace, overrides)
        _write_new(folder / OUTCOME, json.dumps(summary.plain(), indent=2, allow_nan=False))
        signed = "nothing signed"
        if summary.signed != "none":
            signed = f"{summary.signed} deal signed on {summary.signed_date}"
        log.info("%s after %d weeks, %s", summary.status, summary.weeks, signed)


def _write_new(file: Path, text: str) -> None:
    """Write a file that does not exist yet."""
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise SimError(f"{file}: {error.strerror or error}") from error


def check(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Path:
    """Validate all jobs of a line, and make the folder that they are to be played in.

    The line may hold Hydra's own settings, e.g. ``hydra/launcher=joblib``. Raises ConfigError with
    one line for each problem of any job; also if the folder holds something or cannot be written
    to.
    """
    from sim.sweeps.planning import check_line

    folders = search_folders(config_name, config_dir)
    if not any(o.lstrip("+").startswith("hydra/sweeper=") for o in overrides):
        own = [override for override in overrides if not _is_hydras(override)]
        check_line(own, config_name, config_dir)
    # Hydra itself would write over what is there.
    folder = _folder(folders, config_name, overrides)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError([f"hydra.sweep.dir: {folder} exists already and is not overwritten"])
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        problem = f"{folder} cannot be written to, {reason(error)}; name another folder"
        raise ConfigError([f"hydra.sweep.dir: {problem}"]) from error
    return folder


def multirun(
    overrides: Sequence[str], config_name: str, config_dir: str | None, job: Job, folder: Path
) -> tuple[int, int]:
    """Let Hydra play the jobs of a checked line; return numbers of outcomes and of failures."""
    folders = search_folders(config_name, config_dir)
    search = ",".join(f'"{CheckedSource.scheme()}://{folder}"' for folder in folders)
    SourcesRegistry.instance().register(CheckedSource)
    words = ["hydra.job.name=run", *overrides, f"hydra.sweep.dir='{folder}'"]
    words.append(f"hydra.searchpath=[{search}]")
    with primary_folder(folders, config_name, overrides) as primary:
        entry = hydra.main(str(primary), config_name, HYDRA_VERSION)
        with _arguments(["sim run", "--multirun", *words]):
            entry(job)()
    outcomes, failures = (sum(1 for _ in folder.rglob(name)) for name in (OUTCOME, FAILURE))
    return outcomes, failures


def _is_hydras(override: str) -> bool:
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def _folder(folders: Sequence[Path], config_name: str, overrides: Sequence[str]) -> Path:
    """Return the folder that Hydra is going to use."""
    hydras = [override for override in overrides if _is_hydras(override)]
    try:
        found = compose_with_hydra(folders, config_name, hydras, hydra_too=True).hydra
        folder = Path(found.sweep.dir)
        subfolder = OmegaConf.to_container(found.sweep, resolve=False)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError) as error:

        def reference() -> Mapping[str, object]:
            shipped = compose_with_hydra(folders, config_name, [], hydra_too=True)
            known = OmegaConf.to_container(shipped.hydra, resolve=False)
            return {"hydra": known}

        raise ConfigError(composition_problems(error, hydras, [], reference)) from error
    if isinstance(subfolder, dict) and "${" not in str(subfolder.get("subdir")):
        raise ConfigError(["hydra.sweep.subdir: all jobs would write into one folder"])
    return folder


@contextmanager
def _arguments(words: list[str]) -> Iterator[None]:
    """Show `words` as the arguments of the process; Hydra's entry point reads them there."""
    before = sys.argv
    sys.argv = words
    try:
        yield
    finally:
        sys.argv = before
