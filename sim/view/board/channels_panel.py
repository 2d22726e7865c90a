"""The diplomatic channels as a graph, with this week's calls and meetings lit."""

from sim.config.scenario import Scenario
from sim.model.codes import Actor, Contact
from sim.runs.story import day_of
from sim.view.board.markup import SIDES, SIGNS, named, panel, plain_day, share, text
from sim.view.snapshot import ChannelNow, Snapshot

WIDTH, HEIGHT = 400.0, 250.0
PLACES = ((84.0, 118.0), (316.0, 118.0), (200.0, 42.0), (84.0, 212.0))
"""Where each actor stands: parties left and right, mediator above, opposition below its home."""
RADIUS = 19.0
WORDS = {Contact.SILENT: "silent", Contact.CALL: "call", Contact.MEETING: "meeting"}


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
    scenario: Scenario,
    places: dict[str, tuple[float, float]],
    channel: ChannelNow,
    now: Snapshot,
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
    return '<p class="quiet">No call and no meeting this week.</p>'


def _name(scenario: Scenario, actor_id: str) -> str:
    return named(scenario.actor_ids.index(actor_id), scenario.actors[actor_id].name)


def _note(scenario: Scenario, now: Snapshot) -> str:
    told = f"Attention of {text(scenario.mediator.name)}: {share(now.attention)}."
    if now.closed_until > 0:
        until = plain_day(day_of(scenario, now.closed_until))
        return f"After an incident the direct channel is closed until {until}. {told}"
    return told
