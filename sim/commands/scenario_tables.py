"""A scenario as tables on the terminal."""

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sim.config.number import DERIVED, Number, assumptions_by_class, override_of
from sim.config.scenario import Scenario
from sim.config.table import in_unit
from sim.runs.terminal import columns


def render_scenario(scenario: Scenario, console: Console) -> None:
    """Print a scenario: the text, the demands outside it, the numbers and where they come from."""
    first, second = (scenario.actors[party].name for party in scenario.parties)
    console.print(f"[bold]{escape(scenario.title)}[/bold]  (from {scenario.start.isoformat()})")
    if scenario.note:
        console.print(escape(scenario.note.strip()))
    console.print(
        f"Positions run from 0, {escape(first)}'s wording, to 1, {escape(second)}'s. "
        "Weights are shares of all issues in the talks. * marks an assumption."
    )
    for make in (text_table, precondition_table, calendar_table, number_table, basis_table):
        table = make(scenario)
        if table.row_count:
            console.print(table)


def normalised_weights(scenario: Scenario, actor: str) -> dict[str, float]:
    """Return an actor's weights over provisions and preconditions not dormant, summing to 1."""
    raw = {key: item.weights[actor].value for key, item in scenario.provisions.items()}
    raw |= {
        key: item.weights[actor].value
        for key, item in scenario.preconditions.items()
        if item.status != "dormant"
    }
    total = sum(raw.values())
    return {key: weight / total for key, weight in raw.items()}


def figure(number: Number | None, ends: tuple[float, float] | None = None) -> str:
    """Return a value in short form, a position in its article's unit, a star if it is assumed."""
    if number is None:
        return "-"
    value = number.value if ends is None else in_unit(number, ends)
    return f"{value:.6g}{'*' if number.assumed else ''}"


def _preference_columns(table: Table, scenario: Scenario) -> None:
    for actor in scenario.actor_ids:
        table.add_column(f"{escape(scenario.actors[actor].name)}\nweight / ideal", justify="right")


def text_table(scenario: Scenario) -> Table:
    """Return the provisions with status, position, weights and ideals."""
    table = columns(Table(title="The text"), "Id", "Subject", "Status", right=("Position",))
    _preference_columns(table, scenario)
    weights = {actor: normalised_weights(scenario, actor) for actor in scenario.actor_ids}
    for key, item in scenario.provisions.items():
        table.add_row(
            escape(key),
            escape(item.title + (f" ({item.unit})" if item.unit else "")),
            item.status,
            figure(item.position, item.ends),
            *(
                f"{weights[a][key]:.3f} / {figure(item.ideals[a], item.ends)}"
                for a in scenario.actor_ids
            ),
        )
    return table


def precondition_table(scenario: Scenario) -> Table:
    """Return the demands outside the text."""
    table = Table(title="Demands outside the text (ideal 0 dropped, 1 delivered)")
    names = ("Id", "Demand", "Demanded by", "Delivered by", "Route", "Status", "Taken up")
    columns(table, *names, right=("Weeks", "Odds"))
    _preference_columns(table, scenario)
    weights = {actor: normalised_weights(scenario, actor) for actor in scenario.actor_ids}
    for key, item in scenario.preconditions.items():
        lead = item.lead_weeks
        steps = [n for n in (lead.draft, lead.parliament, lead.referendum) if n is not None]
        values = {a: w.get(key) for a, w in weights.items()}
        cells = (
            f"{'dormant' if value is None else f'{value:.3f}'} / {figure(item.ideals[a])}"
            for a, value in values.items()
        )
        table.add_row(
            escape(key),
            escape(item.title),
            escape(scenario.actors[item.demanded_by].name),
            escape(scenario.actors[item.delivered_by].name),
            item.route,
            item.status,
            item.trigger,
            " + ".join(figure(step) for step in steps),
            figure(item.odds),
            *cells,
        )
    return table


def calendar_table(scenario: Scenario) -> Table:
    """Return the dated events that the rules know of."""
    table = columns(Table(title="Calendar"), "Date", "Week", "Kind", "Event", "Basis")
    for event in scenario.calendar:
        week = (event.date - scenario.start).days // 7
        table.add_row(
            event.date.isoformat(), str(week), event.kind, escape(event.title), escape(event.basis)
        )
    return table


def number_table(scenario: Scenario) -> Table:
    """Return all numbers other than weights, ideals and positions, each with its basis."""
    table = Table(title="Numbers, as one sets them on the line and names them in assumptions=")
    table.add_column("Number", overflow="fold")
    columns(table, right=("Value", "Range"))
    table.add_column("Basis", overflow="fold")
    for path, number in scenario.numbers():
        if any(part in path for part in (".weights.", ".ideals.", ".opening.", ".position")):
            continue
        span = ""
        if number.low is not None and number.high is not None:
            span = f"{number.low:.6g} to {number.high:.6g}"
        key = override_of(path)
        table.add_row(escape(key), f"{number.value:.6g}", span, escape(basis_words(number)))
    return table


def basis_words(number: Number) -> str:
    """Return where a number comes from, in words."""
    if number.basis == DERIVED:
        return f"derived from {', '.join(number.sources)}"
    return f"{number.basis}, beside {', '.join(number.sources)}" if number.sources else number.basis


def basis_table(scenario: Scenario) -> Table:
    """Return how many numbers have a source and how many are assumed."""
    counts: Counter[str] = Counter()
    for _, number in scenario.numbers():
        counts["assumption" if number.assumed else number.basis] += 1
    total = sum(counts.values())
    table = Table(title="Where the numbers come from")
    columns(table, "Basis", right=("Numbers", "Share"))
    for basis, count in counts.most_common():
        source = scenario.sources.get(basis)
        words = f"{basis}: {source.title}" if source else basis
        table.add_row(escape(words), str(count), f"{count / total:.1%}")
    table.add_row("all", str(total), "100.0%", style="bold")
    return table


def render_sources(scenario: Scenario, console: Console) -> None:
    """Print what rests on which source, and how many assumptions stand for themselves."""
    console.print(f"[bold]{escape(scenario.title)}[/bold]  (from {scenario.start.isoformat()})")
    console.print(source_table(scenario))
    numbers = list(scenario.numbers())
    assumed = sum(number.assumed for _, number in numbers)
    classes = assumptions_by_class(numbers)
    coded = [count for key, count in classes.items() if len(key) > 1]
    console.print(
        f"{len(numbers)} numbers, {assumed} of them assumptions. {sum(coded)} of these are weights "
        f"and positions in {len(coded)} classes of a coding rule, so {len(classes)} assumptions "
        "stand for themselves."
    )


def source_table(scenario: Scenario) -> Table:
    """Return each source with what rests on it.

    A number is sourced or derived from it, or an assumption that was held against it; events of
    the calendar and of the timeline cite it. What only a note cites is not told.
    """
    resting: dict[str, list[str]] = {key: [] for key in scenario.sources}
    for path, number in scenario.numbers():
        told = f"{path} (assumed beside it)" if number.assumed else path
        for key in number.sources if number.sources else (number.basis,):
            if key in resting:
                resting[key].append(told)
    for event in scenario.calendar:
        if event.basis in resting:
            resting[event.basis].append(f"calendar {event.date.isoformat()}")
    for past in scenario.timeline:
        if past.source in resting:
            resting[past.source].append(f"timeline {past.date.isoformat()}")
    table = columns(Table(title="What rests on which source"), "Source", "Of", "Grade")
    table.add_column("What rests on it", overflow="fold")
    for key, source in scenario.sources.items():
        words = escape(f"{key}: {source.title}")
        rests = escape(", ".join(resting[key])) or "notes only"
        table.add_row(words, escape(source.date), source.reliability, rests)
    return table
