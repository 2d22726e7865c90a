"""One compiled chain a kind of plug-in, which calls the rule that a record's code names.

Each link of a chain is given a name of its own before it is compiled. numba tells functions of
one name apart by a number that every process counts for itself, so where machine code kept on
disk by one process is linked with what another compiles, links of one name would be taken for
each other: the wrong strategies would be played, without a word.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from sim.records import Params, Shocks, State
from sim.registry import registry
from sim.rules.compiled import rule

Link = TypeVar("Link", bound=Callable[..., float])


def _named(name: str) -> Callable[[Link], Link]:
    """Return a decorator that gives a function a name that no other rule has."""

    def rename(function: Link) -> Link:
        function.__name__ = function.__qualname__ = name
        return function

    return rename


def _concession_chain(
    name: str, functions: tuple[Callable[..., float], ...]
) -> Callable[..., float]:
    """Nest the strategies into one function of the code."""
    first, last = functions[0], len(functions) == 1
    own = f"{name}_{len(functions)}"
    if last:

        @rule
        @_named(own)
        def only(code: int, params: Params, state: State, shocks: Shocks, side: int) -> float:
            return first(params, state, shocks, side)

        return only
    rest = _concession_chain(name, functions[1:])

    @rule
    @_named(own)
    def choose(code: int, params: Params, state: State, shocks: Shocks, side: int) -> float:
        if code == 0:
            return first(params, state, shocks, side)
        return rest(code - 1, params, state, shocks, side)

    return choose


def _acceptance_chain(
    name: str, functions: tuple[Callable[..., float], ...]
) -> Callable[..., float]:
    """Nest the acceptance conditions into one function of the code."""
    first, last = functions[0], len(functions) == 1
    own = f"{name}_{len(functions)}"
    if last:

        @rule
        @_named(own)
        def only(
            code: int,
            params: Params,
            state: State,
            shocks: Shocks,
            side: int,
            offered: float,
            demand: float,
        ) -> float:
            return first(params, state, shocks, side, offered, demand)

        return only
    rest = _acceptance_chain(name, functions[1:])

    @rule
    @_named(own)
    def choose(
        code: int,
        params: Params,
        state: State,
        shocks: Shocks,
        side: int,
        offered: float,
        demand: float,
    ) -> float:
        if code == 0:
            return first(params, state, shocks, side, offered, demand)
        return rest(code - 1, params, state, shocks, side, offered, demand)

    return choose


def _functions(kind: str) -> tuple[Callable[..., float], ...]:
    """Return the compiled rules of one kind in the order of their codes."""
    return tuple(cast(Callable[..., float], entry.function) for entry in registry().of(kind))


strategy_demand = _concession_chain("strategy_demand", _functions("concession"))
"""``(code, params, state, shocks, side) -> demand``."""
condition_accepts = _acceptance_chain("condition_accepts", _functions("acceptance"))
"""``(code, params, state, shocks, side, offered, demand) -> positive to accept``."""
learn_about_other = _concession_chain("learn_about_other", _functions("opponent_model"))
"""``(code, params, state, shocks, side) -> None``."""
