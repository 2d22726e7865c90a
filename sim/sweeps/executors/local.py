"""Threads of this process. The engine releases Python's lock, so threads use all cores."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sim.errors import SimError
from sim.sweeps.plan import Chunk
from sim.sweeps.play import ATTEMPTS, Player, Receipt, give_up, play_and_store
from sim.sweeps.store import Store


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Threads:
    """Plays chunks in threads, 0 `workers` for one a core."""

    def __init__(self, workers: int) -> None:
        self.count = workers or cores()
        self.where = f"{self.count} at a time"

    def check(self) -> None:
        """Threads can always be started."""

    def play(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Iterator[Receipt]:
        """Play chunks and yield a receipt for each."""
        attempts: Counter[Chunk] = Counter()
        waiting = list(reversed(chunks))
        running: dict[Future[Receipt], Chunk] = {}
        pool = ThreadPoolExecutor(self.count, thread_name_prefix="sweep")
        try:
            while waiting or running:
                while waiting and len(running) < 2 * self.count:
                    chunk = waiting.pop()
                    running[pool.submit(play_and_store, player, store, chunk)] = chunk
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    chunk = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield future.result()
                        continue
                    if isinstance(error, SimError):
                        raise error
                    attempts[chunk] += 1
                    if attempts[chunk] < ATTEMPTS:
                        waiting.append(chunk)
                    else:
                        yield give_up(player, store, chunk, f"{type(error).__name__}: {error}")
        finally:
            # What is being played is finished and stored; what is queued is dropped.
            pool.shutdown(wait=True, cancel_futures=True)
