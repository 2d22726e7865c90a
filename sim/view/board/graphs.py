"""Two graphs: the channels with this week's contacts, and the public with its protest."""

from collections.abc import Mapping
from functools import lru_cache

import networkx as nx
import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Actor, Contact
from sim.model.records import Public
from sim.runs.story import day_of
from sim.view.board.markup import draw, number, plain_day, share
from sim.view.watch import ChannelNow, Snapshot

WIDTH, HEIGHT = 400.0, 250.0
PLACES = ((84.0, 118.0), (316.0, 118.0), (200.0, 42.0))
BELOW = 212.0
"""Where each actor stands: parties left and right, mediator above, oppositions below."""
PARTIES = (Actor.FIRST, Actor.SECOND, Actor.MEDIATOR)
"""Who stands at these places."""
RADIUS = 19.0
PLATE = 0.6
"""Where on its way to the mediator a channel's label stands, clear of the parties' names."""
WORDS = {Contact.SILENT: "silent", Contact.CALL: "call", Contact.MEETING: "meeting"}

SIZE, EDGE = 360.0, 10.0
"""Side of the public's picture and its margin, in drawing units."""
SEED, ITERATIONS = 1, 40
"""Of the layout, which is computed once for each graph."""
MOST_TIES = 6000
"""Ties that are drawn; a complete graph would be a blot."""
BINS = (
    ("against", 0.0, 0.35, "against a treaty (below 35 %)"),
    ("between", 0.35, 0.65, "between"),
    ("for", 0.65, 1.01, "for a treaty (65 % and more)"),
)
"""Style class, bounds and words of the groups that citizens are drawn in."""


def channels_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return the graph and, in words, what happened on it this week."""
    places = _places(scenario)
    edges = [_edge(scenario, places, channel, now) for channel in now.channels]
    nodes = [
        _node(actor, scenario.actors[actor_id].name, *places[actor_id])
        for actor, actor_id in scenario.cast.items()
    ]
    said = [(WORDS[c.contact], c.between) for c in now.channels if c.contact != Contact.SILENT]
    size = {"G_WIDTH": WIDTH, "G_HEIGHT": HEIGHT, "RADIUS": RADIUS}
    return draw("channels", scenario, edges, nodes, said, _note(scenario, now), **size)


def _places(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Return where each actor stands; an opposition below the party at whose home it sits."""
    cast = scenario.cast
    places = {cast[actor]: at for actor, at in zip(PARTIES, PLACES, strict=True) if actor in cast}
    for home in scenario.all_homes.values():
        if home.opposition is not None:
            places[home.opposition.id] = (places[home.party][0], BELOW)
    return places


def _edge(
    scenario: Scenario, places: dict[str, tuple[float, float]], channel: ChannelNow, now: Snapshot
) -> dict[str, object]:
    first, second = channel.between
    if scenario.mediator is not None and first == scenario.mediator.id:
        first, second = second, first  # a channel of the mediator's ends at the mediator
    (x1, y1), (x2, y2) = places[first], places[second]
    at = PLATE if scenario.mediator is not None and second == scenario.mediator.id else 0.5
    level = WORDS[channel.contact]
    label = "" if channel.contact == Contact.SILENT else level
    if set(channel.between) == set(scenario.parties) and now.closed_until > 0:
        label = "✕ closed"
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    plate = {"x": x1 + at * (x2 - x1), "y": y1 + at * (y2 - y1)}
    return {**ends, **plate, "level": level, "label": label}


def _node(actor: int, name: str, x: float, y: float) -> dict[str, object]:
    outward = -1 if x < WIDTH / 2 else 1
    at = (x + outward * 14, y - RADIUS - 5, "middle")
    if actor == Actor.MEDIATOR:
        at = (x, y - RADIUS - 7, "middle")
    elif actor in (Actor.OPPOSITION, Actor.SECOND_OPPOSITION):
        at = (x - outward * (RADIUS + 8), y + 5, "start" if outward < 0 else "end")
    return {"actor": actor, "name": name, "x": x, "y": y, "at": at}


def _note(scenario: Scenario, now: Snapshot) -> Markup:
    told = Markup("")
    if scenario.mediator is not None:
        told = Markup(f"Attention of {escape(scenario.mediator.name)}: {share(now.attention)}.")
    if now.closed_until > 0:
        until = plain_day(day_of(scenario, now.closed_until))
        return Markup(
            (f"After an incident the direct channel is closed until {until}. " + told).rstrip()
        )
    return told


@lru_cache(maxsize=16)
def _layout(start: bytes, tie: bytes) -> NDArray[np.float64]:
    """Return the place of every citizen in the unit square, shape (citizens, 2)."""
    graph = _graph(np.frombuffer(start, np.int32), np.frombuffer(tie, np.int32))
    size = graph.number_of_nodes()
    if graph.number_of_edges() > MOST_TIES:
        placed = nx.circular_layout(graph)
    else:
        placed = nx.spring_layout(graph, seed=SEED, iterations=ITERATIONS)
    places = np.array([placed[node] for node in range(size)], np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    unit: NDArray[np.float64] = (places - low) / np.where(high > low, high - low, 1.0)
    return unit


def _graph(start: NDArray[np.int32], tie: NDArray[np.int32]) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(len(start) - 1))
    for node in range(len(start) - 1):
        graph.add_edges_from((node, int(other)) for other in tie[start[node] : start[node + 1]])
    return graph


def drawn_graph(public: Public) -> dict[str, str]:
    """Return what of the public's graph does not change in a run.

    Returns ``ties``: the ties as an SVG path; ``places``: the citizens' places, one ``x y`` each,
    joined by commas. Both are empty if no public is modelled.
    """
    if len(public.opinion) == 0:
        return {"ties": "", "places": ""}
    start, tie = public.start.astype(np.int32), public.tie.astype(np.int32)
    places = EDGE + _layout(start.tobytes(), tie.tobytes()) * (SIZE - 2 * EDGE)
    points = [f"{number(x)} {number(y)}" for x, y in places]
    pairs = [
        (a, int(b)) for a in range(len(points)) for b in tie[start[a] : start[a + 1]] if a < int(b)
    ]
    drawn = pairs if len(pairs) <= MOST_TIES else []
    return {
        "ties": "".join(f"M{points[a]}L{points[b]}" for a, b in drawn),
        "places": ",".join(points),
    }


def public_panel(settings: Settings, now: Snapshot, layout: Mapping[str, str]) -> str:
    """Return the citizens; the ties below them are drawn once, by the page."""
    opinion, protesting = now.public.opinion, now.public.protesting
    size = len(opinion)
    points = layout["places"].split(",")
    inside = {css: (opinion >= low) & (opinion < high) for css, low, high, _ in BINS}
    groups = [
        (css, words, int(inside[css].sum()), _path(points, inside[css], "h0"))
        for css, _, _, words in BINS
    ]
    marks = _path(points, protesting, "m0 -7l6 10.5h-12z")
    graph = settings.public.graph.replace("_", " ")
    told = f"{size} simulated citizens on a {graph} graph, {settings.public.rule} opinions."
    counts = int(protesting.sum()), size
    return draw("public", groups, marks, *counts, told if size else "", SIZE=SIZE)


def _path(points: list[str], citizens: NDArray[np.bool_], mark: str) -> str:
    """Return one mark for each of some citizens, as one SVG path."""
    return "".join(f"M{points[citizen]}{mark}" for citizen in np.flatnonzero(citizens))
