"""One compiled choice a kind of plug-in, which calls the rule that a record's code names.

The choice is one function whose text is made from the codes: a chain of nested functions would
say the same, but each link would compile all that lie below it again.
"""

from collections.abc import Callable
from typing import cast

from sim.registry import registry
from sim.rules.compiled import rule

Function = Callable[..., float]
PARTIES = "params, state, shocks, side"
"""What every plug-in is given: see `sim.rules`."""


def _choice(name: str, arguments: str, functions: tuple[Function, ...]) -> Function:
    """Compile the choice among functions by their code; the last one also stands for the rest."""
    lines = [f"def {name}(code, {arguments}):"]
    for code in range(len(functions) - 1):
        lines += [f"    if code == {code}:", f"        return rule_{code}({arguments})"]
    lines.append(f"    return rule_{len(functions) - 1}({arguments})")
    names: dict[str, object] = {"__name__": __name__}
    names |= {f"rule_{n}": function for n, function in enumerate(functions)}
    exec("\n".join(lines), names)  # noqa: S102 - the text is made of constants and numbers
    return rule(cast(Function, names[name]))


def _functions(kind: str) -> tuple[Function, ...]:
    """Return the compiled rules of one kind in the order of their codes."""
    return tuple(cast(Function, entry.function) for entry in registry().of(kind))


strategy_demand = _choice("strategy_demand", PARTIES, _functions("concession"))
"""``(code, params, state, shocks, side) -> demand``."""
condition_accepts = _choice(
    "condition_accepts", f"{PARTIES}, offered, demand", _functions("acceptance")
)
"""``(code, params, state, shocks, side, offered, demand) -> positive to accept``."""
learn_about_other = _choice("learn_about_other", PARTIES, _functions("opponent_model"))
"""``(code, params, state, shocks, side) -> None``."""
