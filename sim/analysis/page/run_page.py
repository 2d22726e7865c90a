"""The report of a single run: its story."""

from collections.abc import Mapping
from datetime import date

import polars as pl

from sim.analysis.page.answer import day
from sim.analysis.page.content import (
    LIMITS,
    Number,
    Part,
    Report,
    Say,
    Section,
    Statement,
    in_words,
    part,
)
from sim.analysis.page.queries import column
from sim.analysis.single_run import (
    SingleRun,
    run_demands,
    run_home,
    run_ledger,
    run_text,
    run_timeline,
    run_wants,
)
from sim.model.codes import Gate, Treaty
from sim.runs.story import STATUS_WORDS, gate_keys, gate_words

RUN = "read_json('run.json', maximum_object_size = 1000000000)"


def run_report(run: SingleRun, say: Say) -> Report:
    """Return everything on the page of a single run."""
    say("the story")
    sections = (
        Section(
            "story",
            "What happened",
            "Every recorded move, dated by the first day of its week, with its reason.",
            (_timeline(run),),
        ),
        Section(
            "text",
            "The text",
            "What each actor wanted of the articles that were open, where the drafts stood, and "
            "what each side asked for.",
            (
                part(
                    "wants",
                    "Who wanted what",
                    lambda: run_wants(run),
                    lambda r: _wants(run, r.to_frame()),
                    lambda r: r.plot(),
                ),
                part(
                    "text",
                    "Drafts and text over time",
                    lambda: run_text(run),
                    lambda r: _thinned(r.to_frame().pivot("of", index=["article", "week", "date"],
                                                          values="position")),
                    lambda r: r.plot(),
                ),
                part(
                    "demands",
                    "Demands over time",
                    lambda: run_demands(run),
                    lambda r: _thinned(r.to_frame()),
                    lambda r: r.plot(),
                ),
            ),
        ),
        Section(
            "ledger",
            "What stood in the way",
            "Each week is charged to the gates that kept it from being the week of the full "
            "signature.",
            (
                part(
                    "ledger_over_time",
                    "The ledger over the weeks",
                    lambda: run_ledger(run),
                    lambda r: _thinned(r.to_frame(), ".0%"),
                    lambda r: r.plot(),
                ),
            ),
        ),
        Section(
            "home",
            "Politics at home",
            "Approval of the government, public support for a treaty, protest, and the mediator's "
            "attention.",
            (
                part(
                    "home",
                    "Over the weeks",
                    lambda: run_home(run),
                    lambda r: _thinned(r.to_frame()),
                    lambda r: r.plot(),
                ),
            ),
        ),
    )  # fmt: skip
    return Report(
        title=run.scenario.title,
        subtitle=f"One run: seed {run.outcome['seed']}, replicate {run.outcome['replicate']}",
        facts=_facts(run),
        gaps=run.notes,
        statements=_answer(run),
        where="in the folder of the run",
        limits=(
            "This is one draw of chance under one set of assumptions, not what happened.",
            *LIMITS,
        ),
        sections=sections,
    )


def _timeline(run: SingleRun) -> Part:
    def table(frame: pl.DataFrame) -> pl.DataFrame:
        reason = pl.when(pl.col("why") == "").then(pl.lit("")).otherwise(" (" + pl.col("why") + ")")
        return frame.select("date", "actor", (pl.col("said") + reason + ".").alias("what"))

    return part(
        "moves",
        "Moves",
        lambda: run_timeline(run),
        lambda r: table(r.to_frame()),
        lambda r: r.plot(),
    )


def _wants(run: SingleRun, frame: pl.DataFrame) -> pl.DataFrame:
    columns = [pl.col("article"), pl.col("ended").alias("status"), pl.col("position").round(2)]
    for actor in run.scenario.actor_ids:
        name = run.name(actor)
        ideal, weight = f"ideal of {name}", f"weight for {name}"
        if ideal in frame.columns and weight in frame.columns:
            told = pl.format("{} ({})", pl.col(ideal).round(2), pl.col(weight).round(2))
            columns.append(told.alias(f"{name}: ideal (weight)"))
    return frame.select(columns)


def _figures(frame: pl.DataFrame, format: str) -> pl.DataFrame:
    return in_words(frame, {c: format for c in frame.columns if frame.schema[c] == pl.Float64})


def _thinned(frame: pl.DataFrame, format: str = ".2f") -> pl.DataFrame:
    last = frame["week"].max()
    kept = frame.filter((pl.col("week") % 13 == 0) | (pl.col("week") == last))
    return _figures(kept, format)


def _answer(run: SingleRun) -> tuple[Statement, ...]:
    return (_ending(run), _worth(run), *_gates(run))


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
    worth, quo = run.by_party("utilities"), run.by_party("status_quo")
    for n, party in enumerate(run.scenario.parties):
        for name, values, source in (("worth", worth, "utilities"), ("quo", quo, "status_quo")):
            numbers[f"{name}_{n}"] = Number(values[party], ".3f")
            parts.append(f"{source}.{column(party)} AS {name}_{n}")
        told.append(f"{{worth_{n}}} to {_plain(run.name(party))} (status quo {{quo_{n}}})")
    text = f"What stood at the end is worth {' and '.join(told)}, each on its own scale."
    return Statement(text, numbers, f"SELECT {', '.join(parts)} FROM {RUN}")


def _gates(run: SingleRun) -> list[Statement]:
    ledger = run.outcome["ledger"]
    assert isinstance(ledger, Mapping)
    keys, words = gate_keys(run.scenario), gate_words(run.scenario)
    shares = [(float(ledger.get(keys[gate], 0.0)), gate) for gate in Gate if gate != Gate.SIGNED]
    ranked = sorted((entry for entry in shares if entry[0] > 0), key=lambda e: -e[0])[:3]
    if not ranked:
        return []
    numbers = {f"share_{n}": Number(share, ".1%") for n, (share, _) in enumerate(ranked)}
    parts = [f"ledger.{column(keys[gate])} AS share_{n}" for n, (_, gate) in enumerate(ranked)]
    told = ", ".join(f"{_plain(words[gate])} {{share_{n}}}" for n, (_, gate) in enumerate(ranked))
    text = f"What kept the weeks from being the week of the full signature: {told}."
    return [Statement(text, numbers, f"SELECT {', '.join(parts)} FROM {RUN}")]


def _plain(text: str) -> str:
    return text.replace("{", "(").replace("}", ")")


def _facts(run: SingleRun) -> tuple[tuple[str, str], ...]:
    outcome = run.outcome
    overrides = outcome.get("overrides")
    versions = outcome.get("versions")
    return (
        ("scenario", str(outcome.get("scenario", ""))),
        ("line", " ".join(str(o) for o in overrides) if isinstance(overrides, list) else ""),
        ("seed", str(outcome["seed"])),
        ("replicate", str(outcome.get("replicate", 0))),
        ("driver", str(outcome.get("driver", ""))),
        (
            "versions",
            ", ".join(f"{k} {v}" for k, v in versions.items())
            if isinstance(versions, dict)
            else "",
        ),
    )
