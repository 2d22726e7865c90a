"""The first screen: what it answers, what it pools, what it leaves out, and its words."""

import re
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from sim.analysis import NotInResults, Results, compare, information, load, load_run, robustness
from sim.analysis.page.content import Report
from sim.analysis.page.run_page import run_report
from sim.analysis.page.sweep_page import names_of, sweep_report
from sim.analysis.page.write import html, write_figures
from sim.errors import ConfigError
from tests.analysis.conftest import play
from tests.analysis.test_answer import check


def quiet(words: str) -> None:
    """Tell nothing."""


@pytest.fixture(scope="module")
def report(factorial_folder: Path) -> Report:
    return sweep_report(load(factorial_folder), quiet)


def test_it_asks_and_answers(report: Report) -> None:
    assert report.title.endswith("?")
    assert "not a forecast" in report.subtitle
    assert len(report.lead) == 2
    assert report.summary is not None
    assert report.summary["outcome"].to_list() == [
        "Treaty signed in full", "Interim deal signed", "A deal still stands at the end",
        "Talks collapse first", "Government falls first",
    ]  # fmt: skip
    assert report.picture is not None
    assert report.picture.chart is not None
    assert "assumed" in report.caveat


def test_numbers_of_the_summary_are_those_of_the_runs(report: Report, factorial: Results) -> None:
    assert report.summary is not None
    cells = report.summary["of 100 runs [95 %]"]
    for text, outcome in zip(
        cells[:3], ("signed_full", "interim_ever", "in_force_at_end"), strict=True
    ):
        share = float(np.nanmean(factorial.outcome(outcome)))
        assert text.split(" ")[0] == f"{100 * share:.0f}"


def test_the_page_names_things_in_words(report: Report, factorial: Results) -> None:
    page = html(report)
    assert len(page.encode()) < 2_000_000
    tags = r"<(script|style|pre|dd)\b.*?</\1>|<[^>]*>"
    seen = unescape(re.sub(tags, " ", page, flags=re.DOTALL))
    assert "strategy@" not in seen
    assert "hold_out" not in seen
    assert "Armenia's strategy" in seen
    assert 'title="strategy@armenia"' in page, "the raw key stands in the tooltip"
    names = names_of(factorial)
    assert names["strategy@armenia"] == "Armenia's strategy"
    assert names["hold_out"] == "hold out"


def test_drawn_numbers_are_named_by_whose_they_are(saltelli: Results) -> None:
    names = names_of(saltelli)
    assert names["scenario.discount_rate.armenia.value"] == "Armenia's discount rate"
    assert names["discount_rate.armenia"] == "Armenia's discount rate"


def test_figures_say_in_words_what_they_show(report: Report) -> None:
    assert report.picture is not None
    assert re.search(r"Highest: .+, [\d.]+; lowest: .+, [\d.]+\.", report.picture.label)


def test_figures_as_files(report: Report, tmp_path: Path) -> None:
    write_figures(report, tmp_path, "svg")
    drawn = {part.key for part in report.parts if part.chart}
    assert {path.stem for path in tmp_path.iterdir()} == drawn
    picture = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert "sim report" in picture
    assert 'fill="#ffffff"' in picture


def test_another_outcome_may_be_asked_for(factorial_folder: Path) -> None:
    found = sweep_report(load(factorial_folder), quiet, outcome="collapse_first")
    check(found, factorial_folder)
    assert "the talks collapse" in found.title
    with pytest.raises(ConfigError, match="did you mean 'signed_full'"):
        sweep_report(load(factorial_folder), quiet, outcome="signed_ful")


@pytest.mark.parametrize("horizons", ["60,20", "20,60"])
def test_shorter_horizons_are_not_pooled_with_longer_ones(horizons: str, tmp_path: Path) -> None:
    """The same values in another order give the same sentences."""
    folder = play(
        f"horizon={horizons} strategy@armenia=conceder precondition=none replicates=12 "
        "strategy@azerbaijan=linear bargaining=packages",
        tmp_path / "results",
    )
    results = load(folder)
    assert set(results.plan.horizons[results.pooled]) == {60}
    found = sweep_report(results, quiet)
    check(found, folder)
    said = next(s.text for s in found.statements if s.text.startswith("Something was signed"))
    share = float(results.outcome("signed")[results.pooled].mean())
    assert f"{share:.1%}".replace("%", " %") in said
    assert "1 cells that are watched for fewer weeks are left out" in said


def test_interim_deals_are_pooled_where_they_are_allowed(factorial: Results) -> None:
    values = factorial.outcome("signed_interim")
    allowed = factorial.allows_interim
    assert allowed.sum() == 6
    assert np.isnan(values[~allowed]).all()
    assert np.isfinite(values[allowed]).all()
    frame = sweep_report(factorial, quiet)
    rates = next(part for part in frame.parts if part.key == "signing_rates")
    assert rates.table is not None
    never = rates.table.filter(rates.table["agenda"] == "single_undertaking")
    assert set(never["interim only, % [95 %]"]) == {"-"}


def test_sweeps_without_a_common_key_are_not_compared(tmp_path: Path) -> None:
    play("strategy@armenia=linear,boulware replicates=2 horizon=20", tmp_path / "one")
    play("agenda=single_undertaking,interim_allowed replicates=2 horizon=20", tmp_path / "two")
    with pytest.raises(NotInResults, match="no swept key in common"):
        compare(load(tmp_path / "one"), load(tmp_path / "two"))


def test_a_run_opens_with_the_moves_that_decided_it(run_folder: Path) -> None:
    found = run_report(load_run(run_folder), quiet)
    assert found.picture is not None
    assert found.picture.frame is not None
    assert 1 <= len(found.picture.frame) <= 5
    assert "signature and after" in found.picture.frame["kind"].to_list()


# --- which choice holds up


def few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let worlds of a small design count."""
    monkeypatch.setattr(sys.modules["sim.analysis.robustness"], "FEWEST_RUNS", 1)


def test_a_choice_that_flips_with_a_number(
    saltelli: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One agenda is best below a number's middle and the other above: it is worth knowing."""
    numbers = np.array(saltelli.plan.points)[:, 1]
    above = numbers > np.median(numbers)
    outcome = np.concatenate([above, ~above]).astype(float)[:, np.newaxis].repeat(4, axis=1)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    few_runs(monkeypatch)
    known = information(saltelli).to_frame()
    assert known["number"][0] == saltelli.plan.point_keys[1]
    assert known["gain"][0] > 0.3
    found = robustness(saltelli)
    frame = found.to_frame()
    assert frame["regret"].min() > 0.5, "neither holds up everywhere"
    assert "not the same in all worlds" in found.notes[0]
    assert "discount_rate.azerbaijan" in found.notes[0]


def test_a_choice_that_is_best_everywhere_has_no_regret(
    saltelli: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    low = (rng.random((40, 4)) < 0.2).astype(float)
    outcome = np.concatenate([low, np.maximum(low, (rng.random((40, 4)) < 0.9))]).astype(float)
    monkeypatch.setattr(Results, "outcome", lambda self, name="signed": outcome)
    few_runs(monkeypatch)
    frame = robustness(saltelli).to_frame()
    assert frame["choice"][0] == "interim_allowed"
    assert frame["regret"][0] == 0.0
    assert frame["best"][0] == 1.0
    assert frame["satisfactory"][0] == 1.0


def test_a_grid_of_choices_alone_has_no_worlds(factorial: Results) -> None:
    with pytest.raises(NotInResults, match="several worlds"):
        robustness(factorial)
    with pytest.raises(NotInResults, match="sampled design"):
        information(factorial)
