"""How the panels of `board.html.j2` are drawn: words and numbers, and line charts over weeks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.model.codes import Treaty
from sim.runs.story import day_of
from sim.view.watch import Snapshot

SIGNS = ("▲", "■", "◆", "●", "", "●")
"""Mark of each actor in the order of the records, so that colour is never alone."""
SIDES = ("first", "second", "mediator", "opposition", "nobody", "opposition")
"""Style class of each actor in the same order."""

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 430.0, 30.0, 6.0, 28.0, 26.0
"""Width of a chart and its margins, in drawing units."""
MOST_POINTS = 400
"""Points of one line; longer histories are thinned, their last point kept."""
ROWS = (10.0, 22.0, 34.0)
"""Baselines of the rows in which words of marks stand; the last one lies within the chart."""
COSTS = (0.0, 0.1, 5.0)
"""How bad each row is."""
LETTER = 7.4
"""Width of a letter in drawing units; ample, since the reader's font is not known."""
GAP = 3.0
"""Between a line and its word, and at least between two words."""


def number(value: float) -> str:
    """Return a coordinate with one decimal, as short as possible."""
    return f"{value:.1f}".removesuffix(".0")


def day(when: date) -> Markup:
    """Return a date as ``13 Oct 2026``, for machines too."""
    shown = f"{when.day} {when:%b} {when.year}"
    return Markup(f'<time datetime="{when.isoformat()}">{shown}</time>')


def plain_day(when: date) -> str:
    """Return a date as ``13 October 2026``, without tags."""
    return f"{when.day} {when:%B} {when.year}"


def share(value: float) -> Markup:
    """Return a share as ``84 %``, with a space that does not break."""
    return Markup(f"{100.0 * value:.0f}&nbsp;%")


def along(place: float, edge: float, width: float) -> float:
    """Return where a place in [0, 1] lies on a scale with free edges."""
    return edge + min(max(place, 0.0), 1.0) * (width - 2 * edge)


def treaty_words(status: Treaty) -> str:
    """Return a status as it is written in tables, without the underscore."""
    return status.name.lower().replace("_", " ")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    filters = (number, day, share, along)
    environment.filters |= {filter.__name__: filter for filter in filters}
    environment.filters |= {
        "g": lambda value: f"{value:g}",
        "day_of": lambda scenario, week: day(day_of(scenario, week)),
        "treaty": treaty_words,
        "capitalize_first": lambda words: words[:1].upper() + words[1:],
    }
    chart = {"WIDTH": WIDTH, "LEFT": LEFT, "RIGHT": RIGHT, "TOP": TOP, "BOTTOM": BOTTOM, "GAP": GAP}
    environment.globals |= {"SIGNS": SIGNS, "SIDES": SIDES, **chart}
    source = Path(__file__).with_name("board.html.j2").read_text(encoding="utf-8")
    return environment.from_string("".join(line.strip() for line in source.splitlines()))


def draw(panel: str, *args: object, **values: object) -> Markup:
    """Return one of the macros of `board.html.j2` with these values in it."""
    return Markup(getattr(_template().module, panel)(*args, **values))


@dataclass(frozen=True)
class Series:
    """One line of a chart."""

    name: str  # as the legend calls it
    css: str  # style class: colour, width and dashes, so that no line is told by colour alone
    values: Sequence[float | None]  # one a week from the opening on; None leaves a gap


@dataclass(frozen=True)
class Mark:
    """An upright line at a week, with a word at its top, or a tick of the real record below."""

    week: float
    word: str
    recorded: bool = False  # true for a tick of the record


@dataclass(frozen=True)
class Frame:
    """The scales of a chart."""

    horizon: int  # weeks of the time axis
    low: float  # ends of the upright axis
    high: float
    height: float  # in drawing units
    ticks: tuple[tuple[float, str], ...]  # labelled values of the upright axis
    years: tuple[tuple[float, str], ...]  # labelled weeks of the time axis

    def x(self, week: float) -> float:
        """Return where a week lies; 0 is the opening."""
        return LEFT + week / max(self.horizon, 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value lies; values beyond the scale lie on its edge."""
        inside = min(max(value, self.low), self.high)
        part = (inside - self.low) / (self.high - self.low)
        return self.height - BOTTOM - part * (self.height - TOP - BOTTOM)


def years_of(scenario: Scenario, horizon: int) -> tuple[tuple[float, str], ...]:
    """Return the weeks in which years begin, thinned to at most eight."""
    first, last = scenario.start.year, day_of(scenario, horizon).year
    stride = max(1, -(-(last - first) // 8))
    return tuple(
        ((date(year, 1, 1) - scenario.start).days / 7, str(year))
        for year in range(first + 1, last + 1, stride)
    )


def marks_of(scenario: Scenario, horizon: int, now: Snapshot, overlay: bool) -> list[Mark]:
    """Return a mark for each rung that the treaty has reached, where the week ended.

    With `overlay`, a tick for each entry of the real timeline that falls into the run as well.
    """
    words = (
        (now.rungs.text, "text"),
        (now.rungs.interim, "interim"),
        (now.rungs.full, "signed"),
        (now.rungs.ratified, "ratified"),
        (now.rungs.ended, "end"),
    )
    marks = [Mark(week + 1.0, word) for week, word in words if week >= 0]
    for entry in scenario.timeline if overlay else ():
        week = (entry.date - scenario.start).days / 7
        if 0.0 <= week <= horizon:
            marks.append(Mark(week, f"{entry.date.isoformat()}: {entry.title}", recorded=True))
    return marks


@dataclass(frozen=True, eq=False)
class Fan:
    """A band behind the lines: the middle of many courses, week by week."""

    css: str
    ends: NDArray[np.float64]  # lower and upper end at the end of each week, shape (weeks, 2)


def line_chart(
    label: str,
    frame: Frame,
    series: Sequence[Series],
    marks: Sequence[Mark] = (),
    fans: Sequence[Fan] = (),
) -> Markup:
    """Return a chart; `label` says what it shows, for readers who hear the page.

    It carries its values, rounded to four decimals, for the pointer and for CSV.
    """
    rungs = tuple(
        (frame.x(mark.week), mark.word)
        for mark in sorted(marks, key=lambda mark: mark.week)
        if not mark.recorded
    )
    words = [
        (x, word, ROWS[place.row], place)
        for (x, word), place in zip(rungs, placed(rungs, WIDTH), strict=True)
    ]
    ticks = [mark for mark in marks if mark.recorded]
    lines = [(line.css, _steps(frame, line.values)) for line in series]
    bands = [(fan.css, _outline(frame, fan)) for fan in fans]
    values = [
        [line.name, [None if value is None else round(value, 4) for value in line.values]]
        for line in series
    ]
    told = json.dumps(values)
    return draw("chart", label, frame, _grid(frame), ticks, words, lines, bands, told)


@lru_cache(maxsize=64)
def _grid(frame: Frame) -> Markup:
    """Return the grid of a chart and its labels, which stay from week to week."""
    return draw("grid", frame)


@lru_cache(maxsize=256)
def _outline(frame: Frame, fan: Fan) -> str:
    """Return a band as an SVG path; weeks without a value end it."""
    ends = fan.ends
    weeks = np.flatnonzero(~np.isnan(ends[:, 0]))
    stride = -(-len(weeks) // MOST_POINTS) or 1
    way = [(week, 0) for week in weeks[::stride]] + [(week, 1) for week in weeks[::-stride]]
    points = [
        f"{number(frame.x(week + 1))} {number(frame.y(ends[week, end]))}" for week, end in way
    ]
    return f"M{'L'.join(points)}Z" if points else ""


def _steps(frame: Frame, values: Sequence[float | None]) -> str:
    """Return a line as the steps of an SVG path, broken where there is no value."""
    weeks = list(range(len(values)))
    kept = weeks[:: -(-len(weeks) // MOST_POINTS) or 1]
    if weeks and kept[-1] != weeks[-1]:
        kept.append(weeks[-1])
    steps, pen_down = "", False
    for week in kept:
        value = values[week]
        if value is not None:
            point = f"{number(frame.x(week))} {number(frame.y(value))}"
            steps += f"L{point}" if pen_down else f"M{point}h.01"
        pen_down = value is not None
    return steps


class Place(NamedTuple):
    """Where the word of a mark stands."""

    row: int
    late: bool  # true if it ends at its line, False if it begins there
    left: float  # its ends
    right: float


@lru_cache(maxsize=256)
def placed(marks: tuple[tuple[float, str], ...], width: float) -> tuple[Place, ...]:
    """Return the places in which words least cover each other and other marks' lines.

    `marks` hold the place of each line and its word, from left to right; a handful, since every
    way to place them is tried. No word stands beyond `width`.
    """
    ways = [
        [
            place
            for row, late in product(range(len(ROWS)), (False, True))
            for place in [_place(x, word, row, late)]
            if place.left >= 0.0 and place.right <= width
        ]
        or [_place(x, word, 0, x > width / 2)]
        for x, word in marks
    ]
    lines = [x for x, _ in marks]
    return min(product(*ways), key=lambda places: _cost(places, lines))


def _place(x: float, word: str, row: int, late: bool) -> Place:
    size = len(word) * LETTER
    left = x - GAP - size if late else x + GAP
    return Place(row, late, left, left + size)


def _cost(places: tuple[Place, ...], lines: list[float]) -> float:
    cost = sum(COSTS[place.row] + 0.2 * place.late for place in places)
    for n, one in enumerate(places):
        for m, other in enumerate(places):
            apart = one.right + GAP <= other.left or other.right + GAP <= one.left
            if m > n and one.row == other.row and not apart:
                cost += 100.0
            if m > n and other.left < one.left:
                cost += 0.05  # of two words of one week the earlier rung comes first
            # A line begins in the row of its word, so it misses the rows above.
            if m != n and one.left < lines[m] < one.right and other.row <= one.row:
                cost += 10.0
    return cost
