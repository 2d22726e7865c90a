"""A report as tables: one CSV or Parquet file for each of its results, with a list of contents."""

from pathlib import Path

import polars as pl

from sim.analysis.page.content import Report

ANSWER, CONTENTS = "answer", "contents"


def write_tables(report: Report, folder: Path, kind: str) -> None:
    """Write every table of a report into a folder.

    Parameters
    ----------
    report : Report
    folder : Path
        Exists and is empty.
    kind : str
        ``"csv"`` or ``"parquet"``.
    """
    tables = {part.key: part.frame for part in report.parts if part.frame is not None}
    titles = {part.key: part.title for part in report.parts}
    tables[ANSWER] = pl.DataFrame(
        [{"sentence": s.text, "query": s.query} for s in report.statements],
        {"sentence": pl.String, "query": pl.String},
    )
    listed = [
        {"file": f"{key}.{kind}", "title": titles.get(key, "The answer"), "lines": len(frame)}
        for key, frame in tables.items()
    ]
    tables[CONTENTS] = pl.DataFrame(listed)
    for key, frame in tables.items():
        path = folder / f"{key}.{kind}"
        if kind == "csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
