"""The treaty: its text provision by provision, and the preconditions on their routes."""

from collections.abc import Iterator

from sim.config.scenario import PREAMBLE, Scenario
from sim.model.codes import Article, Precondition, Route, complete
from sim.view.board.markup import draw
from sim.view.watch import PreconditionNow, Snapshot

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


def text_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return the strip of provisions, then a scale for each that was open when the talks began."""
    pairs = [
        ("Pr." if key == PREAMBLE else entry.number or "–", entry, state)
        for (key, entry), state in zip(scenario.provisions.items(), now.provisions, strict=True)
    ]
    counted = ", ".join(
        f"{MARKS[status]} {sum(p.status == status for p in now.provisions)} {status.name.lower()}"
        for status in (Article.AGREED, Article.HALF, Article.OPEN)
    )
    return draw("text", scenario, pairs, counted, MARKS=MARKS)


def preconditions_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return every demand that somebody has raised; reserves stay out, as in the transcript."""
    raised = [
        (entry, ROUTE_WORDS[entry.route], _due(state), list(_steps(entry.route, state.status)))
        for entry, state in zip(scenario.preconditions.values(), now.preconditions, strict=True)
        if state.status != Precondition.DORMANT
    ]
    return draw("preconditions", scenario, raised)


def _due(state: PreconditionNow) -> int:
    """Return the week in which the step under way is due, -1 if there is none."""
    under_way = Precondition.PROMISED <= state.status <= Precondition.REFERENDUM
    return state.due_week if under_way else -1


def _steps(route: str, status: Precondition) -> Iterator[tuple[str, str, str]]:
    """Yield the steps of a route: how each stands (done, here or ahead), that in words, its name.

    A demand that ended off its route is left at that.
    """
    for at in ROUTES[route]:
        if at == status:
            yield "here", "now: ", at.name.lower()
        elif at < status and status not in ENDED:
            yield "done", "reached: ", at.name.lower()
        else:
            yield "ahead", "", at.name.lower()
    if status in ENDED:
        yield "broken", "", status.name.lower()
