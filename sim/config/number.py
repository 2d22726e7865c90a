"""A number with its provenance: a source, a derivation from sources, or an assumption.

In the short form of a scenario words, bare numbers and lists stand for assumptions.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, TypeGuard

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from sim.errors import did_you_mean

SAFE_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""Builds plain values only; libyaml's parser is ten times as fast as Python's."""
FIRST_YEAR, LAST_YEAR = 100, 9899
"""Years of a scenario's dates; what follows from them stays within the calendar of Python."""
ASSUMPTION = "assumption"
DERIVED = "derived"
SETTING = "setting"
"""Basis of a sourced number whose value an override replaced; never written in a file."""
RESERVED = (ASSUMPTION, DERIVED, SETTING)
"""Words that stand for a basis without being the key of a source."""


class Model(BaseModel):
    """Base of all parts of a scenario: unchangeable, no unknown keys, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Number(Model):
    """A value and where it comes from."""

    value: float = Field(strict=True)  # the value; its unit is that of the field that holds it
    # key of a source, ``"derived"`` (then `sources` says from which) or ``"assumption"``
    # (then `low` and `high` give the range thought possible)
    basis: str = Field(strict=True, min_length=1)
    # low, high: range for sensitivity analysis; required for an assumption
    low: float | None = Field(default=None, strict=True)
    high: float | None = Field(default=None, strict=True)
    # `from` in YAML: keys of the sources of a derived value, or of those that an assumption stands
    # beside
    sources: tuple[str, ...] = Field(default=(), alias="from")
    note: str = ""  # how it was derived or why it was assumed

    @model_validator(mode="before")
    @classmethod
    def _has_a_basis(cls, raw: object) -> object:
        if isinstance(raw, (int, float, str)):
            raise ValueError(
                f"needs a basis, got the bare value {raw}: write {{value: {raw}, basis: SOURCE}} "
                f"or {{value: {raw}, low: .., high: .., basis: assumption}}, or set its `.value`"
            )
        if isinstance(raw, Mapping) and "value" in raw and "basis" not in raw:
            raise ValueError("needs a basis: the key of a source, 'derived' or 'assumption'")
        return raw

    @model_validator(mode="after")
    def _range_and_sources_agree(self) -> "Number":
        if self.basis == ASSUMPTION and (self.low is None or self.high is None):
            raise ValueError("an assumption needs both low and high")
        if self.basis == DERIVED and not self.sources:
            raise ValueError("a derived value needs `from: [SOURCE, ...]`")
        if self.basis not in (DERIVED, ASSUMPTION) and self.sources:
            near = did_you_mean(self.basis, (DERIVED, ASSUMPTION))
            raise ValueError(
                f"`from` belongs to a derived value or an assumption, not to '{self.basis}'{near}"
            )
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if low > high:
            raise ValueError(f"low {low:g} lies above high {high:g}")
        if not low <= self.value <= high:
            raise ValueError(f"{self.value:g} lies outside its stated range {low:g} to {high:g}")
        return self

    @property
    def assumed(self) -> bool:
        """True if no source stands behind the value."""
        return self.basis == ASSUMPTION

    def __float__(self) -> float:
        """Return the value."""
        return self.value


CLASSED = re.compile(r"\.(weights|ideals|opening)\.|\.position$")
"""Paths of weights and positions, which are coded in classes."""


def assumptions_by_class(numbers: Iterable[tuple[str, Number]]) -> dict[tuple[object, ...], int]:
    """Return how many numbers share each assumption.

    Weights of the same value and range are one class of the coding rule, and so are positions at
    the same distance from either end; any other assumption stands for itself.

    numbers: paths and numbers of a scenario.
    """
    found: Counter[tuple[object, ...]] = Counter()
    for path, entry in numbers:
        if not entry.assumed or entry.low is None or entry.high is None:
            continue
        span = (entry.value, entry.low, entry.high)
        coded = CLASSED.search(path)
        if coded is None:
            found[(path,)] += 1
        elif coded[1] == "weights":
            found[("weight", *span)] += 1
        else:
            turned = tuple(round(1.0 - v, 9) for v in (entry.value, entry.high, entry.low))
            found[("position", *min(span, turned))] += 1
    return dict(found)


def _within(low: float, high: float, whole: bool = False) -> Callable[[Number], Number]:
    def check(number: Number) -> Number:
        for name, figure in (("", number.value), ("low ", number.low), ("high ", number.high)):
            if figure is None:
                continue
            if not low <= figure <= high:
                raise ValueError(f"{name}{figure:g} must lie {_span(low, high)}")
            if whole and figure != int(figure):
                raise ValueError(f"{name}{figure:g} must be a whole number")
        return number

    return check


def _span(low: float, high: float) -> str:
    return f"at or above {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"


Share = Annotated[Number, AfterValidator(_within(0.0, 1.0))]
"""A number in [0, 1]: a share, a probability, a position between the two wordings."""
Signed = Annotated[Number, AfterValidator(_within(-1.0, 1.0))]
"""A number in [-1, 1]."""
Amount = Annotated[Number, AfterValidator(_within(0.0, math.inf))]
"""A number at or above 0: a rate, a weight, a duration."""
Exponent = Annotated[Number, AfterValidator(_within(1.0, 10.0))]
"""A loss exponent: 1 linear, 2 quadratic."""
Ratio = Annotated[Number, AfterValidator(_within(0.1, 10.0))]
"""A ratio of two positive numbers."""
Count = Annotated[Number, AfterValidator(_within(0.0, math.inf, whole=True))]
"""A whole number at or above 0."""
Tally = Annotated[Number, AfterValidator(_within(1.0, math.inf, whole=True))]
"""A whole number at or above 1."""
Duration = Annotated[Number, AfterValidator(_within(1e-6, math.inf))]
"""A length of time above 0."""


def _only_dates(raw: object) -> object:
    """Refuse anything but a date or its ISO form; a bare number is no date."""
    found = raw
    if isinstance(raw, str):
        with suppress(ValueError):
            found = date.fromisoformat(raw)
    if not isinstance(found, date):
        raise ValueError(f"'{raw}' is not a date, write it as 2024-09-17")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"{found} must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
    return found


def _only_ids(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", raw):
        raise ValueError(f"'{raw}' is no id: write up to 64 letters A-Z or a-z, digits, _ and -")
    return raw


Id = Annotated[str, AfterValidator(_only_ids)]
"""Name of an actor, an article, a precondition or a source; a step of a dotted path."""

Day = Annotated[date, BeforeValidator(_only_dates)]
"""A calendar date, written year-month-day."""


def override_of(path: str) -> str:
    """Return the key that sets a number on a command line, e.g. ``scenario.channels.0.x.value``.

    path: its path in the scenario, e.g. ``channels[0].x``.
    """
    return "scenario." + re.sub(r"\[(\d+)\]", r".\1", path) + ".value"


def pattern_of(text: str) -> str:
    """Return the pattern of a number's path, also where it is written as its override is."""
    plain = text.removeprefix("scenario.").removesuffix(".value")
    return re.sub(r"\[(\d+)\]", r".\1", plain)


# --- words and bare numbers that stand for a number, in the short form of a scenario

Plain = dict[str, object]
"""A part of a scenario as it is read from YAML."""
EACH = "each"
"""Stands for every party and opposition, or every actor, that has no entry of its own."""
LEAN = "lean_"
"""Before a party's id: a position between its wording and the middle."""


@cache
def assumed() -> Plain:
    """Return what is taken where a scenario in the short form says nothing, and its classes."""
    text = Path(__file__).with_name("assumed.yaml").read_text("utf-8")
    found: Plain = yaml.load(text, SAFE_LOADER)  # noqa: S506 - a safe one
    return found


@dataclass(frozen=True)
class Cast:
    """Who is there, as far as a file that is not yet validated says it."""

    parties: tuple[str, ...]
    mediator: str | None
    oppositions: Mapping[str, str]  # the party at whose home each sits

    @property
    def sided(self) -> tuple[str, ...]:
        """Actors with a wording of their own side."""
        return (*self.parties, *self.oppositions)

    @property
    def everyone(self) -> tuple[str, ...]:
        """All actors."""
        return self.sided if self.mediator is None else (*self.sided, self.mediator)

    def side_of(self, actor: str) -> int:
        """Return 0 or 1 for the side of a party or an opposition, -1 for a mediator."""
        party = self.oppositions.get(actor, actor)
        return self.parties.index(party) if party in self.parties else -1


def cast_of(plain: Mapping[str, object]) -> Cast:
    """Return who is there in a mapping of any shape."""
    raw = plain.get("parties")
    parties = tuple(str(party) for party in raw) if isinstance(raw, (list, tuple)) else ()
    mediator, opposition = plain.get("mediator"), mapping(plain.get("opposition"))
    if isinstance(mediator, Mapping):
        mediator = mediator.get("id")
    found = {str(opposition["id"]): str(opposition.get("home"))} if "id" in opposition else {}
    for party, home in mapping(plain.get("homes")).items():
        beside = mapping(mapping(home).get("opposition"))
        found |= {str(beside["id"]): party} if "id" in beside else {}
    return Cast(parties, None if mediator is None else str(mediator), found)


@dataclass(frozen=True)
class Classes:
    """What words and bare numbers stand for in one scenario."""

    weights: Mapping[str, object]
    positions: Mapping[str, object]
    spread: Mapping[str, object]

    @classmethod
    def of(cls, plain: Mapping[str, object]) -> "Classes":
        """Return those of the package with a scenario's own in front."""
        own, known = mapping(plain.get("classes")), mapping(assumed()["classes"])
        parts = ("weights", "positions", "spread")
        return cls(*({**mapping(known[part]), **mapping(own.get(part))} for part in parts))

    def weight(self, raw: object) -> object:
        """Return the number that a weight stands for; what is none stays as it is."""
        if isinstance(raw, str):
            return number(self.weights.get(raw, raw))
        if not is_bare(raw):
            return number(raw)
        around = float(str(self.spread["weights"])) * abs(raw)
        return assumption(raw, rounded(raw - around), rounded(raw + around))

    def position(self, raw: object, actor: str, cast: Cast) -> object:
        """Return the number that a position of an actor stands for; what is none stays."""
        if not isinstance(raw, str):
            return self._around(raw) if is_bare(raw) else number(raw)
        side, word = cast.side_of(actor), raw
        for at, party in enumerate(cast.parties):
            if raw in (party, LEAN + party):
                side, word = at, "own" if raw == party else f"{LEAN}own"
        found = number(self.positions.get(word))
        if not isinstance(found, dict) or (side < 0 and found["value"] != 0.5):
            return raw
        return mirrored(found) if side == 1 else found

    def _around(self, raw: float) -> Plain:
        spread = float(str(self.spread["positions"]))
        low, high = max(0.0, raw - spread), min(1.0, raw + spread)
        return assumption(raw, rounded(min(low, raw)), rounded(max(high, raw)))

    def words(self, kind: str, cast: Cast) -> list[str]:
        """Return the words for one kind of number, ``"weights"`` or ``"positions"``."""
        if kind == "weights":
            return list(self.weights)
        return [*self.positions, *cast.parties, *(LEAN + party for party in cast.parties)]


def number(raw: object) -> object:
    """Return ``[value, low, high]`` as an assumption, and a mapping with a range as one."""
    if isinstance(raw, (list, tuple)) and len(raw) == 3 and all(is_bare(part) for part in raw):
        return assumption(*raw)
    if isinstance(raw, Mapping) and {"value", "low", "high"} <= raw.keys() and "basis" not in raw:
        return {**raw, "basis": ASSUMPTION}
    return raw


def mirrored(found: Mapping[str, object]) -> Plain:
    """Return a position of the first side as the same of the second, counted from 1."""
    value, low, high = (1.0 - float(str(found[key])) for key in ("value", "low", "high"))
    return {**found, "value": rounded(value), "low": rounded(high), "high": rounded(low)}


def rounded(figure: float) -> float:
    """Return a figure without the last digits, so that 1 - 0.9 is 0.1."""
    return round(figure, 12)


def assumption(value: float, low: float, high: float) -> Plain:
    """Return an assumed number in the long form."""
    return {"value": value, "low": low, "high": high, "basis": ASSUMPTION}


def is_bare(raw: object) -> TypeGuard[float]:
    """Return whether something is a figure without a basis."""
    return isinstance(raw, (int, float)) and not isinstance(raw, bool)


def mapping(raw: object) -> Plain:
    """Return a mapping with its keys as text, an empty one for anything else."""
    return {str(k): v for k, v in raw.items()} if isinstance(raw, Mapping) else {}


def named(actor: str) -> str:
    """Return an id as a name for readers."""
    return re.sub(r"[_-]+", " ", actor).strip().title() or actor
