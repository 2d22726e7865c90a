"""A private Slurm site of one node with two cores, on loopback, in folders of its own.

munged, slurmctld and slurmd are children of the test's process: the kernel ends them if it dies,
and `Site.stop` ends them and all that their jobs have left, in some seconds at most.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel", "scontrol")
NODE, PARTITION = "loopback", "debug"
CORES, MEMORY_MB, LIMIT_MINUTES = 2, 3000, 120
START_SECONDS, STOP_SECONDS = 30.0, 5.0
PR_SET_PDEATHSIG = 1

CONFIGURATION = """
ClusterName=private
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
KillWait=1
NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory}
PartitionName={partition} Nodes={node} Default=YES MaxTime={limit} State=UP
"""


def _find(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def why_not() -> str:
    """Return why no site can be started here; empty if one can."""
    missing = [program for program in PROGRAMS if _find(program) is None]
    if missing:
        return f"Slurm is not installed ({missing[0]} is missing): make slurm"
    return "" if os.geteuid() == 0 else "slurmctld and slurmd start as root only"


def require() -> None:
    """Skip the test where no site can be started; in the CI only if the packages cannot be had."""
    reason = why_not()
    if not reason:
        return
    cannot = os.environ.get("SIM_NO_SLURM") or (os.geteuid() and reason)
    if os.environ.get("SIM_CI") and not cannot:
        pytest.fail(reason)
    pytest.skip(os.environ.get("SIM_NO_SLURM") or reason)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Site:
    """The site; `start` it, and `stop` it whatever happens."""

    def __init__(self) -> None:
        # Not below the test's folder: the path of a socket is short.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-site-"))
        self.configuration = self.folder / "slurm.conf"
        self._daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start munged, slurmctld and slurmd, and wait until the node is idle."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        controller_port, node_port = _free_ports(2)
        text = CONFIGURATION.format(
            folder=self.folder,
            controller_port=controller_port,
            node_port=node_port,
            node=NODE,
            partition=PARTITION,
            cores=CORES,
            memory=MEMORY_MB,
            limit=LIMIT_MINUTES,
        )
        self.configuration.write_text(text, "utf-8")
        own = {name: f"{self.folder}/munge.{name}" for name in ("socket", "pid", "log", "seed")}
        self._daemon(
            *("munged", "--foreground", "--force", "--num-threads=2", f"--key-file={key}"),
            *(f"--socket={own['socket']}", f"--pid-file={own['pid']}"),
            *(f"--log-file={own['log']}", f"--seed-file={own['seed']}"),
        )
        self._until(lambda: Path(own["socket"]).exists())
        self._daemon("slurmctld", "-D", "-i", "-f", str(self.configuration))
        self._daemon("slurmd", "-D", "-N", NODE, "-f", str(self.configuration))
        self._until(lambda: self.ask("sinfo", "--noheader", "--format=%T").strip() == "idle")

    def _daemon(self, program: str, *words: str) -> None:
        found = _find(program)
        assert found is not None
        with (self.folder / f"{program}.out").open("wb") as out:
            self._daemons.append(
                subprocess.Popen(
                    [found, *words],
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=self._environment(),
                    preexec_fn=_die_with_parent,
                )
            )

    def _until(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + START_SECONDS
        while not holds():
            ended = [daemon.args for daemon in self._daemons if daemon.poll() is not None]
            if ended or time.monotonic() > until:
                pytest.fail(f"no private Slurm site: {ended or 'no answer'}\n{self.logs()}")
            time.sleep(0.1)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.configuration)}

    def logs(self) -> str:
        """Return the last lines of all logs."""
        files = [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        last = {f.name: f.read_text(errors="replace").splitlines()[-10:] for f in files}
        return "\n".join(f"{name}: {line}" for name, lines in last.items() for line in lines)

    def ask(self, *command: str) -> str:
        """Return what a command of Slurm prints here, errors left out."""
        return subprocess.run(
            command, capture_output=True, text=True, env=self._environment(), timeout=20
        ).stdout

    def states(self) -> dict[str, str]:
        """Return the state of each task that is still known."""
        told = self.ask("squeue", "--noheader", "--array", "--states=all", "--format=%i|%T")
        return dict(line.strip().split("|") for line in told.splitlines())

    def processes(self) -> list[int]:
        """Return the processes of jobs and their keepers, known by their variables."""
        wanted = f"SLURM_CONF={self.configuration}".encode()
        own = {os.getpid(), *(daemon.pid for daemon in self._daemons)}
        found = []
        for place in Path("/proc").iterdir():
            if place.name.isdigit() and int(place.name) not in own:
                with contextlib.suppress(OSError):
                    if wanted in (place / "environ").read_bytes().split(b"\0"):
                        found.append(int(place.name))
        return found

    def stop(self) -> None:
        """End the daemons and all processes of jobs, and remove the folder."""
        for daemon in reversed(self._daemons):
            daemon.terminate()
        until = time.monotonic() + STOP_SECONDS
        for daemon in reversed(self._daemons):
            try:
                daemon.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def private_site() -> Iterator[Site]:
    """Start a site, let commands of Slurm in this process find it, and stop it at the end."""
    require()
    site = Site()
    try:
        site.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SLURM_CONF", str(site.configuration))
            yield site
    finally:
        site.stop()
