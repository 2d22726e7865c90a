"""The head of the page, the treaty's path and ledger, its text and its preconditions."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

from sim.config.scenario import PREAMBLE, Scenario
from sim.config.settings import Settings
from sim.model.codes import Article, Gate, Move, Precondition, Route, Treaty, complete
from sim.runs.story import STATUS_WORDS, day_of, gate_words, short_title, wording
from sim.view.board.markup import Frame, day, draw, plain_day, share, years_of
from sim.view.watch import (
    Courses,
    HomeNow,
    PartyNow,
    PreconditionNow,
    ProvisionNow,
    Snapshot,
)

LADDER = (
    Treaty.OPEN,
    Treaty.TEXT_AGREED,
    Treaty.INITIALLED,
    Treaty.SIGNED_INTERIM,
    Treaty.SIGNED_FULL,
    Treaty.RATIFIED,
)
"""Rungs in their order; the interim one may be passed over."""
BROKEN = (Treaty.COLLAPSED, Treaty.GOVERNMENT_FELL)
"""Statuses that end the talks for bad."""
ENDS = (Move.COLLAPSED, Move.GOVERNMENT_FELL, Move.LAPSED)
"""Moves that bring them about."""
RECORDED = ("initialled", "signed", "ratified", "end")
"""Kinds of the timeline's entries that say where the real treaty stood."""
WAITS = (Gate.FIRST_WAITS, Gate.SECOND_WAITS)
SMALL = 0.005
"""Differences below this are lost in figures that are rounded as here."""
MOST_PLACES = 6
"""Decimals of two utilities that are nearly the same."""
_SAID = {
    "done": "reached",
    "here": "now",
    "ahead": "ahead",
    "passed": "passed over",
    "barred": "not under this agenda",
    "lost": "not reached",
}


def header_panel(scenario: Scenario, now: Snapshot, conduct: Mapping[str, str]) -> str:
    """Return the head of the board; `conduct` is that of `sim.view.controls.conduct_words`."""
    return draw("header", scenario, now, week_words(now), conduct)


def week_words(now: Snapshot) -> str:
    """Return which week is shown, counted from 0 as in every table."""
    return "Opening" if now.played == 0 else f"Week {now.week}"


STANDS = {
    Treaty.TEXT_AGREED: "the text is agreed",
    Treaty.INITIALLED: "the text is agreed and initialled",
    Treaty.SIGNED_INTERIM: "the agreed part is signed, the rest is open",
    Treaty.SIGNED_FULL: "the treaty is signed in full and awaits ratification",
    Treaty.RATIFIED: "the treaty is signed and ratified",
    Treaty.COLLAPSED: "the talks have broken down",
    Treaty.GOVERNMENT_FELL: "a government has fallen, and the talks are over",
}
"""What stands, for each status but the open text."""
ENDINGS = {
    Treaty.SIGNED_INTERIM: "agreed part signed",
    Treaty.SIGNED_FULL: "signed, not yet ratified",
    Treaty.RATIFIED: "signed and ratified",
    Treaty.COLLAPSED: "broken down",
    Treaty.GOVERNMENT_FELL: "a government fell",
    Treaty.STALLED: "nothing signed",
}
"""How talks end, in few words."""
UNSIGNED = (Treaty.OPEN, Treaty.TEXT_AGREED, Treaty.INITIALLED)
SIGNATURES = (Treaty.SIGNED_FULL, Treaty.RATIFIED, *BROKEN)
"""Where nobody has to decide about signing any more."""


def sentence(settings: Settings, now: Snapshot) -> str:
    """Return in plain words what stands, who would sign and who not, and why."""
    scenario = settings.scenario
    first, second = (scenario.actors[party].name for party in scenario.parties)
    stands = STANDS.get(now.status) or _agreed(now)
    if now.played == 0:
        return f"{first} and {second}: {stands}. Will they sign a peace treaty, and if not, why?"
    told = [f"{week_words(now)}, {plain_day(now.day)}: {stands}"]
    if now.status not in SIGNATURES:
        told += [
            part for part in (_signers(now, (first, second)), *_obstacles(settings, now)) if part
        ]
    return ". ".join(_capital(part) for part in told) + "."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _agreed(now: Snapshot) -> str:
    agreed = sum(entry.status == Article.AGREED for entry in now.provisions)
    return f"{agreed} of {len(now.provisions)} provisions of the text are agreed"


def _signers(now: Snapshot, names: tuple[str, str]) -> str:
    """Return who would sign what there is to sign, empty if there is nothing."""
    whole = now.parties[0].now is not None
    weighed = [(p.now, p.wait) if whole else (p.interim_now, p.interim_wait) for p in now.parties]
    (one, one_waits), (other, other_waits) = weighed
    if one is None or one_waits is None or other is None or other_waits is None:
        return ""
    what = "sign" if whole else "sign the agreed part now"
    why = "waiting is worth more to it" if whole else "it expects to gain more by holding it back"
    would = (one >= one_waits, other >= other_waits)
    if all(would):
        return f"both would {what}"
    if not any(would):
        return f"neither would {what}: {why.replace(' it', ' each', 1)}"
    signer, refuser = names if would[0] else names[::-1]
    return f"{signer} would {what}; {refuser} would not, since {why}"


def _obstacles(settings: Settings, now: Snapshot) -> Iterator[str]:
    """Yield what stands in the way beside who would sign, a clause each."""
    scenario, gates = settings.scenario, now.gates
    sides = [side for side, gate in enumerate(WAITS) if gate in gates]
    asked = [(scenario.actors[scenario.parties[side]].name, now.parties[side]) for side in sides]
    held = [
        f"{name} holds out for {_percent(p.target)}" for name, p in asked if p.target is not None
    ]
    if held:
        yield f"on the rest {' and '.join(held)} of what is open"
    if Gate.NO_ZONE in gates:
        yield "no treaty would be better than none for both"
    if Gate.TERMS_OPEN in gates:
        yield "no draft on the table is better than no treaty for the other side"
    if Gate.PRECONDITION in gates and (titles := unmet(scenario, now)):
        yield f"still demanded: {'; '.join(titles)}"
    if Gate.HOME_POLITICS in gates:
        yield "politics at home do not allow it"
    if Gate.NO_CHANNEL in gates:
        yield "the two have no channel to talk"


def _percent(value: float) -> str:
    return f"{100.0 * value:.0f} %"


class Rung(NamedTuple):
    """One rung of the ladder: its status, the week it was reached (-1 never), how it stands."""

    status: Treaty
    week: int
    standing: str


def path_panel(
    settings: Settings, now: Snapshot, overlay: bool, courses: Courses | None = None
) -> str:
    """Return the path, this week's gates, the ledger, and how many courses end."""
    scenario, broken = settings.scenario, None
    if now.status in BROKEN:
        broken = next((ln.why for ln in reversed(now.lines) if ln.move in ENDS and ln.why), "")
    record = [entry for entry in scenario.timeline if entry.kind in RECORDED] if overlay else []
    steps, gates = rungs(settings, now), gate_list(settings, now)
    words = gate_words(scenario)
    told = "" if courses is None else courses_told(settings, now, courses)
    return draw("path", scenario, now, steps, broken, gates, words, record, told, SAID=_SAID)


def courses_told(settings: Settings, now: Snapshot, courses: Courses) -> str:
    """Return how many courses of the settings end how, and when they sign."""
    over = now.ended or now.played >= settings.horizon
    horizon = settings.horizon
    frame = Frame(horizon, 0.0, 1.0, 44.0, (), years_of(settings.scenario, horizon))
    signed = min((w for w in (now.rungs.interim, now.rungs.full) if w >= 0), default=-1)
    return _courses_drawn(courses, final_status(now) if over else None, frame, signed)


@lru_cache(maxsize=64)
def _courses_drawn(courses: Courses, here: Treaty | None, frame: Frame, signed: int) -> str:
    endings = [
        (ENDINGS[status], count, status == here)
        for status, count in sorted(courses.endings.items(), key=lambda pair: -pair[1])
    ]
    return draw("courses", courses, endings, frame, signed)


def final_status(now: Snapshot) -> Treaty:
    """Return how a run has ended, as `sim.runs.outcomes` counts it."""
    return Treaty.STALLED if now.status in UNSIGNED else now.status


def ending(now: Snapshot, courses: Courses) -> str:
    """Return what a run came to in its last week, and how many courses of its settings end so."""
    told = f"The end, after {now.played} weeks: {STATUS_WORDS[final_status(now)]}."
    if not courses.count:
        return told
    same = courses.endings.get(final_status(now), 0)
    return f"{told} {same} of {courses.count} courses of these settings end so."


def rungs(settings: Settings, now: Snapshot) -> Iterator[Rung]:
    """Yield the rungs: done, here, ahead, passed over, barred by the agenda, or lost.

    Lost are those that the talks ended without.
    """
    interim = settings.agenda.rule == "interim_allowed"
    reached = now.rungs
    weeks = (-1, reached.text, reached.initialled, reached.interim, reached.full, reached.ratified)
    over = now.ended or now.played >= settings.horizon
    for status, week in zip(LADDER, weeks, strict=True):
        if status == now.status:
            standing = "here"
        elif status == Treaty.OPEN or week >= 0:
            standing = "done"
        elif status == Treaty.SIGNED_INTERIM and not interim:
            standing = "barred"
        elif _is_passed(status, now):
            standing = "passed"
        else:
            standing = "lost" if over else "ahead"
        yield Rung(status, week, standing)


def _is_passed(status: Treaty, now: Snapshot) -> bool:
    if status == Treaty.SIGNED_INTERIM and now.rungs.text >= 0:
        return True  # the agreed part is signed only while the rest is open
    return status < Treaty.SIGNED_FULL and now.rungs.full >= 0


def gate_list(settings: Settings, now: Snapshot) -> str:
    """Return the gates that a week was charged to, as a list."""
    words = gate_words(settings.scenario)
    return draw(
        "gates",
        [
            (gate == Gate.SIGNED, words[gate], Markup(gate_detail(settings, now, gate)))
            for gate in now.gates
        ],
    )


def gate_detail(settings: Settings, now: Snapshot, gate: Gate) -> str:
    """Return the figures behind one closed gate, as HTML; empty if there are none to give."""
    scenario = settings.scenario
    if gate in (Gate.FIRST_WAITS, Gate.SECOND_WAITS):
        return _waiting(now.parties[0 if gate == Gate.FIRST_WAITS else 1])
    if gate == Gate.TERMS_OPEN:
        return "neither draft beats the status quo for the other side"
    if gate == Gate.PRECONDITION:
        return escape("; ".join(unmet(scenario, now)))
    if gate == Gate.HOME_POLITICS:
        return "; ".join(_at_home(settings, home) for home in now.homes)
    if gate == Gate.NO_CHANNEL and now.closed_until > 0:
        return f"closed until {day(day_of(scenario, now.closed_until))}"
    if gate == Gate.SIGNED and now.rungs.full >= 0:
        return f"on {day(day_of(scenario, now.rungs.full))}"
    return ""


def _at_home(settings: Settings, home: HomeNow) -> str:
    told = f"approval {share(home.approval)}, protest {share(home.protest)}"
    scenario = settings.scenario
    if len(scenario.all_homes) < 2:
        return told
    return f"{escape(scenario.actors[home.party].name)}: {told}"


def _waiting(party: PartyNow) -> str:
    if party.now is not None and party.wait is not None:
        return compared(party.now, party.wait)
    if party.target is None:
        return ""
    asked = f"asks for {share(party.target)}"
    # The draft was answered by what was asked for then; beside a lower demand it would mislead.
    if party.offered is None or party.offered > party.target - SMALL:
        return f"{asked} of what is open"
    return f"offered {share(party.offered)} of what is open, {asked}"


def compared(signing: float, waiting: float) -> str:
    """Return both utilities, with as many decimals as tell them apart, and what waiting adds."""
    places = 3
    while places < MOST_PLACES and 0.0 < round(waiting - signing, 9) < 2 * 10**-places:
        places += 1
    one, other = round(signing, places), round(waiting, places)
    figures = f"signing {one:.{places}f}, waiting {other:.{places}f}"
    return f"{figures}, {other - one:.{places}f} more" if other > one else figures


def unmet(scenario: Scenario, now: Snapshot) -> list[str]:
    """Return the titles of the demands that stand in the way of the full signature.

    Those that are met, dropped or in reserve do not, nor does a joint step that both sides have
    set for after the signature.
    """
    settled = (Precondition.DORMANT, Precondition.MET, Precondition.WAIVED)
    return [
        entry.title
        for entry, state in zip(scenario.preconditions.values(), now.preconditions, strict=True)
        if state.status not in settled and (entry.route, entry.trigger) != ("joint", "signed")
    ]


# ---- The treaty: its text provision by provision, and the preconditions on their routes.

ACT = (Precondition.DEMANDED, Precondition.PROMISED, Precondition.MET)
ROUTES = {
    "act": ACT,
    "joint": ACT,
    "constitutional": (
        Precondition.DEMANDED,
        Precondition.PROMISED,
        Precondition.DRAFTING,
        Precondition.PARLIAMENT,
        Precondition.REFERENDUM,
        Precondition.MET,
    ),
}
"""Steps of each route in their order."""
complete({Route[name.upper()]: steps for name, steps in ROUTES.items()}, Route)
ROUTE_WORDS = {
    "act": "an act of one government",
    "joint": "a joint step",
    "constitutional": "the constitutional route",
}
complete({Route[name.upper()]: words for name, words in ROUTE_WORDS.items()}, Route)
ENDED = (Precondition.FAILED, Precondition.WAIVED)
"""Ends that lie off the route."""
MARKS = {Article.OPEN: "○", Article.HALF: "◐", Article.AGREED: "●"}
"""Mark of each status."""


def text_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return the strip of provisions, then a scale for each that was open when the talks began."""
    entries = tuple(
        Entry(
            "Pr." if key == PREAMBLE else entry.number or "–",
            entry.title,
            "Preamble" if key == PREAMBLE else short_title(entry.title),
            entry.status != "agreed",
            state,
            wording(scenario, state.position) if state.status == Article.AGREED else "",
        )
        for (key, entry), state in zip(scenario.provisions.items(), now.provisions, strict=True)
    )
    return _text_drawn(entries, tuple(scenario.actors[party].name for party in scenario.parties))


class Entry(NamedTuple):
    """One provision as the panel of the text shows it."""

    label: str
    title: str
    short: str
    opened: bool  # true if it was open when the talks began
    state: ProvisionNow
    agreed: str  # the wording agreed on, empty if there is none


@lru_cache(maxsize=256)
def _text_drawn(entries: tuple[Entry, ...], names: tuple[str, ...]) -> str:
    # Most weeks leave the text as it is.
    counted = ", ".join(
        f"{MARKS[status]} {sum(e.state.status == status for e in entries)} {status.name.lower()}"
        for status in (Article.AGREED, Article.HALF, Article.OPEN)
    )
    return draw("text", entries, names, counted, MARKS=MARKS)


def preconditions_panel(scenario: Scenario, now: Snapshot) -> str:
    """Return every demand that somebody has raised; reserves stay out, as in the transcript."""
    raised = [
        (entry, ROUTE_WORDS[entry.route], _due(state), list(_steps(entry.route, state.status)))
        for entry, state in zip(scenario.preconditions.values(), now.preconditions, strict=True)
        if state.status != Precondition.DORMANT
    ]
    return draw("preconditions", scenario, raised)


def _due(state: PreconditionNow) -> int:
    """Return the week in which the step under way is due, -1 if there is none."""
    under_way = Precondition.PROMISED <= state.status <= Precondition.REFERENDUM
    return state.due_week if under_way else -1


def _steps(route: str, status: Precondition) -> Iterator[tuple[str, str, str]]:
    """Yield the steps of a route: how each stands (done, here or ahead), that in words, its name.

    A demand that ended off its route is left at that.
    """
    for at in ROUTES[route]:
        if at == status:
            yield "here", "now: ", at.name.lower()
        elif at < status and status not in ENDED:
            yield "done", "reached: ", at.name.lower()
        else:
            yield "ahead", "", at.name.lower()
    if status in ENDED:
        yield "broken", "", status.name.lower()
