"""From folders of results to a report on disk, in the form that was asked for."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from sim.analysis.loading import holds_run, load
from sim.analysis.page.comparison_page import comparison_report
from sim.analysis.page.content import Report, Say
from sim.analysis.page.html import write_html
from sim.analysis.page.markdown import write_markdown
from sim.analysis.page.run_page import run_report
from sim.analysis.page.sweep_page import sweep_report
from sim.analysis.page.tables import write_tables
from sim.analysis.single_run import load_run
from sim.errors import ConfigError, SimError
from sim.sweeps.overrides import Value

Format = Literal["html", "md", "csv", "parquet"]
FORMATS: tuple[Format, ...] = ("html", "md", "csv", "parquet")
ENDINGS: Mapping[str, str] = {"html": ".html", "md": ".md", "csv": "-csv", "parquet": "-parquet"}
"""Ending of what is written; CSV and Parquet are folders of tables."""


def make_report(
    folders: Sequence[Path], say: Say, start: Mapping[str, Value] | None = None
) -> Report:
    """Return the report of a sweep, of a single run, or of two sweeps compared.

    Parameters
    ----------
    folders : sequence of Path
        One or two.
    say : callable
        Told what is being worked on.
    start : mapping, optional
        Where the inverse question starts.

    Raises
    ------
    SimError
        If the folders cannot be used.
    """
    if len(folders) == 2:
        single = [folder for folder in folders if holds_run(folder)]
        if single:
            raise ConfigError([f"{single[0]}: holds a single run; two sweeps can be compared"])
        return comparison_report(load(folders[0]), load(folders[1]), say)
    if holds_run(folders[0]):
        if start:
            raise ConfigError(["--start: a single run has no levers to change"])
        return run_report(load_run(folders[0]), say)
    return sweep_report(load(folders[0]), say, start)


def default_target(folder: Path, format: Format, compared: bool) -> Path:
    """Return a place in the results' folder that is still free."""
    name = "comparison" if compared else "report"
    target = folder / f"{name}{ENDINGS[format]}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{name}-{number}{ENDINGS[format]}"
    return target


def check_target(target: Path) -> None:
    """Check, before anything is computed, that a report can be written there.

    Raises
    ------
    ConfigError
        If something is there already, or the folder does not exist.
    """
    if target.exists() or target.is_symlink():
        raise ConfigError([f"--out: {target}: exists already and is not overwritten"])
    if not target.absolute().parent.is_dir():
        raise ConfigError([f"--out: {target}: no such folder: {target.parent}"])


def write_report(report: Report, target: Path, format: Format) -> None:
    """Write a report; it is there whole or not at all.

    Raises
    ------
    SimError
        If the disk refuses it.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if format == "html":
            write_html(report, part)
        elif format == "md":
            write_markdown(report, part)
        else:
            part.mkdir()
            write_tables(report, part, format)
        part.replace(target)
    except OSError as error:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
        raise SimError(f"{target}: cannot be written, {error.strerror or error}") from error
