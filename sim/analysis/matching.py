"""Which cells of two sweeps belong together, in what they differ, and whether they share chance."""

from collections.abc import Mapping

from sim.analysis.results import NotInResults, Results, word
from sim.sweeps.overrides import Value

Names = tuple[str, ...]
Match = tuple[int, int, dict[str, Value], tuple[str, ...]]


def matched(one: Results, other: Results) -> list[Match]:
    """Return which combinations belong together, the values they share and how they differ.

    Raises
    ------
    NotInResults
        If there are none.
    """
    shared = [key for key in one.chosen_keys if key in other.chosen_keys]
    by_values: dict[tuple[str, ...], list[int]] = {}
    for number, entry in enumerate(other.plan.combinations):
        by_values.setdefault(tuple(word(entry.values[k]) for k in shared), []).append(number)
    configs = [other.config_of(number) for number in range(len(other.plan.combinations))]
    flat = [flat_config(config) for config in configs]
    talks = [_negotiation(config) for config in configs]
    found, strangers = [], set()
    for number, entry in enumerate(one.plan.combinations):
        candidates = by_values.get(tuple(word(entry.values[k]) for k in shared), [])
        config = one.config_of(number)
        own = _negotiation(config)
        strangers |= {(own, talks[c]) for c in candidates if talks[c] != own}
        candidates = [c for c in candidates if talks[c] == own]
        if not candidates:
            continue
        mine = flat_config(config)
        apart = {c: differences(mine, flat[c]) for c in candidates}
        best = min(candidates, key=lambda c: len(apart[c]))
        values = {key: entry.values[key] for key in shared}
        found.append((number, best, values, apart[best]))
    if not found and strangers:
        first, second = (" and ".join(side[0]) for side in min(strangers))
        what = f"of {first}, and of {second}" if first != second else "over other provisions"
        raise NotInResults(f"the two sweeps play different negotiations: {what}")
    if not found:
        raise NotInResults(
            "the two sweeps have no cell in common: no values of the keys that both have agree"
        )
    return found


def _negotiation(config: Mapping[str, object]) -> tuple[Names, Names]:
    """Return the parties of a configuration's negotiation, and what it is about."""
    scenario = config.get("scenario")
    if not isinstance(scenario, Mapping):
        return (), ()
    parties, articles = scenario.get("parties"), scenario.get("articles")
    return (
        tuple(str(party) for party in parties) if isinstance(parties, list) else (),
        tuple(sorted(articles)) if isinstance(articles, Mapping) else (),
    )


def flat_config(node: object, path: str = "") -> dict[str, object]:
    """Return a configuration as dotted paths and values, without seed and replicate."""
    if isinstance(node, Mapping):
        parts = [flat_config(v, f"{path}.{k}" if path else str(k)) for k, v in node.items()]
    elif isinstance(node, list):
        parts = [flat_config(v, f"{path}[{n}]") for n, v in enumerate(node)]
    else:
        return {path: node}
    return {
        key: value
        for part in parts
        for key, value in part.items()
        if key not in ("seed", "replicate")
    }


def settings_apart(one: Results, other: Results) -> list[tuple[str, object, object]]:
    """Return the settings that neither sweep moved and that differ: path and both values."""
    moved = _moved(one) | _moved(other)
    first, second = flat_config(one.config_of(0)), flat_config(other.config_of(0))
    return [
        (path, first.get(path), second.get(path))
        for path in dict.fromkeys([*first, *second])
        if first.get(path) != second.get(path)
        and not any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in moved)
    ]


def _moved(results: Results) -> set[str]:
    """Return the dotted paths that differ between the cells of a sweep."""
    plan = results.plan
    moved = set(plan.point_keys)
    changes = [entry.changes for entry in plan.combinations]
    for path in dict.fromkeys(path for change in changes for path in change):
        if any(change.get(path) != changes[0].get(path) for change in changes):
            moved.add(path)
    first, *others = (flat_config(base) for base in plan.bases)
    for base in others:
        moved |= {path for path in {*first, *base} if first.get(path) != base.get(path)}
    return moved


def differences(one: Mapping[str, object], other: Mapping[str, object]) -> tuple[str, ...]:
    """Return the paths in which two configurations differ, with both values."""
    return tuple(
        f"{path}: {one.get(path, 'none')} → {other.get(path, 'none')}"
        for path in dict.fromkeys([*one, *other])
        if one.get(path) != other.get(path)
    )


def share_chance(one: Results, other: Results) -> bool:
    """Return whether replicate and point numbers mean the same shocks and numbers in both.

    Points are kept as the numbers that were drawn, so other ranges give other points. The weeks
    of a longer horizon begin with those of a shorter one.
    """
    a, b = one.plan, other.plan
    keys = [
        (p.seed, p.points, p.point_keys, p.design.get("kind"), p.versions.get("numpy"))
        for p in (a, b)
    ]
    return keys[0] == keys[1]
