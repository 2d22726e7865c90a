"""Where the words of a chart's marks stand: in two rows, or three, on a side of their lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from sim.config.scenario import Scenario
from sim.runs.story import day_of
from sim.view.board.markup import number, text
from sim.view.snapshot import Snapshot

ROWS = (10.0, 22.0, 34.0)
"""Heights of the rows' baselines; the last lies within the chart and is used only at need."""
COSTS = (0.0, 0.1, 5.0)
"""How bad each row is."""
LETTER = 7.4
"""Width of a letter in drawing units; ample, since the reader's font is not known."""
GAP = 3.0
"""Between a line and its word, and at least between two words."""


class Place(NamedTuple):
    """Where one word stands."""

    row: int
    late: bool  # true if it ends at its line, False if it begins there
    # left, right: its ends
    left: float
    right: float


@lru_cache(maxsize=256)
def placed(marks: tuple[tuple[float, str], ...], width: float) -> tuple[Place, ...]:
    """Return the places in which words least cover each other and other marks' lines.

    Parameters
    ----------
    marks : tuple of (float, str)
        Place of each line and its word, from left to right; a handful, since every way to place
        them is tried.
    width : float
        Of the drawing; no word stands beyond it.
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


# ---- A line chart over the weeks of the talks, as SVG; several of them share one scale of time.

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 430.0, 30.0, 6.0, 28.0, 26.0
MOST_POINTS = 400
"""Points of one line; longer histories are thinned, their last point kept."""


@dataclass(frozen=True)
class Series:
    """One line."""

    name: str  # as the legend calls it
    css: str  # style class: colour, width and dashes, so that no line is told by colour alone
    values: Sequence[float | None]  # one a week from the opening on; None leaves a gap


@dataclass(frozen=True)
class Mark:
    """An upright line at a week, with a word at its top, or a tick of the real record below."""

    week: float
    word: str
    css: str = "rung"


@dataclass(frozen=True)
class Frame:
    """The scales of a chart."""

    horizon: int  # weeks of the time axis
    # low, high: ends of the upright axis
    low: float
    high: float
    height: float  # height in drawing units
    ticks: Sequence[tuple[float, str]]  # labelled values of the upright axis
    years: Sequence[tuple[float, str]]  # labelled weeks of the time axis

    def x(self, week: float) -> float:
        """Return where a week lies; 0 is the opening."""
        return LEFT + week / max(self.horizon, 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value lies; values beyond the scale lie on its edge."""
        inside = min(max(value, self.low), self.high)
        part = (inside - self.low) / (self.high - self.low)
        return self.height - BOTTOM - part * (self.height - TOP - BOTTOM)


def years_of(scenario: Scenario, horizon: int) -> list[tuple[float, str]]:
    """Return the weeks in which years begin, thinned to at most eight."""
    first, last = scenario.start.year, day_of(scenario, horizon).year
    stride = max(1, -(-(last - first) // 8))
    return [
        ((date(year, 1, 1) - scenario.start).days / 7, str(year))
        for year in range(first + 1, last + 1, stride)
    ]


def rung_marks(now: Snapshot) -> list[Mark]:
    """Return a mark for each rung that the treaty has reached, where the week ended."""
    words = (
        (now.rungs.text, "text"),
        (now.rungs.interim, "interim"),
        (now.rungs.full, "signed"),
        (now.rungs.ratified, "ratified"),
        (now.rungs.ended, "end"),
    )
    return [Mark(week + 1.0, word) for week, word in words if week >= 0]


def record_marks(scenario: Scenario, horizon: int) -> list[Mark]:
    """Return a tick for each entry of the real timeline that falls into the run."""
    found = []
    for entry in scenario.timeline:
        week = (entry.date - scenario.start).days / 7
        if 0.0 <= week <= horizon:
            found.append(Mark(week, f"{entry.date.isoformat()}: {entry.title}", "record"))
    return found


def line_chart(
    label: str, frame: Frame, series: Sequence[Series], marks: Sequence[Mark] = ()
) -> str:
    """Return a chart.

    Parameters
    ----------
    label : str
        What the chart shows, for readers who hear the page.
    frame : Frame
    series : sequence of Series
    marks : sequence of Mark
    """
    rungs = tuple(
        (frame.x(mark.week), mark.word)
        for mark in sorted(marks, key=lambda mark: mark.week)
        if mark.css != "record"
    )
    parts = [_grid(frame), *(_tick(frame, mark) for mark in marks if mark.css == "record")]
    for (x, word), place in zip(rungs, placed(rungs, WIDTH), strict=True):
        parts.append(_rung(frame, x, word, place))
    parts += [_line(frame, line) for line in series]
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {frame.height:g}" role="img" '
        f'aria-label="{text(label)}" focusable="false">{"".join(parts)}</svg>'
    )


def legend(series: Sequence[Series], figures: Sequence[str]) -> str:
    """Return the legend: a sample of each line, its name, its latest figure."""
    items = "".join(
        '<li><svg class="sample" viewBox="0 0 26 8" aria-hidden="true" focusable="false">'
        f'<path class="{line.css}" d="M0 4H26"/></svg><span>{text(line.name)}</span> '
        f"<b>{figure}</b></li>"
        for line, figure in zip(series, figures, strict=True)
    )
    return f'<ul class="legend">{items}</ul>'


def _grid(frame: Frame) -> str:
    floor = frame.height - BOTTOM
    lines = "".join(
        f'<path class="grid" d="M{LEFT:g} {number(frame.y(value))}H{WIDTH - RIGHT:g}"/>'
        f'<text class="tick y" x="{LEFT - 5:g}" y="{number(frame.y(value) + 4)}">{word}</text>'
        for value, word in frame.ticks
    )
    years = "".join(
        f'<path class="grid" d="M{number(frame.x(week))} {TOP:g}V{floor:g}"/>'
        f'<text class="tick" x="{number(frame.x(week))}" y="{frame.height - 6:g}">{word}</text>'
        for week, word in frame.years
    )
    return lines + years


def _tick(frame: Frame, mark: Mark) -> str:
    return (
        f'<path class="record" d="M{number(frame.x(mark.week))} {frame.height - BOTTOM + 1:g}'
        f'l-3.5 7h7z"><title>{text(mark.word)}</title></path>'
    )


def _rung(frame: Frame, x: float, word: str, place: Place) -> str:
    y = ROWS[place.row]
    return (
        f'<path class="rung" d="M{number(x)} {y - 9:g}V{frame.height - BOTTOM:g}"/>'
        f'<text class="rung" style="text-anchor:{"end" if place.late else "start"}" '
        f'x="{number(x + (-GAP if place.late else GAP))}" y="{y:g}">{text(word)}</text>'
    )


def _line(frame: Frame, series: Series) -> str:
    weeks = list(range(len(series.values)))
    stride = -(-len(weeks) // MOST_POINTS) or 1
    kept = weeks[::stride]
    if weeks and kept[-1] != weeks[-1]:
        kept.append(weeks[-1])
    steps: list[str] = []
    pen_down = False
    for week in kept:
        value = series.values[week]
        if value is None:
            pen_down = False
            continue
        point = f"{number(frame.x(week))} {number(frame.y(value))}"
        steps.append(f"L{point}" if pen_down else f"M{point}h.01")
        pen_down = True
    return f'<path class="{series.css}" d="{"".join(steps)}"/>' if steps else ""
