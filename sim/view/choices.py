"""What a visitor has set, and the settings that follow from it.

Choices are Hydra overrides by their keys, in the order in which they were made; what they leave
out is as on the command line that started the server.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock

from sim.config.settings import Settings, build_settings
from sim.view.address import is_allowed
from sim.view.composition_cache import keep, kept_file, read

WHOLE = ("scenario", "preset")
"""Choices that set many others; those are dropped with them."""
KEPT = ("scenario", "preset", "horizon", "seed", "replicate")
"""Choices that a new scenario or preset leaves alone."""
NODES = ("strategy", "acceptance", "opponent_model")
"""What is chosen for each party; another choice drops the parameters of the one before."""

_COMPOSING = Lock()
"""Hydra composes for one thread at a time."""


@dataclass(frozen=True)
class Start:
    """What the command line that started the server gave."""

    overrides: tuple[str, ...] = ()
    config_name: str = "config"
    config_dir: str | None = None
    results: str | None = None  # folder of a sweep

    @property
    def fixed(self) -> tuple[str, ...]:
        """Overrides that no link may set, such as plug-ins; they hold for every visitor."""
        return tuple(word for word in self.overrides if not is_allowed(*split(word)))

    @property
    def choices(self) -> "Choices":
        """Overrides that a visitor may change."""
        pairs = (split(word) for word in self.overrides)
        return Choices({key: value for key, value in pairs if is_allowed(key, value)})


@dataclass(frozen=True)
class Choices:
    """Overrides that a visitor has chosen, value by key."""

    values: Mapping[str, str] = field(default_factory=dict)
    # overrides of a stored run that no link may set; they hold until a scenario or a preset
    # is chosen
    fixed: tuple[str, ...] = ()
    cell: int | None = None  # the sweep's cell that they are from, None without any

    def but(self, key: str, value: str) -> "Choices":
        """Return the choices after one more, without those that it makes void."""
        kept = {k: v for k, v in self.values.items() if k != key and not makes_void(key, k)}
        after = {**kept, key: value}
        return Choices(after) if key in WHOLE else replace(self, values=after)

    def over(self, values: Mapping[str, str]) -> "Choices":
        """Return the choices after several more, made one after another; an empty one is undone."""
        found = self
        for key, value in values.items():
            found = found.but(key, value) if value else found.without(key)
        return found

    def without(self, key: str) -> "Choices":
        """Return the choices without one."""
        return replace(self, values={k: v for k, v in self.values.items() if k != key})

    def words(self) -> list[str]:
        """Return the choices as overrides."""
        return [*self.fixed, *(f"{key}={value}" for key, value in self.values.items())]


def split(word: str) -> tuple[str, str]:
    """Return key and value of an override."""
    key, _, value = word.partition("=")
    return key, value


def makes_void(key: str, other: str) -> bool:
    """Return whether the choice of `key` makes what was chosen for `other` void."""
    if key in WHOLE:
        return other not in KEPT
    node, at, party = key.partition("@")
    return bool(at) and node in NODES and other.startswith(f"{party}.{node}.")


def settings_of(start: Start, choices: Choices) -> Settings:
    """Return the settings that follow from the choices.

    Raises
    ------
    ConfigError
        With one line a problem.
    """
    overrides = (*start.fixed, *choices.words())
    with _COMPOSING:
        return _composed(overrides, start.config_name, start.config_dir)


@lru_cache(maxsize=4)
def _composed(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Settings:
    file = kept_file(overrides, config_name, config_dir)
    plain = read(file)
    if plain is None:
        from sim.config.compose import compose_plain

        plain = compose_plain(overrides, config_name, config_dir)
        settings = build_settings(plain)
        keep(file, plain)
        return settings
    return build_settings(plain)


def command_line(start: Start, choices: Choices) -> str:
    """Return the `sim run` line that plays what the choices describe."""
    words = ["sim", "run"]
    if start.config_dir is not None:
        words += ["--config-dir", start.config_dir]
    if start.config_name != "config":
        words += ["--config-name", start.config_name]
    return shlex.join([*words, *start.fixed, *choices.words()])
