"""What an executor's worker does: play a chunk, store it, and hand back a receipt."""

import time
from functools import lru_cache
from typing import NamedTuple

from sim.errors import SimError
from sim.sweeps.chunks import Chunk
from sim.sweeps.play import Player
from sim.sweeps.provenance import model_digest
from sim.sweeps.store import Store

ATTEMPTS = 3
"""How often a chunk is tried before its runs are recorded as failed."""


class Receipt(NamedTuple):
    """That a chunk is stored; the results themselves stay on disk.

    Attributes
    ----------
    chunk : Chunk
    failed : int
        Runs of it that failed.
    seconds : float
        Time that it took, one thread.
    """

    chunk: Chunk
    failed: int
    seconds: float


def play_and_store(player: Player, store: Store, chunk: Chunk) -> Receipt:
    """Play one chunk and store it."""
    start = time.perf_counter()
    played = player.play(chunk)
    store.write_shard(chunk, played.runs, played.weekly)
    return Receipt(chunk, played.failed, time.perf_counter() - start)


def give_up(
    player: Player, store: Store, chunk: Chunk, reason: str, attempts: int = ATTEMPTS
) -> Receipt:
    """Record every run of a chunk as failed."""
    start = time.perf_counter()
    message = f"given up after {attempts} attempts: {reason}"
    store.write_shard(chunk, player.failure(chunk, message), None)
    return Receipt(chunk, chunk.runs, time.perf_counter() - start)


@lru_cache(maxsize=2)
def stored_player(folder: str, plan_hash: str) -> Player:
    """Return the player of a stored plan, in a worker process.

    Raises
    ------
    SimError
        If the folder holds another plan, or this machine other rules of the model.
    """
    plan = Store(folder).load_plan()
    if plan.hash != plan_hash:
        raise SimError(f"{folder}: holds another plan than the one to be played")
    if plan.model != model_digest():
        raise SimError("a worker has another version of the model than the sweep")
    return Player(plan)


def play_stored(folder: str, plan_hash: str, chunk: Chunk) -> Receipt:
    """Play one chunk of a stored plan and store it, in a worker process."""
    return play_and_store(stored_player(folder, plan_hash), Store(folder), chunk)
