"""Negotiations simulated week by week: when a treaty is signed, and what stood in the way.

Importing the package loads nothing else; each part is imported by its own name, for example
``from sim.scenario import ...``.
"""

from importlib.metadata import version as _installed_version

__version__: str = _installed_version("peace-talks-sim")
"""Version of the installed distribution."""
