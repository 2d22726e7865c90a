"""Cells and runs of a sweep as the rows of the page's tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.codes import Gate
from sim.story import day_of, gate_words
from sim.view.board.markup import plain_day

if TYPE_CHECKING:
    from sim.view.stored import Cell, StoredRun, StoredSweep


def sorted_cells(cells: Sequence["Cell"], order: str) -> list["Cell"]:
    """Return the cells in one of the orders of `sim.view.listing`, those without outcome last."""
    if order not in ("most", "least"):
        return list(cells)
    sense = -1.0 if order == "most" else 1.0

    def place(cell: "Cell") -> tuple[bool, float, int]:
        return (cell.signed is None, sense * (cell.signed or 0.0), cell.number)

    return sorted(cells, key=place)


def cell_rows(cells: Sequence["Cell"]) -> list[dict[str, object]]:
    """Return cells as plain rows."""
    return [
        {
            "number": cell.number,
            "values": [str(value) for value in cell.values.values()],
            "runs": cell.runs,
            "estimate": cell.signed,
            "low": cell.low,
            "high": cell.high,
            "signed": "no outcome"
            if cell.signed is None
            else f"{cell.signed:.1%} [{cell.low:.1%}, {cell.high:.1%}]",
        }
        for cell in cells
    ]


def run_rows(
    sweep: "StoredSweep", cell: int | None, runs: Sequence["StoredRun"]
) -> list[dict[str, object]]:
    """Return runs of one cell as plain rows, in the scenario's words."""
    if cell is None:
        return []
    scenario = sweep.scenario(cell)
    words = gate_words(scenario)
    gates = {f"ledger_{gate.name.lower()}": words[gate] for gate in Gate}
    return [
        {
            "replicate": run.replicate,
            "status": run.error or run.status.replace("_", " "),
            "signed": run.signed,
            "when": plain_day(day_of(scenario, run.signed_week)) if run.signed_week >= 0 else "",
            "weeks": run.weeks,
            "gate": _most_in_the_way(run.gates, gates),
            "question": "How was it signed?"
            if run.signed in ("interim", "full")
            else "Why did this one fail?",
        }
        for run in runs
    ]


def _most_in_the_way(gates: Sequence[str] | None, words: Mapping[str, str]) -> str:
    """Return the gates in words: all that are tied, or that none ever closed."""
    if gates is None:
        return ""
    return ", ".join(words[gate] for gate in gates) or "nothing"
