"""Each benchmark runs in a tiny size and gives a table; no time is tested."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.bench_growth import Drafts, endless_batch, slope
from benchmarks.figures import Figure, best_of_rounds
from benchmarks.mesa_toy import AGENTS, STEPS, Toy


@pytest.mark.slow
@pytest.mark.parametrize("name", command.names())
def test_every_benchmark_gives_a_table(name: str) -> None:
    lines = command.measure(name, tiny=True)
    assert lines
    for line in lines:
        assert set(line) == {"what", "figure", "unit", "note"}
        assert line["what"]
        assert line["unit"]
        assert math.isfinite(line["figure"])
        if line["unit"] != "log-log slope":
            assert line["figure"] > 0.0
    assert len({line["what"] for line in lines}) == len(lines)


def test_the_benchmarks_of_the_core_are_there() -> None:
    assert {"engine", "growth", "start"} <= set(command.names())


def test_a_page_takes_new_figures_and_keeps_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures = iter((1.5, 2.5, 3.5))

    def measured(name: str, tiny: bool) -> list[Figure]:
        return [{"what": f"of {name}", "figure": next(figures), "unit": "s", "note": "a note"}]

    monkeypatch.setattr(command, "measure", measured)
    page = tmp_path / "page.md"
    assert command.main(["start", "engine", "--write", str(page)]) == 0
    assert command.main(["start", "--write", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "| of engine | 2.5 | s | a note |" in text
    assert "| of start | 3.5 | s | a note |" in text
    assert "1.5" not in text
    assert text.index("benchmarks engine`") < text.index("benchmarks start`")
    assert text.count("# How fast it is") == 1


def test_json_names_machine_and_versions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"what": "nothing", "figure": 1.0, "unit": "s", "note": ""}
    monkeypatch.setattr(command, "measure", lambda name, tiny: [line])
    assert command.main(["engine", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["benchmarks"] == {"engine": [line]}
    assert set(command.PACKAGES) <= set(printed["machine"])


def test_table_shows_every_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"what": "speed of nothing", "figure": 12345.6, "unit": "runs/s", "note": ""}
    monkeypatch.setattr(command, "measure", lambda name, tiny: [line])
    assert command.main(["engine"]) == 0
    printed = capsys.readouterr().out
    assert "12,346" in printed
    assert "speed of nothing" in printed


def test_unknown_benchmark_is_an_input_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        command.main(["enginee"])
    assert leaving.value.code == 2
    assert "enginee" in capsys.readouterr().err


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_slope_finds_the_power(power: float) -> None:
    sizes = [10, 20, 40, 80]
    assert slope(sizes, [3.0 * n**power for n in sizes]) == pytest.approx(power, abs=1e-12)


def test_rounds_are_interleaved_and_the_best_counts() -> None:
    called: list[str] = []
    best = best_of_rounds({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 3)
    assert called == ["a", "b"] * 3
    assert set(best) == {"a", "b"}
    assert all(0.0 <= time < 1.0 for time in best.values())


def test_growth_is_measured_on_runs_of_full_length() -> None:
    batch = endless_batch(runs=3, weeks=12, citizens=0, articles=5)
    assert batch.states is not None
    assert np.all(batch.states["week"] == 12)
    assert np.all(batch.states["talks"] == 5)


@pytest.mark.parametrize("drafts", [Drafts(), Drafts(5), Drafts(5, 2.0)])
def test_growth_of_drafts_is_measured_on_sides_that_concede(drafts: Drafts) -> None:
    batch = endless_batch(runs=2, weeks=40, citizens=0, articles=5, drafts=drafts)
    assert batch.states is not None
    assert np.all(batch.states["target"] < 0.9)
    given = np.abs(batch.states["offer"][:, :, :5] - batch.params[0].ideal[:2, :5])
    assert np.all(given.max(axis=2) > 0.0)
    if drafts.levels:
        assert np.allclose(given * (drafts.levels - 1) % 1.0, 0.0)


@pytest.mark.parametrize("agent_reporter", [False, True])
def test_toy_collects_every_step(agent_reporter: bool) -> None:
    toy = Toy(1, agent_reporter)
    opening = toy.drafts.copy()
    for _ in range(STEPS):
        toy.step()
    assert len(toy.datacollector.get_model_vars_dataframe()) == STEPS + 1
    assert len(toy.agents) == AGENTS
    assert np.ptp(toy.drafts, axis=0).mean() < np.ptp(opening, axis=0).mean()
    if agent_reporter:
        collected = toy.datacollector.get_agent_vars_dataframe()
        assert len(collected) == AGENTS * (STEPS + 1)
