"""A single run's folder opened for reading, and what a reader wants to see of the run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from sim.analysis.charts import Chart, Choices, Figure, TableResult, Tabular, dot_plot, drawn, table
from sim.analysis.loading import existing
from sim.analysis.outcomes import article_label, gate_columns, over_time
from sim.analysis.results import NotInResults
from sim.config.scenario import Scenario, build_scenario
from sim.errors import ConfigError
from sim.model.codes import Gate
from sim.runs.files import MOVES, RUN, RUN_FORMAT, WEEKS
from sim.runs.story import gate_words

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
"""What `run.json` must hold."""
CALENDAR = "meeting, calendar, politics at home"
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
}  # fmt: skip
"""Kinds of moves as the timeline tells them apart; all others are `CALENDAR`."""
DECISIVE = ("signature and after", "refusal, failure, end", "draft and answer")
"""Kinds of moves that decide a run, the most telling first."""
MOST_TURNS, MOST_SAID = 5, 60
"""Moves of the first screen's timeline, and letters of each."""


@dataclass(frozen=True, eq=False)
class SingleRun(Tabular):
    """One run. Made by `sim.analysis.load_run`."""

    folder: Path
    outcome: Mapping[str, object]  # the content of `run.json`
    scenario: Scenario
    weeks: pl.DataFrame  # one row a week, see `sim.runs.trace`
    moves: pl.DataFrame  # `week`, `date`, `actor`, `move`, `said`, `why`
    notes: tuple[str, ...]  # what is missing

    def to_frame(self) -> pl.DataFrame:
        """Return the table of its weeks, one row a week."""
        return self.weeks

    def _shown(self) -> pl.DataFrame:
        """Return what a notebook shows: its moves, the last first."""
        return self.moves.reverse()

    def name(self, actor: str) -> str:
        """Return an actor's name."""
        return self.scenario.actors[actor].name

    def shares(self, field: str) -> dict[str, float]:
        """Return an outcome that has a number for each party, or for each gate."""
        found = self.outcome[field]
        assert isinstance(found, Mapping)
        return {str(key): float(value) for key, value in found.items()}


def load_run(folder: str | Path) -> SingleRun:
    """Open a folder that `sim run --out` has written.

    Raises `ConfigError` if it holds no run that can be read.
    """
    place = existing(folder)
    if not (place / RUN).is_file():
        raise ConfigError([f"{place}: holds no {RUN}; `sim run --out FOLDER` writes one"])
    try:
        content = json.loads((place / RUN).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError([f"{place}: {RUN} cannot be read"]) from error
    if not isinstance(content, dict) or content.get("format") != RUN_FORMAT:
        raise ConfigError([f"{place}: {RUN} was written by another program or version"])
    missing = [name for name in NEEDED if name not in content]
    settings = content.get("settings")
    if missing or not isinstance(settings, dict) or not isinstance(settings.get("scenario"), dict):
        raise ConfigError([f"{place}: {RUN} lacks '{missing[0] if missing else 'settings'}'"])
    notes: list[str] = []
    return SingleRun(
        folder=place,
        outcome=content,
        scenario=build_scenario(settings["scenario"], "scenario"),
        weeks=_table(place / WEEKS, notes),
        moves=_table(place / MOVES, notes),
        notes=(*notes, *map(str, content.get("idle", []))),
    )


def _table(file: Path, notes: list[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, glob=False)
    except (OSError, PolarsError):
        notes.append(f"{file.name} is missing or damaged.")
        return pl.DataFrame()


def _check(frame: pl.DataFrame, name: str, *columns: str) -> None:
    """Raise `NotInResults` with the first column that a table lacks, if it lacks one."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise NotInResults(f"{name} lacks the column '{missing[0]}'")


def run_timeline(run: SingleRun) -> TableResult:
    """Return every move with its reason, and a timeline of the kinds of moves.

    Raises `NotInResults` if the moves are missing.
    """
    _check(run.moves, MOVES, "week", "date", "move", "said", "why")
    kind = {move: name for name, moves in MOVE_KINDS.items() for move in moves}
    names = {key: entry.name for key, entry in run.scenario.actors.items()}
    frame = run.moves.with_columns(
        pl.col("move").replace_strict(kind, default=CALENDAR).alias("kind"),
        pl.col("actor").replace_strict(names, default=""),
    )
    return TableResult(frame=frame, draw=_timeline)


def _timeline(frame: pl.DataFrame) -> Figure:
    kinds = frame["kind"].unique().sort().to_list()
    chart = _moves_on(frame["kind"].to_list(), kinds, frame)
    return Figure(chart, "Moves by kind; point at one to read it", {"step": 42})


def _moves_on(lines: Sequence[str], order: Sequence[str], frame: pl.DataFrame) -> Chart:
    """Return each move as a point on its line."""
    rows = [
        {
            "date": row["date"].isoformat(),
            "kind": line,
            "actor": row["actor"] or "both, or nobody",
            "told": f"{row['said']} ({row['why']})" if row["why"] else row["said"],
        }
        for line, row in zip(lines, frame.iter_rows(named=True), strict=True)
    ]
    return drawn("moves", rows, kinds=order)


def run_turns(run: SingleRun) -> TableResult:
    """Return the few moves that decided the run, by date: signatures and ends before all else.

    Raises `NotInResults` if the moves are missing, or none is of that kind.
    """
    frame = run_timeline(run).frame
    ranks = {kind: n for n, kind in enumerate(DECISIVE)}
    told = frame.filter(pl.col("kind").is_in(DECISIVE)).unique("move", keep="last")
    rank = pl.col("kind").replace_strict(ranks, default=len(ranks))
    chosen = told.sort(rank, -pl.col("week")).head(MOST_TURNS).sort("week", "said")
    if chosen.is_empty():
        raise NotInResults("no move of this run is a signature, a refusal or an end")
    return TableResult(frame=chosen, draw=_turns)


def _turns(frame: pl.DataFrame) -> Figure:
    told = frame.select("date", "said").iter_rows()
    lines = [f"{day.day} {day:%B %Y}: {said[:MOST_SAID]}" for day, said in told]
    return Figure(_moves_on(lines, lines, frame), "The moves that decided this run", {"step": 30})


def run_demands(run: SingleRun) -> TableResult:
    """Return what each side asked for, and its reservation value, week by week.

    Raises `NotInResults` if the weeks are missing.
    """
    columns = {
        f"{what}_{party}": f"{run.name(party)} {words}"
        for what, words in (("target", "asks for"), ("reservation", "takes at least"))
        for party in run.scenario.parties
    }
    _check(run.weeks, WEEKS, "date", *columns)
    frame = run.weeks.select("week", "date", *(pl.col(c).alias(n) for c, n in columns.items()))
    notes = ("Shares of what was open at the start, by each side's own weights.",)
    title = "Demands and the least that each side takes"
    return TableResult(
        frame=frame, draw=lambda f: _lines(f, title, "share of what was open"), notes=notes
    )


def run_home(run: SingleRun) -> TableResult:
    """Return approval, public support, protest and the mediator's attention, week by week.

    Raises `NotInResults` if the weeks are missing.
    """
    columns = ("week", "date", "approval", "opinion", "protest", "attention")
    _check(run.weeks, WEEKS, *columns)
    return TableResult(
        frame=run.weeks.select(columns),
        draw=lambda f: _lines(f, "At home, and the mediator's attention", "share"),
        notes=("`opinion` is mean public support for a treaty, `attention` the mediator's.",),
    )


def _lines(frame: pl.DataFrame, title: str, axis: str) -> Figure:
    """Return one line for each column of numbers over the dates."""
    names = [c for c in frame.columns if c not in ("week", "date")]
    rows = [
        {"date": row["date"].isoformat(), "of": name, "value": round(float(row[name]), 4)}
        for row in frame.iter_rows(named=True)
        for name in names
        if row[name] is not None
    ]
    scale = {"zero": True}
    chart = drawn("steps", rows, names=names, field="value", format=".3f", scale=scale, axis=axis)
    return Figure(chart, title, 280)


def run_text(run: SingleRun) -> TableResult:
    """Return where each open article and both drafts stood, week by week.

    Raises `NotInResults` if the weeks are missing or no article was open.
    """
    _check(run.weeks, WEEKS, "date", "week")
    tables = [
        run.weeks.select(
            pl.lit(article).alias("article"),
            "week",
            "date",
            pl.lit(words).alias("of"),
            pl.col(column).alias("position"),
        )
        for article, column, words in _drafts(run)
    ]
    if not tables:
        raise NotInResults("no article was open at the start")
    first, second = (run.name(party) for party in run.scenario.parties)
    notes = (f"0 is {first}'s wording, 1 {second}'s. The text is agreed, or between the drafts.",)
    return TableResult(frame=pl.concat(tables), draw=_text, notes=notes)


def _drafts(run: SingleRun) -> Iterator[tuple[str, str, str]]:
    """Give article, column of the weeks, and whose wording it is."""
    for key, entry in run.scenario.provisions.items():
        columns = {f"position_{key}": "text"} | {
            f"offer_{key}_{party}": f"draft of {run.name(party)}" for party in run.scenario.parties
        }
        if entry.status != "agreed" and all(c in run.weeks.columns for c in columns):
            for column, words in columns.items():
                yield article_label(entry), column, words


def _text(frame: pl.DataFrame) -> Figure:
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
    chart = drawn(
        "steps",
        rows,
        Choices("article", "article_shown", articles, "article"),
        names=names,
        field="position",
        format=".2f",
        scale={"domain": [0, 1]},
        axis="position",
    )
    return Figure(chart, "The text and both drafts", 260)


def run_wants(run: SingleRun) -> TableResult:
    """Return what each actor wanted of what was open, and what became of it.

    Raises `NotInResults` if no article was open.
    """
    articles = run.outcome.get("articles")
    ended = {str(item["id"]): item for item in articles} if isinstance(articles, list) else {}
    rows = []
    for key, entry in run.scenario.provisions.items():
        if entry.status == "agreed":
            continue
        place = ended.get(key, {})
        row: dict[str, object] = {
            "article": article_label(entry),
            "ended": str(place.get("status", "unknown")),
            "position": place.get("position"),
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
    return TableResult(frame=table(rows), draw=_wants, notes=notes)


def _wants(frame: pl.DataFrame) -> Figure:
    ideals = {c: c for c in frame.columns if c.startswith("ideal of ")}
    rows = [
        {"label": row["article"], "series": words, "value": row[c], "low": row[c], "high": row[c]}
        for row in frame.iter_rows(named=True)
        for c, words in {**ideals, "position": "ended at"}.items()
        if row[c] is not None
    ]
    title = "Who wanted what, and where it ended"
    return dot_plot(rows, title, "position", format=".2f", domain=(0, 1), series="whose")


def run_ledger(run: SingleRun) -> TableResult:
    """Return what each week was charged to.

    Raises `NotInResults` if the weeks are missing.
    """
    words, columns = gate_words(run.scenario), gate_columns(run.scenario)
    _check(run.weeks, WEEKS, "week", *columns)
    closed = run.weeks.select("week", *(pl.col(c).cast(pl.Float64) for c in columns))
    total = pl.sum_horizontal(columns)
    shares = closed.select(
        "week",
        *(
            pl.when(total > 0).then(pl.col(column) / total).otherwise(0.0).alias(words[gate])
            for gate, column in zip(Gate, columns, strict=True)
        ),
    )
    frame = shares.unpivot(index="week", variable_name="gate", value_name="share")
    notes = ("A week with several closed gates is shared equally among them.",)
    return over_time(run.scenario, 1, frame, notes)
