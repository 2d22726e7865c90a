"""What a sweep says about where it comes from, and how to go on with it."""

import os
import shlex
import signal
from pathlib import Path

import pytest
from _pytest.monkeypatch import MonkeyPatch

from sim.errors import ConfigError
from sim.sweeps.execute import STOPS, Quiet, execute, first_interrupt_only
from sim.sweeps.planning import make_plan
from sim.sweeps.store import Store

LINE = ["public=none", "horizon=4", "replicates=2", "agenda=single_undertaking,interim_allowed"]


def test_a_plan_holds_the_whole_command_and_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "strategy").mkdir()
    plan = make_plan(LINE, config_dir=tmp_path, filters=["agenda != single_undertaking"]).plan
    words = shlex.split(plan.command("my folder"))
    assert words[:2] == ["sim", "sweep"]
    assert words[-2:] == ["--out", "my folder"]
    assert words[words.index("--config-dir") + 1] == str(tmp_path)
    assert words[words.index("--filter") + 1] == "agenda != single_undertaking"
    assert plan.scenarios == ["september_2024: Armenia and Azerbaijan, September 2024"]


def test_another_sweep_says_what_differs(tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    store.create()
    store.agree(make_plan(LINE).plan)
    with pytest.raises(ConfigError, match=r"another sweep, with horizon 4, here 5"):
        store.check(make_plan([*LINE[:1], "horizon=5", *LINE[2:]]).plan)
    with pytest.raises(ConfigError, match=r'scenario\.title "Armenia.*, here "Other"'):
        store.check(make_plan([*LINE, "scenario.title=Other"]).plan)


def test_a_finished_sweep_on_a_read_only_folder(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    request = make_plan(LINE)
    first = execute(request, tmp_path / "results", Quiet())
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(Store, "create", lambda _: pytest.fail("written to"))
    again = execute(request, tmp_path / "results", Quiet())
    assert (again.played, again.failed, again.plan.hash) == (0, 0, first.plan.hash)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_sweep_as_an_interrupt_does(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in STOPS}
    try:
        with pytest.raises(KeyboardInterrupt), first_interrupt_only():
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_no_memory_is_told_in_one_line(
    monkeypatch: MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.commands import cli

    def full(_: list[str]) -> int:
        raise MemoryError

    monkeypatch.setattr(cli, "_execute", full)
    assert cli.main(["sweep"]) == 1
    assert capsys.readouterr().err.startswith("sim: out of memory")
