"""What happened and why: the log of moves, and the explanation of how a run ended."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Gate, Move, Precondition
from sim.runs.opening import RunRecord
from sim.runs.story import Line, gate_words, tell
from sim.runs.summary import Summary, summarise
from sim.runs.transcript import outcome_line
from sim.view.board.markup import SIDES, bar, day, named, panel, quiet, share, sign, text
from sim.view.board.path import gate_list
from sim.view.watch import Snapshot, Watch

LATEST = 24
"""Moves that are shown unless all are wanted."""
RUNGS = frozenset(
    {Move.TEXT_AGREED, Move.INITIALLED, Move.INTERIM_SIGNED, Move.FULL_SIGNED, Move.RATIFIED}
)
SETBACKS = frozenset(
    {Move.RATIFICATION_FAILED, Move.LAPSED, Move.COLLAPSED, Move.GOVERNMENT_FELL, Move.FAULT}
)
REFUSALS = frozenset({Move.INTERIM_REFUSED, Move.SIGNING_REFUSED, Move.TEXT_REFUSED})
"""Moves of which the explanation tells each actor's last one."""
TURNING_POINTS = RUNGS | SETBACKS | {Move.PRECONDITION_ADDED, Move.ELECTION_HELD, Move.PROTEST_WAVE}
"""Moves that the explanation tells whenever they happened."""
GOOD, BAD = RUNGS | {Move.ARTICLE_CLOSED}, SETBACKS | REFUSALS
"""Moves towards a treaty and away from it; their marks are ✓ and ✕."""


def moves_panel(
    settings: Settings, snapshots: Sequence[Snapshot], overlay: bool, all_moves: bool
) -> str:
    """Return the log, the latest first."""
    lines = [line for snapshot in snapshots for line in snapshot.lines]
    shown = lines if all_moves else lines[-LATEST:]
    left_out = len(lines) - len(shown)
    entries = [(line.day, n, move_entry(settings.scenario, line)) for n, line in enumerate(shown)]
    if overlay:
        entries += _record(settings.scenario, snapshots[-1], shown if left_out else ())
    entries.sort(key=lambda entry: entry[:2], reverse=True)
    body = f'<ol class="log">{"".join(html for _, _, html in entries)}</ol>'
    if not entries:
        body = quiet("Nothing has happened yet.")
    note = f"{left_out} earlier moves are not shown." if left_out else ""
    return panel("moves", "What happened in this run", body, note)


def move_entry(scenario: Scenario, line: Line) -> str:
    """Return one move: its date, who made it, what was done, and why."""
    css, mark = "nobody", '<span class="sign" aria-hidden="true">·</span>'
    if line.actor:
        actor = scenario.actor_ids.index(line.actor)
        css, mark = SIDES[actor], sign(actor)
    verdict = ""
    if line.move in (*GOOD, *BAD):
        good = line.move in GOOD
        css = f"{'good' if good else 'bad'} {css}"
        verdict = f'<b class="verdict" aria-hidden="true">{"✓" if good else "✕"}</b> '
    why = f" <small>{text(line.why)}</small>" if line.why else ""
    return f'<li class="{css}">{day(line.day)}{mark}<p>{verdict}{text(line.said)}.{why}</p></li>'


def _record(
    scenario: Scenario, now: Snapshot, shown: Iterable[Line]
) -> Iterator[tuple[date, int, str]]:
    """Yield the entries of the real timeline from the first line shown to the end of the week."""
    since = min((line.day for line in shown), default=date.min)
    for entry in scenario.timeline:
        if since <= entry.date < now.day + timedelta(days=7):
            source = scenario.sources.get(entry.source)
            html = (
                f'<li class="record">{day(entry.date)}<span class="sign" aria-hidden="true">▴'
                f"</span><p><b>In the record:</b> {text(entry.title)} "
                f"<small>{text(source.title if source else entry.source)}</small></p></li>"
            )
            yield entry.date, -1, html


def why_panel(watch: Watch) -> str:
    """Return the explanation of a run as HTML; the run must have been played to its end.

    A run that an error cut off has no outcome, and none is told.
    """
    record, settings, last = watch.record(), watch.settings, watch.last
    if watch.failure:
        return (
            f'<p class="outcome">The run was cut off in week {watch.failed_week} by an error, so '
            f"it has no outcome.</p><p>The error: {text(watch.failure)}.</p>"
            f"<h3>Turning points until then</h3>{_moves(settings, record)}"
        )
    if len(record.history) == 0:
        return quiet("No week was played.")
    summary = summarise(record)
    gates = ""
    if last.gates and Gate.SIGNED not in last.gates:
        gates = f"<h3>Gates of the last week</h3>{gate_list(settings, last)}"
    return (
        f'<p class="outcome">{text(outcome_line(record, summary))}</p>{_worth(settings, summary)}'
        f'<div class="columns"><div><h3>What kept the weeks from the full signature</h3>'
        f"{_ledger(settings, summary)}{gates}</div>"
        f"<div><h3>The moves that decided</h3>{_moves(settings, record)}</div></div>"
    )


def _moves(settings: Settings, record: RunRecord) -> str:
    moves = "".join(move_entry(settings.scenario, line) for line in decisive(record))
    return f'<ol class="log">{moves}</ol>' if moves else quiet("None.")


def decisive(record: RunRecord) -> list[Line]:
    """Return the moves that explain how a run ended, in their order.

    All turning points, every end of a precondition's route, and the last refusal of each kind by
    each actor.
    """
    lines = tell(record)
    last = {(line.actor, line.move): n for n, line in enumerate(lines) if line.move in REFUSALS}
    kept = set(last.values())
    return [
        line
        for n, (event, line) in enumerate(zip(record.events, lines, strict=True))
        if n in kept or line.move in TURNING_POINTS or _ends_a_demand(event)
    ]


def _ends_a_demand(event: np.record) -> bool:
    ends = (Precondition.MET, Precondition.FAILED, Precondition.WAIVED)
    return event["move"] == Move.PRECONDITION_STEP and int(event["value"]) in ends


def _worth(settings: Settings, summary: Summary) -> str:
    scenario = settings.scenario
    rows = "".join(
        f'<tr><th scope="row">{named(side, scenario.actors[party].name)}</th>'
        f"<td>{summary.utilities[party]:.3f}</td><td>{summary.status_quo[party]:.3f}</td>"
        f"<td>{share(summary.shares[party])}</td><td>{summary.concessions[party]}</td></tr>"
        for side, party in enumerate(scenario.parties)
    )
    heads = ("Party", "Utility", "Status quo", "Share of what was open", "Concessions alone")
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _ledger(settings: Settings, summary: Summary) -> str:
    shares = list(summary.ledger.values())
    rows = "".join(
        f'<tr><th scope="row">{text(words)}</th><td>{100 * shares[gate]:.1f}&nbsp;%</td>'
        f"<td>{bar(shares[gate])}</td></tr>"
        for gate, words in gate_words(settings.scenario).items()
        if shares[gate] > 0.0
    )
    return f"<table><tbody>{rows}</tbody></table>"
