"""Fill the README's table of how often each preset ends in which way.

Run by ``make docs``. The figures are those of replicates 0 to 999 of seed 1.
"""

import sys
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from sim.config.compose import compose
from sim.model.codes import Treaty
from sim.runs.play import play_batch

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- presets: begin -->", "<!-- presets: end -->"
PRESETS = ("none", "yerevan", "baku", "opposition", "washington", "tenure", "market")
RUNS = 1000
ENDINGS = {
    "stalled": (Treaty.OPEN, Treaty.TEXT_AGREED, Treaty.INITIALLED),
    "interim deal in force": (Treaty.SIGNED_INTERIM,),
    "signed in full, not ratified": (Treaty.SIGNED_FULL,),
    "ratified": (Treaty.RATIFIED,),
    "collapsed": (Treaty.COLLAPSED,),
}
FALL = "of all, a government fell on the way"


def share(count: int, runs: int) -> str:
    """Return a percentage with its 95 % Wilson interval."""
    interval = binomtest(count, runs).proportion_ci(method="wilson")
    return f"{100 * count / runs:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


@cache
def played(preset: str, runs: int) -> np.ndarray:
    """Return the final states of a preset's runs."""
    return play_batch([compose([f"preset={preset}"])], range(runs))[0]


def falls(preset: str, runs: int = RUNS) -> int:
    """Return in how many runs of a preset a government fell; a successor goes on with the talks."""
    return int(np.count_nonzero(played(preset, runs).government))


def counts(preset: str, runs: int = RUNS) -> dict[str, int]:
    """Return how many runs of a preset end in which way."""
    final = played(preset, runs)
    status = np.bincount(final.status, minlength=len(Treaty))
    return {ending: int(sum(status[s] for s in these)) for ending, these in ENDINGS.items()}


def table(runs: int = RUNS) -> str:
    """Return the table in Markdown, in per cent."""
    lines = [
        "| after 156 weeks, % of runs | " + " | ".join(f"`{p}`" for p in PRESETS) + " |",
        "|---" * (len(PRESETS) + 1) + "|",
    ]
    found = {preset: counts(preset, runs) for preset in PRESETS}
    for ending in ENDINGS:
        cells = [share(found[preset][ending], runs) for preset in PRESETS]
        lines.append(f"| {ending} | " + " | ".join(cells) + " |")
    lines.append(f"| {FALL} | " + " | ".join(share(falls(p, runs), runs) for p in PRESETS) + " |")
    return "\n".join(lines)


def filled(text: str) -> str:
    """Return the README's text with the table filled in."""
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    README.write_text(filled(README.read_text()))
    sys.stdout.write(f"filled the table of presets in {README.name}\n")
