"""Concession curves: each strategy's demands against scripted opponents, as one figure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sim.scripted import OPPONENTS, demands_against

LINES = ("-", "--", "-.", ":")


def draw_curves(target: Path, strategies: Sequence[str]) -> None:
    """Draw one panel a scripted opponent and one line a strategy, with default parameters.

    Parameters
    ----------
    target : Path
        File to write; its ending gives the format.
    strategies : sequence of str
        Names of concession strategies.
    """
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


def draw_panel(panel: Axes, title: str, script: Sequence[float], strategies: Sequence[str]) -> None:
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
