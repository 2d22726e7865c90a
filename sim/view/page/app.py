"""Cells and runs of a sweep as the rows of the page's tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import solara
from reacton.core import Element

from sim.model.codes import Gate
from sim.runs.story import day_of, gate_words
from sim.view.board.markup import plain_day
from sim.view.start import started
from sim.view.stored import KINDS, LISTED

if TYPE_CHECKING:
    from sim.view.controls import Fieldset
    from sim.view.session import Session
    from sim.view.stored import Cell, StoredRun, StoredSweep


def sorted_cells(cells: Sequence["Cell"], order: str) -> list["Cell"]:
    """Return the cells in one of the orders of `sim.view.stored`, those without outcome last."""
    if order not in ("most", "least"):
        return list(cells)
    sense = -1.0 if order == "most" else 1.0

    def place(cell: "Cell") -> tuple[bool, float, int]:
        return (cell.signed is None, sense * (cell.signed or 0.0), cell.number)

    return sorted(cells, key=place)


def cell_rows(cells: Sequence["Cell"]) -> list[dict[str, object]]:
    """Return cells as plain rows."""
    return [
        {
            "number": cell.number,
            "values": [str(value) for value in cell.values.values()],
            "runs": cell.runs,
            "estimate": cell.signed,
            "low": cell.low,
            "high": cell.high,
            "signed": "no outcome"
            if cell.signed is None
            else f"{cell.signed:.1%} [{cell.low:.1%}, {cell.high:.1%}]",
        }
        for cell in cells
    ]


def run_rows(
    sweep: "StoredSweep", cell: int | None, runs: Sequence["StoredRun"]
) -> list[dict[str, object]]:
    """Return runs of one cell as plain rows, in the scenario's words."""
    if cell is None:
        return []
    scenario = sweep.scenario(cell)
    words = gate_words(scenario)
    gates = {f"ledger_{gate.name.lower()}": words[gate] for gate in Gate}
    return [
        {
            "replicate": run.replicate,
            "status": run.error or run.status.replace("_", " "),
            "signed": run.signed,
            "when": plain_day(day_of(scenario, run.signed_week)) if run.signed_week >= 0 else "",
            "weeks": run.weeks,
            "gate": _most_in_the_way(run.gates, gates),
            "question": "How was it signed?"
            if run.signed in ("interim", "full")
            else "Why did this one fail?",
        }
        for run in runs
    ]


def _most_in_the_way(gates: Sequence[str] | None, words: Mapping[str, str]) -> str:
    if gates is None:
        return ""
    return ", ".join(words[gate] for gate in gates) or "nothing"


# ---- The Vue templates as components: what each shows, and what it can ask for.

Handler = Callable[[object], None] | None
"""What an event calls, with what the template sends along."""


@solara.component_vue("notices.vue", vuetify=False)
def notices(messages: list[str], warnings: list[str], verdict: str, same: bool) -> None:
    """Show what went wrong, what to know about a sweep, and whether a replay is its record."""


@solara.component_vue("transport.vue", vuetify=False)
def transport(
    head: str,
    run: str,
    at: int,
    played: int,
    horizon: int,
    over: bool,
    at_end: bool,
    spoken: str,
    address: str,
    command: str,
    overlay: bool,
    explained: bool,
    has_record: bool,
    has_results: bool,
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
    path: str,
    text: str,
    preconditions: str,
    parties: str,
    channels: str,
    home: str,
    public: str,
    moves: str,
    why: str,
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
    title: str,
    note: str,
    swept: list[str],
    cells: list[dict[str, object]],
    cells_total: int,
    first_cell: int,
    order: str,
    cell: int | None,
    kind: str,
    kinds: list[str],
    runs: list[dict[str, object]],
    runs_total: int,
    first: int,
    size: int,
    shown: dict[str, int] | None,
    event_open_cell: Handler = None,
    event_sort: Handler = None,
    event_pick: Handler = None,
    event_page_cells: Handler = None,
    event_page_runs: Handler = None,
    event_replay: Handler = None,
    event_explain: Handler = None,
) -> None:
    """List a sweep's cells and runs."""


# ---- The page: one session a browser tab, drawn by five Vue templates from what the session sho


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
    replayed = session.replayed
    return notices(
        messages=session.messages,
        warnings=session.sweep.warnings if session.sweep is not None else [],
        verdict=replayed.verdict if replayed is not None else "",
        same=replayed is None or replayed.same,
    )


def _board(session: "Session", act: Act, panels: dict[str, str]) -> Element:
    return board(
        **panels,
        ties=session.layout["ties"],
        tick=session.watch.now.played,
        all_moves=session.all_moves,
        event_set_all_moves=act(session.show_all_moves),
    )


def _controls(session: "Session", act: Act, groups: "list[Fieldset]") -> Element:
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
