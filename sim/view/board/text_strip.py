"""The text as a strip, and for each open provision where both sides' offers stand."""

from sim.codes import Article
from sim.scenario import PREAMBLE, Scenario
from sim.scenario.text import Provision
from sim.story import short_title, wording
from sim.view.board.markup import SIGNS, named, number, panel, sign, text
from sim.view.snapshot import ProvisionNow, Snapshot

MARKS = {Article.OPEN: "○", Article.HALF: "◐", Article.AGREED: "●"}
"""Mark of each status."""
WIDTH, HEIGHT, EDGE = 320.0, 40.0, 14.0
"""Drawing units of one scale, and what is left free at its ends."""


def text_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return the strip of provisions, then a scale for each that was open when the talks began."""
    pairs = list(zip(scenario.provisions.items(), now.provisions, strict=True))
    strip = "".join(_tile(key, entry, state) for (key, entry), state in pairs)
    scales = "".join(
        _scale(scenario, key, entry, state)
        for (key, entry), state in pairs
        if entry.status != "agreed"
    )
    counted = {status: sum(p.status == status for p in now.provisions) for status in Article}
    summary = (
        f"{MARKS[Article.AGREED]} {counted[Article.AGREED]} agreed, "
        f"{MARKS[Article.HALF]} {counted[Article.HALF]} half, "
        f"{MARKS[Article.OPEN]} {counted[Article.OPEN]} open"
    )
    first, second = (scenario.actors[party].name for party in scenario.parties)
    ends = f"{named(0, first)}&rsquo;s wording is 0, {named(1, second)}&rsquo;s is 1"
    body = (
        f'<p class="counts">{summary}</p><ol class="strip">{strip}</ol>'
        f'<ul class="scales">{scales}</ul>'
    )
    return panel("text", "The text", body, ends if scales else "")


def _label(key: str, entry: Provision) -> str:
    """Return the short name of a provision: its number, or what stands for it."""
    if key == PREAMBLE:
        return "Pr."
    return entry.number or "–"


def _tile(key: str, entry: Provision, state: ProvisionNow) -> str:
    """Return one tile of the strip."""
    status = state.status.name.lower()
    covered = " interim" if state.signed_interim else ""
    said = f"{status}{', in the interim deal' if covered else ''}: {entry.title}"
    return (
        f'<li class="{status}{covered}" title="{text(said)}"><b>{text(_label(key, entry))}</b>'
        f'<span aria-hidden="true">{MARKS[state.status]}</span>'
        f'<span class="unseen">{text(said)}</span></li>'
    )


def _scale(scenario: Scenario, key: str, entry: Provision, state: ProvisionNow) -> str:
    """Return one provision's scale with the standing offers, or where it closed."""
    title = "Preamble" if key == PREAMBLE else short_title(entry.title)
    closed = state.status == Article.AGREED
    if closed:
        figures = f"<b>agreed</b> {text(wording(scenario, state.position))}"
    else:
        one, other = state.offers
        figures = (
            f"{sign(0)} {one:.2f} {sign(1)} {other:.2f} "
            f"<b>{state.status.name.lower()}, gap {state.gap:.2f}</b>"
        )
    return (
        f'<li><p class="provision"><b>{text(_label(key, entry))}</b> {text(title)}</p>'
        f"{_drawn(state, closed)}"
        f'<p class="figures">{figures}</p></li>'
    )


def _drawn(state: ProvisionNow, closed: bool) -> str:
    """Return the scale as a picture; the figures beside it say the same."""
    middle = HEIGHT / 2
    parts = [
        f'<line class="axis" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{middle}" y2="{middle}"/>',
        *(
            f'<line class="axis" x1="{at}" x2="{at}" y1="{middle - 4}" y2="{middle + 4}"/>'
            for at in (EDGE, WIDTH / 2, WIDTH - EDGE)
        ),
    ]
    if closed:
        at = _x(state.position)
        parts.append(f'<circle class="closed" cx="{number(at)}" cy="{middle}" r="6"/>')
    else:
        one, other = (_x(offer) for offer in state.offers)
        left, right = min(one, other), max(one, other)
        parts += [
            f'<rect class="gap" x="{number(left)}" y="{middle - 3}" '
            f'width="{number(right - left)}" height="6"/>',
            f'<text class="first" x="{number(one)}" y="{middle - 5}">{SIGNS[0]}</text>',
            f'<text class="second" x="{number(other)}" y="{middle + 17}">{SIGNS[1]}</text>',
        ]
    return (
        f'<svg class="scale" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true" '
        f'focusable="false">{"".join(parts)}</svg>'
    )


def _x(position: float) -> float:
    """Return where a position lies on the scale."""
    return EDGE + min(max(position, 0.0), 1.0) * (WIDTH - 2 * EDGE)
