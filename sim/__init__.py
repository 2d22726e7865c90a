"""Negotiations simulated week by week: when a treaty is signed, and what stood in the way.

Importing the package loads nothing else; each part is imported by its own name, for example
``from sim.config.scenario import ...``. ``from sim import run, sweep, load, report`` gives what the
command line does as Python calls: the model as a function, a sweep played, the results in a
folder, and a report of them.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import version as _installed_version
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from sim.analysis.charts import to_pandas as to_pandas
    from sim.analysis.loading import load as load
    from sim.analysis.page.write import Format
    from sim.analysis.results import Results
    from sim.sweeps import run as run

__version__: str = _installed_version("peace-talks-sim")
"""Version of the installed distribution."""


_CALLS = {
    "run": "sim.sweeps",
    "load": "sim.analysis.loading",
    "to_pandas": "sim.analysis.charts",
}
"""Where the Python calls stand."""


def __getattr__(name: str) -> object:
    """Import one of the calls when it is asked for."""
    if name in _CALLS:
        return getattr(importlib.import_module(_CALLS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def sweep(
    line: str | Sequence[str],
    *,
    folder: "str | Path | None" = None,
    config_name: str = "config",
    config_dir: "str | Path | None" = None,
    zip: str | Sequence[str | Sequence[str]] = (),
    filter: str | Sequence[str] = (),
) -> "Results":
    """Play a sweep and return its results, as `load` opens them; `.to_frame()` is its table.

    Runs that are stored already are not played again, and all that the folder holds is returned.

    line: overrides as on the command line, e.g. ``"strategy@armenia=boulware,linear agenda=glob(*)
        replicates=200"``; a string is split as a shell would.
    folder: where results are kept; by default one below ``results`` that is named after the plan.
    config_name, config_dir: as for a single run.
    zip: keys that advance together instead of being crossed: ``"KEY,KEY"``, or several such texts
        or lists of keys.
    filter: conditions that a cell must meet, e.g. ``"strategy@armenia != strategy@azerbaijan"``.

    Raises ConfigError with all problems of all cells, before the first run, or if every run failed,
    and StoreError if results cannot be written.
    """
    from sim.analysis.loading import load
    from sim.sweeps import play_line

    return load(play_line(line, folder, config_name, config_dir, zip, filter))


def report(
    folders: "str | Path | Sequence[str | Path]",
    out: "str | Path | None" = None,
    format: "Format" = "html",
    outcome: str = "",
) -> "Path":
    """Write a report of a sweep, of a single run, or of several sweeps compared.

    folders: a folder of results, or several of sweeps, each compared with the first.
    out: where to write it; beside the results by default.
    format: ``"html"`` or ``"md"`` for a file, ``"csv"`` or ``"parquet"`` for a folder of tables,
        ``"svg"``, ``"png"`` or ``"pdf"`` for one of figures.
    outcome: what the first screen is about or sweeps are compared in, ``"signed_full"`` by default.

    Returns where it is. Raises `sim.errors.SimError` if the folders or the place cannot be used.
    """
    from pathlib import Path

    from sim.analysis.page.write import check_target, default_target, make_report, write_report

    given = [folders] if isinstance(folders, (str, Path)) else folders
    paths = [Path(folder) for folder in given]
    target = default_target(paths[0], format, len(paths) > 1) if out is None else Path(out)
    if out is not None:
        check_target(target)
    write_report(make_report(paths, lambda _words: None, outcome=outcome), target, format)
    return target


class _Moved(MetaPathFinder, Loader):
    """Finds what plug-in files import under the names that these modules had before."""

    names: ClassVar[dict[str, str]] = {
        "sim.registry": "sim.model.plugins",
        "sim.records": "sim.model.records",
        "sim.codes": "sim.model.codes",
        "sim.rules": "sim.model.rules",
        "sim.rules.compiled": "sim.model.compiled",
        "sim.rules.clock": "sim.model.rules.calendar",
        "sim.rules.bargaining_set": "sim.model.rules.worth",
        "sim.rules.preferences": "sim.model.rules.worth",
        "sim.rules.beliefs": "sim.model.rules.opponent",
        "sim.rules.other_side": "sim.model.rules.opponent",
    }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of such a name is, None for every other name."""
        known = fullname in self.names or fullname.startswith("sim.rules.")
        return ModuleSpec(fullname, self) if known else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module of the new name."""
        same = spec.name.replace("sim.rules.", "sim.model.rules.")
        module = importlib.import_module(self.names.get(spec.name, same))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it was: it has been executed, and importing has only put its own spec in."""
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


sys.meta_path.insert(0, _Moved())  # else the folder of `sim.model.rules` is read again
