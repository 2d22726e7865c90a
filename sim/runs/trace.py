"""The weekly history of a run as a table, and as a Parquet file that explains itself.

One row a week, with the state at the week's end. Unit and meaning of every column are kept in
the file's metadata under ``columns``, what the run depends on under ``run``, both as JSON.
"""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.errors import ConfigError, SimError
from sim.model.codes import Article, Gate, Precondition, Treaty
from sim.model.identity import RUN_LIBRARIES, versions
from sim.runs.opening import RunRecord
from sim.runs.outcomes import Column
from sim.runs.story import day_of, gate_keys, gate_words


class Series(NamedTuple):
    """One column of the trace: what it is, and its values, one a week."""

    column: Column
    values: pl.Series


def trace(record: RunRecord) -> list[Series]:
    """Return the weekly history, column by column, each of length (weeks played,).

    Values that do not apply in a week are null.
    """
    scenario = record.settings.scenario
    return [
        *_dates(record),
        *_parties(record),
        *_text(record),
        *_surroundings(record),
        *_ledger(scenario, record.history),
    ]


def _series(name: str, unit: str, meaning: str, values: NDArray[np.generic]) -> Series:
    return Series(Column(name, values.dtype.str[1:], unit, meaning), pl.Series(name, values))


def _words(name: str, meaning: str, values: Iterable[str]) -> Series:
    categories = pl.Series(name, list(values), dtype=pl.String).cast(pl.Categorical)
    return Series(Column(name, "str", "code", meaning), categories)


def _dates(record: RunRecord) -> list[Series]:
    history = record.history
    weeks = np.arange(len(history), dtype=np.int32)
    days = [day_of(record.settings.scenario, int(week)) for week in weeks]
    words = (Treaty(int(code)).name.lower() for code in history["status"])
    date = Column("date", "date", "date", "first day of the week")
    return [
        _series("week", "week", "week of the talks, from 0", weeks),
        Series(date, pl.Series("date", days, dtype=pl.Date)),
        _words("status", "status of the treaty", words),
    ]


PARTY_FIELDS = (
    ("target", "share", "demand of {}, of what is open"),
    ("reservation", "share", "least that {} takes, of what is open"),
    ("drafts", "count", "drafts tabled by {} so far"),
    ("conceded", "count", "unilateral concessions by {} so far"),
)
"""Fields of the state with one value a party: name, unit and meaning."""


def _parties(record: RunRecord) -> list[Series]:
    history, scenario = record.history, record.settings.scenario
    found: list[Series] = []
    for side, party in enumerate(scenario.parties):
        name = scenario.actors[party].name
        for field, unit, meaning in PARTY_FIELDS:
            values = history[field][:, side]
            whole = values.astype(np.int32) if unit == "count" else values
            found.append(_series(f"{field}_{party}", unit, meaning.format(name), whole))
        a, b = history["belief_a"][:, side], history["belief_b"][:, side]
        believed = f"rate of the other's concessions that {name} believes in"
        found.append(_series(f"belief_{party}", "per week", believed, a / (a + b)))
        found += _choice(history, side, party, name)
    return found


def _choice(history: NDArray[np.void], side: int, party: str, name: str) -> list[Series]:
    weighed = (history["text_week"] >= 0) & (history["status"] < Treaty.SIGNED_FULL)
    columns = []
    for field, choice in (("value_now", "signing in full now"), ("value_wait", "waiting")):
        values = pl.Series(f"{field}_{party}", history[field][:, side])
        chosen = pl.when(pl.Series(weighed)).then(values).alias(values.name)
        meaning = (
            f"worth of {choice} to {name}; null while the text is open or once it is signed in full"
        )
        column = Column(values.name, "f8", "utility", meaning)
        columns.append(Series(column, pl.select(chosen).to_series()))
    return columns


def _text(record: RunRecord) -> list[Series]:
    history, scenario = record.history, record.settings.scenario
    names = {party: scenario.actors[party].name for party in scenario.parties}
    scale = "0 {}'s wording, 1 {}'s".format(*names.values())
    found: list[Series] = []
    for i, (key, provision) in enumerate(scenario.provisions.items()):
        if provision.status == "agreed":
            continue
        status = (Article(int(code)).name.lower() for code in history["article"][:, i])
        found.append(_words(f"article_{key}", f"status: {provision.title}", status))
        midpoint = f"agreed, or the midpoint of the drafts; {scale}"
        found.append(_series(f"position_{key}", "position", midpoint, history["position"][:, i]))
        for side, (party, name) in enumerate(names.items()):
            offer = history["offer"][:, side, i]
            meaning = f"standing offer of {name}; {scale}"
            found.append(_series(f"offer_{key}_{party}", "position", meaning, offer))
    for k, (key, entry) in enumerate(scenario.preconditions.items()):
        steps = (Precondition(int(code)).name.lower() for code in history["precondition"][:, k])
        found.append(_words(f"precondition_{key}", f"status: {entry.title}", steps))
    return found


def _surroundings(record: RunRecord) -> list[Series]:
    history = record.history
    homes = list(record.settings.scenario.all_homes.values())
    first = int(homes[0].side) if homes else 0
    flags = (
        ("channel_open", "the parties could deal with each other"),
        ("parties_met", "the parties met"),
    )
    return [
        *(
            _series(name, unit, meaning, history[name][:, first])
            for name, unit, meaning in HOME_SHARES
        ),
        _series("attention", "share", "the mediator's attention", history["attention"]),
        _seats("seats", "seats of the government", history["seats"][:, first]),
        *(_series(name, "flag", meaning, history[name] != 0) for name, meaning in flags),
        *(s for home in homes[1:] for s in _second_home(record, home.party, int(home.side))),
    ]


HOME_SHARES = (
    ("approval", "share", "approval of the government at home"),
    ("opinion", "opinion", "mean public support for a treaty"),
    ("protest", "share", "share of citizens protesting"),
)
"""Series of a home; the first home's where both are modelled."""


def _seats(name: str, meaning: str, seats: NDArray[np.float64]) -> Series:
    return _series(name, "count", meaning, seats.astype(np.int32))


def _second_home(record: RunRecord, party: str, side: int) -> list[Series]:
    history = record.history
    where = record.settings.scenario.actors[party].name
    found = [
        _series(f"{name}_{party}", unit, f"{meaning}: {where}", history[name][:, side])
        for name, unit, meaning in HOME_SHARES
    ]
    seats = history["seats"][:, side]
    return [*found, _seats(f"seats_{party}", f"seats of the government: {where}", seats)]


def _ledger(scenario: Scenario, history: NDArray[np.void]) -> list[Series]:
    keys, words = gate_keys(scenario), gate_words(scenario)
    closed: list[Series] = []
    so_far: list[Series] = []
    for gate in Gate:
        charged, weeks = history["gates"][:, gate] != 0, history["ledger"][:, gate]
        now = f"this week is charged to: {words[gate]}"
        shared = f"weeks so far charged to: {words[gate]}; a week with several gates is shared"
        closed.append(_series(f"gate_{keys[gate]}", "flag", now, charged))
        so_far.append(_series(f"ledger_{keys[gate]}", "weeks", shared, weeks))
    return closed + so_far


def check_target(path: Path) -> None:
    """Raise ConfigError, before anything is played, if a trace cannot be written to `path`."""
    if path.suffix != ".parquet":
        raise ConfigError([f"--trace: {path}: a trace is a file that ends in .parquet"])
    if path.exists() or path.is_symlink():
        raise ConfigError([f"--trace: {path}: exists already and is not overwritten"])
    if not path.parent.is_dir():
        raise ConfigError([f"--trace: {path}: no such folder: {path.parent}"])


def write_trace(record: RunRecord, path: Path, overrides: Iterable[str] = ()) -> None:
    """Write the weekly history as a new Parquet file; `overrides` are stated in its metadata.

    Raises ConfigError if the file exists or cannot be placed there, and SimError if the disk
    refuses it; nothing is left behind then.
    """
    check_target(path)
    columns = trace(record)
    content = io.BytesIO()
    pl.DataFrame([series.values for series in columns]).write_parquet(
        content, metadata=_metadata(record, columns, overrides)
    )
    try:
        with path.open("xb") as file:
            try:
                file.write(content.getbuffer())
            except OSError:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise ConfigError([f"--trace: {path}: exists already and is not overwritten"]) from error
    except OSError as error:
        raise SimError(f"--trace: {path}: {error.strerror or error}") from error


def _metadata(
    record: RunRecord, columns: Iterable[Series], overrides: Iterable[str]
) -> dict[str, str]:
    settings = record.settings
    described = {c.name: {"unit": c.unit, "meaning": c.meaning} for c, _ in columns}
    run = {
        "scenario": settings.scenario.id,
        "seed": settings.seed,
        "replicate": settings.replicate,
        "driver": record.driver,
        "overrides": list(overrides),
        "versions": versions(RUN_LIBRARIES),
        "settings": settings.model_dump(mode="json", by_alias=True),
    }
    parts = {"columns": described, "run": run}
    return {key: json.dumps(part, ensure_ascii=False) for key, part in parts.items()}
