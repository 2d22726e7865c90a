"""How far two codings of the same cases agree: Krippendorff's alpha, and what disagrees most.

The second coding stands in `second_coding/`; no rule reads it. It was made by `docs/coding.md` from
titles, sources and what was known at the start, without sight of the first or of any run.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.config import config_folder
from sim.config.number import mapping
from sim.config.sources import read_mapping

Floats = NDArray[np.float64]
SECOND = Path(__file__).parent / "second_coding"
SCALES: Mapping[str, tuple[str, ...]] = {
    "weight": ("routine", "of_note", "important", "core"),
    "ideal": ("middle", "lean_own", "own"),
    "status": ("open", "half", "agreed"),
}
"""Classes of each kind, in their order; that of a status is not used."""
RESAMPLES = 2000


class Unit(NamedTuple):
    """One thing that both coded."""

    kind: str
    case: str
    item: str
    party: str  # empty for the status, which is of both
    first: str
    second: str


def alpha(ratings: Floats, ordinal: bool) -> float:
    """Return Krippendorff's alpha (2011) of ratings, shape (observers, units), nan where missing.

    1 is full agreement, 0 that of chance; nan if all ratings are alike.
    """
    values = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, np.newaxis] == values).sum(axis=0)
    counts = counts[counts.sum(axis=1) > 1]  # a unit that one alone rated is compared with nothing
    pairs = counts[:, :, np.newaxis] * counts[:, np.newaxis] - np.eye(values.size) * counts[:, None]
    coincidences = (pairs / (counts.sum(axis=1) - 1)[:, np.newaxis, np.newaxis]).sum(axis=0)
    total = coincidences.sum(axis=0)
    middle = np.cumsum(total) - total / 2
    distance = 1.0 - np.eye(values.size)
    if ordinal:
        distance = (middle[:, np.newaxis] - middle) ** 2
    expected = (np.outer(total, total) * distance).sum() / (total.sum() - 1)
    return float(1 - (coincidences * distance).sum() / expected) if expected else float("nan")


def units(case: str) -> Iterator[Unit]:
    """Yield what both coded of a case: status of articles, classes of weights and ideals."""
    first = read_mapping(config_folder() / "scenario" / f"{case}.yaml")
    second = read_mapping(SECOND / f"{case}.yaml")
    parties = [str(party) for party in first["parties"]]  # type: ignore[attr-defined]
    for key, entry in mapping(first["articles"]).items():
        one, other = mapping(entry), mapping(mapping(second["articles"])[key])
        yield Unit("status", case, key, "", str(one["status"]), str(other["status"]))
        stakes = mapping(one["stakes"])
        for party in parties:
            classes = str(stakes.get(party, stakes.get("each"))).split()
            for kind, own in zip(("weight", "ideal"), classes, strict=True):
                yield Unit(kind, case, key, party, own, str(mapping(other[kind])[party]))
    for key, entry in mapping(first.get("preconditions")).items():
        one, other = mapping(entry), mapping(mapping(second["preconditions"])[key])
        for party in parties:
            own = str(mapping(one["weights"])[party])
            yield Unit("weight", case, key, party, own, str(mapping(other["weight"])[party]))


def all_units() -> list[Unit]:
    """Return what was coded twice, in all cases that were."""
    return [unit for file in sorted(SECOND.glob("*.yaml")) for unit in units(file.stem)]


def agreement_table() -> pl.DataFrame:
    """Return alpha of each kind of class with its 95 % interval by bootstrap over items.

    Ideals once more without what was agreed at the start, on which nothing is bargained any more.
    """
    known = all_units()
    agreed = {u[1:3] for u in known if u.kind == "status" and u.first == "agreed"}
    groups = {kind: [unit for unit in known if unit.kind == kind] for kind in SCALES}
    groups["ideal, not agreed"] = [u for u in groups["ideal"] if u[1:3] not in agreed]
    return pl.DataFrame([agreement(name, of) for name, of in groups.items()])


def agreement(name: str, known: Sequence[Unit]) -> dict[str, object]:
    """Return a row of the table."""
    scale, ordinal = SCALES[known[0].kind], known[0].kind != "status"
    blocks: dict[tuple[str, ...], list[list[float]]] = {}
    for unit in known:
        pair = [float(scale.index(unit.first)), float(scale.index(unit.second))]
        blocks.setdefault(unit[1:3], []).append(pair)
    items = [np.array(block).T for block in blocks.values()]
    whole = np.hstack(items)
    draws = np.random.default_rng(1).integers(0, len(items), (RESAMPLES, len(items)))
    drawn = [alpha(np.hstack([items[n] for n in draw]), ordinal) for draw in draws]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return {
        "coded": name,
        "scale": "ordinal" if ordinal else "nominal",
        "units": whole.shape[1],
        "the same": int((whole[0] == whole[1]).sum()),
        "alpha": f"{alpha(whole, ordinal):.2f} [{low:.2f}, {high:.2f}]",
    }


def disagreements() -> list[str]:
    """Return what lies two classes apart, in words."""
    return [
        f"{unit.case}, {unit.item}: {unit.kind}{' of ' * bool(unit.party)}{unit.party} "
        f"{unit.first} and {unit.second}"
        for unit in all_units()
        if abs(SCALES[unit.kind].index(unit.first) - SCALES[unit.kind].index(unit.second)) > 1
    ]
