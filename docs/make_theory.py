"""Write docs/theory/scoreboard.md from the oracles; the same code gives the same page."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.commands.theory import SIGNS, numbers
from sim.theory import ORACLES, REFERENCES, STATICS, StaticVerdict, Verdict, judge, judge_static

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


SIGNS_HEAD = """## Signs

Each row moves one number of the talks of September 2024 between two levels, on common random
numbers, without a public and with `bargaining=articles`, 500 runs at each level. The mean paired
difference must have the sign that theory gives, at 95 %, or be exactly nothing. "The rule itself"
marks rows that only show a rule at work.

| number | from, to | under | outcome | expected | difference | source | |
|---|---|---|---|---|---|---|---|
"""


def sign_row(verdict: StaticVerdict) -> str:
    """Return one comparative static."""
    static = verdict.static
    cells = (
        static.number,
        numbers(static.levels),
        " ".join(f"`{override}`" for override in static.overrides) or "-",
        static.outcome,
        SIGNS[static.sign],
        f"{verdict.difference:+.3f} ± {verdict.half_width:.3f}",
        static.source,
        "pass" if verdict.passed else "FAIL",
    )
    return "| " + " | ".join(cells) + " |"


def signs() -> str:
    """Return the section on comparative statics."""
    verdicts = [judge_static(static) for static in STATICS]
    passed = sum(verdict.passed for verdict in verdicts)
    rows = "\n".join(sign_row(verdict) for verdict in verdicts)
    return f"{SIGNS_HEAD}{rows}\n\n{passed} of {len(verdicts)} signs are as theory says.\n\n"


def page() -> str:
    """Return the page."""
    verdicts = [judge(oracle) for oracle in ORACLES]
    passed = sum(verdict.passed for verdict in verdicts)
    references = "\n".join(f"- `{key}`: {text}" for key, text in REFERENCES.items())
    return (
        HEAD
        + "\n".join(row(verdict) for verdict in verdicts)
        + f"\n\n{passed} of {len(verdicts)} results are reproduced.\n\n"
        + signs()
        + "## References\n\n"
        + references
        + "\n"
    )


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
