"""The treaty: its text provision by provision, and the preconditions on their routes."""

from sim.config.conduct import Precondition as Demand
from sim.config.conduct import Provision
from sim.config.scenario import PREAMBLE, Scenario
from sim.model.codes import Article, Precondition, Route, complete
from sim.runs.story import day_of, short_title, wording
from sim.view.board.markup import SIGNS, day, named, number, panel, quiet, sign, step, text
from sim.view.watch import PreconditionNow, ProvisionNow, Snapshot

ACT = (Precondition.DEMANDED, Precondition.PROMISED, Precondition.MET)
ROUTES = {
    "act": ACT,
    "joint": ACT,
    "constitutional": (
        Precondition.DEMANDED,
        Precondition.PROMISED,
        Precondition.DRAFTING,
        Precondition.PARLIAMENT,
        Precondition.REFERENDUM,
        Precondition.MET,
    ),
}
"""Steps of each route in their order."""
complete({Route[name.upper()]: steps for name, steps in ROUTES.items()}, Route)
ROUTE_WORDS = {
    "act": "an act of one government",
    "joint": "a joint step",
    "constitutional": "the constitutional route",
}
complete({Route[name.upper()]: words for name, words in ROUTE_WORDS.items()}, Route)
ENDED = (Precondition.FAILED, Precondition.WAIVED)
"""Ends that lie off the route."""
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
    if key == PREAMBLE:
        return "Pr."
    return entry.number or "–"


def _tile(key: str, entry: Provision, state: ProvisionNow) -> str:
    status = state.status.name.lower()
    covered = " interim" if state.signed_interim else ""
    said = f"{status}{', in the interim deal' if covered else ''}: {entry.title}"
    return (
        f'<li class="{status}{covered}" title="{text(said)}"><b>{text(_label(key, entry))}</b>'
        f'<span aria-hidden="true">{MARKS[state.status]}</span>'
        f'<span class="unseen">{text(said)}</span></li>'
    )


def _scale(scenario: Scenario, key: str, entry: Provision, state: ProvisionNow) -> str:
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
    return EDGE + min(max(position, 0.0), 1.0) * (WIDTH - 2 * EDGE)


def preconditions_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return every demand that somebody has raised; reserves stay out, as in the transcript."""
    raised = [
        _demand(scenario, entry, state)
        for entry, state in zip(scenario.preconditions.values(), now.preconditions, strict=True)
        if state.status != Precondition.DORMANT
    ]
    body = f'<ul class="demands">{"".join(raised)}</ul>'
    if not raised:
        body = quiet("Nobody demands anything outside the text.")
    return panel("preconditions", "Preconditions", body)


def _demand(scenario: Scenario, entry: Demand, state: PreconditionNow) -> str:
    by, to = (_party(scenario, party) for party in (entry.demanded_by, entry.delivered_by))
    steps = "".join(_step(at, state.status) for at in ROUTES[entry.route])
    if state.status in ENDED:
        steps += step("broken", "", f"<b>{state.status.name.lower()}</b>")
    return (
        f'<li><p class="provision">{text(entry.title)}</p>'
        f'<p class="quiet">Demanded by {by}, delivered by {to}, by {ROUTE_WORDS[entry.route]}'
        f"{_due(scenario, state)}</p>"
        f'<ol class="ladder small">{steps}</ol></li>'
    )


def _party(scenario: Scenario, party: str) -> str:
    return named(scenario.parties.index(party), scenario.actors[party].name)


def _due(scenario: Scenario, state: PreconditionNow) -> str:
    under_way = Precondition.PROMISED <= state.status <= Precondition.REFERENDUM
    if not under_way or state.due_week < 0:
        return ""
    return f"; this step is due {day(day_of(scenario, state.due_week))}"


def _step(at: Precondition, status: Precondition) -> str:
    """Return one step: done, here, or ahead; a demand that ended off its route is left at that."""
    standing = "done" if at < status and status not in ENDED else "ahead"
    if at == status:
        standing = "here"
    unseen = {"done": "reached: ", "here": "now: ", "ahead": ""}[standing]
    return step(standing, unseen, f"<b>{at.name.lower()}</b>")
