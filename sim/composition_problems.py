"""What Hydra, OmegaConf and YAML find wrong, as one plain line a problem."""

import os
import re
from collections.abc import Callable, Mapping, Sequence

import yaml
from hydra.errors import MissingConfigException, OverrideParseException

from sim.config_folder import config_folder
from sim.errors import did_you_mean
from sim.problems import fields_at
from sim.scenario.model import Scenario
from sim.settings import CHOICES

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
    key, sign, _ = override.partition("=")
    if sign and re.search(r"\[\d+\]", key):
        dotted = re.sub(r"\[(\d+)\]", r".\1", key)
        return f"{override}: an entry of a list is written with dots, {dotted}=.."
    return f"{override}: is not of the form {form}"


def _groups() -> list[str]:
    """Return the names of the configuration groups that come with the package."""
    return sorted(folder.name for folder in config_folder().iterdir() if folder.is_dir())


def _group_with_a_value(overrides: Sequence[str]) -> str:
    """Return the override that gives a group a number instead of a name."""
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
    """Return the override that a message speaks of."""
    named = [o for o in overrides if o in text or o.split("=", 1)[0] in text]
    return max(named, key=len) if named else "overrides"


def _yaml_problem(error: yaml.YAMLError) -> str:
    """Return where YAML cannot be read, and why."""
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
    """Return which choice of a group does not exist."""
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
            if key in CHOICES:
                return _needs_a_party(key, reference)
            known = [str(k) for k in node] + ([] if path else _groups())
            return f"{key}: unknown key '{part}'" + did_you_mean(part, known)
        path = f"{path}.{part}" if path else part
        node = node[part]
    return f"{key}: cannot be set this way"


def _needs_a_party(group: str, reference: Mapping[str, object]) -> str:
    """Return the message for a choice of conduct that does not say whose."""
    parties = [str(name) for name, node in reference.items() if _is_conduct(node)]
    keys = " or ".join(f"{group}@{party}=.." for party in parties or ["PARTY"])
    return f"{group}: each party has its own, write {keys}"


def _is_conduct(node: object) -> bool:
    """Return whether a root node is that of a party."""
    return isinstance(node, Mapping) and "strategy" in node


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
