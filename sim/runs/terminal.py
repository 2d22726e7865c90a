"""The terminal that results are printed on, numbers in words, and one run printed there."""

import os
import shutil
import sys
from collections.abc import Collection, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.config.decisions import Asked
from sim.config.scenario import Scenario
from sim.config.settings import Choice
from sim.model.codes import Article, Gate, Move, Precondition, Question
from sim.runs.opening import RunRecord
from sim.runs.play import Course
from sim.runs.story import day_of, gate_words, percent, short_title, tell
from sim.runs.summary import Summary, outcome_line


def duration(seconds: float) -> str:
    """Return a time span in words, rounded to what matters."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes / 60:.1f} h"


def size(count: float) -> str:
    """Return a number of bytes in words."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


# --- the terminal that results are printed on

PLAIN_WIDTH = 100
"""Columns where the output is no terminal and COLUMNS is not set."""


class PipedConsole(Console):
    """A console that raises when nobody reads on, instead of leaving the process."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, which `sim.commands.cli.main` waits for."""
        raise BrokenPipeError


def console(error: bool = False) -> Console:
    """Return a console; colours go to a terminal only, piped text has a fixed width."""
    stream = sys.stderr if error else sys.stdout
    if stream.isatty():
        return PipedConsole(file=stream, highlight=False)
    width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if "COLUMNS" in os.environ else None
    return PipedConsole(
        file=stream,
        highlight=False,
        width=width or PLAIN_WIDTH,
        force_terminal=False,
        no_color=True,
    )


def plain_table() -> Table:
    """Return a table without lines."""
    return Table(box=None, pad_edge=False, header_style="bold")


def columns(table: Table, *names: str, right: Collection[str] = ()) -> Table:
    """Add columns to a table, and then those of numbers, at the right of their columns.

    What is too long for a column goes on in the next line; nothing is cut away.
    """
    for name in (*names, *right):
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def show(block: RenderableType, output: Console) -> None:
    """Print one block; where the output is no terminal, without the blanks that pad its lines."""
    if output.is_terminal:
        output.print(block)
        return
    with output.capture() as captured:
        output.print(block)
    for line in captured.get().splitlines():
        output.out(line.rstrip(), highlight=False)


# --- one run: the calendar of what happened, and what it came to

_BAR = 30
"""Characters of a bar that stands for all weeks."""

_STYLES = {
    Move.OFFER: "",
    Move.CALENDAR: "dim",
    Move.MEETING: "dim",
    Move.ARTICLE_CLOSED: "green",
    Move.TEXT_AGREED: "bold green",
    Move.INITIALLED: "bold green",
    Move.INTERIM_SIGNED: "bold green",
    Move.FULL_SIGNED: "bold green",
    Move.RATIFIED: "bold green",
    Move.INTERIM_REFUSED: "yellow",
    Move.SIGNING_REFUSED: "yellow",
    Move.TEXT_REFUSED: "yellow",
    Move.INCIDENT: "red",
    Move.RATIFICATION_FAILED: "bold red",
    Move.LAPSED: "bold red",
    Move.COLLAPSED: "bold red",
    Move.GOVERNMENT_FELL: "bold red",
    Move.GOVERNMENT_FOLLOWED: "red",
}
"""Colours on a terminal; the words say all without them."""


def render(record: RunRecord, summary: Summary, console: Console) -> None:
    """Print one run; colours go to a terminal only."""
    scenario = record.settings.scenario
    blocks: list[RenderableType] = [
        Group(
            Text(scenario.title, style="bold"),
            *(Text(line) for line in conduct_lines(record)),
            Text("Each date is the first day of a week.", style="dim"),
        ),
        calendar(record),
        Text(outcome_line(record, summary), style="bold"),
    ]
    first, second = (scenario.actors[party].name for party in scenario.parties)
    for title, make in (
        ("What stood at the end is worth", parties_table),
        (f"What was open (0 {first}'s wording, 1 {second}'s)", articles_table),
        ("Preconditions", preconditions_table),
        ("What kept each week from being the week of the full signature", ledger_table),
    ):
        table = make(scenario, summary)
        if table.row_count:
            blocks.append(Group(Text(title, style="bold"), table))
    for n, block in enumerate(blocks):
        if n:
            console.print()
        show(block, console)


def conduct_lines(record: RunRecord) -> list[str]:
    """Return how the talks were set up: strategies, rules, horizon and seed."""
    settings = record.settings
    scenario = settings.scenario
    lines = []
    for party, conduct in settings.parties.items():
        line = f"{scenario.actors[party].name}: {choice_words(conduct.strategy)}"
        line += f"; accepts by {choice_words(conduct.acceptance)}"
        if conduct.opponent_model.name != "none":
            line += f"; learns by {choice_words(conduct.opponent_model)}"
        lines.append(line)
    alone = settings.bargaining.rule == "articles"
    return [
        *lines,
        f"Agenda {settings.agenda.rule}, {'bargaining articles, ' if alone else ''}"
        f"precondition {settings.precondition.rule}, "
        f"mediator {settings.mediator.style}, public {settings.public.rule}",
        f"{settings.horizon} weeks from {scenario.start.isoformat()}, seed {settings.seed}, "
        f"replicate {settings.replicate}",
    ]


def choice_words(choice: Choice) -> str:
    """Return a plug-in with its parameters, e.g. ``polynomial (beta 0.2, kappa 0)``."""
    values = ", ".join(f"{name} {value:g}" for name, value in choice.parameters.items())
    return f"{choice.name} ({values})" if values else choice.name


def calendar(record: RunRecord) -> Table:
    """Return what happened, one dated move a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for line in tell(record):
        table.add_row(line.day.isoformat(), Text(line.text, style=_STYLES.get(line.move, "")))
    last = day_of(record.settings.scenario, int(record.final.week))
    if not record.final.ended:
        table.add_row(last.isoformat(), Text("The horizon is reached.", style="dim"))
    return table


def parties_table(scenario: Scenario, summary: Summary) -> Table:
    """Return what the outcome is worth to each party."""
    shares = ("Utility", "Status quo", "Share of what was open", "Concessions alone")
    table = _table("Party", right=shares)
    for party in scenario.parties:
        table.add_row(
            Text(scenario.actors[party].name),
            f"{summary.utilities[party]:.3f}",
            f"{summary.status_quo[party]:.3f}",
            percent(summary.shares[party]),
            str(summary.concessions[party]),
        )
    return table


def articles_table(scenario: Scenario, summary: Summary) -> Table:
    """Return the final positions of the articles that were open at the start."""
    table = _table("Article", "Subject", "Status", right=("Position",))
    places = {item.id: item for item in summary.provisions}
    for key, provision in scenario.provisions.items():
        if provision.status == "agreed":
            continue
        place = places[key]
        agreed = place.status == Article.AGREED.name.lower()
        table.add_row(
            Text(provision.number or "-"),
            Text(short_title(provision.title)),
            place.status,
            f"{place.position:.2f}" if agreed else f"({place.position:.2f})",
        )
    return table


def preconditions_table(scenario: Scenario, summary: Summary) -> Table:
    """Return where the preconditions ended; those that nobody raised are left out."""
    table = _table("Demand", "Demanded by", "Status")
    for entry in summary.preconditions:
        if entry.status == Precondition.DORMANT.name.lower():
            continue
        item = scenario.preconditions[entry.id]
        name = scenario.actors[item.demanded_by].name
        table.add_row(Text(item.title), Text(name), entry.status)
    return table


def ledger_table(scenario: Scenario, summary: Summary) -> Table:
    """Return the ledger: shares of weeks charged to each gate, with bars."""
    table = _table("Gate", right=("Weeks",))
    table.add_column("")
    shares = list(summary.ledger.values())
    for gate, words in gate_words(scenario).items():
        share = shares[gate]
        if share > 0.0 or gate == Gate.SIGNED:
            table.add_row(Text(words), f"{100.0 * share:.1f} %", Text(bar(share)))
    return table


def wordings_table(asked: Asked) -> Table:
    """Return what is open as a seat sees it, with the key that one types."""
    theirs = "Text" if asked.question == Question.TEXT else "Theirs"
    numbers = ("Weight", "Your ideal", "Yours", theirs, "Worth of it")
    table = _table("Key", "Open", right=numbers)
    table.columns[0].no_wrap = True  # it is typed as it stands
    for entry in asked.wordings:
        places = (entry.ideal, entry.own, entry.other)
        shown = (percent(entry.weight), *(f"{at:.2f}" for at in places), percent(entry.worth))
        table.add_row(Text(entry.key), Text(entry.name), *shown)
    return table


def courses_table(scenario: Scenario, courses: Sequence[Course]) -> Table:
    """Return how the same talks went with other decisions."""
    names = [scenario.actors[party].name for party in scenario.parties]
    table = _table("Decided", "What came of it", right=("Signed", *(f"To {n}" for n in names)))
    for course in courses:
        week = "-" if course.signed_week is None else f"week {course.signed_week}"
        worths = (f"{course.utilities[party]:.3f}" for party in scenario.parties)
        table.add_row(Text(course.what), course.status, week, *worths)
    return table


def bar(share: float) -> str:
    """Return a bar for a share in [0, 1]; something is always drawn for something."""
    return "█" * max(round(share * _BAR), share > 0.0)


def _table(*names: str, right: Sequence[str] = ()) -> Table:
    return columns(Table(box=None, padding=(0, 2, 0, 0), header_style="dim"), *names, right=right)
