"""A batch of runs laid out for timing: its chance drawn apart from its play."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.config.parameters import governments
from sim.config.settings import Settings
from sim.model.engine import play_many
from sim.model.records import EVENT, NO_DECISIONS, STATE
from sim.model.shocks import Tape, draw_tape
from sim.model.society import POOL, GraphPool, graph_pool, new_public, no_public


@dataclass
class Batch:
    """Replicates 0, 1, .. of one configuration.

    Attributes
    ----------
    params : recarray of PARAMS by who governs, shape (governments,)
        Open to changes before the first play.
    pool : GraphPool
        The public's graphs, built once.
    runs : int
    tape : Tape or None
        Chance of all runs, once drawn.
    states : recarray of STATE, shape (runs,)
        Final states of the latest play.
    """

    params: NDArray[np.void]
    pool: GraphPool
    runs: int
    seed: int
    tape: Tape | None = None
    states: NDArray[np.void] | None = None

    @property
    def citizens(self) -> int:
        """Citizens of each run, at the first party's home."""
        return int(self.params[0]["citizens"][0])

    def draw(self) -> None:
        """Draw the chance of all runs."""
        weeks = int(self.params[0]["horizon"])
        drawn = draw_tape(self.seed, range(self.runs), weeks, self.citizens)
        self.tape = drawn._replace(weekly=drawn.weekly.view(np.recarray))

    def play(self) -> None:
        """Play all runs on one core from the chance that was drawn."""
        if self.tape is None:
            self.draw()
        row = np.arange(self.runs)
        graph = np.zeros((self.runs, 2), np.int64)
        if self.citizens:
            graph[:, 0] = row % POOL
        self.states = np.zeros(self.runs, STATE).view(np.recarray)
        play_many(
            self.params[np.newaxis],
            np.zeros(self.runs, np.int64),
            row,
            graph,
            self.states,
            self.tape,
            (self.pool, self.pool),
            (new_public(self.citizens, self.pool, 0), no_public()),
            np.zeros(0, EVENT).view(np.recarray),
            NO_DECISIONS,
        )

    def draw_and_play(self) -> None:
        """Draw the chance of all runs and play them."""
        self.draw()
        self.play()

    def mean_weeks(self) -> float:
        """Return the mean number of weeks played in the latest play."""
        if self.states is None:
            raise ValueError("nothing has been played yet")
        return float(np.mean(self.states["week"]))


def prepare(settings: Settings, runs: int, citizens: int | None = None) -> Batch:
    """Lay out `runs` replicates of `settings`.

    Parameters
    ----------
    settings : Settings
    runs : int
    citizens : int, optional
        Size of the public instead of the scenario's; 0 for none.
    """
    params = governments(settings)
    if citizens is not None:
        params.citizens[:, 0] = citizens
    size = int(params[0].citizens[0])
    public = settings.scenario.public
    if public is None:
        raise ValueError("the scenario has no public")
    pool = graph_pool(
        settings.public.graph, size, int(public.degree.value), public.rewiring.value, settings.seed
    )
    return Batch(params, pool, runs, settings.seed)
