"""Each party over time: what it asks for and is offered, and whether it would sign or wait."""

from collections.abc import Sequence

from sim.config.settings import Settings
from sim.view.board.chart import (
    Frame,
    Mark,
    Series,
    legend,
    line_chart,
    record_marks,
    rung_marks,
    years_of,
)
from sim.view.board.markup import SIDES, named, panel, share, text
from sim.view.snapshot import PartyNow, Snapshot

SHARES = ((0.0, "0"), (0.5, "50"), (1.0, "100"))
ROOM = 0.05
"""What is left free above and below the utilities."""


def parties_panel(settings: Settings, snapshots: Sequence[Snapshot], overlay: bool) -> str:
    """Return both parties' charts on the same scales."""
    scenario = settings.scenario
    marks = rung_marks(snapshots[-1])
    if overlay:
        marks += record_marks(scenario, settings.horizon)
    years = years_of(scenario, settings.horizon)
    low, high, ticks = _utility_scale(snapshots)
    talks = Frame(settings.horizon, -0.02, 1.02, 146.0, SHARES, years)
    worth = Frame(settings.horizon, low, high, 146.0, ticks, years)
    both = "".join(
        _party(
            side,
            scenario.actors[party].name,
            [snapshot.parties[side] for snapshot in snapshots],
            (talks, worth),
            marks,
        )
        for side, party in enumerate(scenario.parties)
    )
    note = (
        "Shares are of what is open: 100 % is the party&rsquo;s own ideal on every open issue. "
        "Utility 1 is the whole treaty at its own ideals; signing and waiting are compared once "
        "there is something to sign."
    )
    return panel("parties", "The parties", f'<div class="columns">{both}</div>', note)


def _utility_scale(
    snapshots: Sequence[Snapshot],
) -> tuple[float, float, list[tuple[float, str]]]:
    values = [v for s in snapshots for p in s.parties for v in _utilities(p) if v is not None]
    low, high = min(0.0, *values), max(1.0, *values)
    ticks = [(0.0, "0"), (0.5, "0.5"), (1.0, "1")]
    return low - ROOM, high + ROOM, ticks


def _utilities(party: PartyNow) -> tuple[float | None, ...]:
    return (party.worth, party.status_quo, signing(party), waiting(party))


def signing(party: PartyNow) -> float | None:
    """Return what signing is worth: in full once the text is closed, of the agreed part before."""
    return party.now if party.now is not None else party.interim_now


def waiting(party: PartyNow) -> float | None:
    """Return what not signing is worth, where it was weighed."""
    return party.wait if party.wait is not None else party.interim_wait


def _party(
    side: int,
    name: str,
    weeks: Sequence[PartyNow],
    frames: tuple[Frame, Frame],
    marks: Sequence[Mark],
) -> str:
    now, css = weeks[-1], SIDES[side]
    talks, worth = frames
    shares = (
        Series("asks for", f"line solid {css}", [w.target for w in weeks]),
        Series("is offered", f"line dashed {css}", [w.offered for w in weeks]),
        Series("takes at least", "line dotted", [w.least for w in weeks]),
    )
    missing = "text closed" if now.target is None else "no draft yet"
    share_figures = tuple(
        missing if value is None else share(max(value, 0.0))
        for value in (now.target, now.offered, now.least)
    )
    signed, waited = f"line solid {css}", f"line dashed {css}"
    rest = (
        Series("treaty as it stands", f"line thin {css}", [w.worth for w in weeks]),
        Series("status quo", "line dotted", [w.status_quo for w in weeks]),
    )
    # The agreed part and the full treaty are different things: no line joins their utilities.
    drawn = (
        Series("signing the agreed part", signed, [w.interim_now for w in weeks]),
        Series("refusing the agreed part", waited, [w.interim_wait for w in weeks]),
        Series("signing", signed, [w.now for w in weeks]),
        Series("waiting", waited, [w.wait for w in weeks]),
        *rest,
    )
    utilities = (Series("signing", signed, ()), Series("waiting", waited, ()), *rest)
    utility_figures = tuple(
        "not weighed" if value is None else f"{value:.3f}"
        for value in (signing(now), waiting(now), now.worth, now.status_quo)
    )
    return (
        f'<div class="party"><h3>{named(side, name)}</h3>'
        "<h4>Share of what is open, %</h4>"
        f"{line_chart(f'{name}: shares of what is open by week', talks, shares, marks)}"
        f"{legend(shares, share_figures)}"
        f"<h4>Utility{_kind(weeks)}</h4>"
        f"{line_chart(f'{name}: utility by week', worth, drawn, marks)}"
        f"{legend(utilities, utility_figures)}</div>"
    )


def _kind(weeks: Sequence[PartyNow]) -> str:
    part = any(week.interim_now is not None for week in weeks)
    full = next((n for n, week in enumerate(weeks) if week.now is not None), None)
    if full is None:
        return "; signing and waiting of the agreed part" if part else ""
    if not part:
        return "; signing and waiting of the full treaty"
    return f"; signing and waiting before week {full - 1} of the agreed part, then of all"


# ---- Politics at home over time: approval, support for a treaty, protest, the opposition's pull


def home_panel(settings: Settings, snapshots: Sequence[Snapshot], overlay: bool) -> str:
    """Return the chart of politics at home."""
    scenario = settings.scenario
    homes = [s.home for s in snapshots]
    now = homes[-1]
    ticks = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100"))
    years = years_of(scenario, settings.horizon)
    frame = Frame(settings.horizon, 0.0, 1.0, 178.0, ticks, years)
    danger = scenario.politics.fall_protest_share.value
    series = [
        Series("approval of the government", "line solid ink", [h.approval for h in homes]),
        Series("mean support for a treaty", "line dashed support", [h.opinion for h in homes]),
        Series("citizens protesting", "line solid opposition", [h.protest for h in homes]),
        Series("mobilisation", "line thin opposition", [h.impulse for h in homes]),
        Series("protest that endangers it", "line dotted", [danger] * len(homes)),
    ]
    figures = [
        share(value) for value in (now.approval, now.opinion, now.protest, now.impulse, danger)
    ]
    marks = rung_marks(snapshots[-1])
    if overlay:
        marks += record_marks(scenario, settings.horizon)
    name = scenario.actors[scenario.opposition.home].name
    body = line_chart(f"{name}: politics at home by week", frame, series, marks)
    seats = int(scenario.politics.parliament_seats.value)
    note = f"The government holds {now.seats} of {seats} seats."
    return panel("home", f"At home in {name}", body + legend(series, figures), text(note))
