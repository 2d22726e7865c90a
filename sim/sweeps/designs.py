"""Which combinations of values a sweep has: crossed, zipped, filtered."""

import itertools
import math
from collections.abc import Sequence

from sim.errors import ConfigError, did_you_mean
from sim.sweeps.conditions import Condition
from sim.sweeps.limits import check_cells
from sim.sweeps.overrides import Option, Term

Choices = dict[str, Option]
"""The value of each key, for one cell."""


def combinations(
    terms: Sequence[Term],
    zipped: Sequence[Sequence[str]],
    filters: Sequence[str],
    assumptions: Sequence[str] = (),
) -> list[Choices]:
    """Return the combinations of values, the last key on the line varying fastest.

    Parameters
    ----------
    terms : sequence of Term
        All keys of the line; an interval is represented by its lower end.
    zipped : sequence of sequence of str
        Keys that advance together instead of being crossed.
    filters : sequence of str
        Conditions such as ``strategy@armenia != strategy@azerbaijan``; all must hold.
    assumptions : sequence of str
        Patterns of the assumptions that are drawn.

    Raises
    ------
    ConfigError
        If a zip or a condition cannot be used, or no combination is left.
    """
    bundles = _bundles(terms, zipped)
    check_cells(math.prod(len(bundle) for bundle in bundles))
    conditions = [Condition.read(text, terms, assumptions) for text in filters]
    found = []
    for parts in itertools.product(*bundles):
        choices = {key: option for part in parts for key, option in part.items()}
        ordered = {term.key: choices[term.key] for term in terms}
        if all(condition.holds(ordered) for condition in conditions):
            found.append(ordered)
    if not found:
        raise ConfigError(["filter: no cell is left"])
    return found


def _bundles(terms: Sequence[Term], zipped: Sequence[Sequence[str]]) -> list[list[Choices]]:
    """Return what is crossed: each term alone, zipped terms together."""
    by_key = {term.key: term for term in terms}
    together: dict[str, int] = {}
    problems = []
    for number, keys in enumerate(zipped):
        name = ",".join(keys)
        lengths = set()
        if len(keys) < 2:
            problems.append(f"zip {name}: name two keys or more that advance together")
        for key in keys:
            if key in by_key and by_key[key].interval:
                problems.append(f"zip {name}: '{key}' is drawn, only listed values can be zipped")
            elif key not in by_key or not by_key[key].swept:
                swept = [t.key for t in terms if t.swept and not t.interval]
                problems.append(f"zip {name}: '{key}' is not swept" + did_you_mean(key, swept))
            elif key in together:
                problems.append(f"zip {name}: '{key}' is zipped twice")
            else:
                together[key] = number
                lengths.add(len(by_key[key].options))
        if len(lengths) > 1:
            counts = ", ".join(f"{key} has {len(by_key[key].options)}" for key in keys)
            problems.append(f"zip {name}: needs as many values of each key, {counts}")
    if problems:
        raise ConfigError(problems)
    bundles: list[list[Choices]] = []
    done: set[int] = set()
    for term in terms:
        number = together.get(term.key, -1)
        if number in done:
            continue
        if number < 0:
            bundles.append([{term.key: option} for option in represented(term)])
            continue
        done.add(number)
        keys = zipped[number]
        rows = zip(*(by_key[key].options for key in keys), strict=True)
        bundles.append([dict(zip(keys, row, strict=True)) for row in rows])
    return bundles


def represented(term: Term) -> tuple[Option, ...]:
    """Return a term's values; the lower end stands for an interval."""
    if term.interval is None:
        return term.options
    low = int(term.interval[0]) if term.whole else term.interval[0]
    return (Option(repr(low), low),)
