"""One visitor: the run that is watched, what is set for the next one, and what went wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Concatenate

from sim.errors import Asked, ConfigError, SimError, problems_of
from sim.runs.story import words_of
from sim.view.board import FOLDED, TITLES, Shown, panels
from sim.view.board.graphs import drawn_graph
from sim.view.board.moves import Kept, beside_panel, why_panel
from sim.view.board.path import ending, sentence
from sim.view.choices import (
    Choices,
    Start,
    State,
    address_values,
    command_line,
    is_allowed,
    makes_void,
    read_address,
    refusal,
    split,
    state_of,
    usable,
    write_address,
)
from sim.view.controls import chosen, conduct_words
from sim.view.stored import UNWRITTEN, Listing, Replayed, StoredSweep, judged
from sim.view.tour import Tour, tour_of
from sim.view.watch import Courses, Ensemble, Watch, shown_public


def opened(state: State) -> Watch:
    """Return a new run at its opening; raises `SimError` if the rules raise before week 0."""
    try:
        return Watch(state.settings)
    except SimError:
        raise
    except Exception as error:
        raise SimError(
            f"at the opening the rules raised {type(error).__name__}: {error}"
        ) from error


def told(
    action: Callable[Concatenate["Session", Asked], None],
) -> Callable[Concatenate["Session", Asked], None]:
    """Let `Session.messages` say what went wrong with an action, one line each."""

    @wraps(action)
    def attempt(session: "Session", /, *args: Asked.args, **kwargs: Asked.kwargs) -> None:
        session.messages = []
        found = problems_of(action, session, *args, **kwargs)
        session.messages += found

    return attempt


class Session:
    """One visitor's page, opened with the query string of its address.

    Whatever is asked for, the session stays usable: what went wrong stands in `messages`, and
    the run that was shown stays.
    """

    def __init__(
        self, start: Start, query: str | None = None, sweep: StoredSweep | None = None
    ) -> None:
        self.start, self.sweep = start, sweep
        # whether the real talks are shown, the whole log, and why the run ended as it did
        self.overlay = self.all_moves = self.explained = False
        self.replayed: Replayed | None = None  # the stored run that is shown
        self.listing = Listing()
        # what happened as text, and how often somebody has asked for it
        self.log: dict[str, int | str] = {"number": 0, "text": ""}
        self.ensemble: Ensemble | None = None  # many courses of the settings shown
        self.kept: Kept | None = None  # the run that is shown beside it
        self.tour: Tour | None = None  # of the scenario shown, and the stop of it, -1 for none
        self.stop = -1
        self.folded = FOLDED  # panels of which only the heading is shown
        self._base = start.choices  # what the address of a stored run leaves out
        self._unwritten = False  # true if no overrides play the run shown
        # counts the runs that were shown, and those of them that the browser's Back leads to
        self.run = self.entries = 0
        self.settled = 0  # how often something was set, so that the page knows when it has been
        self.messages: list[str] = []  # what went wrong with the last action
        self.watch: Watch
        self._open(query)

    def _open(self, query: str | None) -> None:
        """Show what an address asks for, as far as it can be used."""
        asked = read_address(query)
        values = {} if asked.cell is not None else asked.values
        state, problems = usable(self.start, self.start.choices, values)
        self.messages = [*asked.problems, *problems]
        try:
            watch = opened(state)
        except SimError as error:
            self.messages += str(error).splitlines()
            state = state_of(self.start, self.start.choices)
            watch = Watch(state.settings)
        self._replace(watch, state)
        self._base, self._unwritten, self.replayed = self.start.choices, False, None
        if asked.cell is not None:
            problems = self.messages
            self._open_stored(asked.cell, asked.values)
            self.messages = [*problems, *self.messages]
        if asked.week is not None:
            self.watch.go(asked.week)
        self._keep(None)
        if asked.kept is not None:
            beside = read_address(asked.kept)
            state, problems = usable(self.start, self.start.choices, beside.values)
            self.messages += [f"kept: {line}" for line in (*beside.problems, *problems)]
            self._keep(state)

    def _keep(self, state: State | None) -> None:
        """Show a run beside this one, or none."""
        if self.kept is not None:
            self.kept.close()
        self.kept = None if state is None else Kept(state, opened(state))

    @told
    def keep(self, wanted: object) -> None:
        """Keep the run shown beside those that follow, or let go of the one that is kept."""
        if wanted and (self._unwritten or self.running.choices.cell is not None):
            raise ConfigError(["a stored run cannot be kept; set it anew and press Reset first"])
        self._keep(self.running if wanted else None)

    def visit(self, query: str, pending: str | None = None) -> None:
        """Show what an entry of the browser's history holds: a run, its week, what is set next."""
        asked, here = read_address(query), read_address(self.address)
        if (asked.values, asked.cell, asked.kept) != (here.values, here.cell, here.kept):
            self._open(query)
        elif asked.week is not None:
            self.watch.go(asked.week)
        if pending is not None:
            self.take_up(pending)

    @told
    def take_up(self, pending: str) -> None:
        """Set what was waiting for Reset when the page was left, see `pending`."""
        asked = read_address(pending)
        self.draft, problems = usable(self.start, self._base, asked.values)
        self.messages = [*asked.problems, *problems]

    @told
    def _open_stored(self, cell: int, values: Mapping[str, str]) -> None:
        """Replay a stored run, or open it at its opening with some settings changed."""
        replicate = values.get("replicate", "0")
        if not replicate.isdecimal():
            raise ConfigError([f"replicate: must be a whole number, got {replicate}"])
        changes = {key: value for key, value in values.items() if key != "replicate"}
        if not changes or self.sweep is None:
            self.replay(cell, int(replicate))
            return
        self.sweep.settings(cell, int(replicate))
        base = self.sweep.choices(self.start, cell, int(replicate))
        if base is None:
            raise ConfigError([f"cell {cell}: {UNWRITTEN}"])
        state, self.messages = usable(self.start, base, changes)
        self._replace(opened(state), state)
        self._base = base

    def _replace(self, watch: Watch, state: State) -> None:
        if self.run:
            self.watch.close()
        self.watch = watch
        self.run += 1
        # what is set now, and what the run shown was started with
        self.draft = self.running = state
        self.conduct = conduct_words(self.start, state)
        self._find_tour()
        self.layout = drawn_graph(shown_public(watch.model))
        self.explained = False

    def play_courses(self, tell: Callable[[], None]) -> None:
        """Play many courses of the settings shown; `tell` is called when more of them are there."""
        if self.ensemble is not None:
            self.ensemble.close()
        self.ensemble = Ensemble(self.watch.settings, tell)
        if self.kept is not None and self.kept.ensemble is None:
            self.kept.ensemble = Ensemble(self.kept.watch.settings, tell)

    def _find_tour(self) -> None:
        """Offer the tour of the scenario shown, and leave any other."""
        self.tour, self.stop = None, -1
        name = chosen(self.start, self.running, "scenario")
        try:
            self.tour = tour_of(name, self.start.config_dir)
        except SimError as error:
            self.messages += str(error).splitlines()

    def close(self) -> None:
        """Let go of the run."""
        self.watch.close()
        self._keep(None)
        if self.ensemble is not None:
            self.ensemble.close()

    # --- the run

    def play_to_end(self) -> None:
        """Play all that is left."""
        self.go(self.watch.settings.horizon)

    def to_next_move(self) -> None:
        """Show the next week in which something happens, or the last one."""
        self.go(self.watch.now.played + 1)
        while not self.watch.now.lines and not self.watch.at_end:
            self.go(self.watch.now.played + 1)

    def go(self, played: object, run: object = None) -> None:
        """Show the talks after so many weeks; a rule that raises is reported once.

        `run` is the run that this was asked of; what was asked of an earlier one is passed over.
        """
        if run not in (None, self.run):
            return
        self.messages = []
        before = self.watch.failure
        if isinstance(played, int):
            self.watch.go(played)
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

    def fold(self, panel: object) -> None:
        """Fold a panel, or unfold it."""
        self.folded = self.folded ^ {panel} if panel in TITLES else self.folded

    def take_log(self) -> None:
        """Hand out what happened until the week shown, as text."""
        lines = [line for snapshot in self.watch.shown for line in snapshot.lines]
        self.log = {"number": int(self.log["number"]) + 1, "text": words_of(lines) + "\n"}

    def show_all_moves(self, wanted: object) -> None:
        """Show the whole log or its latest part."""
        self.all_moves = bool(wanted)

    @told
    def go_to_stop(self, number: object) -> None:
        """Show a stop of the tour; leave the tour where there is no such stop."""
        tour = self.tour
        if tour is None or not isinstance(number, int) or not 0 <= number < len(tour.stops):
            self.stop = -1
            return
        stop = tour.stops[number]
        here = self.running.choices.values
        base = Choices({key: here[key] for key in ("scenario",) if key in here})
        state = state_of(self.start, base.over(tour.settings_of(number)))
        if self.watch.settings != state.settings:
            self._replace(opened(state), state)
            self.entries += 1
        self.tour, self.stop, self.replayed, self._unwritten = tour, number, None, False
        self._base = self.start.choices
        self.watch.go(stop.week)
        self.folded -= {stop.panel}
        self.overlay = stop.overlay

    # --- settings

    @told
    def choose(self, key: str, value: str) -> None:
        """Set one value for the next run."""
        self._check_written()
        self._choose(key, value.strip())

    def _choose(self, key: str, value: str) -> None:
        if not is_allowed(key, value):
            raise ConfigError([refusal(key, value)])
        self._draft(self.draft.choices.but(key, value), anew="." not in key)

    @told
    def choose_others(self, words: str, shown: set[str]) -> None:
        """Set the values that no control shows.

        `words` are overrides, parted by blanks or lines; `shown` are the keys of the controls.
        """
        self._check_written()
        self._choose_others(words, shown)

    def _choose_others(self, words: str, shown: set[str]) -> None:
        given = [split(word) for word in words.split()]
        refused = [refusal(key, value) for key, value in given if not is_allowed(key, value)]
        if refused:
            raise ConfigError(refused)
        values = {k: v for k, v in self.draft.choices.values.items() if k in shown}
        for key, value in given:
            values = {k: v for k, v in values.items() if not makes_void(key, k)}
            values[key] = value
        self._draft(replace(self.draft.choices, values=values), anew=True)

    def _check_written(self) -> None:
        """Refuse to set anything if no overrides play the run shown."""
        if self._unwritten:
            raise ConfigError([UNWRITTEN])

    def _draft(self, choices: Choices, anew: bool) -> None:
        """Note choices; where they change which others there are, compose what follows."""
        self.draft = State(choices, self.draft.settings)
        if anew:
            self.draft = state_of(self.start, choices)

    @told
    def reset(
        self,
        written: Mapping[str, str] | None = None,
        others: str | None = None,
        shown: set[str] | None = None,
    ) -> None:
        """Start again from the opening with what is set; if that cannot be, keep what is shown.

        `written` are values by key that stand in a field and have not been set yet, `others` what
        stands in the field of `choose_others`, None if it was not touched.
        """
        self._check_written()
        problems: list[str] = []
        if others is not None:
            problems += problems_of(self._choose_others, others, shown or set())
        for key, value in (written or {}).items():
            problems += problems_of(self._choose, key, str(value).strip())
        if problems:
            raise ConfigError(problems)
        state = state_of(self.start, self.draft.choices)
        self._replace(opened(state), state)
        self.entries += 1
        self.replayed = None

    def discard(self) -> None:
        """Set everything as it is in the run shown."""
        self.messages = []
        self.draft = self.running

    def show_listing(self, listing: Listing) -> None:
        """List another part of the sweep."""
        self.messages = []
        self.listing = listing

    def open_cell(self, cell: object) -> None:
        """List the runs of a cell, or close the list."""
        number = cell if isinstance(cell, int) else None
        self.show_listing(replace(self.listing, cell=number, first=0))

    @told
    def replay(self, cell: int, replicate: int, explained: bool = False) -> None:
        """Play a stored run again in the Mesa model and compare it with its record."""
        if self.sweep is None:
            raise ConfigError(["cell: this server was started without a sweep's results"])
        settings = self.sweep.settings(cell, replicate)
        row = self.sweep.row(cell, replicate)
        choices = self.sweep.choices(self.start, cell, replicate)
        state = State(choices or Choices(), settings)
        watch = opened(state)
        watch.play_to_end()
        self._replace(watch, state)
        self.entries += 1
        self._base, self._unwritten = state.choices, choices is None
        self.replayed = judged(watch, cell, row)
        if self._unwritten:
            verdict = f"{self.replayed.verdict} {UNWRITTEN}"
            self.replayed = replace(self.replayed, verdict=verdict)
        self.explained = explained
        if not explained:
            watch.go(0)
        if watch.failure:
            self._report()

    # --- what the page shows

    def panels(self) -> dict[str, str]:
        """Return the HTML of the board's panels by name."""
        watch = self.watch
        if self.kept is not None:
            self.kept.watch.go(watch.now.played)
        shown = Shown(
            watch.settings,
            watch.shown,
            self.overlay,
            self.all_moves,
            self.folded,
            self.conduct,
            self.ensemble.courses if self.ensemble is not None else None,
            [] if self.kept is None else self.kept.watch.shown,
        )
        why = why_panel(self.watch) if self.explained and self.watch.over else ""
        beside = ""
        if self.kept is not None:
            beside = beside_panel(self.kept, watch, self._courses, self.start, self.running)
        return panels(shown, self.layout) | {"why": why, "beside": beside}

    @property
    def sentence(self) -> str:
        """What stands in the week shown, who would sign and who not, and why."""
        return sentence(self.watch.settings, self.watch.now)

    @property
    def ending(self) -> str:
        """What the run came to, empty before its last week and for one that an error cut off."""
        if not self.watch.at_end or self.watch.failure or not self.watch.played:
            return ""
        return ending(self.watch.now, self._courses)

    @property
    def _courses(self) -> Courses:
        return Courses() if self.ensemble is None else self.ensemble.courses

    @property
    def address(self) -> str:
        """Query string that opens this run again, without the week."""
        beside = {} if self.kept is None else {"kept": self.kept.address(self.start.choices)}
        if self.replayed is not None:
            own = {"replicate": str(self.replayed.replicate)}
            return write_address(own | beside, self.replayed.cell)
        choices = self.running.choices
        base = self.start.choices if choices.cell is None else self._base
        return write_address(address_values(base, choices) | beside, choices.cell)

    @property
    def pending(self) -> str | None:
        """Query string of what waits for Reset, None if nothing does."""
        if self.draft is self.running:
            return None
        return write_address(address_values(self._base, replace(self.draft.choices, cell=None)))

    @property
    def command(self) -> str:
        """The `sim run` line that plays the run shown; empty if no single line does."""
        return "" if self._unwritten else command_line(self.start, self.running.choices)
