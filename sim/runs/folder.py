"""The folder of one run: what it came to, its weeks and its moves, written whole or not at all."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from sim.errors import ConfigError, SimError
from sim.runs.files import MOVES, RUN, RUN_FORMAT, WEEKS
from sim.runs.opening import RunRecord
from sim.runs.story import tell
from sim.runs.summary import Summary
from sim.runs.trace import write_trace


def check_folder(folder: Path) -> None:
    """Raise ConfigError, before anything is played, if a run cannot be written to `folder`."""
    problem = ""
    if folder.is_dir():
        if any(folder.iterdir()):
            problem = "is not empty, and nothing is overwritten; name a new folder"
    elif folder.exists() or folder.is_symlink():
        problem = "is a file; name a new folder"
    elif not folder.absolute().parent.is_dir():
        problem = f"no such folder: {folder.parent}"
    if problem:
        raise ConfigError([f"--out: {folder}: {problem}"])


def moves_frame(record: RunRecord) -> pl.DataFrame:
    """Return every recorded move in words, in its order; nobody is an empty `actor`."""
    rows = [
        (line.week, line.day, line.actor, line.move.name.lower(), line.said, line.why)
        for line in tell(record)
    ]
    words = dict.fromkeys(("actor", "move", "said", "why"), pl.String)
    return pl.DataFrame(rows, {"week": pl.Int32, "date": pl.Date, **words}, orient="row")


def write_run(
    record: RunRecord, summary: Summary, folder: Path, overrides: Sequence[str] = ()
) -> None:
    """Write one run into a folder that does not exist or is empty.

    The files are made in a folder beside it and then moved, `run.json` last. Raises ConfigError if
    the folder cannot be used, and SimError if the disk refuses it; nothing is left behind then.
    """
    check_folder(folder)
    target = folder.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    settings = record.settings.model_dump(mode="json", by_alias=True)
    content = {"format": RUN_FORMAT, **summary.plain(), "settings": settings}
    try:
        part.mkdir()
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (part / RUN).write_text(f"{text}\n", encoding="utf-8")
        write_trace(record, part / WEEKS, overrides)
        moves_frame(record).write_parquet(part / MOVES)
        _into_place(part, target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise SimError(f"--out: {folder}: {error.strerror or error}") from error


def _into_place(part: Path, target: Path) -> None:
    if not target.exists():
        part.replace(target)
        return
    for name in (MOVES, WEEKS, RUN):
        (part / name).replace(target / name)
    part.rmdir()
