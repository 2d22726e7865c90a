"""The command line: what is printed where, exit codes, and errors in plain lines."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

from sim.commands.cli import COMMANDS, main
from sim.config import config_folder

Capture = pytest.CaptureFixture[str]
SHORT = ["horizon=120", "seed=4"]


def run_json(capsys: Capture, *arguments: str) -> dict[str, object]:
    """Run `sim run --json` and return the one object that it prints."""
    assert main(["run", "--json", *arguments]) == 0
    out, _ = capsys.readouterr()
    found = json.loads(out)
    assert isinstance(found, dict)
    return found


def sim(*arguments: str, **options: object) -> "subprocess.Popen[str]":
    """Start `sim` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "sim.commands.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


# --- sim run


def test_run_tells_the_calendar_and_the_outcome(capsys: Capture) -> None:
    """Dated moves with reasons, then outcome, utilities, articles, preconditions, ledger."""
    assert main(["run", *SHORT]) == 0
    out, _ = capsys.readouterr()
    assert re.search(r"^20\d\d-\d\d-\d\d  Azerbaijan tables a draft: it asks for", out, re.M)
    assert "(its strategy's target)" in " ".join(out.split())
    for heading in ("Outcome: ", "Utility", "Article", "Preconditions", "full signature"):
        assert heading in out
    assert re.search(r"\d+\.\d % +█", out)


def test_piped_output_is_plain(capsys: Capture) -> None:
    """No colour codes, no padding at the ends of lines, no line wider than the page."""
    assert main(["run", *SHORT]) == 0
    out, _ = capsys.readouterr()
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_one_object_with_the_promised_keys(capsys: Capture) -> None:
    found = run_json(capsys, *SHORT)
    assert {
        "status",
        "signed",
        "signed_week",
        "signed_date",
        "weeks",
        "articles",
        "preconditions",
        "utilities",
        "ledger",
        "seed",
        "replicate",
        "versions",
        "overrides",
    } <= set(found)
    assert found["seed"] == 4
    assert found["replicate"] == 0
    assert found["overrides"] == SHORT
    assert found["weeks"] <= 120
    assert set(found["utilities"]) == {"armenia", "azerbaijan"}
    assert {"sim", "python", "numpy", "numba", "mesa", "hydra"} == set(found["versions"])
    assert found["versions"]["hydra"] == version("hydra-core")


def test_json_ledger_sums_to_one(capsys: Capture) -> None:
    ledger = run_json(capsys, *SHORT)["ledger"]
    assert sum(ledger.values()) == pytest.approx(1.0, abs=1e-12)
    assert {"armenia_waits", "azerbaijan_waits", "no_zone", "signed"} <= set(ledger)


def test_json_articles_are_the_scenarios(capsys: Capture) -> None:
    """16 articles beside the preamble, 13 of them agreed from the start."""
    found = run_json(capsys, "horizon=1")
    articles = found["articles"]
    assert len(articles) == 16
    assert sum(article["status"] == "agreed" for article in articles) == 13
    assert {"VII", "XV"} <= {article["id"] for article in articles}
    assert all(0.0 <= article["position"] <= 1.0 for article in articles)
    assert found["preamble"]["status"] == "agreed"
    assert [entry["id"] for entry in found["preconditions"]][:2] == ["constitution", "minsk_group"]


def test_json_signature_and_date_agree(capsys: Capture) -> None:
    """Nothing signed: both null; something signed: the date is the first day of that week."""
    unsigned = run_json(capsys, "horizon=2")
    assert unsigned["signed"] == "none"
    assert unsigned["status"] == "stalled"
    assert unsigned["signed_week"] is unsigned["signed_date"] is None
    signed = run_json(capsys, "preset=yerevan", "strategy@azerbaijan=conceder", "seed=1")
    assert signed["signed"] in ("interim", "full")
    start, week = "2024-09-17", signed["signed_week"]
    found = (pl.Series([signed["signed_date"]]).str.to_date() - pl.Series([start]).str.to_date())[0]
    assert found.days == 7 * week


def test_both_drivers_print_the_same_json(capsys: Capture) -> None:
    engine = run_json(capsys, *SHORT)
    mesa = run_json(capsys, *SHORT, "--driver", "mesa")
    assert engine.pop("driver") == "engine"
    assert mesa.pop("driver") == "mesa"
    assert engine == mesa


def test_same_seed_same_text_and_another_seed_another(capsys: Capture) -> None:
    texts = []
    for seed in ("seed=1", "seed=1", "seed=2"):
        assert main(["run", "horizon=100", seed]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]


def test_options_and_overrides_in_any_order(capsys: Capture) -> None:
    assert main(["run", "seed=3", "--json", "horizon=9", "--driver", "engine", "replicate=2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["overrides"] == ["seed=3", "horizon=9", "replicate=2"]
    assert (found["seed"], found["weeks"], found["replicate"]) == (3, 9, 2)


def test_a_folder_of_ones_own(tmp_path: Path, capsys: Capture) -> None:
    """`--config-dir` finds a primary configuration and a scenario that the package lacks."""
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "mine.yaml").write_text(
        "defaults: [september_2024, _self_]\nid: mine\n", encoding="utf-8"
    )
    (tmp_path / "brief.yaml").write_text(
        "defaults: [config, _self_]\nhorizon: 5\n", encoding="utf-8"
    )
    found = run_json(
        capsys, "--config-dir", str(tmp_path), "--config-name", "brief", "scenario=mine"
    )
    assert found["weeks"] == 5
    assert found["scenario"] == "mine"


def test_trace_is_written_once(tmp_path: Path, capsys: Capture) -> None:
    """One row a week; a second run with the same file is refused before it is played."""
    file = tmp_path / "talks.parquet"
    found = run_json(capsys, "horizon=30", "--trace", str(file))
    assert pl.read_parquet(file).height == found["weeks"] == 30
    before = file.read_bytes()
    assert main(["run", "horizon=30", "--trace", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sim: --trace: ")
    assert "exists already" in err
    assert file.read_bytes() == before


# --- sim scenario


def test_scenario_check_of_what_is_shipped(capsys: Capture) -> None:
    for file in sorted((config_folder() / "scenario").glob("*.yaml")):
        assert main(["scenario", "check", str(file)]) == 0
        assert "a valid scenario" in capsys.readouterr().out


def test_scenario_check_lists_every_problem(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "defaults: [september_2024, _self_]\nstrat: 2024-09-17\nlapse: {exit_cost: 1}\n",
        encoding="utf-8",
    )
    assert main(["scenario", "check", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("sim: ") for line in lines)
    assert "did you mean 'start'" in err


def test_scenario_show(capsys: Capture) -> None:
    """By default, by name and from a file: the tables with weights and sources."""
    assert main(["scenario", "show"]) == 0
    default = capsys.readouterr().out
    assert main(["scenario", "show", "september_2024"]) == 0
    assert capsys.readouterr().out == default
    assert main(["scenario", "show", str(config_folder() / "scenario" / "march_2025.yaml")]) == 0
    assert "March 2025" in capsys.readouterr().out
    assert "Where the numbers come from" in default


# --- errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (
            ["scenario", "check", "pact.yaml", "--config-dir", "mine"],
            "unknown option --config-dir; another command of this group has it",
        ),
        (["run", "--jsn"], "unknown option --jsn; did you mean '--json'?"),
        (["run", "--driver", "mess"], "did you mean 'mesa'?"),
        (["run", "--driver"], "expected one argument"),
        (["run", "--trace", "talks.csv"], "ends in .parquet"),
        (["run", "--trace", "no/such/folder/talks.parquet"], "no such folder"),
        (["run", "--config-name", "confg"], "did you mean 'config'?"),
        (["run", "--config-dir", "no/such/folder"], "no such folder"),
        (["run", "--json", "horizn=3"], "did you mean 'horizon'?"),
        (["scenario"], "arguments are required"),
        (["scenario", "chek", "x.yaml"], "did you mean 'check'?"),
        (["scenario", "show", "september_2042"], "did you mean 'september_2024'?"),
        (["scenario", "check", "nowhere.yaml"], "no such file"),
        (["scenario", "check", "a.yaml", "b.yaml"], "unexpected argument 'b.yaml'"),
        (["--jsno"], "unknown option --jsno"),
    ],
)
def test_bad_command_lines(arguments: list[str], said: str, capsys: Capture) -> None:
    """Exit code 2, nothing on standard output, plain lines that begin with `sim: `."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert all(line.startswith("sim: ") for line in err.splitlines())


def test_a_faulty_plugin_is_told_in_a_line(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any expected failure keeps its exit code and its words."""
    from sim.errors import SimError

    def fail(*_: object) -> None:
        raise SimError("armenia: strategy 'odd' returned no finite number in week 3", 4)

    from sim.runs import play

    monkeypatch.setattr(play, "play_one", fail)
    assert main(["run", "--json", "horizon=3"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "sim: armenia: strategy 'odd' returned no finite number in week 3\n"


def test_interruption_is_130(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    from sim.runs import play

    monkeypatch.setattr(play, "play_one", interrupt)
    assert main(["run", "horizon=3"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_in_a_process() -> None:
    """A process that is interrupted in the middle of a run ends with 130 and no traceback."""
    code = (
        "import sys, time; from sim.commands import cli; from sim.runs import play\n"
        "def play_one(*_):\n"
        "    print('playing', flush=True)\n"
        "    time.sleep(60)\n"
        "play.play_one = play_one\n"
        "sys.exit(cli.main(['run', 'horizon=3']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "playing\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "sim: interrupted"
    assert "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_closed_pipe_is_quiet() -> None:
    """`sim run | head -1` leaves nothing on standard error, whatever is already compiled."""
    process = sim("run", "horizon=20")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=300) == 141
    assert [line for line in err.splitlines() if "compiling" not in line] == []


def test_compiling_is_announced_once(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line is on standard error, and only where machine code is missing."""
    from sim.model import compiled

    monkeypatch.delenv("NUMBA_DISABLE_JIT", raising=False)
    for ready, lines in ((False, 1), (True, 0)):
        monkeypatch.setattr(compiled, "is_compiled", lambda _entry, ready=ready: ready)
        assert main(["run", "--json", "horizon=3"]) == 0
        out, err = capsys.readouterr()
        assert len(err.splitlines()) == lines
        assert json.loads(out)["weeks"] == 3


# --- help


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_command(arguments: list[str], capsys: Capture) -> None:
    assert main(arguments) == 0
    out, _ = capsys.readouterr()
    for name in COMMANDS:
        assert re.search(rf"^    {name}\b", out, re.M)


def test_help_of_run_teaches_by_example(capsys: Capture) -> None:
    """Every example in it can be parsed and composed."""
    from sim.config.compose import compose
    from sim.sweeps.overrides import read_terms

    assert main(["run", "--help"]) == 0
    out, _ = capsys.readouterr()
    examples = re.findall(r"^  sim run(.*)$", out, re.M)
    assert len(examples) >= 5
    for example in examples:
        if "--config-dir" not in example:
            words = example.partition("|")[0].split()
            overrides = [word for word in words if "=" in word]
            if "-m" in words:
                assert read_terms(overrides, [config_folder()])
            else:
                assert compose(overrides).horizon >= 1


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"sim {version('peace-talks-sim')}"
    assert f"numba {version('numba')}" in lines


def test_a_run_imports_only_what_it_needs() -> None:
    """The compiled run starts quickly because it loads only what it needs."""
    code = (
        "import sys; from sim.commands.cli import main; main(['run', '--json', 'horizon=3']); "
        "print(sorted({'mesa', 'polars', 'pandas', 'rich', 'matplotlib'} & set(sys.modules)), "
        "file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_no_rule_is_loaded_before_the_settings_are_known() -> None:
    """Plug-ins named in the settings can only be used by rules that are loaded afterwards."""
    code = (
        "import sys; from sim import errors; from sim.config import compose\n"
        "def stop(*_):\n"
        "    raise errors.SimError(str([m for m in sys.modules if 'sim.model.rules' in m]))\n"
        "compose.compose = stop\n"
        "from sim.commands.cli import main\n"
        "sys.exit(main(['run', '--trace', 'x.parquet', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (1, "sim: []\n")


def test_run_sweep_and_report_name_a_clock_that_never_moves(capsys, tmp_path):
    """A null deadline made four strategies one, without a word."""
    from sim.config.compose import compose
    from sim.config.settings import without_effect

    windows = [f"scenario.calendar.{at}.closes=null" for at in range(3)]
    line = [*windows, "strategy@azerbaijan=firm", "strategy@armenia=linear"]
    (said,) = without_effect(compose(line))
    assert said.startswith("strategy@armenia: polynomial goes by a clock that never moves")
    assert without_effect(compose(["strategy@armenia=firm", *line[:-1]])) == []
    assert without_effect(compose([])) == []
    assert main(["sweep", *line, "public=none", "--dry-run"]) == 0
    assert f"sim: no effect: {said}\n" in capsys.readouterr().err
    run, page = tmp_path / "run", tmp_path / "page.html"
    assert main(["run", *line, "public=none", "--out", str(run)]) == 0
    assert f"sim: no effect: {said}\n" in capsys.readouterr().err
    assert main(["report", str(run), "--out", str(page)]) == 0
    assert said.partition("'")[0] in page.read_text("utf-8")
