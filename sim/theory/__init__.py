"""Published results that the simulator must reproduce through its own rules.

Each `Oracle` holds a reference, the expected values and a function that plays minimal talks by
the simulator's rules and reads the values off. Tests, `sim theory` and the scoreboard in the
documentation share them. Nothing here computes an expected value by the rule under test.
"""

from sim.theory import at_home, bargaining, waiting
from sim.theory.oracle import (
    REFERENCES,
    Oracle,
    Static,
    StaticVerdict,
    Verdict,
    judge,
    judge_static,
    sampled,
)
from sim.theory.signs import STATICS

ORACLES: tuple[Oracle, ...] = (
    *bargaining.SOLUTIONS,
    *bargaining.CURVES,
    *waiting.WAITING,
    *at_home.SCHELLING,
    *at_home.REFERENDUMS,
    *at_home.CASCADES,
    *waiting.HAZARDS,
    *bargaining.INVARIANTS,
)
"""Every oracle, in the order of the scoreboard."""

__all__ = [
    "ORACLES",
    "REFERENCES",
    "STATICS",
    "Oracle",
    "Static",
    "StaticVerdict",
    "Verdict",
    "judge",
    "judge_static",
    "of_reference",
    "sampled",
]


def of_reference(key: str) -> tuple[Oracle, ...]:
    """Return the oracles of one key of `REFERENCES`.

    Raises KeyError if there are none.
    """
    found = tuple(oracle for oracle in ORACLES if oracle.reference == key)
    if not found:
        raise KeyError(key)
    return found
