"""The validated settings of a plan's cells; a scenario that several cells share is validated once.

Numbers that are drawn inside the ranges that a valid scenario states are put into it without
validating the rest again: a sampled design has a scenario of its own in every cell.
"""

import json
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Union, get_args, get_origin

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

Tree = dict[Step, "Tree | float"]
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
        of_scenario = {key: value for key, value in drawn.items() if key.startswith("scenario.")}
        shared, inside = self._shared(combination)
        if not of_scenario.keys() <= inside:
            return build_settings(plan.plain(cell))
        scenario = with_values(shared.scenario, {number_of(k): v for k, v in of_scenario.items()})
        if len(of_scenario) == len(drawn):
            return shared.model_copy(update={"scenario": scenario})
        return build_settings(plan.plain(cell), scenario)

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


def number_of(key: str) -> str:
    """Return the number of a scenario whose value a key sets."""
    return key.removeprefix("scenario.").removesuffix(".value")


def with_values(scenario: Scenario, values: Mapping[str, float]) -> Scenario:
    """Return a valid scenario in which some numbers, by their paths, have other values.

    Each value lies in its number's range, and is whole where it must be. Raises ConfigError if they
    do not fit each other any more.
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
