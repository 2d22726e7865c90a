"""Why a run ended as it did: its outcome, the ledger, the last gates, the moves that decided."""

import numpy as np

from sim.config.settings import Settings
from sim.model.codes import Gate, Move, Precondition
from sim.runs.opening import RunRecord
from sim.runs.story import Line, gate_words, tell
from sim.runs.summary import Summary, summarise
from sim.runs.transcript import outcome_line
from sim.view.board.markup import bar, named, share, text
from sim.view.board.moves import move_entry
from sim.view.board.path import gate_list
from sim.view.snapshot import Snapshot
from sim.view.watch import Watch

TURNING_POINTS = frozenset(
    {
        Move.TEXT_AGREED,
        Move.INITIALLED,
        Move.INTERIM_SIGNED,
        Move.FULL_SIGNED,
        Move.RATIFIED,
        Move.PRECONDITION_ADDED,
        Move.RATIFICATION_FAILED,
        Move.LAPSED,
        Move.COLLAPSED,
        Move.ELECTION_HELD,
        Move.PROTEST_WAVE,
        Move.GOVERNMENT_FELL,
        Move.FAULT,
    }
)
"""Moves that are told whenever they happened."""
REFUSALS = frozenset({Move.INTERIM_REFUSED, Move.SIGNING_REFUSED, Move.TEXT_REFUSED})
"""Moves of which each actor's last one is told."""


def why_panel(watch: Watch) -> str:
    """Return the explanation of a run as HTML; the run must have been played to its end.

    A run that an error cut off has no outcome, and none is told.
    """
    record = watch.record()
    if watch.failure:
        return _cut_off(watch, record)
    if len(record.history) == 0:
        return '<p class="quiet">No week was played.</p>'
    summary = summarise(record)
    settings, last = watch.settings, watch.last
    return (
        f'<p class="outcome">{text(outcome_line(record, summary))}</p>{_worth(settings, summary)}'
        f'<div class="columns"><div><h3>What kept the weeks from the full signature</h3>'
        f"{_ledger(settings, summary)}{_last_gates(settings, last)}</div>"
        f"<div><h3>The moves that decided</h3>{_moves(settings, record)}</div></div>"
    )


def _cut_off(watch: Watch, record: RunRecord) -> str:
    return (
        f'<p class="outcome">The run was cut off in week {watch.failed_week} by an error, so it '
        f"has no outcome.</p><p>The error: {text(watch.failure)}.</p>"
        f"<h3>Turning points until then</h3>{_moves(watch.settings, record)}"
    )


def _moves(settings: Settings, record: RunRecord) -> str:
    moves = "".join(move_entry(settings.scenario, line) for line in decisive(record))
    return f'<ol class="log">{moves}</ol>' if moves else '<p class="quiet">None.</p>'


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
    heads = "".join(
        f'<th scope="col">{head}</th>'
        for head in (
            "Party",
            "Utility",
            "Status quo",
            "Share of what was open",
            "Concessions alone",
        )
    )
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
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


def _last_gates(settings: Settings, last: Snapshot) -> str:
    if not last.gates or Gate.SIGNED in last.gates:
        return ""
    return f"<h3>Gates of the last week</h3>{gate_list(settings, last)}"
