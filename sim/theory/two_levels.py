"""Two-level games: referendums with majority and quorum, and Schelling's conjecture."""

import math
from functools import partial

import numpy as np

from sim.model.codes import Article, Precondition, PreconditionRule, Route, Treaty
from sim.model.records import ARTICLES
from sim.theory.minimal_talks import minimal_talks, play_sample, play_talks, set_rule
from sim.theory.oracle import Oracle, exact, sampled

QUARTER, THIRD = 0.25, 1.0 / 3.0


def outcome(yes: float, turnout: float, quorum: float) -> tuple[float]:
    """Return 1 if a precondition by the constitutional route is met, else 0."""
    params = minimal_talks(
        horizon=12,
        preconditions=1,
        precondition_rule=PreconditionRule.BEFORE_SIGNING,
        referendum_majority=0.5,
        referendum_quorum=quorum,
        yes_mean=yes,
        turnout_mean=turnout,
        supermajority=2.0 / 3.0,
    )
    params.start_status[0] = Article.AGREED
    params.start_status[ARTICLES] = Precondition.PROMISED
    params.delivered_by[0] = 0
    params.demanded_by[0] = 1
    params.route[0] = Route.CONSTITUTIONAL
    params.weight[:, ARTICLES] = 1.0
    final = play_talks(params, keep_history=False).state
    return (float(final.precondition[0] == Precondition.MET),)


_ELIGIBLE = 2_566_730
_YES = 825_622

ORACLES: tuple[Oracle, ...] = tuple(
    exact(name, "Article207", (passes,), partial(outcome, yes, turnout, quorum))
    for name, yes, turnout, quorum, passes in (
        # Two thirds of the votes is any majority: the quorum is on the yes votes alone.
        (
            "825,622 yes of 2,566,730 eligible, quorum 1/4",
            2.0 / 3.0,
            1.5 * _YES / _ELIGIBLE,
            QUARTER,
            1.0,
        ),
        ("yes .505, turnout .521, quorum 1/3", 0.505, 0.521, THIRD, 0.0),
        ("yes .505, turnout .521, quorum 1/4", 0.505, 0.521, QUARTER, 1.0),
        ("yes .495, turnout .9, quorum 1/4", 0.495, 0.9, QUARTER, 0.0),
    )
)


# --- schelling's conjecture: a side whose ratifier may refuse gets the better terms

_RUNS = 4000
_CASES = ((0.4, 0.4, 1.0), (0.5, 0.5, 1.0), (0.6, 0.5, 5 / 6), (0.8, 0.5, 0.625), (1.0, 0.5, 0.5))
"""Largest reservation of the ratifier, its side's share, and the chance of a deal."""


def ratified(reservation: float) -> np.recarray[tuple[int], np.dtype[np.void]]:
    """Return final states of talks in which the first side makes the offer it likes best.

    The second side takes what it can get; its ratifier's reservation is drawn from U[0, R].
    """
    params = minimal_talks(horizon=4)
    params.anticipates_ratifier[0] = 1
    params.ratifier_reservation[1] = reservation
    set_rule(params, 1, "acceptance", "ac_const", {"level": 0.0})
    final = play_sample(params, _RUNS, 3)
    assert isinstance(final, np.recarray)
    return final


def share_of(reservation: float) -> tuple[float]:
    """Return the second side's share of the text."""
    return (float(ratified(reservation).position[:, 0].mean()),)


def deal_rate(reservation: float) -> float:
    """Return the share of runs in which the treaty is ratified."""
    return float(np.mean(ratified(reservation).status == Treaty.RATIFIED))


SCHELLING: tuple[Oracle, ...] = tuple(
    oracle
    for reservation, share, chance in _CASES
    for oracle in (
        exact(
            f"ratifier's reservation U[0, {reservation:g}]: share",
            "Schelling1960",
            (share,),
            partial(share_of, reservation),
        ),
        sampled(
            f"ratifier's reservation U[0, {reservation:g}]: chance of a deal",
            "Schelling1960",
            chance,
            math.sqrt(chance * (1.0 - chance)),
            _RUNS,
            partial(deal_rate, reservation),
        ),
    )
)
