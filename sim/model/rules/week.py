"""THE order of one week's events, for both drivers.

The Mesa model walks through `PHASES` and lets the agent in charge call its rule; the engine
compiles the same tuple into one function, `play_week`.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import NamedTuple, cast

from sim.model.codes import Actor
from sim.model.compiled import number, rule_called_once
from sim.model.rules import (
    beliefs,
    calendar,
    domestic,
    ledger,
    mediation,
    offers,
    preconditions,
    ratification,
    responses,
    signing,
    unilateral,
)

ARGUMENTS = ("params", "state", "shocks", "public", "events")
"""What a rule may ask for by name, beside `actor`: see `sim.model.rules`."""


class Phase(NamedTuple):
    """One event of the week: which rule, and whose move it is."""

    rule: Callable[..., object]
    actor: Actor


@cache
def asked_for(phase_rule: Callable[..., object]) -> tuple[str, ...]:
    """Return the names of the arguments of a phase's rule, in order."""
    plain = getattr(phase_rule, "py_func", phase_rule)
    return tuple(inspect.signature(plain).parameters)


PHASES: tuple[Phase, ...] = (
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
    # 9. the public
    Phase(domestic.mobilise, Actor.OPPOSITION),
    Phase(domestic.deliberate, Actor.OPPOSITION),
    Phase(domestic.take_to_streets, Actor.OPPOSITION),
    Phase(domestic.survive, Actor.NATURE),
    # 10. beliefs and the ledger
    Phase(beliefs.update, Actor.FIRST),
    Phase(beliefs.update, Actor.SECOND),
    Phase(ledger.record, Actor.NATURE),
)


def _in_sequence(phases: tuple[Phase, ...]) -> Callable[..., object]:
    """Compile phases into one function that plays them one after the other.

    The function's text is made from the tuple, one call a line: nested closures would say the
    same, but each level compiles all that lies below it again. Rules that ask for the public
    are left out where no public is modelled.
    """
    lines = [f"def play_week({', '.join(ARGUMENTS)}):"]
    names: dict[str, object] = {"__name__": __name__, "number": number}
    for n, phase in enumerate(phases):
        names[f"rule_{n}"] = phase.rule
        given = [
            f"number({int(phase.actor)})" if a == "actor" else a for a in asked_for(phase.rule)
        ]
        lines.append(f"    rule_{n}({', '.join(given)})")
        if "public" in given:
            lines[-1:] = ["    if params.citizens > 0:", f"    {lines[-1]}"]
    exec("\n".join(lines), names)  # noqa: S102 - the text is made of constants above
    return rule_called_once(cast(Callable[..., object], names["play_week"]))


play_week = _in_sequence(PHASES)
"""``(params, state, shocks, public, events) -> None``: one week, compiled."""
