"""The report of a single run: its story."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from sim.analysis import single_run
from sim.analysis.charts import TableResult
from sim.analysis.page.answer import day
from sim.analysis.page.content import (
    Number,
    Part,
    Report,
    Say,
    Section,
    Statement,
    column,
    part,
    plain,
    texts,
)
from sim.analysis.page.sections import quarterly
from sim.analysis.single_run import SingleRun
from sim.model.codes import Gate, Treaty
from sim.runs.story import STATUS_WORDS, gate_keys, gate_words

RUN = "read_json('run.json', maximum_object_size = 1000000000)"


def run_report(run: SingleRun, say: Say) -> Report:
    """Return everything on the page of a single run."""
    say("the story")
    return Report(
        title=run.scenario.title,
        subtitle=f"One run: seed {run.outcome['seed']}, replicate {run.outcome['replicate']}",
        facts=_facts(run),
        gaps=run.notes,
        lead=(_ending(run), _worth(run), *_gates(run)),
        where="in the folder of the run",
        limits=(
            "This is one draw of chance under one set of assumptions, not what happened.",
            *texts()["limits"],
        ),
        sections=tuple(_sections(run)),
        picture=part("picture", "What decided it", lambda: single_run.run_turns(run)),
    )


def _sections(run: SingleRun) -> Iterator[Section]:
    moves = part("moves", "Moves", lambda: single_run.run_timeline(run), table=_moves)
    gates = part(
        "ledger_over_time",
        "The ledger over the weeks",
        lambda: single_run.run_ledger(run),
        table=lambda r: quarterly(r.to_frame(), ".0%"),
    )
    home = part("home", "Over the weeks", lambda: single_run.run_home(run), table=_quarterly)
    parts = {"story": (moves,), "text": _text(run), "ledger": (gates,), "home": (home,)}
    for key, found in parts.items():
        words = texts()["run"][key]
        yield Section(key, words["title"], words["intro"], found)


def _moves(result: TableResult) -> pl.DataFrame:
    reason = pl.when(pl.col("why") == "").then(pl.lit("")).otherwise(" (" + pl.col("why") + ")")
    what = (pl.col("said") + reason + ".").alias("what")
    return result.frame.select("date", "actor", what)


def _quarterly(result: TableResult) -> pl.DataFrame:
    return quarterly(result.frame, ".2f")


def _text(run: SingleRun) -> tuple[Part, ...]:
    def wants(result: TableResult) -> pl.DataFrame:
        return _wants(run, result.frame)

    def drafts(result: TableResult) -> pl.DataFrame:
        index = ["article", "week", "date"]
        return quarterly(result.frame.pivot("of", index=index, values="position"), ".2f")

    return (
        part("wants", "Who wanted what", lambda: single_run.run_wants(run), table=wants),
        part("text", "Drafts and text over time", lambda: single_run.run_text(run), table=drafts),
        part("demands", "Demands over time", lambda: single_run.run_demands(run), table=_quarterly),
    )


def _wants(run: SingleRun, frame: pl.DataFrame) -> pl.DataFrame:
    columns = [pl.col("article"), pl.col("ended"), pl.col("position").round(2)]
    for actor in run.scenario.actor_ids:
        name = run.name(actor)
        ideal, weight = f"ideal of {name}", f"weight for {name}"
        if ideal in frame.columns and weight in frame.columns:
            told = pl.format("{} ({})", pl.col(ideal).round(2), pl.col(weight).round(2))
            columns.append(told.alias(f"{name}: ideal (weight)"))
    return frame.select(columns)


def _ending(run: SingleRun) -> Statement:
    outcome = run.outcome
    status = str(outcome["status"])
    said = STATUS_WORDS[Treaty[status.upper()]]
    numbers: dict[str, Number] = {"weeks": Number(int(str(outcome["weeks"])), ",")}
    text = f"After {{weeks}} weeks: {said}."
    columns = "weeks"
    if outcome.get("signed_date") is not None:
        numbers["signed_date"] = Number(day(date.fromisoformat(str(outcome["signed_date"])), 0))
        text += " The first signature, {signed} in kind, is dated {signed_date}."
        numbers["signed"] = Number(str(outcome["signed"]))
        columns += ", strftime(CAST(signed_date AS DATE), '%-d %B %Y') AS signed_date, signed"
    else:
        text += " Nothing was signed."
    return Statement(text, numbers, f"SELECT {columns} FROM {RUN}")


def _worth(run: SingleRun) -> Statement:
    numbers: dict[str, Number] = {}
    parts, told = [], []
    for n, party in enumerate(run.scenario.parties):
        for name, source in (("worth", "utilities"), ("quo", "status_quo")):
            numbers[f"{name}_{n}"] = Number(run.shares(source)[party], ".3f")
            parts.append(f"{source}.{column(party)} AS {name}_{n}")
        told.append(f"{{worth_{n}}} to {plain(run.name(party))} (status quo {{quo_{n}}})")
    text = f"What stood at the end is worth {' and '.join(told)}, each on its own scale."
    return Statement(text, numbers, f"SELECT {', '.join(parts)} FROM {RUN}")


def _gates(run: SingleRun) -> list[Statement]:
    ledger = run.shares("ledger")
    keys, words = gate_keys(run.scenario), gate_words(run.scenario)
    shares = [(ledger.get(keys[gate], 0.0), gate) for gate in Gate if gate != Gate.SIGNED]
    ranked = sorted((entry for entry in shares if entry[0] > 0), key=lambda e: -e[0])[:3]
    if not ranked:
        return []
    numbers = {f"share_{n}": Number(share, ".1%") for n, (share, _) in enumerate(ranked)}
    parts = [f"ledger.{column(keys[gate])} AS share_{n}" for n, (_, gate) in enumerate(ranked)]
    told = ", ".join(f"{plain(words[gate])} {{share_{n}}}" for n, (_, gate) in enumerate(ranked))
    text = f"What kept the weeks from being the week of the full signature: {told}."
    return [Statement(text, numbers, f"SELECT {', '.join(parts)} FROM {RUN}")]


def _facts(run: SingleRun) -> tuple[tuple[str, str], ...]:
    outcome = run.outcome
    overrides, versions = outcome.get("overrides", []), outcome.get("versions", {})
    assert isinstance(overrides, list)
    assert isinstance(versions, dict)
    return (
        ("scenario", str(outcome.get("scenario", ""))),
        ("line", " ".join(str(override) for override in overrides)),
        ("seed", str(outcome["seed"])),
        ("replicate", str(outcome.get("replicate", 0))),
        ("driver", str(outcome.get("driver", ""))),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    )
