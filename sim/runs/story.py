"""One run told in words: each recorded move as a dated sentence with its reason.

The words are neutral and the names are the scenario's. Every code of `sim.model.codes.Move` and of
`sim.model.codes.Reason` has its words in a table here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.config.scenario import PREAMBLE, Scenario
from sim.config.settings import Settings
from sim.model.codes import Actor, Gate, Move, Precondition, Reason, Treaty, complete

if TYPE_CHECKING:
    from sim.runs.opening import RunRecord


class Line(NamedTuple):
    """One move in words."""

    week: int  # week of the talks, from 0
    day: date  # first day of that week
    move: Move
    actor: str  # id of the actor in the scenario; empty for what nobody does
    said: str  # what happened, without a full stop
    why: str  # the reason, or empty where the move needs none

    @property
    def text(self) -> str:
        """The whole sentence."""
        return f"{self.said} ({self.why})." if self.why else f"{self.said}."


class Told(NamedTuple):
    """What a move's words may refer to."""

    settings: Settings
    actor: Actor
    issue: int
    reason: Reason
    value: float

    @property
    def scenario(self) -> Scenario:
        """The negotiation."""
        return self.settings.scenario

    @property
    def who(self) -> str:
        """Name of who acts; both parties where it is nobody alone."""
        if self.actor == Actor.NATURE:
            return self.parties
        return self.name(int(self.actor))

    @property
    def other(self) -> str:
        """Name of the other party."""
        return self.name(1 - int(self.actor)) if self.actor in (0, 1) else self.parties

    @property
    def parties(self) -> str:
        """Names of both parties."""
        return f"{self.name(0)} and {self.name(1)}"

    @property
    def mediator(self) -> str:
        """Name of the mediator."""
        return self.name(int(Actor.MEDIATOR))

    @property
    def home(self) -> str:
        """Name of the party at whose home it happens; for an election, `issue` may say so."""
        homes = list(self.scenario.all_homes)
        second = self.actor == Actor.SECOND_OPPOSITION or (
            self.actor == Actor.NATURE and self.issue >= 0
        )
        return self.scenario.actors[homes[-1 if second else 0]].name

    @property
    def street(self) -> str:
        """Name of the opposition that leads a protest, or of the street where there is none."""
        present = self.actor in self.scenario.cast
        return self.name(int(self.actor)) if present else "The street"

    @property
    def article(self) -> str:
        """The provision concerned, by number and title."""
        return article_name(self.scenario, self.issue)

    @property
    def demand(self) -> str:
        """The precondition concerned, by its title."""
        return list(self.scenario.preconditions.values())[self.issue].title

    @property
    def demanded_by(self) -> str:
        """Name of the party that demands the precondition concerned."""
        entry = list(self.scenario.preconditions.values())[self.issue]
        return self.scenario.actors[entry.demanded_by].name

    def name(self, actor: int) -> str:
        """Return an actor's name."""
        return self.scenario.actors[self.scenario.cast[Actor(actor)]].name


def short_title(title: str) -> str:
    """Return a title up to its first colon or semicolon."""
    for mark in (";", ":"):
        title = title.split(mark, 1)[0]
    return title.strip()


def article_name(scenario: Scenario, index: int) -> str:
    """Return a provision as it is named in a sentence, e.g. ``article VII (No forces of ...)``.

    index: its place in the text, the preamble first.
    """
    key, provision = list(scenario.provisions.items())[index]
    title = short_title(provision.title)
    if key == PREAMBLE:
        return "the preamble"
    if not provision.number:
        return f"the article '{title}'"
    return f"article {provision.number} ({title})"


def percent(share: float) -> str:
    """Return a share as ``84 %``."""
    return f"{100.0 * share:.0f} %"


def wording(scenario: Scenario, position: float) -> str:
    """Return a position in words, between the first party's wording and the second's."""
    first, second = (scenario.actors[party].name for party in scenario.parties)
    if position <= 0.005:
        return f"in {first}'s wording"
    if position >= 0.995:
        return f"in {second}'s wording"
    return f"{percent(position)} of the way from {first}'s wording to {second}'s"


def _meeting(told: Told) -> str:
    if told.actor == Actor.MEDIATOR:
        return f"{told.parties} meet, hosted by {told.mediator}"
    return f"{told.parties} meet"


def _precondition_step(told: Told) -> str:
    who = told.who
    return {
        Precondition.DORMANT: f"A demand is put aside: {told.demand}",
        Precondition.DEMANDED: f"{told.demanded_by} demands: {told.demand}",
        Precondition.PROMISED: f"{who} promises: {told.demand}",
        Precondition.DRAFTING: f"{who} starts to draft: {told.demand}",
        Precondition.PARLIAMENT: f"{who} puts before parliament: {told.demand}",
        Precondition.REFERENDUM: f"{who} calls a referendum: {told.demand}",
        Precondition.MET: f"A precondition is met: {told.demand}",
        Precondition.FAILED: f"A precondition fails: {told.demand}",
        Precondition.WAIVED: f"{told.demanded_by} drops a demand: {told.demand}",
    }[Precondition(int(told.value))]


def _article_closed(told: Told) -> str:
    where = wording(told.scenario, told.value)
    if told.actor == Actor.NATURE:
        return f"{_capital(told.article)} closes {where}"
    return f"{told.who} takes {told.article} {where}"


def _interim_proposed(told: Told) -> str:
    return f"{told.who} proposes to sign the agreed part now and to go on with the rest"


def _worse_by(told: Told) -> str:
    more = f"{-told.value:.3f}" if told.value <= -0.0005 else "less than 0.001"
    return f"; to it waiting is worth {more} more"


def _lapsed(told: Told) -> str:
    if told.actor == Actor.NATURE:
        return "The signed deal lapses"
    return f"{told.who} leaves the signed deal"


def _election(told: Told) -> str:
    kept = told.reason == Reason.VOTE_PASSED
    result = "keeps its majority" if kept else "loses its majority"
    return f"Election in {told.home}: the government {result} with {percent(told.value)} of votes"


def _calendar(told: Told) -> str:
    entry = told.scenario.calendar[told.issue]
    if (entry.date - told.scenario.start).days % 7 == 0:
        return entry.title
    return f"{entry.title} ({entry.date.day} {entry.date:%B})"


MOVES: Mapping[Move, Callable[[Told], str]] = {
    Move.CALENDAR: _calendar,
    Move.INCIDENT: lambda t: f"An incident closes the direct channel for {t.value:g} weeks",
    Move.MEETING: _meeting,
    Move.MEDIATOR_TEXT: lambda t: f"{t.who} tables a single negotiating text",
    Move.TEXT_REFUSED: lambda t: (
        f"{t.who} refuses the mediator's text; it asks for {percent(t.value)} of what is open"
    ),
    Move.SIDE_PAYMENT: lambda t: (
        f"{t.who} promises side payments for a signature, worth {t.value:.3f} in all"
    ),
    Move.OFFER: lambda t: f"{t.who} tables a draft: it asks for {percent(t.value)} of what is open",
    Move.ACCEPTED: lambda t: (
        f"{t.who} accepts the draft, which gives it {percent(t.value)} of what is open"
    ),
    Move.ARTICLE_CLOSED: _article_closed,
    Move.ARTICLE_HALF: lambda t: (
        f"{_capital(t.article)} is half agreed, the drafts {t.value:.2f} apart"
    ),
    Move.ARTICLE_REOPENED: lambda t: (
        f"{_capital(t.article)} is open again, the drafts {t.value:.2f} apart"
    ),
    Move.TEXT_AGREED: lambda t: "The text is complete",
    Move.INITIALLED: lambda t: f"{t.parties} initial the text",
    Move.CONCESSION_ARTICLE: lambda t: (
        f"{t.who} gives way alone on {t.article}: {percent(t.value)} of the way for good"
    ),
    Move.CONCESSION_PROMISE: lambda t: f"{t.who} promises of its own accord: {t.demand}",
    Move.CONCESSION_OUTSIDE: lambda t: (
        f"{t.who} concedes something outside the text, worth {t.value:.3f} to {t.other}"
    ),
    Move.PRECONDITION_STEP: _precondition_step,
    Move.PRECONDITION_ADDED: lambda t: f"{t.who} adds a demand: {t.demand}",
    Move.INTERIM_PROPOSED: _interim_proposed,
    Move.INTERIM_REFUSED: lambda t: f"{t.who} refuses to sign the agreed part{_worse_by(t)}",
    Move.INTERIM_SIGNED: lambda t: f"{t.parties} sign the agreed part as an interim deal",
    Move.SIGNING_REFUSED: lambda t: f"{t.who} does not sign yet{_worse_by(t)}",
    Move.FULL_SIGNED: lambda t: f"{t.parties} sign the treaty in full",
    Move.SIDE_RATIFIED: lambda t: f"{t.who} ratifies the treaty",
    Move.RATIFICATION_FAILED: lambda t: f"Ratification fails in {t.who}",
    Move.RATIFIED: lambda t: "The treaty is ratified by both",
    Move.LAPSED: _lapsed,
    Move.COLLAPSED: lambda t: "The talks break down",
    Move.ELECTION_HELD: _election,
    Move.PROTEST_WAVE: lambda t: (
        f"{t.street}: protest spreads to {percent(t.value)} of citizens in {t.home}"
    ),
    Move.GOVERNMENT_FELL: lambda t: f"The government of {t.home} falls",
    Move.GOVERNMENT_FOLLOWED: lambda t: (
        f"The government of {t.home} falls; its successor goes on with the talks"
    ),
    Move.FAULT: lambda t: "The run ends",
}
"""What happened, for each kind of move."""

REASONS: Mapping[Reason, Callable[[Told], str]] = {
    Reason.NONE: lambda t: "",
    Reason.STRATEGY_TARGET: lambda t: "its strategy's target",
    Reason.BEATS_NEXT_DEMAND: lambda t: (
        "the acceptance condition holds and the status quo is worse"
    ),
    Reason.POSITIONS_MET: lambda t: "the drafts have met",
    Reason.POSITIONS_NEAR: lambda t: "the drafts are near each other",
    Reason.OFFERS_DIVERGED: lambda t: "new drafts have moved apart",
    Reason.ALL_CLOSED: lambda t: "every article is agreed",
    Reason.WITHIN_WIN_SETS: lambda t: "it lies within both sides' win-sets",
    Reason.KEEP_OFFICE: lambda t: "for keeping office it is worth more than it costs",
    Reason.ROUTE_STEP: lambda t: "its time on the route has come",
    Reason.STAGE_REACHED: lambda t: "the talks have reached the stage set for it",
    Reason.PACKAGE_PROMISE: lambda t: "part of the accepted package",
    Reason.HOLD_OUT_TYPE: lambda t: "it holds out: one demand met, it makes the next",
    Reason.VOTES_MISSING: lambda t: "votes are missing in parliament",
    Reason.VOTE_PASSED: lambda t: "the vote is carried",
    Reason.VOTE_LOST: lambda t: "the vote is lost",
    Reason.BELOW_QUORUM: lambda t: "too few of the eligible voted yes",
    Reason.HOSTAGE_VALUE: lambda t: "kept back, the agreed part buys more on the rest",
    Reason.BETTER_NOW: lambda t: "both prefer it to waiting",
    Reason.EXPECTS_CONCESSIONS: lambda t: (
        f"it expects further concessions by {t.other} that outweigh the delay"
    ),
    Reason.STATUS_QUO_BETTER: lambda t: "the status quo is worth more to it",
    Reason.HOME_COST: lambda t: "politics at home costs more than it gains",
    Reason.WAIT_NOT_WORTH: lambda t: "waiting for it costs more than it is worth",
    Reason.TEXT_BELOW_DEMAND: lambda t: "the text gives less than it would settle for",
    Reason.LEVERAGE: lambda t: "as far as its attention and leverage go",
    Reason.BASE_HAZARD: lambda t: "by the rate at which such deals fail",
    Reason.NOT_WORTH_KEEPING: lambda t: "it is worth less than leaving it",
    Reason.ESCALATION: lambda t: "the incident escalates",
    Reason.NO_ZONE_PATIENCE: lambda t: "for too long no package has beaten the status quo for both",
    Reason.RATIFIER_SHARE: lambda t: "the ratifier wanted a larger share",
    Reason.NO_MAJORITY: lambda t: "the government has no majority for it",
    Reason.STREET: lambda t: "protest went on for too long",
    Reason.BALLOT: lambda t: "the election is lost",
    Reason.CASCADE: lambda t: "each protester brings out others",
    Reason.NOT_FINITE: lambda t: "a strategy or acceptance condition returned no finite number",
    Reason.SCHEDULED: lambda t: "",
    Reason.WORTH_MORE_CLOSED: lambda t: "closed now it is worth more than left open",
    Reason.EXCHANGE: lambda t: "each gives way on one of two articles",
    Reason.WORTH_MORE_OPEN: lambda t: "open it is worth more than closed, by more than that costs",
    Reason.DEMAND_PAYS: lambda t: "it may gain more by it than the delay costs",
    Reason.DECIDED: lambda t: "its negotiator decides so",
    Reason.VOTE_AGAIN: lambda t: "the question is put again after a lost vote",
}
"""Why, for each reason; empty where the move says it all."""

complete(MOVES, Move)
complete(REASONS, Reason)

SPECIAL: Mapping[tuple[Move, Reason], Callable[[Told], str]] = {
    (Move.INTERIM_PROPOSED, Reason.STRATEGY_TARGET): lambda t: (
        "its text found no favour, and the agreed part is there to sign"
        if t.actor == Actor.MEDIATOR
        else "its strategy offers what is agreed"
    ),
    (Move.ACCEPTED, Reason.BEATS_NEXT_DEMAND): lambda t: (
        f"its acceptance condition, {_condition(t)}, holds and the status quo is worse"
    ),
    (Move.ARTICLE_CLOSED, Reason.BEATS_NEXT_DEMAND): lambda t: "as in the accepted draft",
    (Move.INTERIM_REFUSED, Reason.EXPECTS_CONCESSIONS): lambda t: (
        f"a paper would end the concessions that it expects of {t.other}"
    ),
    (Move.ARTICLE_CLOSED, Reason.WITHIN_WIN_SETS): lambda t: "as in the mediator's text",
    (Move.TEXT_REFUSED, Reason.STATUS_QUO_BETTER): lambda t: (
        "no text was found that beats the status quo for both"
    ),
    (Move.ELECTION_HELD, Reason.VOTE_PASSED): lambda t: "",
    (Move.ELECTION_HELD, Reason.BALLOT): lambda t: "",
    (Move.SIDE_RATIFIED, Reason.VOTE_PASSED): lambda t: "parliament agrees",
    (Move.RATIFIED, Reason.VOTE_PASSED): lambda t: "",
    (Move.PRECONDITION_STEP, Reason.VOTE_PASSED): lambda t: (
        "parliament has the votes"
        if int(t.value) == Precondition.REFERENDUM
        else "the referendum is carried"
    ),
    (Move.PRECONDITION_STEP, Reason.VOTE_LOST): lambda t: "the referendum is lost",
}
"""Reasons that read differently beside one kind of move."""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _condition(told: Told) -> str:
    party = told.scenario.cast[told.actor]
    return told.settings.parties[party].acceptance.name


def tell_one(event: np.record, settings: Settings) -> Line:
    """Return one recorded move in words.

    settings: of the run that it was recorded in.
    """
    move, reason = Move(int(event["move"])), Reason(int(event["reason"]))
    told = Told(settings, Actor(int(event["actor"])), int(event["issue"]), reason, event["value"])
    why = SPECIAL.get((move, reason), REASONS[reason])
    scenario, week = settings.scenario, int(event["week"])
    return Line(
        week=week,
        day=day_of(scenario, week),
        move=move,
        actor=scenario.cast.get(told.actor, ""),
        said=MOVES[move](told),
        why=why(told),
    )


def tell(record: "RunRecord") -> list[Line]:
    """Return all recorded moves of a run in words, in their order."""
    return [tell_one(event, record.settings) for event in record.events]


def day_of(scenario: Scenario, week: int) -> date:
    """Return the first day of a week of the talks."""
    return scenario.start + timedelta(weeks=week)


GATES: Mapping[Gate, str] = complete(
    {
        Gate.NO_ZONE: "no zone of agreement",
        Gate.TERMS_OPEN: "terms open",
        Gate.FIRST_WAITS: "{first} waits",
        Gate.SECOND_WAITS: "{second} waits",
        Gate.PRECONDITION: "precondition unmet",
        Gate.HOME_POLITICS: "politics at home",
        Gate.NO_CHANNEL: "no channel",
        Gate.SIGNED: "signed in full",
    },
    Gate,
)
"""The ledger's columns in words."""


def gate_words(scenario: Scenario) -> dict[Gate, str]:
    """Return the ledger's columns in words, with the parties' names."""
    first, second = (scenario.actors[party].name for party in scenario.parties)
    return {gate: words.format(first=first, second=second) for gate, words in GATES.items()}


def gate_keys(scenario: Scenario) -> dict[Gate, str]:
    """Return the ledger's columns as keys, with the parties' ids, e.g. ``armenia_waits``."""
    keys = {gate: gate.name.lower() for gate in Gate}
    keys[Gate.FIRST_WAITS] = f"{scenario.first}_waits"
    keys[Gate.SECOND_WAITS] = f"{scenario.second}_waits"
    return keys


STATUS_WORDS: Mapping[Treaty, str] = complete(
    {
        Treaty.OPEN: "the text stayed open",
        Treaty.TEXT_AGREED: "the text was agreed",
        Treaty.INITIALLED: "the text was initialled",
        Treaty.SIGNED_INTERIM: "an interim deal was signed and stood at the end",
        Treaty.SIGNED_FULL: "the treaty was signed in full and awaited ratification at the end",
        Treaty.RATIFIED: "the treaty was signed in full and ratified",
        Treaty.COLLAPSED: "the talks or the deal broke down",
        Treaty.GOVERNMENT_FELL: "the government fell and the talks ended",
        Treaty.STALLED: "nothing was signed by the horizon",
    },
    Treaty,
)
"""Final statuses in words."""


def words_of(lines: Sequence[Line]) -> str:
    """Return lines as plain text, one move a line, dated."""
    return "\n".join(f"{line.day.isoformat()}  {line.text}" for line in lines)
