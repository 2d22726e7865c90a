"""From a line to a plan: composed, and every cell validated before the first run.

`make_plan` is the entry. What is wrong is refused in one line a problem, however many cells have
it, with the numbers of the cells and the swept values that they share.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from sim.config.decisions import ONE_RUN
from sim.config.settings import Settings
from sim.config.sources import check_overrides, files_read, search_folders
from sim.errors import ConfigError
from sim.model.identity import SWEEP_LIBRARIES, git_state, model_digest, versions
from sim.model.plugins import plugin_digest, plugin_files
from sim.sweeps.cells import CellSettings, Scenarios, idle_choices, number_of, scenario_key
from sim.sweeps.compositions import Compositions
from sim.sweeps.designs import (
    Dimension,
    check_size,
    combinations,
    dimensions,
    drawn_assumptions,
    point_count,
    points,
)
from sim.sweeps.overrides import (
    MOST_ALIKE,
    Choices,
    Option,
    Term,
    Value,
    read_terms,
    unknown_choices,
)
from sim.sweeps.plan import OWN_CHANCE, SHIPPED, Combination, Plan, at, changed, shape_for
from sim.sweeps.request import Line, SweepSettings, read_line

REFUSED = re.compile(r"(?<=, got )\S+$|(?<=: )-?\d\S*(?= must| lies)")
"""The refused value in the line of a problem."""
VALUES = re.compile(r"(?<=[ :])(?:'[^']*'|-?\d\S*)|(?<=, got ).*")
"""All values in the line of a problem, the refused one among them."""
MOST_BAD_BASES = 8
"""Most compositions with problems that a line is told of; each takes Hydra up to a second."""
MOST_SPANS = 12
"""Most ranges of numbers that a line lists."""
MOST_NAMED = 3
"""Most assumptions that one line names."""

Problems = list[tuple[str, int]]
"""Each problem with the number of the cell, or of the combination, that has it."""
Values = Callable[[int], Mapping[str, object]]
"""Gives the swept values of a cell or of a combination."""


@dataclass(frozen=True)
class Request:
    """A validated sweep and how it is to be played."""

    plan: Plan
    settings: SweepSettings  # executor included, which is no part of the plan


def make_plan(
    overrides: Sequence[str],
    config_name: str = "config",
    config_dir: str | Path | None = None,
    zipped: Sequence[Sequence[str]] = (),
    filters: Sequence[str] = (),
) -> Request:
    """Plan a sweep and validate all its cells; ConfigError has all problems of all cells.

    overrides: the sweep's line, e.g. ``["agenda=glob(*)", "replicates=500"]``.
    config_name, config_dir: as for a single run.
    zipped, filters: keys that advance together, and conditions on cells.
    """
    *own, shipped = search_folders(config_name, config_dir)
    with files_read() as read:
        line = read_line(overrides, [*own, shipped], config_dir, zipped, filters)
        plan = _plan_of(line, config_name, config_dir)
    files = {
        f"{SHIPPED if folder == shipped else ''}{file.relative_to(folder).as_posix()}": digest
        for folder in [*own, shipped]
        for file, digest in sorted(read.items())
        if file.is_relative_to(folder)
    }
    return Request(replace(plan, files=files, idle=idle_choices(plan)), line.settings)


def _plan_of(line: Line, config_name: str, config_dir: str | Path | None) -> Plan:
    """Compose and validate all cells of a line, and plan them."""
    settings, experiment = line.settings, line.experiment
    chosen = combinations(line.terms, experiment.zip, experiment.filter, settings.assumptions)
    represented = [replace(term, options=term.listed) for term in line.terms]
    compositions = Compositions(represented, config_name, config_dir)
    bases, combined = _compose(line.terms, chosen, compositions)
    scenarios = Scenarios(bases)
    first = scenarios.settings(combined[0])
    if any(base.get("decisions") for base in bases):
        raise ConfigError([ONE_RUN])  # of a configuration of the user's own
    varied = dimensions(line, first.scenario)
    if varied:
        _check_ranges(line, combined, scenarios)
        if compositions.interpolated:
            problem = f"design={settings.design}: values must not refer to others by ${{..}}"
            raise ConfigError([problem])
    plan = _plan(line, bases, combined, varied, first)
    plan = replace(plan, options=_options(config_name, config_dir))
    _validate_points(plan)
    return plan


def check_line(
    line: Sequence[str], config_name: str = "config", config_dir: str | Path | None = None
) -> None:
    """Raise ConfigError with the problems of all combinations of a line that is no sweep's."""
    folders = search_folders(config_name, config_dir)
    check_overrides(line)
    terms = read_terms(line, folders)
    problems = [f"{t.key}: an interval needs sim sweep with a design" for t in terms if t.interval]
    problems += [problem for term in terms for problem in unknown_choices(term)]
    if problems:
        raise ConfigError(problems)
    _compose(terms, combinations(terms), Compositions(terms, config_name, config_dir))


def _plan(
    line: Line,
    bases: list[dict[str, object]],
    combined: list[Combination],
    varied: Sequence[Dimension],
    first: Settings,
) -> Plan:
    """Put a plan together; its points are drawn here. `first` are the first cell's settings."""
    settings = line.settings
    cells = len(combined) * point_count(varied, settings)
    check_size(cells, settings.replicates)
    return Plan(
        name=line.experiment.name,
        title=line.experiment.title,
        line=line.words,
        seed=first.seed,
        replicates=settings.replicates,
        trace=settings.trace,
        bases=bases,
        combinations=combined,
        design=_design(line, varied),
        points=_points(line, varied, first.seed),
        shape=shape_for(cells, settings.replicates),
        model=model_digest(),
        plugins={str(file): plugin_digest(file) for file in plugin_files()},
        versions=versions(SWEEP_LIBRARIES),
        git=git_state(),
        scenarios=_scenarios(bases),
    )


def _options(config_name: str, config_dir: str | Path | None) -> list[str]:
    """Return the options that say where the line is composed, as words of a command."""
    words = ["--config-name", config_name] if config_name != "config" else []
    return words + (["--config-dir", str(Path(config_dir).absolute())] if config_dir else [])


def _scenarios(bases: Sequence[Mapping[str, object]]) -> list[str]:
    """Return id and title of each scenario that is composed."""
    named = (f"{at(base, 'scenario.id')}: {at(base, 'scenario.title')}" for base in bases)
    return list(dict.fromkeys(named))


def _design(line: Line, varied: Sequence[Dimension]) -> dict[str, object]:
    if not varied:
        return {"kind": line.settings.design}
    intervals = {term.key for term in line.terms if term.interval is not None}
    return {
        "kind": line.settings.design,
        "samples": line.settings.samples,
        "keys": [d.key for d in varied],
        "low": [d.low for d in varied],
        "high": [d.high for d in varied],
        "assumed": [d.key for d in varied if d.key not in intervals],
        **({} if line.settings.common_chance else {"chance": OWN_CHANCE}),
    }


def _points(line: Line, varied: Sequence[Dimension], seed: int) -> list[list[float]]:
    """Return the points that are drawn; what must be whole on the line as whole numbers."""
    if not varied:
        return []
    whole = {term.key for term in line.terms if term.whole}
    return [
        [int(x) if d.key in whole else x for d, x in zip(varied, point, strict=True)]
        for point in points(varied, line.settings, seed).tolist()
    ]


def _compose(
    terms: Sequence[Term], chosen: Sequence[Choices], compositions: Compositions
) -> tuple[list[dict[str, object]], list[Combination]]:
    shown = [term.key for term in terms if term.swept and term.interval is None]
    bases: list[dict[str, object]] = []
    numbers: dict[int, int] = {}
    found: list[Combination] = []
    scenarios = Scenarios(bases)
    problems: Problems = []
    left: list[str] = []
    bad: set[int] = set()  # how many compositions there were when a cell had a problem
    for number, choices in enumerate(chosen):
        if len(bad) >= MOST_BAD_BASES:
            left = [f"sweep: {len(chosen) - number:,} of {len(chosen):,} cells were not looked at"]
            break
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
                compositions.check_alone(choices, error)
            problems += [(line, number) for line in error.problems]
            bad.add(len(bases))
    _refuse(problems, len(chosen), lambda n: {k: chosen[n][k].text for k in shown}, more=left)
    return bases, found


def _played(
    option: Option, base: Mapping[str, object], changes: Mapping[str, object], key: str
) -> Value:
    """Return a swept value as tables show it; for a reference, the value that it refers to."""
    if "${" not in option.text:
        return option.stored
    return Option(option.text, at(changed(base, changes), key)).stored


def _check_ranges(line: Line, combined: Sequence[Combination], scenarios: Scenarios) -> None:
    """Refuse combinations that do not state the same ranges for the assumptions that are drawn."""
    if not line.settings.assumptions:
        return
    by_scenario: dict[str, dict[str, Dimension]] = {}
    known: dict[str, Dimension] = {}
    for combination in combined:
        key = scenario_key(combination)
        if key not in by_scenario:
            drawn = drawn_assumptions(line, scenarios.settings(combination).scenario)
            by_scenario[key] = {d.key: d for d in drawn}
            known = by_scenario[key] | known
    differences = {key: list(_differences(known, own)) for key, own in by_scenario.items()}
    problems = [(p, n) for n, c in enumerate(combined) for p in differences[scenario_key(c)]]
    _refuse(problems, len(combined), lambda n: combined[n].values, "combination")


def _differences(known: Mapping[str, Dimension], own: Mapping[str, Dimension]) -> Iterator[str]:
    lacking = [number_of(key) for key in known if key not in own]
    if lacking:
        yield f"assumptions: no range for {_named(lacking)}, which others draw"
    other = {number_of(d.key): (d, known[d.key]) for d in own.values() if d != known[d.key]}
    if len(other) > MOST_NAMED:
        yield f"assumptions: other ranges for {_named(list(other))}"
        return
    for path, ends in other.items():
        here, there = (f"from {d.low:g} to {d.high:g}" for d in ends)
        yield f"assumptions: {path} ranges {here}, and in others {there}"


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(paths[:MOST_NAMED]) + more


def _validate_points(plan: Plan) -> None:
    settings = CellSettings(plan)
    problems: Problems = []
    of_scenario = all(key.startswith("scenario.") for key in plan.point_keys)
    checked: dict[str, list[str]] = {}
    points = len(plan.points)
    doubtful = [
        cell
        for number in range(len(plan.combinations) if points else 0)
        if not settings.fit(number)
        for cell in range(number * points, (number + 1) * points)
    ]
    for cell in doubtful:
        combination, point = plan.parts(cell)
        # Combinations with the same scenario have the same problems at the same point.
        drawn_from = f"{scenario_key(combination)} {point}" if of_scenario else f"{cell}"
        if drawn_from not in checked:
            checked[drawn_from] = []
            try:
                settings(cell)
            except ConfigError as error:
                checked[drawn_from] = error.problems
        problems += [(line, cell) for line in checked[drawn_from]]
    _refuse(problems, plan.cells, plan.values)


def _refuse(
    problems: Problems,
    cells: int,
    values: Values,
    noun: str = "cell",
    more: Sequence[str] = (),
) -> None:
    """Refuse a sweep if there are problems."""
    if problems:
        raise ConfigError([*by_problem(problems, cells, values, noun), *more])


def by_problem(problems: Problems, cells: int, values: Values, noun: str = "cell") -> list[str]:
    """Return one line for each distinct problem, with the cells that have it and their values."""
    having: dict[str, list[int]] = defaultdict(list)
    for line, cell in problems:
        having[line].append(cell)
    alike: dict[str, list[str]] = defaultdict(list)
    for line in having:
        alike[_form(line)].append(line)
    found: list[str] = []
    for lines in alike.values():
        if len(lines) > MOST_ALIKE:
            numbers = sorted({cell for line in lines for cell in having[line]})
            found.append(_merged(lines) + _which(numbers, cells, values, noun))
        else:
            found += [line + _which(having[line], cells, values, noun) for line in lines]
    return found


def _form(line: str) -> str:
    """Return a problem without its values, which lines of the same kind share."""
    place, sign, problem = line.partition(": ")
    return place + sign + VALUES.sub("", REFUSED.sub("", f" {problem}"))


def _merged(lines: Sequence[str]) -> str:
    if len({REFUSED.sub("", line) for line in lines}) > 1 or not REFUSED.search(lines[0]):
        return f"{lines[0]}; and {len(lines) - 1:,} more like it"
    first, second, last = (REFUSED.findall(lines[n])[0] for n in (0, 1, -1))
    return REFUSED.sub(f"{first}, {second} .. {last} ({len(lines):,} values)", lines[0])


def _which(found: Sequence[int], cells: int, values: Values, noun: str) -> str:
    """Return in brackets which cells a problem has, and which swept values they share."""
    if len(found) == cells:
        return f" (in every {noun})" if cells > 1 else ""
    each = [values(cell) for cell in found]
    common = " ".join(f"{k}={v}" for k, v in each[0].items() if all(e[k] == v for e in each))
    if len(found) == 1:
        return f" ({noun} {found[0]} of {cells:,}, {common})"
    where = f", all with {common}" if common else ""
    return f" ({noun}s {_spans(found)} of {cells:,}{where})"


def _spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers as ranges, ``0, 2-4, 7``; long lists are cut short."""
    spans = []
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *others = [number for _, number in run]
        spans.append(f"{first}-{others[-1]}" if others else f"{first}")
    if len(spans) > MOST_SPANS:
        spans = [*spans[: MOST_SPANS - 1], f"{spans[MOST_SPANS - 1]} .. {spans[-1]}"]
    return ", ".join(spans)
