"""Checks of a user's plug-ins before any run: signature, types and what they return.

numba reports a mistake where a rule is first called, deep in the week, in a page of text. Here
each plug-in is compiled by itself against the record types, and what goes wrong is told in one
line with file, line and, for a misspelt field, the nearest one.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numba import typeof
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from sim.errors import did_you_mean
from sim.model.plugins import KINDS, Plugin, Registry
from sim.model.records import PARAMS, PARAMS_FIELDS, STATE, STATE_FIELDS
from sim.model.shocks import SHOCK, SHOCK_FIELDS

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

    plugins: all plug-ins of this process.
    files: the user's files; plug-ins from elsewhere are not looked at.
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
