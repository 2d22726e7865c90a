"""How a rule is compiled: one decorator, so that all rules are compiled alike.

Strict floating point (no fast-math), NumPy's division, the interpreter lock released. With
``NUMBA_DISABLE_JIT=1`` every rule is the plain Python function that stands in the file.

Machine code is kept on disk. numba looks at the file of the called function only, not at those
of the rules that it calls, so the folder is named after a digest of all of them and of the
user's plug-ins: code that no longer fits is never loaded.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba as nb

LEAN = os.environ.get("SIM_LEAN_RULES") == "1"
"""Whether inner rules are compiled without a way to call them from Python.

That takes a quarter less time. The command line asks for it, in `sim.lean_rules`; in Python every
rule can be called by itself.
"""

_KEPT = 8
"""Folders of machine code that are kept, newest first."""


def source_digest(plugin_files: tuple[Path, ...] = ()) -> str:
    """Return a digest of all that goes into the machine code.

    Parameters
    ----------
    plugin_files : tuple of Path
        The user's plug-in files; a missing one counts by its name.
    """
    package = Path(__file__).parent
    files = sorted(package.rglob("*.py"))
    files += [package.parent / name for name in ("codes.py", "records.py", "engine.py")]
    digest = hashlib.blake2b(f"{nb.__version__} {LEAN}".encode(), digest_size=12)
    for file in (*files, *plugin_files):
        digest.update(file.name.encode())
        digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return the folder that holds all machine code: the user's cache, or NUMBA_CACHE_DIR."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "peace-talks-sim"


def prune(folder: Path, keep: int = _KEPT) -> None:
    """Remove the oldest folders of machine code beyond `keep`; losing a race is no harm."""
    if not folder.is_dir():
        return
    found = sorted(
        (entry for entry in folder.iterdir() if entry.name.startswith("rules-")),
        key=lambda entry: entry.stat().st_mtime,
        reverse=True,
    )
    for entry in found[keep:]:
        shutil.rmtree(entry, ignore_errors=True)


def use_cache_folder() -> None:
    """Point numba at the folder that belongs to this code and the plug-ins now named.

    Entry rules look at it when they are defined, so it must be right before the first one is.
    """
    files = os.environ.get("SIM_PLUGINS", "").split(os.pathsep)
    digest = source_digest(tuple(Path(file) for file in files if file))
    prune(cache_folder())
    vars(nb.config)["CACHE_DIR"] = str(cache_folder() / f"rules-{digest}")


use_cache_folder()


def is_compiled(entry: str = "") -> bool:
    """Return whether machine code is on disk already, of one entry rule or of any.

    Parameters
    ----------
    entry : str
        Module and name of the entry rule, e.g. ``"engine.play_many"``.
    """
    wanted = f"{entry}-*.nbi" if entry else "*.nbi"
    return any(Path(str(vars(nb.config)["CACHE_DIR"])).rglob(wanted))


Rule = TypeVar("Rule", bound=Callable[..., object])


def rule(function: Rule) -> Rule:
    """Compile a rule of the talks that other rules call; from Python only if not LEAN."""
    return _compiled(function, no_cpython_wrapper=LEAN)


def rule_called_once(function: Rule) -> Rule:
    """Compile a rule that one line of another rule calls, as a part of that rule.

    For the large ones. numba compiles whatever lies below a rule once more for the rule itself,
    so every level between the frontier and the week costs half a second.
    """
    return _compiled(function, no_cpython_wrapper=LEAN, inline="always")


def entry_rule(function: Rule) -> Rule:
    """Compile a rule that is called from Python, and keep the machine code on disk."""
    return _compiled(function, cache=True)


def entry_rule_called_once(function: Rule) -> Rule:
    """Compile an entry rule that is also a part of the one rule that calls it."""
    return _compiled(function, cache=True, inline="always")


def _compiled(function: Rule, **options: bool | str) -> Rule:
    """Compile strictly and without the interpreter lock; numba's stubs lack two options."""
    compiled = nb.njit(  # type: ignore[call-overload]
        nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options
    )
    return cast(Rule, compiled(function))


@nb.njit("int64(int64)", nogil=True)
def number(constant: int) -> int:
    """Return `constant` as a plain number.

    numba compiles a function once more for each literal argument; a side that is written as
    0 or 1 in the code goes through here, so that its rules are compiled once for both.
    """
    return constant
