"""The code words of the model: every status, phase, move and reason as an integer enumeration.

The compiled rules store these integers in the records; words for people are made from the
member names in `sim.runs.story`. New members go to the end, because stored results hold the
numbers.

Each enumeration has a twin in capitals for the rules: the same names as plain integers, since
numba cannot keep machine code on disk that refers to an enumeration.
"""

from collections import namedtuple
from collections.abc import Mapping
from enum import IntEnum
from typing import TypeVar, cast

Code = TypeVar("Code", bound=IntEnum)
Value = TypeVar("Value")


def complete(table: Mapping[Code, Value], codes: type[Code]) -> Mapping[Code, Value]:
    """Return a table that has an entry for every member of an enumeration.

    Raises TypeError, when the module of the table is imported, with the members that it lacks.
    """
    lacking = [member.name for member in codes if member not in table]
    if lacking:
        raise TypeError(f"a table lacks {', '.join(lacking)} of {codes.__name__}")
    return table


class Actor(IntEnum):
    """Who acts. The first two index every two-sided field of the records.

    The opposition is that of the first home whose politics are modelled, the second opposition
    that of the other one where both are.
    """

    FIRST = 0
    SECOND = 1
    MEDIATOR = 2
    OPPOSITION = 3
    NATURE = 4
    SECOND_OPPOSITION = 5


class Treaty(IntEnum):
    """Status of the treaty, in the order of the ladder of `docs/odd.md`."""

    OPEN = 0
    TEXT_AGREED = 1
    INITIALLED = 2
    SIGNED_INTERIM = 3
    SIGNED_FULL = 4
    RATIFIED = 5
    COLLAPSED = 6
    GOVERNMENT_FELL = 7
    STALLED = 8


class Article(IntEnum):
    """Status of one provision of the text."""

    OPEN = 0
    HALF = 1
    AGREED = 2


class Precondition(IntEnum):
    """Status of one precondition on its route."""

    DORMANT = 0
    DEMANDED = 1
    PROMISED = 2
    DRAFTING = 3
    PARLIAMENT = 4
    REFERENDUM = 5
    MET = 6
    FAILED = 7
    WAIVED = 8


class Route(IntEnum):
    """How a precondition is delivered."""

    ACT = 0
    JOINT = 1
    CONSTITUTIONAL = 2


class Agenda(IntEnum):
    """Rule of the talks: how articles are bargained over and what may be signed."""

    ISSUE_BY_ISSUE = 0
    SINGLE_UNDERTAKING = 1
    INTERIM_ALLOWED = 2


class Bargaining(IntEnum):
    """How a draft is answered, and what going on is taken to be worth."""

    PACKAGES = 0  # as a whole; going on is worth never signing
    ARTICLES = 1  # as a whole or article by article; going on is worth a settlement later


class PreconditionRule(IntEnum):
    """When an unmet precondition stands in the way."""

    NONE = 0
    BEFORE_SIGNING = 1
    BEFORE_RATIFICATION = 2


class Style(IntEnum):
    """Mediation style (Touval and Zartman 1985; Beardsley et al. 2006)."""

    NONE = 0
    FACILITATION = 1
    FORMULATION = 2
    MANIPULATION = 3


class Solution(IntEnum):
    """Bargaining solution at which a single negotiating text is aimed."""

    NASH = 0
    KALAI_SMORODINSKY = 1


class PublicRule(IntEnum):
    """How citizens' opinions move."""

    NONE = 0
    DEGROOT = 1
    FRIEDKIN_JOHNSEN = 2
    BOUNDED_CONFIDENCE = 3


class CalendarKind(IntEnum):
    """Kinds of dated events in a scenario's calendar."""

    NOTE = 0
    ELECTION = 1
    ADMINISTRATION = 2
    SUMMIT = 3


class Contact(IntEnum):
    """What happened on one edge of the channel graph this week."""

    SILENT = 0
    CALL = 1
    MEETING = 2


class Gate(IntEnum):
    """What kept a week from being the week of the full signature (the ledger's columns)."""

    NO_ZONE = 0
    TERMS_OPEN = 1
    FIRST_WAITS = 2
    SECOND_WAITS = 3
    PRECONDITION = 4
    HOME_POLITICS = 5
    NO_CHANNEL = 6
    SIGNED = 7


class Move(IntEnum):
    """Kinds of events that the rules write down."""

    CALENDAR = 0
    INCIDENT = 1
    MEETING = 2
    MEDIATOR_TEXT = 3
    TEXT_REFUSED = 4
    SIDE_PAYMENT = 5
    OFFER = 6
    ACCEPTED = 7
    ARTICLE_CLOSED = 8
    ARTICLE_HALF = 9
    ARTICLE_REOPENED = 10
    TEXT_AGREED = 11
    INITIALLED = 12
    CONCESSION_ARTICLE = 13
    CONCESSION_PROMISE = 14
    CONCESSION_OUTSIDE = 15
    PRECONDITION_STEP = 16
    PRECONDITION_ADDED = 17
    INTERIM_PROPOSED = 18
    INTERIM_REFUSED = 19
    INTERIM_SIGNED = 20
    SIGNING_REFUSED = 21
    FULL_SIGNED = 22
    SIDE_RATIFIED = 23
    RATIFICATION_FAILED = 24
    RATIFIED = 25
    LAPSED = 26
    COLLAPSED = 27
    ELECTION_HELD = 28
    PROTEST_WAVE = 29
    GOVERNMENT_FELL = 30
    FAULT = 31
    GOVERNMENT_FOLLOWED = 32


class Question(IntEnum):
    """What a person who sits at the table is asked, see `Decided`."""

    NONE = 0
    DRAFT = 1  # what to table, now that a draft is due
    ANSWER = 2  # whether to take the other side's draft
    TEXT = 3  # whether to take the mediator's single text
    SIGNATURE = 4  # whether to sign what the other side would sign


class Decided(IntEnum):
    """What a person has decided on one question of a week."""

    ASK = -1  # nothing yet: the rules stop there and ask
    MODEL = 0  # what the model's party would do
    YES = 1  # take it, sign it; of a draft, one worth the demand stated
    NO = 2  # refuse it, wait; of a draft, none
    PART = 3  # single articles of it; of a draft, the wordings stated


class Heeded(IntEnum):
    """Which of a person's decisions of a week were carried out, as bits."""

    DRAFT = 1
    ANSWER = 2
    TEXT = 4
    SIGNATURE = 8
    INTERIM = 16
    CONCESSION = 32
    DROPPED = 64
    REOPENED = 128


class Reason(IntEnum):
    """Why a move was made: one code a move, put into words in `sim.runs.story`."""

    NONE = 0
    STRATEGY_TARGET = 1
    BEATS_NEXT_DEMAND = 2
    POSITIONS_MET = 3
    POSITIONS_NEAR = 4
    OFFERS_DIVERGED = 5
    ALL_CLOSED = 6
    WITHIN_WIN_SETS = 7
    KEEP_OFFICE = 8
    ROUTE_STEP = 9
    STAGE_REACHED = 10
    PACKAGE_PROMISE = 11
    HOLD_OUT_TYPE = 12
    VOTES_MISSING = 13
    VOTE_PASSED = 14
    VOTE_LOST = 15
    BELOW_QUORUM = 16
    HOSTAGE_VALUE = 17
    BETTER_NOW = 18
    EXPECTS_CONCESSIONS = 19
    STATUS_QUO_BETTER = 20
    HOME_COST = 21
    WAIT_NOT_WORTH = 22
    TEXT_BELOW_DEMAND = 23
    LEVERAGE = 24
    BASE_HAZARD = 25
    NOT_WORTH_KEEPING = 26
    ESCALATION = 27
    NO_ZONE_PATIENCE = 28
    RATIFIER_SHARE = 29
    NO_MAJORITY = 30
    STREET = 31
    BALLOT = 32
    CASCADE = 33
    NOT_FINITE = 34
    SCHEDULED = 35
    WORTH_MORE_CLOSED = 36
    EXCHANGE = 37
    WORTH_MORE_OPEN = 38
    DEMAND_PAYS = 39
    VOTE_AGAIN = 40
    DECIDED = 41


def _plain(codes: type[Code]) -> type[Code]:
    names = [member.name for member in codes]
    twin = namedtuple(codes.__name__, names)  # type: ignore[misc] # names known at run time only
    return cast(type[Code], twin(*(int(member) for member in codes)))


ACTOR = _plain(Actor)
TREATY = _plain(Treaty)
ARTICLE = _plain(Article)
PRECONDITION = _plain(Precondition)
ROUTE = _plain(Route)
AGENDA = _plain(Agenda)
BARGAINING = _plain(Bargaining)
PRECONDITION_RULE = _plain(PreconditionRule)
STYLE = _plain(Style)
SOLUTION = _plain(Solution)
PUBLIC_RULE = _plain(PublicRule)
CALENDAR_KIND = _plain(CalendarKind)
CONTACT = _plain(Contact)
GATE = _plain(Gate)
MOVE = _plain(Move)
REASON = _plain(Reason)
QUESTION = _plain(Question)
DECIDED = _plain(Decided)
HEEDED = _plain(Heeded)
