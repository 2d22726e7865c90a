"""A code that is added in one place and forgotten in another fails when it is imported."""

import subprocess
import sys

import pytest

from sim.model.codes import Gate, complete
from sim.model.records import STATE

EXTEND = """
import enum, sys
import sim.model.codes as codes
kind = sys.argv[1]
old = getattr(codes, kind)
members = {{member.name: int(member) for member in old}} | {{"FORGOTTEN": len(old)}}
setattr(codes, kind, enum.IntEnum(kind, members))
import {module}
"""


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        ("Gate", "sim.runs.outcomes"),
        ("Gate", "sim.runs.story"),
        ("Move", "sim.runs.story"),
        ("Reason", "sim.runs.story"),
        ("Treaty", "sim.runs.story"),
        ("Route", "sim.config.conduct"),
        ("Route", "sim.model.rules.preconditions"),
        ("Route", "sim.view.board.path"),
    ],
)
def test_a_forgotten_member_is_named_at_import(kind: str, module: str) -> None:
    program = [sys.executable, "-c", EXTEND.format(module=module), kind]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1] == (f"TypeError: a table lacks FORGOTTEN of {kind}")


def test_complete_returns_a_whole_table() -> None:
    table = {gate: gate.name for gate in Gate}
    assert complete(table, Gate) is table


def test_records_have_room_for_every_gate() -> None:
    assert STATE["gates"].shape == STATE["ledger"].shape == (len(Gate),)
