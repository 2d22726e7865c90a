"""What a user's plug-in is made of besides its own text: what numba freezes into machine code.

A rule's module-level values may come from a file beside it or from a module that it imports. So
the identity of a plug-in covers the values that its functions use, and every function and module
that they reach outside the standard library, the installed packages and this one.
"""

import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import numpy as np

_ELSEWHERE = tuple(
    Path(place).resolve()
    for place in (
        str(Path(__file__).parents[1]),
        *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    )
)
"""Folders of code that has versions of its own: this package, Python and installed packages."""


class Reached:
    """All that the functions of a module reach: source files and values, each looked at once."""

    def __init__(self, module: ModuleType) -> None:
        self.files: set[Path] = set()
        self.values: list[str] = []
        self._seen: set[tuple[int, frozenset[str]]] = set()
        self._module(module, frozenset())

    def _module(self, module: ModuleType, used: frozenset[str]) -> None:
        """Look at a module's functions, and at those of its values that are used by name."""
        file = getattr(module, "__file__", None)
        if file is None or (id(module), used) in self._seen or not _is_users(file):
            return
        self._seen.add((id(module), used))
        self.files.add(Path(file))
        for name, value in sorted(vars(module).items()):
            if _function_of(value) is not None or name in used:
                self._value(name, value, used)

    def _value(self, name: str, value: object, used: frozenset[str]) -> None:
        function = _function_of(value)
        if function is not None:
            self._function(function, getattr(value, "plugin", None))
        elif isinstance(value, ModuleType):
            self._module(value, used)
        elif isinstance(value, (tuple, list)):
            self.values.append(f"{name}: {type(value).__name__} of {len(value)}")
            for number, entry in enumerate(value):
                self._value(f"{name}[{number}]", entry, used)
        elif isinstance(value, Mapping):
            for key, entry in value.items():
                self._value(f"{name}[{key!r}]", entry, used)
        else:
            self.values.append(f"{name}: {_text(value)}")

    def _function(self, function: FunctionType, entry: object) -> None:
        code = function.__code__
        if (id(function), frozenset()) in self._seen or not _is_users(code.co_filename):
            return
        self._seen.add((id(function), frozenset()))
        if Path(code.co_filename).is_file():
            self.files.add(Path(code.co_filename))
        else:  # made from a text
            self.values.append(f"{code.co_name}: {code.co_code.hex()} {code.co_consts}")
        if entry is not None:
            stated = [getattr(entry, part) for part in ("parameters", "presets", "uses")]
            self.values.append(f"{code.co_name}: {stated}")
        used = frozenset(_names(code))
        for name in sorted(used & function.__globals__.keys()):
            self._value(f"{code.co_name} {name}", function.__globals__[name], used)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._value(f"{code.co_name} {name}", cell.cell_contents, used)
        for number, default in enumerate(function.__defaults__ or ()):
            self._value(f"{code.co_name} default {number}", default, used)


def _function_of(value: object) -> FunctionType | None:
    plain = getattr(value, "py_func", value)
    return plain if isinstance(plain, FunctionType) else None


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_users(file: str) -> bool:
    path = Path(file).resolve()
    return not any(path.is_relative_to(place) for place in _ELSEWHERE)


def _text(value: object) -> str:
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return repr(value)
    return type(value).__qualname__
