"""The Solara page: one session a browser tab, drawn by the five Vue templates beside this file.

From top to bottom: whose turn it is; the templates as components, with what each shows and what
it can ask for; the rows of the tables that list a sweep; the page itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Condition

import solara
from reacton.core import Element

from sim.runs.shares import Share
from sim.runs.story import day_of, gate_words
from sim.sweeps.columns import kind_of
from sim.sweeps.summary import explained, heading, with_failed
from sim.view.board.markup import plain_day
from sim.view.board.moves import marks_of_moves
from sim.view.choices import started
from sim.view.controls import Fieldset, fieldsets, other_choices
from sim.view.session import Session
from sim.view.stored import KINDS, LISTED, SIGNED, Cell, Listing, StoredRun, StoredSweep, sweep_of
from sim.view.tour import shown_stop

Handler = Callable[[object], None] | None
"""What an event calls, with what the template sends along."""
Act = Callable[..., Callable[[object], None]]
"""Makes an event's handler from what is to be done to the session."""


class Precedence:
    """Lets what a visitor sets go before the weeks that other tabs are playing.

    All tabs share one interpreter. A week that waits is not missed; a setting without an effect is
    pressed again.
    """

    LONGEST = 1.0
    """Seconds that a week waits at most."""

    def __init__(self) -> None:
        self._turns = Condition()
        self._setting = 0

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
        """Wait until nobody sets anything, but not for ever."""
        with self._turns:
            self._turns.wait_for(lambda: not self._setting, timeout=self.LONGEST)
        yield


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
    fieldsets: list[dict[str, object]],
    others: str,
    waiting: int,
    messages: list[str],
    answered: int,
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


def sorted_cells(cells: Sequence[Cell], order: str) -> list[Cell]:
    """Return the cells in an order of `sim.view.stored.Listing`, those without outcome last."""
    if order not in ("most", "least"):
        return list(cells)
    sense = -1.0 if order == "most" else 1.0
    return sorted(cells, key=lambda cell: (cell.share is None, sense * (cell.share or 0.0)))


def cell_rows(sweep: StoredSweep, cells: Sequence[Cell]) -> list[dict[str, object]]:
    """Return cells as plain rows; `estimate`, `low` and `high` are shares of the range."""
    kind = kind_of(sweep.outcome)
    most = kind.most(sweep.plan.common_horizon)
    return [
        {
            **asdict(cell),
            "values": [str(value) for value in cell.values.values()],
            "runs": with_failed(cell.runs, cell.failed),
            "estimate": None if cell.share is None else cell.share / most,
            "low": cell.low / most,
            "high": cell.high / most,
            "share": "no outcome"
            if cell.share is None
            else " ".join(str(Share(cell.share, cell.low, cell.high, kind.format)).split()),
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

    def act(action: Callable[..., None], setting: bool = True) -> Callable[[object], None]:
        """Return an event's handler: do something to the session, then draw it anew."""

        def handler(data: object) -> None:
            with PRECEDENCE.first() if setting else PRECEDENCE.later():
                action(data)
                count.current += 1
                draw(count.current)

        return handler

    def show_courses() -> None:
        def tell() -> None:
            count.current += 1
            draw(count.current)

        session.play_courses(tell)

    solara.use_effect(show_courses, [session.run, id(session.kept)])
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
    tour = shown_stop(session.tour, session.stop, session.watch.settings.scenario)
    told_now = {"head": panels.pop("header"), "tour": tour, "answered": count.current}
    head = _transport(session, act, told_now)
    parts = [solara.Title(title), head, told]
    if sweep is not None:
        parts.append(_results(session, sweep, act, *runs))
    shown = board(
        panels=panels,
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
            "at_end": watch.at_end,
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
    )


def _controls(session: Session, act: Act, groups: list[Fieldset]) -> Element:
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
        fieldsets=[group.plain() for group in groups],
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
            f"{heading(sweep.outcome)}: {explained(sweep.outcome, sweep.plan)}.",
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
