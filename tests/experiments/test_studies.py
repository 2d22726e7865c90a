"""Each study, played small, gives its committed summary to the letter; the pages are current."""

import re
from pathlib import Path

import pytest
import yaml

from experiments import study as studies
from experiments import summary
from experiments.playing import play
from sim.config import config_folder
from sim.sweeps.execute import Quiet

NAMES = studies.names()
PUBLISHED = {
    "another_negotiation",
    "beliefs",
    "concession_grid",
    "constitution",
    "hindcast",
    "interim_or_everything",
    "mediation",
    "opposition_claim",
    "opposition_strength",
    "sensitivity",
    "validation",
}


def test_all_studies_are_found() -> None:
    assert set(NAMES) == PUBLISHED
    assert all(studies.find(name).name == name for name in NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_small_size_gives_the_committed_summary(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = studies.find(name)
    results = play(study, True, Quiet())
    text = summary.page(study, results, study.analyse(results))
    assert text == summary.file_of(study, True).read_text("utf-8")


def test_the_readme_names_the_ten_assumptions_that_carry_the_answer() -> None:
    text = summary.file_of(studies.find("sensitivity"), False).read_text("utf-8")
    named = re.search(r"The 10 with the largest total indices: (.*?)\. Their", text)
    assert named is not None
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    told = re.search(r"Ten carry the answer.*?signed: (.*?) \(\[study\]", readme, re.DOTALL)
    assert told is not None
    assert re.findall(r"`([^`]+)`", told[1]) == named[1].split(", ")


@pytest.mark.parametrize("name", NAMES)
def test_summary_has_all_its_parts(name: str) -> None:
    text = summary.file_of(studies.find(name), False).read_text("utf-8")
    for part in ("Question", "Design", "Run it", "Found", "What would overturn it", "Chief caveat"):
        assert f"**{part}.**" in text
    assert f"make study NAME={name}" in text
    assert "nan" not in text.lower().replace("governance", "")


INTERVAL = r" \[[-+]?[\d.]+, [-+]?[\d.]+\]"
NO_ESTIMATES = re.compile(
    # Values that were set, and counts of accepted runs or of resamples of a whole equilibrium.
    r"discounts at \d+ %|its own 95 % interval|in \d+ % of them|of all is in \d+ %"
)


@pytest.mark.parametrize("name", NAMES)
def test_every_share_and_difference_stands_with_its_interval(name: str) -> None:
    text = summary.file_of(studies.find(name), False).read_text("utf-8")
    found = text.split("**Found.**")[1].split("**What would overturn it.**")[0]
    found = NO_ESTIMATES.sub("", found)
    alone = re.findall(rf"[-+]?\d[\d.,]* (?:%|points)(?!{INTERVAL})", found)
    assert alone == []
    if name != "hindcast":
        assert len(re.findall(INTERVAL, found)) >= 3


def test_list_of_studies_is_up_to_date() -> None:
    pages = {n: summary.file_of(studies.find(n), False).read_text("utf-8") for n in NAMES}
    assert summary.README.read_text("utf-8") == summary.list_of_studies(pages)


def test_every_named_sweep_belongs_to_a_study() -> None:
    files = {file.stem for file in (config_folder() / "experiment").glob("*.yaml")}
    used = {part.experiment for name in NAMES for part in studies.find(name).parts.values()}
    assert files == used


def test_every_named_sweep_says_what_it_asks() -> None:
    for file in (config_folder() / "experiment").glob("*.yaml"):
        content = yaml.safe_load(file.read_text("utf-8"))
        assert content["title"], file
        assert file.read_text("utf-8").startswith("#"), file
