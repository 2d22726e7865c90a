"""What a sweep is told apart from its runs: replicates, design, traces, executor."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.config.compose import compose_plain
from sim.config.messages import problem_lines
from sim.errors import ConfigError, did_you_mean
from sim.sweeps.overrides import group_choices

Design = Literal["factorial", "latin_hypercube", "sobol", "saltelli"]
Trace = Literal["none", "sample", "all"]


class Own(BaseModel):
    """Base of the sweep's own settings: unchangeable, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LocalExecutor(Own):
    """Threads of this process."""

    name: Literal["local"]
    workers: int = Field(ge=0, le=1024)


class DaskExecutor(Own):
    """Dask workers: those of a scheduler, or processes of this machine."""

    name: Literal["dask"]
    address: str
    workers: int = Field(ge=0, le=1024)
    tls_ca_file: str
    tls_client_cert: str
    tls_client_key: str


class SlurmExecutor(Own):
    """Tasks of a job array; a number that is 0 is left to the site."""

    name: Literal["slurm"]
    cluster: Literal["slurm", "local"]
    workers: int = Field(ge=0, le=1000)
    cpus: int = Field(ge=0, le=1024)
    minutes: int = Field(ge=0)
    memory_gb: int = Field(ge=0)
    partition: str
    account: str


Executor = LocalExecutor | DaskExecutor | SlurmExecutor


class SweepSettings(Own):
    """All that a sweep is told apart from its runs; explained in `configs/sweep.yaml`."""

    replicates: int = Field(ge=1, le=10_000_000)
    design: Design
    samples: int = Field(ge=0, le=1_000_000)
    assumptions: list[str]
    trace: Trace
    executor: Executor = Field(discriminator="name")


LISTS = {
    name for name, field in SweepSettings.model_fields.items() if field.annotation == list[str]
}
"""The sweep's own keys that take a list."""
EXECUTOR = re.compile(r"^executor\.(?:local|dask|slurm)\.")


@dataclass(frozen=True)
class Experiment:
    """A named sweep."""

    name: str = "sweep"  # file name without ``.yaml``; ``"sweep"`` for a sweep without one
    title: str = ""  # what it asks
    line: Mapping[str, str] = field(default_factory=dict)  # its overrides by key
    zip: Sequence[Sequence[str]] = ()  # keys that advance together
    filter: Sequence[str] = ()  # conditions that a cell must meet


def key_of(override: str) -> str:
    """Return the key that an override sets, without prefix."""
    return override.partition("=")[0].lstrip("+~")


def is_own(override: str) -> bool:
    """Return whether an override concerns the sweep and not its runs."""
    return key_of(override).partition(".")[0] in SweepSettings.model_fields


def read_experiment(name: str, folders: Sequence[Path]) -> Experiment:
    """Read a named sweep from the group `experiment`.

    Raises
    ------
    ConfigError
        If there is none of that name, or it cannot be used.
    """
    files = [folder / "experiment" / f"{name}.yaml" for folder in folders]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        known = group_choices("experiment", folders)
        raise ConfigError([f"experiment: no choice '{name}'" + did_you_mean(name, known)])
    try:
        content = OmegaConf.to_container(OmegaConf.load(file))
    except (OmegaConfBaseException, yaml.YAMLError, OSError, ValueError) as error:
        raise ConfigError([f"experiment/{name}.yaml: is not YAML"]) from error
    return _experiment(name, content)


def _experiment(name: str, content: object) -> Experiment:
    place = f"experiment/{name}.yaml"
    known = ("title", "sweep", "zip", "filter")
    if not isinstance(content, Mapping) or not isinstance(content.get("sweep"), Mapping):
        raise ConfigError([f"{place}: must be a mapping with a mapping `sweep` in it"])
    problems = [
        f"{place}: unknown key '{key}'" + did_you_mean(str(key), known)
        for key in content
        if key not in known
    ]
    zipped, filters = content.get("zip", []), content.get("filter", [])
    if not isinstance(zipped, list) or not all(isinstance(keys, list) for keys in zipped):
        problems.append(f"{place}: zip must be a list of lists of keys")
    if not isinstance(filters, list):
        problems.append(f"{place}: filter must be a list of conditions")
    problems += [
        f"{place}: {key}: an empty list of values"
        for key, value in content["sweep"].items()
        if value == [] and key not in LISTS
    ]
    if problems:
        raise ConfigError(problems)
    return Experiment(
        name=name,
        title=str(content.get("title", "")),
        line={str(key): _line_value(str(key), value) for key, value in content["sweep"].items()},
        zip=[[str(key) for key in keys] for keys in zipped],
        filter=[str(condition) for condition in filters],
    )


def _line_value(key: str, value: object) -> str:
    """Return the value of a key as it stands on a line; a list is a choice but for some keys."""
    if key in LISTS and isinstance(value, list):
        return f"[{','.join(json.dumps(str(item), ensure_ascii=False) for item in value)}]"
    return _written(value)


def _written(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_written(item) for item in value)
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def sweep_settings(line: Sequence[str], config_dir: str | Path | None) -> SweepSettings:
    """Compose and validate the sweep's own settings.

    Parameters
    ----------
    line : sequence of str
        Those overrides that concern the sweep, see `is_own`.

    Raises
    ------
    ConfigError
        With one line a problem.
    """
    _refuse_several(line)
    plain = compose_plain(line, "sweep", config_dir)
    try:
        return SweepSettings.model_validate(plain)
    except ValidationError as error:
        # Pydantic puts the executor's name between `executor` and the key.
        lines = [EXECUTOR.sub("executor.", line) for line in problem_lines(error, SweepSettings)]
        raise ConfigError(lines) from error


def _refuse_several(line: Sequence[str]) -> None:
    parser = OverridesParser.create()
    problems = []
    keys = [key_of(override) for override in line]
    for number, override in enumerate(line):
        key = keys[number]
        if key in keys[:number]:
            problems.append(f"{key}: is given twice")
        # What cannot be read is told when it is composed.
        with suppress(HydraException):
            if parser.parse_override(override).is_sweep_override():
                lists = ", write a list as [a,b]" if key in LISTS else ""
                problems.append(f"{override}: {key} cannot be swept, give one value{lists}")
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
