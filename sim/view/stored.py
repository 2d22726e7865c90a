"""Which part of a sweep's cells and runs is listed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.config.scenario import Scenario, build_scenario
from sim.config.settings import Settings
from sim.errors import ConfigError
from sim.model.codes import Gate
from sim.model.identity import file_digest, model_digest
from sim.model.plugins import plugin_files
from sim.runs.opening import RunRecord
from sim.runs.outcomes import (
    OUTCOME_COLUMNS,
    codes_of,
    outcomes,
    scenario_columns,
    scenario_outcomes,
)
from sim.runs.shares import wilson
from sim.sweeps.cells import CellSettings
from sim.sweeps.columns import OK
from sim.sweeps.overrides import Value
from sim.sweeps.plan import Plan
from sim.sweeps.store import SHARDS, Store
from sim.sweeps.summary import by_cell
from sim.view.address import is_allowed, is_plain
from sim.view.choices import Choices, Start, settings_of, split
from sim.view.watch import Watch

LISTED = 50
"""Cells, or runs, to a page of the lists."""
KINDS = ("all", "not signed", "signed", "failed to run")
"""Which runs of a cell can be listed."""
ORDERS = ("cell", "most", "least")
"""Orders of the cells: by number, most signed first, least signed first."""


@dataclass(frozen=True)
class Listing:
    """What of a sweep is listed."""

    cell: int | None = None  # the cell whose runs are listed, None for none
    kind: str = KINDS[0]  # one of `KINDS`
    # first, first_cell: the first run and the first cell of the lists
    first: int = 0
    first_cell: int = 0
    order: str = ORDERS[0]  # one of `ORDERS`


# ---- A sweep's folder: its cells, their runs, and the settings that replay any of them exactly.

SIGNED = ("interim", "full")
"""What a run can have signed."""
GATES = tuple(f"ledger_{gate.name.lower()}" for gate in Gate if gate != Gate.SIGNED)
"""Columns of the ledger that stand in the way of the full signature."""
TIE = 0.005
"""Shares of weeks that lie closer together than this are told as one: half a percent."""


@dataclass(frozen=True)
class Cell:
    """One cell: its swept values, its runs, and how many of them were signed."""

    number: int
    values: Mapping[str, Value]  # swept values by their keys
    runs: int  # runs with an outcome
    # share of them in which an interim or the full deal was signed, None without any
    signed: float | None
    # low, high: wilson's 95 % interval of that share
    low: float
    high: float


@dataclass(frozen=True)
class StoredRun:
    """One row of the table of runs, as far as a list shows it."""

    replicate: int
    # status, signed: words of the table, empty if the run failed
    status: str
    signed: str
    signed_week: int  # week of the first signature, -1 for none
    weeks: int
    # columns of the ledger to which most weeks were charged, more than one if they are tied;
    # empty if every week was signed, None if the run failed
    gates: tuple[str, ...] | None
    error: str


class StoredSweep:
    """The results of one sweep.

    Parameters
    ----------
    folder : str
        Folder of results.

    Raises
    ------
    ConfigError
        If it holds no sweep, or none of its runs can be read.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.plan: Plan = Store(self.folder).load_plan()
        self._settings = CellSettings(without_plugins(self.plan))
        self._scenarios: dict[int, Scenario] = {}
        try:
            self._table = self._scan()
            self.runs = int(self._table.select(pl.len()).collect().item())
        except (PolarsError, OSError) as error:
            raise ConfigError([f"{folder}: its runs cannot be read"]) from error
        if self.runs == 0:
            raise ConfigError([f"{folder}: no run is stored yet"])

    def _scan(self) -> pl.LazyFrame:
        whole = Store(self.folder).runs_file
        if whole.is_file():
            return pl.scan_parquet(whole, glob=False)
        shards = sorted((self.folder / SHARDS).glob("*.parquet"))
        if not shards:
            raise ConfigError([f"{self.folder}: no run is stored yet"])
        return pl.scan_parquet(shards, glob=False)

    @property
    def title(self) -> str:
        """Name of the sweep and what it asks."""
        return f"{self.plan.name}: {self.plan.title}" if self.plan.title else self.plan.name

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting a replay, one line each."""
        found = []
        if self.plan.model != model_digest():
            found.append(
                "The rules of the model have changed since this sweep was played: a replay shows "
                "what the rules of today make of it and may differ from its record."
            )
        if self.missing_plugins:
            files = ", ".join(self.missing_plugins)
            found.append(
                f"This sweep was played with plug-ins ({files}). They are code, so runs are "
                "replayed only if the command line names them: "
                f"sim view {self.folder} 'plugins=[{files}]'."
            )
        return found

    @cached_property
    def missing_plugins(self) -> list[str]:
        """Plug-in files of the plan that the command line did not name, or that have changed."""
        known = {file_digest(file) for file in plugin_files() if file.is_file()}
        return [file for file, digest in self.plan.plugins.items() if digest not in known]

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells in the order of the plan."""
        worked = self._table.filter(pl.col("run_status").cast(pl.String) == OK)
        counted = {row["cell"]: row for row in by_cell(worked).iter_rows(named=True)}
        return [self._cell(number, counted.get(number)) for number in range(self.plan.cells)]

    def _cell(self, number: int, row: Mapping[str, float] | None) -> Cell:
        values = self.plan.values(number)
        if row is None:
            return Cell(number, values, 0, None, 0.0, 1.0)
        low, high = wilson(row["share"], row["runs"])
        return Cell(number, values, int(row["runs"]), float(row["share"]), float(low), float(high))

    def runs_of(self, cell: int, kind: str, first: int, count: int) -> tuple[list[StoredRun], int]:
        """Return some runs of a cell, and how many of that kind there are.

        Parameters
        ----------
        cell : int
        kind : str
            One of `KINDS`.
        first, count : int
            Which part of them, by replicate.
        """
        worked = pl.col("run_status").cast(pl.String) == OK
        deal = pl.col("signed").cast(pl.String).is_in(SIGNED)
        wanted = {
            "all": pl.lit(True),
            "not signed": worked & ~deal,
            "signed": worked & deal,
            "failed to run": ~worked,
        }[kind]
        found = (
            self._table.filter((pl.col("cell") == cell) & wanted)
            .sort("replicate")
            .select(
                "replicate",
                pl.col("status").cast(pl.String),
                pl.col("signed").cast(pl.String),
                "signed_week",
                "weeks",
                "error",
                *GATES,
            )
            .collect()
        )
        part = found.slice(first, count)
        return [_listed(row) for row in part.iter_rows(named=True)], len(found)

    def row(self, cell: int, replicate: int) -> dict[str, object]:
        """Return one row of the table of runs.

        Raises
        ------
        ConfigError
            If that run is not stored.
        """
        here = (pl.col("cell") == cell) & (pl.col("replicate") == replicate)
        found = self._table.filter(here).head(1).collect()
        if found.is_empty():
            raise ConfigError([f"cell {cell}, replicate {replicate}: this run is not stored"])
        return dict(found.row(0, named=True))

    def settings(self, cell: int, replicate: int) -> Settings:
        """Return the settings that play one stored run again.

        Raises
        ------
        ConfigError
            If they cannot be used any more, or need plug-ins that the command line did not name.
        """
        if not 0 <= cell < self.plan.cells:
            raise ConfigError([f"cell {cell}: there are cells 0 to {self.plan.cells - 1}"])
        if self.missing_plugins:
            raise ConfigError([warning for warning in self.warnings if "plug-ins" in warning])
        settings = self._settings(cell)
        return settings.model_copy(update={"seed": self.plan.seed, "replicate": replicate})

    def scenario(self, cell: int) -> Scenario:
        """Return the scenario of a cell; no plug-in is looked at."""
        if self._scenarios.get(cell) is None:
            node = self.plan.plain(cell)["scenario"]
            assert isinstance(node, Mapping)
            self._scenarios = {cell: build_scenario(node, "scenario")}
        return self._scenarios[cell]

    def choices(self, start: Start, cell: int, replicate: int) -> Choices | None:
        """Return overrides that play a stored run by themselves, None if there are none.

        What no link may set, such as ``public.graph``, is kept as fixed overrides.

        Parameters
        ----------
        start : Start
            Of the server, whose plug-ins and folders hold for them too.
        cell, replicate : int
        """
        given = dict(split(word) for word in self.plan.line)
        given |= {key: _written(value) for key, value in self.plan.values(cell).items()}
        pairs = {key: value for key, value in given.items() if is_allowed(key, value)}
        pairs |= {"seed": str(self.plan.seed), "replicate": str(replicate)}
        fixed = tuple(f"{k}={v}" for k, v in given.items() if k not in pairs and is_plain(k, v))
        found = Choices(pairs, fixed, cell if fixed else None)
        try:
            settings = settings_of(start, found).model_copy(update={"plugins": []})
            same = settings == self.settings(cell, replicate)
        except ConfigError:
            return None
        return found if same else None

    def differences(self, record: RunRecord, row: Mapping[str, object]) -> list[str]:
        """Return the outcomes in which a run, played again to its end, differs from its row.

        Names of columns; empty if every outcome is the same to the last bit.
        """
        scenario = record.settings.scenario
        found = outcomes(record.params, record.final) | scenario_outcomes(scenario, record.final)
        columns = [column.name for column in (*OUTCOME_COLUMNS, *scenario_columns(scenario))]
        return [name for name in columns if _plain(name, found[name]) != row.get(name)]

    def outcome_count(self, settings: Settings) -> int:
        """Return how many outcomes a run of these settings has."""
        return len(OUTCOME_COLUMNS) + len(scenario_columns(settings.scenario))


def without_plugins(plan: Plan) -> Plan:
    """Return a plan whose configurations name no code; what is known already stays known."""
    return replace(
        plan,
        bases=[{**base, "plugins": []} for base in plan.bases],
        combinations=[
            replace(entry, changes={k: v for k, v in entry.changes.items() if k != "plugins"})
            for entry in plan.combinations
        ],
    )


def _plain(name: str, values: np.ndarray) -> object:
    codes = codes_of(name)
    value = values[0].item()
    return codes(value).name.lower() if codes is not None else value


def _written(value: Value) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(row: Mapping[str, object]) -> StoredRun:
    return StoredRun(
        replicate=int(str(row["replicate"])),
        status=str(row["status"] or ""),
        signed=str(row["signed"] or ""),
        signed_week=-1 if row["signed_week"] is None else int(str(row["signed_week"])),
        weeks=0 if row["weeks"] is None else int(str(row["weeks"])),
        gates=None if row["status"] is None else largest_gates(row),
        error=str(row["error"] or ""),
    )


def largest_gates(row: Mapping[str, object]) -> tuple[str, ...]:
    """Return the gates that share the first place in a row's ledger, none if none ever closed."""
    shares = {gate: float(str(row[gate])) for gate in GATES if row[gate] is not None}
    most = max(shares.values(), default=0.0)
    return tuple(gate for gate, share in shares.items() if share > max(0.0, most - TIE))


# ---- A stored run that is played again: whether it is the same as its record.

UNWRITTEN = (
    "Its settings cannot be written as one line of overrides, so they can be neither copied nor "
    "changed here; open the page without cell= in its address to set up a run of its own."
)
"""What is said of a run that no line of overrides plays."""


@dataclass(frozen=True)
class Replayed:
    """A stored run that is shown: which, and whether it is the same as its record."""

    cell: int
    replicate: int
    verdict: str
    same: bool


def judged(
    sweep: "StoredSweep", watch: Watch, cell: int, replicate: int, row: Mapping[str, object]
) -> Replayed:
    """Return whether a run that has been played to its end is the same as its record.

    Parameters
    ----------
    sweep : StoredSweep
    watch : Watch
    cell, replicate : int
    row : mapping
        The run's row of the table of runs.
    """
    verdict, same = _verdict(sweep, watch, row)
    told = f"Cell {cell}, replicate {replicate} of the sweep, played again: {verdict}"
    return Replayed(cell, replicate, told, same)


def _verdict(sweep: "StoredSweep", watch: Watch, row: Mapping[str, object]) -> tuple[str, bool]:
    if row["run_status"] != "ok":
        today = "today it fails too" if watch.failure else "today it is played to its end"
        return f"in the record it failed ({row['error']}), {today}.", bool(watch.failure)
    if watch.failure:
        return "it could not be played to its end.", False
    differing = sweep.differences(watch.record(), row)
    if differing:
        return f"it differs from its record in {', '.join(differing)}.", False
    count = sweep.outcome_count(watch.settings)
    return f"all {count} outcomes are those of its record, to the last bit.", True
