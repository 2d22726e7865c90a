"""What happened after 17 September 2024, as questions with answers, and what null models say.

The record ends on 8 June 2026. Questions are those on which the model speaks; that a transport
arrangement was made outside the treaty and that observers stayed are questions on which it does
not. Sources stand in the scenario's list and timeline.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

START = date(2024, 9, 17)
TEXT_CLOSED = date(2025, 3, 13)
"""Last day whose events the calibration may use."""
END = date(2026, 6, 8)
BEFORE_WEEKS = (START - date(2022, 10, 2)).days / 7
"""Weeks of talks before the start, from the first tabled text of 2 October 2022 on."""
PRIOR_EVENTS = 0.5
"""Events added to a count before it becomes a rate (Jeffreys' prior for a Poisson rate)."""


@dataclass(frozen=True)
class Question:
    """One event that either came or did not.

    Attributes
    ----------
    key : str
    asks : str
    came : bool
    by : date
        Last day on which it could have come.
    after_text : bool
        Whether it was still open on 13 March 2025, so that a calibration on events up to then
        may be scored on it.
    hazard : float or None
        Constant weekly hazard from the record before the start; None where it has no count.
    certain_without : bool
        True if the question is answered yes when the hazard's event does not come.
    base_rate : float or None
        Base rate of comparable talks, see `base_rate`.
    """

    key: str
    asks: str
    came: bool
    by: date
    after_text: bool
    hazard: float | None = None
    certain_without: bool = False
    base_rate: float | None = None

    def constant_hazard(self, start: date) -> float | None:
        """Return the probability that a constant hazard gives, from a start on."""
        if self.hazard is None:
            return None
        event = 1.0 - math.exp(-self.hazard * (self.by - start).days / 7)
        return 1.0 - event if self.certain_without else event


def rate(events: int, weeks: float = BEFORE_WEEKS) -> float:
    """Return a weekly rate from a count, with half an event added."""
    return (events + PRIOR_EVENTS) / weeks


def base_rate(yearly: tuple[float, float], by: date) -> float:
    """Return a share that had come after one and two years, interpolated to a date."""
    years = (by - START).days / 365.25
    if years <= 1.0:
        return yearly[0] * years
    return yearly[0] + (yearly[1] - yearly[0]) * min(years - 1.0, 1.0)


ANY_PAPER = (0.15, 0.23)
"""Interstate and mixed talks with any substantive agreement after one and two years (PA-X)."""
WHOLE_TREATY = (0.00, 0.04)
"""The same with a comprehensive agreement after one and two years."""
OFFICE_WEEKS = (START - date(2018, 5, 8)).days / 7
"""Weeks in office of the head of Armenia's government before the start; the day is general
knowledge and in no source of the list."""

_signing, _closing = rate(0), rate(13) / 17

QUESTIONS: tuple[Question, ...] = (
    Question(
        "H1",
        "interim treaty signed by 31 December 2024",
        False,
        date(2024, 12, 31),
        False,
        _signing,
        base_rate=base_rate(ANY_PAPER, date(2024, 12, 31)),
    ),
    Question("H2a", "text complete by 31 December 2024", False, date(2024, 12, 31), False),
    Question("H2b", "text complete by 30 June 2025", True, date(2025, 6, 30), False),
    Question("H3", "both named articles nearer Azerbaijan's wording", True, END, False),
    Question(
        "H4",
        "by 18 December 2024 the minor article closed, both named ones open",
        True,
        date(2024, 12, 18),
        False,
    ),
    Question(
        "H5a",
        "full treaty signed by 31 December 2025",
        False,
        date(2025, 12, 31),
        True,
        _signing,
        base_rate=base_rate(WHOLE_TREATY, date(2025, 12, 31)),
    ),
    Question(
        "H5b",
        "full treaty signed by 8 June 2026",
        False,
        END,
        True,
        _signing,
        base_rate=base_rate(WHOLE_TREATY, END),
    ),
    Question("H6", "text initialled by 8 June 2026", True, END, True, _signing),
    Question("H7", "Minsk Group dissolved by 8 June 2026", True, END, True, rate(0)),
    Question("H8", "constitution changed by 8 June 2026", False, END, True, rate(0)),
    Question("H10", "talks broken off by fighting by 8 June 2026", False, END, True, rate(1)),
    Question(
        "H11",
        "government in office after the election of June 2026",
        True,
        END,
        True,
        rate(0, OFFICE_WEEKS),
        certain_without=True,
    ),
)

ARTICLE_HAZARD = _closing
"""Weekly hazard of one article's closing: 13 of 17 closed in the weeks before the start."""


STILL_OPEN = 3
"""Articles that were open at the start."""


def believed_hazard(weeks: float, still_open: int = STILL_OPEN) -> float:
    """Return the weekly hazard of one article's closing that a belief about all of them implies.

    Articles close independently at a constant hazard, so the last of n is expected after
    ``(1 + 1/2 + ... + 1/n) / hazard`` weeks.

    weeks: what a side believes the settlement of all that is open takes.
    """
    return sum(1.0 / n for n in range(1, still_open + 1)) / weeks


def text_complete(
    by: date, start: date = START, still_open: int = STILL_OPEN, hazard: float = ARTICLE_HAZARD
) -> float:
    """Return the constant-hazard probability that all open articles have closed."""
    one = 1.0 - math.exp(-hazard * (by - start).days / 7)
    return one**still_open


def only_the_minor(by: date, hazard: float = ARTICLE_HAZARD) -> float:
    """Return the constant-hazard probability that of three articles a given one alone closed."""
    one = 1.0 - math.exp(-hazard * (by - START).days / 7)
    return one * (1.0 - one) ** 2


BY_HAND: dict[str, Callable[[float], float]] = {
    "H2a": lambda hazard: text_complete(date(2024, 12, 31), hazard=hazard),
    "H2b": lambda hazard: text_complete(date(2025, 6, 30), hazard=hazard),
    "H4": lambda hazard: only_the_minor(date(2024, 12, 18), hazard),
}
"""Constant-hazard answers about articles, which are not one event, from an article's hazard."""
FINAL_POSITION = 0.85
"""Where both named articles ended, read as 0.7 to 1: Azerbaijan's wording, one of them mutual."""
