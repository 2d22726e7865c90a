"""Which strategies, acceptance conditions and opponent models there are.

A plug-in is a plain function with a decorator that states its name, family, reference, what it
uses and its parameters. The registry finds those of this package in `sim/model/rules/concession`,
`sim/model/rules/acceptance.py` and `sim/model/rules/opponent.py`, and those of a user in
the files that the environment variable ``SIM_PLUGINS`` names; the order gives the code numbers.
"""

import hashlib
import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np
from numba import typeof
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from sim.errors import ConfigError, did_you_mean
from sim.model.records import PARAMS, PARAMS_FIELDS, STATE, STATE_FIELDS
from sim.model.shocks import SHOCK, SHOCK_FIELDS

PLUGINS_VARIABLE = "SIM_PLUGINS"
"""Environment variable with the user's plug-in files, so that worker processes see them too."""

KINDS: Mapping[str, str] = {
    "concession": "sim.model.rules.concession",
    "acceptance": "sim.model.rules.acceptance",
    "opponent_model": "sim.model.rules.opponent",
}
"""Kinds of plug-in and the module or package that holds this project's own."""

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
) -> Callable[[Rule], Rule]:
    """Compile the decorated function and attach what the registry needs to know.

    Raises
    ------
    ValueError
        If `kind` is unknown or there are more parameters than the records hold.
    """
    from sim.model.compiled import rule
    from sim.model.records import PLUGIN_VALUES

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

        Raises
        ------
        KeyError
            If there is none of that name.
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

    Raises
    ------
    ConfigError
        If a user's file cannot be read, or gives a name that is taken.
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
    for kind, entries in found.items():
        ordered[kind] += [name for name in entries if name not in ordered[kind]]
    return Registry(
        {
            kind: tuple(_with_code(found[kind][name], code) for code, name in enumerate(names))
            for kind, names in ordered.items()
        }
    )


def _with_code(entry: Plugin, code: int) -> Plugin:
    from dataclasses import replace

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

    Raises
    ------
    ConfigError
        If it is missing or raises; the message names file and line.
    """
    if not path.is_file():
        raise ConfigError([f"plugins: no such file: {path}"])
    # Files of one name in two folders are two modules.
    place = hashlib.blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"sim_plugin_{path.stem}_{place}"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
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
    return module


def _where(error: BaseException, path: Path) -> str:
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{path}, line {line}" if line else str(path)


# ---- Checks of a user's plug-ins before any run: signature, types and what they return.

ARGUMENTS = {
    "concession": ("params", "state", "shocks", "side"),
    "acceptance": ("params", "state", "shocks", "side", "offered", "demand"),
    "opponent_model": ("params", "state", "shocks", "side"),
}
"""Arguments of each kind of plug-in, in order."""

FIELDS = {
    "params": [field.name for field in PARAMS_FIELDS],
    "state": [field.name for field in STATE_FIELDS],
    "shocks": [field.name for _, _, field in SHOCK_FIELDS],
}
"""Fields of the records that a plug-in reads."""

MARK = "plugins: "


def plugin_problems(plugins: Registry, files: Sequence[Path]) -> list[str]:
    """Return one line for each thing that is wrong with the plug-ins of these files.

    Parameters
    ----------
    plugins : Registry
        All plug-ins of this process.
    files : sequence of Path
        The user's files; plug-ins from elsewhere are not looked at.
    """
    problems: list[str] = []
    for file in files:
        here = [
            entry
            for kind in KINDS
            for entry in plugins.of(kind)
            if Path(entry.source_file).resolve() == file.resolve()
        ]
        if not here:
            problems.append(
                f"{MARK}{file} registers nothing; decorate a function with "
                "@plugin('concession', 'my_name', ...)"
            )
        for entry in here:
            problems += _problems_of(entry, file)
    return problems


def _problems_of(entry: Plugin, file: Path) -> list[str]:
    place = _place(entry, file, _first_line(entry))
    wanted = ARGUMENTS[entry.kind]
    given = tuple(inspect.signature(_plain(entry)).parameters)
    if len(given) != len(wanted):
        return [f"{place} takes ({', '.join(given)}) and must take ({', '.join(wanted)})"]
    problems = [
        f"{place}: parameter '{p.name}' has the default {p.default:g}, which is not between "
        f"{p.low:g} and {p.high:g}"
        for p in entry.parameters
        if not p.low <= p.default <= p.high
    ]
    if not isinstance(entry.function, Dispatcher):
        return problems
    try:
        returned = _compile(entry.function, len(wanted))
    except KeyError as error:  # numba looks a record's field up in a dictionary
        return [*problems, _unknown_field(str(error.args[0]), entry, file)]
    except NumbaError as error:
        return [*problems, _explain(str(error), entry, file)]
    return problems + _return_problems(returned, entry, place)


def _compile(function: Callable[..., object], count: int) -> types.Type:
    """Compile a plug-in for the types that the engine calls it with; return its return type."""
    one = np.zeros(1, PARAMS).view(np.recarray)[0]
    state = np.zeros(1, STATE).view(np.recarray)[0]
    shocks = np.zeros(1, SHOCK).view(np.recarray)
    records = tuple(typeof(value) for value in (one, state, shocks))  # type: ignore[no-untyped-call]
    signature = (*records, types.int64, *(types.float64,) * (count - 4))
    function.compile(signature)  # type: ignore[attr-defined]
    returned: types.Type = function.overloads[signature].signature.return_type  # type: ignore[attr-defined]
    return returned


def _return_problems(returned: types.Type, entry: Plugin, place: str) -> list[str]:
    if entry.kind == "opponent_model":
        return [] if returned == types.none else [f"{place} must return nothing"]
    if isinstance(returned, (types.Float, types.Integer, types.Boolean)):
        return []
    if returned == types.none or isinstance(returned, types.Optional):
        return [f"{place} must return a number on every path; one returns nothing"]
    return [f"{place} must return a number, not {returned}"]


def _explain(message: str, entry: Plugin, file: Path) -> str:
    name = re.search(r"[Nn]ame '(\w+)' is not defined", message)
    if name is not None:
        place = _place(entry, file, _line_with(entry, rf"\b{name[1]}\b"))
        return f"{place}: '{name[1]}' is not defined"
    lines = [
        int(number)
        for path, number in re.findall(r'File "([^"]+)", line (\d+)', message)
        if Path(path).name == file.name
    ]
    place = _place(entry, file, lines[-1] if lines else _first_line(entry))
    return f"{place} cannot be compiled: {_reason(message)}"


def _unknown_field(name: str, entry: Plugin, file: Path) -> str:
    line = _line_with(entry, rf"\.{name}\b")
    source = inspect.getsource(_plain(entry)).splitlines()[line - _first_line(entry)]
    owner = re.search(rf"(\w+)(\[[^]]*\])?\.{name}\b", source)
    record = owner[1] if owner is not None and owner[1] in FIELDS else ""
    known = FIELDS[record] if record else [f for fields in FIELDS.values() for f in fields]
    place = _place(entry, file, line)
    return f"{place}: {record or 'the record'} has no '{name}'{did_you_mean(name, known)}"


def _plain(entry: Plugin) -> Callable[..., object]:
    plain: Callable[..., object] = getattr(entry.function, "py_func", entry.function)
    return plain


def _first_line(entry: Plugin) -> int:
    return _plain(entry).__code__.co_firstlineno


def _line_with(entry: Plugin, pattern: str) -> int:
    first = _first_line(entry)
    for at, line in enumerate(inspect.getsource(_plain(entry)).splitlines()):
        if re.search(pattern, line):
            return first + at
    return first


def _place(entry: Plugin, file: Path, line: int) -> str:
    return f"{MARK}{file}, line {line}: {entry.kind} '{entry.name}'"


def _reason(message: str) -> str:
    shortened = [
        re.sub(r"Record\([^)]*\)", "a record", line).strip() for line in message.splitlines()
    ]
    told = [
        line
        for line in shortened
        if line
        and not line.startswith(("Failed in", "During:", "File ", "def ", "<source", "Traceback"))
    ]
    return told[0][:200] if told else "numba gives no reason"
