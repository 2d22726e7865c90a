"""Charts over the weeks: each party's shares and utilities, and politics at home."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup

from sim.config.settings import Settings
from sim.view.board.markup import (
    SIDES,
    Fan,
    Frame,
    Mark,
    Series,
    draw,
    line_chart,
    marks_of,
    share,
    years_of,
)
from sim.view.watch import Courses, PartyNow, Snapshot

SHARES = ((0.0, "0"), (0.5, "50"), (1.0, "100"))
QUARTERS = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100"))
UTILITIES = ((0.0, "0"), (0.5, "0.5"), (1.0, "1"))
ROOM = 0.05
"""What is left free above and below the utilities."""
HEIGHT, HOME_HEIGHT = 146.0, 178.0


def parties_panel(
    settings: Settings,
    snapshots: Sequence[Snapshot],
    overlay: bool,
    courses: Courses | None = None,
    kept: Sequence[Snapshot] = (),
) -> str:
    """Return both parties' charts on the same scales, before the bands of many courses.

    `kept` are the same weeks of the run that is kept beside this one, if there is one.
    """
    scenario, horizon = settings.scenario, settings.horizon
    marks = marks_of(scenario, horizon, snapshots[-1], overlay)
    years = years_of(scenario, horizon)
    utilities = [
        value
        for snapshot in (*snapshots, *kept)
        for party in snapshot.parties
        for value in _utilities(party)
        if value is not None
    ]
    low, high = min(0.0, *utilities) - ROOM, max(1.0, *utilities) + ROOM
    talks = Frame(horizon, -0.02, 1.02, HEIGHT, SHARES, years)
    worth = Frame(horizon, low, high, HEIGHT, UTILITIES, years)
    charts = []
    for side, party in enumerate(scenario.parties):
        name, css = scenario.actors[party].name, SIDES[side]
        weeks = [snapshot.parties[side] for snapshot in snapshots]
        before = [snapshot.parties[side] for snapshot in kept]
        target, deal = (fans_of(courses, field, side, css) for field in ("target", "deal"))
        shares = _shares(name, css, (weeks, before), talks, marks, target)
        both = _worth(name, css, (weeks, before), worth, marks, deal)
        charts.append((name, shares, both, _kind(weeks)))
    note = (
        "Shares are of what is open: 100 % is the party&rsquo;s own ideal on every open issue. "
        "Utility 1 is the whole treaty at its own ideals; signing and waiting are compared once "
        "there is something to sign. Bands hold the middle 80 % of courses."
    )
    return draw("parties", charts, Markup(note))


class Drawn(NamedTuple):
    """A chart, the lines that its legend names, and their latest figures."""

    chart: str
    series: Sequence[Series]
    figures: Sequence[str]


def _utilities(party: PartyNow) -> tuple[float | None, ...]:
    """Return the utility of signing, of not signing, of the treaty as it stands, and without it.

    Signing is in full once the text is closed, of the agreed part before.
    """
    signing = party.now if party.now is not None else party.interim_now
    waiting = party.wait if party.wait is not None else party.interim_wait
    return (signing, waiting, party.worth, party.status_quo)


@lru_cache(maxsize=256)
def fans_of(courses: Courses | None, field: str, side: int, css: str) -> tuple[Fan, ...]:
    """Return the band of a side's field, none before there is one."""
    if courses is None or field not in courses.bands:
        return ()
    return (Fan(css, courses.bands[field][:, side]),)


def kept_line(name: str, css: str, values: Sequence[float | None]) -> list[Series]:
    """Return a line of the run that is kept, none where it has no values to show."""
    return [Series(f"{name}, run kept", f"line kept {css}", values)] if values else []


def _shares(
    name: str,
    css: str,
    runs: tuple[Sequence[PartyNow], Sequence[PartyNow]],
    frame: Frame,
    marks: Sequence[Mark],
    fans: Sequence[Fan],
) -> Drawn:
    weeks, kept = runs
    now = weeks[-1]
    lines = (
        Series("asks for", f"line solid {css}", [w.target for w in weeks]),
        Series("is offered", f"line dashed {css}", [w.offered for w in weeks]),
        Series("takes at least", "line dotted", [w.least for w in weeks]),
        *kept_line("asks for", css, [w.target for w in kept]),
    )
    missing = "text closed" if now.target is None else "no draft yet"
    figures = [
        missing if value is None else share(max(value, 0.0))
        for value in (now.target, now.offered, now.least)
    ]
    figures += ["text closed" if w.target is None else share(max(w.target, 0.0)) for w in kept[-1:]]
    chart = line_chart(f"{name}: shares of what is open by week", frame, lines, marks, fans)
    return Drawn(chart, lines, figures)


def _worth(
    name: str,
    css: str,
    runs: tuple[Sequence[PartyNow], Sequence[PartyNow]],
    frame: Frame,
    marks: Sequence[Mark],
    fans: Sequence[Fan],
) -> Drawn:
    weeks, kept = runs
    signed, waited = f"line solid {css}", f"line dashed {css}"
    rest = (
        Series("treaty as it stands", f"line thin {css}", [w.worth for w in weeks]),
        Series("status quo", "line dotted", [w.status_quo for w in weeks]),
        *kept_line("treaty as it stands", css, [w.worth for w in kept]),
    )
    # The agreed part and the full treaty are different things: no line joins their utilities.
    drawn = (
        Series("signing the agreed part", signed, [w.interim_now for w in weeks]),
        Series("refusing the agreed part", waited, [w.interim_wait for w in weeks]),
        Series("signing", signed, [w.now for w in weeks]),
        Series("waiting", waited, [w.wait for w in weeks]),
        *rest,
    )
    figures = [
        "not weighed" if value is None else f"{value:.3f}" for value in _utilities(weeks[-1])
    ]
    figures += [f"{w.worth:.3f}" for w in kept[-1:]]
    chart = line_chart(f"{name}: utility by week", frame, drawn, marks, fans)
    return Drawn(chart, (*drawn[2:4], *rest), figures)


def _kind(weeks: Sequence[PartyNow]) -> str:
    """Return what signing and waiting are about."""
    part = any(week.interim_now is not None for week in weeks)
    full = next((n for n, week in enumerate(weeks) if week.now is not None), None)
    if full is None:
        return "; signing and waiting of the agreed part" if part else ""
    if not part:
        return "; signing and waiting of the full treaty"
    return f"; signing and waiting before week {full - 1} of the agreed part, then of all"


def home_panel(
    settings: Settings,
    snapshots: Sequence[Snapshot],
    overlay: bool,
    courses: Courses | None = None,
    kept: Sequence[Snapshot] = (),
) -> str:
    """Return the charts of politics at home, one for each home that is modelled."""
    homes = list(settings.scenario.all_homes.values())
    names = [settings.scenario.actors[home.party].name for home in homes]
    charts = [
        _home_chart(settings, n, (snapshots, kept), overlay, courses) for n in range(len(homes))
    ]
    title = f"At home in {' and '.join(names)}" if homes else "At home"
    return draw("home", title, [chart for chart, _ in charts], " ".join(note for _, note in charts))


def _home_chart(
    settings: Settings,
    n: int,
    runs: tuple[Sequence[Snapshot], Sequence[Snapshot]],
    overlay: bool,
    courses: Courses | None,
) -> tuple[Drawn, str]:
    """Return the chart of one home with its legend, and the note about its seats."""
    scenario, horizon = settings.scenario, settings.horizon
    snapshots, kept = runs
    here = list(scenario.all_homes.values())[n]
    homes = [snapshot.homes[n] for snapshot in snapshots]
    before = [h for snapshot in kept for h in snapshot.homes if h.party == here.party]
    now = homes[-1]
    danger = here.figure("fall_protest_share", 1.0)
    series = [
        Series("approval of the government", "line solid ink", [h.approval for h in homes]),
        Series("mean support for a treaty", "line dashed support", [h.opinion for h in homes]),
        Series("citizens protesting", "line solid opposition", [h.protest for h in homes]),
        Series("mobilisation", "line thin opposition", [h.impulse for h in homes]),
        Series("protest that endangers it", "line dotted", [danger] * len(homes)),
        *kept_line("approval", "ink", [h.approval for h in before]),
        *kept_line("citizens protesting", "opposition", [h.protest for h in before]),
    ]
    latest = [now.approval, now.opinion, now.protest, now.impulse, danger]
    latest += [value for h in before[-1:] for value in (h.approval, h.protest)]
    name = scenario.actors[here.party].name
    chart = line_chart(
        f"{name}: politics at home by week",
        Frame(horizon, 0.0, 1.0, HOME_HEIGHT, QUARTERS, years_of(scenario, horizon)),
        series,
        marks_of(scenario, horizon, snapshots[-1], overlay),
        [
            *fans_of(courses, "approval", int(here.side), "ink"),
            *fans_of(courses, "protest", int(here.side), "opposition"),
        ],
    )
    seats = int(here.figure("parliament_seats"))
    whose = f" of {name}" if len(scenario.all_homes) > 1 else ""
    note = f"The government{whose} holds {now.seats} of {seats} seats."
    return Drawn(chart, series, [share(value) for value in latest]), note
