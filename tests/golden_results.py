"""What the model and its tables come to, as digests: runs, sweeps, a report, a transcript.

``python -m tests.golden_results`` writes them to ``tests/golden``. Do so only when the model is
meant to play differently, and say in the CHANGELOG what changed.
"""

import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from sim import sweep
from sim.config.compose import compose_plain
from sim.config.settings import Settings, build_settings
from sim.runs.play import play_one
from sim.runs.summary import summarise

FOLDER = Path(__file__).parent / "golden"
WHOLE = (
    "bargaining=packages "
    "scenario.deadline_weeks.armenia={value:90,low:8,high:156,basis:assumption} "
    "scenario.deadline_weeks.azerbaijan={value:156,low:52,high:1040,basis:assumption} "
)
"""Drafts answered as a whole, by sides that perceive a deadline."""
RULES = (
    f"{WHOLE} preset=none agenda=single_undertaking public=friedkin_johnsen",
    f"{WHOLE} preset=yerevan agenda=interim_allowed public=none mediator=formulation",
    "preset=baku agenda=single_undertaking public=degroot opponent_model@armenia=bayesian",
    f"{WHOLE} preset=opposition agenda=issue_by_issue public=block_model mediator=none",
    "preset=washington agenda=interim_allowed public=scale_free acceptance@azerbaijan=ac_time",
    "preset=none agenda=issue_by_issue public=bounded_confidence precondition=none",
    "preset=none agenda=interim_allowed public=none opponent_model@azerbaijan=frequency "
    "acceptance@armenia=ac_combi precondition=before_ratification",
    f"{WHOLE} preset=washington agenda=single_undertaking public=none acceptance@armenia=ac_const "
    "mediator=manipulation",
)
"""One of these goes with each pair of strategies, in turn; then the next, and so on."""
SWEEPS = {
    "grid": "strategy@armenia=boulware,linear,tit_for_tat strategy@azerbaijan=glob(*) "
    "agenda=glob(*) replicates=12",
    "sampled": "preset=opposition design=saltelli samples=32 common_chance=true replicates=4 "
    "trace=sample "
    'assumptions=["discount_rate.*","politics.protest_cost"]',
    "prespa": "scenario=prespa_2018 --config-name prespa_2018 replicates=40 seed=3 horizon=60,120",
}
CITIZENS = 100
HORIZON = 104


def strategies() -> list[str]:
    """Return the names of the shipped strategies' presets."""
    return sorted(path.stem for path in Path("configs/strategy").glob("*.yaml"))


def cases() -> Iterator[tuple[str, Settings]]:
    """Return the name and the settings of each run."""
    small = [f"scenario.public.citizens.value={CITIZENS}", f"horizon={HORIZON}"]
    bases = [compose_plain([*rules.split(), *small]) for rules in RULES]
    valid = [build_settings(base).scenario for base in bases]
    conduct = {
        name: compose_plain([f"strategy@armenia={name}", f"strategy@azerbaijan={name}"])
        for name in strategies()
    }
    for number, (n, (first, second)) in itertools.product(
        range(len(RULES)), enumerate(itertools.product(conduct, repeat=2))
    ):
        rules = (n + number) % len(RULES)
        plain = dict(bases[rules])
        for party, name in (("armenia", first), ("azerbaijan", second)):
            own = dict(plain[party])
            own["strategy"] = conduct[name][party]["strategy"]
            plain[party] = own
        plain["seed"] = 1 + number
        plain["replicate"] = n
        yield f"{number} {first} {second}", build_settings(plain, valid[rules])


def run_digest(settings: Settings, driver: str) -> str:
    """Return a digest of the summary of one run, without versions and the driver's name."""
    plain = summarise(play_one(settings, driver)).plain()
    del plain["versions"], plain["driver"], plain["overrides"]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def runs(driver: str) -> dict[str, str]:
    """Return the digest of each run."""
    return {name: run_digest(settings, driver) for name, settings in cases()}


def columns(table: pl.DataFrame) -> dict[str, str]:
    """Return a digest of the values of each column."""
    return {
        name: hashlib.sha256(table.select(name).write_csv().encode()).hexdigest()[:12]
        for name in table.columns
    }


def sweep_table(name: str, folder: Path) -> pl.DataFrame:
    """Play one of the sweeps and return its table of runs."""
    line, _, config = SWEEPS[name].partition(" --config-name ")
    config_name, _, rest = config.partition(" ")
    return sweep(f"{line} {rest}", folder=folder, config_name=config_name or "config").to_frame()


def sweeps_and_report() -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Return digests of the columns of each sweep, and of the tables of a report on the first."""
    with tempfile.TemporaryDirectory() as place:
        found = {name: columns(sweep_table(name, Path(place) / name)) for name in SWEEPS}
        target = Path(place) / "report"
        command("report", str(Path(place) / "grid"), "--format", "csv", "--out", str(target))
        tables = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            for path in sorted(target.glob("*.csv"))
        }
    return found, tables


def command(*words: str) -> str:
    """Return what a command of `sim` prints."""
    program = [sys.executable, "-m", "sim.commands.cli", *words]
    wide = os.environ | {"COLUMNS": "120"}
    return subprocess.run(program, check=True, capture_output=True, text=True, env=wide).stdout


def transcript() -> str:
    """Return what the default run prints."""
    return command("run")


def read(name: str) -> dict[str, dict[str, str]]:
    """Return stored digests."""
    found: dict[str, dict[str, str]] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _write(name: str, content: object) -> None:
    text = json.dumps(content, indent=0, sort_keys=True) + "\n"
    (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    if "tables" not in sys.argv:
        played = runs("engine")
        if runs("mesa") != played:
            sys.exit("The drivers differ; nothing was written.")
        _write("runs.json", played)
    tables, report = sweeps_and_report()
    _write("sweeps.json", tables)
    _write("report.json", report)
    (FOLDER / "transcript.txt").write_text(transcript(), encoding="utf-8")
