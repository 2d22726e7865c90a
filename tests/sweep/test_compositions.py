"""Composed quickly, cell by cell, equals what Hydra composes for the same overrides."""

import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from sim.config import with_hydra
from sim.config.compose import compose_plain, mark_settings
from sim.config.sources import merged, search_folders
from sim.sweeps.compositions import Compositions
from sim.sweeps.designs import combinations
from sim.sweeps.overrides import Choices, read_terms
from sim.sweeps.plan import changed

LINES = {
    "groups": "strategy@armenia=boulware,firm,interim_first agenda=glob(*) mediator=none",
    "presets override groups": "preset=glob(*) agenda=single_undertaking,interim_allowed",
    "a preset sets a swept value": "preset=baku,none strategy@azerbaijan=firm,boulware",
    "numbers in swept groups": "strategy@armenia=boulware,linear armenia.strategy.beta=0.3,2",
    "sourced numbers": "scenario.politics.approval.value=0.2,0.3 agenda=glob(*)",
    "assumptions": "scenario.discount_rate.armenia.value=0.05,0.1 horizon=20,30",
    "a whole party's choice": "'armenia.strategy={name: firm},{name: polynomial, beta: 2}'",
    "added keys": "++armenia.strategy.patience_weeks=9 strategy@armenia=hold_out,interim_first",
    "an added key above a number": "'++armenia.acceptance={name: ac_next, a: 0.7}' "
    "armenia.acceptance.b=0,0.1 horizon=20,30",
    "inside a list": "scenario.channels.0.calls_per_year.value=10,20 agenda=glob(*)",
    "scenarios": "scenario=glob(*) precondition=none,before_signing",
    "deleted choices": "~public.graph agenda=glob(*)",
    "one value": "agenda=single_undertaking seed=3",
    "a value that refers to another": "'armenia.strategy.beta=${azerbaijan.strategy.beta}' "
    "azerbaijan.strategy.beta=0.5,2",
}


def plain(compositions: Compositions, choices: Choices) -> dict[str, object]:
    return changed(compositions.base(choices), compositions.changes(choices))


def by_hydra(overrides: list[str], config_dir: Path | None = None) -> dict[str, object]:
    """Compose without anything kept, set or merged afterwards."""
    config = with_hydra.compose_with_hydra(
        search_folders("config", config_dir), "config", overrides
    )
    found = with_hydra.plain(config)
    mark_settings(found, overrides)
    return found


def words(line: str) -> list[str]:
    import shlex

    return shlex.split(line)


@pytest.mark.parametrize("name", LINES)
def test_same_as_hydra(name: str) -> None:
    folders = search_folders("config", None)
    terms = read_terms(words(LINES[name]), folders)
    compositions = Compositions(terms, "config", None)
    chosen = combinations(terms)
    for choices in random.Random(name).sample(chosen, min(3, len(chosen))):
        overrides = [term.override(choices[term.key]) for term in terms]
        assert plain(compositions, choices) == by_hydra(overrides)


def test_groups_are_composed_once_for_all_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[object] = []

    def counting(*given: object) -> dict[str, object]:
        composed.append(given)
        return compose_plain(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("sim.sweeps.compositions.compose_plain", counting)
    folders = search_folders("config", None)
    terms = read_terms(
        ["strategy@armenia=glob(*)", "strategy@azerbaijan=glob(*)", "agenda=glob(*)"], folders
    )
    compositions = Compositions(terms, "config", None)
    cells = [plain(compositions, choices) for choices in combinations(terms)]
    assert len(cells) > 100
    assert len(composed) == 1
    assert cells[0]["scenario"] is cells[-1]["scenario"]


def _own_folder(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {"agenda/mine.yaml": "rule: ${precondition.rule}\n"},
        {"agenda/mine.yaml": "# @package _global_\nhorizon: 12\nagenda: {rule: issue_by_issue}\n"},
        {"agenda/mine.yaml": "defaults: [interim_allowed]\nrule: single_undertaking\n"},
        {"agenda/mine.yaml": "rule: single_undertaking\nmore: 1\n"},
        {
            "agenda/mine.yaml": "rule: single_undertaking\n",
            "preset/sets.yaml": "# @package _global_\nagenda: {rule: issue_by_issue}\n",
        },
        {
            "agenda/mine.yaml": "rule: single_undertaking\n",
            "preset/sets.yaml": "# @package _global_\nagenda: {more: 2}\n",
        },
    ],
    ids=["interpolation", "package", "defaults", "another key", "overwritten", "added to"],
)
def test_files_that_are_not_that_simple(files: dict[str, str], tmp_path: Path) -> None:
    own = _own_folder(tmp_path / "own", files)
    line = ["agenda=mine,single_undertaking", "precondition=none,before_signing"]
    if "preset/sets.yaml" in files:
        line.append("preset=sets,none")
    folders = search_folders("config", own)
    terms = read_terms(line, folders)
    compositions = Compositions(terms, "config", own)
    for choices in combinations(terms):
        overrides = [term.override(choices[term.key]) for term in terms]
        assert plain(compositions, choices) == by_hydra(overrides, own)


def test_a_file_that_refers_to_a_swept_value(tmp_path: Path) -> None:
    own = _own_folder(tmp_path / "own", {"agenda/mine.yaml": "rule: ${mediator.style}\n"})
    folders = search_folders("config", own)
    terms = read_terms(["agenda=mine", "mediator.style=none,facilitation"], folders)
    compositions = Compositions(terms, "config", own)
    found = [plain(compositions, choices) for choices in combinations(terms)]
    assert [cell["agenda"] for cell in found] == [{"rule": "none"}, {"rule": "facilitation"}]


def test_changes_copy_only_what_they_touch() -> None:
    base = {"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, "f": {"g": 3}}
    new = changed(base, {"a.b.c": 5, "a.d[1].e": 6})
    assert new == {"a": {"b": {"c": 5}, "d": [1, {"e": 6}]}, "f": {"g": 3}}
    assert base == {"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, "f": {"g": 3}}
    assert new["f"] is base["f"]


def test_a_replaced_node_can_be_changed_again() -> None:
    given = {"name": "firm", "beta": 1}
    new = changed({"a": {"s": {"name": "old"}}}, {"a.s": given, "a.s.beta": 2})
    assert new == {"a": {"s": {"name": "firm", "beta": 2}}}
    assert given == {"name": "firm", "beta": 1}


def test_all_pairs_of_two_groups_differ() -> None:
    folders = search_folders("config", None)
    terms = read_terms(["agenda=glob(*)", "mediator=glob(*)"], folders)
    compositions = Compositions(terms, "config", None)
    found = [
        (str(cell["agenda"]), str(cell["mediator"]))
        for cell in (plain(compositions, choices) for choices in combinations(terms))
    ]
    agendas, mediators = (dict.fromkeys(column) for column in zip(*found, strict=True))
    assert found == list(itertools.product(agendas, mediators))


SETS = """# @package _global_
scenario:
  start: 2024-10-01
  discount_rate: {armenia: {value: 0.3}}
"""


@pytest.mark.parametrize(
    ("line", "files", "apart"),
    [
        ([], {}, True),
        (["scenario=march_2025", "preset=opposition"], {}, True),
        (["preset=mine"], {"preset/mine.yaml": SETS}, True),
        (["+scenario@other=prespa_2018"], {}, False),
        (["scenario.seats=null"], {}, False),
        (["horizon=${seed}"], {}, False),
        (["preset=mine"], {"preset/mine.yaml": "# @package _global_\nseed: ${horizon}\n"}, False),
        (["scenario=mine"], {"scenario/mine.yaml": "# @package _global_\nseed: 3\n"}, False),
        (["scenario=mine"], {"scenario/mine.yaml": "a: &a {b: 1}\nc: *a\n"}, True),
        (["scenario=mine"], {"scenario/mine.yaml": "1: a\n"}, True),
        (
            ["scenario=mine", "preset=early"],
            {"scenario/mine.yaml": "defaults: [march_2025, _self_]\ntitle: Mine\n"},
            True,
        ),
    ],
)
def test_a_scenario_merged_afterwards_is_what_hydra_merges(
    line: list[str], files: dict[str, str], apart: bool, tmp_path: Path
) -> None:
    files = {"preset/early.yaml": SETS, **files}
    folders = search_folders("config", _own_folder(tmp_path, files))
    found = with_hydra._with_scenario_apart(folders, "config", line)
    assert (found is not None) is apart
    if found is not None:
        config = with_hydra.compose_with_hydra(folders, "config", line)
        assert json.dumps(found) == json.dumps(with_hydra.plain(config))


VALUES = st.none() | st.integers(0, 3) | st.sampled_from(["a", ""]) | st.booleans()
NODES = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        VALUES,
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)


def a_list_meets_a_mapping(base: object, more: object) -> bool:
    if isinstance(base, dict) and isinstance(more, dict):
        return any(a_list_meets_a_mapping(base.get(key), more[key]) for key in more)
    return {type(base), type(more)} == {dict, list}


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(NODES, NODES)
def test_merged_as_omegaconf_does(base: dict[str, object], more: dict[str, object]) -> None:
    if a_list_meets_a_mapping(base, more):  # that is left to Hydra
        with pytest.raises(TypeError):
            merged(base, more)
        return
    wanted = OmegaConf.to_container(OmegaConf.merge(base, more))
    assert json.dumps(merged(base, more)) == json.dumps(wanted)
