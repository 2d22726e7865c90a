"""Write docs/transcripts.md: the first twenty runs of the default talks, told by their dates."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.config.compose import compose
from sim.model.codes import Move
from sim.runs.play import play_one
from sim.runs.story import Line, gate_keys, gate_words, tell
from sim.runs.summary import outcome_line, summarise

PAGE = Path(__file__).parent / "transcripts.md"
RUNS = 20
HORIZON = 156
LEFT_OUT = frozenset(
    {Move.MEETING, Move.INCIDENT, Move.OFFER, Move.ARTICLE_HALF, Move.PROTEST_WAVE}
)
"""Moves that come so often that they would hide the others."""
HEAD = f"""# Twenty transcripts

The default talks of September 2024, replicates 0 to {RUNS - 1} of seed 1: on which day articles
closed, who moved and why, what became of the demands, and what kept each week from being that of
the full signature. Meetings, incidents, drafts and protest are left out; `sim run replicate=N`
prints all of it. No run was chosen or left out. They are runs of a model and no forecast.

This page is made by `docs/make_transcripts.py`.
"""


def kept(lines: list[Line]) -> Iterator[str]:
    """Yield the lines that are shown, those of one day and kind together."""
    for line in lines:
        if line.move not in LEFT_OUT:
            yield f"- {line.day.isoformat()}: {line.text}"


def told(replicate: int) -> str:
    """Return one run as a part of the page."""
    record = play_one(compose([f"replicate={replicate}", f"horizon={HORIZON}"]))
    summary = summarise(record)
    lines = list(kept(tell(record)))
    words, keys = gate_words(record.settings.scenario), gate_keys(record.settings.scenario)
    shut = [
        f"{words[gate]} {100 * share:.0f} %"
        for gate, key in keys.items()
        if (share := summary.ledger[key]) > 0.005
    ]
    return "\n".join(
        [
            f"## Replicate {replicate}",
            "",
            *lines,
            "",
            outcome_line(record, summary),
            "",
            f"Of all weeks: {'; '.join(shut)}.",
        ]
    )


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(told(n) + "\n" for n in range(RUNS))]).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.name}\n")
