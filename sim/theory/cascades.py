"""Cascades and opinions: limiting cases of the public's rules."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.model.codes import PublicRule
from sim.model.records import Public
from sim.model.society import GraphPool, graph_pool
from sim.theory.minimal_talks import minimal_talks, play_talks, quiet_tape, set_public
from sim.theory.oracle import Oracle, exact

Floats = NDArray[np.float64]


def everybody(citizens: int) -> GraphPool:
    """Return the complete graph."""
    return graph_pool("complete", citizens, 0, 0.0, 0, 1)


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
    """Return two citizens who weigh each other by W = [[.5, .5], [.25, .75]]."""
    return GraphPool(
        start=np.array([[0, 2, 4]], np.uint32),
        tie=np.array([[0, 1, 0, 1]], np.uint32),
        tie_weight=np.array([[0.5, 0.5, 0.25, 0.75]]),
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


ORACLES: tuple[Oracle, ...] = (
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
