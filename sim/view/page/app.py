"""The Solara page: one session a browser tab, drawn by the five Vue templates beside this file.

From top to bottom: the templates as components, with what each shows and what it can ask for; the
rows of the tables that list a sweep; the page itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import solara
from reacton.core import Element

from sim.runs.story import day_of, gate_words
from sim.sweeps.summary import with_failed
from sim.view.board.markup import plain_day
from sim.view.choices import started
from sim.view.controls import Fieldset, fieldsets, other_choices
from sim.view.session import Session
from sim.view.stored import KINDS, LISTED, SIGNED, Cell, StoredRun, StoredSweep, sweep_of

Handler = Callable[[object], None] | None
"""What an event calls, with what the template sends along."""
Act = Callable[[Callable[..., None]], Callable[[object], None]]
"""Makes an event's handler from what is to be done to the session."""


@solara.component_vue("notices.vue", vuetify=False)
def notices(messages: list[str], warnings: list[str], verdict: str, same: bool) -> None:
    """Show what went wrong, what to know about a sweep, and whether a replay is its record."""


@solara.component_vue("transport.vue", vuetify=False)
def transport(
    now: dict[str, object],
    event_forth: Handler = None,
    event_back: Handler = None,
    event_go: Handler = None,
    event_play_to_end: Handler = None,
    event_set_overlay: Handler = None,
    event_set_explained: Handler = None,
) -> None:
    """Show the head of the page and move through the weeks.

    While it plays, the template asks for the next week once the last one has been drawn.
    """


@solara.component_vue("board.vue", vuetify=False)
def board(
    panels: dict[str, str],
    ties: str,
    tick: int,
    all_moves: bool,
    event_set_all_moves: Handler = None,
) -> None:
    """Show the panels of the week."""


@solara.component_vue("controls.vue", vuetify=False)
def controls(
    fieldsets: list[dict[str, object]],
    others: str,
    waiting: int,
    messages: list[str],
    event_choose: Handler = None,
    event_choose_others: Handler = None,
    event_reset: Handler = None,
    event_discard: Handler = None,
) -> None:
    """Set values for the next run."""


@solara.component_vue("results.vue", vuetify=False)
def results(
    listed: dict[str, object],
    event_open_cell: Handler = None,
    event_sort: Handler = None,
    event_pick: Handler = None,
    event_page_cells: Handler = None,
    event_page_runs: Handler = None,
    event_replay: Handler = None,
    event_explain: Handler = None,
) -> None:
    """List a sweep's cells and runs."""


def sorted_cells(cells: Sequence[Cell], order: str) -> list[Cell]:
    """Return the cells in an order of `sim.view.stored.Listing`, those without outcome last."""
    if order not in ("most", "least"):
        return list(cells)
    sense = -1.0 if order == "most" else 1.0
    return sorted(cells, key=lambda cell: (cell.signed is None, sense * (cell.signed or 0.0)))


def cell_rows(cells: Sequence[Cell]) -> list[dict[str, object]]:
    """Return cells as plain rows."""
    return [
        {
            **asdict(cell),
            "values": [str(value) for value in cell.values.values()],
            "runs": with_failed(cell.runs, cell.failed),
            "estimate": cell.signed,
            "signed": "no outcome"
            if cell.signed is None
            else f"{cell.signed:.1%} [{cell.low:.1%}, {cell.high:.1%}]",
        }
        for cell in cells
    ]


def run_rows(sweep: StoredSweep, cell: int, runs: Sequence[StoredRun]) -> list[dict[str, object]]:
    """Return runs of one cell as plain rows, in the scenario's words."""
    scenario = sweep.scenario(cell)
    words = gate_words(scenario)

    def most_in_the_way(run: StoredRun) -> str:
        if run.gates is None:
            return ""
        return ", ".join(words[gate] for gate in run.gates) or "nothing"

    return [
        {
            "replicate": run.replicate,
            "status": run.error or run.status.replace("_", " "),
            "signed": run.signed,
            "when": plain_day(day_of(scenario, run.signed_week)) if run.signed_week >= 0 else "",
            "weeks": run.weeks,
            "gate": most_in_the_way(run),
            "question": "How was it signed?" if run.signed in SIGNED else "Why did this one fail?",
        }
        for run in runs
    ]


@solara.component
def Layout(children: list[Element]) -> Element:  # noqa: N802 - Solara looks for this name
    """Put the page into the window without Solara's own bars."""
    return solara.v.Html(tag="div", class_="sim-page", children=children)


@solara.component
def Page() -> Element:  # noqa: N802 - Solara looks for this name
    """Show one visitor's session."""
    router = solara.use_router()
    session: Session = solara.use_memo(lambda: open_session(router.search), [])
    _, draw = solara.use_state(0)
    solara.use_effect(lambda: session.close, [])
    count = solara.use_ref(0)

    def act(action: Callable[..., None]) -> Callable[[object], None]:
        """Return an event's handler: do something to the session, then draw it anew."""

        def handler(data: object) -> None:
            action(data)
            count.current += 1
            draw(count.current)

        return handler

    # Neither changes from week to week.
    set_now = [id(session.draft), id(session.running)]
    groups = solara.use_memo(
        lambda: fieldsets(session.start, session.draft, session.running), set_now
    )
    runs = solara.use_memo(lambda: listed(session), [session.listing])
    panels = session.panels()
    title = f"{session.watch.settings.scenario.title} - peace talks simulator"
    replayed, sweep = session.replayed, session.sweep
    told = notices(
        messages=session.messages,
        warnings=sweep.warnings if sweep is not None else [],
        verdict=replayed.verdict if replayed is not None else "",
        same=replayed is None or replayed.same,
    )
    parts = [solara.Title(title), _transport(session, act, panels.pop("header")), told]
    if sweep is not None:
        parts.append(_results(session, sweep, act, *runs))
    shown = board(
        panels=panels,
        ties=session.layout["ties"],
        tick=session.watch.now.played,
        all_moves=session.all_moves,
        event_set_all_moves=act(session.show_all_moves),
    )
    parts += [shown, _controls(session, act, groups)]
    return solara.v.Html(tag="div", class_="sim-grid", children=parts)


def open_session(query: str | None) -> Session:
    """Return a new session on what the server was started with."""
    start = started()
    return Session(start, query, sweep_of(start))


def listed(session: Session) -> tuple[list[dict[str, object]], int]:
    """Return the rows of the runs that are listed, and how many of their kind there are."""
    sweep, listing = session.sweep, session.listing
    if sweep is None or listing.cell is None:
        return [], 0
    runs, total = sweep.runs_of(listing.cell, listing.kind, listing.first, LISTED)
    return run_rows(sweep, listing.cell, runs), total


def _transport(session: Session, act: Act, head: str) -> Element:
    watch = session.watch
    return transport(
        now={
            "head": head,
            "run": str(id(watch)),
            "at": watch.now.played,
            "played": watch.played,
            "horizon": watch.settings.horizon,
            "over": watch.over,
            "at_end": watch.at_end,
            "spoken": session.spoken,
            "address": session.address,
            "command": session.command,
            "overlay": session.overlay,
            "explained": session.explained,
            "has_record": bool(watch.settings.scenario.timeline),
            "has_results": session.sweep is not None,
        },
        event_forth=act(lambda _: session.forth()),
        event_back=act(lambda _: session.back()),
        event_go=act(session.go),
        event_play_to_end=act(lambda _: session.play_to_end()),
        event_set_overlay=act(session.show_record),
        event_set_explained=act(session.explain),
    )


def _controls(session: Session, act: Act, groups: list[Fieldset]) -> Element:
    keys = {entry.key for group in groups for entry in group.controls}
    others, running = (other_choices(s.choices, groups) for s in (session.draft, session.running))
    waiting = sum(entry.waits for group in groups for entry in group.controls)
    return controls(
        fieldsets=[group.plain() for group in groups],
        others=others,
        waiting=waiting + (others != running),
        messages=session.messages,
        event_choose=act(lambda data: session.choose(data["key"], str(data["value"]))),
        event_choose_others=act(lambda words: session.choose_others(str(words), keys)),
        event_reset=act(lambda held: session.reset(held if isinstance(held, dict) else {})),
        event_discard=act(lambda _: session.discard()),
    )


def _results(
    session: Session, sweep: StoredSweep, act: Act, runs: list[dict[str, object]], total: int
) -> Element:
    listing, replayed = session.listing, session.replayed
    ordered = sorted_cells(sweep.cells, listing.order)

    def replay(explained: bool) -> Handler:
        return act(lambda at: session.replay(int(at["cell"]), int(at["replicate"]), explained))

    show = session.show_listing
    return results(
        listed={
            "title": f"Results of {sweep.title}",
            "note": f"{sweep.plan.cells:,} cells, {sweep.runs:,} runs stored in {sweep.folder}.",
            "swept": sweep.plan.swept,
            "cells": cell_rows(ordered[listing.first_cell : listing.first_cell + LISTED]),
            "cells_total": len(ordered),
            **asdict(listing),
            "kinds": list(KINDS),
            "runs": runs,
            "runs_total": total,
            "size": LISTED,
            "shown": None if replayed is None else asdict(replayed),
        },
        event_open_cell=act(session.open_cell),
        event_sort=act(lambda order: show(replace(listing, order=str(order), first_cell=0))),
        event_pick=act(lambda kind: show(replace(listing, kind=str(kind), first=0))),
        event_page_cells=act(lambda at: show(replace(listing, first_cell=max(0, int(at))))),
        event_page_runs=act(lambda at: show(replace(listing, first=max(0, int(at))))),
        event_replay=replay(explained=False),
        event_explain=replay(explained=True),
    )
