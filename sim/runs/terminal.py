"""The terminal that results are printed on, and numbers in words."""

import os
import shutil
import sys
from collections.abc import Collection

from rich.console import Console, RenderableType
from rich.table import Table


def duration(seconds: float) -> str:
    """Return a time span in words, rounded to what matters."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes / 60:.1f} h"


def size(count: float) -> str:
    """Return a number of bytes in words."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is 1."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


# --- the terminal that results are printed on

PLAIN_WIDTH = 100
"""Columns where the output is no terminal and COLUMNS is not set."""


class PipedConsole(Console):
    """A console that raises when nobody reads on, instead of leaving the process."""

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, which `sim.commands.cli.main` waits for."""
        raise BrokenPipeError


def console(error: bool = False) -> Console:
    """Return a console; colours go to a terminal only, piped text has a fixed width."""
    stream = sys.stderr if error else sys.stdout
    if stream.isatty():
        return PipedConsole(file=stream, highlight=False)
    width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if "COLUMNS" in os.environ else None
    return PipedConsole(
        file=stream,
        highlight=False,
        width=width or PLAIN_WIDTH,
        force_terminal=False,
        no_color=True,
    )


def plain_table() -> Table:
    """Return a table without lines."""
    return Table(box=None, pad_edge=False, header_style="bold")


def columns(table: Table, *names: str, right: Collection[str] = ()) -> Table:
    """Add columns to a table, and then those of numbers, at the right of their columns.

    What is too long for a column goes on in the next line; nothing is cut away.
    """
    for name in (*names, *right):
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def show(block: RenderableType, output: Console) -> None:
    """Print one block; where the output is no terminal, without the blanks that pad its lines."""
    if output.is_terminal:
        output.print(block)
        return
    with output.capture() as captured:
        output.print(block)
    for line in captured.get().splitlines():
        output.out(line.rstrip(), highlight=False)
