"""What a sweep found, in short: P(signed) by swept value, the best and the worst cells.

The runs of one replicate meet the same shocks in every cell, so the runs behind one swept value
are not independent. Its interval is Wilson's (1927) with the effective sample size that the
variance between replicates gives (Korn and Graubard 1998).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

from sim.sweeps.columns import OK
from sim.sweeps.overrides import Value

LEVEL = 0.95
_Z = float(norm.ppf(0.5 + LEVEL / 2))
MOST_VALUES = 12
"""Keys with more values than this are left out of the table."""
SHOWN_CELLS = 3


@dataclass(frozen=True)
class Share:
    """An estimated probability with its interval.

    Attributes
    ----------
    estimate, low, high : float
        Share of runs and the ends of its 95 % interval.
    """

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as percentages."""
        return f"{self.estimate:6.1%}  [{self.low:.1%}, {self.high:.1%}]"


@dataclass(frozen=True)
class Line:
    """One line of the table: a swept value, or a cell.

    Attributes
    ----------
    label : str
    runs : int
    signed : Share
        Interim or full deal.
    full : Share
        Full deal.
    """

    label: str
    runs: int
    signed: Share
    full: Share


def wilson(share: ArrayLike, size: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's score interval.

    Parameters
    ----------
    share : float or array
        Observed proportions.
    size : float or array
        Sample sizes, or effective sample sizes.

    Returns
    -------
    tuple of two arrays
        Lower and upper ends, shaped like `share` and `size` together.
    """
    p, n = np.asarray(share, float), np.asarray(size, float)
    z = _Z
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n**2))
    # At 0 and 1 the ends are exact, whatever rounding makes of them.
    low, high = np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)
    return np.where(p == 0.0, 0.0, low), np.where(p == 1.0, 1.0, high)


def share_of(share: float, size: float) -> Share:
    """Return a proportion with its interval."""
    low, high = wilson(share, size)
    return Share(share, float(low), float(high))


def clustered(counts: np.ndarray, sizes: np.ndarray) -> Share:
    """Return a proportion whose runs are independent between replicates only.

    Parameters
    ----------
    counts, sizes : array, shape (replicates,)
        Signatures and runs of each replicate.
    """
    total = float(sizes.sum())
    share = float(counts.sum() / total)
    replicates = len(sizes)
    effective = float(replicates)
    if replicates > 1:
        # Linearised variance of a ratio of two means (Korn and Graubard 1998).
        residual = (counts - share * sizes) / sizes.mean()
        variance = float(residual.var(ddof=1)) / replicates
        if variance > 0.0:
            effective = share * (1.0 - share) / variance
    effective = min(max(effective, 1.0), total)
    return share_of(share, effective)


_SIGNED = pl.col("signed").cast(pl.String)
_ANY = _SIGNED.is_in(["interim", "full"]).sum().alias("any")
_FULL = _SIGNED.eq("full").sum().alias("full")


def by_value(runs: pl.LazyFrame, key: str) -> list[Line]:
    """Return one line for each value of a swept key.

    Parameters
    ----------
    runs : polars.LazyFrame
        The table of runs, failed ones left out.
    key : str
        A swept key.
    """
    counted = (
        runs.group_by(key, "replicate")
        .agg(pl.len().alias("runs"), _ANY, _FULL)
        .sort(key, "replicate")
        .collect()
    )
    return [_line(str(value[0]), part) for value, part in _parts(counted, key)]


def _parts(counted: pl.DataFrame, key: str) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    """Return the counts of each value of a key."""
    return list(counted.group_by(key, maintain_order=True))


def _line(label: str, counted: pl.DataFrame) -> Line:
    """Return the line of some counts by replicate."""
    sizes = counted["runs"].to_numpy().astype(float)
    signed, full = (
        clustered(counted[name].to_numpy().astype(float), sizes) for name in ("any", "full")
    )
    return Line(label, int(sizes.sum()), signed, full)


def by_cell(runs: pl.LazyFrame) -> pl.DataFrame:
    """Return runs, signatures and full signatures of each cell, best first."""
    return (
        runs.group_by("cell")
        .agg(pl.len().alias("runs"), _ANY, _FULL)
        .with_columns((pl.col("any") / pl.col("runs")).alias("share"))
        .sort(["share", "cell"], descending=[True, False])
        .collect()
    )


def print_summary(
    file: Path, swept: list[str], values: Mapping[int, Mapping[str, Value]], target: Console
) -> None:
    """Print the tables that end a sweep.

    Parameters
    ----------
    file : Path
        The compacted table.
    swept : list of str
        Swept keys that are listed value by value.
    values : mapping
        Value of each swept key by cell.
    target : Console
    """
    runs = pl.scan_parquet(file).filter(pl.col("run_status").cast(pl.String) == OK)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("swept value", "runs", "P(signed), 95 %", "P(signed in full), 95 %"):
        table.add_column(name, justify="left" if name == "swept value" else "right")
    first = True
    for key in swept:
        lines = by_value(runs, key)
        if not 1 < len(lines) <= MOST_VALUES:
            continue
        if not first:
            table.add_section()
        first = False
        table.add_row(key)
        for line in lines:
            table.add_row(f"  {line.label}", f"{line.runs:,}", str(line.signed), str(line.full))
    if table.row_count:
        target.print(table)
        target.print()
    cells = by_cell(runs)
    if len(cells) > 1:
        _print_cells(cells, values, target)


def _print_cells(
    cells: pl.DataFrame, values: Mapping[int, Mapping[str, Value]], target: Console
) -> None:
    """Print the cells in which most and least was signed."""
    shown = min(SHOWN_CELLS, len(cells) // 2)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("cell", justify="right")
    table.add_column("P(signed), 95 %", justify="right")
    table.add_column("values")
    for title, rows in (("most", cells.head(shown)), ("least", cells.tail(shown).reverse())):
        for n, row in enumerate(rows.iter_rows(named=True)):
            told = " ".join(f"{key}={value}" for key, value in values[row["cell"]].items())
            label = f"{title} {row['cell']}" if n == 0 else str(row["cell"])
            table.add_row(label, str(share_of(row["share"], row["runs"])), told)
    target.print(table)
    target.print()
