"""The sweeps of a study, played or gone on with, and opened for reading."""

from collections.abc import Mapping
from pathlib import Path

from experiments.study import Part, Study
from sim.analysis import Results, load
from sim.errors import SimError
from sim.sweeps.execute import RESULTS, Reporter, default_folder, execute
from sim.sweeps.plan import Plan
from sim.sweeps.planning import make_plan


def line_of(part: Part, small: bool) -> list[str]:
    """Return the overrides of a part's sweep."""
    return [f"experiment={part.experiment}", *part.line, *(part.small if small else ())]


def command_of(part: Part) -> str:
    """Return the line that plays a part at its published size."""
    named = "" if part.config_name == "config" else f" --config-name {part.config_name}"
    zipped = "".join(f" --zip {keys}" for keys in part.zipped)
    return f"sim sweep{named} {' '.join(line_of(part, False))}{zipped}"


def folder_of(plan: Plan) -> Path:
    """Return where a study keeps a sweep: a folder to each size.

    A folder's replicates only grow, and a summary is of as many as the study asks for.
    """
    return RESULTS / "studies" / f"{default_folder(plan).name}-{plan.replicates}"


def play(study: Study, small: bool, reporter: Reporter) -> Mapping[str, Results]:
    """Play what is not stored yet of each sweep of a study, and open the results.

    Raises
    ------
    SimError
        If a run failed: a study's numbers rest on all of its runs.
    """
    found = {}
    for name, part in study.parts.items():
        request = make_plan(
            line_of(part, small),
            part.config_name,
            zipped=[keys.split(",") for keys in part.zipped],
        )
        cells, runs = request.plan.cells, request.plan.runs
        reporter.say(f"{study.name}, {name}: {cells:,} cells, {runs:,} runs")
        done = execute(request, folder_of(request.plan), reporter)
        if done.failed:
            raise SimError(f"{done.store.folder}: {done.failed:,} runs failed")
        found[name] = load(done.store.folder)
    return found
