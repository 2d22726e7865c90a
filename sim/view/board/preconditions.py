"""The preconditions on their routes: which step each has reached, and when the next is due."""

from sim.codes import Precondition
from sim.scenario import Scenario
from sim.scenario.text import Precondition as Demand
from sim.story import day_of
from sim.view.board.markup import day, named, panel, text
from sim.view.snapshot import PreconditionNow, Snapshot

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
ROUTE_WORDS = {
    "act": "an act of one government",
    "joint": "a joint step",
    "constitutional": "the constitutional route",
}
ENDED = (Precondition.FAILED, Precondition.WAIVED)
"""Ends that lie off the route."""


def preconditions_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return every demand that somebody has raised; reserves stay out, as in the transcript."""
    raised = [
        _demand(scenario, entry, state)
        for entry, state in zip(scenario.preconditions.values(), now.preconditions, strict=True)
        if state.status != Precondition.DORMANT
    ]
    body = f'<ul class="demands">{"".join(raised)}</ul>'
    if not raised:
        body = '<p class="quiet">Nobody demands anything outside the text.</p>'
    return panel("preconditions", "Preconditions", body)


def _demand(scenario: Scenario, entry: Demand, state: PreconditionNow) -> str:
    """Return one demand with its route."""
    by, to = (_party(scenario, party) for party in (entry.demanded_by, entry.delivered_by))
    steps = "".join(_step(step, state.status) for step in ROUTES[entry.route])
    if state.status in ENDED:
        word = state.status.name.lower()
        steps += f'<li class="broken" aria-current="step"><b>{word}</b></li>'
    return (
        f'<li><p class="provision">{text(entry.title)}</p>'
        f'<p class="quiet">Demanded by {by}, delivered by {to}, by {ROUTE_WORDS[entry.route]}'
        f"{_due(scenario, state)}</p>"
        f'<ol class="ladder small">{steps}</ol></li>'
    )


def _party(scenario: Scenario, party: str) -> str:
    """Return a party's mark and name."""
    return named(scenario.parties.index(party), scenario.actors[party].name)


def _due(scenario: Scenario, state: PreconditionNow) -> str:
    """Return when the next step is due, if that is known."""
    under_way = Precondition.PROMISED <= state.status <= Precondition.REFERENDUM
    if not under_way or state.due_week < 0:
        return ""
    return f"; this step is due {day(day_of(scenario, state.due_week))}"


def _step(step: Precondition, status: Precondition) -> str:
    """Return one step: done, here, or ahead; a demand that ended off its route is left at that."""
    if step == status:
        standing = "here"
    elif status in ENDED:
        standing = "ahead"
    else:
        standing = "done" if step < status else "ahead"
    current = ' aria-current="step"' if standing == "here" else ""
    hidden = {"done": "reached: ", "here": "now: ", "ahead": ""}[standing]
    return (
        f'<li class="{standing}"{current}><span class="unseen">{hidden}</span>'
        f"<b>{step.name.lower()}</b></li>"
    )
