"""A strategy against a script: its demands when the other side's offers are written down.

The side under test drafts and answers by the simulator's own rules; the other side's drafts are
put on the table as the script says. One draft a week, the tested side first.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.minimal import minimal_talks, quiet_tape, set_articles, set_rule
from sim.records import EVENT, STATE
from sim.society import graph_pool, new_public

STEPS = 26
"""Drafts of each side in the scripts below: a year of weekly drafts in turn."""

OPPONENTS: Mapping[str, tuple[float, ...]] = {
    "never moves": (0.0,) * STEPS,
    "concedes steadily": tuple(0.6 * n / (STEPS - 1) for n in range(STEPS)),
    "concedes late": tuple(0.6 * (n / (STEPS - 1)) ** 5 for n in range(STEPS)),
    "gives and takes back": tuple(0.2 * (n % 4 in (1, 2)) for n in range(STEPS)),
}
"""Worth of the scripted side's offers to the side under test, one after the other."""


def demands_against(
    script: Sequence[float],
    strategy: str,
    values: Mapping[str, float] | None = None,
    *,
    deadline: float = 2.0 * STEPS,
    reservation: float = 0.0,
    stance: float = 0.5,
) -> NDArray[np.float64]:
    """Return what a strategy demands, draft by draft, against scripted offers.

    Parameters
    ----------
    script : sequence of float
        Shares that the other side's drafts give to the side under test, below 1.
    strategy : str
        Name of a concession strategy.
    values : mapping, optional
        Its parameters; the others keep their defaults.
    deadline : float
        Perceived deadline in weeks; a draft of each side takes two weeks.
    reservation : float
        Share that the status quo is worth.
    stance : float
        The weekly uniform of strategies that draw.

    Returns
    -------
    array of float, shape (len(script) + 1,)
        The demand before the first scripted offer and after each one.
    """
    from sim.rules.offers import offer
    from sim.rules.opening import begin
    from sim.rules.responses import respond

    params = minimal_talks(horizon=2 * len(script) + 2, deadline=deadline)
    set_articles(params, [1.0], [1.0])
    params.flow[0] = reservation * (1.0 - params.discount[0])
    set_rule(params, 0, "concession", strategy, values)
    set_rule(params, 0, "acceptance", "ac_const", {"level": 1.0})
    tape = quiet_tape(int(params.horizon))
    tape.weekly["stance"] = stance
    state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
    public = new_public(0, graph_pool("complete", 0, 0, 0.0, 0), 0)
    begin(params, state, public, tape.types[0], tape.errors[0], tape.citizens[0])
    state.channel_open = 1
    shocks = tape.weekly.view(np.recarray)[0]
    events = np.zeros(0, EVENT).view(np.recarray)
    demands = []
    for share in (*script, None):
        state.tabled = -1
        offer(params, state, shocks, events, 0)
        demands.append(float(state.demanded[0, 0]))
        state["week"] += 1
        if share is None:
            break
        state.offer[1, 0] = 1.0 - share
        state.tabled = 1
        state["drafts"][1] += 1
        respond(params, state, shocks, events, 0)
        state.turn = 0
        state["week"] += 1
    return np.array(demands)
