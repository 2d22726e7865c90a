"""The contract of every plug-in: what it must say about itself, and how it must behave.

A new plug-in is tested here without a line of its own; its traces against scripted opponents go
to `test_strategies.py`.
"""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.model.plugins import KINDS, Plugin, registry
from sim.model.records import HISTORY, STATE
from sim.model.shocks import SHOCK, draw_tape
from sim.theory.bargaining import bargain, mirrored, never_signs, rescaled, same_seed
from sim.theory.minimal_talks import play_talks, set_rule

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = [entry for kind in KINDS for entry in registry().of(kind)]
STRATEGIES = registry().of("concession")
USES = {"clock", "offers", "beliefs", "randomness", "politics"}
GROUPS = {"concession": "strategy", "acceptance": "acceptance", "opponent_model": "opponent_model"}

every_plugin = pytest.mark.parametrize("entry", PLUGINS, ids=lambda e: f"{e.kind}-{e.name}")
every_strategy = pytest.mark.parametrize("entry", STRATEGIES, ids=lambda e: e.name)


def talks_with(entry: Plugin) -> np.record:
    """Return bargaining in which the first side uses the plug-in."""
    params = bargain(entry.name if entry.kind == "concession" else "polynomial")
    if entry.kind != "concession":
        set_rule(params, 0, entry.kind, entry.name)
    params.opponent_error = 0.5
    return params


# --- what it says about itself


@every_plugin
def test_it_names_family_reference_and_uses(entry: Plugin) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.name)
    assert entry.family
    assert re.search(r"\b(19|20)\d\d\b", entry.reference)
    assert set(entry.uses) <= USES
    assert entry.summary.endswith(".")
    assert Path(entry.source_file).is_file()


@every_plugin
def test_its_parameters_have_units_and_a_default_in_range(entry: Plugin) -> None:
    names = [p.name for p in entry.parameters]
    assert len(set(names)) == len(names)
    for parameter in entry.parameters:
        assert parameter.unit
        assert parameter.meaning
        assert parameter.low <= parameter.default <= parameter.high


@every_plugin
def test_what_it_uses_is_what_it_reads(entry: Plugin) -> None:
    """Randomness and the clock are read by those that say so, and by nobody else."""
    code = getattr(entry.function, "py_func", entry.function).__code__
    names = set(code.co_names)
    assert ("stance" in names) == ("randomness" in entry.uses)
    if "clock" in entry.uses:
        assert names & {"clock", "clock_since", "week"}
    elif "randomness" in entry.uses:  # this week's shock is found by the week
        assert not names & {"clock", "clock_since", "deadline"}
    else:
        assert not names & {"clock", "clock_since", "week", "deadline"}


@every_plugin
def test_it_can_be_chosen_by_a_configuration(entry: Plugin) -> None:
    files = (ROOT / "configs" / GROUPS[entry.kind]).glob("*.yaml")
    assert any(f"name: {entry.name}" in f.read_text(encoding="utf-8") for f in files)


# --- how it behaves


@every_plugin
def test_demands_stay_between_reservation_and_aspiration(entry: Plugin) -> None:
    history = play_talks(talks_with(entry), tape=draw_tape(3, range(1), 60, 0)).history
    assert len(history) > 5
    for side in range(2):
        assert np.all(np.isfinite(history["target"][:, side]))
        made = history["n_demanded"][:, side] > 0
        assert np.all(history["target"][made, side] >= history["reservation"][made, side])
        assert np.all(history["target"][made, side] <= history["aspiration"][made, side])


@every_strategy
def test_it_is_finite_in_any_state_and_changes_nothing(entry: Plugin) -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        params = bargain(entry.name)
        for at, parameter in enumerate(entry.parameters):
            low, high = parameter.low, min(parameter.high, 10.0 * max(parameter.default, 0.1))
            params.strategy_value[0, at] = rng.uniform(low, max(low, high))
        params.deadline = rng.choice([1.0, 50.0, np.inf])
        state: np.record = np.zeros(1, STATE).view(np.recarray)[0]
        state.week = rng.integers(0, 60)
        state.aspiration = rng.uniform(0.5, 1.0)
        state.reservation = rng.uniform(0.0, 0.5)
        state.n_demanded = state.n_received = count = rng.integers(0, 2 * HISTORY)
        state.new_received = rng.integers(0, count + 1)
        state.drafts = count
        state.demanded[:] = rng.random((2, HISTORY))
        state.received[:] = rng.random((2, HISTORY))
        state.interim_week = state.last_conceded[:] = -1
        before = state.tobytes()
        shocks = np.zeros(60, SHOCK).view(np.recarray)
        asked = entry.function(params, state, shocks, 0)
        assert np.isfinite(asked)
        assert state.tobytes() == before


@every_strategy
def test_same_seed_same_weeks_by_either_driver(entry: Plugin) -> None:
    assert same_seed(entry.name)


@every_strategy
def test_it_does_not_depend_on_the_unit_of_utility(entry: Plugin) -> None:
    assert rescaled(entry.name)


@every_strategy
def test_it_does_not_depend_on_who_is_first(entry: Plugin) -> None:
    assert mirrored(entry.name)


@every_strategy
def test_it_signs_nothing_worse_than_the_status_quo(entry: Plugin) -> None:
    assert never_signs(entry.name)


# --- compiled and uncompiled


def course(entry: Plugin) -> dict[str, list[str]]:
    """Return demands, text and beliefs about the other's weights, week by week, bit for bit."""
    history = play_talks(talks_with(entry), tape=draw_tape(4, range(1), 60, 0)).history
    return {
        name: [float(x).hex() for x in np.ravel(history[name][..., :4])]
        for name in ("target", "position", "error")
    } | {"status": [str(int(x)) for x in history["status"]]}


def all_courses() -> dict[str, dict[str, list[str]]]:
    """Return the course of every plug-in."""
    return {f"{entry.kind}-{entry.name}": course(entry) for entry in PLUGINS}


@pytest.fixture(scope="module")
def uncompiled() -> dict[str, dict[str, list[str]]]:
    """Courses of all plug-ins as plain Python, from a process without numba's compiler."""
    program = "import json, test_contract as t; print(json.dumps(t.all_courses()))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


@every_plugin
def test_compiled_and_uncompiled_play_the_same(
    entry: Plugin, uncompiled: dict[str, dict[str, list[str]]]
) -> None:
    assert course(entry) == uncompiled[f"{entry.kind}-{entry.name}"]


# --- the index in the documentation


@every_plugin
def test_the_index_of_the_documentation_lists_it(entry: Plugin) -> None:
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    assert f"### `{entry.name}`" in page
    assert entry.reference in page
    for parameter in entry.parameters:
        assert f"| `{parameter.name}` | {parameter.default:g} |" in page


def test_presets_and_the_page_are_those_of_the_registration() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_strategies.py"))
    files = made["presets"]()
    for group in GROUPS.values():
        there = set((ROOT / "configs" / group).glob("*.yaml"))
        assert there == {file for file in files if file.parent.name == group}
    stale = [file.name for file, text in files.items() if file.read_text("utf-8") != text]
    assert stale == [], "run `make docs`"
    page = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
    assert page == made["page"](), "docs/strategies.md is stale, run `make docs`"
