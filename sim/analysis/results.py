"""A sweep's folder opened for reading: which runs there are, and what is missing.

Only the plan and Parquet files are read; nothing is unpickled and nothing is played. Columns are
read one by one into arrays of cells by replicates, so that ten million runs fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.analysis.charts import Tabular
from sim.config.scenario import Scenario, build_scenario
from sim.errors import SimError
from sim.runs.intervals import Clusters, Estimate, estimate
from sim.runs.outcomes import codes_of
from sim.sweeps.columns import DERIVED, NEEDS_INTERIM, as_stored, swept_type, words_of
from sim.sweeps.overrides import Value
from sim.sweeps.plan import Plan, at, changed
from sim.sweeps.summary import by_cell

Floats = NDArray[np.float64]
Values = tuple[Value, ...]
"""Of some keys, in their order."""

NEEDED = ("cell", "replicate", "run_status", "signed")
"""Columns without which there is nothing to tell."""


NO_RUN = -32768
"""What an array of codes holds where there is no run."""


class NotInResults(SimError):  # noqa: N818 - says what it is: nothing went wrong
    """A question that these results cannot answer, with what would be needed."""

    exit_code = 2


class Group(NamedTuple):
    """Some cells that are looked at together."""

    values: dict[str, Value]  # value of each key that the cells share
    cells: NDArray[np.int64]  # their numbers

    @property
    def label(self) -> str:
        """The values, one after the other; ``all cells`` if there are none."""
        return " · ".join(self.words.values()) or "all cells"

    @property
    def words(self) -> dict[str, str]:
        """The value of each key as it is shown."""
        return {key: word(value) for key, value in self.values.items()}


def word(value: Value) -> str:
    """Return a swept value as it is shown."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def short(key: str) -> str:
    """Return a swept key as figures name it: a number of the scenario by its path there."""
    return key.removeprefix("scenario.").removesuffix(".value")


@dataclass(frozen=True, eq=False)
class Results(Tabular):
    """The runs of one sweep. Made by `sim.analysis.load`."""

    folder: Path
    plan: Plan  # what was swept; see `sim.sweeps.plan`
    files: tuple[Path, ...]  # Parquet files that hold the runs
    source: str  # the same in a query, relative to the folder, e.g. ``'runs.parquet'``
    schema: Mapping[str, pl.DataType]  # type of each column
    stored: int  # rows found; `plan.runs` are planned
    failed: int  # rows of them whose run failed; they have no outcomes
    notes: tuple[str, ...]  # what is missing or was passed over, one sentence each

    def to_frame(self) -> pl.DataFrame:
        """Return the table of runs, one row a run, sorted by cell and replicate."""
        runs = pl.scan_parquet(list(self.files), glob=False)
        return runs.sort("cell", "replicate").collect(engine="streaming")

    def _shown(self) -> pl.DataFrame:
        """Return what a notebook shows: each cell with its runs and their share of signatures."""
        found = by_cell(pl.scan_parquet(list(self.files), glob=False), self.plan)
        return self.values_frame().join(
            found.select("cell", "runs", "failed", signed="share"), on="cell", how="left"
        )

    @property
    def points(self) -> int:
        """Points of a sampled design in each combination; 1 for a factorial design."""
        return max(1, len(self.plan.points))

    @property
    def sampled(self) -> bool:
        """Whether the cells are drawn points and not chosen values."""
        return bool(self.plan.points)

    @property
    def chosen_keys(self) -> list[str]:
        """Keys that combinations differ in, in the order of the line."""
        return list(self.plan.combinations[0].values)

    @cached_property
    def options(self) -> dict[str, list[Value]]:
        """Values of each chosen key, in the order of the line."""
        return {
            key: list(dict.fromkeys(entry.values[key] for entry in self.plan.combinations))
            for key in self.chosen_keys
        }

    @cached_property
    def combination_of(self) -> dict[Values, int]:
        """Number of the combination with some values, these in the order of `chosen_keys`."""
        return {tuple(entry.values.values()): n for n, entry in enumerate(self.plan.combinations)}

    @property
    def usable(self) -> int:
        """Runs with outcomes."""
        return self.stored - self.failed

    @cached_property
    def scenario(self) -> Scenario:
        """The negotiation of the first cell; sampled numbers at their stated values."""
        return self.scenario_of(0)

    def scenario_of(self, combination: int) -> Scenario:
        """Return the negotiation of a combination, sampled numbers at their stated values.

        Raises `ConfigError` if the scenario is not valid for this version of the program.
        """
        raw = self.config_of(combination)["scenario"]
        assert isinstance(raw, Mapping)
        return build_scenario(raw, "scenario")

    def config_of(self, combination: int) -> dict[str, object]:
        """Return a combination's configuration, sampled numbers at their stated values."""
        chosen = self.plan.combinations[combination]
        return changed(self.plan.bases[chosen.base], chosen.changes)

    def clusters_of(self, cells: NDArray[np.int64]) -> Clusters | None:
        """Return which independently drawn part of a sampled design each cell belongs to.

        The point, or in a Saltelli design the block of points that share their coordinates; None
        for a factorial design, whose cells are chosen and not drawn.
        """
        if not self.sampled:
            return None
        return Clusters(cells % self.points // self.plan.block, self.plan.common_chance)

    def comparable(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of some cells that may be pooled: those of the longest horizon.

        A run that is watched for fewer weeks has had less time to sign in.
        """
        own = self.plan.horizons[cells]
        kept: NDArray[np.int64] = cells[own == own.max()]
        return kept

    def by_combination(self, values: Floats) -> Floats:
        """Return values of all runs in the shape (combinations, points, replicates)."""
        return values.reshape(len(self.plan.combinations), self.points, -1)

    def apart_in(self, keys: Sequence[str]) -> dict[Values, dict[Values, int]]:
        """Return combinations by their values of some keys, for each set of other values."""
        found: dict[Values, dict[Values, int]] = {}
        for number, entry in enumerate(self.plan.combinations):
            others = tuple(value for key, value in entry.values.items() if key not in keys)
            found.setdefault(others, {})[tuple(entry.values[key] for key in keys)] = number
        return found

    @cached_property
    def pooled(self) -> NDArray[np.int64]:
        """Cells that shares over all of the sweep rest on."""
        return self.comparable(np.arange(self.plan.cells))

    def groups(self, by: Sequence[str] | None = None, every: bool = False) -> list[Group]:
        """Return the cells in groups that share the values of some keys.

        By default of all keys that combinations differ in, so that each combination is a group; an
        empty sequence puts all cells into one group. Cells of a group that are watched for fewer
        weeks than others of it are left out, unless `every` is set. Raises `NotInResults` for other
        keys.
        """
        keys = self.chosen_keys if by is None else list(by)
        self.check_keys(keys)
        found: dict[Values, list[int]] = {}
        for number, combination in enumerate(self.plan.combinations):
            found.setdefault(tuple(combination.values[key] for key in keys), []).append(number)
        points = np.arange(self.points)
        return [
            Group(
                dict(zip(keys, values, strict=True)),
                cells if every else self.comparable(cells),
            )
            for values, numbers in found.items()
            for cells in [(np.array(numbers)[:, np.newaxis] * self.points + points).ravel()]
        ]

    def check_keys(self, keys: Sequence[str]) -> None:
        """Raise `NotInResults` if one of the keys does not differ between combinations."""
        for key in keys:
            if key not in self.chosen_keys:
                known = ", ".join(self.chosen_keys) or "none"
                raise NotInResults(f"'{key}' was not swept over chosen values; these were: {known}")

    def values_frame(self) -> pl.DataFrame:
        """Return `cell` and the value of every swept key, one row a cell."""
        rows = [self.plan.values(cell) for cell in range(self.plan.cells)]
        columns = {"cell": pl.Series("cell", range(self.plan.cells), pl.Int32)}
        for key in self.plan.swept:
            kind = swept_type(self.plan, key)
            columns[key] = pl.Series(key, [as_stored(row[key], kind) for row in rows], kind)
        return pl.DataFrame(columns)

    def has(self, *columns: str) -> bool:
        """Return whether the table has all of these columns."""
        return all(column in self.schema for column in columns)

    def check_columns(self, *columns: str) -> None:
        """Raise `NotInResults` with the first column that is missing, if one is."""
        for column in columns:
            if column not in self.schema:
                raise NotInResults(f"the table of runs lacks the column '{column}'")

    @cached_property
    def _places(self) -> NDArray[np.int64] | None:
        """Place of each row in an array of cells by replicates; None if it is the row itself."""
        keys = self._read("cell", "replicate")
        cell = keys["cell"].to_numpy().astype(np.int64)
        places = cell * self.plan.replicates + keys["replicate"].to_numpy()
        in_order = len(places) == self.plan.runs and bool((np.diff(places) == 1).all())
        return None if in_order and (not len(places) or places[0] == 0) else places

    def _read(self, *columns: str) -> pl.DataFrame:
        """Read some columns of all rows; `SimError` if a file is damaged."""
        try:
            table = pl.scan_parquet(list(self.files), glob=False).select(columns)
            return table.collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            first = (str(error).strip().splitlines() or ["unknown"])[0]
            raise SimError(
                f"{self.folder}: the column '{columns[0]}' cannot be read, {first}; if shards are "
                "whole, delete runs.parquet and run the sweep's line again"
            ) from error

    def _by_cell(self, values: NDArray[np.generic], nothing: float) -> NDArray[np.generic]:
        """Return the values of all rows as cells by replicates."""
        shape = (self.plan.cells, self.plan.replicates)
        if self._places is None:
            return values.reshape(shape)
        table = np.full(shape[0] * shape[1], nothing, values.dtype)
        table[self._places] = values
        return table.reshape(shape)

    def codes(self, column: str) -> NDArray[np.int16]:
        """Return a column of words, whole numbers or flags, a word by its place in its type.

        Returns `NO_RUN` where there is no run, it failed, or its scenario has no such outcome
        (shape (cells, replicates)).
        Raises NotInResults if the table lacks it, or it holds nothing or unknown words.
        """
        self.check_columns(column)
        series = self._read(column)[column]
        if series.null_count() == len(series):
            raise NotInResults(f"the column '{column}' of the table of runs is empty")
        codes = codes_of(column)
        if codes is not None:
            series = _in_codes(series, words_of(codes))
        whole = series.cast(pl.Int16).fill_null(NO_RUN).to_numpy()
        return self._by_cell(whole, NO_RUN).astype(np.int16, copy=False)

    def numbers(self, column: str) -> Floats:
        """Return a column of numbers or flags, shape (cells, replicates).

        NaN where there is no run, it failed, or its scenario has no such outcome.
        """
        self.check_columns(column)
        kind = self.schema[column]
        if not (kind.is_numeric() or kind == pl.Boolean):
            raise NotInResults(f"'{column}' is no number")
        series = self._read(column)[column].cast(pl.Float64).fill_null(float("nan"))
        return self._by_cell(series.to_numpy(), float("nan")).astype(np.float64, copy=False)

    @cached_property
    def signed_codes(self) -> NDArray[np.int16]:
        """What was signed: 0 nothing, 1 interim, 2 full; negative where there is no run."""
        return self.codes("signed")

    def outcome(self, name: str = "signed", horizon: int = 0) -> Floats:
        """Return an outcome of every run: a column of numbers or flags, or one of `DERIVED`.

        `horizon` is the week up to which weeks are counted, the shortest of the cells by default.
        The shape is (cells, replicates); NaN where there is no run, it failed, or the rules of the
        talks leave no room for that outcome.
        """
        if name not in DERIVED:
            return self.numbers(name)
        if not DERIVED[name].share:
            numbers, last = self.numbers(DERIVED[name].column), horizon or self.plan.common_horizon
            late = (numbers < 0) | (numbers > last)
            return np.where(late, last, numbers) if DERIVED[name].weeks else numbers
        found = self.signed_codes < 0
        hit = np.ones(found.shape, bool)
        for column, (low, high) in DERIVED[name].codes.items():
            values: NDArray[np.float64] | NDArray[np.int16]
            self.check_columns(column)
            if self.schema[column].is_float():
                values = self.numbers(column)
            else:
                values = self.signed_codes if column == "signed" else self.codes(column)
            hit &= (values >= low) & (values <= high)
        if name in NEEDS_INTERIM:
            found = found | ~self.allows_interim[:, np.newaxis]
        return np.where(found, np.nan, hit)

    def told(self, values: Floats, cells: NDArray[np.int64], name: str) -> Estimate:
        """Return the share or the mean of an outcome over some cells, with its interval.

        values: those that `outcome` gives, of all cells.
        """
        kind, points = DERIVED[name], self.clusters_of(cells)
        most = None if kind.share else kind.most(self.plan.common_horizon)
        return estimate(values[cells], points, share=kind.share, most=most)

    @cached_property
    def allows_interim(self) -> NDArray[np.bool_]:
        """Whether the rules of each cell's talks allow an interim deal; shape (cells,)."""
        found = []
        for entry in self.plan.combinations:
            rule = entry.changes.get("agenda.rule", at(entry.changes.get("agenda"), "rule"))
            found.append(rule or at(self.plan.bases[entry.base], "agenda.rule"))
        return np.repeat([rule == "interim_allowed" for rule in found], self.points)


def over(top: Floats, bottom: NDArray[np.generic], nothing: float = np.nan) -> Floats:
    """Return a ratio; `nothing` stands where the lower number is not above 0."""
    below = np.broadcast_to(bottom, top.shape)
    ratio: Floats = np.divide(top, below, out=np.full(top.shape, nothing), where=below > 0)
    return ratio


def _in_codes(series: pl.Series, kind: pl.Enum) -> pl.Series:
    """Return words as their places among the known ones, however they are stored."""
    try:
        same = series.dtype == kind
        return (series if same else series.cast(pl.String).cast(kind)).to_physical()
    except pl.exceptions.PolarsError as error:
        raise NotInResults(f"the column '{series.name}' holds words that are unknown") from error
