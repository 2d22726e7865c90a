"""Checks of a sampled design: all combinations state what is drawn, and every cell is valid."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from sim.errors import ConfigError
from sim.sweeps.bad_cells import told
from sim.sweeps.cell_settings import CellSettings, Scenarios, scenario_key
from sim.sweeps.overrides import Term
from sim.sweeps.plan import Combination, Plan
from sim.sweeps.sampling import Dimension, left_open, matching

MOST_NAMED = 3
"""Most assumptions that one line names."""

Ranges: TypeAlias = Mapping[str, Dimension]
"""The assumptions that a design draws, by key."""


def check_ranges(
    combinations: Sequence[Combination],
    scenarios: Scenarios,
    terms: Sequence[Term],
    patterns: Sequence[str],
) -> None:
    """Refuse combinations that do not state the same ranges for the assumptions that are drawn.

    Parameters
    ----------
    combinations : sequence of Combination
    scenarios : Scenarios
        Their settings.
    terms : sequence of Term
        All keys of the line; what they set is not drawn.
    patterns : sequence of str
        Which assumptions are drawn.

    Raises
    ------
    ConfigError
        With a line for each set of combinations that differ in the same way.
    """
    by_scenario: dict[str, Ranges] = {}
    each: list[Ranges] = []
    for combination in combinations if patterns else ():
        key = scenario_key(combination)
        if key not in by_scenario:
            scenario = scenarios.settings(combination).scenario
            by_scenario[key] = {d.key: d for d in left_open(matching(scenario, patterns), terms)}
        each.append(by_scenario[key])
    if len(by_scenario) < 2:
        return
    known: dict[str, Dimension] = {}
    for ranges in by_scenario.values():
        known = {**ranges, **known}
    problems = [(line, n) for n, ranges in enumerate(each) for line in _differences(known, ranges)]
    if problems:
        values = lambda n: combinations[n].values  # noqa: E731 - said in one word
        raise ConfigError(told(problems, len(each), values, "combination"))


def _differences(known: Ranges, ranges: Ranges) -> list[str]:
    """Return in what the ranges of one scenario differ from those that are drawn from."""
    lacking = [_path(key) for key in known if key not in ranges]
    found = []
    if lacking:
        found.append(f"assumptions: no range for {_named(lacking)}, which others draw")
    other = [d for d in ranges.values() if d != known[d.key]]
    if len(other) > MOST_NAMED:
        found.append(f"assumptions: other ranges for {_named([_path(d.key) for d in other])}")
    else:
        found += [
            f"assumptions: {_path(d.key)} ranges from {d.low:g} to {d.high:g}, "
            f"and in others from {known[d.key].low:g} to {known[d.key].high:g}"
            for d in other
        ]
    return found


def _path(key: str) -> str:
    """Return the path of an assumption inside its scenario, as patterns name it."""
    return key.removeprefix("scenario.").removesuffix(".value")


def _named(paths: Sequence[str]) -> str:
    """Return some paths, long lists cut short."""
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(paths[:MOST_NAMED]) + more


def validate_points(plan: Plan) -> None:
    """Validate every cell of a sampled design.

    Raises
    ------
    ConfigError
        With every problem and the cells that have it.
    """
    settings = CellSettings(plan)
    problems: list[tuple[str, int]] = []
    of_scenario = all(key.startswith("scenario.") for key in plan.point_keys)
    checked: dict[str, list[str]] = {}
    for cell in range(plan.cells):
        combination, point = plan.parts(cell)
        # Combinations with the same scenario have the same problems at the same point.
        drawn_from = f"{scenario_key(combination)} {point}" if of_scenario else f"{cell}"
        if drawn_from not in checked:
            checked[drawn_from] = _problems_of(settings, cell)
        problems += [(line, cell) for line in checked[drawn_from]]
    if problems:
        raise ConfigError(told(problems, plan.cells, plan.values))


def _problems_of(settings: CellSettings, cell: int) -> list[str]:
    """Return what is wrong with one cell, a line a problem."""
    try:
        settings(cell)
    except ConfigError as error:
        return error.problems
    return []
