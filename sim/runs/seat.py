"""A person in a party's seat: what it is asked, what it knows, what its delegation would do.

The talks are played by the Mesa model until a rule asks. Every decision becomes a line of
`sim.config.decisions`, so that settings with those lines are the same run, in either driver.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.config.decisions import (
    ANSWERS,
    FIELDS,
    FREE,
    OUTSIDE,
    VERBS,
    Asked,
    Decision,
    Wording,
    blank,
    decisions_of,
    issue_of,
    read_decision,
)
from sim.config.settings import Settings
from sim.errors import ConfigError, did_you_mean
from sim.model.codes import Article, Decided, Move, Precondition, Question, Treaty
from sim.model.records import ARTICLES, DECISION, ISSUES
from sim.model.rules.offers import can_reopen, look_at
from sim.model.rules.responses import takes_single
from sim.runs.mesa_model import NegotiationModel
from sim.runs.opening import RunRecord, open_run
from sim.runs.story import Line, article_name, day_of, percent, tell_one

_ALONE = (Move.CONCESSION_ARTICLE, Move.CONCESSION_PROMISE, Move.CONCESSION_OUTSIDE)
_OF_OTHER: Mapping[Move, str] = {
    Move.ACCEPTED: "accepts the draft",
    Move.TEXT_REFUSED: "refuses the mediator's text",
    Move.INTERIM_REFUSED: "refuses to sign the agreed part",
    Move.SIGNING_REFUSED: "does not sign yet",
    Move.CONCESSION_OUTSIDE: "concedes something outside the text",
}
"""Moves whose words name what only the side itself knows, as the other side sees them."""


class Table:
    """Talks at which persons sit for one party or for both.

    `decisions` grows with what they decide, and `settings` with it: a run of those settings is the
    run played here.
    """

    def __init__(
        self,
        settings: Settings,
        parties: Sequence[str],
        played: int = 0,
        tell: Callable[[NegotiationModel], None] = lambda model: None,
    ) -> None:
        """Open the talks, and play `played` weeks again as they were decided.

        `tell` is called at the opening and after every week.

        Raises ConfigError for a party that there is not.
        """
        known = settings.scenario.parties
        problems = [
            f"seat: no party '{party}'{did_you_mean(party, known)}"
            for party in parties
            if party not in known
        ]
        if problems:
            raise ConfigError(problems)
        self.parties = tuple(party for party in known if party in parties)
        seated = {line.split()[0] for line in settings.decisions}
        opening = [f"{party} 0 sit" for party in self.parties if party not in seated]
        lines = [*opening, *settings.decisions]
        self.settings = settings.model_copy(update={"decisions": lines})
        talks = open_run(self.settings)
        self._entries = talks.decisions
        self.model = NegotiationModel(settings=self.settings, talks=talks)
        self.asked: Asked | None = None
        given = decisions_of(lines, settings.scenario, settings.horizon)
        last = max(played, *(decision.week for decision in given))
        self._tell = tell
        tell(self.model)
        while self.model.running and self.model.tick < last:
            self.model.step()
            tell(self.model)
        self._ask_from(self.model.tick)

    @property
    def week(self) -> int:
        """The week that is played next."""
        return self.model.tick

    @property
    def over(self) -> bool:
        """True once the talks have ended."""
        return not self.model.running

    def record(self) -> RunRecord:
        """Return what has been played so far."""
        return replace(self.model.run_record(), settings=self.settings)

    def sits(self, party: str) -> bool:
        """Return whether a person decides for this party in the week that is played next."""
        side = self.settings.scenario.parties.index(party)
        return not self.over and bool(self._entries[self.week, side].seated)

    def step(self) -> bool:
        """Play one week; False where a person is asked, with the question in `asked`."""
        if self.asked is not None:
            return False
        self.model.step()
        if self.model.asked is not None:
            self.asked = self._question(self.model.asked)
            return False
        self._tell(self.model)
        return True

    def sit(self, party: str) -> None:
        """Let a person sit for one more party, from the week that is played next."""
        if self.sits(party):
            return
        if self.over:
            raise ConfigError("the talks are over")
        self.parties = tuple(
            p for p in self.settings.scenario.parties if p in (*self.parties, party)
        )
        side = self.settings.scenario.parties.index(party)
        self._entries["seated"][self.week :, side] = 1
        self._write(Decision(party, self.week, "sit"))
        self._ask_from(self.week)
        self.asked = None

    def ask(self) -> None:
        """Ask what the week that is played next brings, if anything, and play nothing."""
        if self.asked is None and not self.over:
            after, _ = self.model.trial()
            if after.asked:
                self.step()

    def play_on(self) -> None:
        """Play until a person is asked or the talks end."""
        while not self.over and self.step():
            pass

    def decide(self, party: str, words: str) -> None:
        """Take a decision for the week that is played next, e.g. ``take VII``.

        Raises ConfigError, and leaves everything as it was, if it cannot be decided now.
        """
        line = f"{party} {self.week} {words}"
        try:
            decision = read_decision(line, self.settings.scenario, self.settings.horizon)
        except ConfigError as error:
            raise ConfigError(str(error).removeprefix(f"decisions: '{line}': ")) from error
        self._check(decision)
        side = self.settings.scenario.parties.index(party)
        field, write = VERBS[decision.verb]
        entry = self._entries[self.week, side]
        if decision.verb == "leave":
            for name in DECISION.names or ():
                self._entries[name][self.week :, side] = blank()[0][name]
        elif field == "draft":
            entry.offer = np.nan
        write(entry, decision.words, self.settings.scenario, side)
        self._write(decision)
        signing = self.asked is not None and self.asked.question == Question.SIGNATURE
        if signing or field in ("seat", "interim", "reopened", self._field()):
            self.asked = None

    def as_advised(self) -> None:
        """Let the model's party answer what is asked."""
        if self.asked is None:
            return
        side = self.settings.scenario.parties.index(self.asked.party)
        self._entries[self.week, side][self._field()] = Decided.MODEL
        self.asked = None

    def barred(self, party: str, words: str) -> str:
        """Return why a decision that nobody asked for could have no effect now, or nothing."""
        scenario, horizon = self.settings.scenario, self.settings.horizon
        return self._not_free(read_decision(f"{party} {self.week} {words}", scenario, horizon))

    def sit_on(self) -> None:
        """State that persons sit from this week on: a table of these settings opens there."""
        here = [f"{party} {self.week} sit" for party in self.parties if self.sits(party)]
        lines = dict.fromkeys([*self.settings.decisions, *here])
        self.settings = self.settings.model_copy(update={"decisions": list(lines)})

    def _field(self) -> str:
        return FIELDS[self.asked.question] if self.asked is not None else ""

    def _write(self, decision: Decision) -> None:
        field = VERBS[decision.verb][0]
        lines = []
        for line in self.settings.decisions:
            party, week, verb = line.split()[:3]
            same = (party, int(week)) == (decision.party, decision.week)
            replaced = decision.verb == "leave" or VERBS[verb][0] == field
            if not (same and replaced):
                lines.append(line)
        self.settings = self.settings.model_copy(update={"decisions": [*lines, str(decision)]})

    def _check(self, decision: Decision) -> None:
        """Refuse what answers no question of the moment, or what the rules do not allow."""
        said = f"'{decision.verb}'"
        asked = self.asked
        if self.over:
            raise ConfigError("the talks are over")
        if not self.sits(decision.party) or decision.verb == "sit":
            raise ConfigError(f"{said}: nobody sits for {decision.party} any more")
        if decision.verb in FREE:
            problem = self._not_free(decision)
        elif asked is None or decision.party != asked.party:
            problem = f"{decision.party} is not asked anything now"
        elif decision.verb not in asked.answers:
            problem = f"that is no answer; choose from {', '.join(asked.answers)}"
        else:
            problem = self._not_open(decision)
        if problem:
            raise ConfigError(f"{said}: {problem}")

    def _not_free(self, decision: Decision) -> str:
        """Return why a decision that nobody asked for can have no effect now, or nothing."""
        refused = {"concede": self._not_conceded, "drop": self._not_dropped}
        refused |= {"offer_agreed": self._not_offered, "reopen": self._not_reopened}
        return refused[decision.verb](decision) if decision.verb in refused else ""

    def _not_conceded(self, decision: Decision) -> str:
        state = self.model.talks.state
        side, (key,) = self.settings.scenario.parties.index(decision.party), decision.words
        if state.status >= Treaty.SIGNED_INTERIM:
            return "a paper is signed, nothing is conceded alone any more"
        if state.stock[side] < 1.0:
            return "nothing is left that could be conceded alone"
        if key == OUTSIDE:
            return ""
        j = issue_of(self.settings.scenario, key)
        if j < ARTICLES:
            if not state.in_talks[j] or state.article[j] == Article.AGREED:
                return f"'{key}' is closed"
            return f"all is given on '{key}'" if state.floor[side, j] >= 1.0 else ""
        if self.settings.precondition.rule == "none":
            return "by the rules of these talks no demand stands in the way"
        status = Precondition(int(state.precondition[j - ARTICLES]))
        return "" if status == Precondition.DEMANDED else f"'{key}' is {status.name.lower()}"

    def _not_dropped(self, decision: Decision) -> str:
        names = list(self.settings.scenario.preconditions)
        for key in decision.words:
            status = Precondition(int(self.model.talks.state.precondition[names.index(key)]))
            if status in (Precondition.DORMANT, Precondition.MET, Precondition.WAIVED):
                return f"'{key}' is {status.name.lower()}"
        return ""

    def _not_offered(self, decision: Decision) -> str:
        state, params = self.model.talks.state, self.model.talks.params
        if self.settings.agenda.rule != "interim_allowed":
            return "the rules of these talks allow no interim deal"
        agreed = state.article[: params.articles] == Article.AGREED
        if state.text_week >= 0 or state.interim_week >= 0 or not agreed.any():
            return "there is no agreed part to sign alone"
        return ""

    def _not_reopened(self, decision: Decision) -> str:
        state = self.model.talks.state
        if not can_reopen(self.model.talks.params):
            return "the rules of these talks bind both sides to what is closed"
        if state.text_week >= 0:
            return "the text is closed"
        for key in decision.words:
            i = issue_of(self.settings.scenario, key)
            if not state.in_talks[i] or state.article[i] != Article.AGREED:
                return f"'{key}' has not been closed in these talks"
        return ""

    def _not_open(self, decision: Decision) -> str:
        """Return which of the articles named is not open, or what the rules do not allow."""
        if decision.verb == "take" and decision.words and not takes_single(self.model.talks.params):
            return "the rules of these talks take a draft as a whole"
        keys = [word.partition("=")[0] for word in decision.words if decision.verb != "demand"]
        names = {entry.key for entry in self.open_wordings(decision.party)}
        numbers = {p.number: key for key, p in self.settings.scenario.provisions.items()}
        shut = [key for key in keys if numbers.get(key, key) not in names]
        return f"not open: {', '.join(shut)}" if shut else ""

    def _ask_from(self, week: int) -> None:
        """Ask the persons whatever they have not decided, from a week on."""
        for party in self.parties:
            later = self._entries[week:, self.settings.scenario.parties.index(party)]
            for name in filter(None, FIELDS.values()):
                codes = later[name]
                codes[(later["seated"] == 1) & (codes == Decided.MODEL)] = Decided.ASK

    # --- what a seat knows

    def seen(
        self, events: NDArray[np.void], party: str | None, now: np.record | None = None
    ) -> Iterator[Line]:
        """Yield moves in words as the person in a seat sees them; None sees all.

        Of the other side's moves neither the reason nor what it reckons; of its drafts, what they
        give to the seat, which is the week's `received`. `now` is the state in a week that has not
        been played to its end.
        """
        scenario = self.settings.scenario
        side = 0 if party is None else scenario.parties.index(party)
        rival = None if party is None else scenario.parties[1 - side]
        for event in events:
            line = tell_one(event, self.settings)
            if line.actor == rival:
                name = scenario.actors[rival].name
                if line.move == Move.OFFER:
                    line = line._replace(
                        said=f"{name} tables a draft{self._given(event, side, now)}"
                    )
                elif line.move in _OF_OTHER:
                    line = line._replace(said=f"{name} {_OF_OTHER[line.move]}")
                line = line._replace(why="")
            yield line

    def _given(self, event: np.void, side: int, now: np.record | None) -> str:
        state = self.model.run_record().history[int(event["week"])] if now is None else now
        name = self.settings.scenario.actors[self.settings.scenario.parties[side]].name
        return f": it gives {name} {percent(float(state.received[side, 0]))} of what is open"

    def open_wordings(self, party: str, state: np.record | None = None) -> tuple[Wording, ...]:
        """Return what is open, article by article and demand by demand, as a seat sees it."""
        talks, scenario = self.model.talks, self.settings.scenario
        params = talks.params
        state = talks.state if state is None else state
        side = scenario.parties.index(party)
        author = 0 if state.asked == Question.TEXT else 1 - side
        free, worth = np.zeros(ISSUES, np.int8), np.zeros(ISSUES)
        look_at(params, state.copy(), side, author, free, worth)  # rules keep what they weigh
        return tuple(
            Wording(
                key=key,
                name=name,
                weight=float(params.weight[side, j]),
                ideal=float(params.ideal[side, j]),
                own=float(talks.state.offer[side, j]),
                other=float(state.offer[author, j]),
                worth=float(worth[j]),
            )
            for j, key, name in self._issues()
            if free[j]
        )

    def _issues(self) -> Iterator[tuple[int, str, str]]:
        """Yield number, key and name of each provision and precondition."""
        scenario = self.settings.scenario
        for i, key in enumerate(scenario.provisions):
            yield i, key, article_name(scenario, i)
        for k, (key, entry) in enumerate(scenario.preconditions.items(), ARTICLES):
            yield k, key, entry.title

    def _share(self, state: np.record, side: int, author: int) -> str:
        free, worth = np.zeros(ISSUES, np.int8), np.zeros(ISSUES)
        return percent(look_at(self.model.talks.params, state.copy(), side, author, free, worth))

    def _question(self, state: np.record) -> Asked:
        side = int(state.asked_of)
        party = self.settings.scenario.parties[side]
        question = Question(int(state.asked))
        events = self.model.talks.events[int(self.model.talks.state.events) : int(state.events)]
        seen = self.seen(events.copy(), None if len(self.parties) == 2 else party, state)
        so_far = tuple(line.text for line in seen)
        return Asked(
            party=party,
            week=self.week,
            day=day_of(self.settings.scenario, self.week),
            question=question,
            says=self._says(state, question, side),
            wordings=self.open_wordings(party, state) if question != Question.SIGNATURE else (),
            answers=ANSWERS[question],
            single=question == Question.ANSWER and takes_single(self.model.talks.params),
            advice=self._advice(question, side),
            so_far=so_far,
        )

    def _says(self, state: np.record, question: Question, side: int) -> str:
        """Return a question in a sentence, with the numbers that the seat knows."""
        least = f"the least worth taking is {percent(float(state.reservation[side]))}"
        if question == Question.DRAFT:
            before = ""
            if state.n_demanded[side]:
                before = f" Your last one asked for {percent(float(state.demanded[side, 0]))}."
            return f"A draft of yours is due.{before}"
        if question == Question.ANSWER:
            share = self._share(state, side, 1 - side)
            return f"A draft is on the table. It gives you {share} of what is open; {least}."
        if question == Question.TEXT:
            share = self._share(state, side, 0)
            return f"The mediator tables a text. It gives you {share} of what is open; {least}."
        if state.text_week < 0:
            now, wait = state.interim_now[side], state.interim_wait[side]
            what = "The agreed part can be signed"
        else:
            now, wait = state.value_now[side], state.value_wait[side]
            what = "The treaty can be signed"
        return (
            f"{what}: the other side would. To you it is worth {now:.3f} now, waiting {wait:.3f}."
        )

    def _advice(self, question: Question, side: int) -> str:
        """Return what the model's party would answer, from a trial of the week."""
        entry = self._entries[self.week, side]
        before = entry[FIELDS[question]]
        entry[FIELDS[question]] = Decided.MODEL
        after, moves = self.model.trial()
        entry[FIELDS[question]] = before
        own = [move for move in moves if move["actor"] == side]
        made = {Move(int(move["move"])) for move in own}
        if question == Question.DRAFT:
            return f"ask for {percent(float(after.target[side]))} of what is open"
        if question == Question.TEXT:
            return "refuse the text" if Move.TEXT_REFUSED in made else "take the text"
        if question == Question.SIGNATURE:
            refused = [m for m in own if m["move"] in (Move.INTERIM_REFUSED, Move.SIGNING_REFUSED)]
            if refused:
                return f"wait: {tell_one(refused[0], self.settings).why}"
            return "sign" if after.status > self.model.talks.state.status else "wait"
        if Move.ACCEPTED in made:
            return "take it all"
        closed = [m for m in moves if m["move"] == Move.ARTICLE_CLOSED and m["actor"] != 1 - side]
        keys = [list(self.settings.scenario.provisions)[int(m["issue"])] for m in closed]
        return f"take {' '.join(keys)}" if keys else "refuse it"

    def alone(self, party: str) -> list[str]:
        """Return what the model's party would do this week that nobody asks for, in words."""
        side = self.settings.scenario.parties.index(party)
        entry = self._entries[self.week, side]
        entry.seated = 0
        _, moves = self.model.trial()
        entry.seated = 1
        return [
            tell_one(move, self.settings).text
            for move in moves
            if move["actor"] == side
            and (
                move["move"] in (*_ALONE, Move.INTERIM_PROPOSED)
                or (move["move"] == Move.PRECONDITION_STEP and move["value"] == Precondition.WAIVED)
            )
        ]
