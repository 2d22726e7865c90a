"""Write docs/theory/scoreboard.md from the oracles; the same code gives the same page."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.commands.theory import numbers
from sim.theory import ORACLES, REFERENCES, Verdict, judge

PAGE = Path(__file__).parent / "theory" / "scoreboard.md"

HEAD = """# Checked against theory

Each row plays minimal talks through the simulator's own rules, with everything that the result
is not about switched off, and compares what comes out with a published value. The rows stand in
`sim/theory`; `sim theory` plays them again on your machine. This page is made from them by
`docs/make_theory.py`.

Results in closed form must agree to 1e-9. Means over runs may differ by three standard errors,
which the theory gives. Where a tolerance is wider, its reason stands beside it.

| result | expected | got | tolerance | reference | |
|---|---|---|---|---|---|
"""


def row(verdict: Verdict) -> str:
    """Return one row of the table."""
    oracle = verdict.oracle
    cells = (
        oracle.name,
        numbers(oracle.expected),
        numbers([0.0 if abs(value) < 1e-12 else value for value in verdict.got]),
        f"{oracle.tolerance:.2g} ({oracle.basis})",
        oracle.reference,
        "pass" if verdict.passed else "FAIL",
    )
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """Return the page."""
    verdicts = [judge(oracle) for oracle in ORACLES]
    passed = sum(verdict.passed for verdict in verdicts)
    references = "\n".join(f"- `{key}`: {text}" for key, text in REFERENCES.items())
    return (
        HEAD
        + "\n".join(row(verdict) for verdict in verdicts)
        + f"\n\n{passed} of {len(verdicts)} results are reproduced.\n\n## References\n\n"
        + references
        + "\n"
    )


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
