"""The tape of outside chance: every random number of a run, drawn before it starts.

One `numpy.random.SeedSequence` a sweep, spawned into one stream a submodel. Rules read the tape
and never draw, so two strategies meet the same incidents, poll errors and replies (common random
numbers), and a submodel that is switched off shifts nobody else's numbers.

Streams are drawn for blocks of `BLOCK` replicates, week by week: replicate `r` depends on the
seed and on `r` alone, and a longer horizon repeats the shorter one's weeks.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.model.records import EDGES, ISSUES, Field, record_type

BLOCK = 32
"""Replicates drawn together; part of what a seed means, so it never changes."""
PIECE = 4096
"""Normals that are kept together; whatever it is, a stream gives the same."""

_U, _N = "uniform", "normal"

SHOCK_FIELDS: tuple[tuple[str, str, Field], ...] = (
    ("calendar", _U, Field("incident", "f8", (), "u", "an incident happens")),
    ("calendar", _U, Field("escalation", "f8", (), "u", "it ends the talks")),
    ("channels", _U, Field("contact", "f8", (EDGES,), "u", "call or meeting on each edge")),
    ("mediation", _U, Field("text", "f8", (), "u", "a single text is tabled")),
    ("offers", _U, Field("reply", "f8", (2,), "u", "a side answers")),
    ("offers", _U, Field("stance", "f8", (2,), "u", "free for strategies that draw")),
    ("concessions", _U, Field("occasion", "f8", (2,), "u", "an occasion to concede alone")),
    ("preconditions", _U, Field("consent", "f8", (), "u", "missing votes are found")),
    ("preconditions", _N, Field("yes", "f8", (), "z", "swing of the referendum's yes share")),
    ("preconditions", _N, Field("turnout", "f8", (), "z", "swing of its turnout")),
    ("ratification", _U, Field("ratifier", "f8", (2,), "u", "the ratifier's reservation")),
    ("ratification", _U, Field("lapse", "f8", (), "u", "a deal in force lapses")),
    ("politics", _N, Field("approval", "f8", (), "z", "swing of approval")),
    ("politics", _N, Field("election", "f8", (), "z", "swing of an election")),
    ("second_votes", _U, Field("second_consent", "f8", (), "u", "consent, at a second home")),
    ("second_votes", _N, Field("second_yes", "f8", (), "z", "yes, at a second home")),
    ("second_votes", _N, Field("second_turnout", "f8", (), "z", "turnout, at a second home")),
    ("second_politics", _N, Field("second_approval", "f8", (), "z", "approval, likewise")),
    ("second_politics", _N, Field("second_election", "f8", (), "z", "election, likewise")),
    ("street", _U, Field("street", "f8", (2,), "u", "a wave of protest brings a government down")),
    ("answers", _U, Field("choice", "f8", (2, 2), "u", "two for each side's answers")),
)
"""(submodel, law, field) for each shock of a week; uniforms on [0, 1), standard normals.

Fields of one submodel and law stand next to each other. Those named `second` are drawn only where
politics at both homes are modelled, and serve the second party's.
"""

SHOCK = record_type(tuple(f for _, _, f in SHOCK_FIELDS))
WIDTH = SHOCK.itemsize // 8
"""Numbers in one week of the tape."""

_WEEKLY = tuple(dict.fromkeys(submodel for submodel, _, _ in SHOCK_FIELDS))
_OF_SECOND = ("second_votes", "second_politics")
_LATER = (*_OF_SECOND, "street")

STREAMS = (
    *(name for name in _WEEKLY if name not in (*_LATER, "answers")),
    "types",
    "errors",
    "citizens",
    *_LATER,
    "second_citizens",
    "camps",
    "second_camps",
    "answers",
)
"""Names of the spawned streams, in spawning order; new ones go to the end."""


class Tape(NamedTuple):
    """Chance of some replicates."""

    weekly: NDArray[np.void]  # what happens in each week; shape (replicates, weeks)
    # uniforms that settle each side's hidden type; shape (replicates, 2)
    types: NDArray[np.float64]
    # standard normals of each side's error about the other's weights; shape (replicates, 2,
    # ISSUES)
    errors: NDArray[np.float64]
    # standard normals of innate opinion, of protest threshold, and whose sign is the camp;
    # shape (replicates, 3, citizens)
    citizens: NDArray[np.float64]
    # the same of a second home, whose public may have another size
    second_citizens: NDArray[np.float64]


def stream(seed: int, block: int, name: str) -> np.random.Generator:
    """Return the generator of one submodel for one block of replicates.

    seed: the sweep's seed, non-negative.
    block: number of the block, ``replicate // BLOCK``.
    name: one of `STREAMS`.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(block, STREAMS.index(name)))
    return np.random.Generator(np.random.PCG64(sequence))


@lru_cache(maxsize=32)
def _shared(seed: int, block: int, weeks: int, two_homes: bool) -> tuple[NDArray[np.generic], ...]:
    """Return what a block's runs meet however many citizens there are: weekly, types, errors.

    Kept, since the points of a design have citizens of their own and each meets a row of a block.
    """
    weekly = np.zeros((BLOCK, weeks), SHOCK)
    flat = weekly.view(np.float64).reshape(BLOCK, weeks, WIDTH)
    for submodel in _WEEKLY:
        if submodel in _OF_SECOND and not two_homes:
            continue
        generator = stream(seed, block, submodel)
        for law in (_U, _N):
            columns = _columns(submodel, law)
            if columns.start == columns.stop:
                continue
            # Week-major, and each law from a child of its own: a longer horizon only appends.
            rng = generator.spawn(1)[0]
            shape = (weeks, BLOCK, columns.stop - columns.start)
            drawn = rng.random(shape) if law == _U else rng.standard_normal(shape)
            flat[:, :, columns] = drawn.transpose(1, 0, 2)
    types = stream(seed, block, "types").random((BLOCK, 2))
    return weekly, types, stream(seed, block, "errors").standard_normal((BLOCK, 2, ISSUES))


@lru_cache(maxsize=256)
def _piece(
    seed: int, block: int, name: str, number: int
) -> tuple[NDArray[np.float64], Mapping[str, object]]:
    """Return a piece of a stream's normals, and the state of its generator after it."""
    rng = stream(seed, block, name)
    if number:
        rng.bit_generator.state = _piece(seed, block, name, number - 1)[1]
    return rng.standard_normal(PIECE), rng.bit_generator.state


def _normals(
    seed: int, block: int, name: str, first: int, last: int, size: int
) -> NDArray[np.float64]:
    """Return successive rows of a block, each of so many normals of a stream; shape (rows, size).

    The rows before them are drawn on the way. Of a few rows the way is kept: points of a design
    have publics of their own sizes, and each meets another row of the same stream.
    """
    if last - first >= BLOCK // 4:
        return stream(seed, block, name).standard_normal((last + 1, size))[first:]
    start, stop = first * size, (last + 1) * size
    pieces = [_piece(seed, block, name, number)[0] for number in range(-(-stop // PIECE))]
    before = start // PIECE
    drawn = np.concatenate(pieces[before:])[start - before * PIECE : stop - before * PIECE]
    return drawn.reshape(-1, size)


def _draw_citizens(
    into: NDArray[np.float64], seed: int, block: int, rows: NDArray[np.int64], prefix: str
) -> None:
    """Draw the publics of some rows of a block, shape (rows, 3, citizens)."""
    size = into.shape[2]
    if size:
        first, last = int(rows[0]), int(rows[-1])
        own = _rows(rows - first)
        traits = _normals(seed, block, f"{prefix}citizens", first, last, 2 * size)
        into[:, :2] = traits.reshape(-1, 2, size)[own]
        into[:, 2] = _normals(seed, block, f"{prefix}camps", first, last, size)[own]


def _rows(places: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Return ascending places, as a slice where they follow each other: that copies nothing."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first == len(places) - 1 else places


def _columns(submodel: str, law: str) -> slice:
    """Return where the fields of one submodel and law lie in a week; they stand together."""
    sizes = [math.prod(field.shape) for _, _, field in SHOCK_FIELDS]
    here = [n for n, (s, kind, _) in enumerate(SHOCK_FIELDS) if (s, kind) == (submodel, law)]
    if not here:
        return slice(0, 0)
    return slice(sum(sizes[: here[0]]), sum(sizes[: here[-1] + 1]))


def draw_tape(
    seed: int, replicates: Sequence[int], weeks: int, citizens: int, second: int | None = None
) -> Tape:
    """Draw the tape of some replicates.

    seed: the sweep's seed, non-negative.
    replicates: their numbers, ascending.
    weeks: weeks of each run.
    citizens: citizens of each run, 0 when no public is modelled; those of the first home where
        two are.
    second: citizens of the second home, None where no more than one home has its politics
        modelled; its shocks are 0 then.

    Returns entry `i` belongs to ``replicates[i]``, whatever the others are.
    """
    numbers = np.asarray(replicates, dtype=np.int64)
    count = len(numbers)
    tape = Tape(
        np.empty((count, weeks), SHOCK),
        np.empty((count, 2)),
        np.empty((count, 2, ISSUES)),
        np.empty((count, 3, citizens)),
        np.empty((count, 3, second or 0)),
    )
    edges = [0, *(np.flatnonzero(np.diff(numbers // BLOCK)) + 1).tolist(), count]
    for here in (slice(a, b) for a, b in pairwise(edges)):
        block, rows = int(numbers[here.start]) // BLOCK, numbers[here] % BLOCK
        weekly, types, errors = _shared(seed, block, weeks, second is not None)
        # As plain numbers: records would be copied field by field.
        tape.weekly[here].view(np.float64)[:] = weekly.view(np.float64)[_rows(rows)]
        tape.types[here] = types[_rows(rows)]
        tape.errors[here] = errors[_rows(rows)]
        _draw_citizens(tape.citizens[here], seed, block, rows, "")
        _draw_citizens(tape.second_citizens[here], seed, block, rows, "second_")
    return tape
