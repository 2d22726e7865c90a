"""The Solara page: one session a browser tab, drawn by the six Vue templates beside this file.

From top to bottom: whose turn it is; the templates as components, with what each shows and what
it can ask for; the rows of the tables that list a sweep; the page itself.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Condition, Lock

import solara
from reacton.core import Element

from sim.sweeps.summary import explained, heading
from sim.view.board.moves import marks_of_moves
from sim.view.choices import started
from sim.view.controls import Fieldset, fieldsets, other_choices
from sim.view.seat import GAMES, Seat, listen, names_of, shown_seat
from sim.view.session import Session
from sim.view.stored import (
    KINDS,
    LISTED,
    Listing,
    StoredSweep,
    cell_rows,
    run_rows,
    sorted_cells,
    sweep_of,
)
from sim.view.tour import shown_stop

Handler = Callable[[object], None] | None
"""What an event calls, with what the template sends along."""
Act = Callable[..., Callable[[object], None]]
"""Makes an event's handler from what is to be done to the session."""


class Precedence:
    """One tab at a time computes a week, and what a visitor sets goes before all weeks.

    All tabs share one interpreter: ten weeks at once are each ten times as slow, and a setting
    among them. A week that waits is not missed; a setting without an effect is pressed again.
    """

    LONGEST = 0.5
    """Seconds that a week waits at most."""

    def __init__(self) -> None:
        self._turns = Condition()
        self._setting = self._playing = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Hold back the weeks of all tabs while something is set."""
        with self._turns:
            self._setting += 1
        try:
            yield
        finally:
            with self._turns:
                self._setting -= 1
                self._turns.notify_all()

    @contextmanager
    def later(self) -> Iterator[None]:
        """Wait until nobody sets anything or computes a week, but not for ever."""
        with self._turns:
            self._turns.wait_for(self._free, timeout=self.LONGEST)
            self._playing += 1
        try:
            yield
        finally:
            with self._turns:
                self._playing -= 1
                self._turns.notify()

    def _free(self) -> bool:
        return not self._setting and not self._playing


PRECEDENCE = Precedence()


@solara.component_vue("notices.vue", vuetify=False)
def notices(messages: list[str], warnings: list[str], verdict: str, same: bool) -> None:
    """Show what went wrong, what to know about a sweep, and whether a replay is its record."""


@solara.component_vue("transport.vue", vuetify=False)
def transport(
    now: dict[str, object],
    event_go: Handler = None,
    event_next_move: Handler = None,
    event_visit: Handler = None,
    event_go_to_stop: Handler = None,
    event_set_overlay: Handler = None,
    event_set_explained: Handler = None,
    event_keep: Handler = None,
    event_sit: Handler = None,
) -> None:
    """Show the head of the page and move through the weeks.

    While it plays, the template asks for the next week once the last one has been drawn.
    """


@solara.component_vue("seat.vue", vuetify=False)
def seat_panel(
    seat: dict[str, object],
    answered: int,
    event_decide: Handler = None,
    event_play_on: Handler = None,
    event_advise: Handler = None,
    event_invite: Handler = None,
) -> None:
    """Show what a seat is asked and what it may do."""


@solara.component_vue("board.vue", vuetify=False)
def board(
    panels: dict[str, str],
    ties: str,
    tick: int,
    all_moves: bool,
    start: str,
    log: dict[str, int | str],
    tour: dict[str, object],
    event_go_to_stop: Handler = None,
    event_take_log: Handler = None,
    event_set_all_moves: Handler = None,
    event_fold: Handler = None,
    event_go: Handler = None,
) -> None:
    """Show the panels of the week."""


@solara.component_vue("controls.vue", vuetify=False)
def controls(
    groups: str,
    others: str,
    waiting: int,
    messages: list[str],
    answered: int,
    event_choose: Handler = None,
    event_choose_others: Handler = None,
    event_reset: Handler = None,
    event_discard: Handler = None,
) -> None:
    """Set values for the next run; `groups` are the fieldsets as JSON.

    Whatever a component is sent is walked through each week, and a text is one step.
    """


@solara.component_vue("results.vue", vuetify=False)
def results(
    listed: dict[str, object],
    event_open_cell: Handler = None,
    event_find_cell: Handler = None,
    event_keep: Handler = None,
    event_sort: Handler = None,
    event_pick: Handler = None,
    event_page_cells: Handler = None,
    event_page_runs: Handler = None,
    event_replay: Handler = None,
    event_explain: Handler = None,
) -> None:
    """List a sweep's cells and runs."""


@solara.component
def Layout(children: list[Element]) -> Element:  # noqa: N802 - Solara looks for this name
    """Put the page into the window without Solara's own bars."""
    return solara.v.Html(tag="div", class_="sim-page", children=children)


@solara.component
def Page() -> Element:  # noqa: N802 - Solara looks for this name
    """Show one visitor's session."""
    router = solara.use_router()
    session: Session = solara.use_memo(lambda: open_session(router.search), [])
    solara.use_effect(lambda: session.close, [])
    # What was drawn last, and how often; a session is drawn by one thread at a time.
    opening = solara.use_memo(session.panels, [])
    (answered, panels), show = solara.use_state((0, opening))
    drawing = solara.use_memo(Lock, [])
    count = solara.use_ref(0)

    def act(action: Callable[..., None], setting: bool = True) -> Callable[[object], None]:
        """Return an event's handler: do something to the session, then draw it anew."""

        def handler(data: object) -> None:
            # Sending is left out of the turn, since another's connection may be slow.
            with drawing:
                with PRECEDENCE.first() if setting else PRECEDENCE.later():
                    action(data)
                    drawn = session.panels()
                count.current += 1
                show((count.current, drawn))

        return handler

    def again() -> None:
        act(lambda _: None, setting=False)(None)

    hides = session.watch.hides
    solara.use_effect(lambda: session.play_courses(again), [session.run, id(session.kept), hides])
    solara.use_effect(lambda: listen(session.seat, again), [session.run])
    # Neither changes from week to week.
    groups, told_groups = solara.use_memo(
        lambda: fieldsets_of(session), [session.draft, session.running]
    )
    runs = solara.use_memo(lambda: listed(session), [session.listing])
    title = f"{session.watch.settings.scenario.title} - peace talks simulator"
    replayed, sweep = session.replayed, session.sweep
    told = notices(
        messages=session.messages,
        warnings=sweep.warnings if sweep is not None else [],
        verdict=replayed.verdict if replayed is not None else "",
        same=replayed is None or replayed.same,
    )
    tour = shown_stop(session.tour, session.stop, session.watch.settings.scenario)
    told_now = {"head": panels["header"], "tour": tour, "answered": answered}
    head = _transport(session, act, told_now)
    parts = [solara.Title(title), head, told]
    if sweep is not None:
        parts.append(_results(session, sweep, act, *runs))
    if session.seat is not None:
        parts.append(_seat(session, session.seat, act, answered))
    shown = board(
        panels={name: html for name, html in panels.items() if name != "header"},
        ties=session.layout["ties"],
        tick=session.watch.now.played,
        all_moves=session.all_moves,
        start=session.watch.settings.scenario.start.isoformat(),
        log=session.log,
        tour=tour,
        event_go_to_stop=act(session.go_to_stop),
        event_take_log=act(lambda _: session.take_log(), setting=False),
        event_set_all_moves=act(session.show_all_moves),
        event_fold=act(session.fold),
        event_go=act(session.go),
    )
    parts += [shown, _controls(session, act, groups, told_groups)]
    return solara.v.Html(tag="div", class_="sim-grid", children=parts)


def open_session(query: str | None) -> Session:
    """Return a new session on what the server was started with."""
    start = started()
    return Session(start, query, sweep_of(start))


def fieldsets_of(session: Session) -> tuple[list[Fieldset], str]:
    """Return the controls, and the same as JSON."""
    groups = fieldsets(session.start, session.draft, session.running)
    return groups, json.dumps([group.plain() for group in groups])


def listed(session: Session) -> tuple[list[dict[str, object]], int]:
    """Return the rows of the runs that are listed, and how many of their kind there are."""
    sweep, listing = session.sweep, session.listing
    if sweep is None or listing.cell is None:
        return [], 0
    runs, total = sweep.runs_of(listing.cell, listing.kind, listing.first, LISTED)
    return run_rows(sweep, listing.cell, runs), total


def _transport(session: Session, act: Act, told_now: dict[str, object]) -> Element:
    watch = session.watch

    def go(data: object) -> None:
        if isinstance(data, dict):
            session.go(data.get("played"), data.get("run"))

    def visit(data: object) -> None:
        if isinstance(data, dict):
            session.visit(str(data.get("query", "")), data.get("pending"))

    return transport(
        now={
            **told_now,
            "run": session.run,
            "entries": session.entries,
            "pending": session.pending,
            "at": watch.now.played,
            "played": watch.played,
            "horizon": watch.settings.horizon,
            "over": watch.over,
            "at_end": watch.stands,
            "seats": [] if session.seat is not None else names_of(watch.settings.scenario),
            "sentence": session.sentence,
            "ending": session.ending,
            "marks": marks_of_moves(watch.all),
            "address": session.address,
            "command": session.command,
            "overlay": session.overlay,
            "kept": session.kept is not None,
            "explained": session.explained,
            "has_record": bool(watch.settings.scenario.timeline),
            "has_results": session.sweep is not None,
        },
        event_go=act(go, setting=False),
        event_next_move=act(lambda _: session.to_next_move(), setting=False),
        event_visit=act(visit),
        event_go_to_stop=act(session.go_to_stop),
        event_set_overlay=act(session.show_record),
        event_set_explained=act(session.explain),
        event_keep=act(session.keep),
        event_sit=act(session.sit),
    )


def _seat(session: Session, seat: Seat, act: Act, answered: int) -> Element:
    return seat_panel(
        seat=shown_seat(seat),
        answered=answered,
        event_decide=act(lambda words: session.decide(str(words or ""))),
        event_play_on=act(lambda _: session.play_to_end()),
        event_advise=act(lambda wanted: seat.advise(bool(wanted))),
        event_invite=act(lambda _: GAMES.invite(seat.game)),
    )


def _controls(session: Session, act: Act, groups: list[Fieldset], told_groups: str) -> Element:
    keys = {entry.key for group in groups for entry in group.controls}
    others, running = (other_choices(s.choices, groups) for s in (session.draft, session.running))
    waiting = sum(entry.waits for group in groups for entry in group.controls)

    def choose(data: object) -> None:
        if isinstance(data, dict):
            session.choose(str(data.get("key")), str(data.get("value")))
        session.settled += 1

    def choose_others(words: object) -> None:
        session.choose_others(str(words), keys)
        session.settled += 1

    def reset(data: object) -> None:
        if isinstance(data, dict):
            session.reset(data.get("held"), data.get("others"), keys)
        session.settled += 1

    return controls(
        groups=told_groups,
        others=others,
        waiting=waiting + (others != running),
        messages=session.messages,
        answered=session.settled,
        event_choose=act(choose),
        event_choose_others=act(choose_others),
        event_reset=act(reset),
        event_discard=act(lambda _: session.discard()),
    )


def _results(
    session: Session, sweep: StoredSweep, act: Act, runs: list[dict[str, object]], total: int
) -> Element:
    listing, replayed = session.listing, session.replayed
    kept = dict(listing.kept)
    ordered = [
        cell
        for cell in sorted_cells(sweep.cells, listing.order)
        if all(str(cell.values[key]) == value for key, value in kept.items())
    ]
    swept = [
        (key, sorted({str(cell.values[key]) for cell in sweep.cells}), kept.get(key, ""))
        for key in sweep.plan.swept
    ]

    def keep(data: object) -> None:
        if isinstance(data, dict) and str(data.get("key")) in sweep.plan.swept:
            found = {**kept, str(data["key"]): str(data.get("value", ""))}
            show(replace(listing, kept=tuple(p for p in found.items() if p[1]), first_cell=0))

    def find(number: object) -> None:
        if isinstance(number, int) and 0 <= number < sweep.plan.cells:
            show(Listing(cell=number, kind=listing.kind, first_cell=number // LISTED * LISTED))
        else:
            session.messages = [f"cell {number}: there are cells 0 to {sweep.plan.cells - 1}"]

    def replay(explained: bool) -> Handler:
        return act(lambda at: session.replay(int(at["cell"]), int(at["replicate"]), explained))

    show = session.show_listing
    return results(
        listed={
            "title": f"Results of {sweep.title}",
            "note": f"{sweep.plan.cells:,} cells, {sweep.runs:,} runs stored in {sweep.folder}. "
            f"{heading(sweep.outcome)}: {explained(sweep.outcome)}.",
            "share": heading(sweep.outcome),
            "swept": swept,
            "most": sweep.plan.cells - 1,
            "cells": cell_rows(sweep, ordered[listing.first_cell : listing.first_cell + LISTED]),
            "cells_total": len(ordered),
            **asdict(listing),
            "kinds": list(KINDS),
            "runs": runs,
            "runs_total": total,
            "size": LISTED,
            "shown": None if replayed is None else asdict(replayed),
        },
        event_open_cell=act(session.open_cell),
        event_find_cell=act(find),
        event_keep=act(keep),
        event_sort=act(lambda order: show(replace(listing, order=str(order), first_cell=0))),
        event_pick=act(lambda kind: show(replace(listing, kind=str(kind), first=0))),
        event_page_cells=act(lambda at: show(replace(listing, first_cell=max(0, int(at))))),
        event_page_runs=act(lambda at: show(replace(listing, first=max(0, int(at))))),
        event_replay=replay(explained=False),
        event_explain=replay(explained=True),
    )
