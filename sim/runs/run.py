"""One run, by either driver."""

import numpy as np

from sim.config.settings import Settings
from sim.model.records import STATE
from sim.runs.opening import Driver, RunRecord, check_fault, open_talks


def run_engine(settings: Settings) -> RunRecord:
    """Play one run in the compiled engine.

    Raises FaultyPluginError if a strategy or acceptance condition returned no finite number.
    """
    from sim.model.engine import play

    talks = open_talks(settings)
    history = np.zeros(settings.horizon, STATE).view(np.recarray)
    play(talks.params, talks.state, talks.shocks, talks.public, talks.events, history)
    check_fault(settings, talks.state)
    return RunRecord(
        settings=settings,
        params=talks.params,
        history=history[: talks.state.week],
        events=talks.events[: talks.state.events],
        driver="engine",
    )


def run_mesa(settings: Settings) -> RunRecord:
    """Play one run in the Mesa model, agent by agent.

    Raises FaultyPluginError if a strategy or acceptance condition returned no finite number.
    """
    from sim.runs.mesa_model import NegotiationModel

    model = NegotiationModel(settings=settings)
    while model.running:
        model.step()
    return model.run_record()


def play_one(settings: Settings, driver: Driver = "engine") -> RunRecord:
    """Play one run by the driver of that name."""
    return run_mesa(settings) if driver == "mesa" else run_engine(settings)
