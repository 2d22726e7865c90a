"""Head of the page: which talks, how they are set up, which week is shown, where it stands."""

from sim.codes import Treaty
from sim.settings import Settings
from sim.transcript import choice_words
from sim.view.board.markup import SIGNS, day, named, text
from sim.view.snapshot import Snapshot


def header_panel(settings: Settings, now: Snapshot) -> str:
    """Return the head of the board."""
    scenario = settings.scenario
    sides = "".join(
        f"<li>{named(side, scenario.actors[party].name)}: "
        f"{text(choice_words(settings.parties[party].strategy))}</li>"
        for side, party in enumerate(scenario.parties)
    )
    rules = (
        f"Agenda {settings.agenda.rule}, precondition {settings.precondition.rule}, "
        f"mediator {settings.mediator.style}, public {settings.public.rule}; "
        f"seed {settings.seed}, replicate {settings.replicate}"
    )
    return (
        f'<div class="head"><div class="talks"><h1>{text(scenario.title)}</h1>'
        f'<ul class="conduct">{sides}<li>{text(rules)}</li></ul></div>'
        f'<div class="when"><p class="week">{week_words(now)}</p>'
        f'<p class="date">{day(now.day)}</p><p class="status">{text(status_words(now))}</p>'
        "</div></div>"
    )


def week_words(now: Snapshot) -> str:
    """Return which week is shown, counted from 0 as in every table."""
    return "Opening" if now.played == 0 else f"Week {now.week}"


def status_words(now: Snapshot) -> str:
    """Return the treaty's status as it is written in tables, in words."""
    return treaty_words(now.status)


def treaty_words(status: Treaty) -> str:
    """Return a status as it is written in tables, without the underscore."""
    return status.name.lower().replace("_", " ")


def summary_words(settings: Settings, now: Snapshot) -> str:
    """Return one sentence for readers who hear the page."""
    return (
        f"{week_words(now)}, {now.day.isoformat()}, {settings.scenario.title}: "
        f"treaty {status_words(now)}."
    )


def legend(settings: Settings) -> str:
    """Return which mark stands for which actor."""
    scenario = settings.scenario
    return "".join(
        f"<li>{named(actor, scenario.actors[actor_id].name)}</li>"
        for actor, actor_id in zip(range(len(SIGNS)), scenario.actor_ids, strict=True)
    )
