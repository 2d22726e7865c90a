"""What an address opens: its values, set one after another over those it starts from."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.runs.summary import summarise
from sim.view import address
from sim.view.board import Shown, panels
from sim.view.board.path import summary_words
from sim.view.board.public_graph import drawn_graph
from sim.view.choices import Choices, Start, command_line, makes_void, settings_of, split
from sim.view.controls import State
from sim.view.stored import UNWRITTEN, Listing, Replayed, judged
from sim.view.watch import Watch
from sim.view.why import why_panel

if TYPE_CHECKING:
    from sim.view.stored import StoredSweep


def usable(start: Start, base: Choices, values: Mapping[str, str]) -> tuple[State, list[str]]:
    """Return the state that an address asks for, and what is wrong with it, one line each.

    A value that cannot be used is left out; the others hold.

    Parameters
    ----------
    start : Start
        Of the server.
    base : Choices
        What holds where the address says nothing.
    values : mapping
        Of the address; an empty one takes back what `base` sets.

    Raises
    ------
    ConfigError
        If `base` cannot be used itself.
    """
    whole = base.over(values)
    try:
        return State(whole, settings_of(start, whole)), []
    except SimError:
        kept, problems = State(base, settings_of(start, base)), []
    for key, value in values.items():
        more = kept.choices.over({key: value})
        try:
            kept = State(more, settings_of(start, more))
        except SimError as error:
            problems += str(error).splitlines()
    return kept, problems


def opened(state: State) -> Watch:
    """Return a new run at its opening.

    Raises
    ------
    SimError
        If the rules raise before the first week.
    """
    try:
        return Watch(state.settings)
    except SimError:
        raise
    except Exception as error:
        raise SimError(
            f"at the opening the rules raised {type(error).__name__}: {error}"
        ) from error


def address_values(base: Choices, choices: Choices) -> dict[str, str]:
    """Return the values of the address that opens given choices again.

    Of a stored run's settings it names what has changed, of others all. What `base` sets and the
    choices do not stands there without a value.
    """
    values = dict(choices.values)
    if choices.cell is not None:
        values = {k: v for k, v in values.items() if base.values.get(k) != v}
        values |= {key: choices.values[key] for key in ("seed", "replicate")}
    gone = [key for key in base.over(values).values if key not in choices.values]
    return values | dict.fromkeys(gone, "")


# ---- One visitor: the run that is watched, what is set for the next one, and what went wrong.


class Session:
    """One visitor's page.

    Parameters
    ----------
    start : Start
        What the command line gave.
    query : str or None
        Query string of the address that was opened.
    sweep : StoredSweep, optional
        Results that the server was started with.

    Attributes
    ----------
    watch : Watch
    draft, running : State
        What is set now, and what the run shown was started with.
    messages : list of str
        What went wrong with the last action.
    overlay, all_moves, explained : bool
        Whether the real talks are shown, the whole log, and why the run ended as it did.
    replayed : Replayed or None
        The stored run that is shown, None if the run is not from the sweep.
    listing : Listing
    """

    def __init__(
        self, start: Start, query: str | None = None, sweep: "StoredSweep | None" = None
    ) -> None:
        self.start, self.sweep = start, sweep
        self.messages: list[str] = []
        self.overlay = self.all_moves = self.explained = False
        self.replayed: Replayed | None = None
        self.listing = Listing()
        self._base = start.choices
        self._unwritten = False
        asked = address.read(query)
        state, problems = usable(start, start.choices, asked.values if asked.cell is None else {})
        self.messages = [*asked.problems, *problems]
        self._begin(state, start)
        if asked.cell is not None:
            self._open_stored(asked.cell, asked.values)
            self.messages = [*asked.problems, *self.messages]
        if asked.week is not None:
            self.watch.go(asked.week)

    def _begin(self, state: State, start: Start) -> None:
        try:
            watch = opened(state)
        except SimError as error:
            self.messages += str(error).splitlines()
            state = State(start.choices, settings_of(start, start.choices))
            watch = Watch(state.settings)
        self.draft = self.running = state
        self._show(watch)

    def _open_stored(self, cell: int, values: Mapping[str, str]) -> None:
        replicate = values.get("replicate", "0")
        if not replicate.isdecimal():
            self.messages = [f"replicate: must be a whole number, got {replicate}"]
            return
        changes = {key: value for key, value in values.items() if key != "replicate"}
        if not changes or self.sweep is None:
            self.replay(cell, int(replicate))
            return
        try:
            self.sweep.settings(cell, int(replicate))
            base = self.sweep.choices(self.start, cell, int(replicate))
            if base is None:
                self.messages = [f"cell {cell}: {UNWRITTEN}"]
                return
            state, self.messages = usable(self.start, base, changes)
            watch = opened(state)
        except SimError as error:
            self.messages = str(error).splitlines()
            return
        self._replace(watch)
        self._base = base
        self.draft = self.running = state

    def _show(self, watch: Watch) -> None:
        self.watch = watch
        self.layout = drawn_graph(watch.model.talks.public)
        self.explained = False

    def _replace(self, watch: Watch) -> None:
        self.watch.close()
        self._show(watch)
        # A Mesa model and its agents hold each other; left to itself the collector comes late.
        gc.collect()

    def close(self) -> None:
        """Let go of the run."""
        self.watch.close()

    # --- the run

    def forth(self) -> None:
        """Show the next week."""
        self._play(self.watch.forth)

    def back(self) -> None:
        """Show the week before."""
        self._play(self.watch.back)

    def go(self, played: object) -> None:
        """Show the talks after so many weeks."""
        weeks = played if isinstance(played, int) else self.watch.now.played
        self._play(lambda: self.watch.go(weeks))

    def play_to_end(self) -> None:
        """Play all that is left."""
        self._play(self.watch.play_to_end)

    def _play(self, move: Callable[[], None]) -> None:
        """Move through the weeks; a rule that raises is reported once."""
        before = self.watch.failure
        self.messages = []
        move()
        if self.watch.failure != before:
            self._report()

    def _report(self) -> None:
        self.messages = [
            f"{self.watch.failure}. The weeks before it can still be looked at; change what is "
            "set and press Reset to play on."
        ]

    def explain(self, wanted: object) -> None:
        """Show or hide why the run ended as it did, playing it to its end first."""
        if wanted:
            self.play_to_end()
            if self.watch.failure:
                self._report()
        self.explained = bool(wanted)

    def show_record(self, wanted: object) -> None:
        """Show or hide what really happened."""
        self.overlay = bool(wanted)

    def show_all_moves(self, wanted: object) -> None:
        """Show the whole log or its latest part."""
        self.all_moves = bool(wanted)

    # --- settings

    def choose(self, key: str, value: str) -> None:
        """Set one value for the next run."""
        self.messages = []
        value = value.strip()
        if self._refused():
            return
        if not address.is_allowed(key, value):
            self.messages = [address.refusal(key, value)]
            return
        self._draft(self.draft.choices.but(key, value), anew="." not in key)

    def choose_others(self, words: str, shown: set[str]) -> None:
        """Set the values that no control shows, written as overrides.

        Parameters
        ----------
        words : str
            ``KEY=VALUE``, parted by blanks or lines.
        shown : set of str
            Keys of the controls.
        """
        self.messages = []
        if self._refused():
            return
        values = {k: v for k, v in self.draft.choices.values.items() if k in shown}
        for word in words.split():
            key, value = split(word)
            if not address.is_allowed(key, value):
                self.messages.append(address.refusal(key, value))
                continue
            values = {k: v for k, v in values.items() if not makes_void(key, k)}
            values[key] = value
        if not self.messages:
            self._draft(replace(self.draft.choices, values=values), anew=True)

    def _refused(self) -> bool:
        """Return whether nothing can be set because no overrides play the run shown."""
        if self._unwritten:
            self.messages = [UNWRITTEN]
        return self._unwritten

    def _draft(self, choices: Choices, anew: bool) -> None:
        """Note choices; where they change which others there are, compose what follows."""
        settings = self.draft.settings
        if anew:
            try:
                settings = settings_of(self.start, choices)
            except SimError as error:
                self.messages = str(error).splitlines()
        self.draft = State(choices, settings)

    def reset(self, written: Mapping[str, str] | None = None) -> None:
        """Start again from the opening with what is set; if that cannot be, keep what is shown.

        Parameters
        ----------
        written : mapping, optional
            Values by key that stand in a field and have not been set yet.
        """
        self.messages = []
        if self._refused():
            return
        for key, value in (written or {}).items():
            self.choose(key, str(value))
            if self.messages:
                return
        choices = self.draft.choices
        try:
            state = State(choices, settings_of(self.start, choices))
            watch = opened(state)
        except SimError as error:
            self.messages = str(error).splitlines()
            return
        self._replace(watch)
        self.replayed = None
        self.draft = self.running = state

    def discard(self) -> None:
        """Set everything as it is in the run shown."""
        self.messages = []
        self.draft = self.running

    # --- the sweep

    def show_listing(self, listing: Listing) -> None:
        """List another part of the sweep."""
        self.messages = []
        self.listing = listing

    def open_cell(self, cell: object) -> None:
        """List the runs of a cell, or close the list."""
        number = cell if isinstance(cell, int) else None
        self.show_listing(replace(self.listing, cell=number, first=0))

    def replay(self, cell: int, replicate: int, explained: bool = False) -> None:
        """Play a stored run again in the Mesa model and compare it with its record."""
        self.messages = []
        if self.sweep is None:
            self.messages = ["cell: this server was started without a sweep's results"]
            return
        try:
            settings = self.sweep.settings(cell, replicate)
            row = self.sweep.row(cell, replicate)
            choices = self.sweep.choices(self.start, cell, replicate)
            state = State(choices or Choices(), settings)
            watch = opened(state)
        except SimError as error:
            self.messages = str(error).splitlines()
            return
        watch.play_to_end()
        self._replace(watch)
        self.replayed = judged(self.sweep, watch, cell, replicate, row)
        self._base, self._unwritten = choices or Choices(), choices is None
        if self._unwritten:
            verdict = f"{self.replayed.verdict} {UNWRITTEN}"
            self.replayed = replace(self.replayed, verdict=verdict)
        self.draft = self.running = state
        self.explained = explained
        if not explained:
            watch.go(0)
        if watch.failure:
            self._report()

    # --- what the page shows

    def panels(self) -> dict[str, str]:
        """Return the HTML of the board's panels."""
        shown = Shown(self.watch.settings, self.watch.shown, self.overlay, self.all_moves)
        found = panels(shown, self.layout)
        found["why"] = why_panel(self.watch) if self.explained and self.watch.over else ""
        return found

    @property
    def spoken(self) -> str:
        """What a reader who hears the page is told about the week shown."""
        return summary_words(self.watch.settings, self.watch.now)

    @property
    def address(self) -> str:
        """Query string that opens this run again, without the week."""
        if self.replayed is not None:
            values = {"replicate": str(self.replayed.replicate)}
            return address.write(values, cell=self.replayed.cell)
        choices = self.running.choices
        base = self.start.choices if choices.cell is None else self._base
        return address.write(address_values(base, choices), cell=choices.cell)

    @property
    def command(self) -> str:
        """The `sim run` line that plays the run shown; empty if no single line does."""
        if self._unwritten:
            return ""
        return command_line(self.start, self.running.choices)

    def outcome(self) -> dict[str, object] | None:
        """Return what the run came to, as `sim run --json` does; None before its end."""
        if not self.watch.over or self.watch.failure or not self.watch.played:
            return None
        return summarise(self.watch.record(), self.running.choices.words()).plain()
