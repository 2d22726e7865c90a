"""Many stored runs, and the question that is asked of them."""

from pathlib import Path

import duckdb
import polars as pl

from sim.sweeps.store import ROW_GROUP

PAIR = ("strategy@armenia", "strategy@azerbaijan")


def many_rows(source: Path, target: Path, rows: int) -> int:
    """Write a table of at least `rows` rows by repeating another one, laid out as a sweep's.

    Returns
    -------
    int
        Number of rows.
    """
    one = pl.scan_parquet(source)
    size = int(one.select(pl.len()).collect().item())
    times = -(-rows // size)
    # Each copy gets replicate numbers of its own, so that no two rows are the same.
    replicates = int(one.select(pl.col("replicate").max()).collect().item()) + 1
    copies = [one.with_columns(pl.col("replicate") + n * replicates) for n in range(times)]
    pl.concat(copies).sink_parquet(
        target, compression="zstd", compression_level=3, row_group_size=ROW_GROUP
    )
    return times * size


Row = tuple[object, ...]


def by_duckdb(file: Path) -> list[Row]:
    """Ask DuckDB for the number of runs, P(signed), mean weeks and dignity by strategy pair."""
    keys = ", ".join(f'"{key}"' for key in PAIR)
    return duckdb.sql(
        f"SELECT {keys}, count(*), round(avg((signed != 'none')::INT), 9), "
        f"round(avg(weeks), 9), round(avg(dignity), 9) "
        f"FROM read_parquet('{file}') GROUP BY {keys} ORDER BY {keys}"
    ).fetchall()


def by_polars(file: Path) -> list[Row]:
    """Ask Polars the same."""
    return (
        pl.scan_parquet(file)
        .group_by(PAIR)
        .agg(
            pl.len().alias("runs"),
            (pl.col("signed").cast(pl.String) != "none").mean().round(9),
            pl.col("weeks").mean().round(9),
            pl.col("dignity").mean().round(9),
        )
        .sort(PAIR)
        .collect()
        .rows()
    )
