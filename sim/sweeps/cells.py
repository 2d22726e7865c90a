"""What is wrong with which cells: one line a problem, however many cells have it."""

import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from sim.config.number import Count, Number, Tally
from sim.config.scenario import Scenario, value_problems
from sim.config.settings import Settings, build_settings
from sim.errors import ConfigError
from sim.sweeps.paths import Step, changed, steps
from sim.sweeps.plan import Combination, Plan

Values = Callable[[int], Mapping[str, object]]
"""The swept values of a cell."""

REFUSED = re.compile(r"(?<=, got )\S+$|(?<=: )-?\d\S*(?= must)")
"""The refused value in the line of a problem."""
MOST_ALIKE = 3
"""Problems that differ in the refused value alone get a line each, up to so many."""

MOST_SPANS = 12
"""Most ranges of numbers that a line lists."""


def told(
    problems: Sequence[tuple[str, int]],
    cells: int,
    values: Values,
    noun: str = "cell",
) -> list[str]:
    """Return one line for each distinct problem, with the cells that have it.

    Parameters
    ----------
    problems : sequence of (str, int)
        Each problem with the number of its cell.
    cells : int
        How many cells there are.
    values : callable
        The swept values of a cell.
    noun : str
        What the numbers count.
    """
    by_line: dict[str, list[int]] = {}
    for line, cell in problems:
        by_line.setdefault(line, []).append(cell)
    alike: dict[str, list[str]] = {}
    for line in by_line:
        alike.setdefault(REFUSED.sub("", line), []).append(line)
    found: list[str] = []
    for lines in alike.values():
        if len(lines) > MOST_ALIKE:
            numbers = sorted({cell for line in lines for cell in by_line[line]})
            found.append(_merged(lines) + _which(numbers, cells, values, noun))
        else:
            found += [line + _which(by_line[line], cells, values, noun) for line in lines]
    return found


def _merged(lines: Sequence[str]) -> str:
    first, second, last = (REFUSED.findall(lines[n])[0] for n in (0, 1, -1))
    return REFUSED.sub(f"{first}, {second} .. {last} ({len(lines):,} values)", lines[0])


def _which(found: Sequence[int], cells: int, values: Values, noun: str) -> str:
    if len(found) == cells:
        return f" (in every {noun})" if cells > 1 else ""
    each = [values(cell) for cell in found]
    common = [f"{k}={v}" for k, v in each[0].items() if all(e[k] == v for e in each)]
    spans = []
    for _, run in groupby(enumerate(found), lambda pair: pair[1] - pair[0]):
        numbers = [cell for _, cell in run]
        spans.append(str(numbers[0]) + (f"-{numbers[-1]}" if len(numbers) > 1 else ""))
    if len(spans) > MOST_SPANS:
        spans = [*spans[: MOST_SPANS - 1], f"{spans[MOST_SPANS - 1]} .. {spans[-1]}"]
    if len(found) > 1:
        noun = f"{noun}s"
    where = f", all with {' '.join(common)}" if common and len(found) > 1 else ""
    where = f", {' '.join(common)}" if len(found) == 1 else where
    return f" ({noun} {', '.join(spans)} of {cells:,}{where})"


# ---- A scenario with other values inside its own stated ranges, without validating it all again

_WHOLE = [mark for alias in (Count, Tally) for mark in get_args(alias)[1:]]
"""What marks a number as whole in the scenario's models."""

Tree = dict[Step, "Tree | float"]
"""New values, nested like the scenario."""


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return a scenario in which some numbers have other values.

    Parameters
    ----------
    scenario : Scenario
        A valid scenario.
    values : mapping
        Path of a number, e.g. ``discount_rate.armenia``, and its value, inside its range and
        whole where it must be.

    Raises
    ------
    ConfigError
        If the numbers do not fit each other any more.
    """
    tree: Tree = {}
    for path, value in values.items():
        *parents, last = steps(path)
        here = tree
        for step in parents:
            inner = here.setdefault(step, {})
            assert isinstance(inner, dict)
            here = inner
        here[last] = value
    varied = _replaced(scenario, tree)
    assert isinstance(varied, Scenario)
    problems = value_problems(varied)
    if problems:
        raise ConfigError([f"scenario.{line}" for line in problems])
    return varied


def _replaced(node: object, tree: Tree | float) -> object:
    """Return a copy of `node` with the values of `tree`; the rest is shared."""
    if not isinstance(tree, dict):
        assert isinstance(node, Number)
        return node.model_copy(update={"value": float(tree)})
    if isinstance(node, BaseModel):
        return node.model_copy(
            update={str(k): _replaced(getattr(node, str(k)), inner) for k, inner in tree.items()}
        )
    if isinstance(node, dict):
        return node | {k: _replaced(node[k], inner) for k, inner in tree.items()}
    assert isinstance(node, tuple)
    return tuple(_replaced(v, tree[n]) if n in tree else v for n, v in enumerate(node))


@cache
def is_whole(path: str) -> bool:
    """Return whether the number at a path of a scenario must be whole."""
    annotation: object = Scenario
    for step in steps(path):
        model = _bare(annotation)
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields[str(step)]
            # Pydantic keeps the marks of a field apart from its annotation.
            annotation = (
                Annotated[(field.annotation, *field.metadata)]
                if field.metadata
                else field.annotation
            )
        else:
            annotation = next(a for a in reversed(get_args(model)) if a is not Ellipsis)
    marks = get_args(_present(annotation))[1:]
    return any(mark in _WHOLE for mark in marks)


def _present(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _bare(annotation: object) -> object:
    present = _present(annotation)
    return get_args(present)[0] if get_origin(present) is Annotated else present


# ---- The validated settings of a plan's cells.

KEPT_SCENARIOS = 64
"""Validated scenarios that are kept for further cells."""


def scenario_key(combination: Combination) -> str:
    """Return what combinations with the same scenario have in common."""
    own = {k: v for k, v in combination.changes.items() if k.partition(".")[0] == "scenario"}
    return f"{combination.base} {json.dumps(own, sort_keys=True)}"


class Scenarios:
    """Settings of combinations; a scenario that several share is validated once.

    Parameters
    ----------
    bases : sequence of dict
        Composed configurations that the combinations start from; may grow.
    """

    def __init__(self, bases: Sequence[dict[str, object]]) -> None:
        self._bases = bases
        self._valid: dict[str, Scenario] = {}

    def settings(self, combination: Combination) -> Settings:
        """Return the settings of one combination.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        plain = changed(self._bases[combination.base], combination.changes)
        key = scenario_key(combination)
        settings = build_settings(plain, self._valid.get(key))
        if key not in self._valid:
            while len(self._valid) >= KEPT_SCENARIOS:
                self._valid.pop(next(iter(self._valid)), None)
            self._valid[key] = settings.scenario
        return settings


class CellSettings:
    """Settings of a plan's cells, made on demand.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scenarios = Scenarios(plan.bases)
        assumed = plan.design.get("assumed", [])
        self._assumed = set(assumed) if isinstance(assumed, list) else set()
        self._kept: tuple[Combination, Settings] | None = None

    def __call__(self, cell: int) -> Settings:
        """Return the settings of one cell.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        combination, point = self._plan.parts(cell)
        if point < 0:
            return self._scenarios.settings(combination)
        drawn = dict(zip(self._plan.point_keys, self._plan.points[point], strict=True))
        values = {
            key.removeprefix("scenario.").removesuffix(".value"): value
            for key, value in drawn.items()
            if key.startswith("scenario.")
        }
        # Drawn inside the ranges of the very scenario that was validated; else all anew.
        inside = {key for key in drawn if key.startswith("scenario.")} <= self._assumed
        if not inside or any(key in combination.changes for key in drawn if key in self._assumed):
            return build_settings(self._plan.plain(cell))
        kept = self._kept
        if kept is None or kept[0] is not combination:
            kept = self._kept = (combination, self._scenarios.settings(combination))
        scenario = with_values(kept[1].scenario, values)
        if len(values) == len(drawn):
            return kept[1].model_copy(update={"scenario": scenario})
        return build_settings(self._plan.plain(cell), scenario)
