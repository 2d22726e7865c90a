"""Politics at home: limiting cases of the public's rules, and two-level games."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.model.codes import Article, Precondition, PreconditionRule, PublicRule, Route, Treaty
from sim.model.records import ARTICLES, Public
from sim.model.society import GraphPool, graph_pool
from sim.theory.minimal_talks import (
    minimal_talks,
    play_sample,
    play_talks,
    quiet_tape,
    set_public,
    set_rule,
)
from sim.theory.oracle import Oracle, exact, sampled

Floats = NDArray[np.float64]


def everybody(citizens: int) -> GraphPool:
    """Return the complete graph."""
    return graph_pool("complete", citizens, 0, 0.0, 0, range(1))


def opinions_after(
    rule: PublicRule,
    weeks: int,
    pool: GraphPool,
    first: Floats,
    confidence: float = 0.0,
    susceptibility: Sequence[float] = (),
) -> Floats:
    """Return the citizens' opinions after so many weeks, from `first` opinions."""
    params = minimal_talks(horizon=weeks, confidence=confidence, opinion_mean=0.5, opinion_sd=0.5)
    set_public(params, rule, len(first))
    tape = quiet_tape(weeks, len(first))
    tape.citizens[0, 0] = 2.0 * first - 1.0
    tape.citizens[0, 1] = np.inf

    def prepare(public: Public) -> None:
        public.threshold[:] = np.inf
        if susceptibility:
            public.susceptibility[:] = susceptibility

    played = play_talks(params, tape=tape, pool=pool, prepare=prepare, keep_history=False)
    return played.public.opinion


def two_citizens() -> GraphPool:
    """Return two citizens who weigh each other by W = [[.5, .5], [.25, .75]]: three ties a .75."""
    return GraphPool(
        start=np.array([[0, 2, 6]], np.uint32),
        tie=np.array([[0, 1, 0, 1, 1, 1]], np.uint32),
        tie_weight=np.array([[0.5, 0.25]]),
    )


def consensus() -> Sequence[float]:
    """Return where DeGroot's two citizens end from (0, 1)."""
    ended = opinions_after(PublicRule.DEGROOT, 200, two_citizens(), np.array([0.0, 1.0]))
    return [float(x) for x in ended]


def lasting_disagreement() -> Sequence[float]:
    """Return where Friedkin and Johnsen's two citizens end, susceptibilities (.8, .5)."""
    ended = opinions_after(
        PublicRule.FRIEDKIN_JOHNSEN,
        200,
        two_citizens(),
        np.array([0.0, 1.0]),
        susceptibility=(0.8, 0.5),
    )
    return [float(x) for x in ended]


def clusters(confidence: float) -> Sequence[float]:
    """Return the number of opinion clusters of 1001 evenly spread citizens."""
    spread = np.linspace(0.0, 1.0, 1001)
    ended = opinions_after(PublicRule.BOUNDED_CONFIDENCE, 350, everybody(1001), spread, confidence)
    return (float(1 + np.count_nonzero(np.diff(np.sort(ended)) > 1e-3)),)


def protesters(thresholds: Floats) -> float:
    """Return how many citizens protest at rest, in the first week, everybody seeing everybody."""
    count = len(thresholds)
    params = minimal_talks(horizon=1)
    set_public(params, PublicRule.DEGROOT, count)

    def prepare(public: Public) -> None:
        public.opinion[:] = 0.0
        public.threshold[:] = thresholds

    tape = quiet_tape(1, count)
    played = play_talks(
        params, tape=tape, pool=everybody(count), prepare=prepare, keep_history=False
    )
    return float(played.state.protest[0]) * count


def staircase(second: float) -> Sequence[float]:
    """Return the protesters with thresholds of 0, 1, ..., 99 others, the 1 replaced."""
    others = np.arange(100.0)
    others[1] = second
    return (protesters(others / 99.0),)


def normal_crowd(deviation: float) -> Sequence[float]:
    """Return whether more than half of 2000 citizens protest, thresholds N(.25, deviation)."""
    count = 2000
    quantiles: Floats = ndtri((np.arange(count) + 0.5) / count)
    return (float(protesters(0.25 + deviation * quantiles) > 0.5 * count),)


CASCADES: tuple[Oracle, ...] = (
    exact(
        "thresholds 0, 1, ..., 99: protesters",
        "Granovetter1978",
        (100.0,),
        partial(staircase, 1.0),
    ),
    exact(
        "the threshold 1 replaced by 2: protesters",
        "Granovetter1978",
        (1.0,),
        partial(staircase, 2.0),
    ),
    exact(
        "thresholds N(.25, .122): most protest",
        "Granovetter1978",
        (0.0,),
        partial(normal_crowd, 0.122),
    ),
    exact(
        "thresholds N(.25, .123): most protest",
        "Granovetter1978",
        (1.0,),
        partial(normal_crowd, 0.123),
    ),
    exact(
        "W = [[.5, .5], [.25, .75]] from (0, 1)", "DeGroot1974", (2.0 / 3.0, 2.0 / 3.0), consensus
    ),
    exact(
        "the same W, susceptibilities (.8, .5)",
        "FriedkinJohnsen1990",
        (8.0 / 13.0, 12.0 / 13.0),
        lasting_disagreement,
    ),
    exact(
        "n 1001, confidence .1: clusters", "HegselmannKrause2002", (5.0,), partial(clusters, 0.1)
    ),
    exact(
        "n 1001, confidence .15: clusters", "HegselmannKrause2002", (3.0,), partial(clusters, 0.15)
    ),
    exact(
        "n 1001, confidence .2: clusters", "HegselmannKrause2002", (1.0,), partial(clusters, 0.2)
    ),
)


# --- two-level games: referendums with majority and quorum, and Schelling's conjecture

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

REFERENDUMS: tuple[Oracle, ...] = tuple(
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
