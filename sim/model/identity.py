"""What results come from: a digest of the model's source by its meaning, versions, the commit.

Two sources mean the same if their syntax trees are equal without docstrings and comments, and
apart from where the imported names of this package stand. So a comment, a docstring or a file
that moves asks for nothing to be compiled or played again.
"""

import ast
import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

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
    "runs/trace.py",
    "sweeps/cells.py",
    "sweeps/play.py",
)
"""What decides the results of a run."""

LOADED: dict[str, str] = {}
"""Digest of each plug-in file that this process has loaded; a later change is none of it."""

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


def source_digest(places: Iterable[str], more: Iterable[Path] = ()) -> str:
    """Return the digest of some places of the package, and of other files.

    places: `COMPILED` or `DECIDES`.
    more: plug-in files, with all that they reach once loaded; those missing count as empty.
    """
    outside = (LOADED.get(str(file)) or text_digest(file) for file in more if file.is_file())
    digests = sorted([*map(text_digest, source_files(places)), *outside])
    return hashlib.blake2b(" ".join(digests).encode(), digest_size=16).hexdigest()


def loaded_digest(text: str, module: ModuleType) -> str:
    """Return the digest of a plug-in file that was loaded as a module.

    text: digest of the file's text.
    """
    from sim.model.plugin_identity import Reached

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


def digest(content: object) -> str:
    """Return the digest of plain content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def versions(libraries: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of this package, Python and some libraries, without importing them."""
    found = {"sim": version("peace-talks-sim"), "python": platform.python_version()}
    return found | {name: version(distribution) for name, distribution in libraries.items()}


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
