"""A strategy against a script: its demands when the other side's offers are written down.

The side under test drafts and answers by the simulator's own rules; the other side's drafts are
put on the table as the script says. One draft a week, the tested side first. `draw_curves` shows
the demands of several strategies as one figure.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.model.records import EVENT
from sim.model.society import no_public
from sim.runs.opening import opening_state
from sim.theory.minimal_talks import minimal_talks, quiet_tape, set_articles, set_rule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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

    script: shares that the other side's drafts give to the side under test, below 1.
    strategy: name of a concession strategy.
    values: its parameters; the others keep their defaults.
    deadline: perceived deadline in weeks; a draft of each side takes two weeks.
    reservation: share that the status quo is worth.
    stance: the weekly uniform of strategies that draw.

    Returns the demand before the first scripted offer and after each one (shape (len(script)).
    """
    from sim.model.rules.offers import offer
    from sim.model.rules.responses import respond

    params = minimal_talks(horizon=2 * len(script) + 2, deadline=deadline)
    set_articles(params, [1.0], [1.0])
    params.flow[0] = reservation * (1.0 - params.discount[0])
    set_rule(params, 0, "concession", strategy, values)
    set_rule(params, 0, "acceptance", "ac_const", {"level": 1.0})
    tape = quiet_tape(int(params.horizon))
    tape.weekly["stance"] = stance
    state = opening_state(params, (no_public(), no_public()), tape, 0)
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


LINES = ("-", "--", "-.", ":")


def draw_curves(target: Path, strategies: Sequence[str]) -> None:
    """Draw one panel a scripted opponent and one line a strategy, with default parameters.

    target: file to write; its ending gives the format.
    strategies: names of concession strategies.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same curves give the same bytes.
    with rc_context({"svg.hashsalt": "peace-talks-sim", "svg.fonttype": "path"}):
        figure = Figure(figsize=(11.0, 8.0), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for panel, (title, script) in zip(panels.flat, OPPONENTS.items(), strict=True):
            draw_panel(panel, title, script, strategies)
        for panel in panels[-1]:
            panel.set_xlabel("own draft")
        for panel in panels[:, 0]:
            panel.set_ylabel("share of the talks")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize="small", frameon=False)
        figure.suptitle("What each strategy demands; grey: what it is offered")
        metadata = {"Date": None} if target.suffix == ".svg" else None
        figure.savefig(target, metadata=metadata)


def draw_panel(
    panel: "Axes", title: str, script: Sequence[float], strategies: Sequence[str]
) -> None:
    """Draw the strategies against one scripted opponent."""
    panel.plot(np.arange(1, len(script) + 1), script, color="0.6", linewidth=3.0)
    for at, name in enumerate(strategies):
        demands = demands_against(script, name)
        panel.plot(
            np.arange(1, len(demands) + 1),
            demands,
            LINES[at // 10 % len(LINES)],
            color=f"C{at % 10}",
            linewidth=1.3,
            label=name,
        )
    panel.set_title(f"against one who {title}")
    panel.set_ylim(-0.02, 1.02)
