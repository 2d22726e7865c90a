"""Negotiations simulated week by week: when a treaty is signed, and what stood in the way.

Importing the package loads nothing else; each part is imported by its own name, for example
``from sim.scenario import ...``. ``from sim import sweep`` gives sweeps as a Python call.
"""

from importlib.metadata import version as _installed_version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.sweeps import sweep as sweep

__version__: str = _installed_version("peace-talks-sim")
"""Version of the installed distribution."""


def __getattr__(name: str) -> object:
    """Import `sweep` when it is asked for."""
    if name == "sweep":
        from sim.sweeps import sweep

        return sweep
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
