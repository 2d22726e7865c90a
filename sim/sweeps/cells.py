"""The validated settings of a plan's cells; a scenario that several cells share is validated once.

Numbers that are drawn inside the ranges that a valid scenario states are put into it without
validating the rest again: a sampled design has a scenario of its own in every cell. All points of
a combination are put in at once, as columns of numbers.
"""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Annotated, Union, get_args, get_origin

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from sim.config.number import Count, Number, Tally
from sim.config.scenario import Scenario, value_problems
from sim.config.settings import Settings, build_settings, without_clock, without_effect
from sim.errors import ConfigError
from sim.sweeps.plan import Combination, Plan, Step, changed, steps

MOST_SCENARIOS = 64
"""Validated scenarios that are kept for further cells."""
WHOLE = [mark for alias in (Count, Tally) for mark in get_args(alias)[1:]]
"""What marks a number as whole in the scenario's models."""

Column = NDArray[np.float64]
"""A number's value at each point."""
Tree = dict[Step, "Tree | float | Column"]
"""New values, nested like the scenario."""


class CellSettings:
    """Settings of a plan's cells, made on demand."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scenarios = Scenarios(plan.bases)
        self._latest: tuple[Combination, Settings, frozenset[str]] | None = None

    def __call__(self, cell: int) -> Settings:
        """Return the settings of one cell; ConfigError has one line a problem."""
        plan = self._plan
        combination, point = plan.parts(cell)
        if point < 0:
            return self._scenarios.settings(combination)
        drawn = plan.drawn(point)
        of_scenario = {key: value for key, value in drawn.items() if _of_scenario(key)}
        shared, inside = self._shared(combination)
        if not of_scenario.keys() <= inside:
            return build_settings(plan.plain(cell))
        scenario = with_values(shared.scenario, {number_of(k): v for k, v in of_scenario.items()})
        problems = value_problems(scenario)
        if problems:
            raise ConfigError([f"scenario.{line}" for line in problems])
        if len(of_scenario) == len(drawn):
            return shared.model_copy(update={"scenario": scenario})
        return build_settings(plan.plain(cell), scenario)

    def parts(self, cells: range) -> Iterator[tuple[Settings, int]]:
        """Yield the settings of successive cells, and how many of them they stand for.

        Where several points differ in numbers of the scenario alone, those are columns with a value
        for each of them. Whether the values of a point fit each other is not looked at.
        """
        first, points = cells.start, len(self._plan.points)
        while first < cells.stop:
            combination, point = self._plan.parts(first)
            last = min(cells.stop, first + points - point) if point >= 0 else first + 1
            columns = self._columns(combination, slice(point, point + last - first))
            if columns is None:
                yield from ((self(cell), 1) for cell in range(first, last))
            else:
                yield columns, last - first
            first = last

    def scenario(self, cell: int) -> Scenario:
        """Return the scenario of a cell, whose drawn numbers may have other values."""
        combination, point = self._plan.parts(cell)
        return self(cell).scenario if point < 0 else self._shared(combination)[0].scenario

    def fit(self, number: int) -> bool:
        """Return whether all points of a combination fit it; False also where that is not known."""
        every = slice(0, len(self._plan.points))
        try:
            columns = self._columns(self._plan.combinations[number], every)
        except ConfigError:
            return False
        return columns is not None and not value_problems(columns.scenario)

    def _columns(self, combination: Combination, some: slice) -> Settings | None:
        """Return the settings of some points at once, None if they differ in more than numbers."""
        keys = self._plan.point_keys
        if some.start < 0 or not all(_of_scenario(key) for key in keys):
            return None
        shared, inside = self._shared(combination)
        if not inside.issuperset(keys):
            return None
        values = self._table[some].T
        drawn = {number_of(key): column for key, column in zip(keys, values, strict=True)}
        return shared.model_copy(update={"scenario": with_values(shared.scenario, drawn)})

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        """The drawn numbers, shape (points, keys)."""
        return np.array(self._plan.points, np.float64)

    def _shared(self, combination: Combination) -> tuple[Settings, frozenset[str]]:
        """Return the settings of a combination before its point is put in, and `_inside`."""
        latest = self._latest
        if latest is None or latest[0] is not combination:
            settings = self._scenarios.settings(combination)
            latest = self._latest = combination, settings, self._inside(combination)
        return latest[1:]

    def _inside(self, combination: Combination) -> frozenset[str]:
        """Return the keys of which any value of the design fits the very scenario that is valid.

        Those drawn from the ranges that it states; and those of intervals whose ends both fit.
        """
        plan = self._plan
        stated = {key for key in plan.assumed if key not in combination.changes}
        own = [key for key in plan.point_keys if key not in plan.assumed and _is_value(key)]
        ends = [plan.drawn_at(end, own) for end in ("low", "high")] if own else []
        try:
            for values in ends:
                changes = combination.changes | values
                build_settings(changed(plan.bases[combination.base], changes))
        except ConfigError:
            return frozenset(stated)
        return frozenset(stated.union(own))


class Scenarios:
    """Settings of combinations that start from composed configurations; more may be added."""

    def __init__(self, bases: Sequence[dict[str, object]]) -> None:
        self._bases = bases
        self._valid: dict[str, Scenario] = {}

    def settings(self, combination: Combination) -> Settings:
        """Return the settings of one combination; ConfigError has one line a problem."""
        plain = changed(self._bases[combination.base], combination.changes)
        key = scenario_key(combination)
        settings = build_settings(plain, self._valid.get(key))
        if key not in self._valid:
            while len(self._valid) >= MOST_SCENARIOS:
                self._valid.pop(next(iter(self._valid)), None)
            self._valid[key] = settings.scenario
        return settings


def idle_choices(plan: Plan) -> list[str]:
    """Return one line for each choice of the plan's combinations that has no effect."""
    scenarios, found = Scenarios(plan.bases), dict[str, None]()
    ticking: set[str] = set()
    """Scenarios in which every party's clock moves: their combinations need no look."""
    for entry in plan.combinations:
        if (key := scenario_key(entry)) not in ticking:
            settings = scenarios.settings(entry)
            found |= dict.fromkeys(without_effect(settings))
            if not without_clock(settings.scenario):
                ticking.add(key)
    return list(found)


def scenario_key(combination: Combination) -> str:
    """Return what combinations with the same scenario have in common."""
    own = {k: v for k, v in combination.changes.items() if k.partition(".")[0] == "scenario"}
    return f"{combination.base} {json.dumps(own, sort_keys=True)}"


def _of_scenario(key: str) -> bool:
    return key.startswith("scenario.")


def number_of(key: str) -> str:
    """Return the number of a scenario whose value a key sets."""
    return key.removeprefix("scenario.").removesuffix(".value")


def with_values(scenario: Scenario, values: Mapping[str, float | Column]) -> Scenario:
    """Return a valid scenario in which some numbers, by their paths, have other values.

    Each value, or each of a column, lies in its number's range, and is whole where it must be; that
    they still fit each other is for `value_problems` to say.
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
    return varied


def _replaced(node: object, tree: Tree | float | Column) -> object:
    """Return a copy of `node` with the values of `tree`; the rest is shared."""
    if not isinstance(tree, dict):
        assert isinstance(node, Number)
        return node.model_copy(update={"value": tree})
    if isinstance(node, BaseModel):
        return node.model_copy(
            update={str(k): _replaced(getattr(node, str(k)), inner) for k, inner in tree.items()}
        )
    if isinstance(node, dict):
        return node | {k: _replaced(node[k], inner) for k, inner in tree.items()}
    assert isinstance(node, tuple)
    return tuple(_replaced(v, tree[n]) if n in tree else v for n, v in enumerate(node))


def _is_value(key: str) -> bool:
    """Return whether a key sets the value of a number of the scenario that need not be whole."""
    parts = key.split(".")
    named = all(part.isidentifier() for part in parts)
    return named and (parts[0], parts[-1]) == ("scenario", "value") and not is_whole(number_of(key))


@cache
def is_whole(path: str) -> bool:
    """Return whether the number at a path of a scenario must be whole."""
    annotation: object = Scenario
    for step in steps(path):
        model = _bare(annotation)
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields[str(step)]
            annotation = field.annotation
            if field.metadata:  # Pydantic keeps the marks of a field apart from its annotation
                annotation = Annotated[(annotation, *field.metadata)]
        else:
            annotation = next(a for a in reversed(get_args(model)) if a is not Ellipsis)
    return any(mark in WHOLE for mark in get_args(_present(annotation))[1:])


def _present(annotation: object) -> object:
    """Return an annotation without its ``| None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _bare(annotation: object) -> object:
    """Return an annotation without ``| None`` and marks."""
    present = _present(annotation)
    return get_args(present)[0] if get_origin(present) is Annotated else present
