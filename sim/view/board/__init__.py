"""From snapshots to HTML and SVG: one panel a function and a macro, pure, everything escaped.

Words come from `sim.runs.story`; `board.html.j2` escapes all that is filled in. No function here
knows the server or the browser.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.config.settings import Settings
from sim.view.board.graphs import channels_panel, public_panel
from sim.view.board.moves import moves_panel
from sim.view.board.parties import home_panel, parties_panel
from sim.view.board.path import header_panel, path_panel, preconditions_panel, text_panel
from sim.view.watch import Snapshot


class Shown(NamedTuple):
    """What the panels are drawn from."""

    settings: Settings
    snapshots: Sequence[Snapshot]  # from the opening to the week that is shown; never empty
    overlay: bool = False  # whether the real talks stand beside the run
    all_moves: bool = False  # whether the log goes back to the opening


def panels(shown: Shown, public_layout: Mapping[str, str]) -> dict[str, str]:
    """Return the HTML of every panel by its name.

    `public_layout` is what `sim.view.board.graphs.drawn_graph` returns: what of the public's
    graph does not change in a run.
    """
    settings, snapshots, overlay, all_moves = shown
    scenario, now = settings.scenario, snapshots[-1]
    return {
        "header": header_panel(settings, now),
        "path": path_panel(settings, now, overlay),
        "text": text_panel(scenario, now),
        "preconditions": preconditions_panel(scenario, now),
        "parties": parties_panel(settings, snapshots, overlay),
        "channels": channels_panel(scenario, now),
        "home": home_panel(settings, snapshots, overlay),
        "public": public_panel(settings, now, public_layout),
        "moves": moves_panel(settings, snapshots, overlay, all_moves),
    }
