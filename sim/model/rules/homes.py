"""Whose politics: the home of each party, its opposition, and the chance that is drawn for it.

The politics at neither, one or both homes are modelled. One home alone is the first home, whichever
party's it is; where both are, the second party's is the second home, with an opposition and with
shocks of its own.
"""

from sim.model.codes import ACTOR
from sim.model.compiled import rule
from sim.model.records import Params, Shocks


@rule
def is_second_home(params: Params, side: int) -> bool:
    """Return whether the home of `side` is the second one."""
    return side == 1 and params.has_politics[0] != 0


@rule
def opposition_of(params: Params, side: int) -> int:
    """Return the actor that is the opposition at the home of `side`."""
    if is_second_home(params, side):
        return ACTOR.SECOND_OPPOSITION
    return ACTOR.OPPOSITION


@rule
def consent_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the uniform that settles whether missing votes are found in the home of `side`."""
    shock = shocks[week]
    return shock.second_consent if is_second_home(params, side) else shock.consent


@rule
def yes_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of a referendum's yes share in the home of `side`."""
    shock = shocks[week]
    return shock.second_yes if is_second_home(params, side) else shock.yes


@rule
def turnout_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of a referendum's turnout in the home of `side`."""
    shock = shocks[week]
    return shock.second_turnout if is_second_home(params, side) else shock.turnout


@rule
def approval_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of approval in the home of `side`."""
    shock = shocks[week]
    return shock.second_approval if is_second_home(params, side) else shock.approval


@rule
def election_drawn(params: Params, shocks: Shocks, week: int, side: int) -> float:
    """Return the standard normal swing of an election in the home of `side`."""
    shock = shocks[week]
    return shock.second_election if is_second_home(params, side) else shock.election
