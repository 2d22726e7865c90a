"""Write docs/evidence.md and its picture from the committed scores; nothing is played."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.config.compose import compose

ROOT = Path(__file__).resolve().parents[1]
SUMMARIES = ROOT / "experiments" / "summaries"
PAGE = ROOT / "docs" / "evidence.md"
PICTURE = ROOT / "docs" / "images" / "evidence.svg"

HEAD = """# How often it was right

Made by `docs/make_evidence.py` from [the study of twelve past
negotiations](../experiments/summaries/validation.md) and from the scores of `sim validate deu`.
What came out is printed first, whichever way it went.

## In two minutes
"""

CASES = """## Twelve past negotiations

Each is a scenario in `configs/scenario/`, coded by [a rule that was written first](coding.md);
`record` in the file says what became of it and `cannot` what of it the model does not express.
`make study NAME=validation` plays them. Seven were signed within three years, five were not.

![Each question: forecasts and whether it came](images/evidence.svg)

Every dot is a question; filled if the answer was yes. A good forecaster has filled dots on the
right and hollow ones on the left.
"""

DEU = """## Issues of European legislation

Decision-making in the European Union (DEU III, Arregui and Perarnaud 2021, doi 10.34810/data53):
where Commission, Parliament and governments stood on each issue of a proposal, how much they
cared, and what was decided, on a scale from 0 to 100. Council and Parliament bargain over the
issues of a proposal by the simulator's rules. It tests terms and trades, not time, failure or
preconditions: all of these proposals were decided. `sim validate deu FILE` prints it again from
the deposited file, which is not part of this package. {size}

Mean absolute error in points, 95 % interval by bootstrap over proposals, and the difference from
the compromise. Nothing in this table is tuned.
"""

TUNED = """With one number tuned on every other proposal and scored on the rest, where the
compromise has {compromise}:

"""

NUMBERS = """## Numbers of the first scenario beside what was found

The scenario's own are assumptions with the range in brackets. Where what was found lies elsewhere,
the presets `tenure`, `market` and `street` play it; no default was moved for it. For office value,
perceived deadlines, curvature, the weights of articles and a mediator's bias nothing was found.
"""
FOUND: tuple[tuple[str, str, str], ...] = (
    (
        "discount_rate.armenia",
        "exit hazard a year of parliamentary leaders in years 6 to 8 since 1990: 0.22 [0.17, 0.28] "
        "(62 exits in 280 years); 10-year dollar bond of March 2025 at 7.1 %",
        "REIGN, March 2021; azatutyun.am/amp/33350817.html",
    ),
    (
        "discount_rate.azerbaijan",
        "the same of personal rule from year 20 on: 0.086 [0.044, 0.129] (16 exits in 185 years); "
        "default spreads of 2.48 % (Ba1) and, for Armenia, 3.56 % (Ba3)",
        "REIGN, March 2021; Damodaran, January 2025",
    ),
    (
        "status_quo.azerbaijan",
        "fiscal gain of a settlement 2.4 % of GDP a year, and 3.0 % for Armenia; of 2018, before "
        "both wars",
        "Berlin Economics, epnk.org, June 2018",
    ),
    (
        "holdout_odds.azerbaijan",
        "new demands after met ones in 4 of 9 talks, 0.44 [0.19, 0.73]",
        "past cases, hand-picked",
    ),
    (
        "public.threshold_mean",
        "36.8 % would never join a protest to change the government; 23.4 % if land were ceded, "
        "22.5 % at a threat of war (n = 1,100)",
        "MPG, April 2024, caucasuswatch.de",
    ),
    (
        "public.opinion_sd",
        "0.305 on the Washington declaration and 0.30 on the road; from after the start",
        "MPG, August 2025, arminfo.info",
    ),
    (
        "constitution.yes_sd",
        "0.25 in six contested votes between 24 and 94 % yes",
        "past cases, hand-picked",
    ),
    (
        "lapse.full_per_year",
        "1 of 9 treaties within five years",
        "past cases, hand-picked",
    ),
)
"""Number of the first scenario, what was found on it, and where."""

LIMITS = """## What cannot be learned from it

- Twelve famous cases are no sample, and whoever coded them knew how they ended. They can show
  gross failure; they cannot show that a forecaster is calibrated. Within a case the questions
  hang together.
- No second coding has been made, so that no agreement between coders can be told.
- Days on which single items closed are on record for too few cases to score the order of closing.
- The legislation has no failures, no time and no home front.
- No default of the first scenario was moved because of any of this.
"""


def section(text: str, caption: str) -> str:
    """Return the table below a caption of a summary; ValueError if there is none."""
    found = re.search(
        rf"^{re.escape(caption)}[^\n]*\n(?:[^|\n][^\n]*\n)*\n((?:\|.*\n)+)", text, re.MULTILINE
    )
    if found is None:
        raise ValueError(f"no table under '{caption}'")
    return found[1]


def rows_of(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table, its heading first."""
    lines = [line for line in table.strip().splitlines() if not re.fullmatch(r"[|\-: ]+", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def score(entry: dict[str, float | str]) -> str:
    """Return one row of the table of issues."""
    return (
        f"| {entry['name']} | {entry['error']:.1f} [{entry['low']:.1f}, {entry['high']:.1f}] | "
        f"{entry['beside']:+.1f} [{entry['beside_low']:+.1f}, {entry['beside_high']:+.1f}] |"
    )


def issues() -> str:
    """Return the section on the issues of legislation."""
    stored = json.loads((SUMMARIES / "deu.json").read_text("utf-8"))
    whole, test = stored["all"], stored["test_half"]
    head = "| forecast | mean error | less the compromise |\n|---|---|---|\n"
    size = f"{whole[0]['issues']} issues with both positions and an outcome."
    tuned = [entry for entry in test if entry["kind"] == "tuned"]
    return (
        DEU.format(size=size)
        + f"\n{head}"
        + "\n".join(score(entry) for entry in whole)
        + "\n\n"
        + TUNED.format(compromise=f"{test[0]['error']:.1f}")
        + head
        + "\n".join(score(entry) for entry in tuned)
        + "\n"
    )


def numbers() -> str:
    """Return the numbers of the first scenario beside what was found."""
    known = dict(compose([]).scenario.numbers())
    rows = [
        f"| `{path}` | {known[path].value:g} ({known[path].low:g} to {known[path].high:g}) | "
        f"{found} | {where} |"
        for path, found, where in FOUND
    ]
    head = "| number | in the scenario | found | where |\n|---|---|---|---|\n"
    return f"{NUMBERS}\n{head}" + "\n".join(rows) + "\n"


def verdict_of_issues() -> str:
    """Return what came of the issues in one sentence."""
    whole = json.loads((SUMMARIES / "deu.json").read_text("utf-8"))["all"]
    rules = [entry for entry in whole if entry["kind"] == "rule"]
    better = sum(entry["beside_high"] < 0 for entry in rules)
    worse = sum(entry["beside_low"] > 0 for entry in rules)
    closest = min(rules, key=lambda entry: entry["error"])
    return (
        f"On {whole[0]['issues']} issues of European legislation, of {len(rules)} ways to let "
        f"the rules bargain {better} beat the salience-weighted compromise "
        f"({whole[0]['error']:.1f} points off), {worse} lose to it and "
        f"{len(rules) - better - worse} cannot be told from it; the closest, afterwards, is "
        f"{closest['name']} ({closest['error']:.1f})."
    )


def picture(table: str) -> str:
    """Return the forecasts of the fitted model and of base rates as a drawing."""
    head, *rows = rows_of(table)
    at = {name: head.index(name) for name in ("case", "came", "fitted", "(c)")}
    cases = list(dict.fromkeys(row[at["case"]] for row in rows))
    left, wide, gap, high, top = 190, 280, 60, 36, 46
    width, height = left + 2 * wide + gap + 20, top + high * len(cases) + 40
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12" role="img">',
        "<title>Forecast and outcome of each question</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for n, case in enumerate(cases):
        y = top + high * n + high / 2
        out.append(
            f'<text x="{left - 14}" y="{y + 4}" text-anchor="end" fill="#222222">{case}</text>'
        )
    for panel, (column, title) in enumerate(
        (("fitted", "the model, fitted on the others"), ("(c)", "base rates"))
    ):
        x = left + panel * (wide + gap)
        out.append(f'<text x="{x}" y="18" fill="#222222" font-weight="bold">{title}</text>')
        for share in (0, 25, 50, 75, 100):
            place = x + wide * share / 100
            line = "#999999" if share == 50 else "#dddddd"
            out.append(
                f'<line x1="{place}" x2="{place}" y1="{top - 8}" y2="{height - 36}" '
                f'stroke="{line}"/>'
            )
            out.append(
                f'<text x="{place}" y="{height - 20}" text-anchor="middle" '
                f'fill="#555555">{share} %</text>'
            )
        seen: dict[tuple[str, int], int] = {}
        for row in rows:
            share = float(row[at[column]])
            key = (row[at["case"]], round(share / 3))
            seen[key] = seen.get(key, 0) + 1
            y = top + high * cases.index(row[at["case"]]) + high / 2 + 4 * (seen[key] - 1) - 10
            fill = "#1f5fa8" if row[at["came"]] == "yes" else "#ffffff"
            out.append(
                f'<circle cx="{x + wide * share / 100:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" '
                'fill-opacity="0.85" stroke="#1f5fa8"/>'
            )
    return "\n".join([*out, "</svg>", ""])


def page() -> str:
    """Return the page."""
    text = (SUMMARIES / "validation.md").read_text("utf-8")
    found = re.search(r"^\*\*Found\.\*\* (.+?)\n\n((?:- .+\n)+)", text, re.MULTILINE)
    if found is None:
        raise ValueError("validation: the summary states no finding")
    blocks = [
        HEAD.strip(),
        f"- {found[1]}\n{found[2].strip()}\n- {verdict_of_issues()}",
        CASES.strip(),
        "Mean scores over cases, smaller is better, with 95 % intervals by bootstrap over cases.",
        section(text, "Mean scores"),
        "Brier score of the model less that of each rival; below 0 the model is better.",
        section(text, "Brier score of the model less"),
        "How often what was given some chance came, by the fitted model.",
        section(text, "Reliability"),
        "With something changed in every run; above 0 the change makes the forecast worse, so "
        "that the part is worth something.",
        section(text, "The model before any case with something changed"),
        issues().strip(),
        numbers().strip(),
        LIMITS.strip(),
    ]
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def main() -> int:
    """Write the page and its picture, and say so."""
    PAGE.write_text(page(), encoding="utf-8")
    text = (SUMMARIES / "validation.md").read_text("utf-8")
    PICTURE.write_text(picture(section(text, "Forecasts in per cent")), encoding="utf-8")
    print("wrote docs/evidence.md and docs/images/evidence.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
