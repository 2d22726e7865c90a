"""What persons at the table are asked, and decide: a line a decision, as words and as records.

``armenia 31 take`` is what the person in Armenia's seat decides in week 31. A person sits from the
week of `sit`, or from week 0, to that of `leave`. A draft, a text or a signature of which nothing
is said is answered as the model's party would; a concession alone, a dropped demand, an offer of
the agreed part and a reopened article are made only where that is said.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.errors import ConfigError, did_you_mean
from sim.model.codes import Decided, Question, complete
from sim.model.records import ARTICLES, DECISION, ISSUES, NO_DECISIONS

ONE_RUN = "decisions: belong to one run, play them by `sim run`"
"""Why decisions are refused elsewhere: they answer questions of one course of chance."""
OUTSIDE = "outside"
"""What is conceded that is in no article and no precondition."""


@dataclass(frozen=True)
class Decision:
    """One decision of a person."""

    party: str  # id of the party
    week: int  # of the talks, from 0
    verb: str  # one of `VERBS`
    words: tuple[str, ...] = ()  # what it is about

    def __str__(self) -> str:
        return " ".join((self.party, str(self.week), self.verb, *self.words))


Entry: TypeAlias = np.record
"""A record of dtype `DECISION`: one side in one week."""
Write: TypeAlias = Callable[[Entry, Sequence[str], Scenario, int], None]
"""Sets a decision's words on an entry, for a scenario and a side; ValueError says what is wrong."""


def _code(field: str, decided: Decided) -> Write:
    def write(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
        if words:
            raise ValueError(f"takes no '{words[0]}'")
        entry[field] = decided

    return write


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"'{text}' must be a number from 0 to 1")
    return value


def issue_of(scenario: Scenario, key: str) -> int:
    """Return the issue of a provision's number or id, or of a precondition's id.

    Raises ValueError, with the nearest key, if there is none.
    """
    provisions, preconditions = list(scenario.provisions), list(scenario.preconditions)
    numbers = {entry.number: id for id, entry in scenario.provisions.items() if entry.number}
    name = key if key in provisions else numbers.get(key, key)
    if name in provisions:
        return provisions.index(name)
    if name in preconditions:
        return ARTICLES + preconditions.index(name)
    near = did_you_mean(key, [*provisions, *preconditions])
    raise ValueError(f"no article or precondition '{key}'{near}")


def _demand(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if len(words) != 1:
        raise ValueError("needs the share to ask for, from 0 to 1")
    entry.draft, entry.demand = Decided.YES, _number(words[0])


def _draft(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if not words:
        raise ValueError("needs at least one wording, as in XII=0.4")
    for word in words:
        key, sign, position = word.partition("=")
        if not sign:
            raise ValueError(f"'{word}' must be a wording, as in {word}=0.4")
        entry.offer[issue_of(scenario, key)] = _number(position)
    entry.draft = Decided.PART


def _take(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    entry.answer = Decided.PART if words else Decided.YES
    for word in words:
        issue = issue_of(scenario, word)
        if issue >= ARTICLES:
            raise ValueError(f"'{word}' is no article; `concede {word}` promises it")
        entry.taken[issue] = 1


def _concede(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if len(words) != 1:
        raise ValueError(f"needs one article or precondition, or '{OUTSIDE}'")
    issue = ISSUES if words[0] == OUTSIDE else issue_of(scenario, words[0])
    if ARTICLES <= issue < ISSUES:
        _own(scenario, words[0], "delivered_by", side, "delivers")
    entry.concession = 1 + issue


def _drop(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if not words:
        raise ValueError("needs the demand to drop")
    for word in words:
        issue = issue_of(scenario, word)
        if issue < ARTICLES:
            raise ValueError(f"'{word}' is an article, and no demand")
        _own(scenario, word, "demanded_by", side, "demands")
        entry.dropped[issue - ARTICLES] = 1


def _reopen(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if not words:
        raise ValueError("needs the article to reopen")
    for word in words:
        issue = issue_of(scenario, word)
        if issue >= ARTICLES:
            raise ValueError(f"'{word}' is no article")
        entry.reopened[issue] = 1


def _own(scenario: Scenario, key: str, field: str, side: int, does: str) -> None:
    party = scenario.parties[side]
    if getattr(scenario.preconditions[key], field) != party:
        raise ValueError(f"it is not {party} that {does} '{key}'")


def _offer_agreed(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if words:
        raise ValueError(f"takes no '{words[0]}'")
    entry.interim = 1


def _nothing(entry: Entry, words: Sequence[str], scenario: Scenario, side: int) -> None:
    if words:
        raise ValueError(f"takes no '{words[0]}'")


VERBS: Mapping[str, tuple[str, Write]] = {
    "demand": ("draft", _demand),
    "draft": ("draft", _draft),
    "silent": ("draft", _code("draft", Decided.NO)),
    "take": ("answer", _take),
    "refuse": ("answer", _code("answer", Decided.NO)),
    "take_text": ("text", _code("text", Decided.YES)),
    "refuse_text": ("text", _code("text", Decided.NO)),
    "sign": ("signature", _code("signature", Decided.YES)),
    "wait": ("signature", _code("signature", Decided.NO)),
    "offer_agreed": ("interim", _offer_agreed),
    "concede": ("concession", _concede),
    "drop": ("dropped", _drop),
    "reopen": ("reopened", _reopen),
    "sit": ("seat", _nothing),
    "leave": ("seat", _nothing),
}
"""What a person can decide: the question that it answers, and what writes it down."""


FIELDS: Mapping[Question, str] = complete(
    {
        Question.NONE: "",
        Question.DRAFT: "draft",
        Question.ANSWER: "answer",
        Question.TEXT: "text",
        Question.SIGNATURE: "signature",
    },
    Question,
)
"""Field of a decision that answers each question."""

ANSWERS: Mapping[Question, tuple[str, ...]] = {
    question: tuple(verb for verb, (field, _) in VERBS.items() if field == answered)
    for question, answered in FIELDS.items()
    if answered
}
"""Decisions that answer each question."""

FREE = ("offer_agreed", "concede", "drop", "reopen", "leave")
"""Decisions that nobody asks for."""


@dataclass(frozen=True)
class Wording:
    """One open article as a seat sees it: positions 0 the first party's wording, 1 the second's."""

    key: str  # id in the scenario
    name: str  # as in a sentence
    weight: float  # its importance to the seat, a share of the whole treaty
    ideal: float
    own: float  # standing offer of the seat
    other: float  # standing offer of the other side, or the mediator's text where one is weighed
    worth: float  # of the other's wording to the seat: 1 its own ideal, 0 the other side's


@dataclass(frozen=True)
class Asked:
    """A question to the person in a seat, with what it knows."""

    party: str
    week: int
    day: date
    question: Question
    says: str  # the question in a sentence
    wordings: tuple[Wording, ...]  # what is open
    answers: tuple[str, ...]  # decisions that answer it
    single: bool  # whether single articles of a draft can be taken
    advice: str  # what the model's party would do
    so_far: tuple[str, ...]  # what has happened in this week already, in sentences


def read_decision(line: str, scenario: Scenario, horizon: int) -> Decision:
    """Return a line's decision; ConfigError says what is wrong with it."""
    party, number, verb, *words = [*line.split(), "", "", ""][: max(3, len(line.split()))]
    place = f"decisions: '{line}'"
    if party not in scenario.parties:
        near = did_you_mean(party, scenario.parties)
        raise ConfigError(f"{place}: unknown party '{party}'{near}")
    if not (number.isascii() and number.isdecimal() and int(number) < horizon):
        raise ConfigError(f"{place}: '{number}' must be a week from 0 to {horizon - 1}")
    if verb not in VERBS:
        raise ConfigError(f"{place}: unknown decision '{verb}'{did_you_mean(verb, VERBS)}")
    decision = Decision(party, int(number), verb, tuple(words))
    try:
        VERBS[verb][1](blank()[0], words, scenario, scenario.parties.index(party))
    except ValueError as error:
        raise ConfigError(f"{place}: {verb}: {error}") from error
    return decision


def decision_problems(lines: Sequence[str], scenario: Scenario, horizon: int) -> list[str]:
    """Return what is wrong with the decisions of a run, one line each."""
    problems: list[str] = []
    decided: set[tuple[str, int, str]] = set()
    for line in lines:
        try:
            decision = read_decision(line, scenario, horizon)
        except ConfigError as error:
            problems += error.problems
            continue
        question = (decision.party, decision.week, VERBS[decision.verb][0])
        if question in decided:
            problems.append(f"decisions: '{line}': that was decided before for the same week")
        decided.add(question)
    return problems


def blank(weeks: int = 1) -> NDArray[np.void]:
    """Return entries that leave all to the model, shape (weeks,)."""
    entries = np.zeros(weeks, DECISION).view(np.recarray)
    entries.offer = np.nan
    return entries


def decisions_of(lines: Sequence[str], scenario: Scenario, horizon: int) -> list[Decision]:
    """Return the decisions of a run, by their weeks; ConfigError as `read_decision`."""
    read = [read_decision(line, scenario, horizon) for line in lines]
    return sorted(read, key=lambda decision: decision.week)


def decision_records(lines: Sequence[str], scenario: Scenario, horizon: int) -> NDArray[np.void]:
    """Return the decisions of persons as records, shape (weeks, 2), or (0, 2) where none sits."""
    if not lines:
        return NO_DECISIONS
    decisions = decisions_of(lines, scenario, horizon)
    sides = [blank(horizon), blank(horizon)]
    for side, party in enumerate(scenario.parties):
        own = [decision for decision in decisions if decision.party == party]
        if own and own[0].verb != "sit":
            sides[side]["seated"] = 1
        for decision in own:
            if decision.verb in ("sit", "leave"):
                sides[side]["seated"][decision.week :] = decision.verb == "sit"
            write = VERBS[decision.verb][1]
            write(sides[side][decision.week], decision.words, scenario, side)
    return np.stack(sides, axis=1).view(np.recarray)
