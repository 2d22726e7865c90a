"""Runs played: one by either driver, or a batch by the compiled engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.config.decisions import VERBS, Decision, decisions_of
from sim.config.settings import Settings
from sim.model.codes import Heeded, Treaty
from sim.model.records import EVENT, NO_DECISIONS, STATE, Publics
from sim.runs.opening import (
    Batch,
    Cells,
    Driver,
    RunRecord,
    check_fault,
    open_batch,
    open_run,
    opening_state,
    societies_of,
)
from sim.runs.outcomes import outcomes
from sim.runs.story import STATUS_WORDS


def play_one(settings: Settings, driver: Driver = "engine") -> RunRecord:
    """Play one run by the driver of that name.

    Raises FaultyPluginError if a strategy or acceptance condition returned no finite number.
    """
    return run_mesa(settings) if driver == "mesa" else run_engine(settings)


def run_engine(settings: Settings) -> RunRecord:
    """Play one run in the compiled engine; errors as in `play_one`."""
    from sim.model.engine import play

    talks = open_run(settings)
    course = (talks.governments, talks.state, talks.shocks, talks.publics, talks.events)
    history = np.zeros(settings.horizon, STATE).view(np.recarray)
    play(*course, history, talks.decisions)
    check_fault(settings, talks.state)
    return RunRecord(
        settings=settings,
        params=talks.governments[0],
        history=history[: talks.state.week],
        events=talks.events[: talks.state.events],
        driver="engine",
    )


def run_mesa(settings: Settings) -> RunRecord:
    """Play one run in the Mesa model, agent by agent; errors as in `play_one`."""
    from sim.runs.mesa_model import NegotiationModel

    model = NegotiationModel(settings=settings)
    while model.running:
        model.step()
    return model.run_record()


def play_batch(cells: Sequence[Settings], replicates: range) -> NDArray[np.void]:
    """Play every cell with every replicate; return final states, shape (cells, replicates).

    cells: with the same seed and societies; their `replicate` is not read.

    Raises ValueError if the cells cannot share chance.
    """
    if len({(cell.seed, societies_of(cell)) for cell in cells}) > 1:
        raise ValueError("cells of a batch must share seed, homes, graph and citizens")
    opened = Cells.of(range(len(cells)), [(cell, 1) for cell in cells])
    batch = open_batch(cells[0].seed, opened, societies_of(cells[0]), replicates)
    rows, numbers = np.indices((len(cells), len(replicates))).reshape(2, -1)
    return final_states(batch, rows, numbers).reshape(len(cells), len(replicates))


def final_states(
    batch: Batch, cell: NDArray[np.int64], replicate: NDArray[np.int64]
) -> NDArray[np.void]:
    """Play runs of a batch and return their final states, shape (runs,).

    cell, replicate: row of the cell and of the replicate of each run, shape (runs,).
    """
    from sim.model.engine import play_many

    state = np.zeros(len(cell), STATE).view(np.recarray)
    none = np.zeros(0, EVENT).view(np.recarray)
    chance, graph = batch.tape, batch.graph[replicate]
    params, pools = batch.cells.params, batch.pools
    working = (pools, batch.publics, none, NO_DECISIONS)
    play_many(params, cell, replicate, graph, state, chance, *working)
    return state


def states_or_errors(
    batch: Batch, cell: NDArray[np.int64], replicate: NDArray[np.int64]
) -> tuple[NDArray[np.void], dict[int, str]]:
    """Return `final_states`, and what the rules of a plug-in raised, by position among the runs.

    The states of runs that raised are zero.
    """
    try:
        return final_states(batch, cell, replicate), {}
    except Exception:  # noqa: BLE001 - a plug-in's rule may raise anything; told below
        state = np.zeros(len(cell), STATE).view(np.recarray)
    raised: dict[int, str] = {}
    for run in range(len(cell)):
        one = slice(run, run + 1)
        try:
            state[one] = final_states(batch, cell[one], replicate[one])
        except Exception as error:  # noqa: BLE001 - recorded with the run, the sweep goes on
            raised[run] = f"{type(error).__name__}: {error}"
    return state, raised


def _on_graphs(batch: Batch, replicate: int) -> Publics:
    """Return the citizens of a batch on the graphs of one replicate."""
    one, other = (
        public._replace(
            start=pool.start[graph], tie=pool.tie[graph], tie_weight=pool.tie_weight[graph]
        )
        for public, pool, graph in zip(
            batch.publics, batch.pools, batch.graph[replicate], strict=True
        )
    )
    return one, other


def weekly_states(batch: Batch, cell: int, replicate: int) -> NDArray[np.void] | None:
    """Return the states of one run of a batch week by week, None if its rules raised."""
    from sim.model.engine import play

    rows, chance = batch.cells.params[cell], batch.tape
    publics = _on_graphs(batch, replicate)
    history = np.zeros(int(rows[0].horizon), STATE).view(np.recarray)
    none = np.zeros(0, EVENT).view(np.recarray)
    try:
        state = opening_state(rows[0], publics, chance, replicate)
        play(rows, state, chance.weekly[replicate], publics, none, history, NO_DECISIONS)
    except Exception:  # noqa: BLE001 - the table of runs holds the message
        return None
    return history[: int(state.week)]


# --- a run in which persons sat at the table: what their decisions cost


@dataclass(frozen=True)
class Course:
    """How the same talks went, on the same chance, with other decisions."""

    what: str  # the decisions in words
    settings: Settings
    status: str  # how it ended, in words
    signed_week: int | None  # first signature of either kind
    utilities: Mapping[str, float]  # what stood at the end is worth, by the party's id


TURNED: Mapping[str, str] = {
    "refuse": "take",
    "take": "refuse",
    "refuse_text": "take_text",
    "take_text": "refuse_text",
    "wait": "sign",
    "sign": "wait",
}
"""What is played instead of a decision in the debriefing."""
MOST = 12
"""Turned decisions that are played at most, the last ones."""


def course(what: str, settings: Settings) -> Course:
    """Play settings in the engine and return what came of them."""
    record = run_engine(settings)
    found = {key: values[0].item() for key, values in outcomes(record.params, record.final).items()}
    first, second = settings.scenario.parties
    return Course(
        what=what,
        settings=settings,
        status=STATUS_WORDS[Treaty(found["status"])],
        signed_week=found["signed_week"] if found["signed_week"] >= 0 else None,
        utilities={first: found["utility_first"], second: found["utility_second"]},
    )


def debriefing(settings: Settings) -> list[Course]:
    """Return the run as decided, as the model decides, and with single decisions turned.

    From the week after a turned decision on the model decides for that party.
    """
    scenario = settings.scenario
    decisions = decisions_of(settings.decisions, scenario, settings.horizon)
    found = [
        course("as you decided", settings),
        course("as the model decides", settings.model_copy(update={"decisions": []})),
    ]
    turned = [entry for entry in decisions if entry.verb in TURNED][-MOST:]
    for entry in turned:
        other = Decision(entry.party, entry.week, TURNED[entry.verb])
        kept = [str(e) for e in decisions if e != entry and (e.week <= entry.week)]
        lines = [*kept, str(other)]
        if entry.week + 1 < settings.horizon:
            lines.append(f"{entry.party} {entry.week + 1} leave")
        changed = settings.model_copy(update={"decisions": lines})
        name = scenario.actors[entry.party].name
        what = f"{name}: {other.verb.replace('_', ' ')} in week {entry.week}, not {entry.verb}"
        found.append(course(what.replace("_", " "), changed))
    return found


def unheeded(record: RunRecord) -> list[str]:
    """Return the decisions of a run that met no occasion: no such question, or not allowed."""
    settings = record.settings
    scenario = settings.scenario
    heeded = record.history["heeded"]
    idle = []
    for entry in decisions_of(settings.decisions, scenario, settings.horizon):
        if entry.verb in ("sit", "leave"):
            continue
        side = scenario.parties.index(entry.party)
        bit = Heeded[VERBS[entry.verb][0].upper()]
        if entry.week >= len(heeded) or not heeded[entry.week, side] & bit:
            idle.append(str(entry))
    return idle
