"""The README's first screen says what the committed summaries say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
spec = importlib.util.spec_from_file_location("make_findings", ROOT / "docs" / "make_findings.py")
assert spec is not None
assert spec.loader is not None
make_findings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_findings)


def test_the_findings_are_up_to_date():
    text = README.read_text(encoding="utf-8")
    assert make_findings.filled(text) == text, "run `make docs`"


def test_they_stand_on_the_first_screen():
    lines = README.read_text(encoding="utf-8").splitlines()
    assert lines.index(make_findings.MARKS[1]) < 35


def test_three_findings_have_intervals_and_the_caveats_follow():
    for study in make_findings.MAIN:
        assert make_findings.found(study).count("[") >= 2
    body = make_findings.filled(README.read_text(encoding="utf-8"))
    assert body.index("3. **") < body.index("The chief caveat")


def test_a_summary_without_a_finding_is_named(tmp_path, monkeypatch):
    (tmp_path / "empty.md").write_text("# Empty\n", encoding="utf-8")
    monkeypatch.setattr(make_findings, "SUMMARIES", tmp_path)
    with pytest.raises(ValueError, match="empty: the summary states no finding"):
        make_findings.found("empty")
