"""Compiling for the command line: a quarter faster, since nobody calls an inner rule there."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, cast


def compile_lean() -> None:
    """Ask for rules that only other rules can call, unless this process has loaded them already.

    Worker processes inherit the wish.
    """
    if "sim.model.compiled" not in sys.modules:
        os.environ["SIM_LEAN_RULES"] = "1"


# ---- Compiling on two processors: the week's later phases in a process of their own.

_PROGRAM = "from sim.model.compile_ahead import compile_later_phases; compile_later_phases()"


class CompiledRule(Protocol):
    """What numba makes of a rule."""

    signatures: list[tuple[object, ...]]
    compile: Callable[[tuple[object, ...]], object]


def compile_later_phases() -> None:
    """Compile the rules of the week from the parties' responses on, and leave them on disk."""
    for rule, types in later_phases():
        rule.compile(types)


def later_phases() -> list[tuple[CompiledRule, tuple[object, ...]]]:
    """Return those rules, each with numba's types of what either driver calls it with."""
    import numpy as np
    from numba import typeof

    from sim.model.records import EVENT, PARAMS, STATE
    from sim.model.rules import responses
    from sim.model.rules.week import PHASES, asked_for
    from sim.model.shocks import SHOCK
    from sim.model.society import graph_pool, new_public

    given = {
        "params": np.zeros(1, PARAMS).view(np.recarray)[0],
        "state": np.zeros(1, STATE).view(np.recarray)[0],
        "shocks": np.zeros(1, SHOCK).view(np.recarray),
        "public": new_public(0, graph_pool("small_world", 0, 0, 0.0, 0), 0),
        "events": np.zeros(0, EVENT).view(np.recarray),
        "actor": 0,
    }
    types = {name: typeof(value) for name, value in given.items()}  # type: ignore[no-untyped-call]
    rules = list(dict.fromkeys(phase.rule for phase in PHASES))
    return [
        (cast(CompiledRule, rule), tuple(types[name] for name in asked_for(rule)))
        for rule in rules[rules.index(responses.respond) :]
    ]


@contextmanager
def compiling(entry: str = "") -> Iterator[None]:
    """Say on standard error that the rules are being compiled, if they are, and help with it.

    Parameters
    ----------
    entry : str
        The entry rule that will be called, e.g. ``"engine.play"``; any by default.
    """
    from sim.model.compiled import is_compiled

    interpreted = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
    if interpreted or is_compiled(entry):
        yield
        return
    print(
        "sim: compiling the rules of the talks; this happens once and takes up to half a minute",
        file=sys.stderr,
        flush=True,
    )
    second = _second_process()
    try:
        yield
    finally:
        if second is not None:
            second.terminate()
            second.wait()


def _second_process() -> subprocess.Popen[bytes] | None:
    if (os.cpu_count() or 1) < 2:
        return None
    try:
        # Without -P a file of the working folder could stand in for a library.
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except OSError:  # the system has no room for another process
        return None
