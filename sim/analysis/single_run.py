"""Figures of a single run: timeline, demands, text, wants, politics at home."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from sim.analysis.charts import Result
from sim.analysis.ledger import ENDED, LedgerOverTime
from sim.analysis.loading import RUN_FILE, existing
from sim.analysis.results import NotInResults
from sim.config.scenario import Scenario, build_scenario
from sim.errors import ConfigError
from sim.model.codes import Gate
from sim.runs.story import gate_keys, gate_words, short_title

if TYPE_CHECKING:
    from sim.analysis.charts import Chart


def timeline(frame: pl.DataFrame) -> "Chart":
    """Return the moves over time, one line for each kind."""
    import altair as alt

    from sim.analysis.charts import data, dates, finished

    kinds = frame["kind"].unique(maintain_order=True).sort().to_list()
    rows = [
        {
            "date": row["date"].isoformat(),
            "kind": row["kind"],
            "actor": row["actor"] or "both, or nobody",
            "told": f"{row['said']} ({row['why']})" if row["why"] else row["said"],
        }
        for row in frame.iter_rows(named=True)
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_point(size=70, filled=True, opacity=0.75)
        .encode(
            x=dates(),
            y=alt.Y("kind:N", sort=kinds, title=None),
            color=alt.Color("actor:N", title="actor"),
            shape=alt.Shape("actor:N", title="actor"),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("actor:N"),
                alt.Tooltip("told:N", title="what"),
            ],
        )
    )
    return finished(chart, "Moves by kind; point at one to read it", {"step": 42})


def _lines(frame: pl.DataFrame, title: str, axis: str, dashed: bool = True) -> "Chart":
    import altair as alt

    from sim.analysis.charts import data, dates, finished, told_apart

    names = [c for c in frame.columns if c not in ("week", "date")]
    rows = [
        {"date": row["date"].isoformat(), "of": name, "value": round(float(row[name]), 4)}
        for row in frame.iter_rows(named=True)
        for name in names
        if row[name] is not None
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2.2, interpolate="step-after")
        .encode(
            x=dates(),
            y=alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True)),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("of:N"),
                alt.Tooltip("value:Q", format=".3f"),
            ],
            **told_apart("of", None, names),
        )
    )
    return finished(chart, title, 280)


def demands(frame: pl.DataFrame) -> "Chart":
    """Return what each side asked for and would take, over time."""
    return _lines(frame, "Demands and the least that each side takes", "share of what was open")


def home(frame: pl.DataFrame) -> "Chart":
    """Return approval, support, protest and attention over time."""
    return _lines(frame, "At home, and the mediator's attention", "share")


def text(frame: pl.DataFrame) -> "Chart":
    """Return text and drafts over time; a list chooses the article."""
    import altair as alt

    from sim.analysis.charts import chooser, data, dates, finished, told_apart

    articles = frame["article"].unique(maintain_order=True).to_list()
    names = frame["of"].unique(maintain_order=True).to_list()
    rows = [
        {
            "article": articles.index(row["article"]),
            "date": row["date"].isoformat(),
            "of": row["of"],
            "position": round(float(row["position"]), 4),
        }
        for row in frame.iter_rows(named=True)
        if row["position"] is not None
    ]
    chart = (
        alt.Chart(data(rows))
        .add_params(chooser("article_shown", articles, "article"))
        .transform_filter("datum.article == article_shown")
        .mark_line(strokeWidth=2.2, interpolate="step-after")
        .encode(
            x=dates(),
            y=alt.Y("position:Q", scale=alt.Scale(domain=[0, 1]), title="position"),
            tooltip=[
                alt.Tooltip("date:T", format="%-d %B %Y"),
                alt.Tooltip("of:N"),
                alt.Tooltip("position:Q", format=".2f"),
            ],
            **told_apart("of", None, names),
        )
    )
    return finished(chart, "The text and both drafts", 260)


def wants(frame: pl.DataFrame) -> "Chart":
    """Return ideals and where each article ended, one line an article."""
    from sim.analysis.charts import dots

    ideals = [c for c in frame.columns if c.startswith("ideal of ")]
    rows = [
        {"label": row["article"], "series": words, "value": value, "low": value, "high": value}
        for row in frame.iter_rows(named=True)
        for words, value in (*((c, row[c]) for c in ideals), ("ended at", row["position"]))
        if value is not None
    ]
    title = "Who wanted what, and where it ended"
    return dots(rows, title, "position", format=".2f", domain=(0, 1), series="whose")


# ---- A single run's folder opened for reading, and what a reader wants to see of the run.

FORMAT = 1
"""Version of the folder's files that is read."""
WEEKS_FILE, MOVES_FILE = "weeks.parquet", "moves.parquet"
NEEDED = (
    "status",
    "signed",
    "weeks",
    "ledger",
    "utilities",
    "status_quo",
    "settings",
    "seed",
    "replicate",
)
MOVE_KINDS: Mapping[str, tuple[str, ...]] = {
    "signature and after": (
        "text_agreed", "initialled", "interim_signed", "full_signed", "side_ratified", "ratified",
    ),
    "refusal, failure, end": (
        "interim_refused", "signing_refused", "text_refused", "ratification_failed", "lapsed",
        "collapsed", "government_fell", "fault", "incident",
    ),
    "draft and answer": (
        "offer", "accepted", "article_closed", "article_half", "article_reopened", "mediator_text",
        "interim_proposed", "side_payment",
    ),
    "concession and precondition": (
        "concession_article", "concession_promise", "concession_outside", "precondition_step",
        "precondition_added",
    ),
    "meeting, calendar, politics at home": (
        "meeting", "calendar", "election_held", "protest_wave",
    ),
}  # fmt: skip
"""Kinds of moves as the timeline tells them apart."""


@dataclass(frozen=True, eq=False)
class SingleRun:
    """One run. Made by `sim.analysis.load_run`."""

    folder: Path
    outcome: Mapping[str, object]  # the content of `run.json`
    scenario: Scenario
    weeks: pl.DataFrame  # one row a week, see `sim.runs.trace`
    moves: pl.DataFrame  # `week`, `date`, `actor`, `move`, `said`, `why`
    notes: tuple[str, ...]  # what is missing

    def name(self, actor: str) -> str:
        """Return an actor's name; of a side that is nobody, an empty text."""
        entry = self.scenario.actors.get(actor)
        return entry.name if entry is not None else ""

    def by_party(self, field: str) -> dict[str, float]:
        """Return an outcome that each party has, by the party's id."""
        found = self.outcome[field]
        assert isinstance(found, Mapping)
        return {str(party): float(value) for party, value in found.items()}


def load_run(folder: str | Path) -> SingleRun:
    """Open the folder of a single run.

    Parameters
    ----------
    folder : str or Path
        A folder that `sim run --out` has written.

    Raises
    ------
    ConfigError
        If it holds no run that can be read.
    """
    place = existing(folder)
    if not (place / RUN_FILE).is_file():
        raise ConfigError([f"{place}: holds no {RUN_FILE}; `sim run --out FOLDER` writes one"])
    try:
        content = json.loads((place / RUN_FILE).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError([f"{place}: {RUN_FILE} cannot be read"]) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ConfigError([f"{place}: {RUN_FILE} was written by another program or version"])
    missing = [name for name in NEEDED if name not in content]
    settings = content.get("settings")
    if missing or not isinstance(settings, dict) or not isinstance(settings.get("scenario"), dict):
        raise ConfigError([f"{place}: {RUN_FILE} lacks '{missing[0] if missing else 'settings'}'"])
    notes: list[str] = []
    return SingleRun(
        folder=place,
        outcome=content,
        scenario=build_scenario(settings["scenario"], "scenario"),
        weeks=_table(place / WEEKS_FILE, notes),
        moves=_table(place / MOVES_FILE, notes),
        notes=tuple(notes),
    )


def _table(file: Path, notes: list[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, glob=False)
    except (OSError, PolarsError):
        notes.append(f"{file.name} is missing or damaged.")
        return pl.DataFrame()


@dataclass(frozen=True, eq=False, kw_only=True)
class RunTable(Result):
    """One view of a run: its table, and how it is drawn."""

    frame: pl.DataFrame
    draw: "Callable[[pl.DataFrame], Chart]"  # gives the figure

    def to_frame(self) -> pl.DataFrame:
        """Return the table."""
        return self.frame

    def plot(self) -> "Chart":
        """Return the figure."""
        return self.draw(self.frame)


def run_timeline(run: SingleRun) -> RunTable:
    """Return every move with its reason, and a timeline of the kinds of moves.

    Raises
    ------
    NotInResults
        If the moves are missing.
    """
    _check(run.moves, "moves", "week", "date", "move", "said", "why")
    kind = {move: name for name, moves in MOVE_KINDS.items() for move in moves}
    frame = run.moves.with_columns(
        pl.col("move")
        .replace_strict(kind, default="meeting, calendar, politics at home")
        .alias("kind"),
        pl.col("actor").replace_strict(
            {key: entry.name for key, entry in run.scenario.actors.items()}, default=""
        ),
    )
    return RunTable(frame=frame, draw=timeline)


def run_demands(run: SingleRun) -> RunTable:
    """Return what each side asked for, and the least it would take, week by week.

    Raises
    ------
    NotInResults
        If the weeks are missing.
    """
    first, second = run.scenario.parties
    columns = [f"{what}_{party}" for what in ("target", "reservation") for party in (first, second)]
    _check(run.weeks, "weeks", "date", *columns)
    names = {
        f"{what}_{party}": f"{run.name(party)} {words}"
        for what, words in (("target", "asks for"), ("reservation", "takes at least"))
        for party in (first, second)
    }
    frame = run.weeks.select("week", "date", *(pl.col(c).alias(names[c]) for c in columns))
    notes = ("Shares of what was open at the start, by each side's own weights.",)
    return RunTable(frame=frame, draw=demands, notes=notes)


def run_text(run: SingleRun) -> RunTable:
    """Return where each open article and both drafts stood, week by week.

    Raises
    ------
    NotInResults
        If the weeks are missing or no article was open.
    """
    parties = run.scenario.parties
    _check(run.weeks, "weeks", "date", "week")
    tables = []
    for key, entry in run.scenario.provisions.items():
        columns = {
            f"position_{key}": "text",
            **{f"offer_{key}_{party}": f"draft of {run.name(party)}" for party in parties},
        }
        if entry.status == "agreed" or any(c not in run.weeks.columns for c in columns):
            continue
        tables += [
            run.weeks.select(
                pl.lit(f"{entry.number} {short_title(entry.title)}".strip()).alias("article"),
                "week",
                "date",
                pl.lit(words).alias("of"),
                pl.col(column).alias("position"),
            )
            for column, words in columns.items()
        ]
    if not tables:
        raise NotInResults("no article was open at the start")
    first, second = (run.name(party) for party in parties)
    notes = (f"0 is {first}'s wording, 1 {second}'s. The text is agreed, or between the drafts.",)
    return RunTable(frame=pl.concat(tables), draw=text, notes=notes)


def run_wants(run: SingleRun) -> RunTable:
    """Return what each actor wanted of what was open, and what became of it."""
    places = {}
    articles = run.outcome.get("articles")
    for item in articles if isinstance(articles, list) else []:
        places[str(item["id"])] = item
    rows = []
    for key, entry in run.scenario.provisions.items():
        if entry.status == "agreed":
            continue
        row: dict[str, object] = {
            "article": f"{entry.number} {short_title(entry.title)}".strip(),
            "ended": str(places.get(key, {}).get("status", "unknown")),
            "position": places.get(key, {}).get("position"),
        }
        for actor in run.scenario.actor_ids:
            if actor in entry.ideals:
                row[f"ideal of {run.name(actor)}"] = entry.ideals[actor].value
            if actor in entry.weights:
                row[f"weight for {run.name(actor)}"] = entry.weights[actor].value
        rows.append(row)
    if not rows:
        raise NotInResults("no article was open at the start")
    notes = (
        "Ideals and the final position lie between 0 and 1, weights on each actor's own scale.",
    )
    return RunTable(frame=pl.DataFrame(rows, infer_schema_length=None), draw=wants, notes=notes)


def run_home(run: SingleRun) -> RunTable:
    """Return approval, public support and protest, week by week.

    Raises
    ------
    NotInResults
        If the weeks are missing.
    """
    _check(run.weeks, "weeks", "week", "date", "approval", "opinion", "protest", "attention")
    return RunTable(
        frame=run.weeks.select("week", "date", "approval", "opinion", "protest", "attention"),
        draw=home,
        notes=("`opinion` is mean public support for a treaty, `attention` the mediator's.",),
    )


def run_ledger(run: SingleRun) -> LedgerOverTime:
    """Return what each week was charged to.

    Raises
    ------
    NotInResults
        If the weeks are missing.
    """
    words, keys = gate_words(run.scenario), gate_keys(run.scenario)
    columns = [f"gate_{keys[gate]}" for gate in Gate]
    _check(run.weeks, "weeks", "week", *columns)
    closed = run.weeks.select("week", *(pl.col(c).cast(pl.Float64) for c in columns))
    total = pl.sum_horizontal(columns)
    shares = closed.with_columns(
        *(pl.when(total > 0).then(pl.col(c) / total).otherwise(0.0).alias(c) for c in columns)
    )
    named = shares.rename({column: words[gate] for gate, column in zip(Gate, columns, strict=True)})
    frame = named.unpivot(index="week", variable_name="gate", value_name="share")
    there = set(frame.filter(pl.col("share") > 0)["gate"])
    gates = tuple(word for word in words.values() if word in there)
    return LedgerOverTime(
        start=run.scenario.start,
        runs=1,
        weeks=frame.filter(pl.col("gate").is_in(gates)),
        gates=gates,
        all_gates=(*words.values(), ENDED),
        notes=("A week with several closed gates is shared equally among them.",),
    )


def _check(frame: pl.DataFrame, name: str, *columns: str) -> None:
    """Raise if a table lacks a column.

    Raises
    ------
    NotInResults
        With the first of them.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise NotInResults(f"{name}.parquet lacks the column '{missing[0]}'")
