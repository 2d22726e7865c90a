"""The Vue templates as components: what each shows, and what it can ask for."""

from collections.abc import Callable

import solara

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
