"""What one run, or a million, came to: the table of outcomes and how each is computed.

`OUTCOME_COLUMNS` is the one place where the outcomes of a run are named, typed and explained;
single runs, sweeps and reports all read from it. Everything is computed from the final states at
once, without a loop over runs, and nothing is ever NaN: what has not happened has week -1, and a
share of nothing has the value that its column states.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.model.codes import Article, Gate, Precondition, Reason, Treaty, complete
from sim.model.records import ARTICLES, GATES, PRECONDITIONS

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Signature(IntEnum):
    """What was signed in the course of a run; a full signature outranks an interim one."""

    NONE = 0
    INTERIM = 1
    FULL = 2


class Column(NamedTuple):
    """One column of a table of results."""

    name: str  # name in tables and files
    dtype: str  # NumPy type, e.g. ``"f8"``; ``"i1"`` for codes, see `CODES`
    unit: str  # unit of measurement
    meaning: str  # one line of explanation


LEDGER_COLUMNS: tuple[str, ...] = tuple(f"ledger_{gate.name.lower()}" for gate in Gate)
"""Names of the ledger's columns, in the order of `sim.model.codes.Gate`."""

_GATES: Mapping[Gate, str] = complete(
    {
        Gate.NO_ZONE: "no package beat the status quo for both",
        Gate.TERMS_OPEN: (
            "the text was open and neither draft beat the status quo for the other side"
        ),
        Gate.FIRST_WAITS: "the first party could have had better than the status quo, and waited",
        Gate.SECOND_WAITS: "the second party could have had better than the status quo, and waited",
        Gate.PRECONDITION: "a precondition was unmet",
        Gate.HOME_POLITICS: "politics at home stood in the way",
        Gate.NO_CHANNEL: "the parties could not deal with each other",
        Gate.SIGNED: "none was left to charge: the full deal had been signed",
    },
    Gate,
)

OUTCOME_COLUMNS: tuple[Column, ...] = (
    # --- how it ended
    Column("status", "i1", "code", "final status of the treaty; unsigned at the horizon: stalled"),
    Column("highest_status", "i1", "code", "highest rung of the ladder that was reached"),
    Column("end_reason", "i1", "code", "why the talks ended before the horizon, else none"),
    Column("weeks", "i4", "weeks", "weeks played"),
    Column("ended_week", "i4", "week", "week in which the talks ended, -1 if at the horizon"),
    Column("fault", "?", "flag", "a plug-in returned no finite number; the run counts for nothing"),
    # --- what was signed, and when
    Column("signed", "i1", "code", "what was signed: nothing, the interim or the full deal"),
    Column("signed_week", "i4", "week", "first signature of either kind, -1 for none"),
    Column("text_week", "i4", "week", "all articles agreed, -1 for never"),
    Column("initialled_week", "i4", "week", "text initialled, -1 for never"),
    Column("interim_week", "i4", "week", "interim deal signed, -1 for never"),
    Column("full_week", "i4", "week", "full deal signed, -1 for never"),
    Column("ratified_week", "i4", "week", "ratified by both, -1 for never"),
    Column(
        "interim_gain_first",
        "f8",
        "utility",
        "what signing the agreed part was worth to the first party over refusing it, when it was "
        "last weighed; negative refuses, 0 if it never was",
    ),
    Column("interim_gain_second", "f8", "utility", "the same for the second party"),
    # --- whether it lasted
    Column("in_force", "i1", "code", "deal that stood at the end: none, interim or full"),
    Column("lapsed", "?", "flag", "a signed deal lapsed or was left"),
    Column("weeks_in_force", "i4", "weeks", "from the first signature to the end, 0 for none"),
    # --- on what terms
    Column("utility_first", "f8", "utility", "what stood at the end is worth to the first party"),
    Column("utility_second", "f8", "utility", "the same for the second party"),
    Column(
        "dignity",
        "f8",
        "share",
        "smaller of the parties' shares of their greatest possible gain over the status quo, "
        "0 if no deal stood at the end",
    ),
    Column(
        "share_first",
        "f8",
        "share",
        "final positions on what was open at the start: 1 the first party's ideals, 0 the "
        "other's; 0.5 by convention if nothing was open",
    ),
    Column("share_second", "f8", "share", "the same for the second party"),
    # --- what it took
    Column("concessions_first", "i4", "count", "unilateral concessions of the first party"),
    Column("concessions_second", "i4", "count", "unilateral concessions of the second party"),
    Column("drafts_first", "i4", "count", "drafts tabled by the first party"),
    Column("drafts_second", "i4", "count", "drafts tabled by the second party"),
    Column("preconditions_met", "i4", "count", "preconditions met"),
    Column("preconditions_waived", "i4", "count", "preconditions dropped by who demanded them"),
    Column("preconditions_failed", "i4", "count", "preconditions that failed"),
    # --- at home: the first party's where the politics of both are modelled, 0 without any
    Column("approval", "f8", "share", "approval of the government at the end"),
    Column("opinion", "f8", "opinion", "mean public support for a treaty at the end"),
    Column("protest", "f8", "share", "share of citizens protesting at the end"),
    Column("government_fell", "?", "flag", "a government fell by ballot or street"),
    # --- what stood in the way
    *(
        Column(name, "f8", "share", f"weeks in which {_GATES[gate]}; the eight shares sum to 1")
        for name, gate in zip(LEDGER_COLUMNS, Gate, strict=True)
    ),
)

EVENT_WEEKS = frozenset(column.name for column in OUTCOME_COLUMNS if column.unit == "week")
"""Outcomes that are the week of an event, -1 if it never came; a mean takes the horizon there."""
"""Every outcome of a run that does not depend on the scenario's articles.

Utility is measured on the scale of the scenario's weights: a deal counts the final positions of
all provisions, the preconditions as they stand and the outside concessions that the treaty
seals; an interim deal counts what it covers, and the status quo on the rest of the weights; no
deal counts the status quo, its flow without end. Side payments, office and the cost of
concessions at home are left out: they are no part of the terms.
"""

CODES: Mapping[str, type[IntEnum]] = {
    "status": Treaty,
    "highest_status": Treaty,
    "end_reason": Reason,
    "signed": Signature,
    "in_force": Signature,
}
"""Enumeration behind each column of codes; names in lower case are the words in tables."""


def outcomes(
    params: NDArray[np.void] | np.record,
    state: NDArray[np.void] | np.record,
    cell: ArrayLike | None = None,
) -> dict[str, NDArray[np.generic]]:
    """Return the outcomes of many runs.

    params: parameters of the cells that the runs belong to, shape (cells,).
    state: final states, shape (runs,).
    cell: row of `params` for each run. Without it `params` has one row for all runs, or one a run,
        shape (runs,).

    Returns one array for each of `OUTCOME_COLUMNS`, in that order and of those types (shape
    (runs,)).
    Raises ValueError if the numbers of rows do not fit.
    """
    given = np.atleast_1d(np.asarray(params))
    final = np.atleast_1d(np.asarray(state))
    rows = _rows(given.size, final.size, cell)
    signed = _signed(final)
    in_force = _in_force(final, signed)
    utility = [_utility(given, final, rows, side, in_force) for side in range(2)]
    found: dict[str, NDArray[np.generic]] = {
        **_ending(final, signed),
        "in_force": in_force,
        "utility_first": utility[0],
        "utility_second": utility[1],
        "dignity": _dignity(given, final, rows, utility, in_force),
        "share_first": _share_won(given, final, rows, 0),
        "share_second": _share_won(given, final, rows, 1),
        **_course(given, final, rows),
        **_ledger(final),
    }
    return {
        column.name: found[column.name].astype(column.dtype, copy=False)
        for column in OUTCOME_COLUMNS
    }


def _rows(cells: int, runs: int, cell: ArrayLike | None) -> Whole:
    if cell is not None:
        rows = np.atleast_1d(np.asarray(cell, np.int64))
        if rows.size != runs:
            raise ValueError(f"{rows.size} cells given for {runs} runs")
        return rows
    if cells not in (1, runs):
        raise ValueError(f"{cells} parameter records for {runs} runs")
    return np.arange(runs) if cells == runs else np.zeros(runs, np.int64)


def _ending(final: NDArray[np.void], signed: Whole) -> dict[str, NDArray[np.generic]]:
    status = final["status"]
    interim, full = final["interim_week"], final["signed_week"]
    first = np.where(interim >= 0, interim, full)
    ended = np.where(final["ended_week"] >= 0, final["ended_week"], final["week"])
    left = (final["end_reason"] == Reason.BASE_HAZARD) | (
        final["end_reason"] == Reason.NOT_WORTH_KEEPING
    )
    return {
        "status": np.where(status < Treaty.SIGNED_INTERIM, Treaty.STALLED, status),
        "highest_status": _highest(final),
        "end_reason": final["end_reason"],
        "weeks": final["week"],
        "ended_week": final["ended_week"],
        "fault": final["fault"] != 0,
        "signed": signed,
        "signed_week": first,
        "text_week": final["text_week"],
        "initialled_week": final["initialled_week"],
        "interim_week": interim,
        "full_week": full,
        "ratified_week": final["ratified_week"],
        "interim_gain_first": final["interim_now"][:, 0] - final["interim_wait"][:, 0],
        "interim_gain_second": final["interim_now"][:, 1] - final["interim_wait"][:, 1],
        "lapsed": (status == Treaty.COLLAPSED) & left,
        "weeks_in_force": np.where(first >= 0, ended - first, 0),
    }


def _highest(final: NDArray[np.void]) -> Whole:
    rungs = (
        (Treaty.TEXT_AGREED, "text_week"),
        (Treaty.INITIALLED, "initialled_week"),
        (Treaty.SIGNED_INTERIM, "interim_week"),
        (Treaty.SIGNED_FULL, "signed_week"),
        (Treaty.RATIFIED, "ratified_week"),
    )
    highest = np.full(final.size, int(Treaty.OPEN), np.int64)
    for rung, week in rungs:
        highest = np.where(final[week] >= 0, int(rung), highest)
    return highest


def _signed(final: NDArray[np.void]) -> Whole:
    interim = np.where(final["interim_week"] >= 0, int(Signature.INTERIM), int(Signature.NONE))
    return np.where(final["signed_week"] >= 0, int(Signature.FULL), interim)


def _in_force(final: NDArray[np.void], signed: Whole) -> Whole:
    status = final["status"]
    stands = (status >= Treaty.SIGNED_INTERIM) & (status <= Treaty.RATIFIED)
    return np.where(stands, signed, int(Signature.NONE))


def _issue_utility(
    params: NDArray[np.void], rows: Whole, side: int, issue: int, position: Floats | float
) -> Floats:
    ideal = params["ideal"][:, side, issue][rows]
    power = params["curvature"][:, side][rows]
    distance = np.abs(position - ideal) / np.maximum(ideal, 1.0 - ideal)
    utility: Floats = 1.0 - distance**power
    return utility


def status_quo(params: NDArray[np.void], rows: Whole, side: int) -> Floats:
    """Return the worth of living without a treaty: the weekly flow without end, discounted."""
    flow: Floats = params["flow"][:, side][rows]
    return flow / (1.0 - params["discount"][:, side][rows])


def _utility(
    params: NDArray[np.void], final: NDArray[np.void], rows: Whole, side: int, in_force: Whole
) -> Floats:
    """Return what stood at the end is worth to one side; see `OUTCOME_COLUMNS`."""
    full = final["banked"][:, side] - final["given"][:, side]
    interim = np.zeros(final.size)
    covered = np.zeros(final.size)
    for i in range(int(params["articles"].max(initial=0))):
        there = i < params["articles"][rows]
        weight = np.where(there, params["weight"][:, side, i][rows], 0.0)
        value = weight * _issue_utility(params, rows, side, i, final["position"][:, i])
        part = final["interim_part"][:, i] != 0
        full = full + value
        interim += np.where(part, value, 0.0)
        covered += np.where(part, weight, 0.0)
    for k in range(int(params["preconditions"].max(initial=0))):
        full = full + _precondition_utility(params, final, rows, side, k)
    quo = status_quo(params, rows, side)
    utility: Floats = np.select(
        [in_force == Signature.FULL, in_force == Signature.INTERIM],
        [full, interim + (1.0 - covered) * quo],
        default=quo,
    )
    return utility


def _counts(params: NDArray[np.void], final: NDArray[np.void], rows: Whole, k: int) -> Flags:
    active: Flags = (k < params["preconditions"][rows]) & (
        final["precondition"][:, k] != Precondition.DORMANT
    )
    return active


def _precondition_utility(
    params: NDArray[np.void], final: NDArray[np.void], rows: Whole, side: int, k: int
) -> Floats:
    status = final["precondition"][:, k]
    under_way = (status >= Precondition.PROMISED) & (status <= Precondition.REFERENDUM)
    delivered = np.where(under_way, params["odds"][:, k][rows], 0.0)
    delivered = np.where(status == Precondition.MET, 1.0, delivered)
    issue = ARTICLES + k
    dropped = _issue_utility(params, rows, side, issue, 0.0)
    met = _issue_utility(params, rows, side, issue, 1.0)
    weight = np.where(_counts(params, final, rows, k), params["weight"][:, side, issue][rows], 0.0)
    utility: Floats = weight * (dropped + delivered * (met - dropped))
    return utility


def _greatest(params: NDArray[np.void], final: NDArray[np.void], rows: Whole, side: int) -> Floats:
    total = np.zeros(final.size)
    for i in range(int(params["articles"].max(initial=0))):
        there = i < params["articles"][rows]
        total += np.where(there, params["weight"][:, side, i][rows], 0.0)
    for k in range(int(params["preconditions"].max(initial=0))):
        weight = params["weight"][:, side, ARTICLES + k][rows]
        total += np.where(_counts(params, final, rows, k), weight, 0.0)
    return total


def _dignity(
    params: NDArray[np.void],
    final: NDArray[np.void],
    rows: Whole,
    utility: list[Floats],
    in_force: Whole,
) -> Floats:
    smaller = np.ones(final.size)
    for side in range(2):
        quo = status_quo(params, rows, side)
        possible = _greatest(params, final, rows, side) - quo
        gained = np.where(possible > 0.0, utility[side] - quo, 0.0)
        share = gained / np.where(possible > 0.0, possible, 1.0)
        smaller = np.minimum(smaller, np.clip(share, 0.0, 1.0))
    return np.where(in_force == Signature.NONE, 0.0, smaller)


def _share_won(params: NDArray[np.void], final: NDArray[np.void], rows: Whole, side: int) -> Floats:
    worst, best, got = np.zeros(final.size), np.zeros(final.size), np.zeros(final.size)
    for i in range(int(params["articles"].max(initial=0))):
        bargained = (i < params["articles"][rows]) & (
            params["start_status"][:, i][rows] != Article.AGREED
        )
        weight = np.where(bargained, params["weight"][:, side, i][rows], 0.0)
        other = params["ideal"][:, 1 - side, i][rows]
        worst += weight * _issue_utility(params, rows, side, i, other)
        best += weight
        got += weight * _issue_utility(params, rows, side, i, final["position"][:, i])
    span = best - worst
    open_then = span > 0.0
    return np.where(open_then, (got - worst) / np.where(open_then, span, 1.0), 0.5)


def _course(
    params: NDArray[np.void], final: NDArray[np.void], rows: Whole
) -> dict[str, NDArray[np.generic]]:
    run, home = np.arange(final.size), _home_of(params, rows)
    there = np.arange(PRECONDITIONS) < params["preconditions"][rows][:, np.newaxis]
    precondition = np.where(there, final["precondition"], int(Precondition.DORMANT))
    return {
        "concessions_first": final["conceded"][:, 0],
        "concessions_second": final["conceded"][:, 1],
        "drafts_first": final["drafts"][:, 0],
        "drafts_second": final["drafts"][:, 1],
        "preconditions_met": (precondition == Precondition.MET).sum(axis=1),
        "preconditions_waived": (precondition == Precondition.WAIVED).sum(axis=1),
        "preconditions_failed": (precondition == Precondition.FAILED).sum(axis=1),
        "approval": final["approval"][run, home],
        "opinion": final["opinion"][run, home],
        "protest": final["protest"][run, home],
        "government_fell": (final["status"] == Treaty.GOVERNMENT_FELL) | (final["government"] > 0),
    }


def _home_of(params: NDArray[np.void], rows: Whole) -> Whole:
    """Return the side of the first home whose politics are modelled, 0 if none is."""
    modelled = params["has_politics"][rows]
    return np.where((modelled[:, 0] == 0) & (modelled[:, 1] != 0), 1, 0)


def _ledger(final: NDArray[np.void]) -> dict[str, NDArray[np.generic]]:
    """Return the ledger as shares of the weeks played; all 0 if none was."""
    weeks = final["ledger"]
    total = weeks.sum(axis=1)
    shares = weeks / np.where(total > 0.0, total, 1.0)[:, np.newaxis]
    return {LEDGER_COLUMNS[gate]: shares[:, gate] for gate in range(GATES)}


def codes_of(column: str) -> type[IntEnum] | None:
    """Return the enumeration behind a column of codes, or None for any other column."""
    if column.startswith("article_"):
        return Article
    if column.startswith("precondition_"):
        return Precondition
    return CODES.get(column)


def word(column: str, code: int) -> str:
    """Return a code of a column as the word that tables and JSON use, e.g. ``signed_full``.

    Raises KeyError if the column holds no codes.
    """
    codes = codes_of(column)
    if codes is None:
        raise KeyError(column)
    return codes(code).name.lower()
