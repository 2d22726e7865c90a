"""Finding things by commands: lists, names that one types, suggestions, results, completion."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from sim.commands import listing, report, scenario
from sim.commands.cli import COMMANDS, main
from sim.commands.listing import GROUPS, SCRIPTS, choices, complete, typed
from sim.commands.report import found_in
from sim.config import config_folder
from sim.config.compose import compose
from sim.config.number import override_of
from sim.errors import ConfigError
from sim.model.plugins import registry
from sim.sweeps.designs import drawn_assumptions
from sim.sweeps.request import read_line

Capture = pytest.CaptureFixture[str]


def told(capsys: Capture, *words: str, code: int = 0) -> str:
    assert main(list(words)) == code
    out = capsys.readouterr()
    return out.out if code == 0 else out.err


def test_every_shipped_file_is_listed_with_a_line(capsys: Capture) -> None:
    listed = told(capsys, "list", *GROUPS)
    for group in GROUPS.values():
        for name in choices(group):
            assert re.search(rf"^{name} +\S.{{8}}", listed, re.MULTILINE), name
    folders = {path.name for path in config_folder().iterdir() if path.is_dir()}
    assert folders == {*GROUPS.values(), "tour"}  # a tour is shown, not chosen on a line


def test_own_files_are_listed(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "preset").mkdir()
    text = "# @package _global_\n# Mine alone. And more.\nhorizon: 9\n"
    (tmp_path / "preset" / "mine.yaml").write_text(text, encoding="utf-8")
    listed = told(capsys, "list", "presets", "--config-dir", str(tmp_path))
    assert re.search(r"^mine +Mine alone\. \(your own\)$", listed, re.MULTILINE)
    assert "mine" in told(capsys, "list", "--config-dir", str(tmp_path))


def test_strategies_are_shown_as_one_types_them(capsys: Capture) -> None:
    """Each name of a group is listed once, with the plug-in and the values that its file sets."""
    shown = re.sub(r"[\s│]", "", told(capsys, "strategies"))
    for kind, group in (("concession", "strategy"), ("acceptance", "acceptance")):
        assert {choice.name for choice in typed()[kind]} == set(choices(group))
        for choice in typed()[kind]:
            content = yaml.safe_load(choices(group)[choice.name].read_text("utf-8"))[group]
            assert content.pop("name") == choice.plugin.name
            assert dict(choice.values).items() <= content.items()
            assert choice.name[:10] in shown
    assert set(choices("opponent_model")) == {c.name for c in typed()["opponent_model"]}


def test_a_plugin_s_own_name_finds_what_one_types(capsys: Capture) -> None:
    assert "relative_tit_for_tat" in registry().names("concession")
    assert "tit_for_tat" in told(capsys, "strategies", "relative_tit_for_tat")


# --- one spelling of a number


def test_what_show_prints_can_be_pasted(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    keys = re.findall(r"scenario\.\S+\.value", told(capsys, "scenario", "show"))
    assert len(keys) > 100
    talks = compose([]).scenario
    numbers = {override_of(path): number for path, number in talks.numbers()}
    assert set(keys) <= set(numbers)
    some = [*keys[::40], next(key for key in keys if ".channels." in key)]
    changed = compose([f"{key}={numbers[key].value:g}" for key in some]).scenario
    assert dict(changed.numbers()).keys() == dict(talks.numbers()).keys()
    for key in some:
        if not numbers[key].assumed or numbers[key].low == numbers[key].high:
            continue
        line = ["design=latin_hypercube", "samples=2", f'assumptions=["{key}"]']
        (drawn,) = drawn_assumptions(read_line(line, [config_folder()]), talks)
        assert drawn.low == numbers[key].low


@pytest.mark.parametrize(
    ("override", "right"),
    [
        ("strategy.armenia.beta=3", "'armenia.strategy.beta'"),
        ("strategy.armenia=firm", "'strategy@armenia'"),
        ("strategy=firm", "strategy@armenia=.."),
        ("strategy.aremnia.beta=3", "strategy@armenia=.."),
        ("acceptance.azerbaijan.level=1", "'azerbaijan.acceptance.level'"),
        ("discount_rate.armenia.value=0.1", "'scenario.discount_rate.armenia.value'"),
        ("lapse.exit_cost=0.1", "'scenario.lapse.exit_cost.value'"),
        ("articles.VII.weights.armenia=9", "'scenario.articles.VII.weights.armenia.value'"),
        ("horizn=3", "'horizon'"),
    ],
)
def test_suggestions_name_what_exists(override: str, right: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose([override])
    (line,) = caught.value.problems
    assert right in line
    wrong = override.partition("=")[0]
    assert f"mean '{wrong.partition('.')[0]}'" not in line


def test_show_config_prints_what_can_be_set(capsys: Capture) -> None:
    shown = told(capsys, "run", "seed=7", "strategy@armenia=conceder", "--show-config")
    plain = yaml.safe_load(shown)
    assert plain["seed"] == 7
    assert plain["armenia"]["strategy"]["name"] == "polynomial"
    assert plain["agenda"]["rule"] == compose([]).agenda.rule
    assert plain["scenario"]["discount_rate"]["armenia"]["basis"] == "assumption"
    again = compose(["seed=7", f"armenia.strategy.beta={plain['armenia']['strategy']['beta']}"])
    assert again.seed == 7


# --- results


@pytest.fixture
def swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    monkeypatch.chdir(tmp_path)
    line = ["sweep", "-q", "--name", "base", "agenda=single_undertaking,interim_allowed"]
    assert main([*line, "public=none", "horizon=4", "replicates=2"]) == 0
    assert capsys.readouterr().out == "results/base\n"
    assert main(["run", "-q", "public=none", "horizon=4", "--out", "results/one"]) == 0
    return tmp_path / "results"


def test_results(swept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    listed = told(capsys, "results")
    assert re.search(r"^base .* 4 runs .*agenda=single_undertaking,interim_allowed", listed, re.M)
    assert re.search(r"^one .* 1 run ", listed, re.MULTILINE)
    for columns in ("60", "80"):
        monkeypatch.setenv("COLUMNS", columns)
        words = re.sub(r"\s", "", told(capsys, "results"))
        assert "agenda=" in words
        assert "…" not in words
    near = told(capsys, "results", "open", "bse", code=2)
    assert "no results 'bse'; did you mean 'base'" in near
    (sweep,) = (each for each in found_in(swept) if each.kind == "sweep")
    assert (sweep.runs, sweep.stored) == (4, 4)
    (swept / "base" / "runs.parquet").unlink()
    assert "0 of 4 runs" in told(capsys, "results", "results")


def test_results_are_removed_after_a_question(
    swept: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--yes" in told(capsys, "results", "remove", "one", code=2)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert "kept" in told(capsys, "results", "remove", "one")
    assert (swept / "one").is_dir()
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert "removed" in told(capsys, "results", "remove", "one")
    assert "removed" in told(capsys, "results", "remove", "last", "--yes")
    assert "no results" in told(capsys, "results")


WRONG = [
    (["list", "preset"], "did you mean 'presets'"),
    (["list", "presets", "--config-dir", "nowhere"], "no such folder: nowhere"),
    (["strategies", "tit_for_tad"], "did you mean 'tit_for_tat'"),
    (["strategies", "--plot", "a.txt"], "must end in .svg"),
    (["results", "nowhere"], "no such folder: nowhere"),
    (["results", "opn", "a"], "did you mean 'open'"),
    (["results", "open"], "give 1 name"),
    (["results", "compare", "a"], "give 2 names"),
    (["results", "remove", "nothing", "--yes"], "nothing: no such folder"),
    (["results", "open", "last"], "no sweep in results"),
    (["report"], "no sweep in results"),
    (["report", "nowhere"], "nowhere: no such folder"),
    (["view", "last"], "no sweep in results"),
    (["view", "--outcome", "ratified"], "--outcome: is about a sweep's cells"),
    (["view", "--outcome", "signd"], "did you mean 'signed'"),
    (["sweep", "--outcome", "ratifed"], "did you mean 'ratified'"),
    (["sweep", "--outcome"], "expected one argument"),
    (["report", "--outcome", "interim"], "did you mean 'interim_ever'"),
    (["completion"], "required"),
    (["completion", "bsh"], "did you mean 'bash'"),
    (["resuts"], "did you mean 'results'"),
    (["sweep", "--name", "a/b"], "'a/b' is no name"),
    (["sweep", "--name", "last"], "'last' is no name"),
    (["sweep", "--name", "a", "--out", "b"], "--out names the folder already"),
    (["run", "--show-config", "-m", "seed=1,2"], "leave out -m"),
    (["run", "--show-conf"], "did you mean '--show-config'"),
    (["scenario"], "required"),
    (["scenario", "nwe", "a"], "did you mean 'new'"),
    (["scenario", "new"], "required"),
    (["scenario", "new", "a"], "--parties: give two ids"),
    (["scenario", "new", "a b", "--parties", "x,y"], "'a b' is no name"),
    (["scenario", "new", "a", "--parties", "x"], "--parties: give two ids"),
    (["scenario", "new", "a", "--parties", "x,x"], "--parties: give two ids"),
    (["scenario", "new", "a", "--parties", "x,y z"], "'y z' cannot be an id"),
    (["scenario", "new", "a", "--parties", "x,horizon"], "'horizon' cannot be an id"),
    (["scenario", "new", "a", "--parties", "x,each"], "'each' cannot be an id"),
    (["scenario", "new", "a", "--parties", "x,y", "--articles", "0"], "between 1 and 31"),
    (["scenario", "new", "a", "--parties", "x,y", "--articles", "32"], "between 1 and 31"),
    (["scenario", "new", "a", "--parties", "x,y", "--articles", "many"], "invalid int"),
    (["scenario", "new", "a", "--parties", "x,y", "--start", "2030"], "is not a date"),
    (["scenario", "new", "a", "--parties", "x,y", "--opposition", "o@z"], "no party 'z'"),
    (["scenario", "new", "a", "--parties", "x,y", "--mediator", "x"], "must differ"),
    (["scenario", "new", "a", "--parties", "x,y", "--mediator", "m n"], "'m n' is no id"),
    (["scenario", "new", "a", "--partys", "x,y"], "did you mean '--parties'"),
    (["scenario", "check", "nowhere.yaml"], "no such file"),
    (["scenario", "show", "prespa"], "did you mean 'prespa_2018'"),
    (["scenario", "export", "prespa_2018"], "required"),
    (["scenario", "export", "prespa", "a.csv"], "did you mean 'prespa_2018'"),
    (["scenario", "export", "prespa_2018", "a.txt"], "ends in .csv or .xlsx"),
    (["scenario", "export", "prespa_2018", "nowhere/a.csv"], "no such folder"),
    (["scenario", "import", "a.csv"], "no such file"),
    (["scenario", "schema", "x"], "unexpected argument 'x'"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(case[0]) for case in WRONG])
def test_wrong_words(
    words: list[str],
    said: str,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert all(line.startswith("sim: ") for line in err.splitlines())
    assert list(tmp_path.iterdir()) == []


# --- completion and habits


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["re"], {"report", "results"}),
        (["run", "strat"], {"strategy@armenia=", "strategy@azerbaijan="}),
        (
            ["run", "scenario=prespa_2018", "strat"],
            {"strategy@north_macedonia=", "strategy@greece="},
        ),
        (["run", "strategy@armenia=bo"], {"strategy@armenia=boulware"}),
        (["play", "strategy@armenia=bo"], {"strategy@armenia=boulware"}),
        (["play", "--seat", ""], {"armenia", "azerbaijan"}),
        (["play", "scenario=prespa_2018", "--seat", "g"], {"greece"}),
        (["play", "--no"], {"--no-advice"}),
        (["pl"], {"play"}),
        (["run", "dec"], {"decisions="}),
        (["sweep", "preset=baku,y"], {"preset=baku,yerevan"}),
        (["run", "scenario=december_2024", "acceptance@az"], {"acceptance@azerbaijan="}),
        (["sweep", "repli"], {"replicate=", "replicates="}),
        (["sweep", "--na"], {"--name"}),
        (["scenario", "ex"], {"export"}),
        (["scenario", "show", "pre"], {"prespa_2018", "prespa_coded_2018"}),
        (["list", "exp"], {"experiments"}),
        (["completion", "b"], {"bash"}),
        (["run", "scenario.lapse.exit"], {"scenario.lapse.exit_cost.value="}),
        (
            ["run", "scenario=prespa_2018", "scenario.discount"],
            {f"scenario.discount_rate.{p}.value=" for p in ("north_macedonia", "greece")},
        ),
    ],
)
def test_completion(words: list[str], found: set[str]) -> None:
    assert set(complete(words, tuple(COMMANDS))) == found


def test_completed_numbers_can_be_set() -> None:
    for name in ("prespa_2018", "march_2025"):
        words = ["run", f"scenario={name}", "scenario."]
        keys = {key.rstrip("=") for key in complete(words, tuple(COMMANDS))}
        primary = "prespa_2018" if name == "prespa_2018" else "config"
        talks = compose([f"scenario={name}"], primary).scenario
        assert keys == {override_of(path) for path, _ in talks.numbers()}


def test_completion_is_quick() -> None:
    """What a shell waits for, in seconds of computing: the machine may have others at work."""
    code = (
        "import time, sys; from sim.commands.cli import main;"
        "main(['complete', '--', *sys.argv[1:]]);"
        "print(time.process_time(), file=sys.stderr)"
    )
    for words in (["run", "strategy@armenia=b"], ["run", "scenario=prespa_2018", "scenario.d"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        assert done.stdout
        assert float(done.stderr) < 0.3


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_printed(shell: str, capsys: Capture) -> None:
    assert told(capsys, "completion", shell) == SCRIPTS[shell]
    assert "sim complete -- " in SCRIPTS[shell]


def test_bash_completes(tmp_path: Path) -> None:
    program = tmp_path / "sim"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sim "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    lines = [
        SCRIPTS["bash"],
        "compopt() { :; }",
        'COMP_LINE="sim run strategy@armenia=bou" COMP_POINT=28',
        "COMP_WORDS=(sim run strategy@armenia = bou) COMP_CWORD=4",
        '_sim; echo "${COMPREPLY[*]}"',
        'COMP_LINE="sim repo" COMP_POINT=8 COMP_WORDS=(sim repo) COMP_CWORD=1',
        '_sim; echo "${COMPREPLY[*]}"',
    ]
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["boulware", "report"]


def test_python_dash_m_and_no_color() -> None:
    env = os.environ | {"NO_COLOR": "1", "FORCE_COLOR": "", "COLUMNS": "80"}
    done = subprocess.run(
        [sys.executable, "-m", "sim", "list"], env=env, capture_output=True, text=True, check=True
    )
    assert "scenarios" in done.stdout
    assert "\x1b[" not in done.stdout


def test_a_quiet_run_says_one_line(capsys: Capture) -> None:
    assert len(told(capsys, "run", "-q", "public=none", "horizon=3").splitlines()) == 1


def test_the_schema_is_printed(capsys: Capture) -> None:
    began = time.monotonic()
    assert json.loads(told(capsys, "scenario", "schema"))["properties"]["articles"]
    assert time.monotonic() - began < 60


def examples(text: str) -> list[list[str]]:
    """Return the words of each example of a help text."""
    lines = re.findall(r"^  sim (.+)$", text, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def test_examples_of_the_help_do_what_they_say(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played in their order in an empty folder with the files that they name."""
    monkeypatch.chdir(tmp_path)
    table = "article,actor,position,salience\nquota,north,1,2\nquota,south,0,3\n"
    (tmp_path / "positions.csv").write_text(table, encoding="utf-8")
    lines = examples(scenario.DESCRIPTION) + examples(listing.LIST_DESCRIPTION)
    lines += examples(listing.COMPLETION_DESCRIPTION)
    assert len(lines) >= 12
    for words in lines:
        short = words[: words.index(">")] if ">" in words else words
        assert main(short) == 0, words
        assert capsys.readouterr().err == ""


SHORT = {"run": ["public=none", "horizon=3"], "sweep": ["public=none", "horizon=3", "replicates=1"]}
"""What keeps an example short, in the place of what it says of that."""


def shortened(words: list[str]) -> list[str]:
    command, *given = words
    own = {word.partition("=")[0] for word in SHORT[command]}
    kept = [word for word in given if word.partition("=")[0] not in own]
    kept = ["samples=4" if word.startswith("samples=") else word for word in kept]
    return [command, *kept, *SHORT[command]]


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Pages that were shown, in a folder with the results and files that the helps name."""
    monkeypatch.chdir(tmp_path)
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    (tmp_path / "mine" / "scenario").mkdir(parents=True)
    own = "defaults: [september_2024, _self_]\nid: cyprus\n"
    (tmp_path / "mine" / "scenario" / "cyprus.yaml").write_text(own, encoding="utf-8")
    line = ["agenda=single_undertaking,interim_allowed", "public=none", "horizon=30"]
    for name in ("with_force", "with_mediator", "base", "sweep-1a2b3c4d5e", "sweep-3f9c2a71b0"):
        assert main(["sweep", *line, "replicates=4", "-q", "--name", name]) == 0
    return shown


@pytest.mark.slow
def test_examples_of_run_and_sweep_are_played(played: list[str], capsys: Capture) -> None:
    from sim.commands import run, sweep

    plain = re.sub(r"\\\n +", " ", run.RUN + sweep.DESCRIPTION)
    lines = [words for words in examples(plain) if not any("executor=" in word for word in words)]
    assert len(lines) >= 15
    for words in lines:
        short = words[: words.index("|")] if "|" in words else words
        if "-m" in short:  # Hydra's multirun is played by tests of its own
            continue
        assert main(shortened(short)) == 0, (words, capsys.readouterr().err)
    assert not played


@pytest.mark.slow
def test_examples_of_play_are_played(
    played: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Enter at each question."""
    from sim.commands import run

    monkeypatch.setattr("builtins.input", lambda _: "")
    lines = examples(run.PLAY)
    assert len(lines) >= 5
    for words in lines:
        assert main([*words, "public=none"]) == 0, (words, capsys.readouterr().err)
    assert not played


@pytest.mark.slow
def test_examples_of_report_and_results_are_played(played: list[str], capsys: Capture) -> None:
    assert main(["run", "public=none", "horizon=30", "--out", "talks"]) == 0
    lines = examples(report.DESCRIPTION) + examples(report.RESULTS_DESCRIPTION)
    assert len(lines) >= 12
    for words in lines:
        sure = [*words, "--yes"] if words[:2] == ["results", "remove"] else words
        assert main(sure) == 0, (words, capsys.readouterr().err)
    assert len(played) == 3
    assert not Path("results/base").exists()


def test_examples_of_view_are_served(played: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """All but those with plug-ins, whose rules a process of its own compiles; on any free port."""
    from sim.commands import view

    served: list[object] = []
    monkeypatch.setattr("sim.view.server.serve", lambda bound: served.append(bound.getsockname()))
    lines = [words for words in examples(view.DESCRIPTION) if "plugins" not in str(words)]
    for words in lines:
        free = ["0" if word == "9000" else word for word in words]
        assert main([*free, "--no-browser"]) == 0, words
    assert len(served) == len(lines) >= 5
