"""What a sweep moved, and on what ground each of its numbers stands: source, assumption, choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sim.analysis.results import Results, word
from sim.config.number import ASSUMPTION, DERIVED, SETTING
from sim.sweeps.plan import at

Ground: TypeAlias = Literal["assumption", "derived", "sourced", "setting", "choice", "reading"]

GROUND_WORDS: Mapping[Ground, str] = {
    "assumption": "assumed",
    "derived": "derived",
    "sourced": "sourced",
    "setting": "set on the line",
    "choice": "choice",
    "reading": "whole reading",
}
"""In words: assumed with a range; derived from sources; sourced; sourced, but replaced by a value
of the line; conduct, a rule of the talks or a setting of the run; many numbers and rules at once.
"""


@dataclass(frozen=True)
class Input:
    """One thing that a sweep moved."""

    key: str  # as it was swept
    ground: Ground  # key of `GROUND_WORDS`
    basis: str  # key of the source, where there is one
    stated: float | None  # the scenario's own value of a number
    # low, high: its stated range
    low: float | None
    high: float | None
    swept: str  # values, or the ends of the interval, that the sweep gave it
    drawn: bool  # whether a sampled design drew it


def inputs(results: Results) -> list[Input]:
    """Return what the sweep moved, in the order of its columns."""
    plan = results.plan
    config = results.config_of(0)
    found = []
    for key in plan.swept:
        drawn = key in plan.point_keys
        number = at(config, key.removesuffix(".value")) if key.startswith("scenario.") else None
        ground, basis = _ground(key, number)
        fields = number if isinstance(number, Mapping) else {}
        found.append(
            Input(
                key=key,
                ground=ground,
                basis=basis,
                stated=_number(fields.get("value")) if drawn else None,
                low=_number(fields.get("low")),
                high=_number(fields.get("high")),
                swept=_swept(results, key),
                drawn=drawn,
            )
        )
    return found


def _ground(key: str, number: object) -> tuple[Ground, str]:
    if key in ("scenario", "preset"):
        return "reading", ""
    if not isinstance(number, Mapping):
        return "choice", ""
    basis = str(number.get("basis", ""))
    if basis == ASSUMPTION:
        return "assumption", ""
    if basis == DERIVED:
        sources = number.get("from", [])
        return "derived", ", ".join(str(s) for s in sources) if isinstance(sources, list) else ""
    return ("setting", "") if basis == SETTING else ("sourced", basis)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _swept(results: Results, key: str) -> str:
    plan = results.plan
    if key in plan.point_keys:
        place = plan.point_keys.index(key)
        low, high = plan.design.get("low"), plan.design.get("high")
        if isinstance(low, list) and isinstance(high, list):
            return f"{low[place]:g} to {high[place]:g}"
    return ", ".join(dict.fromkeys(word(entry.values[key]) for entry in plan.combinations))
