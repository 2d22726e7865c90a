"""Dask workers: those of a scheduler on other machines, or processes of this one.

A cluster of our own preloads this module in each worker, where Dask calls `dask_setup`.
"""

import contextlib
import logging
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SimError
from sim.model.identity import model_digest
from sim.sweeps.plan import Chunk
from sim.sweeps.play import ATTEMPTS, Player, Receipt, cores, give_up, play_stored
from sim.sweeps.request import DaskExecutor
from sim.sweeps.store import Store

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster
    from distributed.security import Security

CONNECT_SECONDS = 30
UNGUARDED = "SIM_DASK_UNGUARDED"
"""Variable with a file, named by our process, that a worker writes if it plays the sweep again."""
NO_GUARD = """executor=dask: its workers import the script, which plays the sweep once more; \
put the call under `if __name__ == "__main__":`"""


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the sweep: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class DaskWorkers:
    """Plays chunks on Dask workers."""

    def __init__(self, settings: DaskExecutor) -> None:
        _leave_if_a_worker()
        try:
            import distributed  # noqa: F401 - only to see whether it is there
        except ImportError as error:
            problem = "executor=dask: needs dask.distributed, install the extra `dask`"
            raise ConfigError([problem]) from error
        self._settings = settings
        self.count = settings.workers or cores()
        self.where = f"on the Dask workers of {settings.address}"
        if not settings.address:
            self.where = f"{self.count} at a time, in Dask workers"

    @contextlib.contextmanager
    def _client(self) -> Iterator["Client"]:
        import dask
        from distributed import Client

        if self._settings.address:
            with self._connected() as client:
                yield client
            return
        # A chunk whose worker is lost comes back at once, so that the attempts are counted here.
        quiet = {"distributed.scheduler.allowed-failures": 0, "distributed.admin.log-length": 0}
        with dask.config.set(quiet), self._started() as cluster, Client(cluster) as client:
            yield client

    def _connected(self) -> "Client":
        """Return a client of the scheduler at the address; ConfigError if none answers there."""
        from distributed import Client

        address = self._settings.address
        security = _security(self._settings)
        try:
            return Client(address, timeout=CONNECT_SECONDS, security=security)
        except (OSError, ValueError, TypeError) as error:
            problem = f"executor.address: no scheduler answers at {address}"
            if security is not None:
                problem += " to these TLS files"
            elif address.startswith("tls://"):
                problem += "; it wants executor.tls_ca_file, tls_client_cert and tls_client_key"
            raise ConfigError([problem]) from error

    def _started(self) -> "LocalCluster":
        """Start workers of our own, again if one is lost meanwhile, `ATTEMPTS` times at most."""
        from distributed import LocalCluster

        with tempfile.TemporaryDirectory() as folder:
            mark = Path(folder) / str(os.getpid())
            os.environ[UNGUARDED] = str(mark)
            try:
                for _ in range(ATTEMPTS):
                    with contextlib.suppress(RuntimeError):
                        return LocalCluster(
                            n_workers=self.count,
                            threads_per_worker=1,
                            processes=True,
                            host="127.0.0.1",
                            dashboard_address="127.0.0.1:0",
                            silence_logs="CRITICAL",
                            preload=__name__,
                        )
                    if mark.exists():
                        raise ConfigError([NO_GUARD])
            finally:
                del os.environ[UNGUARDED]
        problem = f"a worker was lost while starting, {ATTEMPTS} times in a row"
        raise SimError(f"executor=dask: {problem}")

    def _wait_for_a_worker(self, client: "Client") -> None:
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            where = self._settings.address or "the cluster on this machine"
            raise SimError(f"executor: no Dask worker has joined {where}") from error

    def check(self) -> None:
        """Raise ConfigError if no scheduler answers, or a worker of it has another model."""
        if self._settings.address:
            with _quiet(), self._client() as client:
                _check_versions(client)

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


def _leave_if_a_worker() -> None:
    """Leave, with a mark, a worker process whose script plays the sweep once more."""
    mark = os.environ.get(UNGUARDED)
    if mark and Path(mark).name != str(os.getpid()):
        Path(mark).touch()
        raise SystemExit(1)


def _security(settings: DaskExecutor) -> "Security | None":
    """Return what Dask needs for TLS, None without files; ConfigError if they do not fit."""
    from distributed.security import Security

    files = {name: value for name, value in settings if name.startswith("tls_") and value}
    if not files:
        return None
    lost = {name: value for name, value in files.items() if not Path(value).is_file()}
    lacking = [name for name in ("tls_ca_file", "tls_client_cert") if name not in files]
    problems = [f"executor.{name}: there is no file {value}" for name, value in lost.items()]
    problems += [f"executor.{name}: is needed with the other TLS files" for name in lacking]
    if not settings.address.startswith("tls://"):
        problems.append("executor.address: with TLS files it must start with tls://")
    if problems:
        raise ConfigError(problems)
    return Security(require_encryption=True, **files)


def _check_versions(client: "Client") -> None:
    """Raise ConfigError, a line a worker, if some have another version of the model, or none."""
    found = client.run(model_digest, on_error="return")
    problems = []
    for worker, digest in found.items():
        if isinstance(digest, OSError):
            continue  # lost meanwhile
        if isinstance(digest, Exception):
            problems.append(f"executor: {worker} cannot load the model, {digest}")
        elif digest != model_digest():
            other = "has another version of the model, give it the one of here"
            problems.append(f"executor: {worker} {other}")
    if problems:
        raise ConfigError(problems)


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
