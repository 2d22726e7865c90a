"""The summary of a study as a page, and the page that lists all studies."""

from collections.abc import Mapping
from pathlib import Path

from experiments.figures import markdown
from experiments.playing import command_of
from experiments.study import Findings, Study
from sim.analysis import Results

FOLDER = Path(__file__).parent / "summaries"
"""Where the committed summaries stand."""
README = Path(__file__).parent / "README.md"
MOST_LISTED = 5
"""Sweeps of a study that are listed before its findings."""
TABLES = "## Tables"
"""Heading from which on a summary is left out of the list of studies."""


def file_of(study: Study, small: bool) -> Path:
    """Return where the summary of a study is kept."""
    return FOLDER / "small" / f"{study.name}.md" if small else FOLDER / f"{study.name}.md"


def page(study: Study, results: Mapping[str, Results], findings: Findings) -> str:
    """Return the summary of a study in Markdown."""
    sizes = [
        f"`{command_of(study.parts[name])}`: {found.plan.cells:,} cells, "
        f"{found.plan.replicates:,} runs each, seed {found.plan.seed}"
        for name, found in results.items()
    ]
    few = len(sizes) <= MOST_LISTED
    blocks = [
        f"# {study.title}",
        f"**Question.** {study.question}",
        f"**Design.** {study.design}",
        f"**Run it.** `make study NAME={study.name}`, which plays"
        + ("" if few else f" {len(sizes)} sweeps, listed below the tables."),
        "\n".join(f"- {size}" for size in sizes) if few else "",
        f"**Found.** {findings.main}",
        "\n".join(f"- {sentence}" for sentence in findings.sentences),
        f"**What would overturn it.** {study.overturn}",
        f"**Chief caveat.** {study.caveat}",
    ]
    if study.reading:
        blocks.append("**Read.** " + " ".join(study.reading))
    if findings.tables:
        blocks.append(TABLES)
    for table in findings.tables:
        blocks += [table.caption, markdown(table.frame)]
    if not few:
        blocks += ["## Sweeps", "\n".join(f"- {size}" for size in sizes)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def list_of_studies(pages: Mapping[str, str]) -> str:
    """Return the page that lists all studies, made from their summaries.

    Parameters
    ----------
    pages : mapping of str to str
        Summary of each study by its name.
    """
    blocks = [
        "# Studies",
        "What the simulator says about the talks, and how far to believe it. Each study is one "
        "command; it plays what is not stored yet and writes its summary anew, the same text to "
        "the letter from the same seed on the versions of the lock file. All answers are "
        "conditional on the model ([docs/odd.md](../docs/odd.md)) and on the ranges that the "
        "scenario calls assumptions. Intervals are 95 % intervals of sampling error unless a "
        "sentence says more.",
    ]
    for name, text in pages.items():
        told = text.split(TABLES)[0].strip().replace("# ", "## ", 1)
        blocks += [told, f"Tables: [summaries/{name}.md](summaries/{name}.md)"]
    return "\n\n".join(blocks) + "\n"
