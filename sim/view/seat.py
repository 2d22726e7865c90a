"""A visitor in a party's seat: what it is shown, what it is asked, what it decides.

One game may be played from two tabs, one in each seat: it is found by its name, and whoever else
is at it is told when something has changed.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from threading import RLock, Thread

from sim.config.decisions import OUTSIDE, Asked, decision_problems
from sim.config.scenario import Scenario
from sim.errors import ConfigError, did_you_mean
from sim.runs.mesa_model import NegotiationModel
from sim.runs.play import Course, debriefing
from sim.runs.seat import Table
from sim.view.board.path import sentence
from sim.view.choices import Address, State
from sim.view.watch import PartyNow, Snapshot, Watch, failure_of, take

KEPT_GAMES = 50
"""Games that others may join, the newest."""


class Game:
    """Talks with one person or two, and every week of them that has been played."""

    def __init__(self, state: State, parties: list[str], played: int = 0) -> None:
        self.state = state  # what was set when it began
        self.name = ""  # by which others find it, once somebody is invited
        self.turns = RLock()  # two tabs decide one after the other
        self.failure = ""  # what the rules raised
        self.tell: dict[Seat, Callable[[], None]] = {}  # whom to tell of a change
        self.weeks: list[tuple[Snapshot, int]] = []  # each with the moves written down by its end
        self.table = Table(state.settings, parties, played, self._keep)
        self.debriefing: list[Course] = []  # once the talks are over

    def _keep(self, model: NegotiationModel) -> None:
        """Keep the week that has just been played."""
        self.weeks.append((take(model, ()), int(model.talks.state.events)))

    def seen(self, week: int, party: str | None) -> Snapshot:
        """Return the talks after so many weeks as a party knows them; None knows all."""
        snapshot, end = self.weeks[week]
        start = self.weeks[week - 1][1] if week else 0
        events = self.table.model.talks.events[start:end]
        seen = replace(snapshot, lines=tuple(self.table.seen(events, party)))
        sides = self.table.settings.scenario.parties
        return seen if party is None else hidden(seen, sides.index(party))

    @property
    def over(self) -> bool:
        """True if no further week can be played."""
        return bool(self.failure) or self.table.over

    @property
    def waits(self) -> bool:
        """True if somebody is asked something."""
        return self.table.asked is not None

    def play(self) -> None:
        """Play one week, unless somebody is asked; what a rule raises is kept and ends the game."""
        self.failure = failure_of(self.table.step, self.table.week)
        if self.over and not self.failure and not self.debriefing:
            self.debriefing = debriefing(self.table.settings)

    def changed(self, by: "Seat") -> None:
        """Tell the other tabs that the game has gone on; each takes its own turn to draw."""
        for seat, tell in list(self.tell.items()):
            if seat is not by:
                seat.take_up()
                Thread(target=tell, daemon=True, name="other seat").start()


class Games:
    """The games of this server that somebody has been invited to."""

    def __init__(self) -> None:
        self._games: dict[str, Game] = {}

    def invite(self, game: Game) -> None:
        """Give a game a name by which others find it."""
        if not game.name:
            game.name = secrets.token_urlsafe(9)
            self._games[game.name] = game
            for name in list(self._games)[:-KEPT_GAMES]:
                del self._games[name]

    def find(self, name: str) -> Game:
        """Return the game of that name; ConfigError if there is none."""
        if name not in self._games:
            raise ConfigError("table: this server holds no such game any more; ask for a new link")
        return self._games[name]


GAMES = Games()


def seat_of(state: State, party: str) -> "Seat":
    """Return a party's seat in a new game."""
    return Seat(Game(state, [party]), party)


def seated(state: State, asked: Address) -> "Seat":
    """Return the seat that an address asks for, in a game of its own or in one that goes on.

    Raises ConfigError if there is no such party or game, or a decision cannot be used.
    """
    party = asked.aside["seat"]
    if "table" in asked.aside:
        game = GAMES.find(asked.aside["table"])
    else:
        lines = [line for line in asked.aside.get("decisions", "").split(";") if line]
        plain = state.settings.model_copy(update={"decisions": lines})
        problems = decision_problems(plain.decisions, plain.scenario, plain.horizon)
        if problems:
            raise ConfigError(problems)
        game = Game(State(state.choices, plain), [party], asked.week or 0)
    known = game.table.settings.scenario.parties
    if party not in known:
        raise ConfigError(f"seat: no party '{party}'{did_you_mean(party, known)}")
    with game.turns:
        if party not in game.table.parties:
            game.table.sit(party)
        game.table.ask()
    return Seat(game, party)


class Seat(Watch):
    """A game watched from one party's seat: the other side's reckoning is hidden until the end."""

    def __init__(self, game: Game, party: str) -> None:
        self.game, self.party = game, party
        self.settings = game.table.settings.model_copy(update={"decisions": []})
        self.model = game.table.model
        self.side = self.settings.scenario.parties.index(party)
        self.failed_week = -1
        self.advised = True  # whether the delegation's advice is shown
        self._snapshots: list[Snapshot] = []
        self._at = 0
        self._open = False  # whether nothing is hidden any more
        self.take_up()
        self._at = self.played

    @property
    def failure(self) -> str:  # type: ignore[override]
        """What the rules raised."""
        return self.game.failure

    @property
    def over(self) -> bool:
        """True if no further week can be played."""
        return self.game.over

    @property
    def hides(self) -> bool:
        """True as long as no more is shown than the party would know."""
        return not self.over

    @property
    def stands(self) -> bool:
        """True if no week after the one shown can be played before somebody has answered."""
        return self._at == self.played and (self.over or self.game.waits)

    @property
    def sentence(self) -> str:
        """What stands in the week shown, and who is asked."""
        names = self.settings.scenario.actors
        asked = self.game.table.asked
        told = sentence(self.settings, self.now)
        if asked is None or self._at < self.played:
            return told
        name = names[asked.party].name
        who = f"You are asked for {name}" if asked.party == self.party else f"{name} is asked"
        return f"{told} {who} in week {asked.week}."

    def take_up(self) -> None:
        """Take in the weeks that have been played, here or from the other seat."""
        with self.game.turns:
            opens = self.over and not self._open
            self._open = self._open or opens
            known_by = None if self._open else self.party
            kept = [] if opens else self._snapshots
            new = range(len(kept), len(self.game.weeks))
            # A new list, since another tab's thread may be drawing the old one.
            self._snapshots = kept + [self.game.seen(week, known_by) for week in new]
        self.failed_week = self.model.tick if self.failure else -1

    def go(self, played: int) -> None:
        """Show the talks after so many weeks, playing what nobody has to answer for."""
        with self.game.turns:
            before = len(self.game.weeks)
            while self.played < played and not self.over and not self.game.waits:
                self.game.play()
                self.take_up()
            if len(self.game.weeks) > before or self.game.waits:
                self.game.changed(self)
        self._at = min(max(played, 0), self.played)

    def decide(self, words: str) -> None:
        """Take a decision of this seat for the week that is played next, and play on.

        No words leave what is asked to the delegation. Raises ConfigError if it cannot be decided.
        """
        with self.game.turns:
            if words:
                self.game.table.decide(self.party, words)
            elif self.asked is not None:
                self.game.table.as_advised()
            self.game.play()
            self.take_up()
            self._at = self.played
        self.game.changed(self)

    def address(self) -> dict[str, str]:
        """Return what an address needs, beside the settings, to take this seat again."""
        if self.game.name:
            return {"seat": self.party, "table": self.game.name}
        return {"seat": self.party, "decisions": ";".join(self.game.table.settings.decisions)}

    @property
    def asked(self) -> Asked | None:
        """The question to this seat, None if there is none."""
        asked = self.game.table.asked
        return asked if asked is not None and asked.party == self.party else None

    def advise(self, wanted: bool) -> None:
        """Show the delegation's advice, or hide it."""
        self.advised = wanted

    def close(self) -> None:
        """Let go of the game; Mesa forgets it when the last one has."""
        self.game.tell.pop(self, None)
        if not self.game.tell and not self.game.name:
            super().close()


def listen(seat: Seat | None, tell: Callable[[], None]) -> None:
    """Call `tell` when somebody in the other seat has gone on."""
    if seat is not None:
        seat.game.tell[seat] = tell


def hidden(snapshot: Snapshot, side: int) -> Snapshot:
    """Return the talks as one side knows them: without the other's reckoning and what follows."""
    other = snapshot.parties[1 - side]
    unknown = PartyNow(None, None, None, other.status_quo, other.status_quo, *(None,) * 4)
    mine = snapshot.parties[side]
    parties = (mine, unknown) if side == 0 else (unknown, mine)
    ledger = (0.0,) * len(snapshot.ledger)
    return replace(snapshot, parties=parties, gates=(), ledger=ledger, known_to=side)


def names_of(scenario: Scenario) -> list[dict[str, str]]:
    """Return id and name of both parties."""
    return [{"id": party, "name": scenario.actors[party].name} for party in scenario.parties]


def shown_seat(seat: Seat) -> dict[str, object]:
    """Return what the panel of a seat shows, as plain data."""
    names = names_of(seat.settings.scenario)
    with seat.game.turns:
        return _shown(seat, *(names[side]["name"] for side in (seat.side, 1 - seat.side)))


def _shown(seat: Seat, name: str, other: str) -> dict[str, object]:
    table, asked = seat.game.table, seat.asked
    deciding = table.asked is not None and asked is None
    here = not seat.over and table.sits(seat.party)
    advice = asked is not None and seat.advised
    return {
        "party": seat.party,
        "name": name,
        "other": other,
        "week": table.week,
        "over": seat.over,
        "sits": here,
        "link": f"?seat={_others(seat)[1]}&table={seat.game.name}" if seat.game.name else "",
        "deciding": deciding,
        "asked": _asked(asked, seat.settings.scenario.provisions) if asked is not None else None,
        "advice": asked.advice if asked is not None and advice else "",
        "also": table.alone(seat.party) if advice else [],
        "advised": seat.advised,
        "free": free_moves(seat) if here else [],
        "decided": [
            line.partition(" ")[2]
            for line in table.settings.decisions
            if line.startswith(f"{seat.party} ") and not line.endswith(" sit")
        ],
        "courses": [_course(course, seat) for course in seat.game.debriefing],
    }


def _asked(asked: Asked, provisions: Collection[str]) -> dict[str, object]:
    return {
        "question": asked.question.name.lower(),
        "says": asked.says,
        "so_far": list(asked.so_far),
        "single": asked.single,
        "rows": [{**asdict(row), "article": row.key in provisions} for row in asked.wordings],
    }


def _course(course: Course, seat: Seat) -> dict[str, object]:
    mine, theirs = (course.utilities[party] for party in _others(seat))
    return {
        "what": course.what,
        "status": course.status,
        "week": course.signed_week,
        "mine": f"{mine:.3f}",
        "theirs": f"{theirs:.3f}",
    }


def _others(seat: Seat) -> tuple[str, str]:
    """Return the party of a seat, and the other one."""
    parties = seat.settings.scenario.parties
    return parties[seat.side], parties[1 - seat.side]


def free_moves(seat: Seat) -> list[Mapping[str, str]]:
    """Return what the seat may do unasked this week: the words of the decision, and a label."""
    scenario, table = seat.settings.scenario, seat.game.table
    articles = [(key, entry.number or key) for key, entry in scenario.provisions.items()]
    moves = [("offer_agreed", "Offer to sign what is agreed")]
    moves += [
        (f"concede {row.key}", f"Give way alone on {row.name}")
        for row in table.open_wordings(seat.party)
        if row.key in scenario.provisions
    ]
    for key, entry in scenario.preconditions.items():
        if entry.delivered_by == seat.party:
            moves.append((f"concede {key}", f"Promise: {entry.title}"))
        if entry.demanded_by == seat.party:
            moves.append((f"drop {key}", f"Drop your demand: {entry.title}"))
    moves.append((f"concede {OUTSIDE}", "Concede something outside the text"))
    moves += [(f"reopen {key}", f"Reopen {number}") for key, number in articles]
    moves.append(("leave", "Leave the seat: the model decides from now on"))
    return [
        {"words": words, "label": label}
        for words, label in moves
        if not table.barred(seat.party, words)
    ]
