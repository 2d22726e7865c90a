"""A visitor in a party's seat: what it is shown, what it is asked, what it decides.

One game may be played from two tabs, one in each seat: it is found by its name, and whoever else
is at it is told when something has changed.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from threading import RLock

from sim.config.decisions import OUTSIDE
from sim.config.settings import Settings
from sim.errors import ConfigError, SimError
from sim.model.codes import Article, Precondition, Question
from sim.model.records import ARTICLES
from sim.runs.mesa_model import NegotiationModel
from sim.runs.play import Course, debriefing
from sim.runs.seat import Asked, Table
from sim.view.watch import PartyNow, Snapshot, Watch, take

KEPT_GAMES = 50
"""Games that others may join, the newest."""


class Game:
    """Talks with one person or two, and every week of them that has been played."""

    def __init__(self, settings: Settings, parties: list[str], played: int) -> None:
        self.name = ""  # by which others find it, once somebody is invited
        self.turns = RLock()  # two tabs decide one after the other
        self.failure = ""  # what the rules raised
        self.tell: dict[int, Callable[[], None]] = {}  # whom to tell of a change, by their tabs
        self.weeks: list[tuple[Snapshot, int]] = []  # each with the moves written down by its end
        self.table = Table(settings, parties, played, self._keep)
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
        try:
            self.table.step()
        except SimError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a user's plug-in may raise anything; it is shown
            self.failure = f"the rules raised {type(error).__name__}: {error}"
        if self.over and not self.failure and not self.debriefing:
            self.debriefing = debriefing(self.table.settings)

    def changed(self) -> None:
        """Tell all tabs that the game has gone on."""
        for tell in list(self.tell.values()):
            tell()


class Games:
    """The games of this server that somebody has been invited to."""

    def __init__(self) -> None:
        self._games: dict[str, Game] = {}

    def invite(self, game: Game) -> str:
        """Return the name by which others find a game."""
        if not game.name:
            game.name = secrets.token_urlsafe(9)
            self._games[game.name] = game
            for name in list(self._games)[:-KEPT_GAMES]:
                del self._games[name]
        return game.name

    def find(self, name: str) -> Game:
        """Return the game of that name; ConfigError if there is none."""
        if name not in self._games:
            raise ConfigError("table: this server holds no such game any more; ask for a new link")
        return self._games[name]


GAMES = Games()


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
    def stands(self) -> bool:
        """True if the talks wait for somebody's answer."""
        return self.game.waits

    def take_up(self) -> None:
        """Take in the weeks that have been played, here or from the other seat."""
        if self.over and not self._open:
            self._snapshots, self._open = [], True
        known_by = None if self._open else self.party
        for week in range(len(self._snapshots), len(self.game.weeks)):
            self._snapshots.append(self.game.seen(week, known_by))
        self.failed_week = self.model.tick if self.failure else -1

    def go(self, played: int) -> None:
        """Show the talks after so many weeks, playing what nobody has to answer for."""
        with self.game.turns:
            before = len(self.game.weeks)
            while self.played < played and not self.over and not self.stands:
                self.game.play()
                self.take_up()
            if len(self.game.weeks) > before:
                self.game.changed()
        self._at = min(max(played, 0), self.played)

    def decide(self, words: str) -> None:
        """Take a decision of this seat for the week that is played next, and play that week."""
        with self.game.turns:
            self.game.table.decide(self.party, words)
            self._after()

    def as_advised(self) -> None:
        """Let the model's party answer what this seat is asked, and play that week."""
        asked = self.asked
        if asked is None:
            raise ConfigError("nothing is asked of you now")
        with self.game.turns:
            self.game.table.as_advised()
            self._after()

    def _after(self) -> None:
        self.game.play()
        self.take_up()
        self._at = self.played
        self.game.changed()

    @property
    def asked(self) -> Asked | None:
        """The question to this seat, None if there is none."""
        asked = self.game.table.asked
        return asked if asked is not None and asked.party == self.party else None

    def close(self) -> None:
        """Let go of the game; Mesa forgets it when the last one has."""
        self.game.tell.pop(id(self), None)
        if not self.game.tell:
            super().close()


def hidden(snapshot: Snapshot, side: int) -> Snapshot:
    """Return the talks as one side knows them: without the other's reckoning and what follows."""
    other = snapshot.parties[1 - side]
    unknown = PartyNow(None, None, None, other.status_quo, other.status_quo, *(None,) * 4)
    mine = snapshot.parties[side]
    parties = (mine, unknown) if side == 0 else (unknown, mine)
    return replace(snapshot, parties=parties, gates=(), ledger=(0.0,) * len(snapshot.ledger))


def shown_seat(seat: Seat | None, settings: Settings) -> dict[str, object]:
    """Return what the panel of the seat shows, as plain data."""
    scenario = settings.scenario
    names = [{"id": party, "name": scenario.actors[party].name} for party in scenario.parties]
    if seat is None:
        return {"party": "", "parties": names}
    table, asked = seat.game.table, seat.asked
    deciding = table.asked.party if table.asked is not None and asked is None else ""
    here = not seat.over and table.sits(seat.party)
    advice = asked is not None and seat.advised
    return {
        "party": seat.party,
        "parties": names,
        "name": names[seat.side]["name"],
        "other": names[1 - seat.side]["name"],
        "week": table.week,
        "over": seat.over,
        "sits": here,
        "joined": seat.game.name,
        "deciding": scenario.actors[deciding].name if deciding else "",
        "asked": _asked(asked, seat) if asked is not None else None,
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


def _asked(asked: Asked, seat: Seat) -> dict[str, object]:
    rules = seat.settings
    single = rules.bargaining.rule == "articles" or rules.agenda.rule == "issue_by_issue"
    return {
        "question": asked.question.name.lower(),
        "says": asked.says,
        "single": single and asked.question == Question.ANSWER,
        "rows": [
            {**asdict(row), "article": row.key in rules.scenario.provisions}
            for row in asked.wordings
        ],
    }


def _course(course: Course, seat: Seat) -> dict[str, object]:
    mine, theirs = (course.utilities[party] for party in _mine_first(seat))
    return {
        "what": course.what,
        "status": course.status,
        "week": course.signed_week,
        "mine": f"{mine:.3f}",
        "theirs": f"{theirs:.3f}",
    }


def _mine_first(seat: Seat) -> tuple[str, str]:
    parties = seat.settings.scenario.parties
    return parties[seat.side], parties[1 - seat.side]


def free_moves(seat: Seat) -> list[Mapping[str, str]]:
    """Return what the seat may do unasked this week: the words of the decision, and a label."""
    scenario, table = seat.settings.scenario, seat.game.table
    state = table.model.talks.state
    moves = [("offer_agreed", "Offer to sign what is agreed")]
    moves += [
        (f"concede {row.key}", f"Give way alone on {row.name}")
        for row in table.open_wordings(seat.party)
        if row.key in scenario.provisions
    ]
    for k, (key, entry) in enumerate(scenario.preconditions.items()):
        status = Precondition(int(state.precondition[k]))
        if entry.delivered_by == seat.party and status == Precondition.DEMANDED:
            moves.append((f"concede {key}", f"Promise: {entry.title}"))
        if entry.demanded_by == seat.party:
            moves.append((f"drop {key}", f"Drop your demand: {entry.title}"))
    moves.append((f"concede {OUTSIDE}", "Concede something outside the text"))
    for i, (key, provision) in enumerate(scenario.provisions.items()):
        if i < ARTICLES and state.article[i] == Article.AGREED and state.in_talks[i]:
            moves.append((f"reopen {key}", f"Reopen {provision.number or key}"))
    moves.append(("leave", "Leave the seat: the model decides from now on"))
    return [
        {"words": words, "label": label}
        for words, label in moves
        if not table.barred(seat.party, words)
    ]
