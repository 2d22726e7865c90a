"""What came out of the model before the code was rearranged comes out of it still."""

import pytest

from tests import golden_results as golden

EVERY = 20
"""The Mesa driver plays every so many of the runs; both drivers are compared elsewhere too."""


@pytest.mark.slow
def test_runs_of_all_strategy_pairs_come_to_the_same():
    stored = golden.read("runs.json")
    assert len(stored) >= 2000
    cases = list(golden.cases())
    assert {name for name, _ in cases} == set(stored)
    differ = [name for name, case in cases if golden.run_digest(case, "engine") != stored[name]]
    differ += [
        f"{name} (Mesa)"
        for name, case in cases[::EVERY]
        if golden.run_digest(case, "mesa") != stored[name]
    ]
    assert not differ, f"{len(differ)} runs differ, for example {differ[:5]}"


@pytest.mark.slow
def test_tables_of_sweeps_and_of_a_report_hold_the_same_numbers():
    tables, report = golden.sweeps_and_report()
    assert tables == golden.read("sweeps.json")
    assert report == golden.read("report.json")


def test_transcript_of_the_default_run_reads_the_same():
    assert golden.transcript() == (golden.FOLDER / "transcript.txt").read_text(encoding="utf-8")
