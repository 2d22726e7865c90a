"""What results come from: a digest of the model's source by its meaning, versions, the commit.

Two sources mean the same if their syntax trees are equal without docstrings and comments, and
apart from where the imported names of this package stand. So a comment, a docstring or a file
that moves asks for nothing to be compiled or played again. The identity of a plug-in covers all
that its functions reach outside the standard library, the installed packages and this one: values,
functions and modules, since numba freezes them into machine code.
"""

import ast
import hashlib
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import numpy as np

SWEEP_LIBRARIES = {
    name: name
    for name in ("numpy", "numba", "networkx", "polars", "scipy", "hydra-core", "pydantic")
}
"""Libraries whose versions a plan states: stated name and distribution."""
RUN_LIBRARIES = {"numpy": "numpy", "numba": "numba", "mesa": "mesa", "hydra": "hydra-core"}
"""Libraries whose versions a single run states: stated name and distribution."""

PACKAGE = Path(__file__).parents[1]

COMPILED = (
    "model/codes.py",
    "model/records.py",
    "model/compiled.py",
    "model/engine.py",
    "model/rules",
)
"""What goes into the machine code; a folder stands for all files in it."""

DECIDES = (
    *COMPILED,
    "model/shocks.py",
    "model/society.py",
    "model/plugins.py",
    "config",
    "runs/opening.py",
    "runs/play.py",
    "runs/outcomes.py",
    "runs/summary.py",
    "runs/trace.py",
    "sweeps/cells.py",
    "sweeps/play.py",
)
"""What decides the results of a run."""

LOADED: dict[str, str] = {}
"""Digest of each plug-in file that this process has loaded; a later change is none of it."""

MOST_MEANINGS = 2000
"""Most source files whose meaning is kept."""

_UNREAD = frozenset({"ctx", "kind", "type_comment", "type_params"})
"""Fields of syntax trees that mean nothing here, or that only some versions of Python have."""


def source_files(places: Iterable[str]) -> list[Path]:
    """Return the files of `COMPILED` or `DECIDES`."""
    found = [PACKAGE / place for place in places]
    return [
        file
        for place in found
        for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])
    ]


def meaning(source: str) -> str:
    """Return the digest of a source's syntax tree without docstrings and comments.

    Raises SyntaxError if it is no Python.
    """
    found = hashlib.blake2b(digest_size=16)
    for part in _parts(ast.parse(source)):
        found.update(part.encode())
        found.update(b"\0")
    return found.hexdigest()


def _parts(node: object) -> Iterator[str]:
    if isinstance(node, ast.AST):
        yield type(node).__name__
        own_import = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim.")
        for name in node._fields:
            value = getattr(node, name, None)
            if name in _UNREAD or (own_import and name == "module") or value in (None, []):
                continue
            yield name
            yield from _parts(value)
        yield ")"
    elif isinstance(node, list):
        for entry in node:
            if not _is_docstring(entry):
                yield from _parts(entry)
    else:
        yield repr(node)


def _is_docstring(node: object) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def cache_folder() -> Path:
    """Return the folder of all that is kept between calls: the user's cache, or NUMBA_CACHE_DIR."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "peace-talks-sim"


def recall(kind: str, key: str) -> object:
    """Return the plain content that was kept under a key; None if there is none or it is damaged.

    kind: a folder of `cache_folder`.
    key: digest of all that the content follows from.
    """
    try:
        return json.loads(zlib.decompress((cache_folder() / kind / key).read_bytes()))
    except (OSError, ValueError, RuntimeError, zlib.error):
        return None


def keep(kind: str, key: str, content: object, most: int) -> None:
    """Keep plain content under a key, and of its kind the `most` newest; see `recall`.

    Nothing is kept if it would come back as something else, or where nothing can be written.
    """
    try:
        text = json.dumps(content)
        if json.loads(text) != content:
            return
        folder = cache_folder() / kind
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(zlib.compress(text.encode()))
        os.replace(file.name, folder / key)
        for old in sorted(folder.iterdir(), key=lambda entry: -entry.stat().st_mtime_ns)[most:]:
            old.unlink()
    except (OSError, TypeError, ValueError, RecursionError, RuntimeError):
        return


def source_digest(places: Iterable[str], more: Iterable[Path] = ()) -> str:
    """Return the digest of some places of the package, and of other files.

    places: `COMPILED` or `DECIDES`.
    more: plug-in files, with all that they reach once loaded; those missing count as empty.
    """
    outside = (LOADED.get(str(file)) or text_digest(file) for file in more if file.is_file())
    digests = sorted([*_meanings(source_files(places)), *outside])
    return hashlib.blake2b(" ".join(digests).encode(), digest_size=16).hexdigest()


def _meanings(files: Sequence[Path]) -> list[str]:
    """Return the digest of what each file means; those of the same bytes are kept."""
    key = digest([file_digest(Path(__file__)), sys.version_info[:2]])
    found = recall("meanings", key)
    known = dict(found) if isinstance(found, dict) else {}
    texts = {file: file_digest(file) for file in files}
    new = {text: text_digest(file) for file, text in texts.items() if text not in known}
    if new:
        keep("meanings", key, dict([*new.items(), *known.items()][:MOST_MEANINGS]), 4)
    return [str((known | new)[texts[file]]) for file in files]


def loaded_digest(text: str, module: ModuleType) -> str:
    """Return the digest of a plug-in file that was loaded as a module.

    text: digest of the file's text.
    """
    reached = Reached(module)
    own = Path(str(module.__file__))
    return digest(
        [text, sorted(text_digest(file) for file in reached.files - {own}), reached.values]
    )


def text_digest(file: Path) -> str:
    """Return the digest of what a Python file means; of its bytes if it is none."""
    try:
        return meaning(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):  # what is wrong with it is told when it is imported
        return file_digest(file)


def model_digest() -> str:
    """Return the digest of the source that decides what a run comes to."""
    return source_digest(DECIDES)


def file_digest(file: Path) -> str:
    """Return the digest of one file."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def canonical(content: object) -> str:
    """Return plain content as JSON without blanks, mappings by their keys."""
    return json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def digest(content: Mapping[str, object] | Sequence[object], **encoded: str) -> str:
    """Return the digest of plain content.

    encoded: entries of a mapping whose `canonical` text is known already.
    """
    stand_ins = {key: f"\0{key}\0" for key in encoded}
    text = canonical({**content, **stand_ins} if isinstance(content, Mapping) else content)
    for key, stand_in in stand_ins.items():
        text = text.replace(canonical(stand_in), encoded[key])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def versions(libraries: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of this package, Python and some libraries, without importing them."""
    found = {"sim": _version("peace-talks-sim"), "python": platform.python_version()}
    return found | {name: _version(distribution) for name, distribution in libraries.items()}


_version = cache(version)


def git_state() -> str:
    """Return the commit of this package's source, with ``+`` if it was changed."""
    source = Path(__file__).parents[2]
    if not (source / ".git").exists():
        return ""
    answers = []
    for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "sim", "configs"]):
        try:
            done = subprocess.run(
                ["git", "-C", str(source), *command],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        answers.append(done.stdout.strip())
    return answers[0] + ("+" if answers[1] else "")


# --- what a plug-in reaches

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
