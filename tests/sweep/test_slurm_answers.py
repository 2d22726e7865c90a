"""What is read from sinfo and squeue, with answers as sites give them."""

import pytest

from sim.errors import ConfigError, SimError
from sim.sweeps.executors import site
from sim.sweeps.executors.site import Fit, Tasks
from sim.sweeps.request import SlurmExecutor

NODES = """\
short*|4:00:00|32|128000|10
short*|4:00:00|64|256000|2
long|7-00:00:00|2|4000|3
old|infinite|8|1|1
empty|1:00|0|0|0
"""


def asked(**numbers: object) -> SlurmExecutor:
    plain = {"workers": 0, "cpus": 0, "minutes": 0, "memory_gb": 0, "partition": "", "account": ""}
    return SlurmExecutor.model_validate({"name": "slurm", "cluster": "slurm", **plain, **numbers})


@pytest.fixture(autouse=True)
def nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ask", lambda *command: NODES)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({}, Fit(8, 4, 240, 4.0)),
        ({"cpus": 64, "minutes": 30}, Fit(2, 64, 30, 4.0)),
        ({"partition": "long"}, Fit(3, 2, 240, 4000 / 1024)),
        ({"partition": "long", "cpus": 1}, Fit(6, 1, 240, 2000 / 1024)),
        ({"partition": "old", "workers": 5}, Fit(5, 4, 240, 0.0)),
        ({"memory_gb": 200}, Fit(8, 4, 240, 200.0)),
    ],
)
def test_what_fits(numbers: dict[str, object], expected: Fit) -> None:
    assert site.fit(asked(**numbers)) == expected


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"cpus": 65}, "executor.cpus: partition 'short' has 64 cores a node, not 65"),
        ({"minutes": 241}, "executor.minutes: partition 'short' allows 240 minutes, not 241"),
        ({"cpus": 32, "memory_gb": 300}, "partition 'short' has 250.0 GB a node, not 300"),
        ({"partition": "old", "memory_gb": 1}, "partition 'old' states no memory, leave it out"),
        ({"partition": "empty"}, "executor.partition: 'empty' has no nodes"),
        ({"partition": "shrot"}, "the site has no 'shrot'; did you mean 'short'?"),
    ],
)
def test_what_does_not_fit(numbers: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        site.fit(asked(**numbers))
    assert told in str(error.value)


def test_no_default_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ask", lambda *command: NODES.replace("*", ""))
    with pytest.raises(ConfigError, match="no default, name one; choose from empty, long, old"):
        site.fit(asked())


def test_how_tasks_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        "7_0|RUNNING|None\n7_1|PENDING|Resources\n7_2|PENDING|Priority\n",
        SimError("squeue: Unable to contact slurm controller (connect failure)"),
        "7_0|COMPLETED|None\n7_1|RUNNING|None\n7_2|OUT_OF_MEMORY|OutOfMemory\n",
        SimError("squeue: Invalid job id specified"),
    ]

    def answer(*command: str) -> str:
        found = answers.pop(0)
        if isinstance(found, SimError):
            raise found
        return found

    monkeypatch.setattr(site, "ask", answer)
    tasks = Tasks(["7_0", "7_1", "7_2"])
    tasks.look()
    assert tasks.waiting == "1 of 3 tasks PENDING (Resources), 1 of 3 tasks PENDING (Priority)"
    tasks.look()  # too soon to ask again
    assert len(answers) == 3
    tasks.look(soon=True)
    assert "Unable to contact" in tasks.waiting
    assert not tasks.ended
    tasks.look(soon=True)
    assert (tasks.waiting, tasks.never, tasks.ended) == ("", "", False)
    tasks.look(soon=True)
    assert tasks.ended
    assert not tasks.outside
    assert tasks.losses == "1 task no longer known to Slurm (7_1), 1 task out of memory (7_2)"


def test_the_last_line_that_a_command_says() -> None:
    assert site.last_line("sbatch: error: one\nsbatch: error: Two: 3\n\n") == "Two: 3"
    assert site.last_line("sinfo: fatal: no configuration") == "no configuration"
    assert site.last_line("") == "no message"
