"""The log of moves, each with its date and reason; beside it, if wanted, the real talks."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Move
from sim.runs.story import Line
from sim.view.board.markup import SIDES, day, panel, sign, text
from sim.view.snapshot import Snapshot

LATEST = 24
"""Moves that are shown unless all are wanted."""
GOOD = (
    Move.ARTICLE_CLOSED,
    Move.TEXT_AGREED,
    Move.INITIALLED,
    Move.INTERIM_SIGNED,
    Move.FULL_SIGNED,
    Move.RATIFIED,
)
BAD = (
    Move.INTERIM_REFUSED,
    Move.SIGNING_REFUSED,
    Move.TEXT_REFUSED,
    Move.RATIFICATION_FAILED,
    Move.LAPSED,
    Move.COLLAPSED,
    Move.GOVERNMENT_FELL,
    Move.FAULT,
)
"""Moves towards a treaty and away from it; their marks are ✓ and ✕."""


class Entry(NamedTuple):
    """One line of the log, to be sorted by date."""

    when: str
    order: int
    html: str


def moves_panel(
    settings: Settings, snapshots: Sequence[Snapshot], overlay: bool, all_moves: bool
) -> str:
    """Return the log, the latest first."""
    lines = [line for snapshot in snapshots for line in snapshot.lines]
    shown = lines if all_moves else lines[-LATEST:]
    left_out = len(lines) - len(shown)
    entries = [
        Entry(line.day.isoformat(), n, move_entry(settings.scenario, line))
        for n, line in enumerate(shown)
    ]
    if overlay:
        entries += _record(settings.scenario, snapshots[-1], shown if left_out else ())
    entries.sort(key=lambda entry: (entry.when, entry.order), reverse=True)
    body = f'<ol class="log">{"".join(entry.html for entry in entries)}</ol>'
    if not entries:
        body = '<p class="quiet">Nothing has happened yet.</p>'
    note = f"{left_out} earlier moves are not shown." if left_out else ""
    return panel("moves", "What happened in this run", body, note)


def move_entry(scenario: Scenario, line: Line) -> str:
    """Return one move: its date, who made it, what was done, and why."""
    actor = scenario.actor_ids.index(line.actor) if line.actor else -1
    mark = sign(actor) if actor >= 0 else '<span class="sign" aria-hidden="true">·</span>'
    css = SIDES[actor] if actor >= 0 else "nobody"
    verdict = "good " if line.move in GOOD else "bad " if line.move in BAD else ""
    why = f" <small>{text(line.why)}</small>" if line.why else ""
    return (
        f'<li class="{verdict}{css}">{day(line.day)}{mark}'
        f"<p>{_verdict(line.move)}{text(line.said)}.{why}</p></li>"
    )


def _verdict(move: Move) -> str:
    if move in GOOD:
        return '<b class="verdict" aria-hidden="true">✓</b> '
    return '<b class="verdict" aria-hidden="true">✕</b> ' if move in BAD else ""


def _record(scenario: Scenario, now: Snapshot, shown: Iterable[Line]) -> list[Entry]:
    until = now.day + timedelta(days=7)
    since = min(
        (line.day for line in shown),
        default=scenario.timeline[0].date if scenario.timeline else now.day,
    )
    return [
        Entry(
            entry.date.isoformat(),
            -1,
            f'<li class="record">{day(entry.date)}<span class="sign" aria-hidden="true">▴</span>'
            f"<p><b>In the record:</b> {text(entry.title)} "
            f"<small>{text(_source(scenario, entry.source))}</small></p></li>",
        )
        for entry in scenario.timeline
        if since <= entry.date < until
    ]


def _source(scenario: Scenario, key: str) -> str:
    found = scenario.sources.get(key)
    return found.title if found else key
