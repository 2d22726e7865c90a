"""From overrides or a YAML file to validated settings, by way of Hydra's composition."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sim.config import config_folder
from sim.config.number import ASSUMPTION, SETTING, cast_of, mapping
from sim.config.scenario import Scenario, build_scenario
from sim.config.settings import Settings, build_settings
from sim.config.short import with_words
from sim.config.sources import (
    check_overrides,
    composition,
    conduct_problems,
    read_mapping,
    search_folders,
)
from sim.errors import ConfigError, did_you_mean

_GROUP = re.compile(r"[A-Za-z_]\w*(@\w+)?", re.ASCII)
_KEY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_VALUE = re.compile(
    r"(?P<float>-?(0|[1-9]\d{0,17})\.\d{1,20})|(?P<whole>-?(0|[1-9]\d{0,17}))"
    r"|(?P<word>(?!(?i:nan|inf)$)[A-Za-z_]\w*)",
    re.ASCII,
)
"""Values that Hydra's grammar reads in one way only, whatever stands around them."""
_WORDS = {"true": True, "false": False, "null": None}
_NO_EFFECT = {
    "hydra": "Hydra's own settings have no effect here",
    "scenario.classes": "classes are read with the file; set the numbers themselves",
    "scenario.conduct": "is a default of the file; choose by group, e.g. agenda=issue_by_issue",
}
"""What no override can set, by how its key begins, and why."""


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
        for start, why in _NO_EFFECT.items()
        if override.lstrip("+~").startswith(start)
    ]
    if ignored:
        raise ConfigError(ignored)
    folders = search_folders(config_name, config_dir)
    check_overrides(overrides)

    def composed(line: Sequence[str]) -> tuple[dict[str, object], bool]:
        return composition(folders, more_folders, config_name, line, _by_hydra)

    choices, values = _values_apart(overrides, [*folders, *more_folders])
    plain = _with_values(composed, choices, values) if values else None
    if plain is None:
        plain, _ = composed(overrides)
    return plain_settings(plain, overrides)


def plain_settings(composed: dict[str, object], overrides: Sequence[str]) -> dict[str, object]:
    """Return a composition with words of its scenario as numbers, and settings marked as such."""
    scenario = composed.get("scenario")
    if isinstance(scenario, dict):
        composed["scenario"] = with_words(scenario)
    mark_settings(composed, overrides)
    return composed


def _by_hydra(
    folders: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> dict[str, object]:
    from sim.config.with_hydra import composed

    return composed(folders, config_name, overrides)


def _scenario_by_hydra(
    folders: Sequence[Path], name: str, overrides: Sequence[str]
) -> dict[str, object]:
    from sim.config.with_hydra import composed_scenario

    return composed_scenario(folders, name)


def _values_apart(
    overrides: Sequence[str], folders: Sequence[Path]
) -> tuple[list[str], dict[str, object]]:
    """Return the choices of files among overrides, and the single values by their keys.

    There are no single values if anything among the overrides is neither, or if two of them could
    meet: then all of them have to be composed.
    """
    choices: list[str] = []
    values: dict[str, object] = {}
    for override in overrides:
        key, sign, text = override.partition("=")
        group = key.partition("@")[0]
        value = _VALUE.fullmatch(text)
        if _GROUP.fullmatch(key) and any((folder / group).is_dir() for folder in folders):
            choices.append(override)
        elif sign and value and _KEY.fullmatch(key) and key not in values:
            values[key] = _read(value)
        else:
            return list(overrides), {}
    return choices, values


def _read(found: re.Match[str]) -> object:
    text = found.group()
    if found.lastgroup == "word":
        return _WORDS.get(text.lower(), text)
    return float(text) if found.lastgroup == "float" else int(text)


def _with_values(
    composed: Callable[[Sequence[str]], tuple[dict[str, object], bool]],
    choices: Sequence[str],
    values: Mapping[str, object],
) -> dict[str, object] | None:
    """Return the composition of `choices` with `values` set in it, as Hydra would set them.

    None if Hydra has to: for a value in the place of more than a value, for values that refer to
    others, and to say what is wrong with a choice. Raises ConfigError if a key is not there.
    """
    try:
        plain, refers = composed(choices)
    except ConfigError:
        return None
    missing = []
    for key, value in values.items():
        *above, last = key.split(".")
        node: object = plain
        for part in above:
            node = node.get(part, {}) if isinstance(node, dict) else None
        if refers or not isinstance(node, dict) or isinstance(node.get(last), (dict, list)):
            return None
        if last in node:
            node[last] = value
        else:
            missing.append(key)
    if missing:
        from sim.config.with_hydra import unknown_key

        raise ConfigError([unknown_key(key, plain) for key in missing])
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
    folders = [folder] if folder == shipped else [folder, shipped]
    plain, _ = composition(folders, (), path.stem, (), _scenario_by_hydra)
    if plain and not any(key in Scenario.model_fields for key in plain):
        raise ConfigError([f"{path.name}: must be a mapping with the keys of a scenario"])
    return plain


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
