"""From a line to a plan: read, composed, and every cell validated before the first run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.config.compose import search_folders
from sim.config.settings import build_settings
from sim.errors import ConfigError
from sim.model.identity import file_digest, git_state, model_digest, versions
from sim.model.plugins import plugin_files
from sim.sweeps.cells import Scenarios, told
from sim.sweeps.compositions import Compositions
from sim.sweeps.designs import Choices, check_size, combinations, represented
from sim.sweeps.overrides import Option, Term, Value, read_line, scalar
from sim.sweeps.paths import at, changed
from sim.sweeps.plan import Combination, Plan, shape_for
from sim.sweeps.request import (
    Experiment,
    SweepSettings,
    is_own,
    key_of,
    read_experiment,
    sweep_settings,
)
from sim.sweeps.sampling import (
    Dimension,
    check_ranges,
    dimensions,
    point_count,
    points,
    refuse,
    unknown_choices,
    validate_points,
)


@dataclass(frozen=True)
class Request:
    """A sweep as asked for, read and composed but not yet validated."""

    plan: Plan
    settings: SweepSettings  # executor included, which is no part of the plan


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
    experiment = replace(
        experiment, zip=[*experiment.zip, *zipped], filter=[*experiment.filter, *filters]
    )
    settings = sweep_settings([o for o in line if is_own(o)], config_dir)
    terms = read_line([o for o in line if not is_own(o)], folders)
    refuse(terms)
    chosen = combinations(terms, experiment.zip, experiment.filter, settings.assumptions)
    compositions = Compositions(
        [replace(t, options=represented(t)) if t.interval else t for t in terms],
        config_name,
        config_dir,
    )
    bases, combined = _compose(terms, chosen, compositions)
    varied = _varied(terms, settings, bases, combined)
    if varied and compositions.interpolated:
        raise ConfigError([f"design={settings.design}: values must not refer to others by ${{..}}"])
    plan = _plan(experiment, line, settings, terms, bases, combined, varied)
    if plan.points:
        validate_points(plan)
    return Request(plan, settings)


def _varied(
    terms: Sequence[Term],
    settings: SweepSettings,
    bases: Sequence[dict[str, object]],
    combined: Sequence[Combination],
) -> list[Dimension]:
    scenarios = Scenarios(bases)
    varied = dimensions(terms, settings, scenarios.settings(combined[0]).scenario)
    if varied:
        check_ranges(combined, scenarios, terms, settings.assumptions)
    return varied


def _plan(
    experiment: Experiment,
    line: Sequence[str],
    settings: SweepSettings,
    terms: Sequence[Term],
    bases: list[dict[str, object]],
    combined: list[Combination],
    varied: Sequence[Dimension],
) -> Plan:
    """Put a plan together; its points are drawn here."""
    first = changed(bases[combined[0].base], combined[0].changes)
    seed = build_settings(first).seed
    count = len(combined) * point_count(varied, settings)
    check_size(count, settings.replicates)
    drawn = points(varied, settings, seed)
    return Plan(
        name=experiment.name,
        title=experiment.title,
        line=_whole_line(line, experiment.zip, experiment.filter),
        seed=seed,
        replicates=settings.replicates,
        trace=settings.trace,
        bases=bases,
        combinations=combined,
        design=_design(settings, varied, terms),
        points=[] if drawn is None else _plain_points(drawn, varied, terms),
        shape=shape_for(count, settings.replicates),
        model=model_digest(),
        plugins={str(file): file_digest(file) for file in plugin_files()},
        versions=versions(),
        git=git_state(),
    )


def check_line(
    line: Sequence[str], config_name: str = "config", config_dir: str | Path | None = None
) -> None:
    """Validate every combination of a line that is played one by one, not as a sweep.

    Raises
    ------
    ConfigError
        With all problems of all combinations.
    """
    primary, others = search_folders(config_name, config_dir)
    terms = read_line(line, [primary, *others])
    problems = [f"{t.key}: an interval needs sim sweep with a design" for t in terms if t.interval]
    problems += [problem for term in terms for problem in unknown_choices(term)]
    if problems:
        raise ConfigError(problems)
    chosen = combinations(terms, [], [])
    _compose(terms, chosen, Compositions(terms, config_name, config_dir))


def _with_experiment(
    overrides: Sequence[str], folders: Sequence[Path]
) -> tuple[Experiment, list[str]]:
    named = [o.partition("=")[2] for o in overrides if key_of(o) == "experiment"]
    rest = [o for o in overrides if key_of(o) != "experiment"]
    if len(named) > 1:
        raise ConfigError(["experiment: is given twice"])
    if not named:
        return Experiment(), rest
    experiment = read_experiment(named[0], folders)
    given = {key_of(o) for o in rest}
    filled = [
        f"{key}={value}" for key, value in experiment.line.items() if key_of(key) not in given
    ]
    return experiment, [*filled, *rest]


def _whole_line(
    line: Sequence[str], zipped: Sequence[Sequence[str]], filters: Sequence[str]
) -> list[str]:
    together = [word for keys in zipped for word in ("--zip", ",".join(keys))]
    return [*line, *together, *(word for text in filters for word in ("--filter", text))]


def _compose(
    terms: Sequence[Term],
    chosen: Sequence[Choices],
    compositions: Compositions,
) -> tuple[list[dict[str, object]], list[Combination]]:
    """Compose and validate all combinations.

    Raises
    ------
    ConfigError
        With the problems of all combinations.
    """
    shown = [term.key for term in terms if term.swept and term.interval is None]
    bases: list[dict[str, object]] = []
    numbers: dict[int, int] = {}
    found: list[Combination] = []
    scenarios = Scenarios(bases)
    problems: list[tuple[str, int]] = []
    for number, choices in enumerate(chosen):
        try:
            base = compositions.base(choices)
            if id(base) not in numbers:
                numbers[id(base)] = len(bases)
                bases.append(base)
            changes = compositions.changes(choices)
            values = {key: _played(choices[key], base, changes, key) for key in shown}
            found.append(Combination(numbers[id(base)], values, changes))
            scenarios.settings(found[-1])
        except ConfigError as error:
            if not problems:
                compositions.blame(choices, error)
            problems += [(line, number) for line in error.problems]
    if problems:
        raise ConfigError(
            told(problems, len(chosen), lambda n: {key: chosen[n][key].text for key in shown})
        )
    return bases, found


def _played(
    option: Option, base: Mapping[str, object], changes: Mapping[str, object], key: str
) -> Value:
    """Return a swept value as tables show it; for a reference, the value that it refers to."""
    if "${" not in option.text:
        return scalar(option)
    return scalar(Option(option.text, at(changed(base, changes), key)))


def _plain_points(
    drawn: NDArray[np.float64], varied: Sequence[Dimension], terms: Sequence[Term]
) -> list[list[float]]:
    """Return points as lists; what must be whole on the line as whole numbers."""
    whole = {term.key for term in terms if term.whole}
    return [
        [int(x) if d.key in whole else x for d, x in zip(varied, point, strict=True)]
        for point in drawn.tolist()
    ]


def _design(
    settings: SweepSettings, varied: Sequence[Dimension], terms: Sequence[Term]
) -> dict[str, object]:
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
