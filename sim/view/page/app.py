"""The page: one session a browser tab, drawn by five Vue templates from what the session shows."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import solara
from reacton.core import Element

from sim.view.listing import KINDS, LISTED
from sim.view.page.parts import board, controls, notices, results, transport
from sim.view.page.rows import cell_rows, run_rows, sorted_cells
from sim.view.start import started

if TYPE_CHECKING:
    from sim.view.controls import Fieldset
    from sim.view.session import Session
    from sim.view.stored import StoredRun


def open_session(query: str | None) -> "Session":
    """Return a new session; the model is imported here, while the browser loads its scripts."""
    from sim.view.session import Session
    from sim.view.start import sweep

    return Session(started(), query, sweep())


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
    groups = solara.use_memo(lambda: settable(session), set_now)
    runs = solara.use_memo(lambda: listed(session), [session.listing])
    panels = session.panels()
    title = f"{session.watch.settings.scenario.title} - peace talks simulator"
    parts = [solara.Title(title), _transport(session, act, panels.pop("header")), _notices(session)]
    if session.sweep is not None:
        parts.append(_results(session, act, *runs))
    parts += [_board(session, act, panels), _controls(session, act, groups)]
    return solara.v.Html(tag="div", class_="sim-grid", children=parts)


Act = Callable[[Callable[..., None]], Callable[[object], None]]


def settable(session: "Session") -> "list[Fieldset]":
    """Return the controls of a session."""
    from sim.view.controls import fieldsets

    return fieldsets(session.start, session.draft, session.running)


def listed(session: "Session") -> "tuple[list[StoredRun], int]":
    """Return the runs that are listed, and how many of their kind there are."""
    sweep, listing = session.sweep, session.listing
    if sweep is None or listing.cell is None:
        return [], 0
    return sweep.runs_of(listing.cell, listing.kind, listing.first, LISTED)


def _transport(session: "Session", act: Act, head: str) -> Element:
    """Return head and transport."""
    watch = session.watch
    return transport(
        head=head,
        run=str(id(watch)),
        at=watch.now.played,
        played=watch.played,
        horizon=watch.horizon,
        over=watch.over,
        at_end=watch.at_end,
        spoken=session.spoken,
        address=session.address,
        command=session.command,
        overlay=session.overlay,
        explained=session.explained,
        has_record=bool(watch.settings.scenario.timeline),
        has_results=session.sweep is not None,
        event_forth=act(lambda _: session.forth()),
        event_back=act(lambda _: session.back()),
        event_go=act(session.go),
        event_play_to_end=act(lambda _: session.play_to_end()),
        event_set_overlay=act(session.show_record),
        event_set_explained=act(session.explain),
    )


def _notices(session: "Session") -> Element:
    """Return what went wrong, and whether a replay is its record."""
    replayed = session.replayed
    return notices(
        messages=session.messages,
        warnings=session.sweep.warnings if session.sweep is not None else [],
        verdict=replayed.verdict if replayed is not None else "",
        same=replayed is None or replayed.same,
    )


def _board(session: "Session", act: Act, panels: dict[str, str]) -> Element:
    """Return the board."""
    return board(
        **panels,
        ties=session.layout["ties"],
        tick=session.watch.now.played,
        all_moves=session.all_moves,
        event_set_all_moves=act(session.show_all_moves),
    )


def _controls(session: "Session", act: Act, groups: "list[Fieldset]") -> Element:
    """Return the settings."""
    from sim.view.controls import other_choices

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


def _results(session: "Session", act: Act, runs: "list[StoredRun]", total: int) -> Element:
    """Return the lists of a sweep's cells and runs."""
    sweep, listing = session.sweep, session.listing
    assert sweep is not None
    ordered = sorted_cells(sweep.cells, listing.order)
    replayed = session.replayed

    def show(**changes: object) -> None:
        session.show_listing(replace(listing, **changes))  # type: ignore[arg-type]

    return results(
        title=f"Results of {sweep.title}",
        note=f"{sweep.plan.cells:,} cells, {sweep.runs:,} runs stored in {sweep.folder}.",
        swept=sweep.plan.swept,
        cells=cell_rows(ordered[listing.first_cell : listing.first_cell + LISTED]),
        cells_total=len(ordered),
        first_cell=listing.first_cell,
        order=listing.order,
        cell=listing.cell,
        kind=listing.kind,
        kinds=list(KINDS),
        runs=run_rows(sweep, listing.cell, runs),
        runs_total=total,
        first=listing.first,
        size=LISTED,
        shown=None
        if replayed is None
        else {"cell": replayed.cell, "replicate": replayed.replicate},
        event_open_cell=act(session.open_cell),
        event_sort=act(lambda order: show(order=str(order), first_cell=0)),
        event_pick=act(lambda kind: show(kind=str(kind), first=0)),
        event_page_cells=act(lambda first: show(first_cell=max(0, int(first)))),
        event_page_runs=act(lambda first: show(first=max(0, int(first)))),
        event_replay=act(lambda data: session.replay(int(data["cell"]), int(data["replicate"]))),
        event_explain=act(
            lambda data: session.replay(int(data["cell"]), int(data["replicate"]), explained=True)
        ),
    )
