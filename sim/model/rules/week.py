"""THE order of one week's events, for both drivers.

The Mesa model walks through `PHASES` and lets the agent in charge call its rule; the engine
compiles the same tuple into one function, `play_week`.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, cast

from sim.model.codes import Actor
from sim.model.compiled import entry_rule, number, rule_called_once
from sim.model.rules import (
    calendar,
    domestic,
    ledger,
    mediation,
    offers,
    opponent,
    preconditions,
    ratification,
    responses,
    signing,
    unilateral,
)

ARGUMENTS = ("params", "state", "shocks", "publics", "events", "decisions")
"""What a rule may ask for by name: see `sim.model.rules`.

Beside them `actor`, whose move it is, and `public`, the citizens at the home of that party.
"""


class Phase(NamedTuple):
    """One event of the week: which rule, and whose move it is."""

    rule: Callable[..., object]
    actor: Actor
    at_home: bool = False  # whether it is played by the opposition at the home of that party


@cache
def asked_for(phase_rule: Callable[..., object]) -> tuple[str, ...]:
    """Return the names of the arguments of a phase's rule, in order."""
    plain = getattr(phase_rule, "py_func", phase_rule)
    return tuple(inspect.signature(plain).parameters)


PHASES: tuple[Phase, ...] = (
    # 0. what persons who sit at the table have decided
    Phase(calendar.take_seats, Actor.NATURE),
    # 1. calendar, incidents, contacts
    Phase(calendar.happen, Actor.NATURE),
    Phase(calendar.meet, Actor.NATURE),
    # 2. the mediator
    Phase(mediation.mediate, Actor.MEDIATOR),
    # 3. offers
    Phase(offers.offer, Actor.FIRST),
    Phase(offers.offer, Actor.SECOND),
    # 4. responses
    Phase(responses.respond, Actor.FIRST),
    Phase(responses.respond, Actor.SECOND),
    Phase(responses.check_fault, Actor.NATURE),
    Phase(responses.close_text, Actor.NATURE),
    # 5. unilateral concessions
    Phase(unilateral.concede, Actor.FIRST),
    Phase(unilateral.concede, Actor.SECOND),
    # 6. preconditions
    Phase(preconditions.advance, Actor.NATURE),
    # 7. signing
    Phase(signing.weigh, Actor.FIRST),
    Phase(signing.weigh, Actor.SECOND),
    Phase(signing.sign, Actor.NATURE),
    # 8. ratification, and what lasts
    Phase(ratification.ratify, Actor.FIRST),
    Phase(ratification.ratify, Actor.SECOND),
    Phase(ratification.lapse, Actor.NATURE),
    # 9. the public of each home
    Phase(domestic.mobilise, Actor.FIRST, at_home=True),
    Phase(domestic.mobilise, Actor.SECOND, at_home=True),
    Phase(domestic.deliberate, Actor.FIRST, at_home=True),
    Phase(domestic.deliberate, Actor.SECOND, at_home=True),
    Phase(domestic.take_to_streets, Actor.FIRST, at_home=True),
    Phase(domestic.take_to_streets, Actor.SECOND, at_home=True),
    Phase(domestic.survive, Actor.NATURE),
    # 10. beliefs and the ledger
    Phase(opponent.update, Actor.FIRST),
    Phase(opponent.update, Actor.SECOND),
    Phase(ledger.record, Actor.NATURE),
)


@cache
def of_arrays(phase_rule: Callable[..., object]) -> Callable[..., object]:
    """Return a phase's rule for parameters and state that are arrays of one record each.

    numba reads an array in a microsecond and a record by itself in sixty, which is most of a week
    that is walked through from Python. Uncompiled it is the same rule.
    """
    asked = asked_for(phase_rule)
    name = f"{phase_rule.__name__}_of_arrays"
    given = (f"{part}[0]" if part in ("params", "state") else part for part in asked)
    text = f"def {name}({', '.join(asked)}):\n    rule({', '.join(given)})"
    names: dict[str, object] = {"__name__": __name__, "rule": phase_rule}
    # Under the name of this file, since numba keeps machine code by file and name.
    exec(compile(text, __file__, "exec"), names)  # noqa: S102 - the text is made of names above
    return entry_rule(cast(Callable[..., object], names[name]))


def _in_sequence(phases: tuple[Phase, ...]) -> Callable[..., object]:
    """Compile phases into one function that plays them one after the other.

    The function's text is made from the tuple, one call a line: nested closures would say the
    same, but each level compiles all that lies below it again. Rules that ask for the public
    are left out where that home has none.
    """
    lines = [f"def play_week({', '.join(ARGUMENTS)}):"]
    names: dict[str, object] = {"__name__": __name__, "number": number}
    for n, phase in enumerate(phases):
        names[f"rule_{n}"] = phase.rule
        side = int(phase.actor)
        own = {"actor": f"number({side})", "public": f"publics[{side}]"}
        given = [own.get(name, name) for name in asked_for(phase.rule)]
        lines.append(f"    rule_{n}({', '.join(given)})")
        if "public" in asked_for(phase.rule):
            lines[-1:] = [f"    if params.citizens[{side}] > 0:", f"    {lines[-1]}"]
    exec("\n".join(lines), names)  # noqa: S102 - the text is made of constants above
    return rule_called_once(cast(Callable[..., object], names["play_week"]))


play_week = _in_sequence(PHASES)
"""``(params, state, shocks, publics, events, decisions) -> None``: one week, compiled."""
