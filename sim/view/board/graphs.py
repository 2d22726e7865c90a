"""Two graphs: the channels with this week's contacts, and the public with its protest."""

from collections.abc import Mapping
from functools import lru_cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Actor, Contact
from sim.model.records import Public
from sim.runs.story import day_of
from sim.view.board.markup import SIDES, SIGNS, named, number, panel, plain_day, quiet, share, text
from sim.view.watch import ChannelNow, Snapshot

WIDTH, HEIGHT = 400.0, 250.0
PLACES = ((84.0, 118.0), (316.0, 118.0), (200.0, 42.0), (84.0, 212.0))
"""Where each actor stands: parties left and right, mediator above, opposition below its home."""
RADIUS = 19.0
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
    edges = "".join(_edge(scenario, places, channel, now) for channel in now.channels)
    nodes = "".join(
        _node(actor, scenario.actors[actor_id].name, *places[actor_id])
        for actor, actor_id in enumerate(scenario.actor_ids)
    )
    picture = (
        f'<svg class="graph" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true" '
        f'focusable="false">{edges}{nodes}</svg>'
    )
    return panel("channels", "Channels", picture + _said(scenario, now), _note(scenario, now))


def _places(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Return where each actor stands; the opposition below the party at whose home it sits."""
    places = dict(zip(scenario.actor_ids, PLACES, strict=True))
    home = places[scenario.opposition.home]
    places[scenario.opposition.id] = (home[0], PLACES[3][1])
    return places


def _edge(
    scenario: Scenario, places: dict[str, tuple[float, float]], channel: ChannelNow, now: Snapshot
) -> str:
    (x1, y1), (x2, y2) = (places[end] for end in channel.between)
    level = WORDS[channel.contact]
    line = f'<line class="edge {level}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
    label = "" if channel.contact == Contact.SILENT else level
    if set(channel.between) == set(scenario.parties) and now.closed_until > 0:
        label = "✕ closed"
    if not label:
        return line
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    width = 7.0 * len(label) + 12
    return (
        f'{line}<rect class="plate {level}" x="{x - width / 2:g}" y="{y - 10:g}" '
        f'width="{width:g}" height="20" rx="3"/>'
        f'<text class="lit" x="{x:g}" y="{y + 4:g}">{label}</text>'
    )


def _node(actor: int, name: str, x: float, y: float) -> str:
    above = actor == Actor.MEDIATOR
    outward = -1 if x < WIDTH / 2 else 1
    at = (x, y - RADIUS - 7, "middle") if above else (x + outward * 14, y - RADIUS - 5, "middle")
    if actor == Actor.OPPOSITION:
        at = (x - outward * (RADIUS + 8), y + 5, "start" if outward < 0 else "end")
    return (
        f'<circle class="node {SIDES[actor]}" cx="{x:g}" cy="{y:g}" r="{RADIUS:g}"/>'
        f'<text class="sign {SIDES[actor]}" x="{x:g}" y="{y + 6:g}">{SIGNS[actor]}</text>'
        f'<text class="name" style="text-anchor:{at[2]}" x="{at[0]:g}" y="{at[1]:g}">'
        f"{text(name)}</text>"
    )


def _said(scenario: Scenario, now: Snapshot) -> str:
    items = []
    for channel in now.channels:
        if channel.contact == Contact.SILENT:
            continue
        one, other = (_name(scenario, end) for end in channel.between)
        items.append(f"<li><b>{WORDS[channel.contact]}</b> {one} and {other}</li>")
    if items:
        return f'<ul class="contacts">{"".join(items)}</ul>'
    return quiet("No call and no meeting this week.")


def _name(scenario: Scenario, actor_id: str) -> str:
    return named(scenario.actor_ids.index(actor_id), scenario.actors[actor_id].name)


def _note(scenario: Scenario, now: Snapshot) -> str:
    told = f"Attention of {text(scenario.mediator.name)}: {share(now.attention)}."
    if now.closed_until > 0:
        until = plain_day(day_of(scenario, now.closed_until))
        return f"After an incident the direct channel is closed until {until}. {told}"
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
    title = "The public"
    size = len(now.public.opinion)
    if size == 0:
        return panel("public", title, quiet("No public is modelled in this run."))
    points = layout["places"].split(",")
    opinion, protesting = now.public.opinion, now.public.protesting
    groups = [(css, (opinion >= low) & (opinion < high), words) for css, low, high, words in BINS]
    dots = "".join(_dots(css, points, np.flatnonzero(inside)) for css, inside, _ in groups)
    marks = _triangles(points, np.flatnonzero(protesting))
    counted = "".join(
        f"<li>{_sample(css)}<span>{text(words)}</span> <b>{int(inside.sum())}</b></li>"
        for css, inside, words in groups
    )
    counted += (
        f"<li>{_sample('protest')}<span>protesting</span> <b>{int(protesting.sum())}</b></li>"
    )
    graph = settings.public.graph.replace("_", " ")
    return panel(
        "public",
        title,
        f'<svg class="graph public" viewBox="0 0 {SIZE:g} {SIZE:g}" role="img" focusable="false" '
        f'aria-label="{size} citizens on a graph">'
        f'<use href="#public-ties"/>{dots}{marks}</svg><ul class="legend">{counted}</ul>',
        text(f"{size} simulated citizens on a {graph} graph, {settings.public.rule} opinions."),
    )


def _dots(css: str, points: list[str], citizens: NDArray[np.intp]) -> str:
    """Return a group of citizens as one path of round dots; those against are rings."""
    steps = "".join(f"M{points[citizen]}h0" for citizen in citizens)
    return _round(css, steps) if steps else ""


def _round(css: str, steps: str) -> str:
    core = f'<path class="dots core" d="{steps}"/>' if css == "against" else ""
    return f'<path class="dots {css}" d="{steps}"/>{core}'


def _triangles(points: list[str], citizens: NDArray[np.intp]) -> str:
    steps = "".join(f"M{points[citizen]}m0 -7l6 10.5h-12z" for citizen in citizens)
    return f'<path class="triangles" d="{steps}"/>' if steps else ""


def _sample(css: str) -> str:
    drawn = (
        '<path class="triangles" d="M7 1l6 10.5h-12z"/>'
        if css == "protest"
        else _round(css, "M7 7h0")
    )
    return (
        '<svg class="sample" viewBox="0 0 14 14" aria-hidden="true" focusable="false">'
        f"{drawn}</svg>"
    )
