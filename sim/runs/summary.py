"""What one run came to: the object behind `sim run --json`, and the run on the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sim.config.scenario import Scenario
from sim.config.settings import Choice
from sim.model.codes import Article, Gate, Move, Precondition, Treaty
from sim.model.identity import RUN_LIBRARIES, versions
from sim.runs.opening import RunRecord
from sim.runs.outcomes import LEDGER_COLUMNS, outcomes, status_quo, word
from sim.runs.story import STATUS_WORDS, day_of, gate_keys, gate_words, percent, short_title, tell
from sim.runs.terminal import columns, show

RUNGS = ("text", "initialled", "interim", "full", "ratified", "ended")
"""Events whose weeks are stated."""


@dataclass(frozen=True)
class Place:
    """Where one provision ended; an open one at the midpoint of the last offers."""

    id: str
    number: str
    title: str
    status: str
    position: float


@dataclass(frozen=True)
class Demand:
    """Where one precondition ended."""

    id: str
    title: str
    status: str


@dataclass(frozen=True)
class Summary:
    """What one run came to."""

    scenario: str  # id of the scenario
    driver: str  # ``"engine"`` or ``"mesa"``
    # status, highest_status, end_reason: words of `sim.runs.outcomes`; the reason is
    # ``"none"`` if the talks did not end early
    status: str
    highest_status: str
    end_reason: str
    signed: str  # ``"none"``, ``"interim"`` or ``"full"``
    # signed_week, signed_date: first signature of either kind
    signed_week: int | None
    signed_date: str | None
    weeks: int  # weeks played
    dates: dict[str, int | None]  # week of each rung of the ladder, None if it was not reached
    in_force: str  # deal that stood at the end
    preamble: Place
    articles: list[Place]
    preconditions: list[Demand]
    # utilities, status_quo, shares, concessions, drafts: by the parties' ids
    utilities: dict[str, float]
    status_quo: dict[str, float]
    shares: dict[str, float]
    concessions: dict[str, int]
    drafts: dict[str, int]
    dignity: float
    approval: float
    opinion: float
    protest: float
    ledger: dict[str, float]  # share of weeks by gate; sums to 1
    seed: int
    replicate: int
    overrides: list[str]
    versions: dict[str, str]

    @property
    def provisions(self) -> list[Place]:
        """Preamble and articles in the order of the text."""
        return [self.preamble, *self.articles]

    def plain(self) -> dict[str, object]:
        """Return dictionaries, lists and values only, ready for JSON."""
        return asdict(self)


def summarise(record: RunRecord, overrides: Sequence[str] = ()) -> Summary:
    """Return what a run that was played to its end came to; `overrides` are stated."""
    settings, final = record.settings, record.final
    scenario = settings.scenario
    found = {k: values[0].item() for k, values in outcomes(record.params, final).items()}
    worth_before = {
        party: float(status_quo(np.atleast_1d(record.params), np.zeros(1, np.int64), side)[0])
        for side, party in enumerate(scenario.parties)
    }
    keys = gate_keys(scenario)
    week, places = _week(found, "signed"), _places(record)
    demands = zip(scenario.preconditions.items(), final.precondition, strict=False)

    def by_party(name: str) -> dict[str, Any]:
        first, second = scenario.parties
        return {first: found[f"{name}_first"], second: found[f"{name}_second"]}

    return Summary(
        scenario=scenario.id,
        driver=record.driver,
        status=word("status", found["status"]),
        highest_status=word("highest_status", found["highest_status"]),
        end_reason=word("end_reason", found["end_reason"]),
        signed=word("signed", found["signed"]),
        signed_week=week,
        signed_date=None if week is None else day_of(scenario, week).isoformat(),
        weeks=found["weeks"],
        dates={rung: _week(found, rung) for rung in RUNGS},
        in_force=word("in_force", found["in_force"]),
        preamble=places[0],
        articles=places[1:],
        preconditions=[
            Demand(key, entry.title, Precondition(int(code)).name.lower())
            for (key, entry), code in demands
        ],
        utilities=by_party("utility"),
        status_quo=worth_before,
        shares=by_party("share"),
        concessions=by_party("concessions"),
        drafts=by_party("drafts"),
        dignity=found["dignity"],
        approval=found["approval"],
        opinion=found["opinion"],
        protest=found["protest"],
        ledger={keys[gate]: found[LEDGER_COLUMNS[gate]] for gate in Gate},
        seed=settings.seed,
        replicate=settings.replicate,
        overrides=list(overrides),
        versions=versions(RUN_LIBRARIES),
    )


def _week(found: Mapping[str, Any], event: str) -> int | None:
    week: int = found[f"{event}_week"]
    return None if week < 0 else week


def _places(record: RunRecord) -> list[Place]:
    final = record.final
    return [
        Place(
            id=key,
            number=provision.number,
            title=provision.title,
            status=Article(int(final.article[i])).name.lower(),
            position=float(final.position[i]),
        )
        for i, (key, provision) in enumerate(record.settings.scenario.provisions.items())
    ]


# --- the calendar of what happened, and what it came to

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


def outcome_line(record: RunRecord, summary: Summary) -> str:
    """Return the outcome in one sentence."""
    status = Treaty[summary.status.upper()]
    line = f"Outcome: {summary.status} after {summary.weeks} weeks; {STATUS_WORDS[status]}"
    if status == Treaty.STALLED:
        line += f" (highest status: {summary.highest_status})"
    if summary.signed != "none":
        line += f". First signature: {summary.signed_date} (week {summary.signed_week})"
    return line + "."


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


def bar(share: float) -> str:
    """Return a bar for a share in [0, 1]; something is always drawn for something."""
    return "█" * max(round(share * _BAR), share > 0.0)


def _table(*names: str, right: Sequence[str] = ()) -> Table:
    return columns(Table(box=None, padding=(0, 2, 0, 0), header_style="dim"), *names, right=right)
