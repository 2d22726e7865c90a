"""One compiled chain a kind of plug-in, which calls the rule that a record's code names."""

from collections.abc import Callable
from typing import cast

from sim.records import Params, Shocks, State
from sim.registry import registry
from sim.rules.compiled import rule


def _concession_chain(functions: tuple[Callable[..., float], ...]) -> Callable[..., float]:
    """Nest the strategies into one function of the code."""
    first, last = functions[0], len(functions) == 1
    if last:

        @rule
        def only(code: int, params: Params, state: State, shocks: Shocks, side: int) -> float:
            return first(params, state, shocks, side)

        return only
    rest = _concession_chain(functions[1:])

    @rule
    def choose(code: int, params: Params, state: State, shocks: Shocks, side: int) -> float:
        if code == 0:
            return first(params, state, shocks, side)
        return rest(code - 1, params, state, shocks, side)

    return choose


def _acceptance_chain(functions: tuple[Callable[..., float], ...]) -> Callable[..., float]:
    """Nest the acceptance conditions into one function of the code."""
    first, last = functions[0], len(functions) == 1
    if last:

        @rule
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
    rest = _acceptance_chain(functions[1:])

    @rule
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


strategy_demand = _concession_chain(_functions("concession"))
"""``(code, params, state, shocks, side) -> demand``."""
condition_accepts = _acceptance_chain(_functions("acceptance"))
"""``(code, params, state, shocks, side, offered, demand) -> positive to accept``."""
learn_about_other = _concession_chain(_functions("opponent_model"))
"""``(code, params, state, shocks, side) -> None``."""
