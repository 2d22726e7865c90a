"""What the server was started with, handed to the page through the environment."""

import json
import os
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING

from sim.view.choices import Start

if TYPE_CHECKING:
    from sim.view.stored import StoredSweep

VARIABLE = "SIM_VIEW"
"""Environment variable with the command line's settings, as JSON."""


def announce(start: Start) -> None:
    """Set what the pages of this process start from."""
    os.environ[VARIABLE] = json.dumps(asdict(start))
    started.cache_clear()
    sweep.cache_clear()


@lru_cache(maxsize=1)
def started() -> Start:
    """Return what the server was started with; nothing special if it was not told."""
    plain = json.loads(os.environ.get(VARIABLE, "{}"))
    plain["overrides"] = tuple(plain.get("overrides", ()))
    return Start(**plain)


@lru_cache(maxsize=1)
def sweep() -> "StoredSweep | None":
    """Return the results that the server was started with, None without any."""
    folder = started().results
    if folder is None:
        return None
    from sim.view.stored import StoredSweep

    return StoredSweep(folder)
