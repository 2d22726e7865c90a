"""Dask workers in processes of their own, over TLS; workers lost while starting; no main guard."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from sim.errors import ConfigError
from sim.sweeps.execute import Outcome

Play = Callable[..., Outcome]
Start = Callable[..., subprocess.Popen[str]]

ROOT = Path(__file__).parents[2]
LINE = "agenda=single_undertaking,interim_allowed strategy@armenia=linear,firm replicates=600"
SMALL = ["public=none", "horizon=30"]
WAIT_SECONDS = 60.0

pytestmark = pytest.mark.slow


class Cluster(NamedTuple):
    """A scheduler at work."""

    address: str
    key: str  # file of its key
    certificate: str  # file of its certificate, which is its own authority

    @property
    def words(self) -> str:
        """What a line says to play there."""
        return (
            f"executor=dask executor.address={self.address} executor.tls_ca_file={self.certificate}"
            f" executor.tls_client_cert={self.certificate} executor.tls_client_key={self.key}"
        )


@contextmanager
def process(program: str, *words: str, folder: Path, source: Path = ROOT) -> Iterator[Path]:
    """Start a program of Dask's, yield the file of what it prints, and end it."""
    folder.mkdir()
    told = folder / "told.txt"
    with told.open("w") as out:
        started = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{program}", *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(source)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield told
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def wait_for(told: Path, text: str) -> str:
    """Wait until a program has printed a text, and return the line."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        for line in told.read_text().splitlines():
            if text in line:
                return line
        time.sleep(0.05)
    raise AssertionError(told.read_text())


def worker_words(cluster: Cluster) -> list[str]:
    return [
        *(cluster.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny"),
        *("--no-dashboard", "--tls-ca-file", cluster.certificate),
        *("--tls-cert", cluster.certificate, "--tls-key", cluster.key),
    ]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers; a third worker is lost while starting."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate, and is not installed")
    folder = tmp_path_factory.mktemp("dask")
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    with ExitStack() as stack:
        told = stack.enter_context(
            process(
                "dask_scheduler",
                *("--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"),
                *("--tls-ca-file", certificate, "--tls-cert", certificate, "--tls-key", key),
                folder=folder / "scheduler",
            )
        )
        address = wait_for(told, "Scheduler at:").split()[-1]
        found = Cluster(address, key, certificate)
        workers = [
            stack.enter_context(
                process("dask_worker", *worker_words(found), folder=folder / f"worker{number}")
            )
            for number in range(2)
        ]
        with process("dask_worker", *worker_words(found), folder=folder / "lost"):
            pass
        for worker in workers:
            wait_for(worker, "Registered to")
        yield found


def test_the_same_bytes_at_an_address_over_tls(play: Play, cluster: Cluster) -> None:
    expected = play(LINE, "local").store.runs_file.read_bytes()
    done = play(f"{LINE} {cluster.words}", "dask")
    assert done.failed == 0
    assert done.store.runs_file.read_bytes() == expected


def test_a_worker_with_another_model(play: Play, cluster: Cluster, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("sim", "configs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    rules = source / "sim" / "model" / "identity.py"
    text = rules.read_text("utf-8")
    rules.write_text(f"{text}\n\ndef model_digest() -> str:\n    return 'another'\n", "utf-8")
    with process(
        "dask_worker", *worker_words(cluster), folder=tmp_path / "other", source=source
    ) as told:
        wait_for(told, "Registered to")
        with pytest.raises(ConfigError, match="another version of the model") as error:
            play(f"{LINE} {cluster.words}", "refused")
    assert len(error.value.problems) == 1
    assert not (tmp_path / "refused").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("executor.tls_ca_file=none.pem", "executor.tls_ca_file: there is no file none.pem"),
        ("executor.address=tcp://127.0.0.1:9", "executor.address: with TLS files it must start"),
        ("executor.tls_client_cert=''", "executor.tls_client_cert: is needed with the other"),
    ],
)
def test_tls_files_that_cannot_be_used(play: Play, cluster: Cluster, words: str, told: str) -> None:
    key = words.partition("=")[0]
    kept = [word for word in cluster.words.split() if word.partition("=")[0] != key]
    with pytest.raises(ConfigError, match=told):
        play(f"replicates=3 {' '.join(kept)} {words}")


def test_a_scheduler_that_wants_tls(play: Play, cluster: Cluster) -> None:
    with pytest.raises(ConfigError, match=r"no scheduler answers .*; it wants executor\.tls_ca"):
        play(f"replicates=3 executor=dask executor.address={cluster.address}")


def kill_workers(started: subprocess.Popen[str], most: int) -> int:
    """Kill workers of a sweep as soon as they are there, and return how many."""
    killed: set[int] = set()
    until = time.monotonic() + WAIT_SECONDS
    while started.poll() is None and len(killed) < most and time.monotonic() < until:
        with suppress(psutil.Error):
            for child in psutil.Process(started.pid).children(recursive=True):
                if child.pid not in killed and "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
                    killed.add(child.pid)
                    if len(killed) == most:
                        break
        time.sleep(0.01)
    return len(killed)


def test_a_worker_killed_while_starting(play: Play, start: Start, tmp_path: Path) -> None:
    expected = play(LINE, "local").store.runs_file.read_bytes()
    words = [*LINE.split(), *SMALL, "executor=dask", "executor.workers=1", "--out", "dask"]
    started = start(*words)
    assert kill_workers(started, 1) == 1
    _out, err = started.communicate(timeout=2 * WAIT_SECONDS)
    assert started.returncode == 0, err
    assert (tmp_path / "dask" / "runs.parquet").read_bytes() == expected


def test_workers_killed_whenever_they_start(start: Start) -> None:
    started = start("replicates=3", *SMALL, "executor=dask", "executor.workers=1")
    assert kill_workers(started, 3) == 3
    _out, err = started.communicate(timeout=WAIT_SECONDS)
    assert started.returncode == 1, err
    assert err.splitlines()[1:] == [
        "sim: executor=dask: a worker was lost while starting, 3 times in a row"
    ]


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sim\n"
        "from sim.errors import SimError\n"
        "try:\n"
        "    sim.sweep('public=none horizon=30 replicates=3 executor=dask executor.workers=1')\n"
        "except SimError as error:\n"
        "    raise SystemExit(f'sim: {error}')\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith('put the call under `if __name__ == "__main__":`')
