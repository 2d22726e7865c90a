"""Hydra's composition of one configuration, and in plain words what it finds wrong.

Importing Hydra takes 0.3 s, so this is imported only when nothing kept will do (see
`sim.config.sources.composition`).
"""

import json
import re
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import compress
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.global_hydra import GlobalHydra
from hydra.core.singleton import Singleton
from hydra.core.utils import JobRuntime
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.plugins.config_source import ConfigResult
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from sim.config.messages import (
    culprit,
    fields_at,
    first_line,
    group_with_a_list,
    group_with_a_value,
    groups,
    malformed,
    missing_choice,
    yaml_problem,
)
from sim.config.number import mapping
from sim.config.scenario import Scenario
from sim.config.settings import CHOICES
from sim.config.short import ONLY_HERE, expanded
from sim.config.sources import (
    check_overrides,
    check_text,
    composition,
    files_read,
    merged,
    note_asked,
    note_read,
    read_mapping,
    with_conduct,
)
from sim.errors import ConfigError, did_you_mean

HYDRA_VERSION = "1.3"
"""Hydra's behaviour that the configurations are written for."""
FAILURES = (
    HydraException,
    OmegaConfBaseException,
    yaml.YAMLError,
    OSError,
    ValueError,
    RecursionError,
)
"""What a composition raises."""
SWEEPS_OWN = (
    "replicates",
    "until",
    "design",
    "samples",
    "common_chance",
    "assumptions",
    "trace",
    "executor",
    "experiment",
)
"""Keys that `sim sweep` takes for itself."""
MISSING = object()
"""Stands for a key that is not there."""

_SHARED: tuple[type, ...] = (GlobalHydra, JobRuntime, VersionBase)
"""What a composition changes of Hydra's global state."""
_ONE_AT_A_TIME = threading.RLock()
_APART: ContextVar[dict[str, dict[str, object]] | None] = ContextVar("apart", default=None)
"""Contents of scenarios that Hydra does not see, each by the key that stands in its place."""


def _loader() -> type:
    """Return OmegaConf's loader of YAML, with libyaml's parser if there is one: it is faster."""
    own: type = get_yaml_loader()
    return type("FastLoader", (yaml.CSafeLoader, own), {}) if yaml.__with_libyaml__ else own


def _content(file: Path) -> dict[str, object] | None:
    """Return a file's mapping, a scenario of the short form in the long one without its conduct.

    None if it holds no mapping or is no YAML; OmegaConf's own parser says better what is wrong.
    """
    try:
        content = yaml.load(file.read_text("utf-8"), _loader())  # noqa: S506 - a safe one
    except yaml.YAMLError:
        return None
    if not isinstance(content, dict) or not content.keys() & {*ONLY_HERE}:
        return content if isinstance(content, dict) else None
    whole = expanded({str(key): value for key, value in content.items()}, file.stem)
    whole.pop("conduct", None)
    return whole


class CheckedSource(FileConfigSource):
    """The files of a folder for Hydra, each checked before it is read."""

    @staticmethod
    def scheme() -> str:
        """Return what such folders begin with in a search path."""
        return "checked"

    def load_config(self, config_path: str) -> ConfigResult:
        """Read one file.

        Raises ConfigError if it must not be read.
        """
        file = Path(self.path, self._normalize_file_name(config_path))
        if file.is_file():
            check_text(file)
            content = _content(file)
            if content is not None and config_path.startswith("scenario/"):
                content = _set_apart(file, content)
            if content is not None:
                return ConfigResult(
                    provider=self.provider,
                    path=f"{self.scheme()}://{self.path}",
                    config=OmegaConf.create(content),
                    header=self._get_header_dict(file.read_text("utf-8")[:512]),
                )
        return super().load_config(config_path)

    def is_group(self, config_path: str) -> bool:
        """Return whether there is such a folder, and note that it was asked for."""
        note_asked(Path(self.path, config_path))
        return super().is_group(config_path)

    def is_config(self, config_path: str) -> bool:
        """Return whether there is such a file, and note that it was asked for."""
        note_asked(Path(self.path, self._normalize_file_name(config_path)))
        return super().is_config(config_path)


@contextmanager
def primary_folder(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str] = ()
) -> Iterator[Path]:
    """Give the folder that Hydra starts from: it holds a copy of the primary configuration alone.

    Hydra looks for everything there first; so what is searched afterwards keeps its order. Where
    the overrides choose a scenario that carries its own conduct, that takes the place of the
    shipped primary configuration's.
    """
    name = f"{config_name}.yaml"
    for folder in folders:
        note_asked(folder / name)
    file = next(folder / name for folder in folders if (folder / name).is_file())
    check_text(file)
    with TemporaryDirectory(prefix="sim-config-") as place:
        copy = Path(place, name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        own = with_conduct(file, folders, overrides)
        if own is None and read_mapping(file).keys() & {*ONLY_HERE}:
            own = _content(file)
        if own is None:
            shutil.copyfile(file, copy)
        else:
            OmegaConf.save(OmegaConf.create(own), copy)
        yield Path(place)


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Let Hydra compose for this thread alone, also inside another application of Hydra."""
    with _ONE_AT_A_TIME:
        SourcesRegistry.instance().register(CheckedSource)
        known = Singleton._instances
        before = {kind: known.pop(kind) for kind in _SHARED if kind in known}
        try:
            yield
        finally:
            for kind in _SHARED:
                known.pop(kind, None)
            known.update(before)


def compose_with_hydra(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str], hydra_too: bool = False
) -> DictConfig:
    """Let Hydra compose, and give back only our own keys unless `hydra_too`; errors are its own.

    Raises ConfigError if one of the files or overrides must not be read.
    """
    check_overrides(overrides)
    search = ",".join(f'"{CheckedSource.scheme()}://{folder}"' for folder in folders)
    with (
        _own_hydra(),
        primary_folder(folders, config_name, overrides) as primary,
        initialize_config_dir(str(primary), version_base=HYDRA_VERSION, job_name="sim"),
    ):
        return hydra_compose(
            config_name=config_name,
            overrides=[*overrides, f"hydra.searchpath=[{search}]"],
            return_hydra_config=hydra_too,
        )


def plain(config: DictConfig) -> dict[str, object]:
    """Resolve a configuration into dictionaries, lists and values.

    Raises ConfigError if an interpolation fails or it is no mapping.
    """
    try:
        plain = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        place = getattr(error, "full_key", None)
        raise ConfigError([f"{place}: {first_line(error)}"]) from error
    if not isinstance(plain, dict):
        raise ConfigError(["must be a mapping of keys to values"])
    return {str(key): value for key, value in plain.items()}


def _plainly(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> dict[str, object]:
    found = _with_scenario_apart(folders, config_name, overrides)
    return plain(compose_with_hydra(folders, config_name, overrides)) if found is None else found


def _set_apart(file: Path, content: dict[str, object]) -> dict[str, object]:
    """Return a key in the place of a scenario's content, or the content if Hydra has to see it."""
    apart = _APART.get()
    if apart is None or "defaults" in content:
        return content
    try:
        copy = json.loads(json.dumps(content))  # without aliases, which would be changed together
    except (TypeError, ValueError, RecursionError):
        return content
    if copy != content:
        return content
    apart[f"<{file}>"] = copy
    return {f"<{file}>": True}


def _with_scenario_apart(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> dict[str, object] | None:
    """Compose with a key in the place of each scenario's content, and merge that in afterwards.

    The numbers of the scenario take three quarters of a composition's time. None if Hydra has to
    compose them: something may refer to them or comes before them, is wrong or gives a warning.
    """
    if any("${" in text or re.match(r"[+~]*scenario[.@]", text) for text in overrides):
        return None
    contents: dict[str, dict[str, object]] = {}
    token = _APART.set(contents)
    try:
        with files_read() as read, warnings.catch_warnings(record=True) as said:
            found = plain(compose_with_hydra(folders, config_name, overrides))
        texts = [file.read_text("utf-8") for file in read]
        if said or any(mark in text for text in texts for mark in ("${", "???")):
            return None
        note_read(read)
        return _filled(found, contents)
    except (*FAILURES, ConfigError, TypeError):
        return None
    finally:
        _APART.reset(token)


def _filled(
    found: dict[str, object], contents: Mapping[str, dict[str, object]]
) -> dict[str, object] | None:
    """Put contents of scenarios in the place of their keys; None if those stand elsewhere too."""
    scenario = mapping(found.get("scenario"))
    everything = repr(found)
    first = [*scenario][: len(contents)] == [*contents]
    if not first or any(everything.count(repr(key)) != 1 for key in contents):
        return None
    whole: object = {}
    for part in (*contents.values(), {k: v for k, v in scenario.items() if k not in contents}):
        whole = merged(whole, part)
    return {**found, "scenario": whole} if contents else found


def _reference(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> Mapping[str, object]:
    """Return the configuration without the value overrides, to look for near keys.

    Empty if it cannot be composed either.
    """
    keys = [override.partition("=")[0] for override in overrides]
    chosen = [key == "scenario" or ("@" in key and "." not in key) for key in keys]
    groups = [*compress(overrides, chosen)]
    for attempt in (groups, ()):
        try:
            return composition(folders, (), config_name, attempt, _plainly)[0]
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ConfigError):
            continue
    return {}


def composed(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> dict[str, object]:
    """Compose a configuration and return it as a plain mapping.

    Raises ConfigError with what Hydra, OmegaConf or YAML found wrong.
    """
    try:
        return _plainly(folders, config_name, overrides)
    except FAILURES as error:
        names = [file.stem for file in sorted(folders[0].glob("*.yaml"))]

        def reference() -> Mapping[str, object]:
            return _reference(folders, config_name, overrides)

        raise ConfigError(composition_problems(error, overrides, names, reference)) from error


def composed_scenario(folders: Sequence[Path], name: str) -> dict[str, object]:
    """Compose one scenario file of the first folder; its name stands before each problem."""
    try:
        with warnings.catch_warnings():
            # What a file says goes before its defaults, as one expects, also without `_self_`.
            warnings.filterwarnings("ignore", message=".*is missing `_self_`")
            return plain(compose_with_hydra(folders, name, ()))
    except (*FAILURES, AttributeError, TypeError) as error:
        names = [file.stem for place in folders for file in sorted(place.glob("*.yaml"))]
        problems = composition_problems(error, (), names, dict)
        raise ConfigError([_under(f"{name}.yaml", line) for line in problems]) from error


def _under(name: str, line: str) -> str:
    return line if line.partition(":")[0].endswith(".yaml") else f"{name}: {line}"


def composition_problems(
    error: Exception,
    overrides: Sequence[str],
    names: Sequence[str],
    reference: Callable[[], Mapping[str, object]],
) -> list[str]:
    """Return what Hydra, OmegaConf or YAML found wrong, one line a problem.

    `names` are the files that a defaults list could name; `reference` composes the configuration
    without the values that were set, and is only called to look for a near key.
    """
    cause = error
    while cause.__cause__ is not None and isinstance(cause.__cause__, Exception):
        if isinstance(cause, (MissingConfigException, yaml.YAMLError)):
            break
        cause = cause.__cause__
    if isinstance(cause, yaml.YAMLError):
        return [yaml_problem(cause)]
    text = str(error)
    if isinstance(error, RecursionError):
        return ["defaults: files name each other in a circle"]
    if isinstance(error, OverrideParseException):
        return [malformed(error.override or "an empty override")]
    found = re.search(r"Could not load '([^']+)'", text)
    listed = group_with_a_list(overrides)
    if found and listed:
        return [listed]
    if found:
        return [f"defaults: no file '{found.group(1)}'" + did_you_mean(found.group(1), names)]
    if isinstance(cause, MissingConfigException) or "Could not find" in text:
        return [missing_choice(str(cause), getattr(cause, "options", None))]
    if "Could not override ''" in text:
        return [f"{culprit(overrides, '=')}: is not of the form KEY=VALUE"]
    found = re.search(r"An item is already at '([^']+)'", text)
    if found:
        return [f"{found.group(1)}: has a value already; set it without +"]
    found = re.search(r"Could not (?:override|delete(?: from config)?\.?) ?'?([^'\s]+)'", text)
    if found:
        return [unknown_key(found.group(1), reference())]
    if "must be a DictConfig" in text:
        return ["must be a mapping of keys to values"]
    found = re.search(r"config group '([^']+)' does not exist", text)
    if found:
        return [f"{found.group(1)}: no such group" + did_you_mean(found.group(1), groups())]
    if "Config group override must be" in text:
        return [f"{group_with_a_value(overrides)}: a group takes the name of one of its files"]
    if re.search(r"requires --multirun|[Ss]weep|Ambiguous value", text):
        return [f"{culprit(overrides, text)}: gives several values; one run takes one value"]
    return [first_line(cause)]


def unknown_key(key: str, reference: Mapping[str, object]) -> str:
    """Return the message for an override of a key that is not there, with the nearest one."""
    if "@" in key:
        group = key.split("@", 1)[0]
        parties = [str(name) for name, node in reference.items() if _is_conduct(node)]
        known = [f"{g}@{party}" for g in CHOICES for party in parties]
        return f"{key}: no such choice of '{group}'" + did_you_mean(key, known)
    node: object = reference
    path = ""
    for part in key.split("."):
        if not isinstance(node, Mapping):
            return f"{key}: '{path}' holds a value, not keys"
        if part not in node:
            inside = tuple(path.split("."))
            if inside[0] == "scenario" and part in fields_at(Scenario, inside[1:]):
                return f"{key}: is not set in this scenario; add it with +{key}=.."
            if not path and part in SWEEPS_OWN:
                return f"{key}: is a key of `sim sweep`"
            known = [str(k) for k in node] + ([] if path else groups())
            right = "" if path else _elsewhere(key, reference)
            return right or f"{key}: unknown key '{part}'" + did_you_mean(part, known)
        path = f"{path}.{part}" if path else part
        node = node[part]
    return f"{key}: cannot be set this way"


def _elsewhere(key: str, reference: Mapping[str, object]) -> str:
    """Return the message for a key that stands under another one; empty if it stands nowhere."""
    first, _, rest = key.partition(".")
    party, _, inside = rest.partition(".")
    parties = [str(name) for name, node in reference.items() if _is_conduct(node)]
    if first in CHOICES and party in parties:
        right = f"{party}.{first}.{inside}" if inside else f"{first}@{party}"
        return f"{key}: the party comes first; did you mean '{right}'?"
    if first in CHOICES:
        keys = " or ".join(f"{first}@{name}=.." for name in parties or ["PARTY"])
        return f"{key}: each party has its own, write {keys}"
    for above in ("scenario", *parties):
        node: object = reference.get(above)
        for part in key.split("."):
            node = node.get(part, MISSING) if isinstance(node, Mapping) else MISSING
        if node is not MISSING:
            value = ".value" if isinstance(node, Mapping) and "value" in node else ""
            return f"{key}: unknown key '{first}'; did you mean '{above}.{key}{value}'?"
    return ""


def _is_conduct(node: object) -> bool:
    return isinstance(node, Mapping) and "strategy" in node
