"""Week 0 of one run, and what a run leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sim.config.parameters import citizens, parameters
from sim.config.settings import Settings
from sim.model.codes import Actor
from sim.model.records import EVENT, EVENTS, STATE, Public
from sim.model.rules.week import ARGUMENTS, asked_for
from sim.model.shocks import Tape, draw_tape
from sim.model.society import POOL, GraphPool, graph_pool, new_public

Driver = Literal["mesa", "engine"]


@dataclass(frozen=True)
class Talks:
    """Everything that both drivers of one run start from."""

    settings: Settings
    params: np.record
    state: np.record  # in its opening state; the drivers change it
    shocks: NDArray[np.void]
    public: Public  # citizens in their opening state; the drivers change them
    events: NDArray[np.void]  # buffer; ``state.events`` counts what is in it

    def follow(self, rule: Callable[..., object], actor: Actor) -> None:
        """Call one phase's rule, in the part of `actor`, with what it asks for.

        Rules that ask for the public are left out where no public is modelled.
        """
        if "public" in asked_for(rule) and self.params.citizens == 0:
            return
        given = {name: getattr(self, name) for name in ARGUMENTS} | {"actor": int(actor)}
        rule(*(given[name] for name in asked_for(rule)))


@dataclass(frozen=True)
class RunRecord:
    """What one run left behind."""

    settings: Settings
    params: np.record
    history: NDArray[np.void]  # state at the end of each week; the last one is final
    events: NDArray[np.void]
    driver: Driver

    @property
    def final(self) -> np.record:
        """State at the end of the last week."""
        last: np.record = self.history[-1]
        return last


@lru_cache(maxsize=4)
def _graphs(family: str, size: int, degree: int, rewiring: float, seed: int, g: int) -> GraphPool:
    """Return a pool that holds graph `g`; the default talks ask for the same one again."""
    return graph_pool(family, size, degree, rewiring, seed, g + 1)


def one_tape(settings: Settings) -> Tape:
    """Return the tape of the run's replicate alone, its records readable by attribute."""
    replicate = settings.replicate
    drawn = draw_tape(
        settings.seed, range(replicate, replicate + 1), settings.horizon, citizens(settings)
    )
    return drawn._replace(weekly=drawn.weekly.view(np.recarray))


def open_talks(settings: Settings) -> Talks:
    """Return week 0 of the run that `settings` describe."""
    from sim.model.rules.opening import begin

    params = parameters(settings)
    tape = one_tape(settings)
    size = citizens(settings)
    opinion = settings.scenario.public
    graph = settings.replicate % POOL
    pool = _graphs(
        settings.public.graph,
        size,
        int(opinion.degree.value),
        opinion.rewiring.value,
        settings.seed,
        graph,
    )
    public = new_public(size, pool, graph if size else 0)
    state = np.zeros(1, STATE).view(np.recarray)[0]
    begin(params, state, public, tape.types[0], tape.errors[0], tape.citizens[0])
    events = np.zeros(EVENTS, EVENT).view(np.recarray)
    return Talks(settings, params, state, tape.weekly[0], public, events)


def check_fault(settings: Settings, state: np.record) -> None:
    """Raise if a plug-in of the run returned no finite number.

    Raises FaultyPluginError naming the party, its strategy and acceptance condition, and the week.
    """
    from sim.errors import FaultyPluginError

    if not state.fault:
        return
    party = settings.scenario.parties[int(state.fault) - 1]
    conduct = settings.parties[party]
    raise FaultyPluginError(
        f"{party}: strategy '{conduct.strategy.name}' or acceptance condition "
        f"'{conduct.acceptance.name}' returned no finite number in week {int(state.week)}"
    )
