"""Fill the README's example of a sweep with what the command prints.

Run by ``make docs``; plays 12,000 runs. Time and the name of the folder differ from machine to
machine and from version to version, so they are left out of the comparison.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- sweep: begin -->", "<!-- sweep: end -->"
LINE = (
    "strategy@armenia=boulware,linear,conceder,tit_for_tat",
    "scenario.coercion.azerbaijan.hazard_per_year.value=0,0.1,0.3",
    "agenda=single_undertaking,interim_allowed",
    "replicates=500",
)
VARYING = re.compile(r"; 12,000 played now in .*$|^results: .*$|^[a-z ]+: sim .*$", re.MULTILINE)


def printed() -> str:
    """Return what the sweep prints on standard output, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "sim.commands.cli", "sweep", *LINE],
            cwd=folder,
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=os.environ | {"COLUMNS": "100"},
        )
    return done.stdout.rstrip()


def filled(text: str, output: str) -> str:
    """Return the README's text with the example filled in."""
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    command = " \\\n      ".join([f"$ sim sweep {LINE[0]}", LINE[1], " ".join(LINE[2:])])
    return f"{head}{BEGIN}\n```console\n{command}\n{output}\n```\n{END}{tail}"


def lasting(text: str) -> str:
    """Return a text without what differs from one machine or version to the next."""
    return VARYING.sub("", text)


if __name__ == "__main__":
    before = README.read_text(encoding="utf-8")
    after = filled(before, printed())
    if lasting(after) != lasting(before):
        README.write_text(after, encoding="utf-8")
