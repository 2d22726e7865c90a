"""What there is to choose from in each group, and which of it describes given settings."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml

from sim.settings import Settings
from sim.view.kept import folders


def files_of(group: str, config_dir: str | None) -> dict[str, Path]:
    """Return the files of a group by name, the user's own before those of the package."""
    found: dict[str, Path] = {}
    for folder in folders(config_dir):
        for file in sorted((folder / group).glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


@lru_cache(maxsize=64)
def options(group: str, config_dir: str | None) -> dict[str, object]:
    """Return the content of each file of a group by name."""
    files = files_of(group, config_dir)
    return {name: _content(file) for name, file in files.items()}


def _content(file: Path) -> object:
    """Return a file's content, None if it cannot be read: composing it will say why."""
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def default_of(group: str, config_name: str, config_dir: str | None) -> str:
    """Return the name that the primary configuration chooses for a group, empty if none."""
    names = (folder / f"{config_name}.yaml" for folder in folders(config_dir))
    content = _content(next((file for file in names if file.is_file()), Path()))
    defaults = content.get("defaults", []) if isinstance(content, Mapping) else []
    for entry in defaults:
        if isinstance(entry, Mapping) and isinstance(entry.get(group), str):
            return str(entry[group])
    return ""


def with_parties(scenarios: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the scenarios of these parties, and those that do not say whose talks they are.

    Parameters
    ----------
    scenarios : mapping
        Content of the group's files, of `options`.
    parties : tuple of str
        Their ids, the first party first.
    """
    return [name for name in scenarios if _parties(scenarios, name) in (None, list(parties))]


def for_parties(presets: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the presets that choose nothing for anyone but these parties.

    Parameters
    ----------
    presets : mapping
        Content of the group's files, of `options`.
    parties : tuple of str
        Their ids.
    """
    return [name for name, content in presets.items() if _chosen_for(content) <= set(parties)]


def _chosen_for(preset: object) -> set[str]:
    """Return the parties that a preset's ``override /GROUP@PARTY`` entries name."""
    entries = preset.get("defaults") if isinstance(preset, Mapping) else None
    listed = entries if isinstance(entries, list) else []
    keys = [str(key) for entry in listed if isinstance(entry, Mapping) for key in entry]
    return {key.partition("@")[2] for key in keys if "@" in key}


def _parties(scenarios: Mapping[str, object], name: str) -> object:
    """Return the parties that a scenario states, or the one that it is based on; None if none."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        content = scenarios.get(name)
        if not isinstance(content, Mapping):
            return None
        if "parties" in content:
            return content["parties"]
        bases = content.get("defaults")
        named = [base for base in bases if base != "_self_"] if isinstance(bases, list) else []
        name = str(named[-1]) if named else name
    return None


def chosen(settings: Settings, group: str, party: str, found: Mapping[str, object]) -> str:
    """Return the option that describes the settings, empty if none does.

    Parameters
    ----------
    settings : Settings
    group : str
        A group of a party, or one of the rules of the talks.
    party : str
        Empty for the rules of the talks.
    found : mapping
        Content of the group's files, of `options`.

    Returns
    -------
    str
        The option with exactly these values; if there is none, one that names the same plug-in.
    """
    if not party:
        rule = getattr(settings, group).model_dump(mode="json")
        return next(
            (
                name
                for name, content in found.items()
                if isinstance(content, Mapping) and content and content.items() <= rule.items()
            ),
            "",
        )
    choice = getattr(settings.parties[party], group)
    wanted: object = {group: {"name": choice.name, **choice.parameters}}
    for name, content in found.items():
        if _with_defaults(content, group, choice.parameters) == wanted:
            return name
    same = [name for name, content in found.items() if _named(content, group) == choice.name]
    # The option of the plug-in's own name takes any parameters: 'polynomial', not 'boulware'.
    return choice.name if choice.name in same else next(iter(same), "")


def _named(content: object, group: str) -> object:
    """Return the plug-in that a file names."""
    node = content.get(group) if isinstance(content, Mapping) else None
    return node.get("name") if isinstance(node, Mapping) else None


def _with_defaults(content: object, group: str, parameters: Mapping[str, float]) -> object:
    """Return a file's node with only those keys that the settings have, numbers as floats."""
    node = content.get(group) if isinstance(content, Mapping) else None
    if not isinstance(node, Mapping) or not set(parameters) <= set(node):
        return None
    values = {key: node[key] for key in node if key != "name"}
    if not all(isinstance(value, (int, float)) for value in values.values()):
        return None
    return {group: {"name": node.get("name"), **{k: float(v) for k, v in values.items()}}}
