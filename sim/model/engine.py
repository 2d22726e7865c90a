"""The engine: the week compiled into one loop, for one run with its history or for many.

No Python runs inside the loops and the interpreter lock is released, so threads use all cores.
"""

import numpy as np
from numpy.typing import NDArray

from sim.model.compiled import entry_rule, rule
from sim.model.records import (
    Decisions,
    Events,
    History,
    Public,
    Publics,
    Shocks,
    State,
)
from sim.model.rules.opening import begin
from sim.model.rules.week import play_week
from sim.model.shocks import Tape
from sim.model.society import GraphPool


@entry_rule
def play(
    governments: NDArray[np.void],
    state: State,
    shocks: Shocks,
    publics: Publics,
    events: Events,
    history: History,
    decisions: Decisions,
) -> None:
    """Play one run from its opening state to its end.

    governments: the parameters by who governs, see `sim.config.parameters.governments`.
    state: as `sim.model.rules.opening.begin` left it; holds the final state afterwards.
    shocks: shape (horizon or more,).
    events: shape (EVENTS,).
    history: the state after each week played; no history is kept when empty, shape (horizon,).
    decisions: of persons who sit at the table, shape (horizon, 2) or (0, 2).
    """
    for week in range(governments[0].horizon):
        play_week(governments[state.government], state, shocks, publics, events, decisions)
        if week < history.shape[0]:
            history[week] = state
        if state.ended:
            return


@rule
def with_graph(public: Public, pool: GraphPool, graph: int) -> Public:
    """Return `public` with another graph, one of a pool."""
    return Public(
        public.innate,
        public.opinion,
        public.next_opinion,
        public.susceptibility,
        public.anchor,
        public.threshold,
        public.exposure,
        public.active,
        public.queue,
        pool.start[graph],
        pool.tie[graph],
        pool.tie_weight[graph],
    )


@entry_rule
def play_many(
    params: NDArray[np.void],
    cell: NDArray[np.int64],
    row: NDArray[np.int64],
    graph: NDArray[np.int64],
    state: NDArray[np.void],
    tape: Tape,
    pools: tuple[GraphPool, GraphPool],
    publics: Publics,
    events: Events,
    decisions: Decisions,
) -> None:
    """Play many runs, one after the other, without history.

    params: by who governs, shape (cells, governments).
    cell, row: for each run the row of `params` and of the tape, shape (runs,).
    graph: for each run the row of each side's graph pool, shape (runs, 2).
    state: all zero at the start; the final states afterwards, shape (runs,).
    publics: working space of this call for the citizens of one run.
    events: no moves are written down here, shape (0,).
    decisions: nobody sits at the table here, shape (0, 2).
    """
    for run in range(cell.shape[0]):
        here = params[cell[run], 0]
        r = row[run]
        societies = (
            with_graph(publics[0], pools[0], graph[run, 0]),
            with_graph(publics[1], pools[1], graph[run, 1]),
        )
        begin(
            here,
            state[run],
            societies,
            tape.types[r],
            tape.errors[r],
            tape.citizens[r],
            tape.second_citizens[r],
        )
        play(params[cell[run]], state[run], tape.weekly[r], societies, events, state[:0], decisions)
