"""The page draws politics at both homes, at one, at none, and talks without a mediator."""

from io import StringIO

import pytest
from rich.console import Console

from sim.commands.scenario_tables import render_scenario
from sim.runs.play import play_one
from sim.runs.summary import summarise
from sim.runs.terminal import render
from sim.view.board import Shown, panels
from sim.view.board.graphs import drawn_graph
from sim.view.watch import Watch, shown_public
from tests import test_homes as talks

CASTS = [
    (None, {}, ("At home in Hill and Valley", "Opposition of Valley", "The envoy")),
    (talks.no_mediator, talks.NO_STYLE, ("At home in Hill and Valley",)),
    (talks.no_opposition, {}, ("Opposition of Hill",)),
    (talks.no_public, talks.NO_PUBLIC, ("No public is modelled",)),
    (talks.one_home, {}, ("At home in Hill<", "The envoy")),
    (talks.no_home, talks.NO_PUBLIC, ("No politics at home are modelled",)),
]


@pytest.mark.parametrize(("change", "rules", "said"), CASTS)
def test_every_panel_is_drawn(change, rules, said) -> None:
    chosen = talks.settings(change, {**rules, "horizon": 10})
    watch = Watch(chosen)
    watch.play_to_end()
    drawn = panels(Shown(chosen, watch.shown), drawn_graph(shown_public(watch.model)))
    page = "".join(drawn.values())
    for words in said:
        assert words in page


@pytest.mark.parametrize(("change", "rules", "said"), CASTS)
def test_tables_and_transcripts_are_written(change, rules, said) -> None:
    chosen = talks.settings(change, {**rules, "horizon": 10})
    console = Console(file=StringIO())
    render_scenario(chosen.scenario, console)
    record = play_one(chosen)
    render(record, summarise(record), console)
    assert "Hill and Valley" in console.file.getvalue()
