"""No two compiled rules share a name: machine code of several processes is linked by names.

numba writes into each name a number that every process counts for itself, so only names that differ
without it are safe. Two functions that shared one once played the wrong strategies after two
processes had compiled at the same time, or one had been killed while it compiled.
"""

import inspect
from collections.abc import Iterator

from numba.core.dispatcher import Dispatcher

from sim.model import engine


def called(function: Dispatcher, seen: dict[int, Dispatcher]) -> Iterator[Dispatcher]:
    """Yield a compiled function and all that it calls, each once."""
    if id(function) in seen:
        return
    seen[id(function)] = function
    yield function
    names = inspect.getclosurevars(function.py_func)
    for value in (*names.globals.values(), *names.nonlocals.values()):
        if isinstance(value, Dispatcher):
            yield from called(value, seen)


def test_names_of_compiled_rules_are_unique() -> None:
    found = list(called(engine.play_many, {}))
    names = [(f.py_func.__module__, f.py_func.__qualname__) for f in found]
    assert len(names) > 100
    assert len(set(names)) == len(names)
    assert ("sim.model.rules.bid", "strategy_demand") in names
