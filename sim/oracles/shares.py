"""Schelling's conjecture: a side whose ratifier may refuse gets the better terms."""

import math
from functools import partial

import numpy as np

from sim.codes import Treaty
from sim.minimal import minimal_talks, play_sample, set_rule
from sim.oracles.oracle import Oracle, exact, sampled

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
