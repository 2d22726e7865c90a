"""What a Slurm site offers and how its tasks stand, by sinfo and squeue.

sacct is never asked: a site without accounting has no answer, and squeue knows of every task until
some minutes after its end.
"""

import os
import re
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sim.errors import ConfigError, SimError, did_you_mean
from sim.runs.terminal import counted
from sim.sweeps.play import cores
from sim.sweeps.request import SlurmExecutor

USUAL_TASKS, USUAL_CPUS, USUAL_MINUTES, USUAL_MB = 8, 4, 240, 4096
"""What is asked for where neither the line nor the site says anything else."""
UNSTATED_MB = 1
"""Slurm's word for nodes whose memory the site has not stated."""
ANSWER_SECONDS = 30.0
"""How long a command of Slurm may take; it tries for some 10 s where the controller is away."""


def ask(*command: str) -> str:
    """Return what a command of Slurm prints; SimError with its last line if it fails."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SINFO_", "SQUEUE_"))}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, env=plain, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimError(f"{command[0]} does not answer") from error
    if done.returncode:
        raise SimError(f"{command[0]}: {last_line(done.stderr)}")
    return done.stdout


def last_line(text: str) -> str:
    """Return the last line that says something, without Slurm's own prefix."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    return re.sub(r"^.*\b(?:error|fatal): ", "", lines[-1])


# --- what a site offers, and what a task may ask of it


class Nodes(NamedTuple):
    """Equal nodes of a partition."""

    partition: str
    default: bool  # whether jobs that name no partition go there
    minutes: float  # time limit of a job, infinite where there is none
    cpus: int  # of one node
    memory: int  # MB of one node, `UNSTATED_MB` where the site has not stated it
    number: int  # of such nodes


class Fit(NamedTuple):
    """What is asked of the site."""

    tasks: int  # most tasks of the array
    cpus: int  # of a task
    minutes: int  # time limit of a task
    memory_gb: float  # of a task, 0 to ask for none


def nodes_of_site() -> list[Nodes]:
    """Return the nodes of all partitions."""
    answer = ask("sinfo", "--all", "--noheader", "--exact", "--format=%P|%l|%c|%m|%D")
    return [_nodes(*line.strip().split("|")) for line in answer.splitlines() if line.strip()]


def _nodes(partition: str, limit: str, cpus: str, memory: str, count: str) -> Nodes:
    numbers = (int(word.rstrip("+")) for word in (cpus, memory, count))
    return Nodes(partition.rstrip("*"), partition.endswith("*"), _minutes(limit), *numbers)


def _minutes(limit: str) -> float:
    """Return the minutes of ``days-hours:minutes:seconds``; leading parts may be missing."""
    days, _, rest = limit.rpartition("-")
    parts = rest.split(":")
    if not all(part.isdigit() for part in parts):
        return float("inf")  # infinite, or n/a
    seconds = sum(int(part) * size for part, size in zip(parts[::-1], (1, 60, 3600), strict=False))
    return 24 * 60 * int(days or 0) + seconds / 60


def fit_here(asked: SlurmExecutor) -> Fit:
    """Return what tasks on this machine get, for trying without Slurm."""
    cpus = asked.cpus or min(USUAL_CPUS, cores())
    tasks = asked.workers or max(1, min(USUAL_TASKS, cores() // cpus))
    return Fit(tasks, cpus, asked.minutes or USUAL_MINUTES, asked.memory_gb)


def fit(asked: SlurmExecutor) -> Fit:
    """Return what tasks ask of the site: what the line says, and what suits the nodes elsewhere.

    A number that is 0 is left to the site. Memory is then a task's share of a node by its cores, 4
    GB at most, and none where the site does not state it. Raises ConfigError if there is no such
    partition, or no node of it can ever hold such a task.
    """
    nodes = _partition(nodes_of_site(), asked.partition)
    where = f"partition '{nodes[0].partition}'"
    most, limit = max(n.cpus for n in nodes), max(n.minutes for n in nodes)
    problems = []
    cpus = asked.cpus or min(USUAL_CPUS, most)
    if cpus > most:
        problems.append(f"executor.cpus: {where} has {counted(most, 'core')} a node, not {cpus}")
    minutes = asked.minutes or int(min(USUAL_MINUTES, limit))
    if minutes > limit:
        problems.append(f"executor.minutes: {where} allows {limit:g} minutes, not {minutes}")
    able = [n for n in nodes if n.cpus >= cpus] or nodes
    memory = max(n.memory for n in able)
    if asked.memory_gb and memory == UNSTATED_MB:
        problems.append(f"executor.memory_gb: {where} states no memory, leave it out")
    elif asked.memory_gb * 1024 > memory:
        held = f"{memory / 1024:.1f} GB a node, not {asked.memory_gb}"
        problems.append(f"executor.memory_gb: {where} has {held}")
    if problems:
        raise ConfigError(problems)
    share = 0.0
    if memory > UNSTATED_MB:
        share = min(USUAL_MB, *(n.memory * cpus // n.cpus for n in able)) / 1024
    room = sum(n.number * (n.cpus // cpus) for n in able)
    tasks = asked.workers or max(1, min(USUAL_TASKS, room))
    return Fit(tasks, cpus, max(minutes, 1), asked.memory_gb or share)


def _partition(nodes: Sequence[Nodes], name: str) -> list[Nodes]:
    known = sorted({n.partition for n in nodes})
    found = [n for n in nodes if (n.partition == name if name else n.default)]
    if not found and name:
        problem = f"the site has no '{name}'{did_you_mean(name, known)}"
    elif not found:
        problem = f"the site has no default, name one{did_you_mean('', known)}"
    elif not any(n.number for n in found):
        problem = f"'{found[0].partition}' has no nodes"
    else:
        return [n for n in found if n.number]
    raise ConfigError([f"executor.partition: {problem}"])


# --- how tasks stand

ENDINGS = {
    "COMPLETED": "ended",
    "CANCELLED": "cancelled",
    "TIMEOUT": "over the time limit",
    "NODE_FAIL": "lost with a node",
    "PREEMPTED": "preempted",
    "BOOT_FAIL": "on a node that did not start",
    "DEADLINE": "over a deadline",
    "OUT_OF_MEMORY": "out of memory",
    "FAILED": "failed",
    "GONE": "no longer known to Slurm",
}
"""Words for a task that has ended, by its state."""
OUTSIDE = {"CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE", "GONE"}
"""Endings that no chunk is to blame for."""
NEVER = (
    "PartitionConfig",
    "PartitionNodeLimit",
    "PartitionTimeLimit",
    "BadConstraints",
    "AccountNotAllowed",
    "InvalidAccount",
    "InvalidQOS",
    "QOSNotAllowed",
)
"""Reasons that a task waits for ever."""
FIRST_SECONDS, LONGEST_SECONDS = 1.0, 10.0
"""Time between two questions to squeue; it grows, so that a long sweep does not burden the site."""


class Standing(NamedTuple):
    """State of a task, and why it waits."""

    state: str
    reason: str


class Tasks:
    """The tasks of one array, by ids such as ``12_0``, as squeue states them."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._standing = dict.fromkeys(ids, Standing("PENDING", "None"))
        self._array = ids[0].partition("_")[0]
        self._pause = FIRST_SECONDS
        self._next = 0.0
        self._silent = ""

    def look(self, soon: bool = False) -> None:
        """Ask how the tasks stand, if the last answer is old enough or the end is near.

        Without an answer they stay as they were: the controller may only be away for a while.
        """
        if self.ended or (time.monotonic() < self._next and not soon):
            return
        options = ("--noheader", "--array", "--states=all", "--format=%i|%T|%r")
        answer, self._silent = "", ""
        try:
            answer = ask("squeue", *options, f"--jobs={self._array}")
        except SimError as error:
            self._silent = "" if "Invalid job id" in str(error) else str(error)
        if not self._silent:
            self._take(answer)
        self._next = time.monotonic() + self._pause
        self._pause = min(1.5 * self._pause, LONGEST_SECONDS)

    def _take(self, answer: str) -> None:
        rows = (line.strip().split("|", 2) for line in answer.splitlines())
        found = {name: Standing(state, reason) for name, state, reason in rows}
        for name, before in self._standing.items():
            if before.state not in ENDINGS:
                self._standing[name] = found.get(name, Standing("GONE", "None"))

    @property
    def ended(self) -> bool:
        """Whether all tasks have ended."""
        return all(standing.state in ENDINGS for standing in self._standing.values())

    @property
    def waiting(self) -> str:
        """Which tasks wait, in which state and why; empty if none does."""
        if self._silent:
            return self._silent
        # Without a reason the scheduler has not looked at it yet.
        live = (s for s in self._standing.values() if s.state not in ENDINGS and s.reason != "None")
        states = Counter(f"{s.state} ({s.reason})" for s in live)
        total = counted(len(self._standing), "task")
        return ", ".join(f"{n} of {total} {state}" for state, n in states.items())

    @property
    def never(self) -> str:
        """Why tasks will wait for ever, as Slurm calls it; empty if they will not."""
        reasons = (s.reason for s in self._standing.values() if s.state == "PENDING")
        return next((reason for reason in reasons if reason in NEVER), "")

    @property
    def outside(self) -> bool:
        """Whether no task ended through anything that it did itself."""
        return all(s.state in OUTSIDE or s.state == "COMPLETED" for s in self._standing.values())

    @property
    def losses(self) -> str:
        """Which tasks were lost and how; empty if none was."""
        lost: dict[str, list[str]] = defaultdict(list)
        for name, standing in self._standing.items():
            if standing.state in ENDINGS and standing.state != "COMPLETED":
                lost[ENDINGS[standing.state]].append(name)
        parts = ((counted(len(n), "task"), how, ", ".join(n)) for how, n in lost.items())
        return ", ".join(f"{number} {how} ({names})" for number, how, names in parts)

    def cancel(self) -> None:
        """Cancel what has not ended."""
        left = [name for name, standing in self._standing.items() if standing.state not in ENDINGS]
        if left:
            subprocess.run(["scancel", *left], capture_output=True, check=False)
