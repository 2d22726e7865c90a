"""From a command line's overrides to validated settings, by way of Hydra's composition.

Hydra composes the configuration and does nothing else here: it changes no folder, writes no
output and sets up no logging.
"""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.composition_problems import composition_problems, first_line
from sim.config_folder import config_folder
from sim.errors import ConfigError, did_you_mean
from sim.scenario.model import Scenario
from sim.scenario.number import ASSUMPTION, SETTING
from sim.settings import Settings, build_settings

HYDRA_VERSION = "1.3"
"""Hydra's behaviour that the configurations are written for."""


def compose(
    overrides: Sequence[str] = (),
    config_name: str = "config",
    config_dir: str | Path | None = None,
) -> Settings:
    """Compose and validate the settings of a run.

    Parameters
    ----------
    overrides : sequence of str
        Hydra overrides, e.g. ``["strategy@armenia=conceder", "seed=7"]``.
    config_name : str
        Name of the primary configuration, without ``.yaml``.
    config_dir : str or Path, optional
        A folder of the user's own with the same groups; searched before the package's for the
        primary configuration and after it for the groups.

    Returns
    -------
    Settings
        All that a run depends on.

    Raises
    ------
    ConfigError
        With one line a problem.
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
    ignored = [o for o in overrides if o.lstrip("+~").startswith("hydra")]
    if ignored:
        raise ConfigError([f"{o}: Hydra's own settings have no effect here" for o in ignored])
    primary, others = search_folders(config_name, config_dir)
    others += more_folders
    try:
        config = compose_with_hydra(primary, others, config_name, overrides)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError) as error:
        names = [file.stem for file in sorted(primary.glob("*.yaml"))]

        def reference() -> Mapping[str, object]:
            return _reference(primary, others, config_name, overrides)

        raise ConfigError(composition_problems(error, overrides, names, reference)) from error
    return plain_settings(config, overrides)


def plain_settings(config: DictConfig, overrides: Sequence[str]) -> dict[str, object]:
    """Return what Hydra has composed as a plain mapping, not yet validated.

    Raises
    ------
    ConfigError
        If an interpolation fails.
    """
    plain = _plain(config)
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

    Raises
    ------
    ConfigError
        If it is missing, no YAML, no mapping, or names a scenario that does not exist.
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
            plain = _plain(compose_with_hydra(folder, others, path.stem, ()))
    except (
        HydraException,
        OmegaConfBaseException,
        yaml.YAMLError,
        OSError,
        ValueError,
        AttributeError,
        TypeError,
    ) as error:
        names = [file.stem for place in (folder, shipped) for file in sorted(place.glob("*.yaml"))]
        problems = composition_problems(error, (), names, dict)
        raise ConfigError([_under(path.name, line) for line in problems]) from error
    if plain and not any(key in Scenario.model_fields for key in plain):
        raise ConfigError([f"{path.name}: must be a mapping with the keys of a scenario"])
    return plain


def search_folders(config_name: str, config_dir: str | Path | None) -> tuple[Path, list[Path]]:
    """Return the folder of the primary configuration, and the others to search."""
    shipped = config_folder()
    own = None if config_dir is None else Path(config_dir).expanduser().resolve()
    if own is not None and not own.is_dir():
        raise ConfigError([f"--config-dir: no such folder: {config_dir}"])
    folders = [shipped] if own is None else [own, shipped]
    for folder in folders:
        if (folder / f"{config_name}.yaml").is_file():
            return folder, [other for other in folders if other != folder]
    known = [file.stem for folder in folders for file in sorted(folder.glob("*.yaml"))]
    raise ConfigError(
        [f"--config-name: no configuration '{config_name}'" + did_you_mean(config_name, known)]
    )


def compose_with_hydra(
    primary: Path,
    others: Sequence[Path],
    config_name: str,
    overrides: Sequence[str],
    hydra_too: bool = False,
) -> DictConfig:
    """Let Hydra compose, and give back only our own keys unless `hydra_too`; errors are its own."""
    search = [f'"file://{folder}"' for folder in others]
    extra = [f"hydra.searchpath=[{','.join(search)}]"] if search else []
    with initialize_config_dir(config_dir=str(primary), version_base=HYDRA_VERSION, job_name="sim"):
        return hydra_compose(
            config_name=config_name,
            overrides=[*overrides, *extra],
            return_hydra_config=hydra_too,
        )


def _plain(config: DictConfig) -> dict[str, object]:
    """Resolve a configuration into dictionaries, lists and values.

    Raises
    ------
    ConfigError
        If an interpolation fails or it is no mapping.
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
    primary: Path, others: Sequence[Path], config_name: str, overrides: Sequence[str]
) -> Mapping[str, object]:
    """Return the configuration without the value overrides, to look for near keys.

    Empty if it cannot be composed either.
    """
    groups = [o for o in overrides if "." not in o.split("=", 1)[0] and "@" in o.split("=", 1)[0]]
    for attempt in (groups, ()):
        try:
            return _plain(compose_with_hydra(primary, others, config_name, attempt))
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ConfigError):
            continue
    return {}


def _under(name: str, line: str) -> str:
    """Return a problem with the file's name before it, if it names no file of its own."""
    return line if line.partition(":")[0].endswith(".yaml") else f"{name}: {line}"


def _names_beside(path: Path) -> list[str]:
    """Return the scenario files in the folder where one was looked for."""
    return sorted(file.name for file in path.parent.glob("*.yaml"))
