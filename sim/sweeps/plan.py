"""The plan of a sweep: every cell resolved and validated before the first run.

A plan knows nothing of Hydra any more: it holds the composed configurations that cells start
from and what each cell changes in them, so that workers and later readers need no more than it.
"""

import hashlib
import json
import platform
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim import __version__
from sim.compose import search_folders
from sim.errors import ConfigError, did_you_mean
from sim.registry import plugin_files
from sim.scenario import Scenario
from sim.settings import Settings, build_settings
from sim.sweeps.chunks import Shape, shape_for
from sim.sweeps.compositions import Compositions
from sim.sweeps.designs import Choices, Dimension, combinations, dimensions, points, represented
from sim.sweeps.overrides import Option, Term, Value, read_line, scalar
from sim.sweeps.paths import changed
from sim.sweeps.settings import (
    Experiment,
    SweepSettings,
    is_own,
    key_of,
    read_experiment,
    sweep_settings,
)
from sim.sweeps.variation import with_values

FORMAT = 1
"""Version of the plan's file; another one is not read."""
LIBRARIES = ("numpy", "numba", "networkx", "polars", "scipy", "hydra-core", "pydantic")
RESERVED = {"seed": "set one seed for the sweep", "replicate": "set replicates=NUMBER"}
"""Keys that must not be swept, and what to do instead."""
KEPT_SCENARIOS = 64


@dataclass(frozen=True)
class Combination:
    """One combination of the swept values.

    Attributes
    ----------
    base : int
        Number of the composed configuration that it starts from.
    values : dict
        Value of each swept key, as shown in tables.
    changes : dict
        Dotted paths and the values that replace those of the base.
    """

    base: int
    values: dict[str, Value]
    changes: dict[str, object]


@dataclass(frozen=True)
class Plan:
    """Everything that the results of a sweep depend on, and the number of replicates.

    Attributes
    ----------
    name : str
        Name of the experiment, or ``"sweep"``.
    title : str
        What it asks.
    line : list of str
        The overrides as given.
    seed : int
        Seed of the sweep.
    replicates : int
        Runs of each cell; may grow later.
    trace : str
        Which runs leave weekly histories: ``"none"``, ``"sample"`` or ``"all"``.
    bases : list of dict
        Composed configurations.
    combinations : list of Combination
        What is crossed, zipped and filtered.
    design : dict
        Kind of design and, if sampled, its dimensions.
    points : list of list of float
        Points of a sampled design, empty otherwise; each combination meets each point.
    shape : Shape
        Size of the chunks.
    model : str
        Digest of the source files that results depend on.
    plugins : dict
        Digest of each plug-in file of the user's, by file name.
    versions : dict
        Versions of this package, Python and libraries at the start of the sweep.
    git : str
        Commit of the source, with ``+`` if it was changed; empty if unknown.
    """

    name: str
    title: str
    line: list[str]
    seed: int
    replicates: int
    trace: str
    bases: list[dict[str, object]]
    combinations: list[Combination]
    design: dict[str, object]
    points: list[list[float]]
    shape: Shape
    model: str
    plugins: dict[str, str]
    versions: dict[str, str]
    git: str

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.combinations) * max(1, len(self.points))

    @property
    def runs(self) -> int:
        """Number of runs."""
        return self.cells * self.replicates

    @property
    def point_keys(self) -> list[str]:
        """Paths that a sampled design varies."""
        varied = self.design.get("keys", [])
        return [str(key) for key in varied] if isinstance(varied, list) else []

    @property
    def swept(self) -> list[str]:
        """Keys that differ between cells, in the order of the columns."""
        return [*self.combinations[0].values, *self.point_keys]

    def values(self, cell: int) -> dict[str, Value]:
        """Return a cell's value of each swept key."""
        combination, point = self.parts(cell)
        drawn = self.points[point] if point >= 0 else []
        return {**combination.values, **dict(zip(self.point_keys, drawn, strict=True))}

    def parts(self, cell: int) -> tuple[Combination, int]:
        """Return a cell's combination and the number of its point, -1 for none."""
        if not self.points:
            return self.combinations[cell], -1
        return self.combinations[cell // len(self.points)], cell % len(self.points)

    def plain(self, cell: int) -> dict[str, object]:
        """Return a cell's complete configuration."""
        combination, point = self.parts(cell)
        changes = dict(combination.changes)
        if point >= 0:
            for key, value in zip(self.point_keys, self.points[point], strict=True):
                changes.pop(key, None)
                changes[key] = value
        return changed(self.bases[combination.base], changes)

    @cached_property
    def hash(self) -> str:
        """Digest of all that decides what the run of a cell and a replicate comes to."""
        return _digest(
            {
                "format": FORMAT,
                "seed": self.seed,
                "trace": self.trace,
                "bases": self.bases,
                "combinations": [asdict(entry) for entry in self.combinations],
                "design": self.design,
                "points": self.points,
                "model": self.model,
                "plugins": sorted(self.plugins.values()),
            }
        )

    def extended(self, replicates: int) -> "Plan":
        """Return the same plan with another number of replicates."""
        return replace(self, replicates=replicates)

    def to_json(self) -> str:
        """Return the plan as the text of its file, with a checksum over all of it."""
        content = {"format": FORMAT, "hash": self.hash, **asdict(self)}
        content["shape"] = list(self.shape)
        return json.dumps({"checksum": _digest(content), **content}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read a plan's file.

        Raises
        ------
        ConfigError
            If it is not a plan, of another format, or was changed by hand.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ConfigError(["plan.json: cannot be read, it is not JSON"]) from error
        if not isinstance(content, dict) or "checksum" not in content:
            raise ConfigError(["plan.json: is not the plan of a sweep"])
        if content.get("format") != FORMAT:
            raise ConfigError(["plan.json: was written by another version of this program"])
        if content.pop("checksum") != _digest(content):
            raise ConfigError(["plan.json: was changed after the sweep had written it"])
        content.pop("format")
        content.pop("hash")
        content["shape"] = Shape(*content["shape"])
        content["combinations"] = [Combination(**entry) for entry in content["combinations"]]
        return cls(**content)


class CellSettings:
    """Validated settings of a plan's cells, made on demand.

    Scenarios are validated once for all cells that share them.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scenarios: dict[tuple[int, str], Scenario] = {}

    def __call__(self, cell: int) -> Settings:
        """Return the settings of one cell.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        combination, point = self._plan.parts(cell)
        plain = self._plan.plain(cell)
        if point < 0:
            return build_settings(plain, self._scenario(combination, plain))
        drawn = dict(zip(self._plan.point_keys, self._plan.points[point], strict=True))
        if not all(_assumed(self._plan, combination, key) for key in drawn if _of_scenario(key)):
            return build_settings(plain)
        shared = changed(self._plan.bases[combination.base], combination.changes)
        scenario = self._scenario(combination, shared)
        if scenario is None:
            return build_settings(plain)
        values = {
            key.removeprefix("scenario.").removesuffix(".value"): value
            for key, value in drawn.items()
            if _of_scenario(key)
        }
        return build_settings(plain, with_values(scenario, values))

    def _scenario(
        self, combination: Combination, plain: Mapping[str, object]
    ) -> Scenario | None:
        """Return the validated scenario of a combination, None if it is not valid."""
        own = {k: v for k, v in combination.changes.items() if k.partition(".")[0] == "scenario"}
        key = (combination.base, json.dumps(own, sort_keys=True))
        if key not in self._scenarios:
            try:
                valid = build_settings(plain).scenario
            except ConfigError:
                return None
            if len(self._scenarios) >= KEPT_SCENARIOS:
                self._scenarios.pop(next(iter(self._scenarios)), None)
            self._scenarios[key] = valid
        return self._scenarios[key]


def _of_scenario(key: str) -> bool:
    """Return whether a path leads into the scenario."""
    return key.startswith("scenario.")


def _assumed(plan: Plan, combination: Combination, key: str) -> bool:
    """Return whether a sampled key is an assumption drawn inside its own range."""
    kept = plan.design.get("assumed", [])
    return isinstance(kept, list) and key in kept and key not in combination.changes


@dataclass(frozen=True)
class Request:
    """A sweep as asked for, read and composed but not yet validated.

    Attributes
    ----------
    plan : Plan
    settings : SweepSettings
        Executor included, which is no part of the plan.
    """

    plan: Plan
    settings: SweepSettings


def make_plan(
    overrides: Sequence[str],
    config_name: str = "config",
    config_dir: str | Path | None = None,
    zipped: Sequence[Sequence[str]] = (),
    filters: Sequence[str] = (),
) -> Request:
    """Plan a sweep and validate all its cells.

    Parameters
    ----------
    overrides : sequence of str
        The sweep's line, e.g. ``["agenda=glob(*)", "replicates=500"]``.
    config_name, config_dir : str, str or Path
        As for a single run.
    zipped : sequence of sequence of str
        Keys that advance together.
    filters : sequence of str
        Conditions on cells.

    Raises
    ------
    ConfigError
        With all problems of all cells.
    """
    primary, others = search_folders(config_name, config_dir)
    folders = [primary, *others]
    experiment, line = _with_experiment(overrides, folders)
    settings = sweep_settings([o for o in line if is_own(o)], config_dir)
    terms = read_line([o for o in line if not is_own(o)], folders)
    _refuse(terms, folders)
    chosen = combinations(terms, [*experiment.zip, *zipped], [*experiment.filter, *filters])
    bases, combined = _compose(terms, chosen, config_name, config_dir)
    first = build_settings(changed(bases[combined[0].base], combined[0].changes))
    varied = dimensions(terms, settings, first.scenario)
    drawn = points(varied, settings, first.seed)
    count = len(combined) * (1 if drawn is None else len(drawn))
    plan = Plan(
        name=experiment.name,
        title=experiment.title,
        line=list(line),
        seed=first.seed,
        replicates=settings.replicates,
        trace=settings.trace,
        bases=bases,
        combinations=combined,
        design=_design(settings, varied, terms),
        points=[] if drawn is None else drawn.tolist(),
        shape=shape_for(count, settings.replicates),
        model=model_digest(),
        plugins={file.name: _file_digest(file) for file in plugin_files()},
        versions=_versions(),
        git=_git_state(),
    )
    validate(plan)
    return Request(plan, settings)


def _with_experiment(
    overrides: Sequence[str], folders: Sequence[Path]
) -> tuple[Experiment, list[str]]:
    """Return the named experiment of a line, if any, and the line with its keys filled in."""
    named = [o.partition("=")[2] for o in overrides if key_of(o) == "experiment"]
    rest = [o for o in overrides if key_of(o) != "experiment"]
    if len(named) > 1:
        raise ConfigError(["experiment: is given twice"])
    if not named:
        return Experiment(), rest
    experiment = read_experiment(named[0], folders)
    given = {key_of(o) for o in rest}
    filled = [f"{key}={value}" for key, value in experiment.line.items() if key_of(key) not in given]
    return experiment, [*filled, *rest]


def _refuse(terms: Sequence[Term], folders: Sequence[Path]) -> None:
    """Refuse what no sweep may vary, and choices that do not exist."""
    problems = [
        f"{term.key}: is not swept, {RESERVED[term.key]}"
        for term in terms
        if term.key in RESERVED and (term.swept or term.key == "replicate")
    ]
    for term in terms:
        if not term.group:
            continue
        group = term.key.partition("@")[0]
        known = [
            file.stem for folder in folders for file in sorted((folder / group).glob("*.yaml"))
        ]
        problems += [
            f"{term.key}: no choice '{option.text}'" + did_you_mean(option.text, known)
            for option in term.options
            if isinstance(option.value, str) and option.text not in known and term.prefix != "~"
        ]
    if problems:
        raise ConfigError(problems)


def _compose(
    terms: Sequence[Term],
    chosen: Sequence[Choices],
    config_name: str,
    config_dir: str | Path | None,
) -> tuple[list[dict[str, object]], list[Combination]]:
    """Compose all combinations.

    Raises
    ------
    ConfigError
        With the problems of all combinations that cannot be composed.
    """
    compositions = Compositions(
        [replace(t, options=represented(t)) if t.interval else t for t in terms],
        config_name,
        config_dir,
    )
    shown = [term.key for term in terms if term.swept and term.interval is None]
    bases: list[dict[str, object]] = []
    numbers: dict[int, int] = {}
    found: list[Combination] = []
    problems: list[tuple[str, int]] = []
    for number, choices in enumerate(chosen):
        try:
            base = compositions.base(choices)
            changes = compositions.changes(choices)
        except ConfigError as error:
            problems += [(line, number) for line in error.problems]
            continue
        if id(base) not in numbers:
            numbers[id(base)] = len(bases)
            bases.append(base)
        values = {key: scalar(choices[key].value) for key in shown}
        found.append(Combination(numbers[id(base)], values, changes))
    if problems:
        raise ConfigError(
            _told(problems, len(chosen), lambda n: {key: chosen[n][key].text for key in shown})
        )
    return bases, found


def validate(plan: Plan) -> None:
    """Validate every cell of a plan.

    Raises
    ------
    ConfigError
        With every problem and the cells that have it.
    """
    settings = CellSettings(plan)
    problems: list[tuple[str, int]] = []
    for cell in range(plan.cells):
        try:
            settings(cell)
        except ConfigError as error:
            problems += [(line, cell) for line in error.problems]
    if problems:
        raise ConfigError(_told(problems, plan.cells, plan.values))


def _told(
    problems: Sequence[tuple[str, int]],
    cells: int,
    values: Callable[[int], Mapping[str, object]],
) -> list[str]:
    """Return one line for each distinct problem, with the cells that have it."""
    by_line: dict[str, list[int]] = {}
    for line, cell in problems:
        by_line.setdefault(line, []).append(cell)
    return [f"{line} ({_which(found, cells, values)})" for line, found in by_line.items()]


def _which(
    found: Sequence[int], cells: int, values: Callable[[int], Mapping[str, object]]
) -> str:
    """Return which cells are meant: their numbers, and what they have in common."""
    if len(found) == cells:
        return "in every cell" if cells > 1 else "in the only cell"
    each = [values(cell) for cell in found]
    common = [f"{k}={v}" for k, v in each[0].items() if all(e[k] == v for e in each)]
    spans = []
    for _, run in groupby(enumerate(found), lambda pair: pair[1] - pair[0]):
        numbers = [cell for _, cell in run]
        spans.append(str(numbers[0]) + (f"-{numbers[-1]}" if len(numbers) > 1 else ""))
    noun = "cells" if len(found) > 1 else "cell"
    where = f", all with {' '.join(common)}" if common and len(found) > 1 else ""
    where = f", {' '.join(common)}" if len(found) == 1 else where
    return f"{noun} {', '.join(spans)} of {cells}{where}"


def _design(
    settings: SweepSettings, varied: Sequence[Dimension], terms: Sequence[Term]
) -> dict[str, object]:
    """Return what a reader of the results must know of the design."""
    if not varied:
        return {"kind": settings.design}
    intervals = {term.key for term in terms if term.interval is not None}
    return {
        "kind": settings.design,
        "samples": settings.samples,
        "keys": [d.key for d in varied],
        "low": [d.low for d in varied],
        "high": [d.high for d in varied],
        "assumed": [d.key for d in varied if d.key not in intervals],
    }


def model_digest() -> str:
    """Return a digest of the source files that decide what a run comes to."""
    package = Path(__file__).parents[1]
    names = ("codes", "records", "engine", "shocks", "society", "parameters", "outcomes")
    files = sorted((package / "rules").rglob("*.py")) + [package / f"{n}.py" for n in names]
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(file.relative_to(package).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _file_digest(file: Path) -> str:
    """Return the digest of one file."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def _digest(content: object) -> str:
    """Return the digest of plain content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    found = {"sim": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in LIBRARIES}


def _git_state() -> str:
    """Return the commit of this package's source, with ``+`` if it was changed."""
    source = Path(__file__).parents[2]
    if not (source / ".git").exists():
        return ""
    answers = []
    for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "sim", "configs"]):
        try:
            done = subprocess.run(
                ["git", "-C", str(source), *command],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        answers.append(done.stdout.strip())
    return answers[0] + ("+" if answers[1] else "")


def as_option(value: Value) -> Option:
    """Return a Python value as an option of a line."""
    text = "null" if value is None else str(value)
    return Option(text.lower() if isinstance(value, bool) else text, value)


def design_points(plan: Plan) -> NDArray[np.float64]:
    """Return the points of a sampled design, shape (points, keys)."""
    return np.array(plan.points, np.float64).reshape(len(plan.points), len(plan.point_keys))
