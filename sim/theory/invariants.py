"""What must hold for every strategy and every scenario."""

from collections.abc import Callable, Sequence

import numpy as np

from sim.model.plugins import registry
from sim.model.records import PARAMS_FIELDS
from sim.model.shocks import draw_tape
from sim.theory.minimal_talks import (
    minimal_talks,
    play_sample,
    play_talks,
    set_articles,
    set_rule,
)
from sim.theory.oracle import Oracle, exact

WEEKS = 60
RUNS = 20


def bargain(strategy: str, other: str = "polynomial", status_quo: float = 0.2) -> np.record:
    """Return talks over four articles, weighed differently by two sides with these strategies."""
    params = minimal_talks(horizon=WEEKS, deadline=50.0, reply_rate=0.6, tolerance=1e-4)
    set_articles(params, [0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5])
    params.flow = status_quo * (1.0 - params.discount)
    set_rule(params, 0, "concession", strategy)
    set_rule(params, 1, "concession", other)
    return params


def strategies() -> tuple[str, ...]:
    """Return the names of all concession strategies of this process."""
    return registry().names("concession")


def share_of_strategies(holds: Callable[[str], bool]) -> Sequence[float]:
    """Return the share of strategies for which `holds` is true."""
    return (sum(holds(name) for name in strategies()) / len(strategies()),)


def same_seed(name: str) -> bool:
    """Return whether the same seed plays the same weeks, and by either way of driving them."""
    params = bargain(name)
    tapes = [draw_tape(7, range(1), WEEKS, 0) for _ in range(2)]
    engine = [play_talks(params, tape=tape).history.tobytes() for tape in tapes]
    phases = play_talks(params, tape=tapes[0], drive="phases").history.tobytes()
    return engine[0] == engine[1] == phases


def no_noise(name: str) -> bool:
    """Return whether replicates do not differ once nothing depends on chance."""
    params = bargain(name)
    params.reply_rate = 1.0
    values = {"swing": 0.0} if name == "random_tit_for_tat" else None
    set_rule(params, 0, "concession", name, values)
    final = play_sample(params, RUNS, 8)
    return bool(np.all(final["position"] == final["position"][0]))


def swapped(params: np.record) -> np.record:
    """Return the same talks with the two sides' places exchanged."""
    turned = params.copy()
    for field in PARAMS_FIELDS:
        if field.shape and field.shape[0] == 2:
            turned[field.name] = params[field.name][::-1]
    for name in ("weight", "ideal", "curvature"):
        turned[name][:2] = params[name][:2][::-1]
    turned.first_mover = 1 - params.first_mover
    return turned


def mirrored(name: str) -> bool:
    """Return whether exchanging the sides exchanges the demands and leaves the text as it is."""
    params = bargain(name)
    tape = draw_tape(9, range(1), WEEKS, 0)
    other = tape._replace(weekly=tape.weekly.copy())
    for field in ("reply", "stance", "occasion", "ratifier"):
        other.weekly[field] = tape.weekly[field][..., ::-1]
    here = play_talks(params, tape=tape).history
    there = play_talks(swapped(params), tape=other).history
    return bool(
        np.array_equal(here["position"], there["position"])
        and np.array_equal(here["target"], there["target"][:, ::-1])
        and np.array_equal(here["status"], there["status"])
    )


def rescaled(name: str) -> bool:
    """Return whether measuring one side's utility in another unit leaves every week as it is."""
    params = bargain(name)
    larger = params.copy()
    larger.weight[0] *= 4.0
    larger.flow[0] *= 4.0
    tape = draw_tape(10, range(1), WEEKS, 0)
    here, there = (play_talks(p, tape=tape).history for p in (params, larger))
    return all(
        np.array_equal(here[field], there[field])
        for field in ("position", "target", "status", "gates", "week")
    )


def never_signs(name: str) -> bool:
    """Return whether no run signs when every package is worse than the status quo for a side."""
    params = bargain(name, status_quo=0.85)
    final = play_sample(params, RUNS, 11)
    return bool(np.all(final["signed_week"] < 0) and np.all(final["interim_week"] < 0))


def _row(name: str, holds: Callable[[str], bool]) -> Oracle:
    return exact(name, "Invariance", (1.0,), lambda: share_of_strategies(holds))


ORACLES: tuple[Oracle, ...] = (
    _row("same seed, same bytes, by either driver: share of strategies", same_seed),
    _row("nothing by chance, identical replicates: share of strategies", no_noise),
    _row("sides exchanged, mirrored weeks: share of strategies", mirrored),
    _row("utility in another unit, same weeks: share of strategies", rescaled),
    _row("no zone of agreement, no signature: share of strategies", never_signs),
)
