"""How a rule is compiled: one decorator, so that all rules are compiled alike.

Strict floating point (no fast-math), NumPy's division, the interpreter lock released. With
``NUMBA_DISABLE_JIT=1`` every rule is the plain Python function that stands in the file. It gives
the same bits, and a single run is played that way before numba is loaded.

Machine code is kept on disk, in a folder named after what all rules and the user's plug-ins mean
(see `sim.model.identity`). So code that no longer fits is never loaded, and an edited comment asks
for nothing to be compiled again.
"""

import hashlib
import importlib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TypeVar, cast

from sim.errors import PlainRulesError
from sim.model.identity import COMPILED, cache_folder, source_digest

PLAIN_IF_SHORT = os.environ.get("SIM_PLAIN_RULES") == "if_short"
"""Whether the command line may start this process again if plain rules are not enough for it."""
PLAIN = PLAIN_IF_SHORT or os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
"""Whether Python plays the rules as they stand."""
LEAN = os.environ.get("SIM_LEAN_RULES") == "1"
"""Whether inner rules are compiled without a way to call them from Python.

That takes a quarter less time. The command line asks for it (`sim.commands.cli`), since it never
calls an inner rule by itself.
"""

if not PLAIN:
    import numba as nb
    from numba.core.caching import UserProvidedCacheLocator

    class RulesFolder(UserProvidedCacheLocator):
        """Where numba finds the machine code of a rule: its folder says already that it fits."""

        def get_source_stamp(self) -> str:
            """Return nothing: numba would compile a file again whose date or size has changed."""
            return ""

        def get_disambiguator(self) -> str:
            """Return nothing: numba would compile again what stands in another line."""
            return ""

        @classmethod
        def from_function(
            cls, py_func: Callable[..., object], py_file: str
        ) -> "RulesFolder | None":
            """Return the place of one of this package's rules, None for any other function."""
            return cls(py_func, py_file) if py_func.__module__.startswith("sim.") else None


_KEPT = 8
"""Folders of machine code that are kept, newest first."""


def prune(folder: Path, used: Path, keep: int = _KEPT) -> None:
    """Remove the oldest folders of machine code beyond `keep`; losing a race is no harm.

    used: the one in use, which stays.
    """
    if not folder.is_dir():
        return
    found = sorted(
        (entry for entry in folder.glob("rules-*") if entry != used),
        key=lambda entry: entry.stat().st_mtime,
        reverse=True,
    )
    for entry in found[keep - 1 :]:
        shutil.rmtree(entry, ignore_errors=True)


def machine_code(lean: bool) -> Path:
    """Return the folder of the machine code of this code and the plug-ins now named."""
    plugins = os.environ.get("SIM_PLUGINS", "").split(os.pathsep)
    meaning = source_digest(COMPILED, (Path(file) for file in plugins if file))
    digest = hashlib.blake2b(f"{version('numba')} {lean} {meaning}".encode(), digest_size=12)
    return cache_folder() / f"rules-{digest.hexdigest()}"


def use_cache_folder() -> None:
    """Point numba at the folder that belongs to this code and the plug-ins now named.

    Entry rules look at it when they are defined, so it must be right before the first one is.
    """
    if PLAIN:
        return
    folder = machine_code(LEAN)
    with suppress(OSError):  # it counts as new with every use, not only with what is added
        os.utime(folder)
    prune(cache_folder(), folder)
    settings = vars(nb.config)
    settings["CACHE_DIR"] = str(folder)
    others = "UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator,IPythonCacheLocator"
    settings["CACHE_LOCATOR_CLASSES"] = f"{__name__}.RulesFolder,{others}"


use_cache_folder()


def _load_without_linear_algebra() -> None:
    """Load numba's array functions as where SciPy's BLAS is missing.

    They look for it when they are loaded, which takes a quarter of a short run and matters to
    `np.convolve` alone; other functions look again when a rule uses them, and find it.
    """
    blas = "scipy.linalg.cython_blas"
    if PLAIN or blas in sys.modules:
        return
    sys.modules[blas] = cast(ModuleType, None)
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        del sys.modules[blas]


_load_without_linear_algebra()


def is_compiled(entry: str = "") -> bool:
    """Return whether machine code is on disk already, of one entry rule or of any.

    entry: module and name of the entry rule, e.g. ``"engine.play_many"``. Plain rules ask for what
    would be used in their stead.
    """
    wanted = f"{entry}-*.nbi" if entry else "*.nbi"
    return any(machine_code(LEAN).rglob(wanted))


def require_compiled() -> None:
    """Raise PlainRulesError where the rules are plain and need not be."""
    if PLAIN_IF_SHORT:
        raise PlainRulesError


Rule = TypeVar("Rule", bound=Callable[..., object])
Returned = TypeVar("Returned")


def rule(function: Rule) -> Rule:
    """Compile a rule of the talks that other rules call; from Python only if not LEAN."""
    return _compiled(function, no_cpython_wrapper=LEAN)


def rule_called_once(function: Rule) -> Rule:
    """Compile a rule that one line of another rule calls, as a part of that rule.

    For the large ones. numba compiles whatever lies below a rule once more for the rule itself,
    so every level between the frontier and the week costs half a second.
    """
    return _compiled(function, no_cpython_wrapper=LEAN, inline="always")


def rule_with_arrays(function: Rule) -> Rule:
    """Compile a rule that makes arrays, which no other rule of this package may."""
    return _compiled(function, no_cpython_wrapper=LEAN, _nrt=True)


def entry_rule(function: Rule) -> Rule:
    """Compile a rule that is called from Python, and keep the machine code on disk."""
    return _compiled(function, cache=True)


def entry_rule_called_once(function: Rule) -> Rule:
    """Compile an entry rule that is also a part of the one rule that calls it."""
    return _compiled(function, cache=True, inline="always")


def _compiled(function: Rule, **options: bool | str) -> Rule:
    """Compile strictly and without the interpreter lock; numba's stubs lack three options.

    Whoever calls the engine keeps its arrays alive, so rules need not count references to them,
    which took a third of a run without a public. A plug-in may make arrays and counts them.
    """
    if PLAIN:
        return function
    counted = {"_nrt": not function.__module__.startswith("sim.")}
    compiled = nb.njit(  # type: ignore[call-overload]
        nogil=True, error_model="numpy", no_cfunc_wrapper=True, **counted | options
    )
    return cast(Rule, compiled(function))


def choice(
    name: str, arguments: str, functions: Sequence[Callable[..., Returned]], module: str
) -> Callable[..., Returned]:
    """Compile one function that calls the rule whose place a code gives.

    Its text is made from the codes: a chain of nested functions would say the same, but each link
    would compile all that lie below it again. The last rule also stands for all further codes.

    arguments: what every rule takes; the code comes before them.
    module: of the caller, part of the name of the machine code.
    """
    lines = [f"def {name}(code, {arguments}):"]
    for code in range(len(functions) - 1):
        lines += [f"    if code == {code}:", f"        return rule_{code}({arguments})"]
    lines.append(f"    return rule_{len(functions) - 1}({arguments})")
    names: dict[str, object] = {"__name__": module}
    names |= {f"rule_{n}": function for n, function in enumerate(functions)}
    exec("\n".join(lines), names)  # noqa: S102 - the text is made of constants and numbers
    return rule(cast(Callable[..., Returned], names[name]))


def _frozen(function: Rule) -> Rule:
    return function if PLAIN else cast(Rule, nb.njit("int64(int64)", nogil=True)(function))


@_frozen
def number(constant: int) -> int:
    """Return `constant` as a plain number.

    numba compiles a function once more for each literal argument; a side that is written as
    0 or 1 in the code goes through here, so that its rules are compiled once for both.
    """
    return constant
