"""Which strategies, acceptance conditions and opponent models there are.

A plug-in is a plain function with a decorator that states its name, family, reference, what it
uses and its parameters. The registry finds those of this package in `sim/model/rules/concession`,
`sim/model/rules/acceptance.py` and `sim/model/rules/opponent.py`, and those of a user in
the files that the environment variable ``SIM_PLUGINS`` names; the order gives the code numbers.
"""

import hashlib
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import NamedTuple, TypeVar, cast

from sim.errors import ConfigError
from sim.model.identity import LOADED, loaded_digest, text_digest
from sim.model.records import PLUGIN_VALUES

PLUGINS_VARIABLE = "SIM_PLUGINS"
"""Environment variable with the user's plug-in files, so that worker processes see them too."""

KINDS: Mapping[str, str] = {
    "concession": "sim.model.rules.concession",
    "acceptance": "sim.model.rules.acceptance",
    "opponent_model": "sim.model.rules.opponent",
}
"""Kinds of plug-in and the module or package that holds this project's own."""

FIXED: set[str] = set()
"""Kinds that the rules of this process have been put together with, see `functions`."""

Rule = TypeVar("Rule", bound=Callable[..., float | None])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a plug-in takes."""

    # name, unit, meaning: as shown to users; the name is the key in the configuration
    name: str
    # default, low, high: default value and the closed range in which a value is allowed
    default: float
    low: float
    high: float
    unit: str
    meaning: str


class Preset(NamedTuple):
    """A named choice in the configuration, `configs/strategy/NAME.yaml` for a strategy."""

    name: str
    says: str  # what it stands for, in one line
    values: Mapping[str, float] = MappingProxyType({})  # parameters that differ from the defaults


@dataclass(frozen=True, slots=True)
class Plugin:
    """A registered rule and what is said about it."""

    name: str  # key in the configuration
    kind: str  # one of `KINDS`
    family: str  # family in the literature, e.g. ``"time-dependent"``
    reference: str  # author, year, equation
    # of ``"clock"``, ``"offers"``, ``"beliefs"``, ``"randomness"``, ``"politics"``
    uses: tuple[str, ...]
    parameters: tuple[Parameter, ...]  # in the order of the record's `*_value` field
    function: Callable[..., float | None] = field(repr=False)  # the compiled rule
    # number in the records; differs between sets of plug-ins, so results store the name
    code: int = -1
    # true for a concession strategy that offers the agreed part for signature
    proposes_interim: bool = False
    # choices in the configuration; one of the plug-in's own name if none is stated
    presets: tuple[Preset, ...] = ()

    @property
    def summary(self) -> str:
        """First line of the rule's docstring."""
        text = getattr(self.function, "__doc__", None) or ""
        return text.strip().split("\n", 1)[0]

    @property
    def source_file(self) -> str:
        """File that defines the rule."""
        function = getattr(self.function, "py_func", self.function)
        return str(function.__code__.co_filename)


def plugin(
    kind: str,
    name: str,
    *,
    family: str,
    reference: str,
    uses: tuple[str, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    proposes_interim: bool = False,
    presets: tuple[Preset, ...] = (),
) -> Callable[[Rule], Rule]:
    """Compile the decorated function and attach what the registry needs to know.

    Raises ValueError if `kind` is unknown or there are more parameters than the records hold.
    """
    from sim.model.compiled import rule

    if kind not in KINDS:
        raise ValueError(f"unknown kind of plug-in {kind!r}; choose from {', '.join(KINDS)}")
    if len(parameters) > PLUGIN_VALUES:
        raise ValueError(f"{name}: at most {PLUGIN_VALUES} parameters, got {len(parameters)}")

    def attach(function: Rule) -> Rule:
        compiled = rule(function)
        entry = Plugin(
            name=name,
            kind=kind,
            family=family,
            reference=reference,
            uses=uses,
            parameters=parameters,
            function=compiled,
            proposes_interim=proposes_interim,
            presets=presets,
        )
        vars(compiled)["plugin"] = entry
        return compiled

    return attach


@dataclass(frozen=True, slots=True)
class Registry:
    """All plug-ins of this process, by kind and name."""

    plugins: Mapping[str, tuple[Plugin, ...]]

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of one kind in the order of their codes."""
        return tuple(p.name for p in self.plugins[kind])

    def of(self, kind: str) -> tuple[Plugin, ...]:
        """Return the plug-ins of one kind in the order of their codes."""
        return self.plugins[kind]

    def get(self, kind: str, name: str) -> Plugin:
        """Return one plug-in.

        Raises KeyError if there is none of that name.
        """
        for entry in self.plugins[kind]:
            if entry.name == name:
                return entry
        raise KeyError(name)


def plugin_files() -> tuple[Path, ...]:
    """Return the user's plug-in files of this process."""
    text = os.environ.get(PLUGINS_VARIABLE, "")
    return tuple(Path(part) for part in text.split(os.pathsep) if part)


@cache
def registry() -> Registry:
    """Collect the plug-ins of this process, built-in ones first, each kind sorted by name.

    Raises ConfigError if a user's file cannot be read, or gives a name that is taken.
    """
    found: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
    for package_name in KINDS.values():
        package = importlib.import_module(package_name)
        _collect(package, found)
        for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
            _collect(importlib.import_module(f"{package_name}.{info.name}"), found)
    ordered = {kind: sorted(entries) for kind, entries in found.items()}
    for path in plugin_files():
        _collect(load_plugin_file(path), found)
    if plugin_files():
        from sim.model.compiled import use_cache_folder

        use_cache_folder()  # the values of the plug-ins are known only now
    for kind, entries in found.items():
        ordered[kind] += [name for name in entries if name not in ordered[kind]]
    return Registry(
        {
            kind: tuple(_with_code(found[kind][name], code) for code, name in enumerate(names))
            for kind, names in ordered.items()
        }
    )


def functions(kind: str) -> tuple[Callable[..., float], ...]:
    """Return the rules of one kind by their codes, to be put together; the set is fixed then."""
    FIXED.add(kind)
    return tuple(cast(Callable[..., float], entry.function) for entry in registry().of(kind))


def _with_code(entry: Plugin, code: int) -> Plugin:
    return replace(entry, code=code)


def _collect(module: ModuleType, found: dict[str, dict[str, Plugin]]) -> None:
    for value in vars(module).values():
        entry = getattr(value, "plugin", None)
        if not isinstance(entry, Plugin):
            continue
        known = found[entry.kind].get(entry.name)
        if known is not None and known.function is not entry.function:
            raise ConfigError(
                [
                    f"plugins: {entry.source_file} registers {entry.kind} '{entry.name}', "
                    "a name that is taken"
                ]
            )
        found[entry.kind][entry.name] = entry


def load_plugin_file(path: Path) -> ModuleType:
    """Run a user's plug-in file and return it as a module.

    The file is code that the user chose to run.

    Raises ConfigError if it is missing or raises; the message names file and line.
    """
    if not path.is_file():
        raise ConfigError([f"plugins: no such file: {path}"])
    # Files of one name in two folders are two modules.
    place = hashlib.blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"sim_plugin_{path.stem}_{place}"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    text = text_digest(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError([f"plugins: {path} is not a Python file"])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigError([f"plugins: {_where(error, path)}: {error}"]) from error
    LOADED[str(path)] = loaded_digest(text, module)
    return module


def plugin_digest(path: Path) -> str:
    """Return the digest of a plug-in file as this process has loaded it.

    It covers the file, the user's modules that it imports and the values that its functions use.

    Raises ConfigError if it is missing or raises.
    """
    load_plugin_file(path)
    return LOADED[str(path)]


def _where(error: BaseException, path: Path) -> str:
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}, line {line}" if line else str(path)
