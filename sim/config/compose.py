"""From overrides or a YAML file to validated settings, by way of Hydra's composition."""

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config import config_folder
from sim.config.messages import fields_at, mistyped
from sim.config.number import ASSUMPTION, SETTING, cast_of, mapping
from sim.config.scenario import Scenario, build_scenario
from sim.config.settings import CHOICES, Settings, build_settings
from sim.config.short import with_words
from sim.config.sources import compose_with_hydra, conduct_problems, read_mapping, search_folders
from sim.errors import ConfigError, did_you_mean

SWEEPS_OWN = (
    "replicates",
    "design",
    "samples",
    "assumptions",
    "trace",
    "executor",
    "experiment",
)
"""Keys that `sim sweep` takes for itself."""

NO_EFFECT = {
    "hydra": "Hydra's own settings have no effect here",
    "scenario.classes": "classes are read with the file; set the numbers themselves",
    "scenario.conduct": "is a default of the file; choose by group, e.g. agenda=issue_by_issue",
}
"""What no override can set, by how its key begins, and why."""


MISSING = object()
"""Stands for a key that is not there."""


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
        return [_yaml_problem(cause)]
    text = str(error)
    if isinstance(error, RecursionError):
        return ["defaults: files name each other in a circle"]
    if isinstance(error, OverrideParseException):
        return [malformed(error.override or "an empty override")]
    found = re.search(r"Could not load '([^']+)'", text)
    listed = _group_with_a_list(overrides)
    if found and listed:
        return [listed]
    if found:
        return [f"defaults: no file '{found.group(1)}'" + did_you_mean(found.group(1), names)]
    if isinstance(cause, MissingConfigException) or "Could not find" in text:
        return [_missing_choice(str(cause), getattr(cause, "options", None))]
    if "Could not override ''" in text:
        return [f"{_culprit(overrides, '=')}: is not of the form KEY=VALUE"]
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
        return [f"{found.group(1)}: no such group" + did_you_mean(found.group(1), _groups())]
    if "Config group override must be" in text:
        return [f"{_group_with_a_value(overrides)}: a group takes the name of one of its files"]
    if re.search(r"requires --multirun|[Ss]weep|Ambiguous value", text):
        return [f"{_culprit(overrides, text)}: gives several values; one run takes one value"]
    return [first_line(cause)]


def malformed(override: str, form: str = "KEY=VALUE") -> str:
    """Return the message for an override that cannot be read, with its right form."""
    key, sign, value = override.partition("=")
    if sign and re.search(r"\[\d+\]", key):
        dotted = re.sub(r"\[(\d+)\]", r".\1", key)
        return f"{override}: an entry of a list is written with dots, {dotted}=.."
    reason = mistyped(override)
    if not reason and "=" in value:
        quoted = value.lstrip("=").replace("'", "\\'")
        reason = f"; a value with = in it takes two pairs of quotes, \"{key}='{quoted}'\""
    return f"{override}: is not of the form {form}{reason}"


def _groups() -> list[str]:
    return sorted(folder.name for folder in config_folder().iterdir() if folder.is_dir())


def _group_with_a_value(overrides: Sequence[str]) -> str:
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+")
        if not key or key.split("@", 1)[0] in _groups():
            value = override.split("=", 1)[-1]
            if not key or not re.fullmatch(r"[A-Za-z_]\w*", value):
                return override
    return "overrides"


def _group_with_a_list(overrides: Sequence[str]) -> str:
    """Return the problem of an override that gives a group a list; empty if there is none."""
    for override in overrides:
        key, _, value = override.partition("=")
        if value[:1] == "[" and key.lstrip("+").split("@", 1)[0] in _groups():
            return f"{key}: a group takes names, written {value.strip('[]')}"
    return ""


def _culprit(overrides: Sequence[str], text: str) -> str:
    named = [o for o in overrides if o in text or o.split("=", 1)[0] in text]
    return max(named, key=len) if named else "overrides"


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or first_line(error))
    if mark is None:
        return f"is not YAML: {what}"
    place = f"line {mark.line + 1}, column {mark.column + 1}"
    if os.path.isfile(mark.name):
        place = f"{os.path.basename(mark.name)}: {place}"
    if "duplicate key" in what:
        return f"{place}: {what.removeprefix('found ')}"
    return f"{place}: is not YAML: {what}"


def _missing_choice(text: str, options: Sequence[str] | None) -> str:
    found = re.search(r"Could not find '([^']+)'", text) or re.search(
        r"Cannot find primary config '([^']+)'", text
    )
    if not found:
        return text.splitlines()[0]
    name = found.group(1)
    group, _, choice = name.rpartition("/")
    listed = re.search(r"Available options in '[^']*':\s*\n((?:\t.*\n?)+)", text)
    known = list(options or ()) or (listed.group(1).split() if listed else [])
    if not group:
        return f"no configuration or group '{choice}'" + did_you_mean(choice, known)
    return f"{group}: no choice '{choice}'" + did_you_mean(choice, known)


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
            known = [str(k) for k in node] + ([] if path else _groups())
            right = "" if path else _elsewhere(key, reference)
            return right or f"{key}: unknown key '{part}'" + did_you_mean(part, known)
        path = f"{path}.{part}" if path else part
        node = node[part]
    return f"{key}: cannot be set this way"


def _elsewhere(key: str, reference: Mapping[str, object]) -> str:
    """Return the message for a key that stands under another one; empty if it stands nowhere."""
    first, _, rest = key.partition(".")
    party, _, inside = rest.partition(".")
    if first in CHOICES and _is_conduct(reference.get(party)):
        right = f"{party}.{first}.{inside}" if inside else f"{first}@{party}"
        return f"{key}: the party comes first; did you mean '{right}'?"
    if first in CHOICES:
        problem = _needs_a_party(first, reference)
        return f"{key}: {problem.partition(': ')[2]}"
    for above in ("scenario", *(str(n) for n, node in reference.items() if _is_conduct(node))):
        node: object = reference.get(above)
        for part in key.split("."):
            node = node.get(part, MISSING) if isinstance(node, Mapping) else MISSING
        if node is not MISSING:
            value = ".value" if isinstance(node, Mapping) and "value" in node else ""
            return f"{key}: unknown key '{first}'; did you mean '{above}.{key}{value}'?"
    return ""


def _needs_a_party(group: str, reference: Mapping[str, object]) -> str:
    parties = [str(name) for name, node in reference.items() if _is_conduct(node)]
    keys = " or ".join(f"{group}@{party}=.." for party in parties or ["PARTY"])
    return f"{group}: each party has its own, write {keys}"


def _is_conduct(node: object) -> bool:
    return isinstance(node, Mapping) and "strategy" in node


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


# --- from a command line's overrides to validated settings, by way of Hydra's composition


def compose(
    overrides: Sequence[str] = (),
    config_name: str = "config",
    config_dir: str | Path | None = None,
) -> Settings:
    """Compose and validate the settings of a run.

    overrides: Hydra overrides, e.g. ``["strategy@armenia=conceder", "seed=7"]``.
    config_name: name of the primary configuration, without ``.yaml``.
    config_dir: a folder of the user's own with the same groups; its files win over those of the
        package.

    Returns all that a run depends on.
    Raises ConfigError with one line a problem.
    """
    return build_settings(compose_plain(overrides, config_name, config_dir))


def compose_plain(
    overrides: Sequence[str] = (),
    config_name: str = "config",
    config_dir: str | Path | None = None,
    more_folders: Sequence[Path] = (),
) -> dict[str, object]:
    """Compose the settings and return them as a plain mapping, not yet validated.

    Parameters and errors are those of `compose`; groups are looked for in `more_folders` as well.
    """
    ignored = [
        f"{override}: {why}"
        for override in overrides
        for start, why in NO_EFFECT.items()
        if override.lstrip("+~").startswith(start)
    ]
    if ignored:
        raise ConfigError(ignored)
    folders = [*search_folders(config_name, config_dir), *more_folders]
    try:
        config = compose_with_hydra(folders, config_name, overrides)
    except (
        HydraException,
        OmegaConfBaseException,
        yaml.YAMLError,
        OSError,
        ValueError,
        RecursionError,
    ) as error:
        names = [file.stem for file in sorted(folders[0].glob("*.yaml"))]

        def reference() -> Mapping[str, object]:
            return _reference(folders, config_name, overrides)

        raise ConfigError(composition_problems(error, overrides, names, reference)) from error
    return plain_settings(config, overrides)


def plain_settings(config: DictConfig, overrides: Sequence[str]) -> dict[str, object]:
    """Return what Hydra has composed as a plain mapping, not yet validated.

    Raises ConfigError if an interpolation fails.
    """
    plain = _plain(config)
    scenario = plain.get("scenario")
    if isinstance(scenario, dict):
        plain["scenario"] = with_words(scenario)
    mark_settings(plain, overrides)
    return plain


def mark_settings(plain: Mapping[str, object], overrides: Sequence[str]) -> None:
    """Give numbers whose sourced value an override replaced the basis ``setting``.

    A value of the user's own must not go on carrying somebody else's source.
    """
    keys = [override.split("=", 1)[0].lstrip("+") for override in overrides if "=" in override]
    for key in keys:
        if not (key.startswith("scenario.") and key.endswith(".value")):
            continue
        path = key.removesuffix(".value")
        node: object = plain
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        if (
            isinstance(node, dict)
            and node.get("basis") != ASSUMPTION
            and not {path, f"{path}.basis"} & set(keys)
        ):
            node["basis"] = SETTING
            node.pop("from", None)


def compose_file(path: Path) -> dict[str, object]:
    """Compose one scenario file, with the scenarios that its `defaults` list names.

    Raises ConfigError if it is missing, no YAML, no mapping, or names a scenario that does not
    exist.
    """
    if not path.is_file():
        near = did_you_mean(path.name, _names_beside(path)) if path.parent.is_dir() else ""
        raise ConfigError([f"{path}: no such file{near}"])
    if path.suffix != ".yaml":
        raise ConfigError([f"{path}: a scenario is a file that ends in .yaml"])
    shipped = config_folder() / "scenario"
    folder = path.resolve().parent
    others = [] if folder == shipped else [shipped]
    try:
        with warnings.catch_warnings():
            # What a file says goes before its defaults, as one expects, also without `_self_`.
            warnings.filterwarnings("ignore", message=".*is missing `_self_`")
            plain = _plain(compose_with_hydra([folder, *others], path.stem, ()))
    except (
        HydraException,
        OmegaConfBaseException,
        yaml.YAMLError,
        OSError,
        ValueError,
        AttributeError,
        TypeError,
        RecursionError,
    ) as error:
        names = [file.stem for place in (folder, shipped) for file in sorted(place.glob("*.yaml"))]
        problems = composition_problems(error, (), names, dict)
        raise ConfigError([_under(path.name, line) for line in problems]) from error
    if plain and not any(key in Scenario.model_fields for key in plain):
        raise ConfigError([f"{path.name}: must be a mapping with the keys of a scenario"])
    return plain


def _plain(config: DictConfig) -> dict[str, object]:
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


def _reference(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> Mapping[str, object]:
    """Return the configuration without the value overrides, to look for near keys.

    Empty if it cannot be composed either.
    """
    groups = [o for o in overrides if "." not in o.split("=", 1)[0] and "@" in o.split("=", 1)[0]]
    for attempt in (groups, ()):
        try:
            return _plain(compose_with_hydra(folders, config_name, attempt))
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ConfigError):
            continue
    return {}


def _under(name: str, line: str) -> str:
    return line if line.partition(":")[0].endswith(".yaml") else f"{name}: {line}"


def _names_beside(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.glob("*.yaml"))


# --- from a YAML file to a scenario


def load_scenario(path: str | Path) -> Scenario:
    """Read and validate one scenario file.

    A `defaults:` list at its top names scenarios it starts from, found beside it or among those
    that come with the package, so that a variant states only its differences.

    path: a YAML file.

    Raises ConfigError with one line a problem; the file name stands first if it cannot be read at
    all.
    """
    file = Path(path)
    plain = compose_file(file)
    conduct = mapping(read_mapping(file).get("conduct"))
    folders = [file.resolve().parents[1], config_folder()]
    problems = conduct_problems(cast_of(plain).parties, conduct, folders)
    try:
        scenario = build_scenario(plain)
    except ConfigError as error:
        raise ConfigError([*error.problems, *problems]) from error
    problems += [
        f"{where}.basis: '{SETTING}' marks overrides of a run; a file needs a source"
        for where, number in scenario.numbers()
        if number.basis == SETTING
    ]
    if problems:
        raise ConfigError(problems)
    return scenario


def check_file(path: str | Path) -> list[str]:
    """Return what is wrong with a scenario file, one line a problem; empty if nothing is."""
    try:
        load_scenario(path)
    except ConfigError as error:
        return error.problems
    return []
