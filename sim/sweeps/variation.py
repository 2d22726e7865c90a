"""A scenario with other values inside its own stated ranges, without validating it all again.

Range and value of a number were checked together when the scenario was validated, so a value
inside the range is valid by itself; what remains are the checks across numbers.
"""

import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from sim.errors import ConfigError
from sim.scenario import Scenario
from sim.scenario.checks import value_problems
from sim.scenario.number import Count, Number, Tally
from sim.sweeps.paths import Step, steps

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
    """Strip an optional's `None`."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(a for a in get_args(annotation) if a is not type(None))
    return annotation


def _bare(annotation: object) -> object:
    """Strip `None` and marks from an annotation."""
    present = _present(annotation)
    return get_args(present)[0] if get_origin(present) is Annotated else present
