"""Every ending of the model is reached by some shipped preset, and the README says how often."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
spec = importlib.util.spec_from_file_location("make_presets", ROOT / "docs" / "make_presets.py")
assert spec is not None
assert spec.loader is not None
make_presets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_presets)


@pytest.fixture(scope="module")
def found():
    return {preset: make_presets.counts(preset) for preset in make_presets.PRESETS}


@pytest.mark.parametrize("ending", make_presets.ENDINGS)
def test_every_ending_is_reached_by_some_reading(found, ending):
    assert any(found[preset][ending] > 0 for preset in make_presets.PRESETS if preset != "none")


def test_governments_fall_in_some_reading_and_are_followed(found):
    assert any(make_presets.falls(preset) > 0 for preset in found)


def test_every_run_ends_in_one_way(found):
    for counted in found.values():
        assert sum(counted.values()) == make_presets.RUNS


def test_the_readings_differ(found):
    assert len({tuple(counted.values()) for counted in found.values()}) == len(found)


def test_readme_table_is_up_to_date():
    text = (ROOT / "README.md").read_text()
    assert make_presets.filled(text) == text, "run `make docs`"
