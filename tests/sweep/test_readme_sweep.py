"""The README shows the sweep's line with what it prints."""

import importlib.util
from pathlib import Path

import pytest

from sim.sweeps.planning import make_plan

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "make_sweep_output", ROOT / "docs" / "make_sweep_output.py"
)
assert spec is not None
assert spec.loader is not None
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)


@pytest.mark.slow
def test_the_example_is_up_to_date() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert example.lasting(example.filled(text, example.printed())) == example.lasting(text), (
        "run `make docs`"
    )


def test_the_line_has_24_cells() -> None:
    plan = make_plan(example.LINE).plan
    assert (plan.cells, plan.runs) == (24, 12_000)


def test_time_and_folder_are_left_out_of_the_comparison() -> None:
    one = "24 cells, 12,000 runs; 12,000 played now in 5.1 s, 2,350 a second\nresults: results/a/x"
    other = "24 cells, 12,000 runs; 12,000 played now in 45 s, 270 a second\nresults: results/b/x"
    assert example.lasting(one) == example.lasting(other) == "24 cells, 12,000 runs\n"
