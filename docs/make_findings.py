"""Fill the main findings of README.md from the committed summaries of the studies.

Only what lies between the marks is replaced; the numbers are those of `experiments/summaries`.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
SUMMARIES = ROOT / "experiments" / "summaries"
MARKS = "<!-- findings: begin -->", "<!-- findings: end -->"
MAIN = {
    "opposition_claim": "Unilateral concessions make a signature rarer where Azerbaijan is "
    "patient, in part for the opposition's reason",
    "interim_or_everything": "The interim deal is seldom needed: mostly the text closes first",
    "constitution": "What the constitution does depends on whether it is meant",
}
"""Studies whose findings stand on the first screen, with what each comes to."""
CAVEATS = {
    "hindcast": "The chief caveat: it is no forecast.",
    "validation": "How often it was right elsewhere.",
    "sensitivity": "How much rests on assumptions.",
}
"""Studies whose findings bound them."""


def found(name: str) -> str:
    """Return the main finding of a study.

    Raises
    ------
    ValueError
        If its summary states none.
    """
    text = (SUMMARIES / f"{name}.md").read_text("utf-8")
    match = re.search(r"^\*\*Found\.\*\* (.+)$", text, re.MULTILINE)
    if match is None:
        raise ValueError(f"{name}: the summary states no finding")
    return match[1]


def filled(page: str) -> str:
    """Return the page with the findings between its marks."""
    begin, end = MARKS
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    lines = [
        f"{n}. **{title}.** {found(name)} ([study](experiments/summaries/{name}.md))"
        for n, (name, title) in enumerate(MAIN.items(), 1)
    ]
    bounds = [
        f"**{title}** {found(name)} ([study](experiments/summaries/{name}.md))"
        for name, title in CAVEATS.items()
    ]
    body = "\n".join(lines) + "\n\n" + "\n\n".join(bounds)
    return f"{before}{begin}\n{body}\n{end}{after}"


def main() -> int:
    """Fill the page in place and say so."""
    README.write_text(filled(README.read_text("utf-8")), encoding="utf-8")
    print("filled the findings in README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
