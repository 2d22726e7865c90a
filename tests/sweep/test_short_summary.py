"""The summary of small, constant and wide sweeps."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from sim.sweeps.execute import Outcome
from sim.sweeps.summary import print_summary

Play = Callable[..., Outcome]


def printed(done: Outcome) -> str:
    out = io.StringIO()
    print_summary(done.store.runs_file, done.plan, Console(file=out, width=140))
    return out.getvalue()


DRAWN = ["horizon=int(interval(20,21))", "scenario.discount_rate.armenia.value=interval(0.1,0.2)"]


@pytest.mark.parametrize("drawn", DRAWN)
def test_a_drawn_value_that_is_the_same_everywhere(play: Play, drawn: str) -> None:
    line = f"design=latin_hypercube samples=1 replicates=2 {drawn}"
    text = printed(play(line))
    head, key, *values = text.split("\n\n")[0].splitlines()
    assert head.startswith("swept value")
    assert key.strip() == drawn.partition("=")[0]
    assert len(values) == 1
    assert printed(play(line)) == text


def test_one_cell_has_its_share_told(play: Play) -> None:
    head, row = printed(play("replicates=4")).splitlines()[:2]
    assert "P(signed)" in head
    assert row.split()[:2] == ["all", "4"]
    assert "%" in row


def test_all_strategies_are_listed(play: Play) -> None:
    done = play("strategy@armenia=glob(*) replicates=2")
    text = printed(done)
    names = done.plan.values_of("strategy@armenia")
    assert len(names) > 12
    assert all(f"  {name} " in text for name in names)
    assert "more swept key" not in text
