"""Dotted paths into plain configurations, and copies that differ in a few places."""

import re
from collections.abc import Mapping
from functools import cache

Step = str | int
"""A key of a mapping or an index of a list."""


@cache
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path such as ``scenario.channels[0].calls_per_year.value``."""
    found = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return tuple(int(index) if index else key for index, key in found)


def place(path: str) -> tuple[str, ...]:
    """Return a path as keys alone: ``channels.0`` and ``channels[0]`` are the same place."""
    return tuple(str(step) for step in steps(path))


def at(node: object, path: str) -> object:
    """Return what stands at a path, None if nothing does."""
    for step in steps(path):
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list) and str(step).isdecimal() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node


def has(node: object, path: str) -> bool:
    """Return whether a path into mappings exists."""
    parent, _, last = path.rpartition(".")
    inner = at(node, parent) if parent else node
    return isinstance(inner, Mapping) and last in inner


def related(one: str, other: str) -> bool:
    """Return whether two paths are the same, or one lies below the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def changed(node: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    """Return a copy of a configuration with some paths set.

    Only what the changes touch is copied; the rest is shared with `node`.
    """
    result = dict(node)
    copied: dict[tuple[Step, ...], dict[Step, object] | list[object]] = {}
    for path, value in changes.items():
        *parents, last = steps(path)
        here: dict[Step, object] | list[object] = result  # type: ignore[assignment]
        for depth, step in enumerate(parents, start=1):
            place = tuple(parents[:depth])
            if place not in copied:
                inner = here.get(step) if isinstance(here, dict) else here[int(step)]
                copied[place] = list(inner) if isinstance(inner, list) else dict(_mapping(inner))
                _put(here, step, copied[place])
            here = copied[place]
        _put(here, last, value)
        if isinstance(value, Mapping):
            whole = (*parents, last)
            for place in [p for p in copied if p[: len(whole)] == whole]:
                del copied[place]
    return result


def _put(node: dict[Step, object] | list[object], step: Step, value: object) -> None:
    if isinstance(node, dict):
        node[step] = value
    else:
        node[int(step)] = value


def _mapping(node: object) -> Mapping[Step, object]:
    return node if isinstance(node, Mapping) else {}
