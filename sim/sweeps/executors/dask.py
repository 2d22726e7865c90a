"""Dask workers: those of a scheduler on other machines, or processes of this one.

A cluster of our own preloads this module in each worker, where Dask calls `dask_setup`.
"""

import contextlib
import logging
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SimError
from sim.sweeps.executors.local import cores
from sim.sweeps.plan import Chunk
from sim.sweeps.play import ATTEMPTS, Player, Receipt, give_up, play_stored
from sim.sweeps.request import DaskExecutor
from sim.sweeps.store import Store

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 30


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the sweep: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class DaskWorkers:
    """Plays chunks on Dask workers.

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
        self.where = f"on the Dask workers of {settings.address}"
        if not settings.address:
            self.where = f"{self.count} at a time, in Dask workers"

    @contextlib.contextmanager
    def _client(self) -> Iterator["Client"]:
        import dask
        from distributed import Client, LocalCluster

        if self._settings.address:
            try:
                client = Client(self._settings.address, timeout=CONNECT_SECONDS)
            except (OSError, ValueError) as error:
                raise ConfigError(
                    [f"executor.address: no scheduler answers at {self._settings.address}"]
                ) from error
            with client:
                yield client
            return
        # A chunk whose worker is lost comes back at once, so that the attempts are counted here.
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
                preload=__name__,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client

    def _wait_for_a_worker(self, client: "Client") -> None:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            where = self._settings.address or "the cluster on this machine"
            raise SimError(f"executor: no Dask worker has joined {where}") from error

    def check(self) -> None:
        """Refuse an address at which no scheduler answers."""
        if self._settings.address:
            with _quiet(), self._client():
                pass

    def play(self, player: Player, store: Store, chunks: Sequence[Chunk]) -> Iterator[Receipt]:
        """Play chunks and yield a receipt for each."""
        from distributed import as_completed

        folder = str(store.folder.resolve())
        attempts: Counter[Chunk] = Counter()
        waiting = list(reversed(chunks))
        running: dict[object, Chunk] = {}
        with _quiet(), self._client() as client:
            self._wait_for_a_worker(client)
            done = as_completed()

            def submit() -> None:
                # One chunk a thread and none in a queue: a dying worker takes no other along.
                while waiting and len(running) < _threads(client):
                    chunk = waiting.pop()
                    future = client.submit(play_stored, folder, player.plan.hash, chunk, pure=False)
                    running[future.key] = chunk
                    done.add(future)

            submit()
            for future in done:
                chunk = running.pop(future.key)
                found = _result(future)
                if isinstance(found, Receipt):
                    yield found
                else:
                    tried, reason = _failure(found)
                    attempts[chunk] += tried
                    if attempts[chunk] < ATTEMPTS:
                        waiting.append(chunk)
                    else:
                        yield give_up(player, store, chunk, reason, attempts[chunk])
                submit()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log of failures from the terminal; the sweep reports them in a line."""
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _threads(client: "Client") -> int:
    """Return how many chunks can be played at once; workers may come and go."""
    return max(sum(int(threads) for threads in client.nthreads().values()), 1)


def _result(future: "Future[Receipt]") -> Receipt | Exception:
    """Return a chunk's receipt, or what its worker failed with."""
    try:
        receipt: Receipt = future.result()
    except SimError:
        raise
    except CancelledError as error:
        raise SimError("the Dask scheduler has gone; what was played stays") from error
    except Exception as error:  # noqa: BLE001 - it is tried again, then recorded
        return error
    return receipt


def _failure(error: Exception) -> tuple[int, str]:
    """Return how often a chunk has been tried, and why it failed."""
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        # A scheduler of the user's own may have tried it on several workers.
        return int(error.allowed_failures) + 1, "the worker died"
    return 1, f"{type(error).__name__}: {error}"
