"""One visitor: the run that is watched, what is set for the next one, and what went wrong.

Every action leaves the session usable: what cannot be done is said in `messages`, and the run
that was shown before stays.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.errors import SimError
from sim.settings import Settings
from sim.summary import summarise
from sim.view import address
from sim.view.board import Shown, panels
from sim.view.board.header import summary_words
from sim.view.board.public import drawn_graph
from sim.view.choices import Choices, Start, command_line, makes_void, settings_of, split
from sim.view.controls import State
from sim.view.listing import Listing
from sim.view.watch import Watch
from sim.view.why import why_panel

if TYPE_CHECKING:
    from sim.view.stored import StoredSweep


@dataclass(frozen=True)
class Replayed:
    """A stored run that is shown: which, and whether it is the same as its record."""

    cell: int
    replicate: int
    verdict: str
    same: bool


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
        asked = address.read(query)
        stored = asked.cell is not None
        choices = Choices(asked.values) if asked.values and not stored else start.choices
        try:
            settings = settings_of(start, choices)
        except SimError as error:
            self.messages = str(error).splitlines()
            choices = start.choices
            settings = settings_of(start, choices)
        self.messages = [*asked.problems, *self.messages]
        self.draft = self.running = State(choices, settings)
        self._show(Watch(settings))
        if asked.cell is not None:
            replicate = asked.values.get("replicate", "0")
            self.replay(asked.cell, int(replicate) if replicate.isdecimal() else -1)
        if asked.week is not None:
            self.watch.go(asked.week)

    def _show(self, watch: Watch) -> None:
        """Show a run."""
        self.watch = watch
        self.layout = drawn_graph(watch.model.talks.public)
        self.explained = False

    def _replace(self, watch: Watch) -> None:
        """Put another run in the place of the one that is shown, and let go of that one."""
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
        """Say what the rules raised."""
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
        values = {k: v for k, v in self.draft.choices.values.items() if k in shown}
        for word in words.split():
            key, value = split(word)
            if not address.is_allowed(key, value):
                self.messages.append(address.refusal(key, value))
                continue
            values = {k: v for k, v in values.items() if not makes_void(key, k)}
            values[key] = value
        if not self.messages:
            self._draft(Choices(values), anew=True)

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
        for key, value in (written or {}).items():
            self.choose(key, str(value))
            if self.messages:
                return
        choices = self.draft.choices
        try:
            settings = settings_of(self.start, choices)
            watch = opened(settings)
        except SimError as error:
            self.messages = str(error).splitlines()
            return
        self._replace(watch)
        self.replayed = None
        self.draft = self.running = State(choices, settings)

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
            watch = opened(settings)
        except SimError as error:
            self.messages = str(error).splitlines()
            return
        watch.play_to_end()
        self._replace(watch)
        self.replayed = self._judged(cell, replicate, row)
        choices = self.sweep.choices(self.start, cell, replicate)
        self.draft = self.running = State(choices or Choices(), settings)
        self.explained = explained
        if not explained:
            watch.go(0)
        if watch.failure:
            self._report()

    def _judged(self, cell: int, replicate: int, row: dict[str, object]) -> Replayed:
        """Return whether the run shown is the same as its record."""
        told = f"Cell {cell}, replicate {replicate} of the sweep, played again: "
        if row["run_status"] != "ok":
            return Replayed(
                cell, replicate, f"{told}in the record it failed ({row['error']}).", True
            )
        if self.watch.failure:
            return Replayed(cell, replicate, f"{told}it could not be played to its end.", False)
        assert self.sweep is not None
        differing = self.sweep.differences(self.watch.record(), row)
        if differing:
            verdict = f"{told}it differs from its record in {', '.join(differing)}."
        else:
            count = self.sweep.outcome_count(self.watch.settings)
            verdict = f"{told}all {count} outcomes are those of its record, to the last bit."
        return Replayed(cell, replicate, verdict, not differing)

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
        return address.write(self.running.choices.values)

    @property
    def command(self) -> str:
        """The `sim run` line that plays the run shown; empty if no single line does."""
        if self.replayed is not None and not self.running.choices.values:
            return ""
        return command_line(self.start, self.running.choices)

    def outcome(self) -> dict[str, object] | None:
        """Return what the run came to, as `sim run --json` does; None before its end."""
        if not self.watch.over or self.watch.failure or not self.watch.played:
            return None
        return summarise(self.watch.record(), self.running.choices.words()).plain()


def opened(settings: Settings) -> Watch:
    """Return a new run at its opening.

    Raises
    ------
    SimError
        If the rules raise before the first week.
    """
    try:
        return Watch(settings)
    except SimError:
        raise
    except Exception as error:
        raise SimError(
            f"at the opening the rules raised {type(error).__name__}: {error}"
        ) from error
