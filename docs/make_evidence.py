"""Write docs/evidence.md, its pictures and what quotes it from the committed scores.

Nothing is played. What it says of two codings it counts in their files, and fills into
docs/coding.md too.
"""

import json
import math
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.agreement import SECOND, agreement_table, disagreements
from experiments.figures import markdown
from sim.config.compose import compose

ROOT = Path(__file__).resolve().parents[1]
SUMMARIES = ROOT / "experiments" / "summaries"
PAGE = ROOT / "docs" / "evidence.md"
IMAGES = ROOT / "docs" / "images"
CODING = ROOT / "docs" / "coding.md"
QUOTED = ROOT / "sim" / "analysis" / "page" / "files" / "evidence.yaml"
"""What a report says of how often forecasts were right."""
MARKS = "<!-- agreement: begin -->", "<!-- agreement: end -->"

HEAD = """# How often it was right

Made by `docs/make_evidence.py` from [the study of twelve past
negotiations](../experiments/summaries/validation.md) and from the scores of `sim validate deu`.
What came out is printed first, whichever way it went.

## In two minutes
"""

CASES = """## Twelve past negotiations

Each is a scenario in `configs/scenario/`, coded by [a rule that was written first](coding.md);
`record` in the file says what became of it and `cannot` what of it the model does not express.
`sim validate` scores them, and those of your own, from the command line; `make study
NAME=validation` made this page. Seven were signed within three years, five were not.

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
- Coders agree on weights and on what was open, and hardly on ideals (above): what the model says of
  terms rests on the reading of one coder.
- The order of closing is on record for a few cases only; the correlations have no interval.
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


BLUE, GREY, PALE = "#1f5fa8", "#555555", "#dddddd"


def drawing(width: float, height: float, title: str, marks: Sequence[str]) -> str:
    """Return a drawing of these marks on white."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" font-family="sans-serif" font-size="12" '
            'role="img">',
            f"<title>{title}</title>",
            f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
            *marks,
            "</svg>",
            "",
        ]
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str = PALE, wide: float = 1) -> str:
    """Return a line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{wide:g}"/>'
    )


def word(x: float, y: float, text: str, anchor: str = "middle", more: str = "") -> str:
    """Return a word or some."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222222"{more}>{text}</text>'
    )


def dot(x: float, y: float, fill: str = BLUE) -> str:
    """Return a dot."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{fill}" fill-opacity="0.85" '
        f'stroke="{BLUE}"/>'
    )


def questions(text: str) -> str:
    """Return each question: the forecasts of the fitted model and of base rates."""
    head, *rows = rows_of(section(text, "Forecasts in per cent"))
    at = {name: head.index(name) for name in ("case", "came", "fitted", "(c)")}
    cases = list(dict.fromkeys(row[at["case"]] for row in rows))
    left, wide, gap, high, top = 190, 280, 60, 36, 46
    width, height = left + 2 * wide + gap + 20, top + high * len(cases) + 40
    middles = {case: top + high * n + high / 2 for n, case in enumerate(cases)}
    marks = [word(left - 14, y + 4, case, "end") for case, y in middles.items()]
    for panel, (column, title) in enumerate(
        (("fitted", "the model, fitted on the others"), ("(c)", "base rates"))
    ):
        x = left + panel * (wide + gap)
        marks.append(word(x, 18, title, "start", ' font-weight="bold"'))
        for share in (0, 25, 50, 75, 100):
            place = x + wide * share / 100
            marks.append(line(place, top - 8, place, height - 36, GREY if share == 50 else PALE))
            marks.append(word(place, height - 20, f"{share} %"))
        seen: dict[tuple[str, int], int] = {}
        for row in rows:
            share = float(row[at[column]])
            key = (row[at["case"]], round(share / 3))
            seen[key] = seen.get(key, 0) + 1
            y = middles[row[at["case"]]] + 4 * (seen[key] - 1) - 10
            marks.append(
                dot(x + wide * share / 100, y, BLUE if row[at["came"]] == "yes" else "#ffffff")
            )
    return drawing(width, height, "Forecast and outcome of each question", marks)


def reliability(text: str) -> str:
    """Return how often what was given some chance came, with its interval."""
    _, *rows = rows_of(section(text, "Reliability"))
    left, side, top = 70, 320, 20
    foot = top + side

    def place(said: float, came: float) -> tuple[float, float]:
        return left + side * said, foot - side * came

    marks = [line(*place(0, 0), *place(1, 1), GREY)]
    for share in (0, 0.25, 0.5, 0.75, 1):
        marks += [
            line(*place(share, 0), *place(share, 1)),
            line(*place(0, share), *place(1, share)),
        ]
        marks.append(word(place(share, 0)[0], foot + 18, f"{100 * share:.0f} %"))
        marks.append(word(left - 8, place(0, share)[1] + 4, f"{100 * share:.0f} %", "end"))
    for _, asked, said, came, low, high in rows:
        if asked != "0":
            x, y = place(float(said), float(came))
            marks.append(line(x, place(0, float(low))[1], x, place(0, float(high))[1], BLUE, 2))
            marks += [dot(x, y), word(x + 8, y - 6, asked, "start")]
    marks.append(word(left + side / 2, foot + 38, "forecast of the fitted model"))
    turned = f' transform="rotate(-90 16 {top + side / 2:g})"'
    marks.append(word(16, top + side / 2, "share that came", more=turned))
    return drawing(left + side + 40, foot + 50, "Reliability of the fitted model", marks)


def skill(text: str) -> str:
    """Return the Brier score of the model less that of each rival, with its interval."""
    head, *rows = rows_of(section(text, "Brier score of the model less"))
    left, wide, top, high = 270, 420, 30, 64
    found = [[[float(n) for n in re.findall(r"[-+]\d\.\d+", cell)] for cell in r[1:]] for r in rows]
    most = 0.05 * math.ceil(20 * max(abs(n) for row in found for cell in row for n in cell))

    def place(value: float) -> float:
        return left + wide * (value + most) / (2 * most)

    height = top + high * len(rows) + 60
    ticks = [-most, -most / 2, 0.0, most / 2, most]
    marks = [
        line(place(v), top - 10, place(v), height - 56, PALE if v else GREY) for v in ticks
    ] + [word(place(v), height - 40, f"{v:+.3g}" if v else "0") for v in ticks]
    for n, (row, cells) in enumerate(zip(rows, found, strict=True)):
        y = top + high * n
        marks.append(word(10, y + 4, f"less {row[0]}", "start", ' font-weight="bold"'))
        for m, (name, cell) in enumerate(zip(head[1:], cells, strict=True)):
            if not cell:  # the rival is the model unfitted, and set beside that alone
                continue
            mean, low, up = cell
            at = y + 16 * (m + 1)
            marks.append(word(left - 10, at + 4, name.removeprefix("the model, "), "end"))
            marks += [line(place(low), at, place(up), at, BLUE, 2), dot(place(mean), at)]
    marks.append(word(place(-most), height - 20, "the model is better", "start"))
    marks.append(word(place(most), height - 20, "the rival is better", "end"))
    return drawing(left + wide + 40, height, "Brier score of the model less that of rivals", marks)


PICTURES = {
    "evidence.svg": questions,
    "evidence-reliability.svg": reliability,
    "evidence-skill.svg": skill,
}
"""Each picture by its name; made from the summary of the study."""


def codings() -> str:
    """Return how far two codings agree."""
    cases = ", ".join(f"`{file.stem}`" for file in sorted(SECOND.glob("*.yaml")))
    return (
        f"Five cases were coded a second time ({cases}), by the rule, titles and sources alone, "
        "without sight of the first coding or of any run; it stands in "
        "`experiments/second_coding`. Krippendorff's alpha, with 95 % by bootstrap over items:\n\n"
        f"{markdown(agreement_table())}\n\n"
        "From .67 on is taken for tentative, from .8 on for reliable agreement. On ideals the two "
        "do not agree. What had been agreed before the start one coded as each side's own wish and "
        "the other as the middle; what was open both mostly coded as own, and where one saw a move "
        "the other often did not. Two classes apart lie "
        f"{'; '.join(disagreements())}."
    )


def filled(text: str) -> str:
    """Return the coding rule with what is known of agreement between its marks."""
    before, rest = text.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{codings()}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


def quoted(text: str) -> str:
    """Return the file from which a report quotes how often forecasts were right."""
    asked = re.search(r"right on (\d+) of (\d+) questions, base rates on (\d+)", text)
    head, *rows = rows_of(section(text, "Mean scores"))
    of = {row[0]: row[head.index("Brier")] for row in rows}
    if asked is None:
        raise ValueError("validation: the summary does not say how often it was right")
    said = (
        f"In {asked[2]} questions of twelve past negotiations the model with five numbers of "
        f"conduct fitted on the other cases was right on {asked[1]}, with more than a half "
        f"taken for yes, and base rates on {asked[3]}; Brier scores, smaller is better: "
        f"{of['the model, fitted on the others']} and {of['(c) base rates of the other cases']}, a "
        "coin 0.250. Twelve famous cases cannot show that it is calibrated (docs/evidence.md)."
    )
    body = textwrap.fill(said, 98, initial_indent="  ", subsequent_indent="  ")
    return f"# Made by docs/make_evidence.py from the study of past cases.\nevidence: >-\n{body}\n"


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
        "![Skill against each rival](images/evidence-skill.svg)",
        "How often what was given some chance came, by the fitted model; the interval is of the "
        "bootstrap over cases, and a good forecaster is on the diagonal.",
        "![Reliability](images/evidence-reliability.svg)",
        section(text, "Reliability"),
        "Order of closing, where the record knows it: Kendall's tau-b of the predicted order with "
        "the record's, before any case.",
        section(text, "Order of closing"),
        "With something changed in every run; above 0 the change makes the forecast worse, so "
        "that the part is worth something.",
        section(text, "The model before any case with something changed"),
        f"## Two codings\n\n{codings()}",
        issues().strip(),
        numbers().strip(),
        LIMITS.strip(),
    ]
    return "\n\n".join(block.strip() for block in blocks) + "\n"


def written() -> dict[Path, str]:
    """Return all files and what is in them."""
    text = (SUMMARIES / "validation.md").read_text("utf-8")
    return {
        PAGE: page(),
        CODING: filled(CODING.read_text("utf-8")),
        QUOTED: quoted(text),
        **{IMAGES / name: draw(text) for name, draw in PICTURES.items()},
    }


def main() -> int:
    """Write the page, its pictures and what quotes it, and say so."""
    for file, content in written().items():
        file.write_text(content, encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
