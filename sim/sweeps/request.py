"""A sweep's line, read: its named experiment, the sweep's own settings, and the keys of its runs.

`read_line` is the entry. What no sweep can vary is refused here, before anything is composed.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sim.config.compose import compose_plain
from sim.config.decisions import ONE_RUN
from sim.config.messages import problem_lines
from sim.config.number import pattern_of
from sim.config.settings import WHOLE_RULES, Rules
from sim.config.sources import check_overrides, check_text
from sim.errors import ConfigError, did_you_mean
from sim.sweeps.overrides import (
    Term,
    as_text,
    group_choices,
    read_terms,
    unknown_choices,
    whole_needed,
)

RESERVED = {"seed": "set one seed for the sweep", "replicate": "set replicates=NUMBER"}
"""Keys that must not be swept, and what to do instead."""


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
    """The sweep's settings apart from those of its runs; explained in `configs/sweep.yaml`."""

    replicates: int = Field(ge=1, le=10_000_000)
    until: float = Field(ge=0.0, lt=0.5)
    design: Literal["factorial", "latin_hypercube", "sobol", "saltelli"]
    samples: int = Field(ge=0, le=1_000_000)
    assumptions: list[str]
    common_chance: bool
    trace: Literal["none", "sample", "all"]
    executor: Executor = Field(discriminator="name")

    @field_validator("assumptions")
    @classmethod
    def _as_patterns(cls, assumptions: list[str]) -> list[str]:
        return [pattern_of(text) for text in assumptions]


LISTS = {
    name for name, field in SweepSettings.model_fields.items() if field.annotation == list[str]
}
"""The sweep's own keys that take a list."""


@dataclass(frozen=True)
class Experiment:
    """A named sweep."""

    name: str = "sweep"  # file name without ``.yaml``; ``"sweep"`` for a sweep without one
    title: str = ""  # what it asks
    line: Mapping[str, str] = field(default_factory=dict)  # its overrides by key
    zip: Sequence[Sequence[str]] = ()  # keys that advance together
    filter: Sequence[str] = ()  # conditions that a cell must meet


@dataclass(frozen=True)
class Line:
    """A sweep's line, read."""

    experiment: Experiment  # with what ``--zip`` and ``--filter`` add
    overrides: list[str]  # as given, after those of the experiment
    settings: SweepSettings
    terms: list[Term]  # keys of the runs, in the order of the line

    @property
    def words(self) -> list[str]:
        """The line as the command line takes it, ``--zip`` and ``--filter`` included."""
        zipped = [word for keys in self.experiment.zip for word in ("--zip", ",".join(keys))]
        filters = [word for text in self.experiment.filter for word in ("--filter", text)]
        return [*self.overrides, *zipped, *filters]


def read_line(
    overrides: Sequence[str],
    folders: Sequence[Path],
    config_dir: str | Path | None = None,
    zipped: Sequence[Sequence[str]] = (),
    filters: Sequence[str] = (),
) -> Line:
    """Read the line of a sweep.

    overrides: the line, e.g. ``["agenda=glob(*)", "replicates=500"]``.
    folders: hold the configuration groups, first in rank first.
    config_dir: folder of the user's own configurations.
    zipped, filters: keys that advance together, and conditions, besides those of an experiment.

    Raises ConfigError with one line for each problem of the first step that finds any.
    """
    experiment, line = _with_experiment(overrides, folders)
    check_overrides(line)
    experiment = replace(
        experiment, zip=[*experiment.zip, *zipped], filter=[*experiment.filter, *filters]
    )
    settings = sweep_settings([o for o in line if _is_own(o)], config_dir)
    terms = read_terms([o for o in line if not _is_own(o)], folders)
    problems = [problem for term in terms for problem in _problems_of(term)]
    if problems:
        raise ConfigError(problems)
    return Line(experiment, line, settings, terms)


def _key_of(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _is_own(override: str) -> bool:
    return _key_of(override).partition(".")[0] in SweepSettings.model_fields


def _problems_of(term: Term) -> list[str]:
    """Return what no sweep may do with a key, and slips in its name and choices."""
    if term.key.startswith("hydra"):
        return [f"{term.key}: Hydra's own settings have no effect here"]
    if term.key.partition(".")[0] == "decisions":
        return [ONE_RUN]
    problems = []
    if term.key in RESERVED and (term.swept or term.key == "replicate"):
        problems.append(f"{term.key}: is not swept, {RESERVED[term.key]}")
    problems += unknown_choices(term)
    near = did_you_mean(term.key, SweepSettings.model_fields)
    if not term.group and "did you mean" in near and term.key not in Rules.model_fields:
        problems.append(f"{term.key}: unknown key '{term.key}'{near}")
    return problems + (whole_needed(term) if term.key in WHOLE_RULES else [])


def sweep_settings(line: Sequence[str], config_dir: str | Path | None) -> SweepSettings:
    """Compose and validate the sweep's own settings; ConfigError has one line a problem."""
    problems = list(dict.fromkeys(_several_values(line)))
    if problems:
        raise ConfigError(problems)
    plain = compose_plain(line, "sweep", config_dir)
    try:
        return SweepSettings.model_validate(plain)
    except ValidationError as error:
        # Pydantic puts the executor's name between `executor` and the key.
        named = re.compile(r"^executor\.(?:local|dask|slurm)\.")
        lines = [named.sub("executor.", line) for line in problem_lines(error, SweepSettings)]
        raise ConfigError(lines) from error


def _several_values(line: Sequence[str]) -> Iterator[str]:
    parser = OverridesParser.create()
    keys = [_key_of(override) for override in line]
    for number, (key, override) in enumerate(zip(keys, line, strict=True)):
        if key in keys[:number]:
            yield f"{key}: is given twice"
        # An override that cannot be read is refused when it is composed.
        with suppress(HydraException):
            if parser.parse_override(override).is_sweep_override():
                lists = ", write a list as [a,b]" if key in LISTS else ""
                yield f"{override}: {key} cannot be swept, give one value{lists}"


def _with_experiment(
    overrides: Sequence[str], folders: Sequence[Path]
) -> tuple[Experiment, list[str]]:
    """Return the experiment that a line names, and the line after the keys it does not replace."""
    named = [o.partition("=")[2] for o in overrides if _key_of(o) == "experiment"]
    rest = [o for o in overrides if _key_of(o) != "experiment"]
    if len(named) > 1:
        raise ConfigError(["experiment: is given twice"])
    experiment = read_experiment(named[0], folders) if named else Experiment()
    given = {_key_of(o) for o in rest}
    own = [f"{key}={v}" for key, v in experiment.line.items() if _key_of(key) not in given]
    return experiment, [*own, *rest]


def read_experiment(name: str, folders: Sequence[Path]) -> Experiment:
    """Read a named sweep; ConfigError if there is none of that name, or it cannot be used."""
    files = [folder / "experiment" / f"{name}.yaml" for folder in folders]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        known = group_choices("experiment", folders)
        raise ConfigError([f"experiment: no choice '{name}'" + did_you_mean(name, known)])
    check_text(file)
    content, place = read_yaml(file), f"experiment/{name}.yaml"
    if content is None:
        raise ConfigError([f"{place}: is not YAML"])
    if not isinstance(content, Mapping) or not isinstance(content.get("sweep"), Mapping):
        raise ConfigError([f"{place}: must be a mapping with a mapping `sweep` in it"])
    problems = _experiment_problems(content)
    if problems:
        raise ConfigError([f"{place}: {problem}" for problem in problems])
    return Experiment(
        name=name,
        title=str(content.get("title", "")),
        line={str(key): _line_value(str(key), value) for key, value in content["sweep"].items()},
        zip=[[str(key) for key in keys] for keys in content.get("zip", [])],
        filter=[str(condition) for condition in content.get("filter", [])],
    )


def _experiment_problems(content: Mapping[str, object]) -> list[str]:
    known = ("title", "sweep", "zip", "filter")
    zipped, sweep = content.get("zip", []), content["sweep"]
    found = [f"unknown key '{k}'" + did_you_mean(str(k), known) for k in content if k not in known]
    if not isinstance(zipped, list) or not all(isinstance(keys, list) for keys in zipped):
        found.append("zip must be a list of lists of keys")
    if not isinstance(content.get("filter", []), list):
        found.append("filter must be a list of conditions")
    if isinstance(sweep, Mapping):
        empty = [key for key, value in sweep.items() if value == [] and key not in LISTS]
        found += [f"{key}: an empty list of values" for key in empty]
    return found


def _line_value(key: str, value: object) -> str:
    """Return the value of a key as it stands on a line; a list is a choice but for some keys."""
    if not isinstance(value, list):
        return as_text(value)
    if key in LISTS:
        return f"[{','.join(json.dumps(str(item), ensure_ascii=False) for item in value)}]"
    return ",".join(_line_value(key, item) for item in value)


def read_yaml(file: Path) -> object | None:
    """Return the content of a YAML file with its interpolations unresolved, None if it is none."""
    try:
        return OmegaConf.to_container(OmegaConf.load(file))
    except (OmegaConfBaseException, yaml.YAMLError, OSError, ValueError):
        return None
