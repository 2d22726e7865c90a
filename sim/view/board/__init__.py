"""From snapshots to HTML and SVG: one panel a function and a macro, pure, everything escaped.

Words come from `sim.runs.story`; `board.html.j2` escapes all that is filled in. No function here
knows the server or the browser.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from sim.config.settings import Settings
from sim.view.board.graphs import channels_panel, public_panel
from sim.view.board.markup import draw
from sim.view.board.moves import moves_panel
from sim.view.board.parties import home_panel, parties_panel
from sim.view.board.path import header_panel, path_panel, preconditions_panel, text_panel
from sim.view.watch import Courses, Snapshot


class Shown(NamedTuple):
    """What the panels are drawn from."""

    settings: Settings
    snapshots: Sequence[Snapshot]  # from the opening to the week that is shown; never empty
    overlay: bool = False  # whether the real talks stand beside the run
    all_moves: bool = False  # whether the log goes back to the opening
    folded: frozenset[str] = frozenset()  # panels of which only the heading is shown
    # in words, how each party bargains and by what rules, see `sim.view.controls.conduct_words`
    conduct: Mapping[str, str] = MappingProxyType({})
    courses: Courses | None = None  # many courses of the same settings
    kept: Sequence[Snapshot] = ()  # the same weeks of the run that is kept beside it


FOLDED = frozenset({"preconditions", "channels", "home", "public"})
"""Panels that are folded when the page opens."""
TITLES = {
    "path": "The treaty",
    "text": "The text",
    "preconditions": "Preconditions",
    "parties": "The parties",
    "channels": "Channels",
    "home": "At home",
    "public": "The public",
    "moves": "What happened in this run",
}
"""Titles of the panels that can be folded."""


def panels(shown: Shown, public_layout: Mapping[str, str]) -> dict[str, str]:
    """Return the HTML of every panel by its name.

    `public_layout` is what `sim.view.board.graphs.drawn_graph` returns: what of the public's
    graph does not change in a run.
    """
    settings, snapshots, overlay = shown.settings, shown.snapshots, shown.overlay
    scenario, now = settings.scenario, snapshots[-1]
    charted = (settings, snapshots, overlay, shown.courses, shown.kept)
    drawn: Mapping[str, Callable[[], str]] = {
        "path": lambda: path_panel(settings, now, overlay, shown.courses),
        "text": lambda: text_panel(scenario, now),
        "preconditions": lambda: preconditions_panel(scenario, now),
        "parties": lambda: parties_panel(*charted),
        "channels": lambda: channels_panel(scenario, now),
        "home": lambda: home_panel(*charted),
        "public": lambda: public_panel(settings, now, public_layout),
        "moves": lambda: moves_panel(settings, snapshots, overlay, shown.all_moves),
    }
    found = {
        name: draw("folded", name, TITLES[name]) if name in shown.folded else make()
        for name, make in drawn.items()
    }
    return {"header": header_panel(scenario, now, shown.conduct), **found}
