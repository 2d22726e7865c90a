"""A sweep's folder: its cells, their runs, and the settings that replay any of them exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sim.config.scenario import Scenario, build_scenario
from sim.config.settings import Settings
from sim.errors import ConfigError
from sim.model.codes import Gate
from sim.model.identity import file_digest, model_digest
from sim.model.plugins import plugin_digest, plugin_files
from sim.runs.intervals import Share
from sim.runs.opening import RunRecord
from sim.runs.outcomes import LEDGER_COLUMNS, OUTCOME_COLUMNS, codes_of, outcomes
from sim.runs.story import day_of, gate_words
from sim.runs.summary import scenario_columns, scenario_outcomes
from sim.sweeps.cells import CellSettings
from sim.sweeps.columns import OK, kind_of
from sim.sweeps.overrides import Value
from sim.sweeps.plan import UNSEALED_FORMAT, Chunk, Plan
from sim.sweeps.store import FOREIGN, PLAN, SHARDS, Store, problem_of
from sim.sweeps.summary import by_cell, with_failed
from sim.view.board.markup import plain_day
from sim.view.choices import Choices, Start, is_allowed, is_plain, settings_of, split
from sim.view.watch import Watch, opened

LISTED = 50
"""Cells, or runs, to a page of the lists."""
SIGNED = ("interim", "full")
"""What a run can have signed."""
TIE = 0.005
"""Shares of weeks that lie closer together than this count as equal: half a percent."""
UNWRITTEN = (
    "Its settings cannot be written as one line of overrides, so they can be neither copied nor "
    "changed here; open the page without cell= in its address to set up a run of its own."
)
"""What is said of a run that no line of overrides plays."""

UNCHECKED = (
    "These files were written before files carried digests: whether their numbers are as they "
    "were written has not been checked."
)
"""What is said of a folder whose files cannot be checked."""

_WORKED = pl.col("run_status").cast(pl.String) == OK
_DEAL = pl.col("signed").cast(pl.String).is_in(SIGNED)
KINDS = {
    "all": pl.lit(True),
    "not signed": _WORKED & ~_DEAL,
    "signed": _WORKED & _DEAL,
    "failed to run": ~_WORKED,
}
"""Which runs of a cell can be listed."""


@dataclass(frozen=True)
class Listing:
    """What of a sweep is listed."""

    cell: int | None = None  # the cell whose runs are listed, None for none
    kind: str = "all"  # one of `KINDS`
    first: int = 0  # the first run that is listed
    first_cell: int = 0
    kept: tuple[tuple[str, str], ...] = ()  # only cells with these values, by the swept keys
    order: str = "cell"  # of the cells: by number, or "most" or "least" of its outcome


@dataclass(frozen=True)
class Cell:
    """One cell: its swept values, its runs, and their share or mean of an outcome."""

    number: int
    values: Mapping[str, Value]  # swept values by their keys
    runs: int  # runs with an outcome
    failed: int  # runs without one, which the share does not count
    # share of them in which the outcome of the list came, by default a signature, or its mean;
    # None without any
    share: float | None
    low: float  # 95 % interval of it
    high: float


@dataclass(frozen=True)
class StoredRun:
    """One row of the table of runs, as far as a list shows it."""

    replicate: int
    status: str  # as in the table, like `signed`; empty if the run failed
    signed: str
    signed_week: int  # week of the first signature, -1 for none
    weeks: int
    error: str
    # gates to which most weeks were charged, more than one if they are tied; empty if every week
    # was signed, None if the run failed
    gates: tuple[Gate, ...] | None


class StoredSweep:
    """The results of one sweep; the folder is only read.

    Digests are checked once, on opening. A file that is damaged or holds another piece is passed
    over, and `warnings` name it. Opening raises `ConfigError` if the folder holds no sweep, another
    sweep's table, or no run that can be read.
    """

    def __init__(self, folder: str, outcome: str = "signed") -> None:
        self.outcome = outcome
        self.folder = Path(folder)
        self.plan: Plan = Store(self.folder).load_plan()
        self._settings = CellSettings(without_plugins(self.plan))
        self._flaws: list[str] = [UNCHECKED] if self.plan.format == UNSEALED_FORMAT else []
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
            problem = problem_of(whole, self.plan)
            if not problem:
                return pl.scan_parquet(whole, glob=False)
            if problem == FOREIGN:
                raise ConfigError([f"{self.folder}: {whole.name} {FOREIGN} than {PLAN}"])
            self._flaws.append(f"{whole.name} {problem}; what the shards hold is shown.")
        shards = self._whole_shards()
        if not shards:
            none = [f"{self.folder}: {flaw}" for flaw in self._flaws if flaw != UNCHECKED]
            raise ConfigError(none or [f"{self.folder}: no run is stored yet"])
        return pl.scan_parquet(shards, glob=False)

    def _whole_shards(self) -> list[Path]:
        """Return the shards that are as they were written, and note what is wrong with others."""
        found = []
        for file in sorted((self.folder / SHARDS).glob("*.parquet")):
            chunk = Chunk.from_name(file.stem)
            problem = "is no shard" if chunk is None else problem_of(file, self.plan, chunk)
            if problem:
                self._flaws.append(f"{SHARDS}/{file.name} {problem}; its runs are not shown.")
            else:
                found.append(file)
        return found

    @property
    def title(self) -> str:
        """Name of the sweep and what it asks."""
        return f"{self.plan.name}: {self.plan.title}" if self.plan.title else self.plan.name

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting a replay, one line each."""
        changed = (
            "The rules of the model have changed since this sweep was played: a replay shows "
            "what the rules of today make of it and may differ from its record."
        )
        found = [] if self.plan.model == model_digest() else [changed]
        return self._flaws + found + self._missing_plugins

    def played_again(
        self, start: Start, cell: int, replicate: int
    ) -> tuple[Watch, Choices | None, "Replayed"]:
        """Return a stored run played to its end, what was chosen for it, and the comparison.

        Choices are None where no overrides play it. Raises as `settings` and `row`.
        """
        watch = opened(self.settings(cell, replicate))
        row = self.row(cell, replicate)
        choices = self.choices(start, cell, replicate)
        watch.play_to_end()
        found = judged(watch, cell, row)
        if choices is None:
            found = replace(found, verdict=f"{found.verdict} {UNWRITTEN}")
        return watch, choices, found

    @cached_property
    def _missing_plugins(self) -> list[str]:
        """Why no run can be replayed: plug-ins that the command line did not name, or changed."""
        files = [file for file in plugin_files() if file.is_file()]
        known = {find(file) for file in files for find in (plugin_digest, file_digest)}
        missing = [file for file, digest in self.plan.plugins.items() if digest not in known]
        named = ", ".join(missing)
        line = (
            f"This sweep was played with plug-ins ({named}). They are code, so runs are "
            "replayed only if the command line names them: "
            f"sim view {self.folder} 'plugins=[{named}]'."
        )
        return [line] if missing else []

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells in the order of the plan."""
        rows = by_cell(self._table, self.plan, self.outcome).iter_rows(named=True)
        counted = {row["cell"]: row for row in rows}
        return [self._cell(number, counted.get(number)) for number in range(self.plan.cells)]

    def _cell(self, number: int, row: Mapping[str, float] | None) -> Cell:
        values = self.plan.values(number)
        runs, failed = (int(row["runs"]), int(row["failed"])) if row is not None else (0, 0)
        if row is None or not runs:
            return Cell(number, values, 0, failed, None, 0.0, 1.0)
        return Cell(number, values, runs, failed, row["share"], row["low"], row["high"])

    def runs_of(self, cell: int, kind: str, first: int, count: int) -> tuple[list[StoredRun], int]:
        """Return `count` runs of a kind from the `first` on, and how many there are in the cell."""
        shown = (
            "replicate",
            pl.col("status").cast(pl.String).fill_null(""),
            pl.col("signed").cast(pl.String).fill_null(""),
            pl.col("signed_week").fill_null(-1),
            pl.col("weeks").fill_null(0),
            pl.col("error").fill_null(""),
        )
        found = (
            self._table.filter((pl.col("cell") == cell) & KINDS[kind])
            .sort("replicate")
            .select(*shown, *LEDGER_COLUMNS)
            .collect()
        )
        runs = [
            StoredRun(
                **{name: value for name, value in row.items() if name not in LEDGER_COLUMNS},
                gates=largest_gates(row) if row["status"] else None,
            )
            for row in found.slice(first, count).iter_rows(named=True)
        ]
        return runs, len(found)

    def row(self, cell: int, replicate: int) -> dict[str, object]:
        """Return one row of the table of runs; raises `ConfigError` if that run is not stored."""
        here = (pl.col("cell") == cell) & (pl.col("replicate") == replicate)
        found = self._table.filter(here).head(1).collect()
        if found.is_empty():
            raise ConfigError([f"cell {cell}, replicate {replicate}: this run is not stored"])
        return dict(found.row(0, named=True))

    def settings(self, cell: int, replicate: int) -> Settings:
        """Return the settings that play one stored run again.

        Raises `ConfigError` if they cannot be used any more, or need plug-ins that the command line
        did not name.
        """
        if not 0 <= cell < self.plan.cells:
            raise ConfigError([f"cell {cell}: there are cells 0 to {self.plan.cells - 1}"])
        if self._missing_plugins:
            raise ConfigError(self._missing_plugins)
        settings = self._settings(cell)
        chance = self._chance(cell, replicate)
        return settings.model_copy(update={"seed": self.plan.seed, "replicate": chance})

    def _chance(self, cell: int, replicate: int) -> int:
        """Return the replicate whose chance a stored run met, as `sim run` counts them."""
        return int(self.plan.chance_of(np.array([cell]), range(replicate, replicate + 1))[0, 0])

    def scenario(self, cell: int) -> Scenario:
        """Return the scenario of a cell; no plug-in is looked at."""
        node = self.plan.plain(cell)["scenario"]
        assert isinstance(node, Mapping)
        return build_scenario(node, "scenario")

    def choices(self, start: Start, cell: int, replicate: int) -> Choices | None:
        """Return overrides that play a stored run by themselves, None if there are none.

        The plug-ins and folders of `start` hold for them too. What no link may set, such as
        ``public.graph``, is kept as fixed overrides.
        """
        given = dict(split(word) for word in self.plan.line)
        given |= {key: _written(value) for key, value in self.plan.values(cell).items()}
        pairs = {key: value for key, value in given.items() if is_allowed(key, value)}
        pairs |= {"seed": str(self.plan.seed), "replicate": str(self._chance(cell, replicate))}
        fixed = tuple(f"{k}={v}" for k, v in given.items() if k not in pairs and is_plain(k, v))
        found = Choices(pairs, fixed, cell if fixed else None)
        try:
            settings = settings_of(start, found).model_copy(update={"plugins": []})
            same = settings == self.settings(cell, replicate)
        except ConfigError:
            return None
        return found if same else None


def without_plugins(plan: Plan) -> Plan:
    """Return a plan whose configurations name no code."""
    return replace(
        plan,
        bases=[{**base, "plugins": []} for base in plan.bases],
        combinations=[
            replace(entry, changes={k: v for k, v in entry.changes.items() if k != "plugins"})
            for entry in plan.combinations
        ],
    )


@lru_cache(maxsize=1)
def sweep_of(start: Start) -> StoredSweep | None:
    """Return the results that a server was started with, None without any."""
    return None if start.results is None else StoredSweep(start.results, start.outcome)


def _written(value: Value) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def largest_gates(row: Mapping[str, float | None]) -> tuple[Gate, ...]:
    """Return the gates that share the first place in a row's ledger, none if none ever closed."""
    gates = (gate for gate in Gate if gate != Gate.SIGNED)
    shares = {gate: row[LEDGER_COLUMNS[gate]] or 0.0 for gate in gates}
    most = max(shares.values())
    return tuple(gate for gate, share in shares.items() if share > max(0.0, most - TIE))


def outcome_columns(scenario: Scenario) -> list[str]:
    """Return the names of all outcomes of a run of the scenario."""
    return [column.name for column in (*OUTCOME_COLUMNS, *scenario_columns(scenario))]


def differences(record: RunRecord, row: Mapping[str, object]) -> list[str]:
    """Return the outcomes in which a run, played again to its end, differs from its row.

    Names of columns; empty if every outcome is the same to the last bit.
    """
    scenario = record.settings.scenario
    found = outcomes(record.params, record.final) | scenario_outcomes(scenario, record.final)
    columns = outcome_columns(scenario)
    return [name for name in columns if _plain(name, found[name]) != row.get(name)]


def _plain(name: str, values: np.ndarray) -> object:
    codes = codes_of(name)
    value = values[0].item()
    return codes(value).name.lower() if codes is not None else value


@dataclass(frozen=True)
class Replayed:
    """A stored run that is shown: which, and whether it is the same as its record."""

    cell: int
    replicate: int
    verdict: str
    same: bool


def judged(watch: Watch, cell: int, row: Mapping[str, object]) -> Replayed:
    """Return whether a run that has been played to its end is the same as its row of the table."""
    verdict, same = _verdict(watch, row)
    replicate = int(str(row["replicate"]))
    told = f"Cell {cell}, replicate {replicate} of the sweep, played again: {verdict}"
    return Replayed(cell, replicate, told, same)


def _verdict(watch: Watch, row: Mapping[str, object]) -> tuple[str, bool]:
    if row["run_status"] != OK:
        today = "today it fails too" if watch.failure else "today it is played to its end"
        return f"in the record it failed ({row['error']}), {today}.", bool(watch.failure)
    if watch.failure:
        return "it could not be played to its end.", False
    differing = differences(watch.record(), row)
    if differing:
        return f"it differs from its record in {', '.join(differing)}.", False
    count = len(outcome_columns(watch.settings.scenario))
    return f"all {count} outcomes are those of its record, to the last bit.", True


# --- the rows of the tables that list a sweep


def sorted_cells(cells: Sequence[Cell], order: str) -> list[Cell]:
    """Return the cells in an order of `sim.view.stored.Listing`, those without outcome last."""
    if order not in ("most", "least"):
        return list(cells)
    sense = -1.0 if order == "most" else 1.0
    return sorted(cells, key=lambda cell: (cell.share is None, sense * (cell.share or 0.0)))


def cell_rows(sweep: StoredSweep, cells: Sequence[Cell]) -> list[dict[str, object]]:
    """Return cells as plain rows; `estimate`, `low` and `high` are shares of the range."""
    kind = kind_of(sweep.outcome)
    most = kind.most(sweep.plan.common_horizon)
    return [
        {
            **asdict(cell),
            "values": [str(value) for value in cell.values.values()],
            "runs": with_failed(cell.runs, cell.failed),
            "estimate": None if cell.share is None else cell.share / most,
            "low": cell.low / most,
            "high": cell.high / most,
            "share": "no outcome"
            if cell.share is None
            else " ".join(str(Share(cell.share, cell.low, cell.high, kind.format)).split()),
        }
        for cell in cells
    ]


def run_rows(sweep: StoredSweep, cell: int, runs: Sequence[StoredRun]) -> list[dict[str, object]]:
    """Return runs of one cell as plain rows, in the scenario's words."""
    scenario = sweep.scenario(cell)
    words = gate_words(scenario)

    def most_in_the_way(run: StoredRun) -> str:
        if run.gates is None:
            return ""
        return ", ".join(words[gate] for gate in run.gates) or "nothing"

    return [
        {
            "replicate": run.replicate,
            "status": run.error or run.status.replace("_", " "),
            "signed": run.signed,
            "when": plain_day(day_of(scenario, run.signed_week)) if run.signed_week >= 0 else "",
            "weeks": run.weeks,
            "gate": most_in_the_way(run),
            "question": "How was it signed?" if run.signed in SIGNED else "Why did this one fail?",
        }
        for run in runs
    ]
