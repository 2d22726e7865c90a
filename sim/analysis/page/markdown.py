"""A report as Markdown: the answer with its queries, and every table."""

from collections.abc import Iterator
from pathlib import Path

from sim.analysis.page.content import Part, Report
from sim.analysis.page.html import MOST_ROWS, cells


def write_markdown(report: Report, target: Path) -> None:
    """Write a report as one Markdown file."""
    target.write_text(markdown(report), encoding="utf-8")


def markdown(report: Report) -> str:
    """Return a report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def escaped(text: str) -> str:
    """Return a text in which Markdown and HTML see nothing but text."""
    for mark in "\\`*_{}[]<>#|":
        text = text.replace(
            mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark]
        )
    return " ".join(text.split())


def _lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report."""
    yield from (f"# {escaped(report.title)}", "", escaped(report.subtitle), "")
    if report.gaps:
        yield from ("## What is missing", "", *(f"- {escaped(gap)}" for gap in report.gaps), "")
    yield from ("## The answer", "")
    for n, statement in enumerate(report.statements, start=1):
        yield from (f"{n}. {escaped(statement.text)}", "")
    yield from (
        "### What the model cannot tell",
        "",
        *(f"- {escaped(limit)}" for limit in report.limits),
        "",
    )
    for section in report.sections:
        yield from (f"## {escaped(section.title)}", "", escaped(section.intro), "")
        for part in section.parts:
            yield from _part(part)
    yield from ("## Find the answer's numbers again", "", f"DuckDB, {escaped(report.where)}.", "")
    for n, statement in enumerate(report.statements, start=1):
        if statement.query:
            yield from (f"Sentence {n}:", "", "```sql", statement.query, "```", "")
    yield from ("## About", "", "| | |", "|---|---|")
    yield from (f"| {escaped(name)} | {escaped(value)} |" for name, value in report.facts)


def _part(part: Part) -> Iterator[str]:
    """Yield the lines of one part: heading, table, notes."""
    yield from (f"### {escaped(part.title)}", "")
    if part.missing:
        yield from (f"Not here: {escaped(part.missing)}.", "")
        return
    if part.table is not None:
        rows = cells(part.table)
        if rows:
            yield "| " + " | ".join(escaped(name) for name in part.table.columns) + " |"
            yield "|" + "|".join("---:" if kind == "n" else "---" for _, kind in rows[0]) + "|"
            yield from ("| " + " | ".join(escaped(text) for text, _ in row) + " |" for row in rows)
            if part.table.height > MOST_ROWS:
                yield f"\nThe first {MOST_ROWS} of {part.table.height:,} lines."
        else:
            yield "None."
        yield ""
    for note in part.notes:
        yield from (f"*{escaped(note)}*", "")
