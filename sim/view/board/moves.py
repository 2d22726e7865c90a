"""What happened and why: the log of moves, how a run ended, and where two runs part."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import Actor, Gate, Move, Precondition
from sim.runs.opening import RunRecord
from sim.runs.story import Line, gate_words, tell
from sim.runs.summary import outcome_line, summarise
from sim.view.board.markup import draw
from sim.view.board.path import ENDINGS, gate_list, sentence, week_words
from sim.view.choices import Choices, Start, State, address_values, write_address
from sim.view.controls import differing
from sim.view.courses import Courses, Ensemble
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
TURNING_POINTS = (
    RUNGS
    | SETBACKS
    | {Move.PRECONDITION_ADDED, Move.ELECTION_HELD, Move.PROTEST_WAVE, Move.GOVERNMENT_FOLLOWED}
)
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
    return draw("moves", entries, left_out)


def marks_of_moves(snapshots: Sequence[Snapshot]) -> dict[str, list[int]]:
    """Return the weeks played in which something happened, by how the slider marks them."""
    found: dict[str, list[int]] = {"step": [], "setback": [], "move": []}
    for snapshot in snapshots:
        moves = {line.move for line in snapshot.lines}
        if moves:
            kind = "step" if moves & RUNGS else "setback" if moves & BAD else "move"
            found[kind].append(snapshot.played)
    return found


def move_entry(scenario: Scenario, line: Line) -> str:
    """Return one move: its date, who made it, what was done, and why."""
    verdict = "good" if line.move in GOOD else "bad" if line.move in BAD else ""
    return _move_drawn(scenario.code_of(line.actor) if line.actor else None, line, verdict)


@lru_cache(maxsize=4096)
def _move_drawn(actor: Actor | None, line: Line, verdict: str) -> str:
    return draw("move", actor, line, verdict)


def _record(
    scenario: Scenario, now: Snapshot, shown: Iterable[Line]
) -> Iterator[tuple[date, int, str]]:
    """Yield the entries of the real timeline from the first line shown to the end of the week."""
    since = min((line.day for line in shown), default=date.min)
    for entry in scenario.timeline:
        if since <= entry.date < now.day + timedelta(days=7):
            source = scenario.sources.get(entry.source)
            named = source.title if source else entry.source
            yield entry.date, -1, draw("recorded", entry, named)


def why_panel(watch: Watch) -> str:
    """Return the explanation of a run as HTML; the run must have been played to its end.

    A run that an error cut off has no outcome, and none is told.
    """
    record, settings, last = watch.record(), watch.settings, watch.last
    scenario = settings.scenario
    moves = [move_entry(scenario, line) for line in decisive(record)]
    if watch.failure:
        return draw("cut_off", watch, moves)
    if len(record.history) == 0:
        return draw("quiet", "No week was played.")
    summary = summarise(record)
    shares = list(summary.ledger.values())
    ledger = [(words, shares[gate]) for gate, words in gate_words(scenario).items()]
    blocked = bool(last.gates) and Gate.SIGNED not in last.gates
    gates = gate_list(settings, last) if blocked else ""
    return draw("why", scenario, outcome_line(record, summary), summary, ledger, gates, moves)


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


# --- two runs beside each other


class Kept:
    """A run that is kept beside the one shown, and is shown in the same week."""

    def __init__(self, state: State, watch: Watch) -> None:
        self.state, self.watch = state, watch
        self.ensemble: Ensemble | None = None  # many courses of its settings

    def address(self, base: Choices) -> str:
        """Return the query string that opens it where `base` holds otherwise."""
        return write_address(address_values(base, self.state.choices))

    def close(self) -> None:
        """Let go of the run."""
        self.watch.close()
        if self.ensemble is not None:
            self.ensemble.close()


def beside_panel(kept: Kept, watch: Watch, courses: Courses, start: Start, state: State) -> str:
    """Return what two runs have set differently, where they part, and how many courses end so.

    watch, courses, state: of the run shown.
    """
    apart = differing(start, kept.state, state)
    kept_courses = Courses() if kept.ensemble is None else kept.ensemble.courses
    runs = (kept.watch, watch)
    chance = {(run.settings.seed, run.settings.replicate) for run in runs}
    at = parting(kept.watch.shown, watch.shown)
    parted = None
    if at is not None:
        moves = [" ".join(line.text for line in run.shown[at].lines) or "Nothing." for run in runs]
        parted = (week_words(watch.shown[at]), *moves)
    told = [run.failure or sentence(run.settings, run.now) for run in runs]
    counted = (kept_courses, courses)
    every = {status: None for found in counted for status in found.endings}
    endings = {words: status for status, words in ENDINGS.items() if status in every}
    count = {found.count for found in counted}
    only = None
    if len(count) == 1 and count != {0} and len(chance) == 1:
        one, other = kept_courses.signed, courses.signed
        only = (int((one & ~other).sum()), int((other & ~one).sum()))
    return draw("beside", apart, told, len(chance) == 1, parted, counted, endings, only)


def parting(one: Sequence[Snapshot], other: Sequence[Snapshot]) -> int | None:
    """Return the first of two runs' weeks in which their moves differ, None if none does yet."""
    for at, (first, second) in enumerate(zip(one, other, strict=False)):
        if [line.text for line in first.lines] != [line.text for line in second.lines]:
            return at
    return None
