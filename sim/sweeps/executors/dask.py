"""Dask workers: those of a scheduler on other machines, or processes of this one.

Workers read the plan from the results' folder and write their shards into it, so all of them
must see that folder under the same path.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SimError
from sim.sweeps.chunks import Chunk
from sim.sweeps.executors.local import cores
from sim.sweeps.play import Player
from sim.sweeps.settings import DaskExecutor
from sim.sweeps.store import Store
from sim.sweeps.work import ATTEMPTS, Receipt, give_up, play_stored

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 30


class DaskWorkers:
    """Plays chunks on Dask workers.

    Parameters
    ----------
    settings : DaskExecutor
        Address of a scheduler, or how many processes to start here.

    Raises
    ------
    ConfigError
        If Dask is not installed.
    """

    def __init__(self, settings: DaskExecutor) -> None:
        try:
            import distributed  # noqa: F401 - only to see whether it is there
        except ImportError as error:
            raise ConfigError(
                ["executor=dask: needs dask.distributed, install the extra `dask`"]
            ) from error
        self._settings = settings
        self.count = settings.workers or cores()

    @contextlib.contextmanager
    def _client(self) -> Iterator["Client"]:
        """Connect to the scheduler, or start a cluster on this machine."""
        import dask
        from distributed import Client, LocalCluster

        if self._settings.address:
            try:
                client = Client(self._settings.address, timeout=CONNECT_SECONDS)
            except OSError as error:
                raise ConfigError(
                    [f"executor.address: no scheduler answers at {self._settings.address}"]
                ) from error
            with client:
                yield client
            return
        # A lost worker comes back to us at once, so that we count the attempts ourselves.
        quiet = {"distributed.scheduler.allowed-failures": 0, "distributed.admin.log-length": 0}
        with (
            dask.config.set(quiet),
            LocalCluster(
                n_workers=self.count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs="CRITICAL",
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client

    def play(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Iterator[Receipt]:
        """Play chunks and yield a receipt for each."""
        from distributed import KilledWorker, as_completed

        folder = str(store.folder.resolve())
        attempts: Counter[Chunk] = Counter()
        waiting = list(reversed(chunks))
        with self._client() as client:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            # One chunk a thread and none in a queue: a dying worker takes no other chunk along.
            room = max(sum(client.nthreads().values()), self.count)
            self.count = room
            done = as_completed()
            running: dict[object, Chunk] = {}

            def submit() -> None:
                chunk = waiting.pop()
                future = client.submit(play_stored, folder, player.plan.hash, chunk, pure=False)
                running[future.key] = chunk
                done.add(future)

            while waiting and len(running) < room:
                submit()
            for future in done:
                chunk = running.pop(future.key)
                error = future.exception()
                if error is None:
                    yield future.result()
                elif isinstance(error, SimError):
                    raise error
                else:
                    attempts[chunk] += 1
                    if attempts[chunk] < ATTEMPTS:
                        waiting.append(chunk)
                    else:
                        lost = isinstance(error, KilledWorker)
                        reason = "the worker died" if lost else f"{type(error).__name__}: {error}"
                        yield give_up(player, store, chunk, reason)
                while waiting and len(running) < room:
                    submit()
